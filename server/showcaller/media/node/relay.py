"""Calls from node to node over the broker's ephemeral topics: no ports, no addresses.

A node listens on `media/{worker}` for each of its workers and on `media-reply/{node}` for itself. A
message may be lost: then the caller gets `Unavailable`, and asks again.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import msgspec

from ... import system
from ...broker.base import EventLog
from ...errors import OurFault, ShowcallerError, Unavailable
from ..contract.calls import Call, Find
from ..contract.wire import PendingCalls, Reply, Request, call_of, decode, encode, fault_of, request

log = logging.getLogger(__name__)

RETRY_S = 0.2
RELAY_TIMEOUT_S = 2.0  # a dead node's lease runs out within 3 s: then its stages are elsewhere
FIND_WITHIN_S = 0.8  # its viewers ask whether they are still there before they come elsewhere

R = TypeVar("R")

Handler = Callable[[str, Call[Any]], Awaitable[Any]]  # at our worker of that name


class Relay:
    """Asks the nodes of other workers, and answers for one's own."""

    def __init__(self, event_log: EventLog, handler: Handler) -> None:
        self.node = system.random_id("n")
        self._log = event_log
        self._handler = handler
        self._calls = PendingCalls()
        self._stop: dict[str, Callable[[], None]] = {}
        self._served: set[str] = set()  # workers
        self._answering: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        self._stop[self.node] = await self._log.subscribe(
            f"media-reply/{self.node}", self._on_reply
        )

    def stop(self) -> None:
        for unsubscribe in self._stop.values():
            unsubscribe()
        self._stop.clear()
        self._calls.fail(Unavailable("this node is stopping"))

    async def serve(self, worker: str) -> None:
        """Answer for `worker` until it is forgotten; while the broker is away, go on trying."""

        def on_request(data: bytes) -> None:
            self._on_request(worker, data)

        self._served.add(worker)
        while worker in self._served and worker not in self._stop:
            try:
                self._stop[worker] = await self._log.subscribe(f"media/{worker}", on_request)
            except Unavailable:
                await asyncio.sleep(RETRY_S)
        if worker not in self._served:  # meanwhile
            self.forget(worker)

    def forget(self, worker: str) -> None:
        self._served.discard(worker)
        if unsubscribe := self._stop.pop(worker, None):
            unsubscribe()

    async def ask(self, worker: str, call: Call[R]) -> R:
        """Return what the node of `worker` answers. Raises what it raised, or `Unavailable`."""

        def send(id: int) -> Awaitable[None]:
            data = encode(request(id, call, reply_to=self.node))
            return self._log.publish(f"media/{worker}", data)

        within_s = FIND_WITHIN_S if isinstance(call, Find) else RELAY_TIMEOUT_S
        return await self._calls.ask(call, send, within_s, _no_answer)

    def _on_reply(self, data: bytes) -> None:
        message = _decoded(data)
        if isinstance(message, Reply):
            self._calls.settle(message)

    def _on_request(self, worker: str, data: bytes) -> None:
        message = _decoded(data)
        if isinstance(message, Request):
            task = asyncio.get_running_loop().create_task(self._answer(worker, message))
            self._answering.add(task)
            task.add_done_callback(self._answering.discard)

    async def _answer(self, worker: str, asked: Request) -> None:
        try:
            reply = Reply(asked.id, await self._handler(worker, call_of(asked)))
        except ShowcallerError as error:
            reply = Reply(asked.id, fault=fault_of(error))
        except Exception:
            log.exception("a relayed call failed", extra={"action": "media.relay_failed"})
            fault = fault_of(OurFault("media failed on another node", code="internal"))
            reply = Reply(asked.id, fault=fault)
        try:
            await self._log.publish(f"media-reply/{asked.reply_to}", encode(reply))
        except ShowcallerError as error:
            log.warning(error.message, extra={"action": "media.reply_lost"})


def _no_answer() -> ShowcallerError:
    return Unavailable(
        "the node that hosts this does not answer: try again", code="no_answer", retry_after_s=1
    )


def _decoded(data: bytes) -> object:
    try:
        return decode(data)
    except msgspec.MsgspecError:
        log.warning("a relayed message can't be read", extra={"action": "media.bad_message"})
        return None
