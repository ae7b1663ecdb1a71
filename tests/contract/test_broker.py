"""The promises of every broker: on a SQLite file, a real redis-server, a real Redis Cluster."""

from __future__ import annotations

import asyncio
import contextlib

import pytest

from showcaller.broker.base import Broker, Entry, EventLog, Lease, NotYet, Overdue, Position
from showcaller.broker.connect import connect
from showcaller.errors import NotFound, Unavailable
from showcaller.testing.tail_reader import TailReader, reading
from showcaller.testing.until import until

DEADLINE_S = 20.0
HOUR_MS = 3_600_000


def keys(entries: list[Entry]) -> list[str]:
    return [entry.key for entry in entries]


def offsets(entries: list[Entry]) -> list[int]:
    return [entry.offset for entry in entries]


# Appending ----------------------------------------------------------------------------------------


async def test_a_new_log_is_empty_and_has_an_epoch(log: EventLog) -> None:
    head = await log.head()
    assert head.epoch and head.offset == 0
    assert await log.read(0) == []


async def test_entries_are_numbered_from_one_in_the_order_of_their_appends(log: EventLog) -> None:
    for number in range(1, 6):
        appended = await log.append(f"k{number}", b"data")
        assert appended.position == (await log.head())
        assert appended.position.offset == number and not appended.duplicate
    assert keys(await log.read(0)) == ["k1", "k2", "k3", "k4", "k5"]


@pytest.mark.parametrize("data", [b"", b"\n", bytes(range(256)), b"x" * 200_000])
@pytest.mark.parametrize("key", ["k", "cue:run 1:ä\n2"])
async def test_keys_and_data_come_back_as_they_were(log: EventLog, key: str, data: bytes) -> None:
    appended = await log.append(key, data)
    assert await log.read(0) == [Entry(1, key, appended.at_ms, data)]


async def test_an_entry_carries_the_brokers_clock(log: EventLog) -> None:
    before_ms = (await log.read_clock()).now_ms
    appended = await log.append("k", b"")
    assert before_ms <= appended.at_ms <= (await log.read_clock()).now_ms


async def test_a_log_tells_which_keys_it_has(log: EventLog, other_log: EventLog) -> None:
    await log.append("k", b"")
    assert (await log.has("k"), await log.has("K"), await log.has("")) == (True, False, False)
    assert await other_log.has("k")


async def test_a_key_is_appended_once_and_the_second_call_says_where(
    log: EventLog, other_log: EventLog
) -> None:
    first = await log.append("k", b"first")
    await log.append("between", b"")
    again = await other_log.append("k", b"second")
    assert (again.position, again.at_ms, again.duplicate) == (first.position, first.at_ms, True)
    assert [entry.data for entry in await log.read(0)] == [b"first", b""]


async def test_one_of_many_racing_appends_with_the_same_key_wins(
    log: EventLog, other_log: EventLog
) -> None:
    logs = [log, other_log] * 20
    appended = await asyncio.gather(*(each.append("cue", b"") for each in logs))
    assert sum(not each.duplicate for each in appended) == 1
    assert len({each.position for each in appended}) == 1
    assert len(await log.read(0)) == 1


async def test_concurrent_appends_lose_nothing_and_leave_no_gap(
    log: EventLog, other_log: EventLog
) -> None:
    calls = [
        each.append(f"{n}:{i}", b"") for n, each in enumerate((log, other_log)) for i in range(300)
    ]
    appended = await asyncio.gather(*calls)
    assert sorted(each.position.offset for each in appended) == list(range(1, 601))
    assert len(set(keys(await log.read(0)))) == 600


async def test_appends_of_one_node_keep_their_order(log: EventLog) -> None:
    await asyncio.gather(*(log.append(f"k{i}", b"") for i in range(100)))
    assert keys(await log.read(0)) == [f"k{i}" for i in range(100)]


async def test_an_append_before_its_time_is_put_off_and_leaves_nothing(log: EventLog) -> None:
    now_ms = (await log.read_clock()).now_ms
    with pytest.raises(NotYet) as early:
        await log.append("cue", b"", not_before_ms=now_ms + 60_000)
    assert 59_000 < early.value.wait_ms <= 60_000
    assert (await log.head()).offset == 0
    assert not (await log.append("cue", b"", not_before_ms=now_ms)).duplicate


async def test_a_client_that_waits_as_told_is_let_in(log: EventLog) -> None:
    due_ms = (await log.read_clock()).now_ms + 40
    with pytest.raises(NotYet) as early:
        await log.append("cue", b"", not_before_ms=due_ms)
    await asyncio.sleep(early.value.wait_ms / 1000)
    assert (await log.append("cue", b"", not_before_ms=due_ms)).at_ms >= due_ms


async def test_a_known_key_is_found_even_before_its_time(log: EventLog) -> None:
    await log.append("cue", b"")
    again = await log.append("cue", b"", not_before_ms=(await log.read_clock()).now_ms + 60_000)
    assert again.duplicate


async def test_an_append_after_its_time_is_refused_and_leaves_nothing(log: EventLog) -> None:
    now_ms = (await log.read_clock()).now_ms
    with pytest.raises(Overdue) as late:
        await log.append("stale", b"", not_after_ms=now_ms - 5_000)
    assert 5_000 <= late.value.late_ms < 60_000
    assert (await log.head()).offset == 0
    assert not (await log.append("stale", b"", not_after_ms=now_ms + 60_000)).duplicate


async def test_a_known_key_is_found_even_after_its_time(log: EventLog) -> None:
    await log.append("done", b"")
    assert (await log.append("done", b"", not_after_ms=0)).duplicate


# SQLite's clock settles itself: tests/unit/broker/test_steady_clock.py.
@pytest.mark.parametrize("url", ["redis", "redis_cluster"], indirect=True)
async def test_a_reading_that_is_settled_moves_server_time_for_all(
    log: EventLog, other_log: EventLog
) -> None:
    reading = await log.read_clock()
    assert reading.unread_ms is not None and reading.correction_ms == 0  # nobody ever read it
    settled = await log.settle_clock(reading, -HOUR_MS)
    assert settled.correction_ms == -HOUR_MS and settled.unread_ms is None
    again = await other_log.settle_clock(reading, -HOUR_MS)  # it comes second: no effect
    assert again.correction_ms == -HOUR_MS
    assert abs((await other_log.append("k", b"")).at_ms - settled.now_ms) < 60_000
    assert abs(reading.now_ms - HOUR_MS - settled.now_ms) < 60_000


async def test_an_early_append_does_not_hold_up_those_beside_it(log: EventLog) -> None:
    later_ms = (await log.read_clock()).now_ms + 60_000
    results = await asyncio.gather(
        log.append("a", b""),
        log.append("early", b"", not_before_ms=later_ms),
        log.append("b", b""),
        return_exceptions=True,
    )
    assert isinstance(results[1], NotYet)
    assert keys(await log.read(0)) == ["a", "b"]


# Reading ------------------------------------------------------------------------------------------


async def test_read_goes_on_after_an_offset_up_to_a_limit(log: EventLog) -> None:
    await asyncio.gather(*(log.append(f"k{i}", b"") for i in range(1, 8)))
    assert offsets(await log.read(2, limit=3)) == [3, 4, 5]
    assert offsets(await log.read(5, limit=3)) == [6, 7]
    assert await log.read(7) == []


async def test_reading_beyond_the_end_finds_nothing_and_changes_nothing(log: EventLog) -> None:
    position = (await log.append("k", b"")).position
    assert await log.read(1_000_000) == []
    assert await log.read(0, limit=0) == []
    assert await log.head() == position


async def test_logs_of_two_events_do_not_touch(broker: Broker, log: EventLog) -> None:
    other = await broker.open("another-event")
    await log.append("k", b"ours")
    assert not (await other.append("k", b"theirs")).duplicate
    assert [entry.data for entry in await log.read(0)] == [b"ours"]


async def test_events_lists_what_was_opened(broker: Broker, log: EventLog, event_id: str) -> None:
    await log.append("k", b"")
    assert event_id in await broker.events()


async def test_a_log_outlives_its_broker_and_keeps_its_epoch(
    url: str, broker: Broker, log: EventLog, event_id: str
) -> None:
    position = (await log.append("k", b"data")).position
    await broker.close()
    again = connect(url)
    try:
        reopened = await again.open(event_id)
        assert await reopened.head() == position
        assert (await reopened.append("k", b"data")).duplicate
    finally:
        await again.close()


async def test_after_close_everything_is_unavailable_and_tails_end(
    broker: Broker, log: EventLog
) -> None:
    reader = TailReader(log)
    following = asyncio.create_task(reader.run())
    await until(lambda: bool(reader.epochs))
    await broker.close()
    async with asyncio.timeout(DEADLINE_S):
        await following
    with pytest.raises(Unavailable):
        await log.append("k", b"")
    with pytest.raises(Unavailable):
        await log.read(0)


async def test_a_working_broker_passes_its_check(broker: Broker) -> None:
    await broker.check()


# Tails --------------------------------------------------------------------------------------------


async def test_a_tail_tells_the_epoch_at_once(log: EventLog) -> None:
    async with reading(log) as reader:
        await until(lambda: bool(reader.epochs))
    assert reader.epochs == [(await log.head()).epoch] and reader.entries == []


async def test_a_tail_hears_what_any_node_appends(log: EventLog, other_log: EventLog) -> None:
    await log.append("before", b"1")
    async with reading(log) as reader:
        await until(lambda: len(reader.entries) == 1)
        await log.append("here", b"2")
        await other_log.append("there", b"3")
        await until(lambda: len(reader.entries) == 3)
    assert reader.entries == await log.read(0)


async def test_a_tail_reads_a_long_past_in_pages(log: EventLog) -> None:
    await asyncio.gather(*(log.append(f"k{i}", b"") for i in range(2300)))
    async with reading(log, after=100) as reader:
        await until(lambda: len(reader.entries) == 2200)
    assert offsets(reader.entries) == list(range(101, 2301))


async def test_tails_from_any_offset_while_others_append(
    log: EventLog, other_log: EventLog
) -> None:
    async def append_some(each: EventLog, name: str) -> None:
        for number in range(150):
            await each.append(f"{name}{number}", b"")

    async with contextlib.AsyncExitStack() as stack:
        writers = [
            asyncio.create_task(append_some(log, "a")),
            asyncio.create_task(append_some(other_log, "b")),
        ]
        readers: list[tuple[int, TailReader]] = []
        for number in range(12):
            after = (await log.head()).offset // 2
            source = (log, other_log)[number % 2]
            readers.append((after, await stack.enter_async_context(reading(source, after))))
        await asyncio.gather(*writers)
        for after, reader in readers:
            await until(lambda r=reader, a=after: len(r.entries) >= 300 - a)
        whole = await log.read(0)
        for after, reader in readers:
            assert reader.entries == whole[after:]


async def test_a_duplicate_is_not_told_again(log: EventLog) -> None:
    async with reading(log) as reader:
        await log.append("k", b"")
        await log.append("k", b"")
        await log.append("end", b"")
        await until(lambda: len(reader.entries) >= 2)
    assert keys(reader.entries) == ["k", "end"]


async def test_a_slow_reader_misses_nothing(log: EventLog) -> None:
    tail = log.tail(0)
    entries = list((await anext(tail))[1])
    for start in range(0, 6000, 500):
        await asyncio.gather(*(log.append(f"k{i}", b"") for i in range(start, start + 500)))
    async with asyncio.timeout(DEADLINE_S):
        while len(entries) < 6000:
            entries += (await anext(tail))[1]
    assert offsets(entries) == list(range(1, 6001))
    await tail.aclose()  # type: ignore[attr-defined]


async def test_a_position_of_another_epoch_is_read_from_the_start(log: EventLog) -> None:
    await asyncio.gather(*(log.append(f"k{i}", b"") for i in range(3)))
    epoch = (await log.head()).epoch
    async with reading(log, after=2, epoch="another") as reader:
        await until(lambda: len(reader.entries) == 3)
    assert reader.epochs == [epoch]
    async with reading(log, after=2, epoch=epoch) as reader:
        await until(lambda: len(reader.entries) == 1)
    assert offsets(reader.entries) == [3]


# Ephemeral messages -------------------------------------------------------------------------------


async def test_messages_reach_all_who_listen_in_order(log: EventLog, other_log: EventLog) -> None:
    here: list[bytes] = []
    there: list[bytes] = []
    await log.subscribe("presence", here.append)
    await other_log.subscribe("presence", there.append)
    for number in range(20):
        await log.publish("presence", b"%d" % number)
    await until(lambda: len(here) == len(there) == 20)
    assert here == there == [b"%d" % number for number in range(20)]


async def test_messages_keep_to_their_topic_and_event(broker: Broker, log: EventLog) -> None:
    heard: list[bytes] = []
    await log.subscribe("a", heard.append)
    await log.publish("b", b"other topic")
    await (await broker.open("another-event")).publish("a", b"other event")
    await log.publish("a", b"ours")
    await until(lambda: bool(heard))
    assert heard == [b"ours"]


async def test_nothing_is_heard_after_unsubscribing_and_others_hear_on(log: EventLog) -> None:
    first: list[bytes] = []
    second: list[bytes] = []
    unsubscribe = await log.subscribe("t", first.append)
    await log.subscribe("t", second.append)
    unsubscribe()
    unsubscribe()
    await log.publish("t", b"x")
    await until(lambda: bool(second))
    assert first == []


async def test_subscribing_again_works(log: EventLog) -> None:
    heard: list[bytes] = []
    for number in range(5):
        unsubscribe = await log.subscribe("t", heard.append)
        await log.publish("t", b"x")
        await until(lambda n=number: len(heard) == n + 1)
        unsubscribe()


async def test_a_handler_that_fails_harms_nobody(log: EventLog) -> None:
    heard: list[bytes] = []

    def fail(message: bytes) -> None:
        raise RuntimeError("on purpose")

    await log.subscribe("t", fail)
    await log.subscribe("t", heard.append)
    await log.publish("t", b"1")
    await log.publish("t", b"2")
    await until(lambda: heard == [b"1", b"2"])


# Snapshots ----------------------------------------------------------------------------------------


async def test_the_newest_snapshot_of_a_fold_version_is_kept(
    log: EventLog, other_log: EventLog
) -> None:
    await asyncio.gather(*(log.append(f"k{i}", b"") for i in range(3)))
    epoch = (await log.head()).epoch
    assert await log.load_snapshot(1) is None
    await log.save_snapshot(Position(epoch, 2), 1, b"two\n")
    await other_log.save_snapshot(Position(epoch, 1), 1, b"one")
    await log.save_snapshot(Position(epoch, 1), 2, b"of version 2")
    assert await other_log.load_snapshot(1) == ((epoch, 2), b"two\n")
    await other_log.save_snapshot(Position(epoch, 3), 1, b"three")
    assert await log.load_snapshot(1) == ((epoch, 3), b"three")
    assert await log.load_snapshot(2) == ((epoch, 1), b"of version 2")


async def test_a_snapshot_of_another_log_is_not_kept(log: EventLog) -> None:
    await log.append("k", b"")
    await log.save_snapshot(Position("another", 1), 1, b"")
    await log.save_snapshot(Position((await log.head()).epoch, 2), 1, b"ahead")
    assert await log.load_snapshot(1) is None


# Erasing ------------------------------------------------------------------------------------------


async def test_erasing_replaces_the_data_alone(log: EventLog, other_log: EventLog) -> None:
    await log.append("q:1\n", b"a name\n")
    await log.append("after", b"")
    whole = await log.read(0)
    await other_log.erase(1, b"-")
    assert await log.read(0) == [Entry(1, "q:1\n", whole[0].at_ms, b"-"), whole[1]]
    assert (await log.append("q:1\n", b"a name")).duplicate
    async with reading(log) as reader:
        await until(lambda: len(reader.entries) == 2)
    assert reader.entries[0].data == b"-" and len(reader.epochs) == 1


async def test_the_log_goes_on_in_its_epoch_after_its_last_entry_was_erased(log: EventLog) -> None:
    async with reading(log) as reader:
        await log.append("k1", b"a name")
        await until(lambda: len(reader.entries) == 1)
        await log.erase(1, b"")
        await log.append("k2", b"")
        await until(lambda: len(reader.entries) == 2)
    assert len(reader.epochs) == 1


async def test_erasing_forgets_snapshots_made_from_the_old_data(log: EventLog) -> None:
    position = (await log.append("k", b"a name")).position
    await log.save_snapshot(position, 1, b"a name")
    await log.erase(1, b"")
    assert await log.load_snapshot(1) is None


@pytest.mark.parametrize("offset", [0, 2])
async def test_an_entry_that_is_not_there_cannot_be_erased(log: EventLog, offset: int) -> None:
    await log.append("k", b"data")
    with pytest.raises(NotFound):
        await log.erase(offset, b"")
    assert (await log.read(0))[0].data == b"data"


# Leases -------------------------------------------------------------------------------------------


async def test_one_owner_at_a_time(log: EventLog, other_log: EventLog) -> None:
    mine = await log.acquire_lease("room", "a", 60_000)
    assert mine is not None and (mine.name, mine.owner) == ("room", "a")
    assert await other_log.acquire_lease("room", "b", 60_000) is None
    assert await other_log.read_lease("room") == mine
    assert await log.read_lease("another room") is None


async def test_renewing_keeps_the_fence(log: EventLog) -> None:
    first = await log.acquire_lease("room", "a", 300)
    second = await log.acquire_lease("room", "a", 60_000)
    assert second == first
    started_ms = (await log.read_clock()).now_ms

    async def past_the_first_term() -> bool:
        assert await log.acquire_lease("room", "b", 60_000) is None
        return (await log.read_clock()).now_ms >= started_ms + 350

    await until(past_the_first_term)


async def test_an_expired_lease_goes_to_the_next_with_a_larger_fence(log: EventLog) -> None:
    first = await log.acquire_lease("room", "a", 50)
    second: Lease | None = None
    async with asyncio.timeout(DEADLINE_S):
        while second is None:
            second = await log.acquire_lease("room", "b", 60_000)
    assert first is not None and second.fence > first.fence
    await log.release_lease(first)  # too late: it is not ours any more
    assert await log.read_lease("room") == second
    assert await log.acquire_lease("room", "a", 1000) is None


async def test_a_released_lease_is_free_and_its_fence_not_given_again(log: EventLog) -> None:
    fences = []
    for owner in ("a", "b", "a"):
        lease = await log.acquire_lease("room", owner, 60_000)
        assert lease is not None
        fences.append(lease.fence)
        await log.release_lease(lease)
        assert await log.read_lease("room") is None
    assert fences == sorted(set(fences))


async def test_of_many_who_want_a_lease_one_gets_it(log: EventLog, other_log: EventLog) -> None:
    wanting = [
        each.acquire_lease("room", f"{n}{i}", 60_000)
        for i in range(10)
        for n, each in enumerate((log, other_log))
    ]
    assert sum(lease is not None for lease in await asyncio.gather(*wanting)) == 1


# Records and counters -----------------------------------------------------------------------------


async def test_records_can_be_put_replaced_read_and_deleted(
    log: EventLog, other_log: EventLog
) -> None:
    await log.put_record("person", "p1", b"Ada")
    await log.put_record("person", "p2", b"Bob")
    await log.put_record("invite", "p1", b"another kind")
    await other_log.put_record("person", "p2", b"Barbara")
    assert await log.get_records("person", ["p2", "p3", "p1"]) == [b"Barbara", None, b"Ada"]
    await log.delete_record("person", "p1")
    await log.delete_record("person", "p9")
    assert await other_log.get_records("person", ["p1", "p2"]) == [None, b"Barbara"]
    assert await log.get_records("invite", ["p1"]) == [b"another kind"]
    assert await log.get_records("person", []) == []


async def test_a_counter_counts_all_nodes_and_starts_anew_after_its_window(
    log: EventLog, other_log: EventLog
) -> None:
    assert [(await each.count("ip", 60_000)).total for each in (log, other_log, log)] == [1, 2, 3]
    assert (await log.count("other ip", 60_000)).total == 1
    assert (await log.count("short", 60)).total == 1

    async def anew() -> bool:
        return (await log.count("short", 60)).total == 1

    await until(anew)


async def test_counting_does_not_stretch_the_window(log: EventLog) -> None:
    started_ms = (await log.read_clock()).now_ms
    counts = [(await log.count("c", 150)).total]

    async def anew() -> bool:
        counts.append((await log.count("c", 150)).total)
        return counts[-1] == 1

    await until(anew)
    assert counts == [*range(1, len(counts)), 1]
    assert (await log.read_clock()).now_ms - started_ms >= 149


async def test_a_counter_says_what_is_left_of_its_window(log: EventLog) -> None:
    first = await log.count("c", 60_000)
    second = await log.count("c", 60_000)
    assert 50_000 < second.left_ms <= first.left_ms <= 60_000
    in_another_window = await log.count("d", 5_000)
    assert in_another_window.left_ms <= 5_000


async def test_of_notes_the_newest_of_each_ring_are_kept(
    log: EventLog, other_log: EventLog
) -> None:
    assert await log.notes("refused") == []
    await log.note("admitted", [b"here to stay"], 5)
    for number in range(4):
        each = (log, other_log)[number % 2]
        await each.note("refused", [b"%d" % number, b"%d again" % number], 5)
    kept = {b"1 again", b"2", b"2 again", b"3", b"3 again"}
    assert set(await other_log.notes("refused")) == kept
    assert len(await log.notes("refused")) == 5
    assert await other_log.notes("admitted") == [b"here to stay"]


async def test_more_notes_at_once_than_a_ring_holds_leave_the_last_ones(log: EventLog) -> None:
    await log.note("refused", [b"%d" % number for number in range(2_500)], 1_200)
    assert set(await log.notes("refused")) == {b"%d" % number for number in range(1_300, 2_500)}
