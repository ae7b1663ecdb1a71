"""Schedule files: what is read of the small ones, and of the project's own."""

import pytest
import yaml

from showcaller.domain.schedule import CuePolicy, OverrunPolicy, QaPolicy
from showcaller.schedule_file import read_schedule

from .texts import HARBOUR, MODEL, SMALL, changed, errors, first_with, good, local

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
