"""A stage manager at an event with two stages: what they do on theirs, and what is refused elsewhere."""

from __future__ import annotations

import pytest

from showcaller.broker.sqlite import SqliteBroker
from showcaller.domain import facts
from showcaller.domain.schedule import MINUTE_MS
from showcaller.errors import Forbidden
from showcaller.show.live_event import LiveEvent
from showcaller.testing.schedules import schedule, session

from .desk import MO, PRO, Desk, principal

PLAN = schedule(
    session("talk", 540, 560),
    session("next", 560, 580),
    session("aside", 540, 580, stage="side"),
    session("after", 580, 600, stage="side"),
)
SAM = principal("sam", "stage_manager", stages=frozenset({"main"}))
HOLD = facts.RunStarted(run="r", salt="s", schedule=PLAN, mode="rehearsal", from_ms=525 * MINUTE_MS)


@pytest.fixture
async def desk():
    broker = SqliteBroker(":memory:")
    event = LiveEvent("event", await broker.open("event"))
    await event.start(lambda: HOLD)
    yield Desk(event)
    await event.stop()
    await broker.close()


ON_MAIN = {
    "session.delay": {"session": "talk", "minutes": 5},
    "session.preview_delay": {"session": "talk", "minutes": 5},
    "session.start": {"session": "talk"},
    "session.extend": {"session": "talk", "minutes": 2},
    "announcement.make": {"session": "talk", "text": "Wrap up", "to": "speakers"},
    "session.end": {"session": "talk"},
    "session.reopen": {"session": "talk"},
    "session.skip": {"session": "next"},
    "control.undo": {"control": "last"},
    "control.preview": {"command": "session.start", "args": {"session": "talk"}},
}
NOT_THEIRS = {
    "announcement.make": {"session": "talk", "text": "Lunch"},
    "break.insert": {"stage": "main", "starts_at_ms": 580 * MINUTE_MS, "minutes": 5},
    "catch_up.set": {"on": True},
    "clock.hold": {},
    "control.preview": {"command": "session.swap", "args": {"session": "talk", "other": "next"}},
    "person.erase": {"person": "ada"},
    "qa.open": {"session": "talk"},
    "session.cancel": {"session": "next", "note": "Ill"},
    "session.move": {"session": "next", "stage": "main", "starts_at_ms": 600 * MINUTE_MS},
    "session.swap": {"session": "talk", "other": "next"},
}


async def test_they_run_what_is_on_their_stage(desk):
    for name, args in ON_MAIN.items():
        await desk.do(SAM, name, **args)
    runs = desk.event.state.runsheet.sessions
    assert runs["next"].to_come  # its skipping was undone
    assert [control.by for control in desk.event.state.runsheet.controls] == ["sam"] * 5


@pytest.mark.parametrize("name", sorted(ON_MAIN.keys() - {"control.undo", "control.preview"}))
async def test_the_same_is_refused_on_another_stage_and_says_why(desk, name):
    facts = desk.facts
    with pytest.raises(Forbidden, match=r"you manage main.*ask a producer"):
        await desk.do(SAM, name, **{**ON_MAIN[name], "session": "aside"})
    assert desk.facts == facts


@pytest.mark.parametrize("name", sorted(NOT_THEIRS))
async def test_what_concerns_more_than_a_stage_is_refused_and_says_why(desk, name):
    facts = desk.facts
    with pytest.raises(Forbidden, match="ask a producer"):
        await desk.do(SAM, name, **NOT_THEIRS[name])
    assert desk.facts == facts


async def test_a_control_is_undone_by_who_manages_all_that_it_was_about(desk):
    swap = await desk.do(PRO, "session.swap", session="next", other="after")
    for control in (swap["control"], "last"):
        with pytest.raises(Forbidden):
            await desk.do(SAM, "control.undo", control=control)
    both = principal("both", "stage_manager", stages=frozenset({"main", "side"}))
    await desk.do(both, "control.undo", control=swap["control"])


async def test_an_undo_that_is_repeated_gets_the_same_verdict(desk):
    made = await desk.do(SAM, "session.delay", session="talk", minutes=5)
    for _ in range(2):
        await desk.do(SAM, "control.undo", key="once", control=made["control"])


async def test_a_session_that_moved_away_is_theirs_no_more(desk):
    await desk.do(SAM, "session.delay", session="next", minutes=5)
    to_side = {"stage": "side", "starts_at_ms": 600 * MINUTE_MS}
    await desk.do(PRO, "session.move", session="next", **to_side)
    with pytest.raises(Forbidden):
        await desk.do(SAM, "session.delay", session="next", minutes=5)


async def test_they_withdraw_what_was_said_to_speakers_on_their_stage_alone(desk):
    to_speakers = {"text": "Wrap up", "to": "speakers"}
    here = await desk.do(MO, "announcement.make", session="talk", **to_speakers)
    there = await desk.do(MO, "announcement.make", session="aside", **to_speakers)
    to_all = await desk.do(MO, "announcement.make", session="talk", text="Hello")
    await desk.do(SAM, "announcement.cancel", announcement=here["announcement"])
    for made in (there, to_all):
        with pytest.raises(Forbidden):
            await desk.do(SAM, "announcement.cancel", announcement=made["announcement"])


async def test_the_log_knows_which_stages_a_token_is_for(desk):
    await desk.event.note_staff(SAM)
    other = principal("sam", "stage_manager", stages=frozenset({"side"}))
    assert desk.event.state.people.knows(SAM)
    assert not desk.event.state.people.knows(other)
