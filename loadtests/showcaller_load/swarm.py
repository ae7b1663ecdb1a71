"""Thousands of attendees in one process: raw sockets, one epoll, and no work that is not needed.

A swarm is driven by calls of `run_for`, `run_until` and `join`; nothing happens in between.
"""

from __future__ import annotations

import errno
import json
import re
import select
import socket
import time
from collections.abc import Callable, Iterable, Sequence

from .sockets import EVENTS_AT_ONCE, RECEIVE_BYTES, new_socket
from .wire import CLOSE, PING, PONG, close_reason, split_frames, text_frame, upgrade_request

_OFFSET = re.compile(rb'"epoch":"([^"]*)","offset":(\d+)')

OnMessage = Callable[["Client", bytes], None]


class Client:
    """One socket. `whole` once the state of every channel has come."""

    __slots__ = ("began_s", "channels", "rest", "since", "sock", "states", "token", "whole_s")

    def __init__(self, sock: socket.socket, token: str, channels: Sequence[str]) -> None:
        self.sock = sock
        self.token = token
        self.channels = channels
        self.since: dict[str, tuple[str, int]] = {}
        self.rest: bytes | None = None  # None: the upgrade is not answered yet
        self.states = 0  # channels whose state has come
        self.began_s = time.perf_counter()
        self.whole_s = 0.0  # when it became whole

    def opening(self) -> bytes:
        """`hello` and all subscriptions, sent at once."""
        frames = [text_frame(b'{"op":"hello","token":"%s"}' % self.token.encode())]
        for number, channel in enumerate(self.channels):
            message: dict[str, object] = {"op": "subscribe", "id": str(number), "channel": channel}
            if channel in self.since:
                epoch, offset = self.since[channel]
                message["since"] = {"epoch": epoch, "offset": offset}
            frames.append(text_frame(json.dumps(message, separators=(",", ":")).encode()))
        return b"".join(frames)

    def command(self, id: str, name: str, **args: object) -> None:
        message = {"op": "command", "id": id, "name": name, "args": args}
        self.sock.send(text_frame(json.dumps(message, separators=(",", ":")).encode()))

    def clock(self, t1_ms: float) -> None:
        self.sock.send(text_frame(b'{"op":"clock","t1":%f}' % t1_ms))


class Swarm:
    """`on_message(client, payload)` is called for all messages that come after a client is whole."""

    def __init__(self, port: int, event: str, on_message: OnMessage | None = None) -> None:
        self.port = port
        self.event = event
        self.on_message = on_message
        self.clients: dict[int, Client] = {}
        self.whole = 0
        self.lost: list[str] = []
        self._epoll = select.epoll()
        self._view = memoryview(bytearray(RECEIVE_BYTES))
        self._made = 0

    # Coming and going ---------------------------------------------------------------------------

    def connect(self, token: str, channels: Sequence[str]) -> Client:
        """Begin to connect; a later poll does the rest."""
        sock = new_socket(self._made)
        self._made += 1
        if (code := sock.connect_ex(("127.0.0.1", self.port))) not in (0, errno.EINPROGRESS):
            raise OSError(code, "can't connect")
        client = Client(sock, token, channels)
        self.clients[sock.fileno()] = client
        self._epoll.register(sock.fileno(), select.EPOLLOUT)
        return client

    def join(
        self,
        tokens: Iterable[str],
        channels: Sequence[str],
        *,
        at_once: int = 100,
        within_s: float = 120,
    ) -> list[Client]:
        """Connect one client for each token, `at_once` of them at a time, until all are whole."""
        joined: list[Client] = []
        before, deadline_s = self.whole, time.perf_counter() + within_s
        for token in tokens:
            joined.append(self.connect(token, channels))
            while len(joined) - (self.whole - before) >= at_once:
                self._poll_before(deadline_s, "join")
        while self.whole - before < len(joined):
            self._poll_before(deadline_s, "join")
        return joined

    def cut(self) -> list[Client]:
        """Reset every connection at once, without a goodbye. Returns those who were here."""
        gone, self.clients = list(self.clients.values()), {}
        self.whole = 0
        for client in gone:
            client.sock.close()
        return gone

    # Driving --------------------------------------------------------------------------------------

    def run_for(self, seconds: float) -> None:
        end_s = time.perf_counter() + seconds
        while (left_s := end_s - time.perf_counter()) > 0:
            self.poll(left_s)

    def run_until(self, done: Callable[[], bool], within_s: float, what: str) -> None:
        """Raises `TimeoutError`."""
        deadline_s = time.perf_counter() + within_s
        while not done():
            self._poll_before(deadline_s, what)

    def _poll_before(self, deadline_s: float, what: str) -> None:
        left_s = deadline_s - time.perf_counter()
        if left_s <= 0 or self.lost:
            raise TimeoutError(f"{what}: {self.whole} whole, lost: {self.lost[:3]}")
        self.poll(min(left_s, 0.1))

    def poll(self, timeout_s: float) -> None:
        """Wait for what comes next and deal with it."""
        for fd, mask in self._epoll.poll(timeout_s, EVENTS_AT_ONCE):
            client = self.clients[fd]
            if mask & select.EPOLLOUT:
                client.sock.send(self.upgrade_request())
                self._epoll.modify(fd, select.EPOLLIN)
            else:
                self._read(fd, client)

    def _read(self, fd: int, client: Client) -> None:
        try:
            data = self.receive(client)
        except OSError as error:
            self._lose(fd, str(error))
            return
        if data is None:
            return
        if not data:
            self._lose(fd, "ended by the server")
            return
        if client.rest is None:
            data = self._upgraded(client, data)
        frames, client.rest = split_frames(client.rest + data if client.rest else data)
        for first, payload in frames:
            if first == PING:
                client.sock.send(self.pong(payload))
            elif first == CLOSE:
                self._lose(fd, close_reason(payload))
                return
            elif client.whole_s:
                if self.on_message is not None:
                    self.on_message(client, payload)
            else:
                self.opening(client, payload)

    def receive(self, client: Client) -> bytes | None:
        """Return what has come; empty: the end; None: nothing yet."""
        return bytes(self._view[: client.sock.recv_into(self._view)])

    def _upgraded(self, client: Client, data: bytes) -> bytes:
        head, end, rest = data.partition(b"\r\n\r\n")
        if not end or b" 101 " not in head:
            raise RuntimeError(f"the upgrade was answered with {data[:300]!r}")
        if first := self.first_words(client):
            client.sock.send(first)
        return rest

    def _lose(self, fd: int, why: str) -> None:
        client = self.clients.pop(fd)
        self.whole -= bool(client.whole_s)
        client.sock.close()
        self.lost.append(why)

    def close(self) -> None:
        self.cut()
        self._epoll.close()

    # What is Showcaller's; servers that speak otherwise take a subclass ----------------------------

    def upgrade_request(self) -> bytes:
        return upgrade_request(self.port, self.event)

    def first_words(self, client: Client) -> bytes:
        """Return what is sent once the upgrade is answered."""
        return client.opening()

    def pong(self, payload: bytes) -> bytes:
        return PONG

    def opening(self, client: Client, payload: bytes) -> None:
        """A message to a client that is not whole. A channel's state has come with its snapshot, or with
        the levels that end its resuming.
        """
        if payload.startswith(b'{"op":"reply"'):
            if b'"ok":true' not in payload[:60]:
                raise RuntimeError(f"refused: {payload[:300]!r}")
            if (found := _OFFSET.search(payload)) and client.channels:
                channel = client.channels[int(payload[20:21])]
                client.since[channel] = (found[1].decode(), int(found[2]))
        elif payload.startswith((b'{"op":"snapshot"', b'{"op":"levels"')):
            client.states += 1
        elif not payload.startswith((b'{"op":"welcome"', b'{"op":"change"')):
            return
        self.settle(client)

    def settle(self, client: Client) -> None:
        """Count it as whole if it is."""
        if client.states == len(client.channels):
            client.whole_s = time.perf_counter()
            self.whole += 1
