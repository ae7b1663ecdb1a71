"""Catching up by the schedule's rule: breaks give first, then later talks, each down to a minimum."""

from __future__ import annotations

from itertools import pairwise

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from showcaller.domain.schedule import MINUTE_MS, CatchUpPolicy
from showcaller.testing.day import Day
from showcaller.testing.schedules import schedule, session

GIVE_5 = CatchUpPolicy(talks_give_min=5, talks_keep_min=15)
PLAN = schedule(
    session("a", 540, 560),
    session("b", 560, 580),
    session("pause", 580, 590, kind="break"),  # gives five minutes
    session("c", 590, 610),
    session("d", 610, 630),
    catch_up=GIVE_5,
)


def given_min(day, id):
    return day.sheet.sessions[id].given_ms / MINUTE_MS


def test_what_the_break_absorbs_costs_no_talk_anything():
    day = Day(PLAN)
    day.control("extend", "a", minutes=5)
    assert [day.expected(id) for id in ("b", "pause", "c")] == [(565, 585), (585, 590), (590, 610)]


def test_the_next_talks_give_the_rest_one_after_another():
    day = Day(PLAN)
    day.control("extend", "a", minutes=12)
    assert day.expected("b") == (572, 587)  # 12 late, 5 for the break, so 7 to give: 5 of them
    assert day.expected("pause") == (587, 592)
    assert day.expected("c") == (592, 610)
    assert day.expected("d") == (610, 630)


def test_no_talk_is_left_with_less_than_its_minimum():
    plan = schedule(
        session("a", 540, 560),
        session("short", 560, 577),
        session("own", 577, 597, min_duration_min=19),
        session("last", 597, 617),
        catch_up=GIVE_5,
    )
    day = Day(plan)
    day.control("extend", "a", minutes=20)
    assert [given_min(day, id) for id in ("short", "own", "last")] == [2, 1, 5]


def test_a_length_set_by_hand_stays():
    day = Day(PLAN)
    day.control("extend", "a", minutes=30)
    assert day.expected("b") == (590, 605)
    day.control("extend", "b", minutes=3)
    assert day.expected("b") == (590, 608)
    day.undo()
    assert day.expected("b") == (590, 605)


def test_a_talk_that_has_begun_keeps_what_it_was_promised():
    day = Day(PLAN).run_until(541)
    day.control("extend", "a", minutes=30)
    day.run_until(591)
    assert (day.state("b"), day.expected("b")) == ("live", (590, 605))
    day.catch_up(on=False)
    assert day.expected("b") == (590, 605)
    assert given_min(day, "c") == 0


def test_the_producer_switches_the_rule_and_a_preview_shows_what_it_would_do():
    day = Day(
        msgspec.structs.replace(PLAN, catch_up=CatchUpPolicy(talks_give_min=5, at_first=False))
    )
    day.control("extend", "a", minutes=12)
    assert day.expected("d") == (617, 637)
    revision = day.sheet.revision
    assert day.catch_up().refused is None
    assert (day.expected("d"), day.sheet.revision) == ((610, 630), revision + 1)
    assert day.catch_up().refused.code == "wrong_state"


def test_without_a_rule_there_is_nothing_to_switch():
    assert Day(msgspec.structs.replace(PLAN, catch_up=CatchUpPolicy())).catch_up().refused


@pytest.mark.parametrize("kind", ["opening", "closing"])
def test_only_talks_give(kind):
    plan = schedule(session("a", 540, 560), session("b", 560, 580, kind=kind), catch_up=GIVE_5)
    day = Day(plan)
    day.control("extend", "a", minutes=10)
    assert day.expected("b") == (570, 590)


pieces = st.lists(
    st.tuples(st.sampled_from(["talk", "talk", "break"]), st.integers(5, 40), st.integers(0, 10)),
    min_size=2,
    max_size=8,
)


@settings(max_examples=200, deadline=None)
@given(pieces, st.integers(0, 60), st.integers(1, 15), st.integers(1, 30))
def test_laws_of_catching_up(found, late_min, give_min, keep_min):
    sessions, at = [session("first", 540, 560)], 560
    for number, (kind, minutes, gap) in enumerate(found):
        sessions.append(session(f"s{number}", at + gap, at + gap + minutes, kind=kind))
        at += gap + minutes
    rule = CatchUpPolicy(talks_give_min=give_min, talks_keep_min=keep_min)
    day, without = Day(schedule(*sessions, catch_up=rule)), Day(schedule(*sessions))
    for one in (day, without):
        one.control("extend", "first", minutes=late_min)
    plans = day.sheet.on_stage("main")
    for place, plan in enumerate(plans[1:], start=1):
        (starts, ends), (_, ends_without) = day.expected(plan.id), without.expected(plan.id)
        planned = (plan.ends_at_ms - plan.starts_at_ms) / MINUTE_MS
        assert starts >= plan.starts_at_ms / MINUTE_MS  # nothing is brought forward
        assert ends <= ends_without  # nothing gets later by it
        gives = given_min(day, plan.id)
        assert gives <= give_min
        assert gives == 0 or (plan.kind == "talk" and planned - gives >= keep_min)
        if gives:
            check_breaks_gave_first(day, plans[place:])


def check_breaks_gave_first(day, plans):
    """After a talk that gives, no gap is left, and every break is as short as it may be."""
    for one, after in pairwise(plans):
        assert day.expected(one.id)[1] == day.expected(after.id)[0]
        if after.kind == "break":
            starts, ends = day.expected(after.id)
            full = (after.ends_at_ms - after.starts_at_ms) / MINUTE_MS
            assert ends - starts == min(5, full)
