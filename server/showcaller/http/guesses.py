"""Guesses: codes and tokens that were tried in vain, slowed by their address and by the event.

A code is short enough to be guessed. So who has tried too many that were wrong is not listened to for a
while, not even with a right one. A token is not: 256 bits sign it. Wrong ones cost a signature's check and
tell of somebody who tries; their answer is held back for a second, and nobody whose token is good ever
waits.
"""

from __future__ import annotations

import asyncio

from aiohttp import web

from .. import limit_log, system
from ..errors import Unauthenticated
from ..limit_log import Limit
from ..rates import Meters, Rate
from .answers import Handler
from .asker import address

CODES_OF_ADDRESS = Rate(burst=30, per_s=1 / 20)
CODES_OF_EVENT = Rate(burst=300, per_s=0.5)
LINKS_OF_ADDRESS = Rate(burst=60, per_s=0.1)
LINKS_OF_EVENT = Rate(burst=600, per_s=2)
TOKENS_OF_ADDRESS = Rate(burst=100, per_s=5)
TOKENS_OF_EVENT = Rate(burst=1_000, per_s=50)
HELD_S = 1.0
MAX_HELD = 500  # answers at once


class Guesses:
    """The guesses of one kind. `now_s` is of a clock that never jumps."""

    def __init__(self, limit: Limit, of_address: Rate, of_event: Rate) -> None:
        self._limit: Limit = limit
        self._of_address: Meters[str] = Meters(of_address)
        self._of_event: Meters[str] = Meters(of_event)

    def wait_s(self, event: str, came_from: str, now_s: float) -> float:
        """Return the seconds until the address may try again; 0.0: now.

        When too much is wrong at the event, addresses that have tried nothing wrong lately are listened to
        as before.
        """
        own = self._of_address
        wait_s = own.wait_s(came_from, now_s)
        if not wait_s and own.left(came_from, now_s) < own.rate.burst:
            wait_s = self._of_event.wait_s(event, now_s)
        if wait_s:
            limit_log.note(self._limit, came_from)
        return wait_s

    def failed(self, event: str, came_from: str, now_s: float) -> None:
        """Note that something wrong was tried from there."""
        self._of_address.charge(came_from, now_s, 1.0)
        self._of_event.take(event, now_s)  # no debt: it would last as long as the attack did


def guesses_of_codes() -> Guesses:
    return Guesses("invite_codes", CODES_OF_ADDRESS, CODES_OF_EVENT)


def guesses_of_links() -> Guesses:
    return Guesses("links", LINKS_OF_ADDRESS, LINKS_OF_EVENT)


class WrongTokens:
    """The wrong tokens that come to one process."""

    def __init__(self) -> None:
        self._guesses = Guesses("tokens", TOKENS_OF_ADDRESS, TOKENS_OF_EVENT)
        self._held = 0

    def hold_s(self, error: Unauthenticated, event: str, came_from: str, now_s: float) -> float:
        """Return for how many seconds to hold back the answer to a token that was refused with `error`.

        One that was good once, or will be, is no guess.
        """
        if error.code != Unauthenticated.code:
            return 0.0
        waits = bool(self._guesses.wait_s(event, came_from, now_s))
        if not waits:
            self._guesses.failed(event, came_from, now_s)
        return HELD_S if waits else 0.0

    async def hold(self, error: Unauthenticated, event: str, came_from: str) -> None:
        """Hold an answer over HTTP back, if not too many are held already."""
        hold_s = self.hold_s(error, event, came_from, system.monotonic_s())
        if not hold_s or self._held >= MAX_HELD:
            return
        self._held += 1
        try:
            await asyncio.sleep(hold_s)
        finally:
            self._held -= 1


WRONG_TOKENS: web.AppKey[WrongTokens] = web.AppKey("wrong tokens")


@web.middleware
async def hold_wrong_tokens(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Hold back the answer to who has sent many tokens that are not valid."""
    try:
        return await handler(request)
    except Unauthenticated as error:
        event = request.match_info.get("event", "")
        await request.app[WRONG_TOKENS].hold(error, event, address(request))
        raise
