"""A generator process: some thousand attendees, and a link to the controller that tells them what to do.

    python -m showcaller_load.generator DESCRIPTOR [--allow HOST:PORT …]

The link's socket is inherited under that descriptor; the link's key comes on standard input.
"""

from __future__ import annotations

import gc
import os
import select
import socket
import sys
import time
from urllib.parse import urlsplit

from . import machine, orders
from .accounts import account_parts
from .actions import start_actions
from .crowd import Crowd
from .link import LinkError, Opener, Sealer
from .measures import pack
from .orders import AnyOrder, Report
from .sockets import Target

RECEIVE_BYTES = 1 << 20
LEFT = (ConnectionError, LinkError)


class Refused(Exception):
    """The generator will not do what it was told."""


class Generator:
    """`run` returns when the ledgers were handed in, or the controller has gone."""

    def __init__(self, sock: socket.socket, key: bytes, allowed: list[str]) -> None:
        self._sock = sock
        self._sealer = Sealer(key, "generator")
        self._opener = Opener(key, "controller")
        self._allowed = allowed
        self._plan: orders.Plan | None = None
        self._tokens: list[str] = []
        self._offset_ms = 0.0
        self._crowd: Crowd | None = None
        self._began_s: float | None = None
        self._next_tick_s = float("inf")
        self._t_s = 0
        self._is_prepared = self._is_witnessed = self._is_over = False

    def run(self) -> None:
        ready = orders.Ready(
            machine=machine.describe(),
            pid=os.getpid(),
            boot=machine.boot_id(),
            most_sockets=machine.raise_file_limit(),
        )
        self._tell(ready)
        try:
            while not self._is_over:
                self._turn()
        except Refused as error:
            self._tell(orders.Failed(message=str(error)))
        finally:
            if self._crowd is not None:
                self._crowd.sockets.close()

    def _turn(self) -> None:
        if self._crowd is None:
            select.select([self._sock], [], [])
            self._hear()
            return
        if self._sock.fileno() in self._crowd.turn(self._next_tick_s):
            self._hear()
        self._look()

    def _look(self) -> None:
        """Tell what has come about."""
        crowd = self._crowd
        assert crowd is not None
        if not self._is_prepared and self._next_tick_s == float("inf") and crowd.is_prepared:
            self._is_prepared = True
            self._tell(orders.Prepared())
        if crowd.witness is not None and not self._is_witnessed and crowd.witness.is_whole:
            self._is_witnessed = True
            self._tell(orders.Witnessed())
        if time.monotonic() >= self._next_tick_s:
            self._tick(crowd)

    def _tick(self, crowd: Crowd) -> None:
        measures = crowd.measures
        tick = orders.Tick(
            t_s=self._t_s,
            sockets=crowd.whole_attendees,
            joining=crowd.joining,
            joins=measures.joins,
            deliveries=measures.deliveries,
            commands=measures.commands,
            replies=measures.replies,
            votes=measures.votes,
            closes=measures.closes,
            behind=crowd.behind if crowd.is_settling else 0,
            unanswered=crowd.unanswered if crowd.is_settling else 0,
            anomalies=sum(n for what, n in measures.totals.items() if what.startswith("anomalies")),
            busy=measures.busy(),
            latencies=measures.buckets(),
            late=pack(measures.late),
        )
        self._tell(tick)
        measures.reset()
        self._t_s += 1
        self._next_tick_s += 1

    # Orders ---------------------------------------------------------------------------------------

    def _hear(self) -> None:
        """Do what we are told. Raises `ConnectionError` when the controller has gone."""
        data = self._sock.recv(RECEIVE_BYTES)
        heard_ms = time.monotonic() * 1000
        if not data:
            raise ConnectionResetError("the controller has gone")
        for message in self._opener.feed(data):
            self._obey(orders.decode_order(message), heard_ms)

    def _obey(self, order: AnyOrder, heard_ms: float) -> None:
        match order:
            case orders.Sync(t1_ms=t1_ms, offset_ms=offset_ms):
                self._tell(orders.SyncAnswer(t1_ms=t1_ms, t2_ms=heard_ms))
                self._offset_ms = offset_ms
                if self._crowd is not None:
                    self._crowd.offset_ms = offset_ms
            case orders.Plan():
                self._plan = order
            case orders.People(tokens=tokens):
                self._tokens += tokens
            case orders.Prepare():
                self._prepare()
            case _:
                assert self._crowd is not None, f"{type(order).__name__} came too early"
                self._obey_crowd(self._crowd, order)

    def _obey_crowd(self, crowd: Crowd, order: AnyOrder) -> None:
        match order:
            case orders.Begin(at_ms=at_ms):
                crowd.begin(at_ms)
                self._began_s = crowd.s_of(at_ms)
                start_actions(crowd, self._began_s)
                crowd.measures.reset()
                self._next_tick_s = self._began_s + 1
            case orders.Settle():
                crowd.settle()
            case orders.Witness(token=token):
                crowd.call_witness(token)
            case orders.Account():
                for part in account_parts(crowd):
                    self._tell(part)
                self._is_over = True

    def _prepare(self) -> None:
        plan = self._plan
        assert plan is not None
        target = self._target(plan)
        self._crowd = Crowd(plan, target, self._tokens)
        self._crowd.offset_ms = self._offset_ms
        self._crowd.sockets.epoll.register(self._sock.fileno(), select.EPOLLIN)
        gc.freeze()
        gc.disable()  # nothing here is cyclic, and a collection looks at every attendee
        self._crowd.prepare()

    def _target(self, plan: orders.Plan) -> Target:
        """Return where the plan leads to. Raises `Refused` where we may not go."""
        url = urlsplit(plan.url)
        host, is_tls = url.hostname or "", url.scheme == "https"
        port = url.port or (443 if is_tls else 80)
        if self._allowed and f"{host}:{port}" not in self._allowed:
            raise Refused(f"this agent was not started with --allow {host}:{port}")
        try:
            address = socket.getaddrinfo(host, port, socket.AF_INET, socket.SOCK_STREAM)[0][4][0]
        except OSError as error:
            raise Refused(f"{host} can't be resolved: {error}") from error
        return Target(host, str(address), port, is_tls, plan.event)

    def _tell(self, report: Report) -> None:
        self._sock.sendall(self._sealer.seal(orders.encode(report)))


def main() -> None:
    descriptor, *rest = sys.argv[1:]
    key = sys.stdin.buffer.read(32)
    with socket.socket(fileno=int(descriptor)) as sock:
        sock.setblocking(True)
        try:
            Generator(sock, key, [word for word in rest if word != "--allow"]).run()
        except LEFT:
            return  # nobody is there any more to tell
        except KeyboardInterrupt:
            return


if __name__ == "__main__":
    main()
