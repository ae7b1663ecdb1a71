"""One virtual attendee: a whole client of the live protocol (PROTOCOL.md §4, §5, §6, §7).

Lean enough for thousands in a process: what many hold alike is shared (`ledger.Books`), and the crowd owns
the sockets, the timers and the measures.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any, Protocol

import msgspec

from .coming_back import ComingBack
from .crowd_numbers import OWN
from .ledger import Books, Follow, Taken
from .measures import Measures
from .messages import Decoder, Message, Update
from .results import FindingKind
from .sockets import Connection, Ended, Sockets
from .timepiece import Timepiece
from .timers import Timers
from .wire import BINARY, TEXT, text_frame

FIRST_PROBES = 5
PROBE_EVERY_S = 0.2
SILENT_HEARTBEATS = 2
CLOCK_EVERY_S = 15.0  # a probe, once the first ones are back
NEXT_TRY_S = 1.0  # after a refusal that says nothing else

_encode_json = msgspec.json.Encoder().encode
_encode_msgpack = msgspec.msgpack.Encoder().encode


class Command:
    """A command until it is answered, however often it has to be sent."""

    __slots__ = ("args", "key", "name", "repeats", "sent_ms")

    def __init__(self, name: str, args: dict[str, Any], sent_ms: float) -> None:
        self.name = name
        self.args = args
        self.key = f"{random.getrandbits(96):024x}"
        self.sent_ms = sent_ms
        self.repeats = 0


class Company(Protocol):
    """The crowd, as far as one of its attendees needs it. `_s` is our clock, `_ms` the run's."""

    books: Books
    measures: Measures
    timers: Timers
    sockets: Sockets
    decoders: dict[str, Decoder]
    questions_channel: str
    shows_tallies: bool

    def now_s(self) -> float: ...
    def now_ms(self) -> float: ...
    def ms_of(self, now_s: float) -> float: ...
    def server_ms(self, now_s: float) -> float: ...

    def is_paused(self, attendee: Attendee) -> bool:
        """Tell whether the attendee is not to read for now."""

    def answered(self, attendee: Attendee, command: Command, message: Message) -> None:
        """Note the answer to a command."""

    def note(self, number: int, kind: FindingKind, channel: str, offset: int, detail: str) -> None:
        """Note something that should not be."""


class Attendee:
    """`number` tells it from the others. `dial` makes it come."""

    __slots__ = (
        "_began_ms",
        "_clock",
        "_coming_back",
        "_crowd",
        "_heard_s",
        "_heartbeat_s",
        "_ids",
        "_lost_ms",
        "_opened_s",
        "_probed_s",
        "_probes_left",
        "_tally",
        "_token",
        "connection",
        "follows",
        "format",
        "is_dismissed",
        "is_slow",
        "is_whole",
        "next_vote",
        "number",
        "pending",
        "whole_ms",
    )

    def __init__(
        self,
        crowd: Company,
        number: int,
        token: str,
        channels: Sequence[str],
        *,
        format: str = "json",
        clock: Timepiece | None = None,
        is_slow: bool = False,
    ) -> None:
        self.number = number
        self.format = format
        self.is_slow = is_slow
        self.is_whole = False
        self.is_dismissed = False  # sent away for good
        self.whole_ms = 0.0  # since when, on this connection
        self.connection: Connection | None = None
        self.follows = {channel: Follow(crowd.books) for channel in channels}
        self.pending: dict[str, Command] = {}
        self.next_vote = 0
        self._crowd = crowd
        self._token = token
        self._clock = clock or Timepiece(0.0, 0.0)
        self._coming_back = ComingBack()
        self._ids = 0
        self._probes_left = 0
        self._heartbeat_s = 4.0
        self._heard_s = self._opened_s = self._probed_s = 0.0
        self._began_ms: float | None = None  # of the first connecting, until it is whole
        self._lost_ms: float | None = None
        self._tally: tuple[str, int, float] | None = None  # question, votes to see, since when

    @property
    def has_come(self) -> bool:
        """Tell whether it was ever wanted, and was not sent away."""
        return self._opened_s > 0

    # Coming and going -----------------------------------------------------------------------------

    def dial(self) -> None:
        if self.connection is not None or self.is_dismissed:
            return
        if self._began_ms is None and self._lost_ms is None:
            self._began_ms = self._crowd.now_ms()
        self._opened_s = self._crowd.now_s()
        self.connection = self._crowd.sockets.connect(self, self.format, is_slow=self.is_slow)

    def leave(self) -> None:
        """Go for good, without a goodbye."""
        self.is_dismissed = True
        if self.connection is not None:
            self._crowd.sockets.cut(self.connection)
            self.connection = None

    def cut(self) -> None:
        """Lose the connection, as when a network goes."""
        if self.connection is not None:
            self._crowd.sockets.cut(self.connection)
            self.on_end(Ended(1006, "cut"))

    def on_open(self) -> None:
        """The upgrade was accepted."""
        self._opened_s = self._heard_s = self._crowd.now_s()
        opening = [{"op": "hello", "token": self._token, "client": "showcaller-load"}]
        opening += [self._subscription(channel) for channel in self.follows]
        data = b"".join(map(self._frame, opening))
        data += b"".join(self._repeated(id) for id in self.pending)
        self._send(data)
        self._probes_left = FIRST_PROBES
        self._probe(self.connection)

    def on_end(self, ended: Ended) -> None:
        """Come back when it is time, or never: the connection is over, whoever ended it."""
        now_s = self._crowd.now_s()
        self._crowd.measures.closed(ended.code)
        if self.is_whole:
            self._lost_ms = self._crowd.now_ms()
        self.connection = None
        self.is_whole = False
        self._tally = None
        for follow in self.follows.values():
            follow.disconnected()
        delay_s = self._coming_back.delay_s(ended, now_s - self._opened_s)
        if delay_s is not None:
            self._crowd.timers.after(delay_s, self.dial)
        else:
            self.is_dismissed = True
            self.note("unanswered", "", 0, f"sent away for good: {ended.code} {ended.reason}")

    def _became_whole(self) -> None:
        crowd, now_ms = self._crowd, self._crowd.now_ms()
        self.is_whole = True
        self.whole_ms = now_ms
        crowd.measures.joins += 1
        if self._lost_ms is not None:
            crowd.measures.add("resume", now_ms - self._lost_ms)
        elif self._began_ms is not None:
            crowd.measures.add("join", now_ms - self._began_ms)
        self._lost_ms = self._began_ms = None

    # What comes -----------------------------------------------------------------------------------

    def on_frame(self, payload: bytes, now_s: float) -> None:
        self._heard_s = now_s
        self._crowd.measures.deliveries += 1
        message = self._crowd.decoders[self.format].decode(payload)
        if isinstance(message, Update):
            self._update(message, now_s)
        else:
            self._hear(message, now_s)

    def _hear(self, message: Message, now_s: float) -> None:
        handler = _HANDLERS.get(message.op)
        if handler is not None:  # unknown kinds are ignored
            handler(self, message, now_s)

    def _update(self, update: Update, now_s: float) -> None:
        channel = update.message.channel
        follow = self.follows.get(channel)
        if follow is None:
            return
        taken = follow.take(update, self._crowd.books, self.note)
        if taken is Taken.APPLIED:
            self._measure(update, now_s)
        elif taken is Taken.GAP:
            self._subscribe(channel)
        elif taken is Taken.WHOLE and not self.is_whole and self._has_everything():
            self._became_whole()

    def _has_everything(self) -> bool:
        return all(follow.is_whole for follow in self.follows.values())

    def _measure(self, update: Update, now_s: float) -> None:
        """Take note of how long it took to us; of nothing if we were away, or did not listen on purpose."""
        if self._tally is not None and update.message.values:
            self._look_for_tally(update.message.values, now_s)
        if self.is_slow or not self.is_whole:
            return
        if update.sent_ms is not None:
            if update.sent_ms > self.whole_ms:
                self._crowd.measures.add("broadcast", self._crowd.ms_of(now_s) - update.sent_ms)
        elif update.one_shots:
            for event in update.message.events:
                if event.get("type") == "cue":
                    self._measure_cue(event["due_ms"], now_s)

    def _measure_cue(self, due_ms: float, now_s: float) -> None:
        server_ms = self._clock.server_ms(*self._times_ms(now_s))
        if server_ms is not None and self._crowd.server_ms(self._opened_s) < due_ms:
            self._crowd.measures.add("cue", abs(server_ms - due_ms))

    def _look_for_tally(self, values: dict[str, int | None], now_s: float) -> None:
        assert self._tally is not None
        question, votes, since_ms = self._tally
        if (values.get(question) or 0) >= votes:
            self._crowd.measures.add("tally", self._crowd.ms_of(now_s) - since_ms)
            self._tally = None

    def _heartbeat(self, message: Message, now_s: float) -> None:
        for channel, head in message.channels.items():
            follow = self.follows.get(channel)
            if follow is not None:
                follow.heartbeat(message.epoch, head["head"], head["mark"], now_s)
                if channel != OWN:
                    self._crowd.books.hear_of(channel, message.epoch, head["head"])
                if follow.missing_since_s:
                    self._crowd.timers.after(1.0, self._catch_up, channel)

    def _catch_up(self, channel: str) -> None:
        follow = self.follows[channel]
        if self.connection is None or not follow.is_behind(self._crowd.now_s()):
            return
        if not follow.log_goes_on_elsewhere:
            detail = "a heartbeat told of something newer, which did not come within a second"
            self.note("lost", channel, follow.last, detail)
        follow.missing_since_s = 0.0
        self._subscribe(channel)

    def _welcome(self, message: Message, now_s: float) -> None:
        self._heartbeat_s = message.heartbeat_ms / 1000 or self._heartbeat_s
        if not self.follows:
            self._became_whole()
        self._crowd.timers.after(self._heartbeat_s, self._beat, self.connection)

    def _beat(self, connection: Connection) -> None:
        """Once each heartbeat: is the server still there, and, now and then, what time is it there?"""
        if connection is not self.connection:
            return
        now_s = self._crowd.now_s()
        silent_s = now_s - self._heard_s
        if silent_s > SILENT_HEARTBEATS * self._heartbeat_s and not self._crowd.is_paused(self):
            self._crowd.sockets.cut(connection)
            self.on_end(Ended(1006, "the server was silent for two heartbeats"))
            return
        if now_s - self._probed_s >= CLOCK_EVERY_S:
            self._probes_left = 1
            self._probe(connection)
        self._crowd.timers.after(self._heartbeat_s, self._beat, connection)

    def _drain(self, message: Message, now_s: float) -> None:
        """Go by ourselves at our moment, if the close does not come before."""
        delay_s = message.reconnect_after_ms / 1000
        self._crowd.timers.after(delay_s, self._drained, self.connection)

    def _drained(self, connection: Connection) -> None:
        if connection is self.connection:
            self._crowd.sockets.cut(connection)
            self.on_end(Ended(1012, "drain", 0.0))

    # The clock ------------------------------------------------------------------------------------

    def _times_ms(self, now_s: float) -> tuple[float, float]:
        """Return what our timepiece goes by: the server's true time, and the run's."""
        return self._crowd.server_ms(now_s), self._crowd.ms_of(now_s)

    def probe(self) -> None:
        """Ask for the time once."""
        own_ms = self._clock.shows_ms(*self._times_ms(self._crowd.now_s()))
        self._send(self._frame({"op": "clock", "t1": own_ms}))

    def _probe(self, connection: Connection | None) -> None:
        """Ask as often as it is still to be asked, a moment apart."""
        if connection is not self.connection or not self._probes_left:
            return
        self._probes_left -= 1
        self._probed_s = self._crowd.now_s()
        self.probe()
        self._crowd.timers.after(PROBE_EVERY_S, self._probe, connection)

    def _clock_answer(self, message: Message, now_s: float) -> None:
        true_ms, run_ms = self._times_ms(now_s)
        self._clock.answer(message.t1, message.t2, message.t3, true_ms, run_ms)
        if not self._probes_left and not self.is_slow:
            taken_ms = self._clock.server_ms(true_ms, run_ms) or 0.0
            self._crowd.measures.add("clock", abs(taken_ms - true_ms))

    # Asking ---------------------------------------------------------------------------------------

    def do(self, name: str, **args: Any) -> Command:
        """Send a command, and again on later connections until it is answered."""
        self._ids += 1
        id = f"c{self._ids}"
        command = self.pending[id] = Command(name, args, self._crowd.now_ms())
        self._crowd.measures.commands += 1
        self._send(self._command_frame(id, command))
        return command

    def _repeated(self, id: str) -> bytes:
        command = self.pending[id]
        command.repeats += 1
        self._crowd.measures.commands += 1
        self._crowd.measures.totals["repeated_commands"] += 1
        return self._command_frame(id, command)

    def _send_again(self, id: str, connection: Connection) -> None:
        if id in self.pending and connection is self.connection:
            self._send(self._repeated(id))

    def _reply(self, message: Message, now_s: float) -> None:
        if message.id.startswith("s"):
            self._subscribed(list(self.follows)[int(message.id[1:])], message)
            return
        command = self.pending.get(message.id)
        if command is None:
            self.note("doubled", "", 0, f"a second reply to {message.id}")
        elif message.error is not None and message.error.retry:
            wait_s = message.error.retry_after_ms / 1000 or NEXT_TRY_S
            self._crowd.measures.totals[f"put off: {message.error.code}"] += 1
            self._crowd.timers.after(wait_s, self._send_again, message.id, self.connection)
        else:
            del self.pending[message.id]
            self._answered(command, message, now_s)

    def _answered(self, command: Command, message: Message, now_s: float) -> None:
        measures = self._crowd.measures
        measures.replies += 1
        if not command.repeats:
            measures.add("reply", self._crowd.ms_of(now_s) - command.sent_ms)
        if message.ok and command.name == "question.vote":
            measures.votes += 1
            self._await_tally(command, message.result["votes"])
        self._crowd.answered(self, command, message)

    def _await_tally(self, command: Command, votes: int) -> None:
        """Measure one vote at a time: until our channel shows a tally that counts it."""
        if self._tally is None and not command.repeats and self._crowd.shows_tallies:
            question = command.args["question"]
            self._tally = (question, votes, command.sent_ms)
            follow = self.follows.get(self._crowd.questions_channel)
            if follow is None:
                self._tally = None
            else:
                self._look_for_tally(dict(follow.document.levels), self._crowd.now_s())

    def _subscription(self, channel: str) -> dict[str, Any]:
        number = list(self.follows).index(channel)
        message: dict[str, Any] = {"op": "subscribe", "id": f"s{number}", "channel": channel}
        since = self.follows[channel].since
        if since is not None:
            message["since"] = {"epoch": since[0], "offset": since[1]}
        return message

    def _subscribe(self, channel: str) -> None:
        if self.connection is not None:
            self._crowd.measures.totals["subscribed_again"] += 1
            self._send(self._frame(self._subscription(channel)))

    def _subscribed(self, channel: str, message: Message) -> None:
        if message.ok:
            self.follows[channel].subscribed(message.result["mode"])
        elif message.error is not None and message.error.retry:
            wait_s = message.error.retry_after_ms / 1000 or NEXT_TRY_S
            self._crowd.timers.after(wait_s, self._subscribe, channel)
        else:
            code = message.error.code if message.error is not None else "refused"
            self.note("unanswered", channel, 0, f"may not be followed: {code}")

    # Sending --------------------------------------------------------------------------------------

    def _command_frame(self, id: str, command: Command) -> bytes:
        return self._frame(
            {
                "op": "command",
                "id": id,
                "name": command.name,
                "args": command.args,
                "key": command.key,
            }
        )

    def _frame(self, message: dict[str, Any]) -> bytes:
        if self.format == "json":
            return text_frame(_encode_json(message), TEXT)
        return text_frame(_encode_msgpack(message), BINARY)

    def _send(self, data: bytes) -> None:
        """Send it, if the connection is open; commands go out after the hello of the next one otherwise."""
        if self.connection is not None and self.connection.is_open:
            self._crowd.sockets.send(self.connection, data)

    def note(self, kind: FindingKind, channel: str, offset: int, detail: str) -> None:
        self._crowd.note(self.number, kind, channel, offset, detail)


_HANDLERS = {
    "welcome": Attendee._welcome,
    "reply": Attendee._reply,
    "heartbeat": Attendee._heartbeat,
    "clock": Attendee._clock_answer,
    "drain": Attendee._drain,
}
