"""Web Push over HTTP (RFC 8030): one message to one browser, tried a few times."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import logging

import aiohttp
import msgspec

from .. import system
from ..show.reminder_settings import Subscription
from .push_message import PushKey, encrypt
from .push_services import PushServices, origin_of
from .results import Result, again_after_s
from .words import Told

log = logging.getLogger(__name__)

ANSWER_WITHIN_S = 10.0
CONNECTIONS = 32  # to all push services together
KEPT_FOR_S = 600  # by the push service, for a browser that is away: later it says nothing any more


class PushSender:
    """Sends to the services that are allowed; nothing else is ever asked for."""

    def __init__(self, key: PushKey, services: PushServices) -> None:
        self._key = key
        self._services = services
        self._http: aiohttp.ClientSession | None = None

    @property
    def public_key(self) -> str:
        """The organiser's public key, which browsers ask for."""
        return self._key.public

    def allow(self, endpoint: str) -> bool:
        return self._services.allow(endpoint)

    async def send(self, to: Subscription, told: Told) -> Result:
        """Send a reminder; `gone`: the browser has left, and its subscription is of no use any more."""
        if not self.allow(to.endpoint):  # the list may be another one by now
            return "refused"
        try:
            body = encrypt(msgspec.json.encode(told), p256dh=to.p256dh, auth=to.auth)
        except ValueError:
            return "gone"
        for tries in range(1, 4):
            result, wait_s = await self._try(to.endpoint, body, told)
            pause_s = again_after_s(tries, wait_s)
            if result != "failed" or pause_s is None:
                return result
            await asyncio.sleep(pause_s)
        return "failed"

    async def _try(self, endpoint: str, body: bytes, told: Told) -> tuple[Result, float]:
        """Ask once; also return how long the service wants to be left alone."""
        headers = {
            "Authorization": self._key.authorization(
                origin_of(endpoint) or "", system.wall_ms() // 1000
            ),
            "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream",
            "TTL": str(KEPT_FOR_S),
            "Urgency": "high",
            "Topic": _topic(told.tag),
        }
        try:
            async with self._session().post(
                endpoint, data=body, headers=headers, allow_redirects=False
            ) as answer:
                return _result(answer.status), _retry_after_s(answer.headers.get("Retry-After"))
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            failed = {"action": "reminder.unsent", "way": "push", "error": type(error).__name__}
            log.info("a push service could not be reached", extra=failed)
            return "failed", 0.0

    def _session(self) -> aiohttp.ClientSession:
        if self._http is None:
            self._http = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=CONNECTIONS),
                timeout=aiohttp.ClientTimeout(total=ANSWER_WITHIN_S),
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._http

    async def close(self) -> None:
        if self._http is not None:
            await self._http.close()


def _result(status: int) -> Result:
    if 200 <= status < 300:
        return "sent"
    if status in (404, 410):  # RFC 8030 §7.3
        return "gone"
    return "failed" if status == 429 or status >= 500 else "refused"


def _retry_after_s(text: str | None) -> float:
    return float(text) if text is not None and text.isascii() and text.isdigit() else 0.0


def _topic(tag: str) -> str:
    """Return a name for all messages of one session: a newer one replaces an older one (RFC 8030 §5.4)."""
    digest = hashlib.blake2b(tag.encode(), digest_size=18).digest()
    return base64.urlsafe_b64encode(digest).decode()
