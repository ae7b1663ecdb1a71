"""Schedule files: what is read, what is an error, what is a warning, and where it stands."""

import json
import re
from datetime import date, datetime
from itertools import pairwise
from pathlib import Path

import jsonschema_rs
import pytest
import yaml

from showcaller import zones
from showcaller.domain.schedule import CuePolicy, OverrunPolicy, QaPolicy
from showcaller.schedule_file import format_diagnostics, read_schedule

SCHEDULES = Path(__file__).parents[2] / "schedules"
MODEL = SCHEDULES / "systems-scale-winter-2023.yaml"
HARBOUR = SCHEDULES / "harbour-conf-2026.yaml"

SMALL = """
event: {id: small, title: Small, time_zone: America/Los_Angeles}
days: [{date: 2023-12-13, starts: "09:00", ends: "12:00"}]
themes: [{id: berths, title: Berths}]
speakers: [{id: ada, name: Ada}]
sessions:
  - id: first
    title: First
    starts: "09:00"
    minutes: 30
    speakers: [ada]
  - id: second
    title: Second
    starts: "09:30"
    minutes: 30
"""


def read(text):
    return read_schedule(text, file_name="test.yaml")


def good(text):
    schedule, diagnostics = read(text)
    assert diagnostics == []
    return schedule


def errors(text):
    schedule, diagnostics = read(text)
    found = {d.field: d.message for d in diagnostics if d.severity == "error"}
    assert (schedule is None) == bool(found)
    return found


def warnings(text):
    schedule, diagnostics = read(text)
    assert schedule is not None, format_diagnostics(diagnostics)
    return {d.field: d.message for d in diagnostics}


def changed(old, new, text=SMALL):
    assert old in text
    return text.replace(old, new, 1)


def first_with(line):
    """Return `SMALL`, whose first session has `line` as well."""
    return changed("    title: First\n", f"    title: First\n    {line}\n")


def local(at_ms, zone="America/Los_Angeles"):
    return datetime.fromtimestamp(at_ms / 1000, zones.zone(zone)).strftime("%Y-%m-%d %H:%M%z")


# A speaker's own page, and the language of a talk -----------------------------------------------------


def test_a_speaker_has_a_biography_and_links():
    about = "name: Ada, biography: 'One.\n\n  Two.', links: [{title: Home, url: 'https://ada.example/x'}]"
    (ada,) = good(changed("name: Ada", about)).speakers
    assert ada.biography == "One.\nTwo."
    assert [(link.title, link.url) for link in ada.links] == [("Home", "https://ada.example/x")]


@pytest.mark.parametrize(
    "url",
    ["javascript:alert(1)", "ada.example", "https://", "ftp://x.example", "https://[x", "//x"],
)
def test_a_link_that_leads_to_no_page_is_an_error_where_it_stands(url):
    about = f"name: Ada, links: [{{title: Fine, url: 'http://a.b'}}, {{title: Bad, url: '{url}'}}]"
    found = errors(changed("name: Ada", about))
    assert list(found) == ["speakers[0].links[1].url"]
    assert "must begin with https://" in found["speakers[0].links[1].url"]


def test_a_link_needs_both_its_fields_and_no_others():
    found = errors(changed("name: Ada", "name: Ada, links: [{titel: Home}, text]"))
    names = ("title", "url", "titel")
    assert found.keys() == {
        "speakers[0].links[1]",
        *(f"speakers[0].links[0].{name}" for name in names),
    }


def test_a_talk_may_say_its_language():
    assert [one.language for one in good(first_with("language: pt-BR")).sessions] == ["pt-BR", ""]
    found = errors(first_with("language: Portuguese (Brazil)"))
    assert "is no language tag" in found["sessions[0].language"]


# The files of the project -----------------------------------------------------------------------


def test_the_model_event_is_whole():
    schedule, diagnostics = read_schedule(MODEL, file_name=MODEL.name)
    assert diagnostics == []
    assert schedule.event_id == "systems-scale-winter-2023"
    assert [stage.id for stage in schedule.stages] == ["main"]
    assert len(schedule.themes) == 3
    assert len(schedule.speakers) == 18
    assert {s.company for s in schedule.speakers} == {
        "Figma", "Google", "Meta", "Microsoft", "Uber",
    }  # fmt: skip
    assert all(speaker.role for speaker in schedule.speakers)


def test_the_model_event_runs_back_to_back():
    schedule, _ = read_schedule(MODEL, file_name=MODEL.name)
    opening, *talks = schedule.sessions
    assert (opening.kind, len(talks)) == ("opening", 10)
    assert local(opening.starts_at_ms) == "2023-12-13 09:00-0800"
    assert local(opening.ends_at_ms) == "2023-12-13 09:05-0800"
    for earlier, later in zip(schedule.sessions, talks, strict=False):
        assert earlier.ends_at_ms == later.starts_at_ms
    assert all(talk.ends_at_ms - talk.starts_at_ms == 20 * 60_000 for talk in talks)
    assert all(talk.theme and talk.abstract and talk.speakers for talk in talks)
    speaking = [speaker for session in schedule.sessions for speaker in session.speakers]
    assert sorted(speaking) == sorted(speaker.id for speaker in schedule.speakers)


def test_the_model_event_says_what_is_inferred():
    plain = yaml.safe_load(MODEL.read_text())
    assert {"date", "starts", "ends"} <= set(plain["days"][0]["inferred"])
    assert all({"starts", "minutes", "speakers"} <= set(s["inferred"]) for s in plain["sessions"])


def test_the_fictional_event_has_two_days_two_stages_and_breaks_with_slack():
    schedule, diagnostics = read_schedule(HARBOUR, file_name=HARBOUR.name)
    assert diagnostics == []
    assert len(schedule.stages) == 2
    assert len({local(s.starts_at_ms, "Europe/Lisbon")[:10] for s in schedule.sessions}) == 2
    breaks = [session for session in schedule.sessions if session.kind == "break"]
    assert breaks and all(session.min_duration_min for session in breaks)
    assert not any(session.qa.enabled for session in breaks)


# What is read ------------------------------------------------------------------------------------


def test_what_a_file_leaves_out_has_its_usual_value():
    schedule = good(SMALL)
    assert [(stage.id, stage.title) for stage in schedule.stages] == [("main", "Main stage")]
    assert (schedule.cues, schedule.overrun) == (CuePolicy(), OverrunPolicy())
    first = schedule.sessions[0]
    assert (first.kind, first.stage, first.theme) == ("talk", "main", None)
    assert (first.qa, first.min_duration_min) == (QaPolicy(), None)


def test_sessions_are_ordered_by_start_then_by_the_file():
    text = changed('"09:00"\n    minutes', '"11:00"\n    minutes')
    assert [s.id for s in good(text).sessions] == ["second", "first"]
    with_two_stages = changed("themes:", "stages: [{id: a, title: A}, {id: b, title: B}]\nthemes:")
    text = with_two_stages.replace("    title: First", "    stage: b\n    title: First")
    text = text.replace("    title: Second", "    stage: a\n    title: Second")
    same_time = text.replace('"09:30"', '"09:00"')
    assert [s.id for s in good(same_time).sessions] == ["first", "second"]


def test_policies_are_read_and_sessions_take_over_those_of_the_file():
    text = SMALL + (
        "cues: {doors_open_min: 0, starting_soon_min: [1, 15], ending_soon_min: 5}\n"
        "overrun: {policy: end, after_min: 3}\n"
        "qa: {pre_moderation: no, closes_after_min: by_hand}\n"
    )
    schedule = good(text)
    assert schedule.cues == CuePolicy(
        doors_open_min=0, starting_soon_min=(15, 1), ending_soon_min=5
    )
    assert schedule.overrun == OverrunPolicy(policy="end", after_min=3)
    assert schedule.sessions[0].qa == QaPolicy(pre_moderation=False, closes_after_min=None)


def test_a_session_changes_only_what_it_says_of_the_qa_policy():
    text = first_with("qa: {opens: started}") + "qa: {closes_after_min: 30}\n"
    assert good(text).sessions[0].qa == QaPolicy(opens="started", closes_after_min=30)


@pytest.mark.parametrize(
    ("kind", "qa", "enabled"),
    [("talk", None, True), ("talk", "off", False), ("break", None, False), ("break", "on", True)],
)
def test_qa_is_on_but_for_breaks(kind, qa, enabled):
    text = first_with(f"kind: {kind}\n" + (f"    qa: {qa}" if qa else ""))
    assert good(text).sessions[0].qa.enabled is enabled


@pytest.mark.parametrize(
    ("kind", "usual", "own", "record"),
    [
        ("talk", None, None, "no"),
        ("talk", "true", None, "yes"),
        ("talk", "ask", None, "ask"),
        ("talk", "true", "false", "no"),
        ("talk", None, "ask", "ask"),
        ("break", "true", None, "no"),
        ("break", None, "true", "yes"),
    ],
)
def test_what_is_recorded_is_said_for_all_or_for_one_and_breaks_are_not(kind, usual, own, record):
    text = first_with(f"kind: {kind}\n" + (f"    record: {own}" if own else ""))
    text += f"record: {usual}\n" if usual else ""
    assert good(text).sessions[0].record == record


@pytest.mark.parametrize("usual", ["true", "ask"])
def test_a_session_that_must_not_be_recorded_is_not_whatever_else_is_said(usual):
    text = first_with("do_not_record: true\n    record: true\n") + f"record: {usual}\n"
    assert good(text).sessions[0].record == "no"


def test_a_check_list_is_of_the_event_and_of_sessions():
    schedule = good(first_with("check_list: [Slides are there]") + "check_list: [Radios, 42]\n")
    assert schedule.check_list == ("Radios", "42")
    assert [one.check_list for one in schedule.sessions] == [("Slides are there",), ()]
    wrong = errors(first_with("check_list: [Twice, Twice, [a], ' ']"))
    assert list(wrong) == [f"sessions[0].check_list[{place}]" for place in (1, 2, 3)]


def test_an_empty_value_counts_as_left_out():
    assert good(first_with("abstract:")).sessions[0].abstract == ""
    assert errors(changed("title: First", "title:")) == {"sessions[0].title": "is missing"}


def test_times_need_no_quotes():
    text = changed('"09:30"', "10:30")
    assert local(good(text).sessions[1].starts_at_ms) == "2023-12-13 10:30-0800"


def test_the_day_is_counted_from_one():
    text = changed("]\nthemes", ", {date: 2023-12-14}]\nthemes")
    text = text.replace("minutes: 30", "minutes: 30\n    day: 2")
    assert local(good(text).sessions[0].starts_at_ms) == "2023-12-14 09:00-0800"


def test_a_file_that_windows_saved_is_read(tmp_path):
    file = tmp_path / "bom.yaml"
    file.write_bytes(b"\xef\xbb\xbf" + SMALL.replace("\n", "\r\n").encode())
    schedule, diagnostics = read_schedule(file, file_name="bom.yaml")
    assert schedule == good(SMALL)
    assert diagnostics == []


# Errors ------------------------------------------------------------------------------------------

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


# Warnings ----------------------------------------------------------------------------------------


def test_sessions_that_overlap_on_a_stage_are_warned_of():
    _, diagnostics = read(changed('"09:30"', '"09:20"') + "    speakers: [ada]\n")
    assert format_diagnostics(diagnostics) == (
        'test.yaml:14:13: warning: sessions[1].starts: overlaps on stage "main" '
        'with "first" (2023-12-13 09:00–09:30): both go on side by side'
    )


def test_in_an_hour_that_comes_twice_warnings_say_which():
    text = changed("Los_Angeles", "New_York").replace("2023-12-13", "2023-11-05")
    text = text.replace('"09:00"\n', '"01:30-04:00"\n').replace("minutes: 30", "minutes: 60", 1)
    text = text.replace('"09:30"', '"01:45-04:00"')
    found = [one.message for one in read(text)[1] if "overlaps" in one.message]
    assert found[0].startswith(
        'overlaps on stage "main" with "first" (2023-11-05 01:30-04:00–01:30-05:00)'
    )


def test_two_stages_may_run_side_by_side_but_not_one_speaker():
    text = changed("themes:", "stages: [{id: a, title: A}, {id: b, title: B}]\nthemes:")
    text = text.replace("title: First", "title: First\n    stage: a")
    text = text.replace("title: Second", "title: Second\n    stage: b").replace("09:30", "09:20")
    assert good(text)
    found = warnings(text + "    speakers: [ada]\n")
    assert list(found) == ["sessions[1].starts"]
    assert '"ada" also speaks at "first"' in found["sessions[1].starts"]


def test_sessions_outside_the_hours_of_every_day_are_warned_of():
    found = warnings(changed('"09:30"', '"11:45"'))
    assert "(2023-12-13 11:45–12:15) is outside" in found["sessions[1].starts"]
    found = warnings(changed('"09:30"', "2023-12-20T09:30"))
    assert "(2023-12-20 09:30–10:00) is outside" in found["sessions[1].starts"]


def test_a_day_may_end_after_midnight():
    text = changed('"12:00"', "2023-12-14T01:00")
    text = text.replace('"09:30"', '"23:45"').replace("minutes: 30", "minutes: 60")
    assert good(text)


def test_unknown_speakers_are_shown_by_their_id():
    text = changed("speakers: [ada]\n  - id: s", "speakers: [ada, bob]\n  - id: s")
    assert list(warnings(text)) == ["sessions[0].speakers[1]"]
    schedule, _ = read(text)
    assert [(s.id, s.name) for s in schedule.speakers] == [("ada", "Ada"), ("bob", "bob")]


def test_speakers_that_speak_nowhere_are_warned_of():
    found = warnings(changed("    speakers: [ada]\n", ""))
    assert found == {"speakers[0].id": '"ada" speaks nowhere'}


def on(date, starts, text=SMALL):
    """Return `SMALL` with its second session at `starts` on `date`, and hours that fit."""
    text = changed(', starts: "09:00", ends: "12:00"', "", text)
    return text.replace("2023-12-13", date).replace('"09:30"', starts)


NIGHTS = """
event: {id: nights, title: Nights, time_zone: Europe/Berlin}
days:
  - {date: 2027-06-11, starts: "18:00", ends: "2027-06-12T04:00"}
  - {date: 2027-06-12, starts: "10:00", ends: "18:00"}
  - {date: 2027-06-14}
sessions:
"""


@pytest.mark.parametrize(
    ("when", "day"),
    [
        ('day: 1, starts: "23:00"', 11),
        ('starts: "2027-06-12T00:30"', 11),
        ('starts: "2027-06-12T03:59"', 11),
        ('starts: "2027-06-12T04:00"', 12),
        ('starts: "2027-06-12T10:00"', 12),
        ('day: 2, starts: "00:30"', 12),
        ('starts: "2027-06-13T09:00"', 12),
        ('starts: "2027-06-14T00:00"', 14),
        ('starts: "2027-06-10T09:00"', 11),
    ],
)
def test_a_session_belongs_to_the_day_whose_hours_hold_its_start(when, day):
    schedule, _ = read(f"{NIGHTS}  - {{id: a, title: A, minutes: 10, {when}}}\n")
    assert schedule.sessions[0].day == date(2027, 6, day)
    assert [one.date.day for one in schedule.days] == [11, 12, 14]


def test_a_schedule_knows_its_zones_offsets_for_two_years_around_it():
    schedule, _ = read(f'{NIGHTS}  - {{id: a, title: A, day: 1, starts: "23:00", minutes: 10}}\n')
    (start,) = (one.starts_at_ms for one in schedule.sessions)
    offsets = schedule.utc_offsets
    assert offsets[0].from_ms < start - 730 * 86_400_000
    assert offsets[-1].until_ms > start + 730 * 86_400_000
    assert all(a.until_ms == b.from_ms for a, b in pairwise(offsets))
    assert [one.offset_s for one in offsets if one.from_ms <= start < one.until_ms] == [7200]


OTHER_LINE_ENDS = [
    "\\r\\n",
    "\\r",
    "\\v",
    "\\f",
    "\\N",
    "\\L",
    "\\P",
    "\v",
    "\f",
    "\x85",
    "\u2028",
    "\u2029",
]


@pytest.mark.parametrize("end", OTHER_LINE_ENDS)
def test_the_line_ends_of_other_tools_end_lines_of_a_text(end):
    schedule, diagnostics = read(first_with(f'abstract: "one{end}two"'))
    assert diagnostics == []
    assert schedule.sessions[0].abstract == "one\ntwo"


@pytest.mark.parametrize("end", ["\v", "\f", "\x85", "\u2028", "\u2029"])
@pytest.mark.parametrize("style", ["abstract: one{}two", "abstract: |\n      one{}two"])
def test_the_line_ends_of_other_tools_end_no_line_of_the_file(style, end):
    schedule, diagnostics = read(first_with(style.format(end)))
    assert diagnostics == []
    assert schedule.sessions[0].abstract == "one\ntwo"


def test_a_time_that_happens_twice_is_the_first():
    text = on("2023-11-05", '"01:30"')
    assert "write the offset to choose" in warnings(text)["sessions[1].starts"]
    schedule, _ = read(text)
    assert local(schedule.sessions[0].starts_at_ms) == "2023-11-05 01:30-0700"


def test_a_time_that_never_happens_is_the_one_after_the_jump():
    text = on("2024-03-10", '"02:30"')
    assert '"03:30-07:00" is taken' in warnings(text)["sessions[1].starts"]
    schedule, _ = read(text)
    assert local(schedule.sessions[0].starts_at_ms) == "2024-03-10 03:30-0700"


@pytest.mark.parametrize(
    ("date", "starts", "meant"),
    [
        ("2023-11-05", '"01:30-07:00"', "2023-11-05 01:30-0700"),
        ("2023-11-05", '"01:30-08:00"', "2023-11-05 01:30-0800"),
        ("2024-03-10", '"02:30-08:00"', "2024-03-10 03:30-0700"),
        ("2024-03-10", '"03:30-07:00"', "2024-03-10 03:30-0700"),
    ],
)
def test_an_offset_settles_which_instant_is_meant(date, starts, meant):
    assert local(good(on(date, starts)).sessions[0].starts_at_ms) == meant


def test_minutes_are_real_minutes_when_clocks_change():
    text = on("2023-11-05", '"01:30-07:00"').replace("minutes: 30", "minutes: 60")
    first = good(text).sessions[0]
    assert local(first.ends_at_ms) == "2023-11-05 01:30-0800"


# The schema and the documentation ----------------------------------------------------------------


class _Yaml12(yaml.SafeLoader):
    """YAML as editors read it: dates and times of day are text."""


_Yaml12.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in rules if not tag.endswith(("timestamp", ":int"))]
    for first, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Yaml12.add_implicit_resolver(
    "tag:yaml.org,2002:int", re.compile(r"-?(?:0|[1-9][0-9]*)$"), list("-0123456789")
)


def schema():
    return json.loads((SCHEDULES / "schedule.schema.json").read_text())


def as_editors_read(text):
    return yaml.load(text, _Yaml12)


def examples():
    readme = (SCHEDULES / "README.md").read_text()
    return re.findall(r"```yaml\n(.*?)```", readme, re.DOTALL)


def test_the_example_of_the_documentation_is_sound():
    (example,) = examples()
    assert good(example)


def test_the_schema_accepts_what_the_reader_accepts():
    validator = jsonschema_rs.validator_for(schema())
    for text in (SMALL, MODEL.read_text(), HARBOUR.read_text(), *examples()):
        validator.validate(as_editors_read(text))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("sessions:", "sesions:"),
        ("id: small", "id: Small Event"),
        ("title: Small", "title: 1984"),
        ("2023-12-13", "13.12.2023"),
        ("{id: ada, name: Ada}", "{id: ada}"),
        ("title: First", "kind: tlak\n    title: F"),
        ("title: First", "qa: maybe\n    title: F"),
        ('"09:30"', '"9.30"'),
        ("minutes: 30", "minutes: 12.5"),
        ("minutes: 30", 'minutes: 30\n    ends: "10:00"'),
        ("minutes: 30", ""),
    ],
)
def test_the_schema_refuses_wrong_shapes(old, new):
    """Only the reader knows what fields mean together."""
    text = changed(old, new)
    assert errors(text)
    assert not jsonschema_rs.validator_for(schema()).is_valid(as_editors_read(text))


def test_the_schema_knows_exactly_the_readers_fields():
    whole = changed("themes:", "stages: [{id: main, title: M}]\nthemes:") + (
        "qa: {enabled: true}\ncues: {doors_open_min: 1}\noverrun: {policy: wait}\n"
        'brand: {light: "#0d5c63"}\n'
    )
    for name, at in {
        "event": "event: {",
        "day": "days: [{",
        "titled": "stages: [{",
        "speaker": "speakers: [{",
        "cues": "cues: {",
        "brand": "brand: {",
        "overrun": "overrun: {",
    }.items():
        for field in schema()["$defs"][name]["properties"]:
            found = errors(changed(at, f"{at}{field}: [[]], ", whole))
            assert not any("no such field" in message for message in found.values()), field
    for field in schema()["$defs"]["session"]["properties"]:
        found = errors(first_with(f"{field}: [[]]"))
        assert not any("no such field" in message for message in found.values()), field


def test_the_documentation_names_every_field():
    readme = (SCHEDULES / "README.md").read_text()
    for name, definition in schema()["$defs"].items():
        for field in definition.get("properties", {}):
            assert f"`{field}`" in readme, (name, field)
