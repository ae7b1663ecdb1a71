"""An event stops, whatever its parts make of being told so."""

from __future__ import annotations

import asyncio

from showcaller.broker.sqlite import SqliteBroker
from showcaller.show.live_event import LiveEvent


async def test_a_part_that_goes_on_after_one_cancellation_is_cancelled_again(tmp_path):
    broker = SqliteBroker(str(tmp_path / "log.sqlite3"))
    event = LiveEvent("event", await broker.open("event"))
    swallowed = asyncio.Event()

    async def stubborn():
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            swallowed.set()
        await asyncio.Event().wait()

    event._spawn(stubborn())
    await asyncio.sleep(0)
    async with asyncio.timeout(10):
        await event.stop()
    assert swallowed.is_set()
    await broker.close()
