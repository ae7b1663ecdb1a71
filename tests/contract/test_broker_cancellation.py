"""A stop has to end who waits for a broker: at one cancellation, whatever step it comes at."""

from __future__ import annotations

import asyncio

import pytest

from showcaller.broker.base import EventLog
from showcaller.testing.tail_reader import TailReader

STEPS = 200  # of the event loop; a call to a broker takes some tens
WITHIN_S = 20.0


async def ask_on_and_on(log: EventLog) -> None:
    while True:
        await log.head()
        await log.read(0)


async def write_on_and_on(log: EventLog) -> None:
    while True:
        await log.append("k", b"data")
        await log.count("c", 1000)


async def follow(log: EventLog) -> None:
    await TailReader(log, 0, None).run()


@pytest.mark.parametrize("work", [ask_on_and_on, write_on_and_on, follow])
async def test_one_cancellation_ends_a_task_at_any_step(log: EventLog, work) -> None:
    for steps in range(STEPS):
        task = asyncio.create_task(work(log))
        for _ in range(steps):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait({task}, timeout=WITHIN_S)
        assert task.cancelled(), f"goes on after it was cancelled at step {steps}"
