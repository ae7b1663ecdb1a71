"""`showcaller-load agent`: lends a machine to controllers elsewhere that know its key.

Each connection of a controller becomes one generator process, which connects only to what the agent was
started with (`--allow`), and ends with the connection.
"""

from __future__ import annotations

import socket
import subprocess
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from showcaller.errors import ConfigError

from .generators import spawn
from .link import MIN_KEY_BYTES, LinkError, admit_controller

MOST_GENERATORS = 64
Say = Callable[[str], None]


def read_key(path: Path) -> bytes:
    """Raises `ConfigError`."""
    try:
        key = path.read_bytes().strip()
    except OSError as error:
        raise ConfigError(f"can't read the key in {path}: {error}") from error
    if len(key) < MIN_KEY_BYTES:
        raise ConfigError(
            f"{path} must hold at least {MIN_KEY_BYTES} random bytes, such as those of "
            "`openssl rand -hex 32`"
        )
    return key


class Agent:
    """Listens until `close`. `address` is where."""

    def __init__(self, host: str, port: int, key: bytes, allowed: Sequence[str], say: Say) -> None:
        self._key = key
        self._allowed = allowed
        self._say = say
        self._running: set[subprocess.Popen[bytes]] = set()
        self._lock = threading.Lock()
        self._listener = socket.create_server((host, port))
        self.address: tuple[str, int] = self._listener.getsockname()[:2]

    def serve(self) -> None:
        """Start a generator for each controller's connection."""
        while True:
            try:
                sock, peer = self._listener.accept()
            except OSError:
                return  # closed
            name = f"{peer[0]}:{peer[1]}"
            threading.Thread(target=self._admit, args=(sock, name), daemon=True).start()

    def close(self) -> None:
        """Stop listening, and end every generator."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            for process in self._running:
                process.kill()

    def _admit(self, sock: socket.socket, name: str) -> None:
        try:
            with sock:
                key = admit_controller(sock, self._key)
                process = self._start(sock, key)
        except LinkError as error:
            self._say(f"{name} was refused: {error}")
            return
        self._say(f"{name}: generator {process.pid} started")
        process.wait()
        with self._lock:
            self._running.discard(process)
        self._say(f"{name}: generator {process.pid} ended")

    def _start(self, sock: socket.socket, key: bytes) -> subprocess.Popen[bytes]:
        with self._lock:
            if len(self._running) >= MOST_GENERATORS:
                raise LinkError(f"{MOST_GENERATORS} generators are running here already")
            process = spawn(sock, key, self._allowed)
            self._running.add(process)
            return process


def run_agent(listen: str, key: bytes, allowed: Sequence[str], say: Say) -> None:
    """Serve until Ctrl-C. Raises `ConfigError`."""
    host, _, port = listen.rpartition(":")
    if not host or not port.isdigit():
        raise ConfigError(f"--listen {listen}: write HOST:PORT")
    for target in allowed:
        if not target.rpartition(":")[2].isdigit():
            raise ConfigError(f"--allow {target}: write HOST:PORT")
    try:
        agent = Agent(host, int(port), key, allowed, say)
    except OSError as error:
        raise ConfigError(f"can't listen on {listen}: {error}") from error
    say(f"listening on {agent.address[0]}:{agent.address[1]}, for load on {', '.join(allowed)}")
    try:
        agent.serve()
    finally:
        agent.close()
