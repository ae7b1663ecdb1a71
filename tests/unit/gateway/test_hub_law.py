"""The law of fan-out: however a client stalls, drains, leaves and comes back, in the end it holds what the
channels hold, has shown every one-shot once, and its neighbours noticed nothing.
"""

import asyncio
import json
import math
import random
from collections import Counter

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from showcaller import system
from showcaller.gateway import delivery
from showcaller.gateway.connection import LiveConnection
from showcaller.gateway.gateway import Gateway
from showcaller.gateway.priority import Priority, priority_of
from showcaller.gateway.stream_connection import StreamConnection
from showcaller.gateway.window import Window
from showcaller.protocol.frames import TEXT
from showcaller.protocol.messages import ChannelHead, Hello, Since, Subscribe
from showcaller.show.channels import Channels
from showcaller.show.live_event import LiveEvent
from showcaller.show.names import Names
from showcaller.show.served import ServedEvent
from showcaller.testing.manual_clock import run_virtually
from showcaller.testing.model_client import ModelClient
from showcaller.testing.random_history import NAMES, RandomHistory
from showcaller.testing.raw_frames import client_frame
from showcaller.tokens import Tokens

CHANNELS = (
    *("agenda", "announcements", "produce", "session/open", "session/moderated"),
    *("session/open/questions", "session/moderated/questions"),
    *("session/open/moderation", "session/moderated/moderation", "session/open/audience"),
    "session/open/chat",
)
LIMIT_BYTES = 6_000
STEPS = 80
law = settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))


class KnownNames(Names):
    def __init__(self):
        super().__init__(log=None)
        self._names = dict(NAMES)


class NoLog:
    def __init__(self):
        self.ends = {}  # of the epochs before

    def ended(self, epoch):
        return self.ends.get(epoch)


class Pipe(asyncio.Transport):
    """A transport whose socket takes `room` more bytes; what it took has reached the client."""

    def __init__(self):
        super().__init__()
        self.room = math.inf
        self.reached = bytearray()
        self.ended = False
        self._unsent = bytearray()
        self._high = self._low = 0
        self._paused = False
        self._reads = True
        self._said = b""

    def write(self, data):
        if self.ended:
            raise RuntimeError("the transport is lost")
        self._unsent += data
        self._flow()
        if len(self._unsent) > self._high and not self._paused:
            self._paused = True
            self.protocol.pause_writing()

    def make_room(self, room):
        self.room = room
        self._flow()
        if self._paused and len(self._unsent) <= self._low:
            self._paused = False
            self.protocol.resume_writing()

    def _flow(self):
        size = int(min(self.room, len(self._unsent)))
        self.reached += self._unsent[:size]
        del self._unsent[:size]
        self.room -= size

    def get_write_buffer_size(self):
        return len(self._unsent)

    def set_write_buffer_limits(self, high=None, low=None):
        self._high, self._low = high, low

    def can_write_eof(self):
        return True

    def write_eof(self):
        self.ended = True

    def abort(self):
        self.ended = True

    def is_closing(self):
        return self.ended

    def pause_reading(self):
        self._reads = False

    def resume_reading(self):
        self._reads = True
        asyncio.get_running_loop().call_soon(self.say, b"")

    def say(self, data):
        """The client writes this."""
        self._said += data
        if self._reads and self._said and not self.ended:
            data, self._said = self._said, b""
            self.protocol.data_received(data)


class Attendee:
    """A client of PROTOCOL.md §4 that comes back whenever it is cut off."""

    def __init__(self, house, channels):
        self.house = house
        self.models = {channel: ModelClient() for channel in channels}
        self.leaving = set()
        self.joined = {}  # the offset of each channel's first snapshot
        self.connect()

    def connect(self):
        self.leaving.clear()
        self.pipe = Pipe()
        self.connection = self.pipe.protocol = self.house.connect(self.pipe)
        self.say({"op": "hello", "token": self.house.token})
        for channel, model in self.models.items():
            self.subscribe(channel, model)

    def subscribe(self, channel, model):
        since = {"epoch": model.epoch, "offset": model.mark} if model.epoch else None
        self.say({"op": "subscribe", "id": channel, "channel": channel, "since": since})

    def follow(self, channel):
        if channel not in self.models:
            self.models[channel] = ModelClient()
            self.subscribe(channel, self.models[channel])

    def unfollow(self, channel):
        """A result that came after the reply would find no model."""
        if channel in self.joined:
            self.leaving.add(channel)
            self.say({"op": "unsubscribe", "id": f"-{channel}", "channel": channel})

    def say(self, message):
        self.pipe.say(client_frame(TEXT, json.dumps(message).encode()))

    def cut(self):
        self.pipe.ended = True
        self.connection.connection_lost(None)
        self.listen()

    def listen(self):
        """Take what has come."""
        for opcode, payload in frames_in(self.pipe.reached):
            if opcode == TEXT:
                self._take(json.loads(payload))
        if self.pipe.ended:
            self.connect()

    def _take(self, message):
        if message["op"] == "reply" and message["id"].startswith("-"):
            self.models.pop(message["id"][1:], None)
            self.joined.pop(message["id"][1:], None)
            self.leaving.discard(message["id"][1:])
        elif message["op"] in ("snapshot", "change", "levels"):
            channel = message["channel"]
            if message["op"] == "snapshot":
                self.joined.setdefault(channel, message["offset"])
            assert self.models[channel].receive(message), f"a gap: {message}"
        elif message["op"] == "heartbeat":
            for channel, head in message["channels"].items():
                model, epoch = self.models[channel], message["epoch"]
                if not model.heartbeat(epoch, ChannelHead(**head)):
                    assert model.epoch != epoch, f"{channel} lags behind {head}"
                    if channel not in self.leaving:
                        self.subscribe(channel, model)


class Streaming(Attendee):
    """A client over HTTP: whatever it wants to follow anew, it asks for with another stream."""

    def connect(self):
        self.leaving.clear()
        self.pipe = Pipe()
        self.connection = self.pipe.protocol = self.house.open_stream(self.pipe)
        asked = [
            Subscribe(id=channel, channel=channel, since=place_of(model))
            for channel, model in self.models.items()
        ]
        self.connection.begin([Hello(token=self.house.token), *asked])

    def subscribe(self, channel, model):
        self.pipe.ended = True
        self.connection.connection_lost(None)
        self.connect()

    def unfollow(self, channel):
        if channel in self.joined:
            model = self.models.pop(channel)
            del self.joined[channel]
            self.subscribe(channel, model)

    def listen(self):
        for text in events_in(self.pipe.reached):
            self._take(json.loads(text))
        if self.pipe.ended:
            self.connect()


def place_of(model):
    return Since(epoch=model.epoch, offset=model.mark) if model.epoch else None


def events_in(data):
    """The whole events at the beginning of `data`, which are taken from it."""
    while (end := data.find(b"\n\n")) >= 0:
        event = bytes(data[:end])
        del data[: end + 2]
        yield event.removeprefix(b"data: ")


def frames_in(data):
    """The whole server frames at the beginning of `data`, which are taken from it."""
    while len(data) >= 2:
        size, start = data[1], 2
        if size == 126:
            size, start = int.from_bytes(data[2:4], "big"), 4
        elif size == 127:
            size, start = int.from_bytes(data[2:10], "big"), 10
        if len(data) < start + size:
            return
        opcode, payload = data[0] & 15, bytes(data[start : start + size])
        del data[: start + size]
        yield opcode, payload


def plain(message):
    """The message as a client reads it."""
    return json.loads(msgspec.json.encode(message))


class SomeWindow(Window):
    def __init__(self, rng):
        super().__init__()
        self._rng = rng

    def hold_s(self, now_s):
        return self._rng.choice((0, 0, 0.005, 0.02))


class House:
    """A gateway, an event with a random history, and a clock that moves whenever somebody looks at it."""

    def __init__(self, rng):
        self.rng = rng
        self.history = RandomHistory(rng)
        self.event = LiveEvent("event", NoLog())
        self.event.epoch = "e1"
        self.epochs = 1
        self.event.state = self.history.state
        self.history.step()
        self.event.channels = Channels(
            self.history.state,
            KnownNames(),
            self.event.shown_epoch,
            ended=self.event.log.ended,
        )
        tokens = Tokens("s" * 40)
        self.token = tokens.mint(
            "event", "p_one", ("producer",), token="t", now_ms=system.wall_ms(), ttl_s=3600
        )
        self.served = ServedEvent(self.event, None, tokens)
        self.looks = 0
        self.gateway = Gateway(
            lambda _: self.served, buffer_limit_bytes=LIMIT_BYTES, heartbeat_s=1e6, now=self.now_s
        )
        self.hub = self.gateway.attach(self.event)
        self.hub._window = SomeWindow(rng)
        self.shown = []  # every one-shot: its channel, its offset, itself

    def now_s(self):
        self.looks += 1
        return asyncio.get_running_loop().time() + self.looks * 0.002

    def connect(self, pipe):
        connection = LiveConnection(pipe, "json", self.gateway, self.served, self.hub)
        self.hub.connections.add(connection)
        return connection

    def open_stream(self, pipe):
        parts = (self.gateway, self.served, self.hub, "192.0.2.1")
        connection = StreamConnection(pipe, "events", *parts)
        self.hub.connections.add(connection)
        return connection

    def fold(self):
        _, outcome = self.history.step()
        state = self.history.state
        for channel, change in self.event.channels.fold(
            state.folded, int(self.history.now_ms), outcome
        ):
            self.tell(channel, change)

    def enter_epoch(self):
        """Have the log go on under another epoch, as after a failover."""
        before = Since(self.event.shown_epoch, self.history.state.folded)
        self.event.log.ends[self.event.epoch] = before.offset
        self.epochs += 1
        self.event.epoch = f"e{self.epochs}"
        self.event.channels.enter_epoch(self.event.shown_epoch)
        self.hub.on_new_epoch(before)

    def flush_levels(self):
        self.event.channels.show_audience(
            {"session/open/audience": {"present": self.rng.randrange(9)}}
        )
        for channel, levels in self.event.channels.flush_levels():
            self.tell(channel, levels)

    def tell(self, channel, message):
        for event in plain(message).get("events", ()):
            self.shown.append((channel, message.offset, event))
        self.hub.on_message(channel, message)


# The story ----------------------------------------------------------------------------------------


def act(house, attendee, rng):
    """One random thing that happens to a client."""
    channel = rng.choice(CHANNELS)
    what = rng.choice(("stall", "trickle", "drain", "drain", "cut", "follow", "unfollow", "beat"))
    if what == "stall":
        attendee.pipe.make_room(0)
    elif what == "trickle":
        attendee.pipe.make_room(rng.choice((1, 300, 3_000)))
    elif what == "drain":
        attendee.pipe.make_room(math.inf)
    elif what == "cut":
        attendee.cut()
    elif what == "follow":
        attendee.follow(channel)
    elif what == "unfollow":
        attendee.unfollow(channel)
    elif attendee.connection.principal is not None and not attendee.connection.closing:
        attendee.connection._beat()
    attendee.listen()


async def story(seed):
    rng = random.Random(seed)
    house = House(rng)
    steady = Attendee(house, CHANNELS)
    rooms = [rng.sample(CHANNELS, rng.randint(1, 9)) for _ in range(3)]  # so that some are grouped
    kinds = (Attendee, Attendee, Streaming)
    shaky = [rng.choice(kinds)(house, rng.choice(rooms)) for _ in range(6)]
    for _ in range(STEPS):
        for _ in range(rng.choice((0, 0, 1, 1, 2, 6))):
            house.fold()
        if rng.random() < 0.3:
            house.flush_levels()
        if rng.random() < 0.03:
            house.enter_epoch()
        act(house, rng.choice(shaky), rng)
        await asyncio.sleep(rng.choice((0, 0, 0.004, 0.05)))
        steady.listen()
    for _ in range(3):  # whoever is closed on the way comes back
        for attendee in shaky:
            attendee.pipe.make_room(math.inf)
            attendee.listen()
        await asyncio.sleep(1)
    house.flush_levels()
    await asyncio.sleep(1)
    for attendee in (steady, *shaky):
        attendee.listen()
        await asyncio.sleep(1)  # a heartbeat may have it subscribe again
        attendee.listen()
        check(house, attendee)
    assert not house.hub._debts or house.hub._pending
    return house, steady


def check(house, attendee):
    for channel, model in attendee.models.items():
        truth = plain(house.event.channels.snapshot(channel))
        assert (model.items, model.levels) == (truth["items"], truth["levels"]), channel
        if priority_of(channel) is Priority.CONTROL:
            assert model.resets == 0
            told = [event for where, offset, event in house.shown
                    if where == channel and offset > attendee.joined[channel]]  # fmt: skip
            assert model.events == told, channel


@law
@given(seed=st.integers(0, 2**32))
def test_a_client_ends_with_everything_however_slowly_it_reads(monkeypatch, seed):
    monkeypatch.setattr(delivery, "AT_ONCE", 1)
    house, steady = run_virtually(story(seed))
    assert steady.pipe.room == math.inf
    assert house.hub._group_of[steady.connection].members


def test_the_random_histories_drop_messages_catch_up_and_close(monkeypatch):
    """Else the law would say little."""
    monkeypatch.setattr(delivery, "AT_ONCE", 1)
    totals = Counter()
    for seed in range(30):
        counters = run_virtually(story(seed))[0].gateway.counters
        totals += Counter(
            questions=counters.messages_shed[Priority.QUESTIONS],
            audience=counters.messages_shed[Priority.AUDIENCE],
            catch_ups=counters.catch_ups,
            coalesced=counters.messages_coalesced,
            slow=counters.closes[4000],
        )
    assert set(totals) == {"questions", "audience", "catch_ups", "coalesced", "slow"}, totals
