"""The senders that an operator's settings ask for."""

from __future__ import annotations

from pathlib import Path

from ..errors import at_start
from .mail_sender import MailSender, MailServer
from .push_message import PushKey
from .push_sender import PushSender
from .push_services import PushServices


def push_sender(key: Path | None, contact: str, services: tuple[str, ...]) -> PushSender | None:
    """Return what sends Web Push; None without a key. Raises `ConfigError`."""
    if key is None:
        return None
    try:
        data = key.read_bytes()
    except OSError as error:
        raise at_start(f"can't read the key in {key} (--push-key)", error) from error
    return PushSender(PushKey.read(data, contact), PushServices(services))


def mail_sender(url: str, password: str, sender: str) -> MailSender | None:
    """Return what sends mail; None without a server. Raises `ConfigError`."""
    return MailSender(MailServer.read(url, password, sender)) if url else None
