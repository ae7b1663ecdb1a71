"""TLS by the standard library's `SSLObject` on memory buffers, without anything else: what it costs.

Run as a process of its own: `tls_objects.py CERTIFICATE KEY CONNECTIONS`. It prints the port that it listens
on, takes so many connections, and prints a line of JSON.
"""

from __future__ import annotations

import json
import os
import socket
import ssl
import sys
import time
from typing import NamedTuple

from rig import private_dirty_kib, raise_file_limit

RECORD = os.urandom(554)  # a message as large as one of `bench-peers`
WARM_UP = 50
ROUNDS = 5


class Connection(NamedTuple):
    sock: socket.socket
    tls: ssl.SSLObject
    incoming: ssl.MemoryBIO
    outgoing: ssl.MemoryBIO


def accepted(listener: socket.socket, context: ssl.SSLContext) -> Connection:
    """A connection after its handshake, as it waits for the next record."""
    sock, _ = listener.accept()
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context.wrap_bio(incoming, outgoing, server_side=True)
    one = Connection(sock, tls, incoming, outgoing)
    done = False
    while not done:
        try:
            tls.do_handshake()
            done = True
        except ssl.SSLWantReadError:
            incoming_bytes(one)
    flush(one)
    return one


def incoming_bytes(one: Connection) -> None:
    flush(one)
    one.incoming.write(one.sock.recv(1 << 14))


def flush(one: Connection) -> None:
    if one.outgoing.pending:
        one.sock.sendall(one.outgoing.read())


def write_us(connections: list[Connection], *, encrypted: bool) -> float:
    """CPU of a write of `RECORD` to each, in microseconds."""
    began_s = time.process_time()
    for sock, tls, _, outgoing in connections:
        if encrypted:
            tls.write(RECORD)
            os.write(sock.fileno(), outgoing.read())
        else:
            os.write(sock.fileno(), RECORD)
    return (time.process_time() - began_s) / len(connections) * 1e6


def main(certificate: str, key: str, count: int) -> None:
    raise_file_limit(count)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    with socket.create_server(("127.0.0.1", 0), backlog=1024) as listener:
        print(listener.getsockname()[1], flush=True)
        connections = [accepted(listener, context) for _ in range(WARM_UP)]
        before_kib, began_s = private_dirty_kib(os.getpid()), time.process_time()
        connections += [accepted(listener, context) for _ in range(count)]
        join_ms = (time.process_time() - began_s) / count * 1e3
        grown_kib = private_dirty_kib(os.getpid()) - before_kib
        rounds = [
            (write_us(connections, encrypted=True), write_us(connections, encrypted=False))
            for _ in range(ROUNDS)
        ]
    ratios = sorted(encrypted / plain for encrypted, plain in rounds)
    told = {"memory_kib": grown_kib / count, "handshake_cpu_ms": join_ms}
    print(json.dumps(told | {"write_cpu_ratio_to_plain": ratios[ROUNDS // 2]}), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
