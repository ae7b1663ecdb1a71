"""The C loop of `send()` that fan-out is compared with, and a process that receives what it sends."""

from __future__ import annotations

import contextlib
import select
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from rig import on_server_core, raise_file_limit

SOURCE = Path(__file__).with_name("floor.c")


class Floor:
    def __init__(self, sender: subprocess.Popen[str]) -> None:
        self._sender = sender

    def us_per_send(self, size: int, times: int = 1, pause_us: int = 0) -> float:
        """CPU of one `send()` of `size` bytes; to every socket, `times` times."""
        assert self._sender.stdin is not None and self._sender.stdout is not None
        self._sender.stdin.write(f"{size} {times} {pause_us}\n")
        self._sender.stdin.flush()
        return int(self._sender.stdout.readline()) / 1000


@contextlib.contextmanager
def floor(sockets: int) -> Iterator[Floor | None]:
    """The sender on the server's core, the receiver on ours. None, with a message, without a compiler."""
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        print("no C compiler (cc, gcc, clang): the floor and the ratios to it are left out")
        yield None
        return
    with contextlib.ExitStack() as stack:
        program = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "floor"
        subprocess.run([compiler, "-O2", "-o", program, SOURCE], check=True)
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        with on_server_core():
            sender = subprocess.Popen([program, str(sockets)], **pipes)  # type: ignore[call-overload]
        stack.callback(sender.wait)
        stack.callback(sender.terminate)
        port = sender.stdout.readline().strip()
        receiver = subprocess.Popen([sys.executable, __file__, port, str(sockets)], **pipes)  # type: ignore[call-overload]
        stack.callback(receiver.wait)
        stack.callback(receiver.terminate)
        if not receiver.stdout.readline():  # it says so when all are connected
            raise RuntimeError("the floor's receiver ended early")
        yield Floor(sender)


def receive(port: int, count: int) -> None:
    """Connect `count` times and read what comes, as the swarm does, until we are ended."""
    raise_file_limit(count)
    poll, sockets, buffer = select.epoll(), {}, bytearray(1 << 16)
    for _ in range(count):
        sock = socket.create_connection(("127.0.0.1", port))
        sockets[sock.fileno()] = sock
        poll.register(sock.fileno(), select.EPOLLIN)
    print("connected", flush=True)
    while True:
        for fd, _ in poll.poll():
            if not sockets[fd].recv_into(buffer):
                return


if __name__ == "__main__":
    receive(int(sys.argv[1]), int(sys.argv[2]))
