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
from ..contract.calls import Notice, Pipe, Reply, Request, WorkerConfig, fault_of
from ..contract.engine import MediaEngine
from ..contract.statistics import worst
from ..egress import choose
from ..transport.transport import Transports
from .forwarding_engine import ForwardingEngine

log = logging.getLogger(__name__)

METHODS = frozenset(
    (
        *("publish", "view", "preview", "choose_layer", "patch", "close", "close_room"),
        *("leave_stage", "branch", "route", "statistics", "viewers"),
    )
)


async def serve(pipe: Pipe, engine: MediaEngine) -> None:
    """Answer requests until the other side has gone."""
    engine.on_event = lambda event: pipe.send(Notice(event))
    answering: set[asyncio.Task[None]] = set()
    while (message := await pipe.receive()) is not None:
        if isinstance(message, Request):
            task = asyncio.create_task(_answer(pipe, engine, message))
            answering.add(task)
            task.add_done_callback(answering.discard)
    await engine.shut()


async def _answer(pipe: Pipe, engine: MediaEngine, request: Request) -> None:
    try:
        result = await _call(engine, request.method, request.args)
        pipe.send(Reply(request.id, result))
    except ShowcallerError as error:
        pipe.send(Reply(request.id, fault=fault_of(error)))
    except Exception:
        log.exception("a call failed", extra={"action": "media.failed", "method": request.method})
        fault = fault_of(OurFault("the media worker failed; it was logged", code="internal"))
        pipe.send(Reply(request.id, fault=fault))


async def _call(engine: MediaEngine, method: str, args: dict[str, Any]) -> Any:
    if method == "ping":
        return None
    if method not in METHODS:
        raise OurFault(f"media workers have no method {method!r}")
    result = await getattr(engine, method)(**args)
    return worst(result) if method == "viewers" else result


async def run(config: WorkerConfig) -> None:
    connection = socket.socket(fileno=config.descriptor)
    reader, writer = await asyncio.open_connection(sock=connection)
    transports = await Transports.open(config.addresses, config.port)
    engine = ForwardingEngine(config.name, transports, choose())
    try:
        await engine.lend(config.trunk)
    except OSError as error:
        log.warning(f"no other worker can branch off: {error}", extra={"action": "media.no_trunk"})
    garbage.settle_in()
    await serve(Pipe(reader, writer), engine)


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
