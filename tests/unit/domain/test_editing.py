"""The producer's edits of the run sheet: move, swap, cancel, replace a speaker, insert a break."""

from __future__ import annotations

import msgspec
import pytest

from showcaller.domain import facts
from showcaller.domain.schedule import MINUTE_MS, Speaker
from showcaller.testing.day import SCHEDULE, Day
from showcaller.testing.schedules import schedule, session

TWO_STAGES = schedule(
    session("a", 540, 560, speakers=("ada",)),
    session("b", 560, 600, speakers=("bob",)),
    session("c", 600, 620),
    session("x", 540, 570, stage="side"),
    session("y", 630, 650, stage="side"),
    speakers=(Speaker(id="ada", name="Ada"), Speaker(id="bob", name="Bob")),
)
GUEST = Speaker(id="guest-1", name="Cyd")


def move(day, id, stage, at_min, **more):
    return day.control("move", id, stage=stage, starts_at_ms=at_min * MINUTE_MS, **more)


def insert_break(day, at_min, *, stage="main", minutes=10, id="tea"):
    more = {"stage": stage, "starts_at_ms": at_min * MINUTE_MS}
    return day.control("break", id, title="Tea", minutes=minutes, **more)


def stage_of(day, id):
    return day.sheet.plan(id).stage


# Moving ------------------------------------------------------------------------------------------


def test_a_session_moves_to_a_gap_of_another_stage_and_closes_none_behind_it():
    day = Day(TWO_STAGES)
    assert move(day, "a", "side", 600).refused is None
    assert (stage_of(day, "a"), day.expected("a")) == ("side", (600, 620))
    assert (day.expected("b"), day.expected("y")) == ((560, 600), (630, 650))
    assert day.sheet.scheduled("a") == TWO_STAGES.sessions[0]


def test_what_comes_after_a_moved_session_is_pushed_and_its_cues_with_it():
    day = Day(TWO_STAGES)
    move(day, "a", "side", 620)
    assert day.expected("y") == (640, 660)
    assert day.due_min("y", "started") is None or day.due_min("y", "started") == 640
    day.run_until(700)
    assert [told.session for told in day.told if told.cue == "started"] == list("xbcay")


def test_a_session_may_come_between_two_that_follow_at_once():
    day = Day(TWO_STAGES)
    move(day, "y", "main", 560)
    assert [day.expected(id) for id in "aybc"] == [(540, 560), (560, 580), (580, 620), (620, 640)]
    day.run_until(700)
    assert [told.session for told in day.told if told.cue == "started"] == list("axybc")


def test_those_that_come_between_the_same_two_are_in_order_of_their_times():
    day = Day(TWO_STAGES)
    move(day, "y", "main", 560)
    insert_break(day, 580)
    insert_break(day, 560, id="stretch")
    order = [plan.id for plan in day.sheet.on_stage("main")]
    assert order == ["a", "stretch", "y", "tea", "b", "c"]
    assert day.expected("b") == (595, 635)  # tea gave five minutes


def test_an_overlap_by_mistake_is_told_from_one_that_is_meant():
    day = Day(TWO_STAGES)
    refused = move(day, "y", "main", 570).refused
    assert (refused.code, "Talk b" in refused.message) == ("overlap", True)
    assert move(day, "y", "main", 570, beside=True).refused is None
    assert (day.expected("y"), day.expected("b")) == ((570, 590), (560, 600))
    day.run_until(575)
    assert (day.state("y"), day.state("b")) == ("live", "live")


def test_a_moved_session_follows_where_others_are_expected_now():
    day = Day(TWO_STAGES)
    day.control("delay", "b", minutes=15)
    assert move(day, "y", "main", 570).refused is None  # before b, which is scheduled for 560
    assert (day.expected("y"), day.expected("b")) == ((570, 590), (590, 630))


@pytest.mark.parametrize(
    ("id", "stage", "at_min", "code"),
    [
        ("a", "side", 600, "wrong_state"),  # it runs
        ("b", "side", 500, "past"),
        ("b", "cellar", 600, "not_found"),
        ("nobody", "side", 600, "not_found"),
    ],
)
def test_what_can_not_be_moved(id, stage, at_min, code):
    assert move(Day(TWO_STAGES).run_until(545), id, stage, at_min).refused.code == code


def test_a_session_in_whose_green_room_somebody_is_keeps_its_stage():
    day = Day(TWO_STAGES).run_until(555)
    day.publish_media("b")
    assert move(day, "b", "side", 600).refused.code == "wrong_state"
    assert move(day, "b", "main", 565).refused is None


def test_an_edit_that_rests_on_an_old_preview_is_refused():
    day = Day(TWO_STAGES)
    revision = day.sheet.revision
    day.control("delay", "c", minutes=5)
    assert move(day, "a", "side", 600, if_revision=revision).refused.code == "stale_preview"


def test_the_preview_names_who_leaves_a_stage_and_who_is_pushed_there():
    day = Day(TWO_STAGES)
    shifts = day.preview("move", "a", stage="side", starts_at_ms=620 * MINUTE_MS)
    assert [(one.session, one.before_stage, one.after_stage) for one in shifts] == [
        ("a", "main", "side"),
        ("y", "side", "side"),
    ]
    assert day.expected("y") == (630, 650)


# Swapping ----------------------------------------------------------------------------------------


def test_swapped_talks_keep_their_lengths_and_push_what_is_between():
    day = Day(schedule(session("a", 540, 560), session("m", 560, 570), session("b", 570, 610)))
    day.control("swap", "a", other="b")
    assert [day.expected(id) for id in "bma"] == [(540, 580), (580, 590), (590, 610)]


def test_swapped_talks_take_over_each_others_stages_and_delays():
    day = Day(TWO_STAGES)
    day.control("delay", "b", minutes=10)
    day.control("swap", "b", other="x")
    assert (stage_of(day, "b"), day.expected("b")) == ("side", (540, 580))
    assert (stage_of(day, "x"), day.expected("x")) == ("main", (570, 600))


def test_swapping_twice_leaves_nothing_behind():
    day = Day(TWO_STAGES)
    before = msgspec.to_builtins(day.sheet.sessions)
    for _ in range(2):
        day.control("swap", "a", other="y")
    after = msgspec.to_builtins(day.sheet.sessions)
    for runs in (before, after):
        for run in runs.values():
            run["cues"] = {name: cue["due_ms"] for name, cue in run["cues"].items()}
    assert after == before


@pytest.mark.parametrize(("one", "other"), [("a", "b"), ("b", "a"), ("b", "b"), ("b", "nobody")])
def test_what_can_not_be_swapped(one, other):
    assert Day(TWO_STAGES).run_until(545).control("swap", one, other=other).refused


# Cancelling --------------------------------------------------------------------------------------


def test_a_cancelled_session_says_why_and_can_be_reopened():
    day = Day(TWO_STAGES)
    day.control("cancel", "b", note="The speaker is ill.")
    assert (day.state("b"), day.sheet.sessions["b"].note) == ("skipped", "The speaker is ill.")
    day.control("reopen", "b")
    assert (day.state("b"), day.sheet.sessions["b"].note) == ("upcoming", "")
    day.undo()
    assert (day.state("b"), day.sheet.sessions["b"].note) == ("skipped", "The speaker is ill.")
    day.undo()
    assert (day.state("b"), day.sheet.sessions["b"].note) == ("upcoming", "")


def test_what_is_live_can_not_be_cancelled():
    day = Day(TWO_STAGES).run_until(545)
    assert day.control("cancel", "a", note="Ill").refused.code == "wrong_state"


# Speakers and breaks -----------------------------------------------------------------------------


def test_a_guest_speaks_in_anothers_place_until_that_is_undone():
    day = Day(TWO_STAGES)
    day.control("speaker", "a", speaker="ada", other=GUEST.id, guest=GUEST)
    assert day.sheet.plan("a").speakers == (GUEST.id,)
    assert day.sheet.scheduled("a").speakers == ("ada",)
    assert list(day.sheet.guests.values()) == [GUEST]
    day.undo()
    assert (day.sheet.plan("a").speakers, day.sheet.guests) == (("ada",), {})


@pytest.mark.parametrize(
    ("speaker", "other", "code"),
    [("bob", "ada", "not_found"), ("ada", "ada", "wrong_state"), ("ada", "zoe", "not_found")],
)
def test_who_can_not_be_replaced(speaker, other, code):
    found = Day(TWO_STAGES).control("speaker", "a", speaker=speaker, other=other)
    assert found.refused.code == code


def test_an_inserted_break_pushes_and_shrinks_like_any_other():
    day = Day(TWO_STAGES)
    insert_break(day, 560)
    assert (day.expected("tea"), day.expected("b")) == ((560, 570), (570, 610))
    day.control("delay", "a", minutes=8)
    assert (day.expected("tea"), day.expected("b")) == ((568, 573), (573, 613))
    day.run_until(700)
    assert [told.session for told in day.told if told.cue == "started"] == ["x", "a", "tea", *"bcy"]


def test_a_break_in_a_gap_has_its_whole_length():
    day = Day(TWO_STAGES)
    insert_break(day, 600, stage="side", minutes=15)
    assert day.expected("tea") == (600, 615)


def test_an_undone_break_is_gone_and_its_cues_keys_are_not_used_again():
    day = Day(TWO_STAGES)
    insert_break(day, 560)
    day.undo()
    assert "tea" not in day.sheet.sessions
    assert day.expected("b") == (560, 600)
    insert_break(day, 560)
    assert day.cue("tea", "started").revision > 1


# Another schedule --------------------------------------------------------------------------------


def publish(day, plan):
    return day.fold(facts.SchedulePublished(schedule=plan))


def test_an_edit_outlives_a_new_schedule_that_says_the_same_of_its_session():
    day = Day(TWO_STAGES)
    move(day, "a", "side", 600)
    insert_break(day, 600)
    others = [plan for plan in TWO_STAGES.sessions if plan.id != "x"]
    publish(day, schedule(*others))
    assert (stage_of(day, "a"), day.expected("a")) == ("side", (600, 620))
    assert day.expected("tea") == (600, 610)


def test_a_new_schedule_that_moves_a_session_counts_more_than_an_edit_before():
    day = Day(TWO_STAGES)
    move(day, "a", "side", 600)
    others = [plan for plan in TWO_STAGES.sessions if plan.id != "a"]
    publish(day, schedule(*others, session("a", 525, 535)))
    assert (stage_of(day, "a"), day.expected("a")) == ("main", (525, 535))
    assert not day.sheet.last_control().undoable


def test_a_moved_session_that_runs_keeps_its_stage_and_length():
    day = Day(TWO_STAGES)
    move(day, "a", "side", 600)
    day.run_until(605)
    assert publish(day, schedule(*TWO_STAGES.sessions)).refused is None
    assert (stage_of(day, "a"), day.state("a"), day.expected("a")) == ("side", "live", (600, 620))
    no_side = [plan for plan in TWO_STAGES.sessions if plan.stage == "main"]
    assert publish(day, schedule(*no_side)).refused.code == "wrong_state"


# Undoing -----------------------------------------------------------------------------------------


def test_an_edit_can_be_undone_until_its_session_starts():
    day = Day(SCHEDULE)
    move(day, "c", "main", 545)
    day.run_until(546)
    assert day.state("c") == "live"
    assert day.undo().refused.code == "cannot_undo"
