"""The link between a controller and a generator: sealed frames over a stream socket.

    frame = length (4 bytes) · seal (32 bytes) · message

The seal is an HMAC-SHA-256 of the direction, the frame's number and the message under the connection's
key: who does not know the key can neither speak, nor repeat or reorder what was said. Nothing is
encrypted: lead the connection through a tunnel where others listen.

Over TCP both sides first prove that they know the key file's key, and derive the connection's from it:

    agent → controller   nonce A
    controller → agent   nonce C, proof "controller"
    agent → controller   proof "agent"
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import os
import socket
from collections.abc import Iterator
from typing import Literal

Side = Literal["controller", "generator"]

NONCE_BYTES = SEAL_BYTES = 32
MIN_KEY_BYTES = 16
MOST_BYTES = 64 << 20  # of a message
GREETING = b"showcaller-load 1\n"
HANDSHAKE_TIMEOUT_S = 10.0


class LinkError(Exception):
    """The other side can't be trusted or understood."""


class Sealer:
    """Makes frames of one direction."""

    def __init__(self, key: bytes, side: Side) -> None:
        self._key = key
        self._side = side.encode()
        self._number = 0

    def seal(self, message: bytes) -> bytes:
        return len(message).to_bytes(4, "big") + self._next(message) + message

    def _next(self, message: bytes) -> bytes:
        number = self._number.to_bytes(8, "big")
        self._number += 1
        return hmac.digest(self._key, self._side + number + message, "sha256")


class Opener(Sealer):
    """Reads frames of one direction: `side` is the one that speaks."""

    def __init__(self, key: bytes, side: Side) -> None:
        super().__init__(key, side)
        self._data = bytearray()

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Return the messages that are whole by now. Raises `LinkError`."""
        self._data += data
        while len(self._data) >= 4 + SEAL_BYTES:
            size = int.from_bytes(self._data[:4], "big")
            if size > MOST_BYTES:
                raise LinkError(f"a message of {size:,} bytes")
            end = 4 + SEAL_BYTES + size
            if len(self._data) < end:
                return
            seal = bytes(self._data[4 : 4 + SEAL_BYTES])
            message = bytes(self._data[4 + SEAL_BYTES : end])
            del self._data[:end]
            if not hmac.compare_digest(seal, self._next(message)):
                raise LinkError("a message with a wrong seal")
            yield message


# The handshake of agents --------------------------------------------------------------------------


def admit_controller(sock: socket.socket, key: bytes) -> bytes:
    """The agent's side: the connection's key. Raises `LinkError`, also for a peer that is too slow."""
    nonce = os.urandom(NONCE_BYTES)
    with _patience(sock):
        sock.sendall(GREETING + nonce)
        answer = _receive(sock, NONCE_BYTES + SEAL_BYTES)
        nonces = nonce + answer[:NONCE_BYTES]
        if not hmac.compare_digest(answer[NONCE_BYTES:], _proof(key, b"controller", nonces)):
            raise LinkError("the controller does not know the key")
        sock.sendall(_proof(key, b"agent", nonces))
    return _proof(key, b"connection", nonces)


def greet_agent(sock: socket.socket, key: bytes) -> bytes:
    """The controller's side: the connection's key. Raises `LinkError`."""
    with _patience(sock):
        greeting = _receive(sock, len(GREETING) + NONCE_BYTES)
        if not greeting.startswith(GREETING):
            raise LinkError("no `showcaller-load agent` of this version listens there")
        nonce = os.urandom(NONCE_BYTES)
        nonces = greeting[len(GREETING) :] + nonce
        sock.sendall(nonce + _proof(key, b"controller", nonces))
        proof = _receive(sock, SEAL_BYTES)
    if not hmac.compare_digest(proof, _proof(key, b"agent", nonces)):
        raise LinkError("the agent does not know the key")
    return _proof(key, b"connection", nonces)


def _proof(key: bytes, purpose: bytes, nonces: bytes) -> bytes:
    return hmac.new(key, purpose + nonces, hashlib.sha256).digest()


@contextlib.contextmanager
def _patience(sock: socket.socket) -> Iterator[None]:
    """Bounds how long each call on the socket may take; what goes wrong becomes a `LinkError`."""
    sock.settimeout(HANDSHAKE_TIMEOUT_S)
    try:
        yield
    except OSError as error:
        raise LinkError(f"the handshake broke off: {error}") from error
    finally:
        sock.settimeout(None)


def _receive(sock: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        block = sock.recv(size - len(data))
        if not block:
            raise LinkError("the other side does not know the key, or is no showcaller-load")
        data += block
    return data
