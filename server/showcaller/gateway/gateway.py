"""The gateway of one process: all live connections, their deadlines, and how they are sent away."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Callable
from typing import NoReturn

from .. import limit_log, system
from ..domain.people import Principal
from ..errors import (
    CLOSE_TOO_MANY_OF_YOURS,
    CLOSE_TRY_LATER,
    Close,
    Forbidden,
    NotFound,
    Unavailable,
)
from ..http.addresses import client_address
from ..http.guesses import WrongTokens
from ..http.origins import Origin, may_connect
from ..protocol.connection_state import LINGER_S
from ..protocol.handshake import Request, Upgrade, accepted, live_event_id, negotiate
from ..protocol.messages import Drain, Hello, OpenStream
from ..rates import Meters, Rate
from ..show.live_event import LiveEvent
from ..show.served import ServedEvent
from .answer_limits import AnswerLimits
from .connection import LiveConnection
from .connection_limits import (
    MAX_WAIT_S,
    PER_ADDRESS,
    PER_PERSON,
    ConnectionLimits,
    drain_slots_s,
    drained,
)
from .counters import Counters
from .framed import FramedConnection
from .hub import Hub
from .load import Load
from .seats import Seats
from .strangers import Stranger, Strangers
from .stream_connection import StreamConnection
from .turnstile import Turnstile
from .wheel import HELPING, RESOLUTION_S, Timed, Wheel

log = logging.getLogger(__name__)

REQUESTS_PER_ADDRESS = 750  # a second, while somebody is in
REQUEST_S = 0.0003  # of the loop's time, for a request over HTTP
READY_REQUEST_S = 0.00006  # of that, for one whose answer is ready
GOODBYE_S = 1.0  # how long a drain waits for the last closing handshakes


class Gateway:
    """All live connections. `lookup` finds the event that a path names; `now` is monotonic seconds."""

    def __init__(
        self,
        lookup: Callable[[str], ServedEvent | None],
        *,
        allow_origins: frozenset[Origin] = frozenset(),
        max_connections: int = 20_000,
        connections_per_person: int = PER_PERSON,
        connections_per_address: int = PER_ADDRESS,
        requests_per_address: int = REQUESTS_PER_ADDRESS,
        behind_proxy: bool = False,
        buffer_limit_bytes: int = 1 << 20,
        heartbeat_s: float = 4,
        memory_limit_bytes: float = math.inf,
        now: Callable[[], float] = system.monotonic_s,
    ) -> None:
        self.load = Load(memory_limit_bytes)
        self.turnstile = Turnstile(now, _in_next_turn)
        self.buffer_limit_bytes = buffer_limit_bytes
        self.heartbeat_s = heartbeat_s
        self.now = now
        self.answers = AnswerLimits()
        self.wrong_tokens = WrongTokens()
        self.counters = Counters()
        self._lookup = lookup
        self._origins = allow_origins
        self._behind_proxy = behind_proxy
        rate = Rate(burst=requests_per_address * 4 / 3, per_s=requests_per_address)
        self._requests: Meters[str] = Meters(rate)
        self._limits = ConnectionLimits(
            max_connections, self.load, per_address=connections_per_address
        )
        self.strangers = Strangers()
        self._seats: Seats[LiveConnection] = Seats(connections_per_person)
        self._heard: dict[LiveConnection, Close] = {}  # before they are sent away so; oldest first
        self._hubs: dict[str, Hub] = {}
        self._wheel = Wheel()
        self._turning = False
        self._arriving = 0  # connections whose first request has not come, or waits for its turn
        self._all_arrived = asyncio.Event()
        self._leaving: set[LiveConnection] = set()
        self._all_left = asyncio.Event()

    def attach(self, event: LiveEvent) -> Hub:
        """Serve the event's channels. Call it once, before the event is looked up."""
        hub = Hub(event, self.counters, now=self.now)
        self._hubs[event.event_id] = hub
        event.add_listener(hub)
        return hub

    # Coming in ----------------------------------------------------------------------------------

    def check(self, request: Request) -> tuple[ServedEvent, Upgrade]:
        """Return the event and the upgrade of a request that may become a live connection.

        Raises `BadInput`, `UpgradeRequired`, `Forbidden` (its origin), `NotFound`.
        """
        upgrade = negotiate(request)
        if not may_connect(request.headers.get("origin"), request.header("host"), self._origins):
            raise Forbidden("pages of this origin may not connect", code="foreign_origin")
        event_id = live_event_id(request.target)
        served = self._lookup(event_id) if event_id is not None else None
        if served is None:
            raise NotFound(f"there is no event {event_id!r} here")
        return served, upgrade

    def came_from(self, transport: asyncio.BaseTransport, forwarded: str | None = None) -> str:
        """Return the address that a connection is counted under; `forwarded` is its X-Forwarded-For."""
        peer = transport.get_extra_info("peername")
        lines = () if forwarded is None else (forwarded,)
        host = peer[0] if isinstance(peer, tuple) else None
        return client_address(host, lines, behind_proxy=self._behind_proxy)

    def meet(self, stranger: Stranger, came_from: str) -> None:
        """Note a connection of which nobody has signed in, until `strangers.discard`; make room for it."""
        self.strangers.add(stranger, came_from)
        places = self._limits.stranger_places(self.counters.connections)
        for one, address in self.strangers.crowded_out(places):
            self.counters.gave_way += 1
            limit_log.note("silent_connections", address)
            one.give_way()

    def begin_arrival(self) -> None:
        """Note that somebody has connected, and has not said yet what for."""
        self._arriving += 1

    def end_arrival(self) -> None:
        self._arriving -= 1
        if not self._arriving:
            self._all_arrived.set()

    def is_crowded(self, came_from: str) -> bool:
        """Tell whether a client that comes from there now would wait for too long."""
        return self.turnstile.wait_s(came_from) > MAX_WAIT_S

    def accept(
        self,
        transport: asyncio.Transport,
        served: ServedEvent,
        upgrade: Upgrade,
        came_from: str,
        *,
        crowded: bool = False,
    ) -> None:
        """Answer the upgrade; from now on the transport's protocol is the live connection.

        `came_from`: the address that it is counted under. `crowded`: there is no place to wait either.
        """
        transport.write(accepted(upgrade))
        away = self._limits.refusal(self.counters.connections, self.now(), crowded=crowded)
        if away is not None and not self._limits.hears_first:
            self._send_away(transport, away)
            return
        hub = self._hubs[served.event.event_id]
        connection = LiveConnection(transport, upgrade.format, self, served, hub, came_from)
        self._receive(transport, connection, hub, away)

    def open_stream(
        self,
        transport: asyncio.Transport,
        head: bytes,
        served: ServedEvent,
        asked: tuple[Hello, OpenStream],
        came_from: str,
    ) -> None:
        """Answer a request for a stream over HTTP with `head`, and make the transport its connection's."""
        transport.write(head)
        away = self._limits.refusal(self.counters.connections, self.now())
        hub = self._hubs[served.event.event_id]
        connection = StreamConnection(transport, "events", self, served, hub, came_from)
        self._receive(transport, connection, hub, away)
        if away is not None and not self._limits.hears_first:
            connection.close(*away)
        else:
            hello, wanted = asked
            connection.begin([hello, *wanted.subscribe])

    def _receive(
        self,
        transport: asyncio.Transport,
        connection: LiveConnection,
        hub: Hub,
        away: Close | None,
    ) -> None:
        """Take in a connection, which is sent away so unless its hello tells otherwise."""
        transport.set_protocol(connection)
        hub.connections.add(connection)
        if away is None:
            self.meet(connection, connection.came_from)
        else:
            self._hear(connection, away)
        self.watch(connection, self.now())

    def _hear(self, connection: LiveConnection, away: Close) -> None:
        """Let the connection say who it is; the one that has not done so for the longest gives way."""
        if len(self._heard) >= self._limits.max_heard:
            oldest = next(iter(self._heard))
            oldest.close(*self._heard[oldest])
        self._heard[connection] = away

    def is_heard(self, connection: LiveConnection) -> bool:
        """Tell whether the connection will be sent away unless its hello tells otherwise."""
        return connection in self._heard

    def refusal_of(self, connection: LiveConnection, who: Principal) -> Close | None:
        """Return how to close a connection that has said hello; None: it may stay."""
        away = self._heard.get(connection)
        at_address = self._seats.at(connection.came_from)
        if not self._limits.has_place_for(
            who, self.counters.connections, at_address, sent_away=away is not None
        ):
            if self._limits.is_full(at_address):
                limit_log.note("address_connections", connection.came_from)
            return away or self._limits.come_back(self.now())
        if not self._seats.may_take(connection.event_id, who.person, self.now()):
            limit_log.note("person_connections", connection.came_from)
            return Close(CLOSE_TOO_MANY_OF_YOURS, "too_many_connections")
        self._heard.pop(connection, None)
        self.strangers.discard(connection)
        self._seat(connection, who)
        return None

    def _seat(self, connection: LiveConnection, who: Principal) -> None:
        self.counters.connections += 1
        self.counters.streams += connection.format == "events"
        self.counters.accepted += 1
        event = connection.event_id
        oldest = self._seats.take(connection, event, who.person, connection.came_from)
        if oldest is not None:
            limit_log.note("person_connections", connection.came_from)
            oldest.close(CLOSE_TOO_MANY_OF_YOURS, "too_many_connections")

    def give_way(self, connection: LiveConnection) -> None:
        """Send a connection away that has not said hello, since its place is needed."""
        connection.close(*self._limits.come_back(self.now()))

    def http_refusal(self) -> Unavailable | None:
        """Return what newcomers are told over HTTP; None: they are served."""
        refusal = self._limits.http_refusal(self.now())
        self.counters.requests_refused += refusal is not None
        return refusal

    async def http_turn(self, came_from: str, *, half_in: bool) -> None:
        """Wait until it is the turn of a request over HTTP from that address.

        `half_in`: it is of somebody who is in. Raises `Unavailable` where the wait would be too long.
        """
        await self._keep_pace(came_from)
        turnstile, line = self.turnstile, f"http {came_from}"
        if turnstile.is_open:
            turnstile.spend(REQUEST_S)
            return
        if not half_in and self.is_crowded(line):
            self._refuse_request(came_from)
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def take() -> None:
            if not turn.done():  # else the client went away
                turn.set_result(None)
                turnstile.spend(REQUEST_S)

        turnstile.wait(take, line, half_in=half_in)
        await turn

    def may_answer_at_once(self, came_from: str) -> bool:
        """Tell whether a request over HTTP that costs next to nothing may be answered now; count it if so."""
        if not self.turnstile.is_open or self.load.why:
            return False
        if self.counters.connections:
            now_s = self.now()
            if self._requests.wait_s(came_from, now_s):
                return False
            self._requests.charge(came_from, now_s, 1.0)
        self.turnstile.spend(READY_REQUEST_S)
        return True

    async def _keep_pace(self, came_from: str) -> None:
        """Wait as long as an address must that asks too fast. While nobody is in, nobody suffers from it."""
        if not self.counters.connections:
            return
        now_s = self.now()
        wait_s = self._requests.wait_s(came_from, now_s)
        if wait_s > MAX_WAIT_S:
            self._refuse_request(came_from)
        self._requests.charge(came_from, now_s, 1.0)
        if wait_s:
            limit_log.note("requests", came_from)
            await asyncio.sleep(wait_s)

    def _refuse_request(self, came_from: str) -> NoReturn:
        self.counters.requests_refused += 1
        limit_log.note("requests", came_from)
        raise self._limits.too_many_requests(self.now())

    def _send_away(self, transport: asyncio.Transport, away: Close) -> None:
        self.counters.sent_away += 1
        connection = _SentAway(transport, 0, self.buffer_limit_bytes)
        transport.set_protocol(connection)
        connection.close(*away)
        self.watch(connection, self.now() + LINGER_S)

    def let_go(self, connection: LiveConnection, hub: Hub, code: int) -> None:
        """Send a connection that is closing no more messages, and count how it ended."""
        hub.connections.discard(connection)
        self._heard.pop(connection, None)
        self.strangers.discard(connection)
        was_in = self._seats.leave(connection)
        self.counters.connections -= was_in
        self.counters.streams -= was_in and connection.format == "events"
        if was_in or code != CLOSE_TRY_LATER:
            self.counters.closes[code] += 1
        else:
            self.counters.sent_away += 1

    def forget(self, connection: LiveConnection) -> None:
        """Forget a connection whose transport is gone."""
        self._leaving.discard(connection)
        if not self._leaving:
            self._all_left.set()

    # Time ---------------------------------------------------------------------------------------

    def watch(self, timed: Timed, at_s: float) -> None:
        """Have `timed.tick` called at `at_s`, and when it says next."""
        self._wheel.add(timed, at_s)
        if not self._turning:
            self._turning = True
            asyncio.get_running_loop().call_later(RESOLUTION_S, self._turn)

    def _turn(self) -> None:
        more_is_due = False
        try:
            more_is_due = self._wheel.turn(self.now())
        finally:
            self._turning = bool(self._wheel)
            if more_is_due:
                _in_next_turn(self._turn)
            elif self._turning:
                asyncio.get_running_loop().call_later(RESOLUTION_S, self._turn)

    # Going away ---------------------------------------------------------------------------------

    async def hear_out(self) -> None:
        """Wait until everybody who has connected has asked for something."""
        if self._arriving:
            self._all_arrived.clear()
            await self._all_arrived.wait()

    async def drain(self, spread_s: float, *, others_serve: bool = False) -> None:
        """Let nobody in, tell everybody when their turn to leave is, and close each at that time.

        Those who are told leave at once. So where others serve meanwhile, nobody is told: each goes over when
        closed.
        """
        began_s = self.now()
        self._limits.begin_drain(began_s if others_serve else began_s + spread_s)
        leaving = self._connections()
        if not leaving:
            return
        self._leaving = set(leaving)
        self._all_left.clear()
        slots_s = drain_slots_s(len(leaving), spread_s)
        log.info("draining", extra={"action": "live.draining", "connections": len(leaving)})
        if not others_serve:
            await _announce(leaving, slots_s)
        for connection, slot_s in zip(leaving, slots_s, strict=True):
            await asyncio.sleep(max(0.0, began_s + slot_s - self.now()))
            connection.close(*drained())
        await self._wait_for_goodbyes()

    def _connections(self) -> list[LiveConnection]:
        known = (connection for hub in self._hubs.values() for connection in hub.connections)
        return [connection for connection in known if isinstance(connection, LiveConnection)]

    async def _wait_for_goodbyes(self) -> None:
        try:
            async with asyncio.timeout(GOODBYE_S):
                await self._all_left.wait()
        except TimeoutError:
            for connection in self._leaving:
                connection.abort()


def _in_next_turn(callback: Callable[[], None]) -> None:
    """Have the loop do it when it has read and written once."""
    asyncio.get_running_loop().call_soon(callback)


async def _announce(leaving: list[LiveConnection], slots_s: list[float]) -> None:
    for number, (connection, slot_s) in enumerate(zip(leaving, slots_s, strict=True)):
        if number % HELPING == 0:
            await asyncio.sleep(0)  # others get their turn
        if connection.principal is not None and not connection.closing:
            connection.send(Drain(reconnect_after_ms=round(slot_s * 1000)))


class _SentAway(FramedConnection):
    """A connection closed at once: a page can't read the answer to a refused upgrade."""

    __slots__ = ()

    def tick(self, now_s: float) -> None:
        self.abort()
