"""The history: who did what to what, as the log tells it."""

from __future__ import annotations

import pytest

from showcaller.api.history import Wanted, as_table, line_of
from showcaller.domain import facts
from showcaller.show.history import MOST_KEPT, History, HistoryEntry, may_see

from .desk import ADA, BOB, MO, OPS, PRO, principal


async def read(desk):
    event = desk.event
    return await event.history.read(event.state, event.epoch)


async def test_acts_are_told_newest_first_with_who_and_on_what(desk):
    question = await desk.ask(session="talk")
    await desk.do(MO, "question.approve", question=question)
    await desk.do(PRO, "session.delay", session="talk", minutes=5, note="Rain")
    delayed, approved, *opened = await read(desk)
    assert (delayed.what, delayed.by, delayed.session) == ("session.delayed", "pro", "talk")
    assert delayed.details == {"minutes": 5, "note": "Rain"}
    assert (approved.what, approved.by, approved.session) == ("question.approved", "mo", "talk")
    assert (approved.kind, approved.subject) == ("question", question)
    assert [entry.what for entry in opened] == ["qa.opened", "qa.opened"]


async def test_what_the_audience_and_nodes_do_is_no_part_of_it(desk):
    question = await desk.ask(ADA)
    await desk.do(BOB, "question.vote", question=question, on=True)
    await desk.do(BOB, "session.star", session="talk", on=True)
    await desk.do(MO, "question.claim", question=question)
    assert {entry.by for entry in await read(desk)} == {"mo"}
    assert len(await read(desk)) == 2


async def test_an_undo_says_what_it_took_back(desk):
    made = await desk.do(PRO, "session.delay", session="open", minutes=5)
    await desk.do(PRO, "control.undo", control=made["control"])
    undone, *_ = await read(desk)
    assert (undone.what, undone.session) == ("control.undone", "open")
    assert undone.details == {"undone": "session.delayed"}


async def test_an_act_that_the_fold_refused_says_so(desk):
    refused = facts.ControlUndone(control="none", by="pro")
    await desk.event.append(refused, "raced")
    entry, *_ = await read(desk)
    assert entry.refused == "cannot_undo"


async def test_reading_goes_on_where_it_ended_and_another_node_tells_the_same(desk):
    before = await read(desk)
    await desk.do(PRO, "clock.hold")
    held, *others = await read(desk)
    assert (held.what, others) == ("clock.held", before)
    other_node = History(desk.event.log)
    assert await other_node.read(desk.event.state, desk.event.epoch) == await read(desk)


async def test_what_was_erased_is_not_told(desk):
    question = await desk.ask(session="talk")
    await desk.do(MO, "question.approve", question=question)
    state = desk.event.state
    entry, *_ = await read(desk)
    assert line_of(state, entry, {"mo": "Mo"})["about"] == "Why?"
    await desk.do(MO, "question.erase", question=question)
    assert line_of(state, entry, {"mo": "Mo"})["about"] == ""


ENTRY = HistoryEntry(offset=7, at_ms=0, what="question.approved", by="mo", session="talk")
DELAY = HistoryEntry(offset=8, at_ms=0, what="session.delayed", by="pro", session="talk")
BAN = HistoryEntry(offset=9, at_ms=0, what="person.banned", by="mo")
MOS_TALK = principal("m", "moderator", sessions=frozenset({"talk"}))
MOS_OTHER = principal("m", "moderator", sessions=frozenset({"other"}))


@pytest.mark.parametrize(
    ("who", "seen"),
    [
        (PRO, [ENTRY, DELAY, BAN]),
        (OPS, [ENTRY, DELAY, BAN]),
        (MO, [ENTRY, BAN]),
        (MOS_TALK, [ENTRY]),
        (MOS_OTHER, []),
        (ADA, []),
        (principal("s", "speaker", sessions=frozenset({"talk"})), []),
    ],
)
def test_people_see_no_more_than_is_theirs(who, seen):
    assert [entry for entry in (ENTRY, DELAY, BAN) if may_see(who, entry)] == seen


def test_a_stage_manager_sees_what_was_done_on_their_stage():
    sam = principal("sam", "stage_manager", stages=frozenset({"main"}))
    assert [may_see(sam, entry, "main") for entry in (ENTRY, DELAY)] == [True, True]
    assert [may_see(sam, entry, "side") for entry in (ENTRY, DELAY)] == [False, False]
    assert not may_see(sam, BAN)


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (Wanted(), [7, 8, 9]),
        (Wanted(session="talk"), [7, 8]),
        (Wanted(by="mo"), [7, 9]),
        (Wanted(what="question"), [7]),
        (Wanted(what="session.delayed"), [8]),
        (Wanted(what="session.d"), []),
        (Wanted(before=9), [7, 8]),
    ],
)
def test_filters_narrow_it(wanted, found):
    assert [one.offset for one in (ENTRY, DELAY, BAN) if wanted.takes(one)] == found


async def test_a_table_has_no_cell_that_a_spreadsheet_runs(desk):
    await desk.do(PRO, "session.delay", session="talk", minutes=5, note="=1+1")
    entry, *_ = await read(desk)
    line = line_of(desk.event.state, entry, {"pro": "=HYPERLINK(1)"})
    row = as_table([line]).splitlines()[1]
    assert ",'=HYPERLINK(1)," in row
    assert ",minutes=5 note==1+1," in row


async def test_it_is_bounded(desk, monkeypatch):
    monkeypatch.setattr("showcaller.show.history.MOST_KEPT", 3)
    small = History(desk.event.log)
    for _ in range(2):
        await desk.do(PRO, "clock.hold")
        await desk.do(PRO, "clock.resume")
    entries = await small.read(desk.event.state, desk.event.epoch)
    assert [entry.what for entry in entries] == ["clock.resumed", "clock.held", "clock.resumed"]
    assert MOST_KEPT == 100_000
