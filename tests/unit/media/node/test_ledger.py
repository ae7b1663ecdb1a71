"""Facts reach the log in order, whatever happens to it meanwhile."""

import asyncio

import pytest

from showcaller.errors import BadInput, Unavailable
from showcaller.media.node import ledger
from showcaller.media.node.ledger import Ledger


class Event:
    """The part of a live event that a ledger uses; `faults` are raised first."""

    def __init__(self, *faults):
        self.faults = list(faults)
        self.appended = []

    async def append(self, fact, key):
        await asyncio.sleep(0)
        if self.faults:
            raise self.faults.pop(0)
        self.appended.append((fact, key))


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    monkeypatch.setattr(ledger, "RETRY_AFTER_S", 0.001)


async def test_facts_are_sent_again_until_the_log_has_them():
    event = Event(Unavailable("down"), Unavailable("down"))
    notes = Ledger(event)
    notes.start()
    for number in range(3):
        notes.note(number, f"key {number}")
    await notes.stop(5)
    assert event.appended == [(number, f"key {number}") for number in range(3)]


async def test_a_fact_that_can_never_be_written_does_not_hold_up_the_others():
    event = Event(BadInput("no"))
    notes = Ledger(event)
    notes.start()
    notes.note("first", "1")
    notes.note("second", "2")
    await notes.stop(5)
    assert event.appended == [("second", "2")]


async def test_stopping_does_not_wait_for_ever():
    event = Event(*[Unavailable("down")] * 1_000_000)
    notes = Ledger(event)
    notes.start()
    notes.note("first", "1")
    async with asyncio.timeout(5):
        await notes.stop(0.05)
