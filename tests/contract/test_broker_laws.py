"""Laws of the brokers, with histories that Hypothesis makes up."""

from __future__ import annotations

import asyncio
import secrets

import pytest
import redis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from showcaller.broker import redis_cursor
from showcaller.broker.base import Appended, Entry, EventLog, NotYet
from showcaller.broker.connect import connect
from showcaller.testing.redis_server import RedisServer
from showcaller.testing.tail_reader import reading
from showcaller.testing.until import until

FAR_MS = 1_000_000

some_keys = st.integers(0, 9).map("k{}".format)
appends = st.tuples(st.just("append"), some_keys, st.binary(max_size=20))
early_appends = st.tuples(st.just("early"), some_keys, st.binary(max_size=20))
erasures = st.tuples(st.just("erase"), st.integers(1, 10), st.just(b"-"))
few = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


class Model:
    """A log in the simplest words."""

    def __init__(self) -> None:
        self.entries: list[tuple[str, bytes]] = []

    def append(self, key: str, data: bytes, early: bool) -> tuple[int, bool] | None:
        """Offset and whether it was there before; None if it is too early."""
        for offset, (known, _) in enumerate(self.entries, start=1):
            if known == key:
                return offset, True
        if early:
            return None
        self.entries.append((key, data))
        return len(self.entries), False

    def erase(self, offset: int, data: bytes) -> None:
        self.entries[offset - 1] = (self.entries[offset - 1][0], data)


@few
@given(steps=st.lists(st.one_of(appends, appends, early_appends, erasures), max_size=30))
def test_a_log_behaves_as_its_model(url: str, steps: list[tuple[str, str | int, bytes]]) -> None:
    async def compare() -> None:
        broker = connect("sqlite::memory:" if url.startswith("sqlite") else url)
        log = await broker.open(f"event-{secrets.token_hex(6)}")
        model = Model()
        for step in steps:
            await step_both(log, model, *step)
        assert [(entry.key, entry.data) for entry in await log.read(0)] == model.entries
        async with reading(log) as reader:
            await until(lambda: len(reader.entries) == len(model.entries))
        assert reader.entries == await log.read(0)
        await broker.close()

    asyncio.run(compare())


async def step_both(log: EventLog, model: Model, verb: str, what: str | int, data: bytes) -> None:
    if isinstance(what, int):
        if what <= len(model.entries):
            model.erase(what, data)
            await log.erase(what, data)
        return
    not_before_ms = (await log.read_clock()).now_ms + FAR_MS if verb == "early" else None
    expected = model.append(what, data, verb == "early")
    if expected is None:
        with pytest.raises(NotYet):
            await log.append(what, data, not_before_ms=not_before_ms)
    else:
        appended = await log.append(what, data, not_before_ms=not_before_ms)
        assert (appended.position.offset, appended.duplicate) == expected


class Node:
    """Appends and follows one log, and holds it to its word: one entry a position, for ever."""

    def __init__(self, log: EventLog) -> None:
        self.log = log
        self.epoch = ""
        self.folded: list[str] = []
        self._promised: dict[tuple[str, int], str] = {}

    async def append(self, key: str) -> None:
        appended: Appended = await self.log.append(key, b"")
        self._check(*appended.position, key)

    async def follow(self) -> None:
        async for epoch, entries, anew in self.log.tail(0):
            if anew:
                self.folded = []
            self.epoch = epoch
            for entry in entries:
                self._fold(entry)

    def _fold(self, entry: Entry) -> None:
        self.folded.append(entry.key)
        assert entry.offset == len(self.folded)
        self._check(self.epoch, entry.offset, entry.key)

    def _check(self, epoch: str, offset: int, key: str) -> None:
        assert self._promised.setdefault((epoch, offset), key) == key


class Server:
    """A Redis that can go back to an earlier state of one event, as after a bad failover."""

    def __init__(self, server: RedisServer, event_id: str) -> None:
        self._client = redis.Redis(port=server.port)
        self._pattern = f"showcaller:{{{event_id}}}:*"
        self._states: list[dict[bytes, bytes]] = [{}]

    def save(self) -> None:
        keys = self._client.keys(self._pattern)
        self._states.append({key: self._client.dump(key) for key in keys})

    def go_back(self, choice: int) -> None:
        state = self._states[choice % len(self._states)]
        with self._client.pipeline(transaction=True) as pipe:
            for key in self._client.keys(self._pattern):
                pipe.delete(key)
            for key, value in state.items():
                pipe.restore(key, 0, value)
            pipe.execute()


node = st.integers(0, 1)
history = st.lists(
    st.one_of(
        st.tuples(st.just("append"), node),
        st.tuples(st.just("append"), node),
        st.tuples(st.just("again"), node),
        st.tuples(st.just("save"), st.just(0)),
        st.tuples(st.just("go back"), st.integers(0, 5)),
        st.tuples(st.just("go back and grow"), st.integers(0, 5)),
        st.tuples(st.just("settle"), st.just(0)),
    ),
    min_size=3,
    max_size=20,
)


@few
@given(steps=history)
def test_no_node_sees_two_entries_at_one_position_however_the_server_forgets(
    redis_server: RedisServer, steps: list[tuple[str, int]]
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(redis_cursor, "POLL_S", 0.02)
        asyncio.run(live_through(redis_server, steps))


async def live_through(redis_server: RedisServer, steps: list[tuple[str, int]]) -> None:
    event_id = f"event-{secrets.token_hex(6)}"
    server = Server(redis_server, event_id)
    brokers = [connect(redis_server.url) for _ in range(2)]
    nodes = [Node(await broker.open(event_id)) for broker in brokers]
    server.save()
    following = [asyncio.create_task(each.follow()) for each in nodes]
    for number, (verb, choice) in enumerate(steps):
        match verb:
            case "append":
                await nodes[choice].append(f"k{number}")
            case "again":
                await nodes[choice].append(f"k{number - 1}")
            case "save":
                server.save()
            case "go back":
                server.go_back(choice)
            case "go back and grow":
                await grow_anew(redis_server.url, event_id, server, choice, number)
            case "settle":
                await settled(nodes, following)
    await settled(nodes, following)
    for broker in brokers:
        await broker.close()
    await asyncio.gather(*following)


async def grow_anew(url: str, event_id: str, server: Server, choice: int, number: int) -> None:
    """Have a node that knows nothing of the past be the first to append after it was lost."""
    stranger = connect(url)
    log = await stranger.open(event_id)
    server.go_back(choice)
    await asyncio.gather(*(log.append(f"s{number}-{i}", b"") for i in range(3)))
    await stranger.close()


async def settled(nodes: list[Node], following: list[asyncio.Task[None]]) -> None:
    """Wait until all nodes agree with the log, and with one another."""
    async with asyncio.timeout(5):
        while True:
            head = await nodes[0].log.head()
            keys = [entry.key for entry in await nodes[0].log.read(0)]
            if all((each.epoch, each.folded) == (head.epoch, keys) for each in nodes):
                return
            for task in following:
                if task.done():
                    task.result()
            await asyncio.sleep(0.005)
