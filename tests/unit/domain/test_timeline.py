"""Expected times, and the preview of a delay."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from showcaller.domain.schedule import MINUTE_MS
from showcaller.testing.day import Day
from showcaller.testing.schedules import schedule, session

# Expected times ----------------------------------------------------------------------------------


def test_a_delay_pushes_what_follows_and_a_break_absorbs_it():
    day = Day()
    day.control("delay", "a", minutes=7)
    assert day.expected("a") == (552, 572)
    assert day.expected("b") == (572, 592)
    assert day.expected("pause") == (592, 600)
    assert day.expected("c") == (600, 620)


def test_a_break_keeps_its_minimum():
    day = Day()
    day.control("delay", "a", minutes=14)
    assert day.expected("pause") == (599, 604)
    assert day.expected("c") == (604, 624)


def test_a_break_shorter_than_the_default_minimum_keeps_its_own_duration():
    plan = schedule(session("x", 10, 20), session("p", 20, 23, kind="break"))
    day = Day(plan, at_min=0)
    day.control("delay", "x", minutes=9)
    assert day.expected("p") == (29, 32)


def test_a_breaks_own_minimum_counts():
    plan = schedule(session("x", 10, 20), session("p", 20, 40, kind="break", min_duration_min=15))
    day = Day(plan, at_min=0)
    day.control("delay", "x", minutes=9)
    assert day.expected("p") == (29, 44)


def test_a_gap_absorbs_a_delay():
    plan = schedule(session("x", 10, 20), session("y", 25, 30))
    day = Day(plan, at_min=0)
    day.control("delay", "x", minutes=3)
    assert day.expected("y") == (25, 30)
    day.control("delay", "x", minutes=4)
    assert day.expected("y") == (27, 32)


def test_delays_add_up_and_cancel_out():
    day = Day()
    day.control("delay", "a", minutes=10)
    day.control("delay", "a", minutes=5)
    assert day.expected("a") == (560, 580)
    day.control("delay", "a", minutes=-15)
    assert day.expected("a") == (545, 565)


def test_a_pushed_session_is_delayed_from_where_it_was_pushed_to():
    day = Day()
    day.control("delay", "a", minutes=10)
    day.control("delay", "b", minutes=5)
    assert day.expected("b") == (580, 600)


def test_bringing_forward_stops_at_the_session_before():
    plan = schedule(session("x", 10, 20), session("y", 30, 40), session("z", 40, 50))
    day = Day(plan, at_min=0)
    day.control("delay", "y", minutes=-15)
    assert day.expected("y") == (20, 30)
    assert day.expected("z") == (40, 50)


def test_nothing_is_brought_forward_into_the_past():
    plan = schedule(session("x", 10, 20))
    day = Day(plan, at_min=8)
    assert day.control("delay", "x", minutes=-5).refused.code == "wrong_state"


def test_an_extension_pushes_what_follows():
    day = Day().run_until(546)
    day.control("extend", "a", minutes=5)
    assert day.expected("a") == (545, 570)
    assert day.expected("b") == (570, 590)
    assert day.expected("pause") == (590, 600)


def test_an_extended_break_is_longer():
    day = Day()
    day.control("extend", "pause", minutes=5)
    assert day.expected("pause") == (585, 605)
    assert day.expected("c") == (605, 625)


def test_ending_early_leaves_the_next_where_it_was():
    day = Day().run_until(550)
    day.control("end", "a")
    assert day.expected("a") == (545, 550)
    assert day.expected("b") == (565, 585)
    assert day.due_min("b", "started") == 565
    assert day.cue("a", "ending_soon").dropped


def test_a_skipped_session_pushes_nobody():
    day = Day()
    day.control("delay", "b", minutes=30)
    day.control("skip", "b")
    assert day.expected("c") == (600, 620)


def test_a_session_started_out_of_order_goes_first():
    day = Day().run_until(546)
    day.control("start", "c")
    assert day.state("a") == "ended"
    assert day.expected("c") == (546, 566)
    assert day.expected("b") == (566, 586)
    day.run_until(566)
    assert day.state("b") == "live"


# Side by side ------------------------------------------------------------------------------------

WORKSHOPS = schedule(
    session("w1", 540, 600),
    session("w2", 540, 600),
    session("w3", 540, 660),
    session("z", 600, 630),
)
OPEN_SPACE = schedule(
    session("open", 600, 1080),
    session("a", 660, 690),
    session("b", 840, 870),
    session("z", 1080, 1090),
)


@pytest.mark.parametrize("plan", [WORKSHOPS, OPEN_SPACE])
def test_sessions_planned_side_by_side_are_expected_as_planned(plan):
    day = Day(plan, at_min=500)
    for one in plan.sessions:
        planned = (one.starts_at_ms / MINUTE_MS, one.ends_at_ms / MINUTE_MS)
        assert day.expected(one.id) == planned


def test_sessions_planned_side_by_side_start_and_end_by_themselves():
    day = Day(WORKSHOPS, at_min=500).run_until(545)
    assert day.states() == ["live", "live", "live", "upcoming"]
    day.run_until(601)
    assert day.states() == ["ended", "ended", "live", "live"]
    day.run_until(660)
    assert day.states() == ["ended"] * 4


def test_only_what_was_planned_after_a_session_waits_for_it():
    day = Day(WORKSHOPS, at_min=500)
    day.control("delay", "w1", minutes=30)
    assert day.expected("w2") == (540, 600)
    assert day.expected("w3") == (540, 660)
    assert day.expected("z") == (630, 660)


def test_an_overrun_holds_up_what_follows_and_nothing_beside_it():
    day = Day(WORKSHOPS, at_min=500).run_until(545)
    day.publish_media("w1")
    day.run_until(610)
    assert day.state("w1") == "overrunning"
    assert (day.state("w3"), day.state("z")) == ("live", "doors_open")
    assert day.sheet.sessions["z"].waiting_for == "w1"
    assert day.sheet.sessions["w3"].waiting_for is None
    day.control("end", "w1")
    assert day.run_until(611).state("z") == "live"


def test_starting_a_session_ends_no_session_beside_it():
    day = Day(WORKSHOPS, at_min=500).run_until(545)
    day.control("start", "z")
    assert day.states() == ["ended", "ended", "live", "live"]
    assert day.undo().refused is None
    assert day.states() == ["live", "live", "live", "upcoming"]


def test_the_stage_shows_the_live_session_that_publishes_or_else_started_last():
    day = Day(OPEN_SPACE, at_min=560).run_until(605)
    stage = day.sheet.stages["main"]
    assert stage.showing == "open"
    day.run_until(665)
    assert stage.showing == "a"
    day.publish_media("open")
    assert stage.showing == "open"
    day.publish_media("a", "n")
    assert stage.showing == "a"
    day.stop_media("a", "n")
    day.run_until(700)
    assert stage.showing == "open"


places = st.tuples(st.integers(0, 300), st.integers(1, 120))


@given(st.lists(places, min_size=1, max_size=12))
def test_whatever_the_plan_everything_is_expected_as_planned_before_it_begins(found):
    plan = schedule(*(session(f"s{i}", a, a + length) for i, (a, length) in enumerate(found)))
    day = Day(plan, at_min=-200)
    for one in plan.sessions:
        planned = (one.starts_at_ms / MINUTE_MS, one.ends_at_ms / MINUTE_MS)
        assert day.expected(one.id) == planned


@given(st.lists(places, min_size=1, max_size=12))
def test_whatever_the_plan_everything_runs_as_planned_where_nobody_interferes(found):
    plan = schedule(*(session(f"s{i}", a, a + length) for i, (a, length) in enumerate(found)))
    day = Day(plan, at_min=-200).run_until(500)
    for one in plan.sessions:
        run = day.sheet.sessions[one.id]
        assert (run.actual_start_ms, run.actual_end_ms) == (one.starts_at_ms, one.ends_at_ms)


@given(st.lists(places, min_size=2, max_size=12), st.integers(0, 11), st.integers(1, 240))
def test_a_delay_moves_only_what_was_planned_to_follow(found, which, by_min):
    plan = schedule(*(session(f"s{i}", a, a + length) for i, (a, length) in enumerate(found)))
    day = Day(plan, at_min=-200)
    late = plan.sessions[which % len(found)]
    day.control("delay", late.id, minutes=by_min)
    for one in plan.sessions:
        run = day.sheet.sessions[one.id]
        if one.starts_at_ms < late.ends_at_ms and one is not late:
            assert run.expected_start_ms == one.starts_at_ms
        for other in plan.sessions:
            if other.ends_at_ms <= one.starts_at_ms:
                assert day.sheet.sessions[other.id].expected_end_ms <= run.expected_start_ms


# The preview -------------------------------------------------------------------------------------


def test_the_preview_names_each_session_that_moves():
    day = Day()
    shifts = day.preview("delay", "b", minutes=5)
    assert [(s.session, s.before_ms // MINUTE_MS, s.after_ms // MINUTE_MS) for s in shifts] == [
        ("b", 565, 570),
        ("pause", 585, 590),
    ]
    assert (shifts[1].before_end_ms, shifts[1].after_end_ms) == (600 * MINUTE_MS,) * 2


def test_a_preview_tells_why_it_is_impossible():
    day = Day().run_until(546)
    assert day.preview("delay", "nobody", minutes=5).code == "not_found"
    assert day.preview("delay", "a", minutes=5).code == "wrong_state"


def test_a_delay_that_rests_on_an_old_preview_is_refused():
    day = Day()
    revision = day.sheet.revision
    day.control("extend", "a", minutes=1, if_revision=revision)
    assert (
        day.control("delay", "b", minutes=1, if_revision=revision).refused.code == "stale_preview"
    )
    assert (
        day.control("extend", "b", minutes=1, if_revision=revision).refused.code == "stale_preview"
    )
    day.control("delay", "b", minutes=1, if_revision=day.sheet.revision)


def test_a_preview_outlives_cues_that_move_nothing():
    day = Day().run_until(534)
    revision = day.sheet.revision
    day.run_until(539)
    assert day.sheet.revision == revision
