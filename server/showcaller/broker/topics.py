"""The topics and their listeners in this process."""

from __future__ import annotations

import logging
from collections.abc import Callable

Handler = Callable[[bytes], None]

log = logging.getLogger(__name__)


class Topics:
    """Handlers by topic. One that raises is logged and does not keep the others from hearing."""

    def __init__(self) -> None:
        self._handlers: dict[str, list[Handler]] = {}

    def names(self) -> list[str]:
        return list(self._handlers)

    def add(self, topic: str, handler: Handler) -> bool:
        """Add `handler`; tell whether it is the first one on `topic`."""
        handlers = self._handlers.setdefault(topic, [])
        handlers.append(handler)
        return len(handlers) == 1

    def remove(self, topic: str, handler: Handler) -> bool:
        """Remove `handler`; tell whether it was the last one on `topic`. Again it does nothing."""
        handlers = self._handlers.get(topic, [])
        if handler not in handlers:
            return False
        handlers.remove(handler)
        if handlers:
            return False
        del self._handlers[topic]
        return True

    def dispatch(self, topic: str, data: bytes) -> None:
        for handler in list(self._handlers.get(topic, ())):
            try:
                handler(data)
            except Exception:
                log.exception(
                    "a handler failed on a message",
                    extra={"action": "broker.handler_failed", "topic": topic},
                )
