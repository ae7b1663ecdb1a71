"""The audit: bounded whatever comes, and the same on every node."""

from __future__ import annotations

import pytest

from showcaller.broker.sqlite import SqliteBroker
from showcaller.domain.people import Act
from showcaller.errors import Unavailable
from showcaller.show import audit as audit_module
from showcaller.show.audit import Audit, Gathered, Note


@pytest.fixture
async def log():
    broker = SqliteBroker(":memory:")
    yield await broker.open("event")
    await broker.close()


def register(audit, at_ms, person="p1"):
    audit.admitted(
        "registration", at_ms, person=person, token="t1", expires_at_ms=9, address="192.0.2.1"
    )


def guess(audit, at_ms, address="192.0.2.1"):
    audit.refused("registration", at_ms, "bad_invite_code", address=address)


async def test_equal_refusals_are_one_note_that_says_how_many_there_were(log):
    audit = Audit(log)
    for at_ms in range(1, 1_001):
        guess(audit, at_ms)
    (note,) = await audit.read(())
    assert (note.what, note.code, note.count) == ("registration.refused", "bad_invite_code", 1_000)
    assert (note.at_ms, note.address) == (1_000, "192.0.2.1")


async def test_guesses_from_everywhere_make_few_notes(log):
    audit = Audit(log)
    for number in range(500):
        guess(audit, number, address=f"192.0.2.{number % 250}")
    notes = await audit.read(())
    assert len(notes) == audit_module.MOST_ADDRESSES + 1
    assert sum(note.count for note in notes) == 500
    (shared,) = (note for note in notes if note.addresses)
    assert (shared.address, shared.addresses) == ("", 240)


async def test_refusals_push_no_admission_out(log, monkeypatch):
    monkeypatch.setattr(audit_module, "RINGS", {"admitted": 3, "refused": 2})
    audit = Audit(log)
    register(audit, 1)
    for at_ms in range(2, 30):
        guess(audit, at_ms)
        await audit.flush()
    assert [note.at_ms for note in await audit.read(())] == [29, 28, 1]


async def test_what_one_node_wrote_another_reads_with_what_the_log_says(log):
    here, there = Audit(log), Audit(log)
    register(here, 1)
    await here.flush()
    guess(there, 3)
    banned = Act(at_ms=2, what="person.banned", person="p1", by="mo")
    assert await there.read([banned]) == [
        Note(at_ms=3, what="registration.refused", code="bad_invite_code", address="192.0.2.1"),
        Note(at_ms=2, what="person.banned", person="p1", by="mo"),
        Note(
            at_ms=1,
            what="registration",
            person="p1",
            token="t1",
            expires_at_ms=9,
            address="192.0.2.1",
        ),
    ]


async def test_what_the_broker_did_not_take_is_written_later(log, monkeypatch):
    async def refuse(*_):
        raise Unavailable("away")

    audit = Audit(log)
    register(audit, 1)
    with monkeypatch.context() as patch:
        patch.setattr(log, "note", refuse)
        await audit.flush()
    assert await log.notes("admitted") == []
    await audit.flush()
    assert len(await log.notes("admitted")) == 1
    assert len(await audit.read(())) == 1


def test_admissions_that_nobody_takes_are_counted_not_kept(monkeypatch):
    monkeypatch.setattr(audit_module, "MOST_WAITING", 2)
    gathered = Gathered()
    for at_ms in range(5):
        gathered.admit(Note(at_ms=at_ms, what="registration"))
    assert len(gathered.pending("admitted")) == 2
    assert gathered.missed == 3
