"""Waiting for a condition: what tests do in place of sleeping for luck."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable

LOOK_EVERY_S = 0.01


async def until(condition: Callable[[], object], timeout_s: float = 20.0) -> None:
    """Look again and again until `condition()`, or what it is awaited to, holds.

    Raises `TimeoutError` after `timeout_s`: longer than any sound machine needs.
    """
    async with asyncio.timeout(timeout_s):
        while True:
            held = condition()
            if inspect.isawaitable(held):
                held = await held
            if held:
                return
            await asyncio.sleep(LOOK_EVERY_S)
