"""Favourites, and the laws of reminders: nobody twice, nobody of what moved, is skipped or began long ago."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from showcaller.domain import facts
from showcaller.domain.favourites import BEGUN_WITHIN_MS, CLAIMED, lead_ms
from showcaller.domain.schedule import MINUTE_MS
from showcaller.domain.state import State
from showcaller.testing.random_history import RandomHistory
from showcaller.testing.schedules import schedule, session

TALK_MS = 540 * MINUTE_MS  # when it starts, as scheduled
PLAN = schedule(session("talk", 540, 560), session("next", 560, 580))


class Show:
    """A short event whose log grows; its people are reminded five minutes before a talk."""

    def __init__(self):
        self.state = State(event_id="event")
        self.fold(TALK_MS - 60 * MINUTE_MS, facts.RunStarted(run="r", salt="s", schedule=PLAN))

    def fold(self, at_ms, fact):
        return self.state.apply(self.state.folded + 1, at_ms, fact)

    def star(self, person, on=True, session="talk"):
        at_ms = TALK_MS - 30 * MINUTE_MS
        return self.fold(at_ms, facts.SessionStarred(person=person, session=session, on=on))

    def control(self, at_ms, kind, session="talk", **more):
        fact = kind(session=session, control=f"c{self.state.folded}", by="pro", **more)
        assert self.fold(at_ms, fact).refused is None

    def due(self, at_ms):
        found = self.state.favourites.due(self.state.runsheet, at_ms)
        return [(one.session, one.reminder, one.people) for one in found]

    def claim(self, at_ms, *people, reminder="soon", node="one"):
        claimed = facts.RemindersClaimed(
            session="talk", reminder=reminder, people=people, node=node
        )
        return self.fold(at_ms, claimed).reminded


@pytest.fixture
def show():
    return Show()


def test_a_star_is_there_until_it_is_taken_away(show):
    show.star("ada")
    assert show.state.favourites.of("ada") == ["talk"]
    show.star("ada", on=False)
    assert show.state.favourites.of("ada") == []


def test_what_is_not_on_the_schedule_gets_no_star(show):
    assert show.star("ada", session="none").refused.code == "not_found"


def test_people_are_reminded_five_minutes_before_and_when_it_begins(show):
    show.star("ada")
    assert show.due(TALK_MS - 5 * MINUTE_MS - 1) == []
    assert show.due(TALK_MS - 5 * MINUTE_MS) == [("talk", "soon", ["ada"])]
    show.control(TALK_MS, facts.SessionStarted)
    assert show.due(TALK_MS) == [("talk", "begun", ["ada"])]
    assert show.due(TALK_MS + BEGUN_WITHIN_MS) == []


def test_two_nodes_that_claim_at_once_remind_everybody_once(show):
    for person in ("ada", "bob"):
        show.star(person)
    at_ms = TALK_MS - 5 * MINUTE_MS
    assert show.claim(at_ms, "ada", "bob", "eve", node="one") == ["ada", "bob"]
    assert show.claim(at_ms, "ada", "bob", node="two") == []
    assert show.due(at_ms) == []


def test_a_delay_moves_a_reminder(show):
    show.star("ada")
    show.control(TALK_MS - 10 * MINUTE_MS, facts.SessionDelayed, minutes=7)
    assert show.due(TALK_MS - 5 * MINUTE_MS) == []
    assert show.claim(TALK_MS - 5 * MINUTE_MS, "ada") == []  # by a node that had not heard of it
    assert show.due(TALK_MS + 2 * MINUTE_MS) == [("talk", "soon", ["ada"])]


def test_who_was_reminded_before_a_delay_is_not_reminded_again(show):
    show.star("ada")
    assert show.claim(TALK_MS - 4 * MINUTE_MS, "ada") == ["ada"]
    show.control(TALK_MS - 3 * MINUTE_MS, facts.SessionDelayed, minutes=30)
    assert show.due(TALK_MS + 26 * MINUTE_MS) == []


def test_nobody_is_reminded_of_what_is_skipped(show):
    show.star("ada")
    show.control(TALK_MS - 6 * MINUTE_MS, facts.SessionSkipped)
    assert show.due(TALK_MS - 4 * MINUTE_MS) == []
    assert show.claim(TALK_MS - 4 * MINUTE_MS, "ada") == []


def test_taking_a_star_away_and_giving_it_again_reminds_nobody_twice(show):
    show.star("ada")
    show.claim(TALK_MS - 5 * MINUTE_MS, "ada")
    show.star("ada", on=False)
    show.star("ada")
    assert show.due(TALK_MS - 4 * MINUTE_MS) == []


def test_an_erased_person_has_no_favourites_and_is_not_reminded(show):
    show.star("ada")
    show.fold(TALK_MS - 20 * MINUTE_MS, facts.PersonErased(person="ada", by="pro"))
    assert show.state.favourites.of("ada") == []
    assert show.claim(TALK_MS - 5 * MINUTE_MS, "ada") == []


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 2**32))
def test_whatever_happens_nobody_is_reminded_twice_or_of_what_is_not_so(seed):
    history = RandomHistory(random.Random(seed))
    told = set()
    for _ in range(400):
        before = history.state
        fact, outcome = history.step()
        for person in outcome.reminded:
            run = before.runsheet.sessions[fact.session]
            show_ms = before.runsheet.clock.show_at(history.now_ms)
            assert before.favourites.has(person, fact.session)
            assert (person, fact.session, fact.reminder) not in told
            told.add((person, fact.session, fact.reminder))
            if fact.reminder == "soon":
                left_ms = run.expected_start_ms - show_ms
                assert run.to_come and 0 < left_ms <= lead_ms(before.runsheet.schedule)
            else:
                assert run.live and show_ms - run.actual_start_ms < BEGUN_WITHIN_MS
        if isinstance(fact, facts.PersonErased):
            told = {one for one in told if one[0] != fact.person}
    assert set(CLAIMED) == {"soon", "begun"}


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 2**32))
def test_a_claim_of_all_that_is_due_leaves_nothing_due(seed):
    history = RandomHistory(random.Random(seed))
    for _ in range(200):
        history.step()
    state = history.state
    show_ms = state.runsheet.clock.show_at(history.now_ms)
    for session_id, reminder, people in list(state.favourites.due(state.runsheet, show_ms)):
        claimed = facts.RemindersClaimed(
            session=session_id, reminder=reminder, people=tuple(people), node="one"
        )
        outcome = state.apply(state.folded + 1, history.now_ms, claimed)
        assert outcome.reminded == people
    assert list(state.favourites.due(state.runsheet, show_ms)) == []
