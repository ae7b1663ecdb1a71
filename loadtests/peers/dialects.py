"""The generator's side of the peers: how a client of each comes in, and how one publishes through each."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import socket
from abc import ABC, abstractmethod
from base64 import b64encode

from showcaller_load.swarm import Client, Swarm
from showcaller_load.wire import text_frame


class PeerSwarm(Swarm, ABC):
    """A swarm of a server that is not Showcaller. A client's token serves as its name."""

    path = "/"

    def upgrade_request(self) -> bytes:
        lines = (
            f"GET {self.path} HTTP/1.1",
            f"Host: 127.0.0.1:{self.port}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            f"Sec-WebSocket-Key: {b64encode(os.urandom(16)).decode()}",
            "Sec-WebSocket-Version: 13",
        )
        return ("\r\n".join(lines) + "\r\n\r\n").encode()

    @abstractmethod
    def first_words(self, client: Client) -> bytes: ...

    def pong(self, payload: bytes) -> bytes:
        return bytes((0x8A, 0x80 | len(payload), 0, 0, 0, 0)) + payload

    def answer(self, client: Client, payload: bytes) -> None:
        """Answer a ping that is a message, if this is one."""


class CentrifugeSwarm(PeerSwarm):
    """Centrifugo's JSON protocol: replies and pushes may come several to a frame, a line each."""

    path = "/connection/websocket"

    def first_words(self, client: Client) -> bytes:
        commands: list[dict[str, object]] = [{"id": 1, "connect": {"token": client.token}}]
        for number, channel in enumerate(client.channels):
            commands.append({"id": 2 + number, "subscribe": {"channel": channel}})
        return text_frame("\n".join(map(json.dumps, commands)).encode())

    def opening(self, client: Client, payload: bytes) -> None:
        if b'"error"' in payload or b'"disconnect"' in payload:
            raise RuntimeError(f"refused: {payload[:300]!r}")
        client.states += payload.count(b'"subscribe":{')
        self.answer(client, payload)
        self.settle(client)

    def answer(self, client: Client, payload: bytes) -> None:
        if payload == b"{}":
            client.sock.send(text_frame(b"{}"))


class SocketIoSwarm(PeerSwarm):
    """Engine.IO 4 and Socket.IO 5: a digit for each layer, then JSON."""

    path = "/socket.io/?EIO=4&transport=websocket"

    def first_words(self, client: Client) -> bytes:
        return b""

    def opening(self, client: Client, payload: bytes) -> None:
        if payload.startswith(b"0"):
            client.sock.send(text_frame(b"40"))
        elif payload.startswith(b"40"):
            subscribing = (
                b'42%d["subscribe","%s"]' % (number, channel.encode())
                for number, channel in enumerate(client.channels)
            )
            client.sock.send(b"".join(map(text_frame, subscribing)))
        elif payload.startswith(b"43"):
            client.states += 1
            self.settle(client)
        else:
            self.answer(client, payload)

    def answer(self, client: Client, payload: bytes) -> None:
        if payload == b"2":
            client.sock.send(text_frame(b"3"))


class BroadcastSwarm(PeerSwarm):
    """The dialect of `broadcast_server.py`."""

    def first_words(self, client: Client) -> bytes:
        return text_frame(json.dumps({"subscribe": list(client.channels)}).encode())

    def opening(self, client: Client, payload: bytes) -> None:
        client.states = len(client.channels)
        self.settle(client)


class HttpPublisher:
    """POSTs over one connection and does not wait for the answers."""

    def __init__(self, port: int, path: str, headers: str = "") -> None:
        self._head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{headers}Content-Length: "
        self._sock = socket.create_connection(("127.0.0.1", port))
        self._sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._sock.setblocking(False)

    def publish(self, channel: str, data: object) -> None:
        self._drain()
        body = json.dumps({"channel": channel, "data": data})
        self._sock.send(f"{self._head}{len(body)}\r\n\r\n{body}".encode())

    def _drain(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while answer := self._sock.recv(1 << 16):
                if b"HTTP/1.1 4" in answer or b"HTTP/1.1 5" in answer:
                    raise RuntimeError(f"publishing was refused: {answer[:300]!r}")
            raise RuntimeError("the server closed the publisher's connection")

    def close(self) -> None:
        self._sock.close()


class SocketPublisher:
    """Publishes to `broadcast_server.py`, over a WebSocket that follows nothing."""

    def __init__(self, swarm: BroadcastSwarm) -> None:
        (self._client,) = swarm.join([""], ())

    def publish(self, channel: str, data: object) -> None:
        self._client.sock.send(text_frame(json.dumps({"publish": channel, "data": data}).encode()))

    def close(self) -> None:
        pass


def collect_garbage(port: int) -> None:
    """Have a peer give back the memory that it does not need."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("POST", "/collect", body="")
    connection.getresponse().read()
    connection.close()
