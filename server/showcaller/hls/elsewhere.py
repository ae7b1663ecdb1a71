"""Stages that other nodes write, over the broker's ephemeral topics: one asks, who writes answers.

A message may be lost: then the one who asks gets `Unavailable`, as if nobody wrote the stage. All who ask
for the same at the same time share one question.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from msgspec import Struct

from .. import system
from ..broker.base import EventLog
from ..errors import NotFound, ShowcallerError, Unavailable

log = logging.getLogger(__name__)

TOPIC = "hls"
WITHIN_S = 2.0
AGAIN_S = 1.0  # while the broker is away


class Wanted(Struct, frozen=True, kw_only=True):
    """The thing that is asked for: a playlist of a stage, or the names of a take's parts."""

    stage: str
    rendition: str = ""  # "": the multivariant playlist
    segment: int | None = None
    part: int | None = None
    skip: bool = False
    take: str = ""
    first: int = 0
    last: int = 0


class Question(Struct, frozen=True, kw_only=True):
    id: str
    reply_to: str
    wanted: Wanted


class Reply(Struct, frozen=True, kw_only=True):
    id: str
    lines: list[str] = []  # a playlist as one text, or names
    code: str = ""  # of the error that it is instead
    message: str = ""


Answer = Callable[[Wanted], Awaitable[list[str]]]

_encode = msgspec.msgpack.Encoder().encode
_question = msgspec.msgpack.Decoder(Question).decode
_reply = msgspec.msgpack.Decoder(Reply).decode


class Elsewhere:
    """Asks other nodes, and answers them: `writes` tells of which stages. `start` once, `stop` once."""

    def __init__(self, event_log: EventLog, writes: Callable[[str], bool], answer: Answer) -> None:
        self._log = event_log
        self._writes = writes
        self._answer = answer
        self._name = system.random_id("h")
        self._waiting: dict[str, asyncio.Future[Reply]] = {}
        self._asking: dict[Wanted, asyncio.Task[list[str]]] = {}
        self._unsubscribe: list[Callable[[], None]] = []
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        for topic, heard in ((TOPIC, self._hear), (f"{TOPIC}/{self._name}", self._hear_reply)):
            self._spawn(self._listen(topic, heard))

    async def stop(self) -> None:
        for unsubscribe in self._unsubscribe:
            unsubscribe()
        tasks = [*self._tasks, *self._asking.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def ask(self, wanted: Wanted) -> list[str]:
        """Return what another node answers. Raises `NotFound` and `Unavailable`."""
        task = self._asking.get(wanted)
        if task is None:
            task = self._asking[wanted] = asyncio.create_task(self._ask(wanted))
            task.add_done_callback(lambda _: self._asking.pop(wanted, None))
        return await asyncio.shield(task)

    async def _ask(self, wanted: Wanted) -> list[str]:
        question = Question(id=system.random_id("q"), reply_to=self._name, wanted=wanted)
        waiting: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._waiting[question.id] = waiting
        try:
            async with asyncio.timeout(WITHIN_S):
                await self._log.publish(TOPIC, _encode(question))
                reply = await waiting
        except TimeoutError:
            raise Unavailable("nothing is written of this stage now", retry_after_s=1) from None
        finally:
            del self._waiting[question.id]
        if not reply.code:
            return reply.lines
        if reply.code == Unavailable.code:
            raise Unavailable(reply.message, retry_after_s=1)
        raise NotFound(reply.message, code=reply.code)

    async def _listen(self, topic: str, heard: Callable[[bytes], None]) -> None:
        while True:
            try:
                self._unsubscribe.append(await self._log.subscribe(topic, heard))
                return
            except Unavailable:
                await asyncio.sleep(AGAIN_S)

    def _hear(self, data: bytes) -> None:
        question = _decoded(_question, data)
        if question is None or question.reply_to == self._name:
            return
        if self._writes(question.wanted.stage):
            self._spawn(self._reply(question))

    async def _reply(self, question: Question) -> None:
        try:
            reply = Reply(id=question.id, lines=await self._answer(question.wanted))
        except ShowcallerError as error:
            reply = Reply(id=question.id, code=error.code, message=error.message)
        try:
            await self._log.publish(f"{TOPIC}/{question.reply_to}", _encode(reply))
        except ShowcallerError as error:
            log.debug(error.message, extra={"action": "hls.unanswered"})

    def _hear_reply(self, data: bytes) -> None:
        reply = _decoded(_reply, data)
        waiting = self._waiting.get(reply.id) if reply else None
        if waiting is not None and not waiting.done():
            waiting.set_result(reply)

    def _spawn(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _decoded(decode: Callable[[bytes], Any], data: bytes) -> Any:
    """Return the message; None for one of another release."""
    try:
        return decode(data)
    except msgspec.MsgspecError:
        return None
