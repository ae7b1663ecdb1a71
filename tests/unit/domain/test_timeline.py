"""Expected times, and the preview of a delay."""

from __future__ import annotations

from showcaller.domain.producing import preview_delay
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


# The preview -------------------------------------------------------------------------------------


def test_the_preview_names_each_session_that_moves():
    day = Day()
    shifts = preview_delay(day.sheet, "b", 5, day.now_ms)
    assert [(s.session, s.before_ms // MINUTE_MS, s.after_ms // MINUTE_MS) for s in shifts] == [
        ("b", 565, 570),
        ("pause", 585, 590),
    ]
    assert (shifts[1].before_end_ms, shifts[1].after_end_ms) == (600 * MINUTE_MS,) * 2


def test_a_preview_tells_why_it_is_impossible():
    day = Day().run_until(546)
    assert preview_delay(day.sheet, "nobody", 5, day.now_ms).code == "not_found"
    assert preview_delay(day.sheet, "a", 5, day.now_ms).code == "wrong_state"


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
