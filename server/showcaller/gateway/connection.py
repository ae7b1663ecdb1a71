"""One client's live connection: joins its transport, its session, the hub and the event."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from .. import limit_log
from ..domain.people import Principal
from ..errors import (
    CLOSE_BANNED,
    CLOSE_RESUME,
    CLOSE_SLOW,
    CLOSE_TOO_MANY_OF_YOURS,
    Close,
    Forbidden,
    OurFault,
    RateLimited,
    ShowcallerError,
    Unauthenticated,
    close_for,
)
from ..http.addresses import UNKNOWN
from ..http.guesses import WrongTokens
from ..protocol import frames
from ..protocol.codec import MAX_CLIENT_MESSAGE_BYTES, Format, encode
from ..protocol.connection_state import (
    AnswerPing,
    Beat,
    ConnectionState,
    Drop,
    Effect,
    Hangup,
    Perform,
    Send,
    failure,
)
from ..protocol.messages import (
    ClockAnswer,
    ClockProbe,
    Command,
    Heartbeat,
    Hello,
    Refresh,
    Reply,
    ServerMessage,
    Since,
    Subscribe,
    Unsubscribe,
)
from ..show.served import ServedEvent
from .answer_limits import AnswerLimits
from .connection_limits import STAFF
from .counters import Counters
from .framed import FramedConnection
from .hub import Hub
from .load import Load
from .turnstile import Turnstile
from .welcome import welcome
from .wheel import Timed

log = logging.getLogger(__name__)

MAX_RUNNING_COMMANDS = 16
LOOK_AGAIN_S = 1.0
PAUSE_S = 0.25  # after a channel was refused to who has been sent a lot, or command after command
PATIENCE = 4  # commands in a row that are refused for their rate before their sender is slowed
HELD_S = 3.0  # before a person with too many connections is refused one more
_PING = frames.encode_frame(frames.PING, b"")
_FROM_ANYWHERE = Since(epoch="", offset=0)  # a position in no log: always answered by a reset


class ConnectionOwner(Protocol):
    """The gateway, as far as a connection needs it. `now` is the monotonic clock, in seconds."""

    heartbeat_s: float
    buffer_limit_bytes: int
    now: Callable[[], float]
    load: Load
    turnstile: Turnstile
    answers: AnswerLimits
    wrong_tokens: WrongTokens
    counters: Counters

    def is_heard(self, connection: LiveConnection) -> bool:
        """Tell whether the connection will be sent away unless its hello tells otherwise."""

    def give_way(self, connection: LiveConnection) -> None:
        """Send a connection away that has not said hello, since its place is needed."""

    def refusal_of(self, connection: LiveConnection, who: Principal) -> Close | None:
        """Return how to close a connection that has said hello; None: it may stay."""

    def watch(self, timed: Timed, at_s: float) -> None:
        """Have `timed.tick` called at `at_s`, and when it says next."""

    def let_go(self, connection: LiveConnection, hub: Hub, code: int) -> None:
        """Count a connection that is closing: it gets no more messages."""

    def forget(self, connection: LiveConnection) -> None:
        """Let go of a connection whose transport is gone."""


class LiveConnection(FramedConnection):
    """The connection of one client. The gateway makes it once the upgrade was answered."""

    __slots__ = (
        "_anew",
        "_commands",
        "_gateway",
        "_hub",
        "_limited",
        "_served",
        "_state",
        "_waiting",
        "came_from",
        "principal",
    )

    def __init__(
        self,
        transport: asyncio.Transport,
        format: Format,
        gateway: ConnectionOwner,
        served: ServedEvent,
        hub: Hub,
        came_from: str = UNKNOWN,
    ) -> None:
        super().__init__(transport, MAX_CLIENT_MESSAGE_BYTES, gateway.buffer_limit_bytes)
        self._gateway = gateway
        self._served = served
        self._hub = hub
        self._state = ConnectionState(format, gateway.heartbeat_s, gateway.now())
        self._commands: set[asyncio.Task[None]] | None = None  # those running
        self._limited = 0  # commands in a row that were refused for their rate
        self._waiting: Hello | Subscribe | Command | None = None  # for its turn or its refusal
        self._anew: dict[str, Since] | None = None  # channels to be sent anew, and since when
        self.came_from = came_from  # the address that it is counted under
        self.principal: Principal | None = None

    @property
    def format(self) -> Format:
        return self._state.format

    @property
    def event_id(self) -> str:
        return self._served.event.event_id

    def give_way(self) -> None:
        """Leave, without having said hello, since the place is needed."""
        self._gateway.give_way(self)

    # Driving the session --------------------------------------------------------------------------

    def on_event(self, event: frames.Event) -> None:
        gateway = self._gateway
        gateway.counters.frames_received += 1
        self._carry_out(self._state.receive(event, gateway.now(), gateway.load.stall_s))

    def tick(self, now_s: float) -> float | None:
        """Do what is due at `now_s`, and return when to be called next. The gateway's wheel calls it."""
        if self._transport.is_closing():
            return None
        if self._waiting is not None:  # for us: that is no silence of the client's
            return now_s + LOOK_AGAIN_S
        try:
            self._carry_out(self._state.tick(now_s))
        except Exception:  # the wheel must turn on for the others
            self.fail()
        return self._state.next_deadline().at_s

    def _carry_out(self, effect: Effect | None) -> None:
        match effect:
            case Perform(Hello() | Subscribe() as message):
                self._come_in(message)
            case Perform(message):
                _HANDLERS[type(message)](self, message)
            case Send(message):
                self.send(message)
            case AnswerPing(payload):
                self.answer(frames.encode_frame(frames.PONG, payload))
            case Beat(pings):
                self._beat(pings=pings)
            case Hangup(code, reason):
                self.close(code, reason)
            case Drop():
                self.abort()

    # Its turn at the turnstile ----------------------------------------------------------------------

    def _come_in(self, message: Hello | Subscribe) -> None:
        turnstile = self._gateway.turnstile
        if turnstile.is_open or self._gateway.is_heard(self):
            turnstile.do(lambda: _HANDLERS[type(message)](self, message))
        else:
            self._waiting = message
            self.hold()
            turnstile.wait(self._take_turn, self._line, half_in=True)

    @property
    def _line(self) -> str:
        """The line in which it waits: the person's own once they are known."""
        return self.came_from if self.principal is None else f"person {self.principal.person}"

    def _take_turn(self) -> None:
        message, self._waiting = self._waiting, None
        if message is None or self.closing:
            return
        try:
            _HANDLERS[type(message)](self, message)
            if self._waiting is None:
                self.go_on()
        except Exception:
            self.fail()

    def on_drained(self) -> None:
        self._hub.drained(self)
        if self._waiting is None:
            self.go_on()

    # Sending --------------------------------------------------------------------------------------

    def send(self, message: ServerMessage) -> None:
        """Send what the client asked for."""
        self._count(1, self._write_answer(encode(message, self.format)))

    def _write_answer(self, data: bytes) -> int:
        self.answer(data)
        return len(data)

    def _count(self, messages: int, size: int) -> None:
        self._gateway.counters.messages_sent += messages
        self._gateway.counters.messages_coalesced += messages - 1
        self._gateway.counters.writes += 1
        self._gateway.counters.bytes_sent += size

    def _beat(self, *, pings: bool = False) -> None:
        assert self.principal is not None
        event = self._served.event
        self._hub.settle(self)  # no mark goes out before what is below it
        told = self._state.channels.difference(self._hub.behind(self))
        heads = event.heads(told, self.principal)
        message = Heartbeat(now_ms=event.wall_ms(), epoch=event.shown_epoch, channels=heads)
        data = (_PING if pings else b"") + encode(message, self.format)
        self.push(data)
        self._count(1, len(data))

    # What clients ask for ---------------------------------------------------------------------------

    def _hello(self, message: Hello) -> None:
        try:
            principal = self._served.authenticate(message.token, self.came_from)
        except ShowcallerError as error:
            self._refuse_token(error, message)
            return
        away = self._gateway.refusal_of(self, principal)
        if away is not None:
            self._close_later(
                away, HELD_S if away.code == CLOSE_TOO_MANY_OF_YOURS else 0.0, message
            )
            return
        self.principal = principal
        event = self._served.event
        log.debug(
            "a client came in",
            extra={"action": "live.welcome", "person": principal.person, "client": message.client},
        )
        now_ms = event.wall_ms()
        self._state.welcome(self._gateway.now(), (principal.expires_at_ms - now_ms) / 1000)
        self.send(welcome(event, principal, self._gateway.heartbeat_s))

    def _refuse_token(self, error: ShowcallerError, message: Hello) -> None:
        """Close, at once or, where many tokens are tried, after a while in which nothing is read."""
        hold_s = 0.0
        if isinstance(error, Unauthenticated):
            now_s = self._gateway.now()
            wrong_tokens = self._gateway.wrong_tokens
            hold_s = wrong_tokens.hold_s(error, self.event_id, self.came_from, now_s)
        self._close_later(close_for(error), hold_s, message)

    def _close_later(self, why: Close, hold_s: float, message: Hello) -> None:
        """Close after so many seconds in which nothing is read: who tries again and again is slowed."""
        if hold_s:
            self._waiting = message
            self.hold()
            asyncio.get_running_loop().call_later(hold_s, self.close, *why)
        else:
            self.close(*why)

    def _subscribe(self, message: Subscribe) -> None:
        assert self.principal is not None
        event = self._served.event
        try:
            self._require_allowance(message.channel)
            result, opening = event.open(message.channel, self.principal, message.since)
        except RateLimited as error:
            self.send(failure(error, message.id))
            self._pause(message)
            return
        except ShowcallerError as error:
            self.send(failure(error, message.id))
            return
        name = event.internal_name(message.channel, self.principal)
        self._hub.follow(name, self)
        self._forget_anew(message.channel)
        self._state.channels.add(message.channel)
        reply = encode(Reply(id=message.id, ok=True, result=result), self.format)
        data = reply + opening.data(self.format)
        self._charge(message.channel, len(data))
        self._count(1 + len(opening.messages), self._write_answer(data))

    def _pause(self, message: Subscribe | Command) -> None:
        """Read nothing for a moment: who asks on and on is answered a few times a second."""

        def read_on() -> None:
            self._waiting = None
            self.go_on()

        self._waiting = message
        self.hold()
        asyncio.get_running_loop().call_later(PAUSE_S, read_on)

    def _require_allowance(self, channel: str) -> None:
        """Raise `RateLimited` for who has been sent a lot, until it is paid for."""
        assert self.principal is not None
        wait_s = self._gateway.answers.wait_s(
            self._person,
            self.came_from,
            channel,
            self._gateway.now(),
            staff=self.principal.has(*STAFF),
        )
        if wait_s:
            limit_log.note("answers", self.came_from)
            raise RateLimited("you were sent a lot: wait a little", retry_after_s=wait_s)

    def _charge(self, channel: str, size: int) -> None:
        assert self.principal is not None
        self._gateway.answers.charge(
            self._person,
            self.came_from,
            channel,
            size,
            self._gateway.now(),
            staff=self.principal.has(*STAFF),
        )

    @property
    def _person(self) -> str:
        """The person, and at which event."""
        assert self.principal is not None
        return f"{self.event_id}/{self.principal.person}"

    def _unsubscribe(self, message: Unsubscribe) -> None:
        assert self.principal is not None
        name = self._served.event.internal_name(message.channel, self.principal)
        self._hub.unfollow(name, self)
        self._forget_anew(message.channel)
        self._state.channels.discard(message.channel)
        self.send(Reply(id=message.id, ok=True, result={}))

    def _clock(self, message: ClockProbe) -> None:
        event = self._served.event
        received_ms = event.wall_ms()
        self.send(ClockAnswer(t1=message.t1, t2=received_ms, t3=event.wall_ms()))

    def _refresh(self, message: Refresh) -> None:
        assert self.principal is not None
        try:
            principal = self._served.authenticate(message.token, self.came_from)
            if principal.person != self.principal.person:
                raise Forbidden("the token is another person's", field="token")
        except ShowcallerError as error:
            self.send(failure(error, message.id))
            return
        self.principal = principal
        left_s = (principal.expires_at_ms - self._served.event.wall_ms()) / 1000
        self._state.refresh(self._gateway.now(), left_s)
        result = {"expires_at_ms": principal.expires_at_ms}
        self.send(Reply(id=message.id, ok=True, result=result))
        event = self._served.event
        if not all(event.may_follow(principal, channel) for channel in self._state.channels):
            self.close(CLOSE_RESUME, "roles_changed")

    def _command(self, message: Command) -> None:
        if self._commands is None:
            self._commands = set()
        if len(self._commands) >= MAX_RUNNING_COMMANDS:
            busy = RateLimited(f"{MAX_RUNNING_COMMANDS} commands are under way", retry_after_s=1)
            self._refuse_command(busy, message)
            return
        task = asyncio.get_running_loop().create_task(self._run(message))
        self._commands.add(task)
        task.add_done_callback(self._commands.discard)

    async def _run(self, message: Command) -> None:
        """Run a command and answer it. It goes on when the connection ends: its fact may be on its way."""
        assert self.principal is not None
        reply: ServerMessage
        try:
            result = await self._served.commands.run(
                *(self.principal, message.name, message.args, message.key),
                *(message.deadline_ms, self.came_from),
            )
            reply = Reply(id=message.id, ok=True, result=result)
            self._limited = 0
        except RateLimited as error:
            self._refuse_command(error, message)
            return
        except ShowcallerError as error:
            reply = failure(error, message.id)
        except Exception:
            log.exception(
                "a command failed", extra={"action": "command.failed", "command": message.name}
            )
            fault = OurFault("something failed here; it was logged", code="internal")
            reply = failure(fault, message.id)
        if not self.closing:
            self.send(reply)

    def _refuse_command(self, error: RateLimited, message: Command) -> None:
        """Refuse a command for its rate, and slow who goes on and on: each refusal costs us time."""
        if self.closing:
            return
        self.send(failure(error, message.id))
        self._limited += 1
        if self._limited > PATIENCE and self._waiting is None:
            self._pause(message)

    # What happens to it -----------------------------------------------------------------------------

    def start_over(self) -> None:
        """Send new snapshots of everything that is followed, in turn: the event's log is another one."""
        if self.principal is None or self.closing:
            return
        if self._served.event.shuts_out(self.principal):
            self.close(CLOSE_BANNED, "banned")
            return
        self._anew = dict.fromkeys(self._state.channels, _FROM_ANYWHERE)
        self._gateway.turnstile.wait(self._send_anew, self._line, half_in=True)

    def come_over(self, before: Since, behind: Mapping[str, Since]) -> None:
        """Send everything under the log's new epoch, in turn, and what was missed since `before`.

        Of channels that it is `behind` on: since the place there.
        """
        if self.principal is None or self.closing:
            return
        since = {channel: behind.get(channel, before) for channel in self._state.channels}
        self._anew = since | (self._anew or {})  # an earlier place holds on
        self._gateway.turnstile.wait(self._send_anew, self._line, half_in=True)

    def _send_anew(self) -> None:
        channels, self._anew = self._anew, None
        for channel, since in sorted((channels or {}).items()):
            if not self.closing:
                self._send_opening(channel, since)

    def _send_opening(self, channel: str, since: Since) -> None:
        assert self.principal is not None
        event = self._served.event
        try:
            _, opening = event.open(channel, self.principal, since)
        except ShowcallerError:
            self.close(CLOSE_RESUME, "resume")
            return
        self._hub.follow(event.internal_name(channel, self.principal), self)
        self._count(len(opening.messages), self._write_answer(opening.data(self.format)))

    def _forget_anew(self, channel: str) -> None:
        if self._anew is not None:
            self._anew.pop(channel, None)

    def catch_up(self, channel: str, since: Since) -> bool:
        """Send what a client that resumes from there is sent. False: that can't be told now."""
        if self.principal is None or self.closing:
            return False
        try:
            _, missed = self._served.event.open(channel, self.principal, since)
        except ShowcallerError:
            return False
        size = self._write_answer(missed.data(self.format))
        self._charge(channel, size)
        self._count(len(missed.messages), size)
        return True

    def on_stalled(self) -> None:
        self._hub.stalled(self)

    def on_slow(self) -> None:
        self.close(CLOSE_SLOW, "slow")

    def on_closing(self, code: int) -> None:
        self._state.hang_up(self._gateway.now())
        if self.principal is not None:
            self._hub.leave(self, self._served.event.internal_name("me", self.principal))
        self._gateway.let_go(self, self._hub, code)
        self._gateway.watch(self, self._state.next_deadline().at_s)  # earlier than the one before
        log.debug("a client left", extra={"action": "live.closing", "code": code})

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._gateway.forget(self)


_HANDLERS: dict[type, Callable[[LiveConnection, Any], None]] = {
    Hello: LiveConnection._hello,
    Subscribe: LiveConnection._subscribe,
    Unsubscribe: LiveConnection._unsubscribe,
    Command: LiveConnection._command,
    Refresh: LiveConnection._refresh,
    ClockProbe: LiveConnection._clock,
}
