"""The second hand of an event's audience: counts, tells the other nodes, shows the sums."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping

import msgspec

from .. import system
from ..errors import OurFault
from .audience import Sums
from .live_event import LiveEvent

log = logging.getLogger(__name__)

BEAT_S = 1.0
TOPIC = "audience"

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Sums).decode


class AudienceBeat:
    """The beat by which a node tells its sums. `count` returns its sockets, and those of each session.

    `names` returns the names of who is in each session, and how many have each.
    """

    def __init__(
        self,
        event: LiveEvent,
        count: Callable[[], tuple[int, Mapping[str, int]]],
        names: Callable[[], Mapping[str, Mapping[str, int]]] = dict,
    ) -> None:
        self._names = names
        self._event = event
        self._count = count
        self._told = False  # whether the others count anybody here

    async def run(self) -> None:
        """Beat until cancelled. While the broker is away, this node shows its own sums."""
        await self._event.hear(TOPIC, self._hear)
        while True:
            await self.beat()
            await asyncio.sleep(BEAT_S)

    async def beat(self) -> None:
        now_s = system.monotonic_s()
        own = self._event.audience.count(*self._count(), now_s, self._names())
        self._event.show_audience(now_s)
        anybody = bool(own.sockets or own.reactions)
        if anybody or self._told:
            self._told = anybody
            await self._tell(own)

    async def _tell(self, own: Sums) -> None:
        try:
            await self._event.log.publish(TOPIC, _encode(own))
        except OurFault as error:  # the next beat says the same
            log.debug(error.for_operators, extra={"action": "audience.untold"})

    def _hear(self, data: bytes) -> None:
        self._event.audience.hear(_decode(data), system.monotonic_s())
