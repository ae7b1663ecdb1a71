"""The recorder's process: one a node, told what to do by lines of JSON, and gone with its node."""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
from typing import Any

import msgspec

from ... import garbage, logs
from ...hls.rendition import Told
from ...processes import die_with_parent
from ...recording.place import storage_at
from ..contract.recording import NamedGap, Plan, RecorderConfig, RecorderStatus, encode_line
from ..egress import choose
from .recorder import Recorder

log = logging.getLogger(__name__)

TELL_EVERY_S = 0.5
MAX_LINE_BYTES = 4 << 20


async def run(config: RecorderConfig) -> None:
    """Follow the plans on standard input until it ends; tell on standard output how it goes."""
    reader = asyncio.StreamReader(limit=MAX_LINE_BYTES)
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    storage = storage_at(config.store)
    recorder = Recorder(storage, choose(), tell=_write)
    telling: asyncio.Task[None] | None = None
    garbage.settle_in()
    try:
        while line := await reader.readline():
            recorder.follow(msgspec.json.decode(line, type=Plan))
            # A spare one tells nothing: nobody reads it.
            telling = telling or asyncio.create_task(_tell(recorder))
    finally:
        if telling is not None:
            telling.cancel()
        await recorder.close()
        await storage.close()


async def _tell(recorder: Recorder) -> None:
    while True:
        _write(recorder.status())
        await asyncio.sleep(TELL_EVERY_S)


def _write(message: RecorderStatus | Told | NamedGap) -> None:
    sys.stdout.buffer.write(encode_line(message))
    sys.stdout.buffer.flush()


def main() -> None:
    config = msgspec.json.decode(sys.argv[1], type=RecorderConfig)
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
