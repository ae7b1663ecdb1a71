"""A mail server on the loopback, and what it was given."""

from __future__ import annotations

import asyncio
import email
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email import policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.smtp import SMTP


class MailBox:
    """All mails that the server has taken, the oldest first."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        mail = email.message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        self.mails.append(mail)
        return "250 taken"

    def about(self, words: str) -> list[EmailMessage]:
        """Return those whose subject has these words."""
        return [mail for mail in self.mails if words in mail["Subject"]]


@asynccontextmanager
async def mail_server() -> AsyncIterator[tuple[MailBox, str]]:
    """A server that takes everything; yields its box and its address as `--smtp` has it."""
    box, loop = MailBox(), asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(box, loop=loop), "127.0.0.1", 0)
    async with server:
        yield box, f"smtp://127.0.0.1:{server.sockets[0].getsockname()[1]}"
