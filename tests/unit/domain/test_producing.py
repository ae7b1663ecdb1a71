"""The producer's controls, overruns, and undoing."""

from __future__ import annotations

import msgspec
import pytest

from showcaller.domain.schedule import MINUTE_MS, OverrunPolicy
from showcaller.testing.day import SCHEDULE, Day

# Overruns ----------------------------------------------------------------------------------------


def overrunning(policy=None):
    plan = SCHEDULE if policy is None else msgspec.structs.replace(SCHEDULE, overrun=policy)
    day = Day(plan).run_until(546)
    day.publish_media("a")
    return day.run_until(570)


def test_a_talk_that_overruns_is_not_cut_and_the_next_waits():
    day = overrunning()
    assert day.state("a") == "overrunning"
    assert day.state("b") == "doors_open"
    assert day.sheet.sessions["b"].waiting_for == "a"
    assert day.sheet.sessions["pause"].waiting_for is None
    assert day.due_min("b", "started") is None
    assert day.due_min("pause", "starting_soon:5") is None
    assert day.sheet.stages["main"].showing == "a"


def test_the_next_starts_when_the_producer_ends_the_overrun():
    day = overrunning()
    day.control("end", "a")
    assert day.due_min("b", "started") == 570
    assert day.sheet.sessions["b"].waiting_for is None
    day.run_until(571)
    assert ("b", "started", 570, 0) in day.told
    assert day.expected("b") == (570, 590)


def test_an_overrun_ends_when_the_speaker_leaves():
    day = overrunning()
    day.publish_media("a", "slides")
    day.stop_media("a")
    assert day.due_min("a", "ended") is None
    day.now_ms += MINUTE_MS
    day.stop_media("a", "slides")
    assert day.due_min("a", "ended") == 571
    day.run_until(571)
    assert (day.state("a"), day.state("b")) == ("ended", "live")


def test_the_policy_may_end_an_overrun():
    day = overrunning(OverrunPolicy(policy="end", after_min=3))
    assert ("a", "overrunning", 565, 0) in day.told
    assert ("a", "ended", 568, 0) in day.told
    assert ("b", "started", 568, 0) in day.told


def test_the_policy_may_end_a_talk_on_the_minute():
    day = overrunning(OverrunPolicy(policy="end"))
    assert "overrunning" not in day.told_of("a")
    assert ("a", "ended", 565, 0) in day.told


def test_who_leaves_before_the_end_ends_nothing():
    day = Day().run_until(546)
    day.publish_media("a")
    day.run_until(550).stop_media("a")
    assert day.due_min("a", "ended") == 565


def test_extending_an_overrun_counts_from_now_and_ends_it():
    day = overrunning()
    day.control("extend", "a", minutes=5)
    assert day.state("a") == "live"
    assert day.expected("a") == (545, 575)
    assert day.due_min("b", "starting_soon:5") is not None
    assert day.sheet.sessions["b"].waiting_for is None
    day.run_until(580)
    assert day.told_of("a").count("overrunning") == 2


def test_undoing_an_extension_returns_to_the_overrun_without_telling_it_again():
    day = overrunning()
    day.control("extend", "a", minutes=5)
    day.wait(1)
    day.undo()
    assert day.state("a") == "overrunning"
    assert day.expected("a") == (545, 565)
    day.run_until(580)
    assert day.told_of("a").count("overrunning") == 1


def test_an_overrun_can_not_be_extended_into_the_past():
    assert overrunning().control("extend", "a", minutes=-1).refused.code == "wrong_state"


# The producer's controls -------------------------------------------------------------------------


def test_start_now_ends_what_is_live_and_implies_open_doors():
    day = Day().run_until(550)
    outcome = day.control("start", "b")
    assert [(e.session, e.cue, e.late_ms) for e in outcome.cues] == [
        ("a", "ended", 0),
        ("b", "started", 0),
    ]
    run = day.sheet.sessions["b"]
    assert (run.state, run.actual_start_ms, run.qa_open) == ("live", 550 * MINUTE_MS, True)
    assert all(run.cues[c].dropped for c in ("doors_open", "starting_soon:5", "starting_soon:1"))
    day.run_until(700)
    assert day.told_of("b") == ["started", "ending_soon", "ended", "qa_closes"]


def test_a_live_session_that_is_skipped_ends():
    day = Day().run_until(550)
    day.control("skip", "a")
    assert day.state("a") == "ended"
    assert day.told_of("a")[-1] == "ended"


def test_a_skipped_session_calls_nothing():
    day = Day().run_until(560)
    day.control("skip", "b")
    assert day.state("b") == "skipped"
    assert day.sheet.sessions["b"].qa_open is False
    day.run_until(700)
    assert day.told_of("b") == ["doors_open", "starting_soon:5"]


@pytest.mark.parametrize("control", ["start", "end", "skip"])
def test_what_is_over_takes_no_control(control):
    day = Day().run_until(566)
    assert day.control(control, "a").refused.code == "wrong_state"
    assert day.control("extend", "a", minutes=5).refused.code == "wrong_state"
    assert day.control("delay", "a", minutes=5).refused.code == "wrong_state"


@pytest.mark.parametrize("control", ["start", "end", "skip"])
def test_a_session_that_does_not_exist_is_not_found(control):
    assert Day().control(control, "nobody").refused.code == "not_found"


def test_a_session_that_has_not_started_can_not_be_ended():
    assert Day().control("end", "a").refused.code == "wrong_state"


def test_a_talk_is_not_shortened_to_nothing():
    day = Day()
    assert day.control("extend", "a", minutes=-20).refused.code == "wrong_state"
    day.control("extend", "a", minutes=-19)
    assert day.expected("a") == (545, 546)


def test_a_cue_that_was_called_is_not_called_again_after_a_delay():
    day = Day().run_until(541)
    day.control("delay", "a", minutes=10)
    day.run_until(600)
    assert day.told_of("a") == [
        "doors_open",
        "starting_soon:5",
        "starting_soon:1",
        "started",
        "ending_soon",
        "ended",
        "qa_closes",
    ]
    assert ("a", "starting_soon:1", 554, 0) in day.told


# Undo --------------------------------------------------------------------------------------------


def test_undoing_a_start_restores_both_sessions_and_takes_the_calls_back():
    day = Day().run_until(550)
    before = {id: msgspec.structs.replace(run) for id, run in day.sheet.sessions.items()}
    revision = day.cue("b", "started").revision
    day.control("start", "b")
    assert day.undo().refused is None
    for id in ("a", "b"):
        run = day.sheet.sessions[id]
        assert (run.state, run.qa_open) == (before[id].state, before[id].qa_open)
        assert run.actual_start_ms == before[id].actual_start_ms
        assert run.actual_end_ms is None
    assert day.cue("b", "started").revision > revision
    day.run_until(700)
    assert day.told_of("b")[-5:] == [
        "starting_soon:1",
        "started",
        "ending_soon",
        "ended",
        "qa_closes",
    ]


def test_undoing_an_end_brings_the_session_back_with_its_questions():
    day = Day().run_until(550)
    day.control("end", "a")
    day.run_until(561)
    assert day.sheet.sessions["a"].qa_open is False
    day.undo()
    assert (day.state("a"), day.sheet.sessions["a"].qa_open) == ("live", True)
    day.run_until(580)
    assert day.told_of("a")[-4:] == ["qa_closes", "ending_soon", "ended", "qa_closes"]


def test_what_a_moderator_closed_stays_closed_after_an_undo():
    day = Day().run_until(550)
    day.control("end", "a")
    day.close_qa("a")
    day.run_until(561).undo()
    assert day.sheet.sessions["a"].qa_open is False


def test_an_end_is_not_undone_once_the_next_has_started():
    day = Day().run_until(564)
    day.control("end", "a")
    assert day.sheet.last_control().undoable
    day.run_until(565)
    assert not day.sheet.last_control().undoable
    assert day.undo().refused.code == "cannot_undo"


def test_a_start_is_not_undone_once_the_session_has_ended():
    day = Day().run_until(550)
    day.control("start", "b")
    day.run_until(571)
    assert day.undo().refused.code == "cannot_undo"


def test_undoing_a_delay_restores_every_time():
    day = Day()
    before = [day.expected(id) for id in day.sheet.sessions]
    day.control("delay", "a", minutes=30)
    day.undo()
    assert [day.expected(id) for id in day.sheet.sessions] == before


def test_a_delay_says_why_until_it_is_undone():
    day = Day()
    day.control("delay", "a", minutes=5, note="A line is mended.")
    day.control("delay", "a", minutes=2)
    assert day.sheet.sessions["a"].note == "A line is mended."
    day.undo()
    day.undo()
    assert day.sheet.sessions["a"].note == ""


def test_a_delay_is_not_undone_once_the_session_runs():
    day = Day()
    day.control("delay", "a", minutes=1)
    day.run_until(547)
    assert day.undo().refused.code == "cannot_undo"


def test_undoing_a_skip_brings_the_session_back():
    day = Day().run_until(560)
    day.control("skip", "b")
    day.undo()
    assert (day.state("b"), day.sheet.sessions["b"].qa_open) == ("doors_open", True)
    day.run_until(600)
    assert day.told_of("b").count("started") == 1


def test_only_the_last_control_is_undone_and_then_the_one_before_it():
    day = Day()
    day.control("delay", "a", minutes=3)
    day.control("extend", "a", minutes=4)
    assert day.undo("k1").refused.code == "cannot_undo"
    assert day.undo("k2").refused is None
    assert day.undo("k2").refused.code == "cannot_undo"
    assert day.sheet.last_control().undoable
    assert day.undo("k1").refused is None
    assert day.expected("a") == (545, 565)
    assert day.sheet.last_control() is None


def test_an_undone_start_makes_the_end_before_it_undoable_again():
    day = Day().run_until(550)
    day.control("end", "a")
    day.control("start", "b")
    day.undo()
    assert day.undo().refused is None
    assert (day.state("a"), day.state("b")) == ("live", "upcoming")


def test_a_key_that_was_used_up_while_the_session_was_skipped_is_replaced():
    day = Day().run_until(529)
    due = day.sheet.due_cues()[0]
    day.wait(1)
    day.control("skip", "opening")
    assert day.call(due).refused.code == "already_called"
    day.undo()
    again = day.sheet.due_cues()[0]
    assert (again.session, again.cue) == (due.session, due.cue)
    assert again.revision > due.revision


# Reopening -----------------------------------------------------------------------------------------


def missed_day():
    """A day whose clock was two hours ahead for a moment: all that it passed is over."""
    day = Day().run_until(540)
    day.wait(120)
    while (due := next(iter(day.sheet.due_cues()), None)) is not None:
        assert day.call(due).refused is None
        if not any(run.to_come or run.live for run in day.sheet.sessions.values()):
            break
    day.now_ms = 541 * MINUTE_MS
    return day


def test_what_a_wrong_clock_ended_is_reopened_and_goes_its_way():
    day = missed_day()
    assert set(day.states()) == {"ended"}
    for id in day.sheet.sessions:
        assert day.control("reopen", id).refused is None
    assert day.states() == ["live", "upcoming", "upcoming", "upcoming", "upcoming"]
    assert [day.expected(id) for id in ("a", "b", "c")] == [(546, 566), (566, 586), (600, 620)]
    told = len(day.told)
    day.run_until(700)
    again = [
        (told.session, told.cue) for told in day.told[told:] if told.cue in ("started", "ended")
    ]
    order = ("opening", "a", "b", "pause", "c")
    assert again == [
        ("opening", "ended"),
        *((id, cue) for id in order[1:] for cue in ("started", "ended")),
    ]
    assert not any(run.to_come or run.live for run in day.sheet.sessions.values())


def test_a_session_that_is_reopened_after_its_time_goes_on_for_five_minutes():
    day = Day().run_until(570)
    assert day.state("a") == "ended"
    day.control("end", "b")
    day.control("reopen", "a")
    assert (day.state("a"), day.expected("a")) == ("live", (545, 575))
    assert day.sheet.sessions["a"].qa_open
    day.run_until(576)
    assert day.state("a") == "ended"


def test_a_session_that_was_ended_too_early_goes_on_until_its_end():
    day = Day().run_until(550)
    day.control("end", "a")
    day.run_until(552)
    day.control("reopen", "a")
    assert (day.state("a"), day.expected("a")) == ("live", (545, 565))


def test_reopening_ends_what_is_live_on_the_stage_and_undoing_it_brings_that_back():
    day = Day().run_until(576)
    assert (day.state("b"), day.sheet.sessions["a"].qa_open) == ("live", False)
    before = (day.states(), [day.expected(id) for id in day.sheet.sessions])
    day.control("reopen", "a")
    assert (day.state("a"), day.state("b")) == ("live", "ended")
    assert day.sheet.sessions["a"].qa_open
    assert day.undo().refused is None
    assert not day.sheet.sessions["a"].qa_open
    assert (day.states(), [day.expected(id) for id in day.sheet.sessions]) == before
    day.run_until(700)
    assert day.told_of("a").count("ended") == 1


def test_a_missed_session_that_is_reopened_in_its_time_starts_now():
    day = missed_day()
    day.now_ms = 550 * MINUTE_MS
    day.control("reopen", "a")
    assert (day.state("a"), day.expected("a")) == ("live", (550, 570))
    assert day.undo().refused is None
    assert (day.state("a"), day.sheet.sessions["a"].actual_start_ms) == ("ended", None)


def test_a_skipped_session_is_reopened_when_its_skip_can_not_be_undone_any_more():
    day = Day()
    day.control("skip", "b")
    day.control("delay", "a", minutes=1)
    assert day.control("reopen", "b").refused is None
    day.run_until(600)
    assert day.told_of("b").count("started") == 1


def test_only_what_is_over_is_reopened():
    day = Day().run_until(550)
    for id in ("a", "b"):
        assert day.control("reopen", id).refused.code == "wrong_state"
    assert day.control("reopen", "nobody").refused.code == "not_found"


def test_a_reopening_is_not_undone_once_another_session_has_started_or_it_has_ended():
    day = Day().run_until(550)
    day.control("end", "a")
    day.control("reopen", "a")
    day.run_until(566)
    assert day.undo().refused.code == "cannot_undo"
