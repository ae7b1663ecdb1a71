"""Measurements that many ask for at once."""

import asyncio

from showcaller.api.health import RECENT_S, Recent


async def test_who_asks_within_a_moment_is_told_the_same():
    times = 0

    async def measure():
        nonlocal times
        times += 1
        await asyncio.sleep(0)
        return str(times).encode()

    recent = Recent(measure)
    assert await asyncio.gather(*(recent.get(5.0) for _ in range(20))) == [b"1"] * 20
    assert await recent.get(5.0 + RECENT_S / 2) == b"1"
    assert await recent.get(5.0 + 2 * RECENT_S) == b"2"
