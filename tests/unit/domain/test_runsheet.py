"""The run sheet through the day: cues, what is missed, media, a new schedule."""

from __future__ import annotations

import msgspec
import pytest

from showcaller.domain import facts
from showcaller.domain.schedule import MINUTE_MS, CuePolicy, QaPolicy
from showcaller.domain.session_run import PublicationRun
from showcaller.domain.touches import ClockTouch, CueTouch, EventTouch, SessionTouch, StageTouch
from showcaller.testing.day import Day
from showcaller.testing.schedules import schedule, session

# A day without incident --------------------------------------------------------------------------


def test_every_cue_of_a_quiet_day_is_told_once_and_on_time():
    day = Day().run_until(700)
    assert day.states() == ["ended"] * 5
    assert len(set(day.told)) == len(day.told) == 5 * 7
    assert all(late_ms == 0 for *_, late_ms in day.told)
    assert [(cue, minute) for who, cue, minute, _ in day.told if who == "a"] == [
        ("doors_open", 535),
        ("starting_soon:5", 540),
        ("starting_soon:1", 544),
        ("started", 545),
        ("ending_soon", 563),
        ("ended", 565),
        ("qa_closes", 575),
    ]


def test_ends_come_before_starts_of_the_same_minute():
    day = Day().run_until(545)
    at_545 = [(who, cue) for who, cue, minute, _ in day.told if minute == 545]
    assert at_545 == [("opening", "ended"), ("a", "started")]


def test_parallel_stages_do_not_push_each_other():
    plan = schedule(session("x", 10, 20), session("y", 12, 22, stage="side"))
    day = Day(plan, at_min=0).run_until(12)
    assert (day.state("x"), day.state("y")) == ("live", "live")
    day.control("extend", "x", minutes=30)
    assert day.expected("y") == (12, 22)


def test_starts_and_ends_by_the_clock_count_from_when_they_were_due():
    day = Day().run_until(544)
    day.now_ms = 546 * MINUTE_MS  # two minutes during which nothing ran
    day.run_until(547)
    assert ("a", "started", 545, MINUTE_MS) in day.told
    assert day.expected("b") == (565, 585)


# Calling cues ------------------------------------------------------------------------------------


def test_a_cue_is_called_once():
    day = Day().run_until(529)
    due = day.sheet.due_cues()[0]
    day.now_ms = 530 * MINUTE_MS
    assert day.call(due).refused is None
    assert day.call(due).refused.code == "already_called"
    assert day.told_of("opening") == ["doors_open"]


def test_an_early_call_is_refused_and_its_key_replaced():
    day = Day().run_until(529)
    due = day.sheet.due_cues()[0]
    day.now_ms = 530 * MINUTE_MS - 1
    outcome = day.call(due)
    assert outcome.refused.code == "early_cue"
    assert outcome.touched == {CueTouch("opening", "doors_open")}
    assert day.sheet.due_cues()[0].revision == due.revision + 1


def test_a_call_of_an_old_revision_is_refused_without_harm():
    day = Day().run_until(529)
    due = day.sheet.due_cues()[0]
    day.control("delay", "opening", minutes=5)
    day.now_ms = 540 * MINUTE_MS
    renewed = day.cue("opening", "doors_open").revision
    assert renewed == due.revision + 1
    assert day.call(due).refused.code == "stale_cue"
    assert day.cue("opening", "doors_open").revision == renewed


def test_a_cue_that_does_not_exist_is_not_found():
    day = Day()
    for who, cue in (("nobody", "started"), ("a", "lunch")):
        fact = facts.CueCalled(session=who, cue=cue, revision=1, due_ms=0)
        assert day.fold(fact).refused.code == "not_found"


def test_a_start_waits_for_the_end_before_it():
    day = Day().run_until(545 - 0.001)
    started = day.cue("a", "started")
    day.now_ms = 545 * MINUTE_MS
    fact = facts.CueCalled(
        session="a", cue="started", revision=started.revision, due_ms=started.due_ms
    )
    assert day.fold(fact).refused.code == "early_cue"
    day.run_until(545)
    assert day.state("a") == "live"


def test_nothing_is_called_while_the_clock_is_held():
    day = Day().run_until(545 - 0.001)
    due = day.sheet.due_cues()[0]
    day.now_ms = 545 * MINUTE_MS
    assert day.hold().touched == {ClockTouch()}
    assert day.hold().refused.code == "wrong_state"
    assert day.call(due).refused.code == "early_cue"
    day.now_ms += 10 * MINUTE_MS
    day.resume()
    assert day.resume().refused.code == "wrong_state"
    day.run_until(556)
    assert ("a", "started", 545, 0) in day.told


def test_a_hold_shifts_wall_times_only():
    day = Day(mode="rehearsal", from_ms=520 * MINUTE_MS, rate=60, at_min=0)
    revision = day.cue("a", "started").revision
    day.hold()
    day.now_ms += 5000
    day.resume()
    assert day.cue("a", "started").revision == revision
    assert day.sheet.clock.wall_for(545 * MINUTE_MS) == 5000 + 25_000


# Missed cues -------------------------------------------------------------------------------------


def test_a_day_that_nobody_ran_comes_back_ended_and_silent():
    day = Day()
    day.now_ms = 610 * MINUTE_MS
    day.run_until(610)
    assert day.states() == ["ended", "ended", "ended", "ended", "live"]
    assert day.sheet.sessions["a"].actual_start_ms is None
    assert [(who, cue) for who, cue, *_ in day.told] == [("c", "doors_open"), ("c", "started")]


def test_a_talk_that_was_live_when_all_went_down_is_ended_late():
    day = Day().run_until(550)
    day.now_ms = 610 * MINUTE_MS
    day.run_until(610)
    assert ("a", "ended", 565, 45 * MINUTE_MS) in day.told
    assert "ending_soon" not in day.told_of("a")
    assert day.cue("a", "ending_soon").dropped
    assert day.sheet.sessions["a"].qa_open is False


def test_a_session_with_a_speaker_who_was_early_can_be_missed_too():
    day = Day().run_until(536)
    day.publish_media("a")
    day.now_ms = 566 * MINUTE_MS
    day.run_until(566)
    assert day.state("a") == "ended"
    assert day.cue("a", "ended").dropped


def test_questions_of_a_missed_session_close():
    day = Day().run_until(564)
    assert day.sheet.sessions["b"].qa_open
    day.now_ms = 610 * MINUTE_MS
    day.run_until(610)
    assert day.state("b") == "ended"
    assert not day.sheet.sessions["b"].qa_open


def test_starting_soon_makes_no_sense_a_minute_late_or_after_the_start():
    day = Day().run_until(539)
    day.now_ms = 541 * MINUTE_MS + 1
    day.run_until(541)
    assert "starting_soon:5" not in day.told_of("a")
    day.now_ms = 545 * MINUTE_MS
    day.run_until(546)
    assert "starting_soon:1" not in day.told_of("a")
    assert "started" in day.told_of("a")


def test_lateness_is_never_negative_when_the_brokers_clock_went_back():
    day = Day().run_until(530)
    day.now_ms = 400 * MINUTE_MS
    day.control("start", "a")
    day.now_ms = 300 * MINUTE_MS
    day.control("end", "a")
    run = day.sheet.sessions["a"]
    assert run.actual_end_ms >= run.actual_start_ms
    assert all(late_ms >= 0 for *_, late_ms in day.told)


# Questions, stages, media ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("opens", "at_doors", "at_start"),
    [("doors_open", True, True), ("started", False, True), ("by_hand", False, False)],
)
def test_questions_open_by_policy(opens, at_doors, at_start):
    plan = schedule(session("x", 20, 40, qa=QaPolicy(opens=opens)))
    day = Day(plan, at_min=0).run_until(15)
    assert day.sheet.sessions["x"].qa_open is at_doors
    day.run_until(21)
    assert day.sheet.sessions["x"].qa_open is at_start


def test_questions_open_and_close_by_hand():
    day = Day()
    day.open_qa("c")
    assert day.sheet.sessions["c"].qa_open
    day.close_qa("c")
    assert not day.sheet.sessions["c"].qa_open
    assert day.open_qa("nobody").refused.code == "not_found"


def test_what_was_closed_by_hand_stays_closed_at_the_start():
    day = Day().run_until(536)
    day.close_qa("a")
    day.run_until(546)
    assert not day.sheet.sessions["a"].qa_open


def test_a_session_without_questions_has_none():
    plan = schedule(session("x", 20, 40, qa=QaPolicy(enabled=False)))
    day = Day(plan, at_min=0).run_until(25)
    assert not day.sheet.sessions["x"].qa_open
    assert day.open_qa("x").refused.code == "wrong_state"
    day.run_until(100)
    assert "qa_closes" not in day.told_of("x")


def test_questions_may_stay_open_for_ever():
    plan = schedule(session("x", 20, 40, qa=QaPolicy(closes_after_min=None)))
    day = Day(plan, at_min=0).run_until(1000)
    assert day.sheet.sessions["x"].qa_open


def test_a_stage_shows_the_live_session_then_the_next_with_open_doors():
    day = Day()
    shown = []
    for minute in (529, 530, 541, 546, 558):
        shown.append(day.run_until(minute).sheet.stages["main"].showing)
    day.control("end", "a")
    shown.append(day.sheet.stages["main"].showing)
    shown.append(day.run_until(700).sheet.stages["main"].showing)
    assert shown == [None, "opening", "opening", "a", "a", "b", None]


def test_only_a_newer_worker_takes_a_stage_over():
    day = Day()
    assert day.fold(facts.StageHosted(stage="main", generation=2)).touched == {StageTouch("main")}
    for stage, generation, code in (
        ("main", 2, "wrong_state"),
        ("main", 1, "wrong_state"),
        ("nowhere", 3, "not_found"),
    ):
        fact = facts.StageHosted(stage=stage, generation=generation)
        assert day.fold(fact).refused.code == code


def test_publications_are_kept_while_they_last():
    day = Day().run_until(546)
    assert day.publish_media("nobody").refused.code == "not_found"
    assert day.publish_media("opening").refused.code == "wrong_state"
    assert SessionTouch("a") in day.publish_media("a").touched
    assert day.sheet.sessions["a"].publications == {"m": PublicationRun("s", "main")}
    assert day.stop_media("a").refused is None
    assert day.stop_media("a").refused.code == "not_found"


# Publishing a new schedule -----------------------------------------------------------------------


def publish(day, *sessions, **fields):
    return day.fold(facts.SchedulePublished(schedule=schedule(*sessions, **fields)))


def test_a_new_schedule_keeps_what_has_happened():
    day = Day().run_until(550)
    outcome = publish(day, session("a", 545, 570), session("b", 570, 590), session("new", 590, 600))
    assert outcome.refused is None
    assert EventTouch() in outcome.touched
    assert {t.session for t in outcome.touched if isinstance(t, SessionTouch)} == {
        "opening", "a", "b", "pause", "c", "new",
    }  # fmt: skip
    assert (day.state("a"), day.expected("a")) == ("live", (545, 570))
    assert day.told_of("b") == []
    day.run_until(700)
    assert day.states() == ["ended"] * 3
    assert day.told_of("a").count("started") == 1


def test_a_live_session_can_not_vanish_or_leave_its_stage():
    day = Day().run_until(550)
    assert publish(day, session("b", 565, 585)).refused.code == "wrong_state"
    moved = publish(day, session("a", 545, 565, stage="side"), session("b", 565, 585))
    assert moved.refused.code == "wrong_state"


def test_another_events_schedule_is_refused():
    assert publish(Day(), session("a", 545, 565), event_id="other").refused.code == "bad_input"


def test_a_session_on_a_stage_that_does_not_exist_is_refused():
    day = Day()
    lost = msgspec.structs.replace(schedule(session("a", 545, 565)), stages=())
    outcome = day.fold(facts.SchedulePublished(schedule=lost))
    assert outcome.refused.code == "bad_input"


def test_a_stage_that_is_gone_is_touched():
    outcome = publish(Day(), session("a", 545, 565, stage="side"))
    stages = {touch.stage for touch in outcome.touched if isinstance(touch, StageTouch)}
    assert stages == {"main", "side"}


def test_a_session_that_comes_back_uses_no_key_twice():
    day = Day().run_until(529)
    day.control("delay", "a", minutes=1)
    used = {name: cue.revision for name, cue in day.sheet.sessions["a"].cues.items()}
    publish(day, session("opening", 540, 545))
    publish(day, session("opening", 540, 545), session("a", 545, 565))
    for due in day.sheet.due_cues():
        if due.session == "a":
            assert due.revision > used[due.cue]


def test_a_new_cue_policy_adds_and_silences_cues():
    day = Day().run_until(529)
    policy = CuePolicy(doors_open_min=3, starting_soon_min=(2,), ending_soon_min=1)
    publish(day, session("a", 545, 565), cues=policy)
    day.run_until(700)
    assert [(cue, minute) for _, cue, minute, _ in day.told] == [
        ("doors_open", 542),
        ("starting_soon:2", 543),
        ("started", 545),
        ("ending_soon", 564),
        ("ended", 565),
        ("qa_closes", 575),
    ]


def test_controls_on_sessions_that_vanished_can_not_be_undone():
    day = Day()
    day.control("delay", "c", minutes=5)
    publish(day, session("a", 545, 565))
    assert not day.sheet.last_control().undoable
    assert day.undo().refused.code == "cannot_undo"
