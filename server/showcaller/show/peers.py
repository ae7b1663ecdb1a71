"""The nodes of an event tell one another of themselves; one that differs from the others is not ready.

Nodes that don't take each other's tokens, or whose machine's clock is off, would serve everybody a little
wrong. So the odd one takes no traffic: of two secrets the one of the node that began first holds, and of
clocks server time. Whatever differs, some node stays ready.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable

import msgspec
from msgspec import Struct

from .. import system
from ..errors import OurFault
from .live_event import LiveEvent

log = logging.getLogger(__name__)

BEAT_S = 1.0
FORGOTTEN_S = 5.0
SKEW_MS = 5_000
TOPIC = "nodes"


class NodeTold(Struct, frozen=True):
    """One node's word. `began_ms` is server time; `ahead_ms`: how far its machine's clock is ahead of that.

    `secrets` tells secrets that it takes tokens of apart, without giving them away.
    """

    node: str
    began_ms: int
    ahead_ms: int
    secrets: tuple[str, ...]


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(NodeTold).decode


class Peers:
    """The other nodes, as heard lately. `now_s`: monotonic seconds."""

    def __init__(self) -> None:
        self._heard: dict[str, tuple[float, NodeTold]] = {}

    def hear(self, told: NodeTold, now_s: float) -> None:
        self._heard[told.node] = (now_s, told)
        for node, (heard_s, _) in list(self._heard.items()):
            if now_s - heard_s > FORGOTTEN_S:
                del self._heard[node]

    def problems(self, own: NodeTold, now_s: float) -> list[str]:
        """Return why this node should take no traffic, with what to do."""
        lately = self._heard.values()
        others = [told for heard_s, told in lately if now_s - heard_s <= FORGOTTEN_S]
        others = [told for told in others if told.node != own.node]
        return [*_secret_problem(own, others), *_skew_problem(own, others)]


def _secret_problem(own: NodeTold, others: list[NodeTold]) -> Iterable[str]:
    first = min([own, *others], key=lambda told: (told.began_ms, told.node))
    if not set(own.secrets) & set(first.secrets):
        yield (
            "this node has another secret than the nodes that were there before it: tokens of one are"
            " refused by the other. Give all the same --secret-file"
        )


def _skew_problem(own: NodeTold, others: list[NodeTold]) -> Iterable[str]:
    if abs(own.ahead_ms) > SKEW_MS and any(abs(told.ahead_ms) <= SKEW_MS for told in others):
        way = "ahead of" if own.ahead_ms > 0 else "behind"
        yield (
            f"this machine's clock is {abs(own.ahead_ms) / 1000:.1f} s {way} that of the other nodes:"
            " mend its time service (NTP)"
        )


class NodeBeat:
    """The beat by which a node tells of itself, and hears of the others."""

    def __init__(self, event: LiveEvent, secrets: Iterable[str]) -> None:
        self._event = event
        self._peers = Peers()
        self._secrets = tuple(secrets)
        self._began_ms = int(event.wall_ms())
        self._is_odd = False

    @property
    def ahead_ms(self) -> float:
        """The milliseconds by which this machine's clock is ahead of server time."""
        return system.wall_ms_exact() - self._event.wall_ms()

    def problems(self) -> list[str]:
        """Return why this node should take no traffic."""
        return self._peers.problems(self._own(), system.monotonic_s())

    def _own(self) -> NodeTold:
        return NodeTold(
            node=self._event.audience.node,
            began_ms=self._began_ms,
            ahead_ms=round(self.ahead_ms),
            secrets=self._secrets,
        )

    async def run(self) -> None:
        """Beat until cancelled."""
        await self._event.hear(TOPIC, self._hear)
        while True:
            await self._beat()
            await asyncio.sleep(BEAT_S)

    async def _beat(self) -> None:
        try:
            await self._event.log.publish(TOPIC, _encode(self._own()))
        except OurFault as error:  # the next beat says the same
            log.debug(error.for_operators, extra={"action": "node.untold"})
        problems = self.problems()
        if problems and not self._is_odd:
            told = {"action": "node.unlike", "event": self._event.event_id}
            log.error("; ".join(problems), extra=told)
        self._is_odd = bool(problems)

    def _hear(self, data: bytes) -> None:
        self._peers.hear(_decode(data), system.monotonic_s())
