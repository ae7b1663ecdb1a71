"""The link to one's own calendar: it opens that calendar, until a new one, a ban or erasure ends it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from showcaller.domain import facts
from showcaller.domain.state import State
from showcaller.show.calendar_links import calendar_code, calendar_path, person_of_code
from showcaller.testing.schedules import schedule, session

PLAN = schedule(session("talk", 540, 560))


@pytest.fixture
def state():
    state = State(event_id="event")
    state.apply(1, 0, facts.RunStarted(run="r", salt="secret", schedule=PLAN))
    return state


def fold(state, fact):
    state.apply(state.folded + 1, 0, fact)


def test_it_stays_the_same_and_opens_its_owners_calendar(state):
    code = calendar_code(state, "ada")
    assert code == calendar_code(state, "ada") != calendar_code(state, "bob")
    assert person_of_code(state, code) == "ada"
    assert calendar_path(state, "ada") == f"/api/v1/events/event/calendars/{code}.ics"


def test_a_new_link_ends_the_one_before(state):
    code = calendar_code(state, "ada")
    fold(state, facts.CalendarRenewed(person="ada"))
    assert person_of_code(state, code) is None
    assert person_of_code(state, calendar_code(state, "ada")) == "ada"


@pytest.mark.parametrize("kind", [facts.PersonBanned, facts.PersonErased])
def test_who_is_shut_out_or_erased_has_none(state, kind):
    code = calendar_code(state, "ada")
    fold(state, kind(person="ada", by="pro"))
    assert person_of_code(state, code) is None


def test_another_run_has_other_links(state):
    other = State(event_id="event")
    other.apply(1, 0, facts.RunStarted(run="r", salt="another", schedule=PLAN))
    assert person_of_code(other, calendar_code(state, "ada")) is None


@given(st.text(max_size=80))
def test_whatever_is_no_link_opens_nothing(text):
    state = State(event_id="event")
    state.apply(1, 0, facts.RunStarted(run="r", salt="secret", schedule=PLAN))
    assert person_of_code(state, text) is None
    assert person_of_code(state, f"YWRh.{text}") is None


@given(st.text(st.characters(codec="utf-8"), min_size=1, max_size=60))
def test_an_organisers_own_ids_may_be_any_text(person):
    state = State(event_id="event")
    state.apply(1, 0, facts.RunStarted(run="r", salt="secret", schedule=PLAN))
    assert person_of_code(state, calendar_code(state, person)) == person
