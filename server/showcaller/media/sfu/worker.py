"""A media worker: one process, one engine, one pipe to the node that started it.

It lives exactly as long as its node: the kernel kills it when the node dies, and where the kernel can't,
the end of the pipe ends it. Signals are the node's business: a drain ends media last.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
import sys
from typing import Any

import msgspec

from ... import garbage, logs
from ...errors import OurFault, ShowcallerError
from ...processes import die_with_parent
from ..contract.engine import MediaEngine, MediaEvent
from ..contract.wire import Notice, Pipe, Reply, Request, WorkerConfig, call_of, fault_of
from ..egress import choose
from .forwarding_engine import ForwardingEngine

log = logging.getLogger(__name__)


async def serve(pipe: Pipe, engine: MediaEngine) -> None:
    """Answer requests until the other side has gone."""
    answering: set[asyncio.Task[None]] = set()
    while (message := await pipe.receive()) is not None:
        if isinstance(message, Request):
            task = asyncio.create_task(_answer(pipe, engine, message))
            answering.add(task)
            task.add_done_callback(answering.discard)
    await engine.shut()


async def _answer(pipe: Pipe, engine: MediaEngine, request: Request) -> None:
    try:
        result = await engine.do(call_of(request))
        pipe.send(Reply(request.id, result))
    except ShowcallerError as error:
        pipe.send(Reply(request.id, fault=fault_of(error)))
    except Exception:
        log.exception("a call failed", extra={"action": "media.failed"})
        fault = fault_of(OurFault("the media worker failed; it was logged", code="internal"))
        pipe.send(Reply(request.id, fault=fault))


class _ToNode:
    """The engine's listener: it tells the node what happens."""

    def __init__(self, pipe: Pipe) -> None:
        self._pipe = pipe

    def on_media_event(self, event: MediaEvent) -> None:
        self._pipe.send(Notice(event))


async def run(config: WorkerConfig) -> None:
    """Serve the node that `config` names until it has gone."""
    connection = socket.socket(fileno=config.descriptor)
    pipe = Pipe(*await asyncio.open_connection(sock=connection))
    engine = await ForwardingEngine.open(
        config.name, config.addresses, config.port, choose(), _ToNode(pipe), config.tcp_port
    )
    try:
        await engine.lend(config.trunk)
    except OSError as error:
        log.warning(f"no other worker can branch off: {error}", extra={"action": "media.no_trunk"})
    garbage.settle_in()
    await serve(pipe, engine)


def main() -> None:
    config = msgspec.json.decode(sys.argv[1], type=WorkerConfig)
    die_with_parent(config.parent)
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    logs.set_up(config.log_level)
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(run(config))


def _loop_factory() -> Any:
    try:
        import uvloop
    except ImportError:  # it has no wheel for this platform
        return None
    return uvloop.new_event_loop


if __name__ == "__main__":
    main()
