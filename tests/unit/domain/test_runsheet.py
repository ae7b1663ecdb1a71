"""The run sheet, told in minutes of show time. `Day` folds facts as a node would."""

from __future__ import annotations

from itertools import pairwise

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from showcaller.domain import facts
from showcaller.domain.outcome import Refusal, Touch
from showcaller.domain.runsheet import RunSheet
from showcaller.domain.schedule import MINUTE_MS, CuePolicy, OverrunPolicy, QaPolicy
from showcaller.testing.schedules import schedule, session

SCHEDULE = schedule(
    session("opening", 540, 545, kind="opening"),
    session("a", 545, 565),
    session("b", 565, 585),
    session("pause", 585, 600, kind="break"),
    session("c", 600, 620),
)


class Day:
    """A run sheet at a minute of the day, with everything the audience was told so far."""

    def __init__(self, plan=SCHEDULE, at_min=520, **run):
        self.now_ms = at_min * MINUTE_MS
        fact = facts.RunStarted(run="r", salt="s", schedule=plan, **run)
        self.sheet, self.started = RunSheet.start(fact, self.now_ms)
        self.told = []
        self.controls = 0

    def fold(self, fact):
        outcome = self.sheet.apply(fact, self.now_ms)
        self.told += [(e.session, e.cue, e.show_ms / MINUTE_MS, e.late_ms) for e in outcome.cues]
        return outcome

    def call(self, due):
        return self.fold(
            facts.CueCalled(
                session=due.session, cue=due.cue, revision=due.revision, due_ms=due.due_ms
            )
        )

    def run_until(self, minute):
        """Call each cue at its due time, as a prompt node does."""
        end_ms = int(minute * MINUTE_MS)
        while (due := next(iter(self.sheet.due_cues()), None)) and not self.sheet.clock.held:
            wall_ms = self.sheet.clock.wall_for(due.due_ms)
            if wall_ms > end_ms:
                break
            self.now_ms = max(self.now_ms, wall_ms)
            assert self.call(due).refused is None
        self.now_ms = max(self.now_ms, end_ms)
        return self

    def do(self, kind, session, *, ok=True, **more):
        self.controls += 1
        fact = kind(session=session, control=f"k{self.controls}", by="p", **more)
        outcome = self.fold(fact)
        assert (outcome.refused is None) == ok, outcome.refused
        return outcome

    def start(self, session, **more):
        return self.do(facts.SessionStarted, session, **more)

    def end(self, session, **more):
        return self.do(facts.SessionEnded, session, **more)

    def skip(self, session, **more):
        return self.do(facts.SessionSkipped, session, **more)

    def delay(self, session, minutes, **more):
        return self.do(facts.SessionDelayed, session, minutes=minutes, **more)

    def extend(self, session, minutes, **more):
        return self.do(facts.SessionExtended, session, minutes=minutes, **more)

    def undo(self, control=None):
        control = control or self.sheet.last_control().id
        return self.fold(facts.ControlUndone(control=control, by="p"))

    def publish_media(self, session, publication="m"):
        return self.fold(facts.PublicationStarted(session=session, publication=publication, by="s"))

    def stop_media(self, session, publication="m"):
        return self.fold(facts.PublicationStopped(session=session, publication=publication))

    def state(self, session):
        return self.sheet.sessions[session].state

    def states(self):
        return [run.state for run in self.sheet.sessions.values()]

    def expected(self, session):
        run = self.sheet.sessions[session]
        return run.expected_start_ms / MINUTE_MS, run.expected_end_ms / MINUTE_MS

    def cue(self, session, cue):
        return self.sheet.sessions[session].cues[cue]

    def due_min(self, session, cue):
        due_ms = self.cue(session, cue).due_ms
        return None if due_ms is None else due_ms / MINUTE_MS

    def told_of(self, session):
        return [cue for who, cue, _, _ in self.told if who == session]


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
    day.extend("x", 30)
    assert day.expected("y") == (12, 22)


def test_starts_and_ends_by_the_clock_count_from_when_they_were_due():
    day = Day().run_until(544)
    day.now_ms = 546 * MINUTE_MS  # two minutes during which nothing ran
    day.run_until(547)
    assert ("a", "started", 545, MINUTE_MS) in day.told
    assert day.expected("b") == (565, 585)


# Expected times ----------------------------------------------------------------------------------


def test_a_delay_pushes_what_follows_and_a_break_absorbs_it():
    day = Day()
    day.delay("a", 7)
    assert day.expected("a") == (552, 572)
    assert day.expected("b") == (572, 592)
    assert day.expected("pause") == (592, 600)
    assert day.expected("c") == (600, 620)


def test_a_break_keeps_its_minimum():
    day = Day()
    day.delay("a", 14)
    assert day.expected("pause") == (599, 604)
    assert day.expected("c") == (604, 624)


def test_a_break_shorter_than_the_default_minimum_keeps_its_own_duration():
    plan = schedule(session("x", 10, 20), session("p", 20, 23, kind="break"))
    day = Day(plan, at_min=0)
    day.delay("x", 9)
    assert day.expected("p") == (29, 32)


def test_a_breaks_own_minimum_counts():
    plan = schedule(session("x", 10, 20), session("p", 20, 40, kind="break", min_duration_min=15))
    day = Day(plan, at_min=0)
    day.delay("x", 9)
    assert day.expected("p") == (29, 44)


def test_a_gap_absorbs_a_delay():
    plan = schedule(session("x", 10, 20), session("y", 25, 30))
    day = Day(plan, at_min=0)
    day.delay("x", 3)
    assert day.expected("y") == (25, 30)
    day.delay("x", 4)
    assert day.expected("y") == (27, 32)


def test_delays_add_up_and_cancel_out():
    day = Day()
    day.delay("a", 10)
    day.delay("a", 5)
    assert day.expected("a") == (560, 580)
    day.delay("a", -15)
    assert day.expected("a") == (545, 565)


def test_a_pushed_session_is_delayed_from_where_it_was_pushed_to():
    day = Day()
    day.delay("a", 10)
    day.delay("b", 5)
    assert day.expected("b") == (580, 600)


def test_bringing_forward_stops_at_the_session_before():
    plan = schedule(session("x", 10, 20), session("y", 30, 40), session("z", 40, 50))
    day = Day(plan, at_min=0)
    day.delay("y", -15)
    assert day.expected("y") == (20, 30)
    assert day.expected("z") == (40, 50)


def test_nothing_is_brought_forward_into_the_past():
    plan = schedule(session("x", 10, 20))
    day = Day(plan, at_min=8)
    assert day.delay("x", -5, ok=False).refused.code == "wrong_state"


def test_an_extension_pushes_what_follows():
    day = Day().run_until(546)
    day.extend("a", 5)
    assert day.expected("a") == (545, 570)
    assert day.expected("b") == (570, 590)
    assert day.expected("pause") == (590, 600)


def test_an_extended_break_is_longer():
    day = Day()
    day.extend("pause", 5)
    assert day.expected("pause") == (585, 605)
    assert day.expected("c") == (605, 625)


def test_ending_early_leaves_the_next_where_it_was():
    day = Day().run_until(550)
    day.end("a")
    assert day.expected("a") == (545, 550)
    assert day.expected("b") == (565, 585)
    assert day.due_min("b", "started") == 565


def test_a_skipped_session_pushes_nobody():
    day = Day()
    day.delay("b", 30)
    day.skip("b")
    assert day.expected("c") == (600, 620)


def test_a_session_started_out_of_order_goes_first():
    day = Day().run_until(546)
    day.start("c")
    assert day.state("a") == "ended"
    assert day.expected("c") == (546, 566)
    assert day.expected("b") == (566, 586)
    day.run_until(566)
    assert day.state("b") == "live"


# The preview -------------------------------------------------------------------------------------


def test_the_preview_names_each_session_that_moves():
    day = Day()
    shifts = day.sheet.preview_delay("b", 5, day.now_ms)
    assert [(s.session, s.before_ms // MINUTE_MS, s.after_ms // MINUTE_MS) for s in shifts] == [
        ("b", 565, 570),
        ("pause", 585, 590),
    ]
    assert (shifts[1].before_end_ms, shifts[1].after_end_ms) == (600 * MINUTE_MS,) * 2


def test_a_preview_tells_why_it_is_impossible():
    day = Day().run_until(546)
    assert day.sheet.preview_delay("nobody", 5, day.now_ms).code == "not_found"
    assert day.sheet.preview_delay("a", 5, day.now_ms).code == "wrong_state"


def test_a_delay_that_rests_on_an_old_preview_is_refused():
    day = Day()
    revision = day.sheet.revision
    day.extend("a", 1, if_revision=revision)
    assert day.delay("b", 1, if_revision=revision, ok=False).refused.code == "stale_preview"
    assert day.extend("b", 1, if_revision=revision, ok=False).refused.code == "stale_preview"
    day.delay("b", 1, if_revision=day.sheet.revision)


def test_a_preview_outlives_cues_that_move_nothing():
    day = Day().run_until(534)
    revision = day.sheet.revision
    day.run_until(539)
    assert day.sheet.revision == revision


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
    day.end("a")
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
    day.extend("a", 5)
    assert day.state("a") == "live"
    assert day.expected("a") == (545, 575)
    assert day.due_min("b", "starting_soon:5") is not None
    assert day.sheet.sessions["b"].waiting_for is None
    day.run_until(580)
    assert day.told_of("a").count("overrunning") == 2


def test_an_overrun_can_not_be_extended_into_the_past():
    assert overrunning().extend("a", -1, ok=False).refused.code == "wrong_state"


# The producer's controls -------------------------------------------------------------------------


def test_start_now_ends_what_is_live_and_implies_open_doors():
    day = Day().run_until(550)
    outcome = day.start("b")
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
    day.skip("a")
    assert day.state("a") == "ended"
    assert day.told_of("a")[-1] == "ended"


def test_a_skipped_session_calls_nothing():
    day = Day().run_until(560)
    day.skip("b")
    assert day.state("b") == "skipped"
    assert day.sheet.sessions["b"].qa_open is False
    day.run_until(700)
    assert day.told_of("b") == ["doors_open", "starting_soon:5"]


@pytest.mark.parametrize("control", ["start", "end", "skip"])
def test_what_is_over_takes_no_control(control):
    day = Day().run_until(566)
    assert getattr(day, control)("a", ok=False).refused.code == "wrong_state"
    assert day.extend("a", 5, ok=False).refused.code == "wrong_state"
    assert day.delay("a", 5, ok=False).refused.code == "wrong_state"


@pytest.mark.parametrize("control", ["start", "end", "skip"])
def test_a_session_that_does_not_exist_is_not_found(control):
    assert getattr(Day(), control)("nobody", ok=False).refused.code == "not_found"


def test_a_session_that_has_not_started_can_not_be_ended():
    assert Day().end("a", ok=False).refused.code == "wrong_state"


def test_a_talk_is_not_shortened_to_nothing():
    day = Day()
    assert day.extend("a", -20, ok=False).refused.code == "wrong_state"
    day.extend("a", -19)
    assert day.expected("a") == (545, 546)


def test_a_cue_that_was_called_is_not_called_again_after_a_delay():
    day = Day().run_until(541)
    day.delay("a", 10)
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
    day.start("b")
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
    day.end("a")
    day.run_until(561)
    assert day.sheet.sessions["a"].qa_open is False
    day.undo()
    assert (day.state("a"), day.sheet.sessions["a"].qa_open) == ("live", True)
    day.run_until(580)
    assert day.told_of("a")[-4:] == ["qa_closes", "ending_soon", "ended", "qa_closes"]


def test_what_a_moderator_closed_stays_closed_after_an_undo():
    day = Day().run_until(550)
    day.end("a")
    day.fold(facts.QaClosed(session="a", by="m"))
    day.run_until(561).undo()
    assert day.sheet.sessions["a"].qa_open is False


def test_an_end_is_not_undone_once_the_next_has_started():
    day = Day().run_until(564)
    day.end("a")
    assert day.sheet.last_control().undoable
    day.run_until(565)
    assert not day.sheet.last_control().undoable
    assert day.undo().refused.code == "cannot_undo"


def test_a_start_is_not_undone_once_the_session_has_ended():
    day = Day().run_until(550)
    day.start("b")
    day.run_until(571)
    assert day.undo().refused.code == "cannot_undo"


def test_undoing_a_delay_restores_every_time():
    day = Day()
    before = [day.expected(id) for id in day.sheet.sessions]
    day.delay("a", 30)
    day.undo()
    assert [day.expected(id) for id in day.sheet.sessions] == before


def test_a_delay_is_not_undone_once_the_session_runs():
    day = Day()
    day.delay("a", 1)
    day.run_until(547)
    assert day.undo().refused.code == "cannot_undo"


def test_undoing_a_skip_brings_the_session_back():
    day = Day().run_until(560)
    day.skip("b")
    day.undo()
    assert (day.state("b"), day.sheet.sessions["b"].qa_open) == ("doors_open", True)
    day.run_until(600)
    assert day.told_of("b").count("started") == 1


def test_only_the_last_control_is_undone_and_then_the_one_before_it():
    day = Day()
    day.delay("a", 3)
    day.extend("a", 4)
    assert day.undo("k1").refused.code == "cannot_undo"
    assert day.undo("k2").refused is None
    assert day.undo("k2").refused.code == "cannot_undo"
    assert day.sheet.last_control().undoable
    assert day.undo("k1").refused is None
    assert day.expected("a") == (545, 565)
    assert day.sheet.last_control() is None


def test_an_undone_start_makes_the_end_before_it_undoable_again():
    day = Day().run_until(550)
    day.end("a")
    day.start("b")
    day.undo()
    assert day.undo().refused is None
    assert (day.state("a"), day.state("b")) == ("live", "upcoming")


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
    assert outcome.touched == {Touch("cue", "opening/doors_open")}
    assert day.sheet.due_cues()[0].revision == due.revision + 1


def test_a_call_of_an_old_revision_is_refused_without_harm():
    day = Day().run_until(529)
    due = day.sheet.due_cues()[0]
    day.delay("opening", 5)
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
    assert day.fold(facts.ClockHeld(by="p")).touched == {Touch("clock")}
    assert day.fold(facts.ClockHeld(by="p")).refused.code == "wrong_state"
    assert day.call(due).refused.code == "early_cue"
    day.now_ms += 10 * MINUTE_MS
    day.fold(facts.ClockResumed(by="p"))
    assert day.fold(facts.ClockResumed(by="p")).refused.code == "wrong_state"
    day.run_until(556)
    assert ("a", "started", 545, 0) in day.told


def test_a_hold_shifts_wall_times_only():
    day = Day(mode="rehearsal", from_ms=520 * MINUTE_MS, rate=60, at_min=0)
    revision = day.cue("a", "started").revision
    day.fold(facts.ClockHeld(by="p"))
    day.now_ms += 5000
    day.fold(facts.ClockResumed(by="p"))
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
    day.start("a")
    day.now_ms = 300 * MINUTE_MS
    day.end("a")
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
    day.fold(facts.QaOpened(session="c", by="m"))
    assert day.sheet.sessions["c"].qa_open
    day.fold(facts.QaClosed(session="c", by="m"))
    assert not day.sheet.sessions["c"].qa_open
    assert day.fold(facts.QaOpened(session="nobody", by="m")).refused.code == "not_found"


def test_what_was_closed_by_hand_stays_closed_at_the_start():
    day = Day().run_until(536)
    day.fold(facts.QaClosed(session="a", by="m"))
    day.run_until(546)
    assert not day.sheet.sessions["a"].qa_open


def test_a_session_without_questions_has_none():
    plan = schedule(session("x", 20, 40, qa=QaPolicy(enabled=False)))
    day = Day(plan, at_min=0).run_until(25)
    assert not day.sheet.sessions["x"].qa_open
    assert day.fold(facts.QaOpened(session="x", by="m")).refused.code == "wrong_state"
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
    day.end("a")
    shown.append(day.sheet.stages["main"].showing)
    shown.append(day.run_until(700).sheet.stages["main"].showing)
    assert shown == [None, "opening", "opening", "a", "a", "b", None]


def test_only_a_newer_worker_takes_a_stage_over():
    day = Day()
    assert day.fold(facts.StageHosted(stage="main", generation=2)).touched == {
        Touch("stage", "main")
    }
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
    assert Touch("session", "a") in day.publish_media("a").touched
    assert day.sheet.sessions["a"].publications == {"m": "s"}
    assert day.stop_media("a").refused is None
    assert day.stop_media("a").refused.code == "not_found"


# Publishing a new schedule -----------------------------------------------------------------------


def publish(day, *sessions, **fields):
    return day.fold(facts.SchedulePublished(schedule=schedule(*sessions, **fields)))


def test_a_new_schedule_keeps_what_has_happened():
    day = Day().run_until(550)
    outcome = publish(day, session("a", 545, 570), session("b", 570, 590), session("new", 590, 600))
    assert outcome.refused is None
    assert Touch("event") in outcome.touched
    assert {t.id for t in outcome.touched if t.kind == "session"} == {
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


def test_a_session_that_comes_back_uses_no_key_twice():
    day = Day().run_until(529)
    day.delay("a", 1)
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
    day.delay("c", 5)
    publish(day, session("a", 545, 565))
    assert not day.sheet.last_control().undoable
    assert day.undo().refused.code == "cannot_undo"


# Laws --------------------------------------------------------------------------------------------

ids = st.sampled_from(["opening", "a", "b", "pause", "c", "nobody"])
minutes = st.integers(-30, 40)
actions = st.one_of(
    st.tuples(st.just("run"), st.integers(0, 40)),
    st.tuples(st.just("late"), st.integers(0, 40)),
    st.tuples(st.just("start"), ids),
    st.tuples(st.just("end"), ids),
    st.tuples(st.just("skip"), ids),
    st.tuples(st.just("delay"), ids, minutes),
    st.tuples(st.just("extend"), ids, minutes),
    st.tuples(st.just("undo")),
    st.tuples(st.just("hold")),
    st.tuples(st.just("resume")),
    st.tuples(st.just("publish"), ids),
    st.tuples(st.just("unpublish"), ids),
    st.tuples(st.just("qa"), ids, st.booleans()),
)


def act(day, action):
    name, *rest = action
    if name == "run":
        day.run_until(day.now_ms / MINUTE_MS + rest[0])
    elif name == "late":
        day.now_ms += rest[0] * MINUTE_MS
    elif name in ("hold", "resume"):
        day.fold((facts.ClockHeld if name == "hold" else facts.ClockResumed)(by="p"))
    elif name == "undo":
        day.fold(facts.ControlUndone(control=f"k{day.controls}", by="p"))
    elif name == "publish":
        day.publish_media(rest[0])
    elif name == "unpublish":
        day.stop_media(rest[0])
    elif name == "qa":
        day.fold((facts.QaOpened if rest[1] else facts.QaClosed)(session=rest[0], by="m"))
    else:
        control(day, name, *rest)


def control(day, name, session, minutes=None):
    day.controls += 1
    kind = {
        "start": facts.SessionStarted,
        "end": facts.SessionEnded,
        "skip": facts.SessionSkipped,
        "delay": facts.SessionDelayed,
        "extend": facts.SessionExtended,
    }[name]
    more = {} if minutes is None else {"minutes": minutes}
    return day.fold(kind(session=session, control=f"k{day.controls}", by="p", **more))


def copy(sheet):
    return msgspec.msgpack.decode(msgspec.msgpack.encode(sheet), type=RunSheet)


def shown(sheet):
    """Everything about the sheet that some channel shows, by the touch that announces it."""
    views = {
        Touch("clock"): msgspec.to_builtins(sheet.clock),
        Touch("controls"): msgspec.to_builtins(sheet.last_control()),
    }
    for run in sheet.sessions.values():
        plain = msgspec.to_builtins(run)
        for hidden in ("cues", "unpublished_ms", "delay_ms", "extension_ms"):
            del plain[hidden]
        views[Touch("session", run.id)] = plain
        for name, cue in run.cues.items():
            plain = msgspec.to_builtins(cue)
            del plain["armed"]
            views[Touch("cue", f"{run.id}/{name}")] = plain
    for id, stage in sheet.stages.items():
        views[Touch("stage", id)] = (stage.generation, stage.showing)
    return views


@settings(max_examples=150, deadline=None)
@given(st.lists(actions, max_size=25))
def test_laws_of_the_run_sheet(script):
    day = Day()
    fold = day.fold

    def checked_fold(fact):
        before, twin = shown(day.sheet), copy(day.sheet)
        outcome = fold(fact)
        after = shown(day.sheet)
        changed = {touch for touch in after if before[touch] != after[touch]}
        assert changed <= outcome.touched  # nothing changes unsaid
        assert twin.apply(fact, day.now_ms) == outcome  # a snapshot goes on as the state does
        assert twin == day.sheet
        assert twin.due_cues() == day.sheet.due_cues()
        return outcome

    day.fold = checked_fold
    for action in script:
        act(day, action)
        check_invariants(day.sheet)


def check_invariants(sheet):
    live = [run for run in sheet.sessions.values() if run.live]
    assert len(live) <= 1
    to_come = [run for run in sheet.sessions.values() if run.to_come]
    for earlier, later in pairwise(to_come):
        assert earlier.expected_end_ms <= later.expected_start_ms
    for run in sheet.sessions.values():
        assert run.expected_start_ms <= run.expected_end_ms
        if run.over:
            assert not any(cue.pending for name, cue in run.cues.items() if name != "qa_closes")


@settings(max_examples=150, deadline=None)
@given(st.lists(actions, max_size=12), ids, minutes)
def test_publishing_a_delay_does_what_its_preview_said(script, session, by_min):
    day = Day()
    for action in script:
        act(day, action)
    before = {run.id: span(run) for run in day.sheet.sessions.values()}
    twin = copy(day.sheet)
    preview = day.sheet.preview_delay(session, by_min, day.now_ms)
    assert day.sheet == twin
    outcome = control(day, "delay", session, by_min)
    if isinstance(preview, Refusal):
        assert outcome.refused == preview
        return
    after = {run.id: span(run) for run in day.sheet.sessions.values()}
    assert {s.session: (s.before_ms, s.before_end_ms) for s in preview} == {
        id: before[id] for id in before if before[id] != after[id]
    }
    assert {s.session: (s.after_ms, s.after_end_ms) for s in preview} == {
        id: after[id] for id in before if before[id] != after[id]
    }


def span(run):
    return run.expected_start_ms, run.expected_end_ms


@settings(max_examples=150, deadline=None)
@given(st.lists(actions, max_size=12), st.sampled_from(["start", "end", "skip"]), ids, minutes)
def test_undoing_at_once_restores_every_state_and_time(script, name, session, by_min):
    day = Day()
    for action in script:
        act(day, action)
    before = [visible(run) for run in day.sheet.sessions.values()]
    args = (session, by_min) if name in ("delay", "extend") else (session,)
    if control(day, name, *args).refused is None:
        assert day.undo().refused is None
    assert [visible(run) for run in day.sheet.sessions.values()] == before


def visible(run):
    plain = msgspec.to_builtins(run)
    plain["cues"] = {
        name: (cue.due_ms, cue.called_ms, cue.dropped) for name, cue in run.cues.items()
    }
    return plain
