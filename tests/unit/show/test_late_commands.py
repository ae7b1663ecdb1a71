"""Commands on a node that is behind the log, that stood still, or that is asked too late."""

from __future__ import annotations

import asyncio

import pytest

from showcaller import system
from showcaller.errors import (
    Forbidden,
    NotFound,
    Stalled,
    TooLate,
    Unavailable,
)
from showcaller.show.live_event import APPEND_WITHIN_MS
from showcaller.show.pulse import STILL_S

from .desk import ADA, BOB, MO, PRO, SUE, LateEvent


async def test_a_node_that_is_behind_catches_up_before_it_denies_a_question(desk, late):
    late.event.may_fold.clear()
    question = await desk.ask()
    voting = asyncio.create_task(late.do(BOB, "question.vote", question=question, on=True))
    done, _ = await asyncio.wait({voting}, timeout=0.1)
    assert not done
    late.event.may_fold.set()
    assert (await voting)["votes"] == 1


async def test_a_node_that_is_behind_catches_up_before_it_forbids_a_speaker_to_reply(desk, late):
    late.event.may_fold.clear()
    theirs, other = await desk.ask(session="talk"), await desk.ask(session="open")
    replying = [
        asyncio.create_task(late.do(SUE, "question.reply", question=question, text="So."))
        for question in (theirs, other)
    ]
    await asyncio.sleep(0)
    late.event.may_fold.set()
    good, bad = await asyncio.gather(*replying, return_exceptions=True)
    assert good == {} and isinstance(bad, Forbidden)
    assert late.question(theirs).reply == "So."


async def test_a_node_that_stays_behind_says_that_it_may_be_tried_again(desk, late, monkeypatch):
    monkeypatch.setattr(LateEvent._folded, "__defaults__", (0.05,))
    late.event.may_fold.clear()
    question = await desk.ask()
    with pytest.raises(Unavailable):
        await late.do(BOB, "question.vote", question=question, on=True)
    late.event.may_fold.set()
    with pytest.raises(NotFound):
        await late.do(BOB, "question.vote", question="q_nobody_asked_this", on=True)


# Commands that waited ------------------------------------------------------------------------------


async def test_what_comes_to_a_node_that_stood_still_is_refused_and_may_be_sent_again(desk):
    desk.pulse.beat(system.monotonic_s() - 60)
    with pytest.raises(Stalled) as refused:
        await desk.do(PRO, "session.extend", session="talk", minutes=5)
    assert refused.value.retry and desk.event.state.runsheet.controls == []
    desk.pulse.beat(system.monotonic_s())
    with pytest.raises(Stalled):
        await desk.do(MO, "qa.close", session="talk")
    assert desk.event.state.runsheet.sessions["talk"].qa_open


async def test_a_node_that_is_only_slow_does_what_it_is_told(desk):
    desk.pulse.beat(system.monotonic_s() - STILL_S / 2)
    assert await desk.do(MO, "qa.close", session="talk") == {}


COMMANDS_WITH_DEADLINES = [
    (MO, "qa.close", {"session": "talk"}),
    (BOB, "question.vote", {"on": True}),
    (PRO, "session.start", {"session": "talk"}),
    (ADA, "reaction.send", {"session": "talk", "reaction": "clap"}),
]


@pytest.mark.parametrize(("who", "name", "args"), COMMANDS_WITH_DEADLINES)
async def test_a_command_is_not_done_after_its_deadline(desk, who, name, args):
    if name == "question.vote":
        question = await desk.ask()
        args = {**args, "question": question}
    if name == "reaction.send":
        await desk.do(PRO, "session.start", session="talk")
    folded, now_ms = desk.event.state.folded, int(desk.event.wall_ms())
    with pytest.raises(TooLate) as refused:
        await desk.do(who, name, deadline_ms=now_ms - 1_000, **args)
    assert not refused.value.retry and desk.event.state.folded == folded
    await desk.do(who, name, deadline_ms=now_ms + 60_000, **args)


async def test_a_command_that_was_done_in_time_is_answered_after_its_deadline_too(desk):
    now_ms = int(desk.event.wall_ms())
    first = await desk.do(PRO, "session.start", "k", now_ms + 60_000, session="talk")
    assert await desk.do(PRO, "session.start", "k", now_ms - 1, session="talk") == first


async def test_a_node_that_froze_on_the_way_to_the_log_writes_nothing_late(desk, monkeypatch):
    """It takes the command, and stands still before it has appended it."""
    append = desk.event.log.append
    seconds = system.monotonic_s

    async def frozen(*args, **more):
        later_s = seconds() + APPEND_WITHIN_MS / 1000 + 1
        monkeypatch.setattr(desk.event.clock, "_monotonic_s", lambda: later_s)
        more["not_after_ms"] -= APPEND_WITHIN_MS + 1_000
        return await append(*args, **more)

    monkeypatch.setattr(desk.event.log, "append", frozen)
    with pytest.raises(Stalled):
        await desk.do(PRO, "session.start", session="talk")
    assert desk.event.state.runsheet.controls == []


@pytest.mark.parametrize("off_ms", [7_200_000, -7_200_000])
async def test_a_command_on_its_way_while_the_brokers_clock_is_stepped_is_done(
    desk, monkeypatch, off_ms
):
    """The log refuses it by the clock of the moment; then server time is settled, and it is taken."""
    append, sample, steps_ms = desk.event.log.append, desk.event.clock.sample, [off_ms]

    async def stepped(key, data, *, not_before_ms, not_after_ms):
        bounds = {
            "not_before_ms": not_before_ms - steps_ms[0],
            "not_after_ms": not_after_ms - steps_ms[0],
        }
        return await append(key, data, **bounds)

    async def settle():
        steps_ms[0] = 0
        await sample()

    monkeypatch.setattr(desk.event.log, "append", stepped)
    monkeypatch.setattr(desk.event.clock, "sample", settle)
    assert (await desk.do(PRO, "session.start", session="talk"))["control"]
    assert desk.event.state.runsheet.sessions["talk"].live
