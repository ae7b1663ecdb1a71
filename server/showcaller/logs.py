"""Logs: one JSON object a line on standard error, each with a stable `action` name.

Levels: debug, what one connection does; info, a transition of a part (started, drained, cue called);
warning, something went wrong and was mended; error, something that somebody must look at.
Tokens, texts and names never go into a log.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from functools import cache
from typing import Any

from . import __version__

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class JsonFormatter(logging.Formatter):
    """A record as JSON: time, level, logger, action, message and the record's `extra` fields.

    `always` are fields of every line.
    """

    def __init__(self, **always: object) -> None:
        super().__init__()
        self._always = always

    def format(self, record: logging.LogRecord) -> str:
        fields: dict[str, Any] = {
            "time_ms": int(record.created * 1000),
            "level": record.levelname.lower(),
            "logger": record.name,
            "action": getattr(record, "action", "log"),
            "message": record.getMessage(),
        } | self._always
        fields |= {k: v for k, v in vars(record).items() if k not in _STANDARD and k != "action"}
        if record.exc_info:
            fields["traceback"] = self.formatException(record.exc_info)
        return json.dumps(fields, default=str, ensure_ascii=False)


class PlainFormatter(logging.Formatter):
    """A record as a line for people."""

    def format(self, record: logging.LogRecord) -> str:
        action = getattr(record, "action", record.name)
        line = f"{record.levelname.lower():7} {action}: {record.getMessage()}"
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


def hush_strangers(record: logging.LogRecord) -> bool:
    """Lower what aiohttp logs of strangers: what is no HTTP, or broke off, is the sender's fault."""
    if not (record.exc_info and isinstance(record.exc_info[1], _faults_of_strangers())):
        return True
    record.levelno, record.levelname, record.exc_info = logging.DEBUG, "DEBUG", None
    return logging.getLogger().isEnabledFor(logging.DEBUG)


@cache
def _faults_of_strangers() -> tuple[type[BaseException], ...]:
    """Return them when they are needed: processes that serve nobody do without aiohttp."""
    from aiohttp import web
    from aiohttp.http_exceptions import HttpProcessingError

    return HttpProcessingError, web.RequestPayloadError, ConnectionError


def report_end(task: asyncio.Task[Any]) -> None:
    """Log what ended a task that should not have ended. For `task.add_done_callback`."""
    if not task.cancelled() and (error := task.exception()):
        logging.getLogger(__name__).error(
            f"{task.get_name()} ended",
            exc_info=error,
            extra={"action": "task.failed", "version": __version__},
        )


def set_up(level: str = "info", *, plain: bool = False, **always: object) -> None:
    """Send all logs of this process to standard error, with the fields `always` in each line."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(PlainFormatter() if plain else JsonFormatter(**always))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for noisy in ("aioice", "aiortc", "aiohttp.access", "asyncio"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    logging.getLogger("aiohttp.server").addFilter(hush_strangers)
