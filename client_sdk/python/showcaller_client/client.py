"""The client: one connection that comes back by itself, and everything done over it.

`_run` makes connections until one ends for good; `_serve` drives one. Each of its tasks runs until
the connection ends, and whichever notices first says so by its exception.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import random
import secrets
import ssl as tls
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any, NoReturn, Self
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException
from websockets.typing import Subprotocol

from . import backoff, http
from .clock import ServerClock
from .codec import SUBPROTOCOLS, Format, decode, encode
from .commands import Commands, Result
from .errors import (
    ClientClosed,
    NotServed,
    ProtocolFault,
    Refused,
    ShowcallerClientError,
    TokenExpired,
)
from .followed import Followed

TokenProvider = Callable[[], Awaitable[str]]

MAX_MESSAGE = 64 << 20  # bytes; a snapshot of thousands of long questions
OPEN_TIMEOUT_S = 10.0
OPEN_AFTER_SILENCE_S = 4.0  # of the first try: a balancer may lead to the same frozen server
CLOSE_TIMEOUT_S = 2.0
SILENT_HEARTBEATS = 2  # this many without any message: the connection is lost
MAX_SILENT_S = (
    45.0  # after some losses by silence in a row: something large may come over a thin line
)
PATIENT_FOR_S = 60.0  # a silence after this long is no sign of a thin line
FIRST_PROBES = 5
FIRST_PROBE_INTERVAL_S = 0.2
PROBE_EVERY_S = 15.0
CLOCK_MOVED_MS = 2_000  # more than a heartbeat is ever on its way
MEND_INTERVAL_S = 0.25
TOKEN_LIFE_USED = 0.8  # refresh when so much of a token's remaining life is over
CLOSE_TOKEN_EXPIRED = 4003

log = logging.getLogger("showcaller_client")
# The library's own debug output shows whole messages, the hello with its token among them.
_wire_log = logging.getLogger("showcaller_client.wire")
_wire_log.setLevel(logging.INFO)


def _now_ms() -> float:
    return time.monotonic() * 1000


class Client(Commands):
    """One person's connection to one event.

    `url` is any address of the server (`https://…`). Give `token`, or `token_provider` to be asked
    for one whenever a new one is needed. Entering the block waits for the first connection, however
    long the server stays away; bound it with `asyncio.timeout`. Raises `Terminal` when coming back
    makes no sense, on entering and from everything that waits.
    """

    def __init__(
        self,
        url: str,
        *,
        event: str,
        token: str | None = None,
        token_provider: TokenProvider | None = None,
        format: Format = "json",
        name: str = "showcaller-client/0.1",
        ssl_context: tls.SSLContext | None = None,
    ) -> None:
        if token is None and token_provider is None:
            raise ValueError("give a token or a token_provider; `register()` gets a token")
        self.url = url
        self.event = event
        self.welcome: Mapping[str, Any] = {}  # the server's last one: person, roles, …
        self.clock = ServerClock()
        self.connections = 0  # how many there have been
        self._live_url = http.live_url(url, event)
        self._token = token
        self._token_provider = token_provider
        self._expires_at_ms = float("inf")
        self._format: Format = format
        self._name = name
        self._ssl = ssl_context
        self._ids = map(str, itertools.count(1))
        self._socket: ClientConnection | None = None  # None: not past the welcome
        self._followed: dict[str, Followed] = {}
        self._subscribing: dict[str, Followed] = {}  # by request id; of this connection
        self._replies: dict[str, asyncio.Future[Result]] = {}
        self._unanswered: dict[str, Mapping[str, Any]] = {}  # commands to send again
        self._last_given_ms = 0
        self._silences = 0  # connections in a row that were lost by silence
        self._clock_moved = asyncio.Event()
        self._leave_at_s: float | None = None  # the moment that a drain gave us
        self._task: asyncio.Task[None] | None = None
        self._connected = asyncio.Event()
        self._ended: ShowcallerClientError | None = ClientClosed("use `async with Client(…)`")

    async def __aenter__(self) -> Self:
        if self._live_url.startswith("ws:") and not _is_loopback(self._live_url):
            log.warning("the token travels unencrypted: use an https address")
        self._ended = None
        self._task = asyncio.create_task(self._run(), name=f"showcaller client {self.event}")
        try:
            await self._connected.wait()
        except BaseException:
            await self.__aexit__()
            raise
        self._check_open()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._end(ClientClosed("the client was closed"), quietly=True)
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    # What programs do ---------------------------------------------------------------------------

    async def follow(self, channel: str) -> Followed:
        """Follow a channel; returns when its state is there. Raises `Refused`."""
        self._check_open()
        followed = self._followed.get(channel)
        if followed is None:
            followed = self._followed[channel] = Followed(channel)
            await self._subscribe(followed)
        await followed.wait_until(lambda _: True, timeout_s=None)
        return followed

    async def unfollow(self, channel: str) -> None:
        """Stop following; loops over its updates end."""
        followed = self._followed.pop(channel, None)
        if followed is not None:
            followed.end()
            await self._send({"op": "unsubscribe", "id": next(self._ids), "channel": channel})

    async def command(
        self,
        name: str,
        args: Mapping[str, Any] | None = None,
        *,
        key: str | None = None,
        timeout_s: float = 30.0,
    ) -> Result:
        """Do something once, however often the connection is lost on the way (§6).

        It is sent again under the same `key` after a reconnect and while the server can't write.
        Raises `Refused`, or `TimeoutError`: whether it took effect is then unknown, it will not any more, and
        repeating it with the same `key` is safe.
        """
        self._check_open()
        message = {
            "op": "command",
            "name": name,
            "args": dict(args or {}),
            "key": key or secrets.token_hex(16),
            "deadline_ms": int(self.server_ms() + timeout_s * 1000),
        }
        tries = 0
        async with asyncio.timeout(timeout_s):
            while True:
                try:
                    return await self._request(message)
                except Refused as refused:
                    if not refused.retry or refused.code == "rate_limited":
                        raise
                    jitter_s = backoff.full_jitter_s(tries, random.random)
                    await asyncio.sleep(refused.retry_after_s or jitter_s)
                    tries += 1

    async def refresh(self, token: str) -> None:
        """Go on with a newer token for the same person (§8). Raises `Refused`."""
        self._token = token  # at the next hello, should the connection be lost
        if self._socket is None:
            return
        reply = await self._request({"op": "refresh", "token": token})
        self._expires_at_ms = reply["expires_at_ms"]

    def server_ms(self) -> float:
        """The server's time now, in milliseconds since 1970 (§5)."""
        return self.clock.server_ms(_now_ms())

    def now_given_ms(self) -> int:
        self._check_open()
        self._last_given_ms = max(int(self.server_ms()), self._last_given_ms + 1)
        return self._last_given_ms

    def clock_error_ms(self) -> float:
        """By how much `server_ms` may be wrong."""
        return self.clock.error_ms(_now_ms())

    # Connections --------------------------------------------------------------------------------

    async def _run(self) -> None:
        tries = 0
        try:
            while True:
                began_s = time.monotonic()
                is_short = tries == 1 and self._silences > 0
                asked_s = await self._connection(
                    OPEN_AFTER_SILENCE_S if is_short else OPEN_TIMEOUT_S
                )
                if self._leave_at_s is not None:
                    asked_s = self._leave_in_s()
                    self._leave_at_s = None
                if time.monotonic() - began_s > backoff.STEADY_S:
                    tries = 0
                jitter_s = backoff.full_jitter_s(tries, random.random)
                tries += 1
                await asyncio.sleep(jitter_s if asked_s is None else asked_s)
        except ShowcallerClientError as error:
            self._end(error)
        except Exception as error:
            log.exception("the client failed")
            self._end(ProtocolFault(f"the client failed: {error!r}"))

    async def _connection(self, open_timeout_s: float) -> float | None:
        """Be connected once; returns the delay the server asked for. Raises `Terminal`.

        `open_timeout_s`: for the upgrade, and for the welcome.
        """
        try:
            token = await self._current_token()
            async with connect(
                self._live_url,
                subprotocols=[Subprotocol(SUBPROTOCOLS[self._format])],
                ssl=self._tls(),
                compression=None,
                max_size=MAX_MESSAGE,
                open_timeout=open_timeout_s,
                close_timeout=CLOSE_TIMEOUT_S,
                ping_interval=None,  # the server's heartbeats tell whether it lives
                logger=_wire_log,
            ) as socket:
                try:
                    return await self._serve(socket, token, open_timeout_s)
                except asyncio.CancelledError:
                    await socket.close()  # as one who leaves, not as one who failed
                    raise
        except ConnectionClosed as closed:
            return self._closed(closed)
        except InvalidStatus as refused:
            return _not_upgraded(refused)
        except (OSError, WebSocketException, Refused) as error:  # TimeoutError is an OSError
            if isinstance(error, tls.SSLCertVerificationError) and not self.connections:
                raise NotServed(f"the server's certificate is not trusted: {error}") from error
            log.warning("not connected to %s: %r; coming back", self._live_url, error)
            return error.retry_after_s if isinstance(error, Refused) else None
        finally:
            self._disconnected()

    async def _serve(
        self, socket: ClientConnection, token: str, welcome_timeout_s: float
    ) -> float | None:
        if socket.subprotocol != SUBPROTOCOLS[self._format]:
            raise ProtocolFault(f"the server does not speak {SUBPROTOCOLS[self._format]}")
        await socket.send(
            encode({"op": "hello", "token": token, "client": self._name}, self._format)
        )
        async with asyncio.timeout(welcome_timeout_s):
            await self._welcomed(socket)
        return await _first_to_end(
            self._read(socket), self._probe_clock(), self._mend_gaps(), self._renew_tokens()
        )

    async def _welcomed(self, socket: ClientConnection) -> None:
        """Wait for the welcome; then resume every channel and repeat what was not answered."""
        while (message := _decoded(await socket.recv()))["op"] != "welcome":
            pass
        self.welcome = message
        self._expires_at_ms = message["expires_at_ms"]
        self.clock.restart()
        self.clock.seed(message["now_ms"], _now_ms())
        self._socket = socket
        self.connections += 1
        for followed in list(self._followed.values()):
            await self._subscribe(followed)
        for command in list(self._unanswered.values()):
            await self._send(command)
        self._connected.set()

    def _tls(self) -> tls.SSLContext | None:
        """Certificates are always verified, by the system's authorities unless told otherwise."""
        if not self._live_url.startswith("wss:"):
            return None
        return self._ssl or tls.create_default_context()

    def _closed(self, closed: ConnectionClosed) -> float | None:
        code = closed.rcvd.code if closed.rcvd else 1006
        reason = closed.rcvd.reason if closed.rcvd else ""
        if fatal := backoff.fatal_close(code, reason):
            raise fatal
        self._silences = 0
        if code == CLOSE_TOKEN_EXPIRED:
            if self._token_provider is None:
                raise TokenExpired("the token has expired; register again", code)
            self._token = None
        log.info("connection ended with %d %s; coming back", code, reason)
        return backoff.retry_after_s(reason)

    def _disconnected(self) -> None:
        self._socket = None
        self._subscribing.clear()
        for request_id in set(self._replies) - set(self._unanswered):
            self._fail(request_id, Refused("disconnected", "the connection was lost", retry=True))

    def _end(self, error: ShowcallerClientError, *, quietly: bool = False) -> None:
        """Nothing more will come: tell everybody who waits."""
        if self._ended is not None:
            return
        self._ended = error
        for followed in self._followed.values():
            followed.end(None if quietly else error)
        for request_id in list(self._replies):
            self._fail(request_id, error)
        self._connected.set()

    def _check_open(self) -> None:
        if self._ended is not None:
            raise self._ended

    # Tasks of one connection --------------------------------------------------------------------

    async def _read(self, socket: ClientConnection) -> None:
        """Handle messages until the moment to leave, if a drain gives us one (§3)."""
        began_s, silent_s = time.monotonic(), self._patience_s()
        while True:
            leave_in_s = self._leave_in_s()
            try:
                async with asyncio.timeout(min(silent_s, leave_in_s)):
                    self._handle(_decoded(await socket.recv()))
            except TimeoutError:
                if leave_in_s <= silent_s:
                    return
                lasted = time.monotonic() - began_s > PATIENT_FOR_S
                self._silences = 1 if lasted else self._silences + 1
                raise

    def _leave_in_s(self) -> float:
        if self._leave_at_s is None:
            return float("inf")
        return max(0.0, self._leave_at_s - time.monotonic())

    def _patience_s(self) -> float:
        """Return how long the server may be silent: longer after each loss by silence."""
        first_s: float = SILENT_HEARTBEATS * self.welcome["heartbeat_ms"] / 1000
        return max(first_s, min(MAX_SILENT_S, first_s * float(2 ** min(self._silences, 10))))

    async def _probe_clock(self) -> NoReturn:
        """Measure the server's clock, some times at first and when it was moved."""
        left = FIRST_PROBES
        while True:
            await self._send({"op": "clock", "t1": _now_ms()})
            left -= 1
            try:
                async with asyncio.timeout(FIRST_PROBE_INTERVAL_S if left > 0 else PROBE_EVERY_S):
                    await self._clock_moved.wait()
                left = FIRST_PROBES
            except TimeoutError:
                pass
            self._clock_moved.clear()

    async def _mend_gaps(self) -> NoReturn:
        while True:
            await asyncio.sleep(MEND_INTERVAL_S)
            for followed in list(self._followed.values()):
                if followed.follower.resubscribe_due(time.monotonic()):
                    await self._subscribe(followed)

    async def _renew_tokens(self) -> NoReturn:
        """Refresh before the token expires, again and again; failing is no end (§8)."""
        tries = 0
        while True:
            left_s = max(0.0, (self._expires_at_ms - self.server_ms()) / 1000)
            await asyncio.sleep(max(1.0, TOKEN_LIFE_USED * left_s))
            try:
                await self.refresh(await self._newer_token())
                tries = 0
            except (OSError, Refused) as error:
                log.warning("no newer token: %s", error)
                if isinstance(error, Refused) and not error.retry:
                    await asyncio.Event().wait()  # asking again would not help
                await asyncio.sleep(1.0 + backoff.full_jitter_s(tries, random.random))
                tries += 1

    # Messages -----------------------------------------------------------------------------------

    def _handle(self, message: Mapping[str, Any]) -> None:
        match message["op"]:
            case "snapshot" | "change" | "levels":
                if followed := self._followed.get(message["channel"]):
                    followed.deliver(followed.follower.receive(message, time.monotonic()))
            case "reply":
                self._replied(message)
            case "heartbeat":
                self._heard(message)
            case "drain":
                self._leave_at_s = time.monotonic() + message["reconnect_after_ms"] / 1000
            case "clock":
                self.clock.measured(message["t1"], message["t2"], message["t3"], _now_ms())
            case "error":
                log.warning("the server complains: %s", message["error"])

    def _heard(self, heartbeat: Mapping[str, Any]) -> None:
        if abs(heartbeat["now_ms"] - self.server_ms()) > CLOCK_MOVED_MS:
            self._clock_moved.set()
        for channel, at in heartbeat["channels"].items():
            if followed := self._followed.get(channel):
                follower, epoch = followed.follower, heartbeat["epoch"]
                follower.heartbeat(at["head"], at["mark"], epoch, time.monotonic())

    def _replied(self, reply: Mapping[str, Any]) -> None:
        if followed := self._subscribing.pop(reply["id"], None):
            self._subscribed(followed, reply)
        elif reply["ok"]:
            self._resolve(reply["id"], reply.get("result", {}))
        else:
            self._fail(reply["id"], Refused.of_reply(reply["error"]))

    def _subscribed(self, followed: Followed, reply: Mapping[str, Any]) -> None:
        if reply["ok"]:
            followed.follower.resumed()
            return
        refused = Refused.of_reply(reply["error"])
        if refused.retry:
            wait_s = refused.retry_after_s or 1.0
            followed.follower.resume_again_at(time.monotonic() + wait_s)
        elif self._followed.get(followed.channel) is followed:
            del self._followed[followed.channel]
            followed.end(refused)

    async def _subscribe(self, followed: Followed) -> None:
        message: dict[str, Any] = {
            "op": "subscribe",
            "id": next(self._ids),
            "channel": followed.channel,
        }
        if since := followed.follower.begin_resume():
            message["since"] = since
        self._subscribing[message["id"]] = followed
        await self._send(message)

    async def _request(self, message: Mapping[str, Any]) -> Result:
        """Send a message with a fresh id and wait for its reply."""
        self._check_open()
        request_id = next(self._ids)
        message = {**message, "id": request_id}
        encode(message, self._format)  # what can't be encoded is the caller's to know, at once
        future = self._replies[request_id] = asyncio.get_running_loop().create_future()
        if message["op"] == "command":
            self._unanswered[request_id] = message
        try:
            await self._send(message)
            result: Result = await future
            return result
        finally:
            self._replies.pop(request_id, None)
            self._unanswered.pop(request_id, None)

    async def _send(self, message: Mapping[str, Any]) -> None:
        """Send if connected. What is lost on the way is sent again after the reconnect."""
        if self._socket is not None:
            try:
                await self._socket.send(encode(message, self._format))
            except ConnectionClosed:
                pass  # the reader sees it too, and says why

    def _resolve(self, request_id: str, result: Result) -> None:
        future = self._replies.get(request_id)
        if future is not None and not future.done():
            future.set_result(result)

    def _fail(self, request_id: str, error: ShowcallerClientError) -> None:
        future = self._replies.get(request_id)
        if future is not None and not future.done():
            future.set_exception(error)

    # Tokens -------------------------------------------------------------------------------------

    async def _current_token(self) -> str:
        if self._token is None:
            assert self._token_provider is not None
            self._token = await self._token_provider()
        return self._token

    async def _newer_token(self) -> str:
        if self._token_provider is not None:
            return await self._token_provider()
        assert self._token is not None
        newer = await http.newer_token(self.url, self.event, self._token, ssl_context=self._ssl)
        return newer.token


async def _first_to_end(*tasks: Coroutine[Any, Any, float | None]) -> float | None:
    """Run all until one returns or raises; cancel the others and do as it did."""
    running = [asyncio.ensure_future(task) for task in tasks]
    try:
        done, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
        return done.pop().result()
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


def _decoded(data: str | bytes) -> dict[str, Any]:
    try:
        return decode(data)
    except ValueError as error:
        raise ProtocolFault(f"the server sent something else than a message: {error}") from error


def _not_upgraded(refused: InvalidStatus) -> float | None:
    if fatal := backoff.fatal_status(refused.response.status_code):
        raise fatal from None
    after = refused.response.headers.get("Retry-After", "")
    log.warning("the server answered HTTP %d; coming back", refused.response.status_code)
    return float(after) if after.isdigit() else None


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    return host in ("localhost", "::1") or host.startswith("127.")
