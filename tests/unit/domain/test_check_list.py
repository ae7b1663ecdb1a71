"""The check list: who ticked what, and which items there are, whatever becomes of the schedule."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from showcaller.domain import check_list, facts
from showcaller.domain.check_list import Tick
from showcaller.domain.runsheet import RunSheet
from showcaller.domain.state import State
from showcaller.testing.random_history import RandomHistory
from showcaller.testing.schedules import schedule, session

PLAN = schedule(
    session("talk", 540, 560, check_list=("Slides are there",)), check_list=("Radios charged",)
)


class Crew:
    def __init__(self):
        self.state = State(event_id="event")
        self.at_ms = 0
        self.do(facts.RunStarted(run="r", salt="s", schedule=PLAN))

    def do(self, fact):
        self.at_ms += 1
        return self.state.apply(self.state.folded + 1, self.at_ms, fact).refused

    @property
    def sheet(self) -> RunSheet:
        return self.state.runsheet

    def items(self):
        return {item.text: item for item in self.state.check_list.items(self.sheet)}

    def tick(self, text, by="pia", on=True):
        item = self.items()[text].id
        return self.do(facts.CheckTicked(item=item, on=on, by=by))

    def ticked(self, text):
        return self.state.check_list.ticks.get(self.items()[text].id)


def test_the_schedules_items_come_first_and_then_what_was_typed():
    crew = Crew()
    crew.do(facts.CheckAdded(item="i1", text="Water", session="talk", by="pia"))
    crew.do(facts.CheckAdded(item="i2", text="Phone the sponsor", by="pia"))
    items = sorted(crew.items().values(), key=lambda item: item.place)
    assert [(item.text, item.session) for item in items] == [
        ("Radios charged", None),
        ("Slides are there", "talk"),
        ("Water", "talk"),
        ("Phone the sponsor", None),
    ]


def test_who_ticked_first_stays_the_one_until_it_is_taken_back():
    crew = Crew()
    crew.tick("Radios charged", by="pia")
    crew.tick("Radios charged", by="max")
    assert crew.ticked("Radios charged") == Tick(by="pia", at_ms=2)
    crew.tick("Radios charged", by="max", on=False)
    assert crew.ticked("Radios charged") is None
    crew.tick("Radios charged", by="max")
    assert crew.ticked("Radios charged").by == "max"


def test_a_tick_stays_with_its_words_however_the_file_is_edited_around_it():
    crew = Crew()
    crew.tick("Slides are there")
    edited = session("talk", 545, 565, check_list=("Water", "Slides are there"))
    crew.do(facts.SchedulePublished(schedule=schedule(edited)))
    assert list(crew.items()) == ["Water", "Slides are there"]
    assert crew.ticked("Slides are there").by == "pia"
    assert crew.ticked("Water") is None


def test_items_of_a_session_that_is_gone_are_gone_and_come_back_with_it():
    crew = Crew()
    crew.do(facts.CheckAdded(item="i1", text="Water", session="talk", by="pia"))
    crew.tick("Water")
    other = session("other", 540, 560)
    crew.do(facts.SchedulePublished(schedule=schedule(other)))
    assert crew.items() == {}
    assert crew.do(facts.CheckTicked(item="i1", on=False, by="pia")).code == "not_found"
    crew.do(facts.SchedulePublished(schedule=PLAN))
    assert crew.ticked("Water").by == "pia"


@pytest.mark.parametrize(
    ("fact", "code"),
    [
        (facts.CheckTicked(item="none", on=True, by="pia"), "not_found"),
        (facts.CheckAdded(item="i", text="A", session="none", by="pia"), "not_found"),
        (facts.CheckRemoved(item="none", by="pia"), "wrong_state"),
    ],
)
def test_what_there_is_not_is_refused(fact, code):
    assert Crew().do(fact).code == code


def test_what_was_typed_is_bounded_and_room_comes_back(monkeypatch):
    monkeypatch.setattr(check_list, "MAX_TYPED", 2)
    crew = Crew()
    added = [facts.CheckAdded(item=f"i{n}", text=str(n), by="pia") for n in range(3)]
    assert [crew.do(fact) is None for fact in added] == [True, True, False]
    crew.do(facts.CheckRemoved(item="i0", by="pia"))
    assert crew.do(added[2]) is None


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32))
def test_whatever_happens_an_item_is_ticked_by_the_first_since_it_was_last_open(seed):
    history, ticks = RandomHistory(random.Random(seed)), {}
    for _ in range(150):
        fact, outcome = history.step()
        if outcome.refused is not None:
            continue
        match fact:
            case facts.CheckTicked(on=True):
                ticks.setdefault(fact.item, fact.by)
            case facts.CheckTicked() | facts.CheckRemoved():
                ticks.pop(fact.item, None)
    kept = history.state.check_list.ticks
    assert {item: tick.by for item, tick in kept.items()} == ticks
