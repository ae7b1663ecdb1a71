"""Schedule files that are wrong: each mistake is reported where it stands."""

import pytest

from showcaller.schedule_file import format_diagnostics, read_schedule

from .texts import SMALL, changed, errors, read

WRONG = [
    # what to replace, by what, the field, a part of the message
    ("sessions:", "sesions:", "sesions", 'did you mean "sessions"'),
    ("id: small", "id: Small Event", "event.id", "is no id"),
    ("id: small", 'id: "small\\n"', "event.id", "is no id"),
    ("title: Small", "titel: Small", "event.title", "is missing"),
    ("title: Small", "titel: Small", "event.titel", 'did you mean "title"'),
    ("title: Small", "title: 1984", "event.title", 'for text write "1984"'),
    ("title: Small", "title: No", "event.title", 'for text write "No"'),
    ("title: Small", 'title: "  "', "event.title", "is empty"),
    ("title: Small", 'title: "a\\u0007"', "event.title", "U+0007"),
    ("title: Small", 'title: "a\\nb"', "event.title", "U+000A"),
    ("title: Small", 'title: "\\ud800"', "event.title", "U+D800"),
    ("title: Small", f"title: {'x' * 201}", "event.title", "at most 200"),
    ("Los_Angeles", "Los_Angels", "event.time_zone", 'did you mean "America/Los_Angeles"'),
    ("America/Los_Angeles", "../../etc/passwd", "event.time_zone", "is no IANA time zone"),
    ("America/Los_Angeles", "localtime", "event.time_zone", "is no IANA time zone"),
    ("America/Los_Angeles", "posixrules", "event.time_zone", "is no IANA time zone"),
    ("America/Los_Angeles", "Factory", "event.time_zone", "is no IANA time zone"),
    ("America/Los_Angeles", "leapseconds", "event.time_zone", "is no IANA time zone"),
    ("America/Los_Angeles", "right/UTC", "event.time_zone", "is no IANA time zone"),
    ("2023-12-13", "13.12.2023", "days[0].date", "write it as 2023-12-13"),
    ("2023-12-13", "2023-02-29", "days[0].date", "is not a date"),
    ("2023-12-13", "9999-12-31", "days[0].date", "is not between 1970 and 2199"),
    ('ends: "12:00"', 'ends: "09:00"', "days[0].ends", "is not after `starts`"),
    ("12:00", "24:00", "days[0].ends", "is not a time of day"),
    ("12:00", "12:00-07:00", "days[0].ends", "America/Los_Angeles is at -08:00 then"),
    ("[{date", "{date", "", "not YAML"),
    ("[{id: berths, title: Berths}]", "berths", "themes", "must be a list"),
    ("{id: berths, title: Berths}", "5", "themes[0]", "must be a mapping"),
    ("{id: ada, name: Ada}", "{id: ada}", "speakers[0].name", "is missing"),
    ("}]\nsess", "}, {id: ada, name: A}]\nsess", "speakers[1].id", "used twice, first in line 5"),
    ("id: second", "id: first", "sessions[1].id", "used twice, first in line 7"),
    ("title: First", "title: First\n    title: F", "sessions[0].title", "twice, first in line 8"),
    ("title: First", "kind: tlak\n    title: F", "sessions[0].kind", 'did you mean "talk"'),
    ("title: First", "stage: side\n    title: F", "sessions[0].stage", 'no stage "side"'),
    ("title: First", "theme: brths\n    title: F", "sessions[0].theme", 'did you mean "berths"'),
    ("title: First", "day: 2\n    title: F", "sessions[0].day", "is not between 1 and 1"),
    ("title: First", "qa: maybe\n    title: F", "sessions[0].qa", "must be on, off or a mapping"),
    ("title: First", "qa: {opens: x}\n    title: F", "sessions[0].qa.opens", "is none of"),
    ("title: First", "record: maybe\n    title: F", "sessions[0].record", "true, false or ask"),
    ("themes:", "record: [ask]\nthemes:", "record", "true, false or ask"),
    ("title: First", "kind: opening\n    min_minutes: 5", "sessions[0].min_minutes", "talks only"),
    (
        "title: First",
        "min_minutes: 31\n    title: F",
        "sessions[0].min_minutes",
        "more than it has",
    ),
    ("title: First", "inferred: [nme]\n    title: F", "sessions[0].inferred[0]", "stands here"),
    ('"09:30"', '"9.30"', "sessions[1].starts", 'write it as "09:05"'),
    ('"09:30"', "[9, 30]", "sessions[1].starts", "must be a single value"),
    ('starts: "09:30"', "", "sessions[1].starts", "is missing"),
    ("minutes: 30", "minutes: 0", "sessions[0].minutes", "is not between 1 and 1440"),
    ("minutes: 30", "minutes: 12.5", "sessions[0].minutes", "must be a whole number"),
    ("minutes: 30", 'minutes: "30"', "sessions[0].minutes", "must be a whole number"),
    ("minutes: 30", "minutes: 1_0", "sessions[0].minutes", "must be a whole number"),
    ("minutes: 30", 'minutes: 30\n    ends: "10:00"', "sessions[0].minutes", "one of the two"),
    ("minutes: 30", "", "sessions[0].minutes", "one of the two"),
    ("minutes: 30", 'ends: "08:00"', "sessions[0].ends", "past midnight, use `minutes`"),
    ("minutes: 30", 'ends: "09:00"', "sessions[0].ends", "past midnight, use `minutes`"),
    ("speakers: [ada]", "speakers: [Ada B]", "sessions[0].speakers[0]", "is no speaker's id"),
    ("speakers: [ada]", "speakers: [ada, ada]", "sessions[0].speakers[1]", "twice"),
    ("speakers: [ada]", "speakers: [{id: a}]", "sessions[0].speakers[0]", "not a mapping"),
    ("themes:", "cues: {doors_open_min: -1}\nthemes:", "cues.doors_open_min", "not between"),
    ("themes:", "cues: {starting_soon_min: 5}\nthemes:", "cues.starting_soon_min", "a list"),
    ("themes:", "cues: {starting_soon_min: [5, 5]}\nthemes:", "cues.starting_soon_min[1]", "twice"),
    ("themes:", "overrun: {after_min: 3}\nthemes:", "overrun.after_min", "no meaning unless"),
    ("themes:", "catch_up: {}\nthemes:", "catch_up.talks_give_min", "is missing"),
    ("themes:", "catch_up: {talks_give_min: 0}\nthemes:", "catch_up.talks_give_min", "not between"),
    ("themes:", "catch_up: {at_frist: no}\nthemes:", "catch_up.at_frist", "at_first"),
    ("themes:", "5: x\nthemes:", "5", "no such field"),
    ("themes:", "[a]: x\nthemes:", "", "can't be a field's name"),
]


@pytest.mark.parametrize(("old", "new", "field", "part"), WRONG)
def test_each_mistake_is_reported_at_its_field(old, new, field, part):
    found = errors(changed(old, new))
    assert part in found[field], found


def test_a_mistake_is_reported_at_its_line_and_column():
    _, diagnostics = read(changed("title: Second", "title: Second\n    theme: cranes"))
    assert format_diagnostics(diagnostics) == (
        'test.yaml:14:12: error: sessions[1].theme: there is no theme "cranes"'
    )


def test_everything_is_reported_in_one_go():
    text = SMALL
    places = []
    for old, new, field in [
        ("id: small", "id: SMALL", "event.id"),
        ("Los_Angeles", "Los_Diablos", "event.time_zone"),
        ("12:00", "12:60", "days[0].ends"),
        ("title: Berths", "titles: Berths", "themes[0].titles"),
        ("name: Ada", "name: [Ada]", "speakers[0].name"),
        ('"09:00"\n', "nine\n", "sessions[0].starts"),
        ("minutes: 30", "minutes: half an hour", "sessions[0].minutes"),
        ("id: second", "id: first", "sessions[1].id"),
    ]:
        text = changed(old, new, text)
        places.append(field)
    found = errors(text)
    assert set(places) <= set(found)
    _, diagnostics = read(text)
    assert [d.line for d in diagnostics] == sorted(d.line for d in diagnostics)


def test_with_several_stages_or_days_a_session_says_which():
    text = changed("themes:", "stages: [{id: a, title: A}, {id: b, title: B}]\nthemes:")
    assert errors(text)["sessions[0].stage"] == "is missing: one of a, b"
    text = changed("]\nthemes", ", {date: 2023-12-14}]\nthemes")
    assert "which of the 2 days" in errors(text)["sessions[0].day"]


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("", "the file is empty"),
        ("# nothing\n", "the file is empty"),
        ("- 1\n", "must be a mapping"),
        ("a: b: c\n", "not YAML"),
        ("a: 1\n---\nb: 2\n", "but found another document"),
        ("a: &x 1\nb: *x\n", "anchors (&) and aliases (*)"),
        ("a: !!python/object:os.system x\n", "tags (!)"),
        ("[" * 50, "nested more than"),
        ('"\\U99999999"', "out of range"),
        ("a: \x07\n", "U+0007"),
        ("a: \ud800\n", "not UTF-8"),
        ("#" * (1 << 20) + "\n", "larger than 1,048,576 bytes"),
    ],
)
def test_files_that_hold_no_schedule(text, part):
    schedule, diagnostics = read(text)
    assert schedule is None
    assert part in diagnostics[0].message


def test_anchors_that_stand_for_gigabytes_are_refused():
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 10)]
    _, diagnostics = read("\n".join(lines))
    assert len(diagnostics) == 1


def test_a_file_that_cannot_be_read(tmp_path):
    for path in (tmp_path, tmp_path / "missing.yaml"):
        schedule, (only,) = read_schedule(path, file_name="x")
        assert schedule is None
        assert only.message.startswith("the file can't be read")


def test_bytes_that_are_no_text_are_reported_at_their_line(tmp_path):
    file = tmp_path / "latin.yaml"
    file.write_bytes(b"event:\n  title: caf\xe9\n")
    _, (only,) = read_schedule(file, file_name="latin.yaml")
    assert (only.line, only.column, only.message) == (2, 13, "the file is not UTF-8 text")
