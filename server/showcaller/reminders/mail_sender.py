"""Reminders by mail, over the organiser's own SMTP server (RFC 5321)."""

from __future__ import annotations

import asyncio
import logging
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

import aiosmtplib

from ..errors import ConfigError
from .results import Result, again_after_s

log = logging.getLogger(__name__)

ANSWER_WITHIN_S = 20.0
CONNECTIONS = 4


class MailServer(NamedTuple):
    """The server over which mail goes out, and in whose name."""

    host: str
    port: int
    tls: bool  # from the first byte; else as soon as the server offers it
    user: str
    password: str
    sender: Address

    @classmethod
    def read(cls, url: str, password: str, sender: str) -> MailServer:
        """Return the server of `smtp://[USER@]HOST[:PORT]` or `smtps://…`. Raises `ConfigError`."""
        try:
            parts = urlsplit(url)
            port, host = parts.port, parts.hostname
        except ValueError:
            host, port, parts = None, None, urlsplit("")
        if parts.scheme not in ("smtp", "smtps") or not host or parts.password is not None:
            raise ConfigError(
                "--smtp must be smtp://HOST:PORT or smtps://HOST:PORT, with USER@ before the host where "
                "the server asks for one; the password stands in --smtp-password-file"
            )
        tls = parts.scheme == "smtps"
        user = unquote(parts.username or "")
        return cls(host, port or (465 if tls else 587), tls, user, password, _address(sender))


def _address(text: str) -> Address:
    try:
        return Address(addr_spec=text)
    except (ValueError, IndexError) as error:
        raise ConfigError(
            f"--mail-from {text!r} is no address: write agenda@example.org"
        ) from error


class Letter(NamedTuple):
    """A mail to one person. `stop_url`: where one click ends all further ones (RFC 8058); "": nowhere."""

    to: str
    subject: str
    text: str
    stop_url: str = ""


class MailSender:
    """Sends letters, a few at a time."""

    def __init__(self, server: MailServer) -> None:
        self._server = server
        self._room = asyncio.Semaphore(CONNECTIONS)

    async def send(self, letter: Letter) -> Result:
        """Send it; `refused`: the server takes no such mail, however often it is tried."""
        message = self._message(letter)
        async with self._room:
            for tries in range(1, 4):
                result = await self._try(message)
                pause_s = again_after_s(tries)
                if result != "failed" or pause_s is None:
                    return result
                await asyncio.sleep(pause_s)
        return "failed"

    async def _try(self, message: EmailMessage) -> Result:
        server = self._server
        try:
            await aiosmtplib.send(
                message,
                hostname=server.host,
                port=server.port,
                use_tls=server.tls,
                username=server.user or None,
                password=server.password or None,
                timeout=ANSWER_WITHIN_S,
            )
        except (aiosmtplib.SMTPException, OSError) as error:
            failed = {"action": "reminder.unsent", "way": "mail", "error": type(error).__name__}
            log.info("a mail could not be sent", extra=failed)
            return "refused" if _is_final(error) else "failed"
        return "sent"

    def _message(self, letter: Letter) -> EmailMessage:
        message = EmailMessage()
        message["From"] = self._server.sender
        message["To"] = letter.to
        message["Subject"] = " ".join(letter.subject.split())
        message["Date"] = formatdate(usegmt=True)
        message["Message-ID"] = make_msgid(domain=self._server.sender.domain)
        message["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's absence answers it
        if letter.stop_url:
            message["List-Unsubscribe"] = f"<{letter.stop_url}>"
            message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        message.set_content(letter.text)
        return message


def _is_final(error: Exception) -> bool:
    """Tell whether the server has said no for good (5yz, RFC 5321 §4.2.1)."""
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused):
        return all(one.code >= 500 for one in error.recipients)
    return isinstance(error, aiosmtplib.SMTPResponseException) and error.code >= 500
