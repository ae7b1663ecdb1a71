"""A run-through finds what would go wrong, and nothing where nothing would."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from showcaller.cli import main
from showcaller.domain.schedule import MINUTE_MS, Day, OverrunPolicy, QaPolicy, Speaker
from showcaller.run_through import Script, as_text, report
from showcaller.testing.schedules import schedule, session

SCHEDULES = Path(__file__).parents[3] / "schedules"
ADA, BOB = Speaker(id="ada", name="Ada"), Speaker(id="bob", name="Bob")
BY_ADA, BY_BOB = {"speakers": ("ada",)}, {"speakers": ("bob",)}
PLAN = (
    session("a", 540, 560, **BY_ADA),
    session("b", 560, 580, **BY_BOB),
    session("pause", 580, 600, kind="break"),
    session("c", 600, 620, **BY_ADA),
)


def found(*sessions, script=None, **fields):
    """Return the findings: what, of which session, and how many minutes."""
    plan = schedule(*(sessions or PLAN), speakers=(ADA, BOB), **fields)
    findings = report(plan, script or Script()).findings
    return [(one.what, one.session, one.minutes) for one in findings]


def test_a_day_that_goes_as_planned_has_no_findings():
    assert found() == []


def test_an_overrun_delays_what_follows_until_a_break_has_given_what_it_can():
    plan = schedule(*PLAN, speakers=(ADA, BOB))
    done = report(plan, Script(overrun_min={"a": 7}))
    overrun = next(one for one in done.findings if one.what == "overrun")
    assert (overrun.session, overrun.minutes, overrun.others) == ("a", 7, ("b", "pause"))
    late = {one.session: one.late_min for one in done.sessions}
    assert late == {"a": 0, "b": 7, "pause": 7, "c": 0}


def test_a_break_that_can_give_no_more_is_told_and_what_comes_after_it_is_late():
    told = found(script=Script(overrun_min={"a": 10, "b": 10}))
    assert ("break_short", "pause", 5) in told
    assert ("late", "c", 5) in told


def test_a_talk_is_cut_where_the_schedule_ends_overruns():
    policy = OverrunPolicy(policy="end", after_min=3)
    told = found(script=Script(overrun_min={"a": 10}), overrun=policy)
    assert ("overrun", "a", 3) in told
    assert ("cut", "a", 7) in told


def test_who_comes_late_or_never_and_who_is_nobody():
    script = Script(late_min={"b": 4}, absent=frozenset({"c"}))
    nobody = session("d", 620, 640)
    told = found(*PLAN, nobody, script=script)
    assert ("overrun", "b", 4) in told  # they talk as long as they had planned
    assert ("no_source", "c", 0) in told
    assert ("no_speaker", "d", 0) in told


def test_sessions_side_by_side_and_a_speaker_who_is_still_elsewhere():
    beside = session("x", 550, 570, **BY_BOB)
    other = session("y", 550, 570, stage="side", **BY_ADA)
    told = found(PLAN[0], beside, other)
    assert ("side_by_side", "x", 10) in told
    assert ("speaker_twice", "y", 10) in told


def test_an_empty_stage_is_told_but_not_overnight():
    day, next_day = date(1970, 1, 1), date(1970, 1, 2)
    far = session("far", 620, 640, day=day, **BY_BOB)
    morning = session("morning", 1980, 2000, day=next_day, **BY_ADA)
    first = session("first", 540, 560, day=day, **BY_ADA)
    assert found(first, far, morning) == [("gap", "first", 60)]


def test_what_ends_after_the_day():
    day = Day(date=date(1970, 1, 1), starts_at_ms=540 * MINUTE_MS, ends_at_ms=560 * MINUTE_MS)
    plan = session("a", 540, 560, day=day.date, **BY_ADA)
    told = found(plan, script=Script(overrun_min={"a": 5}), days=(day,))
    assert ("after_hours", "a", 5) in told


def test_people_who_are_reminded_before_anybody_knows_of_the_delay():
    told = found(script=Script(overrun_min={"a": 3}))
    assert ("reminded_early", "b", 3) in told
    nobody = found(script=Script(overrun_min={"a": 3}, attendees=0))
    assert all(what != "reminded_early" for what, _, _ in nobody)


def test_questions_that_nobody_opens():
    by_hand = session("a", 540, 560, qa=QaPolicy(opens="by_hand"), **BY_ADA)
    off = session("b", 560, 580, qa=QaPolicy(enabled=False), **BY_BOB)
    assert found(by_hand, off) == [("questions_refused", "a", 0)]


MINUTES = st.integers(0, 30)


@settings(max_examples=40, deadline=None)
@given(st.dictionaries(st.sampled_from(["a", "b", "c"]), MINUTES), MINUTES, st.booleans())
def test_whatever_the_script_the_day_ends_and_only_an_overrun_makes_anything_late(
    overruns, late, ends
):
    policy = OverrunPolicy(policy="end" if ends else "wait")
    plan = schedule(*PLAN, speakers=(ADA, BOB), overrun=policy)
    script = Script(overrun_min=overruns, late_min={"a": late})
    done = report(plan, script)
    assert done == report(plan, script)
    assert all(one.end_ms is not None for one in done.sessions)
    named = {other for one in done.findings if one.what == "overrun" for other in one.others}
    assert {one.session for one in done.sessions if one.late_min >= 1} <= named


def run(*words):
    return CliRunner().invoke(main, ["rehearse", *words], catch_exceptions=False)


def test_the_command_tells_it_in_words_and_as_json():
    path = str(SCHEDULES / "systems-scale-winter-2023.yaml")
    assert run(path).exit_code == 0
    told = run(path, "--overrun", "opening=2", "--absent", "nitro")
    assert told.exit_code == 1
    assert '09:07  "Opening" (opening): runs 2 min over and delays ai-multi-tenancy' in told.stdout
    assert "is live, and nobody publishes" in told.stdout
    told = json.loads(run(path, "--overrun", "3", "--report", "json").stdout)
    assert {one["what"] for one in told["findings"]} >= {"overrun", "late", "reminded_early"}


@pytest.mark.parametrize(
    "words",
    [("--absent", "none"), ("--late", "nitro=x"), ("--overrun", "-1"), ("--overrun", "x=1")],
)
def test_a_script_that_makes_no_sense_is_refused(words):
    told = run(str(SCHEDULES / "systems-scale-winter-2023.yaml"), *words)
    assert told.exit_code == 2
    assert words[0] in told.stderr


def test_several_days_are_told_apart():
    plan = schedule(PLAN[0], session("far", 1980, 2000), speakers=(ADA,))
    assert '\nFri 09:00  "Talk far" (far): has no speaker' in as_text(report(plan, Script()), plan)
