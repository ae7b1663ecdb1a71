"""The broker for many processes and hosts, on one Redis or Redis Cluster (7 or later).

An append is one Lua call (`append.lua`): idempotency, `not_before` by Redis's clock, offset, entry,
and a message to the tails with all of the entry, so that a tail reads the log only to close gaps.

The epoch. A Redis can lose the end of a log (a restart without persistence, a failover to a replica
that lags) and go on; in a partition two of them go on, each its own way. So an epoch is of one server:
`epoch.lua`, which every call begins with, gives the log a new one if another server has it than the one
that began the epoch, and notes where that ended. A server that lost entries by itself (`FLUSHALL`) is
found out by the nodes: with every call a node names the newest entry that it has seen.
With `replicas`, a tail tells of an entry once so many have it: shown is as safe as acknowledged.

Redis-py must never repeat a command by itself. Appends are repeated here, with the same keys.
`redis_shard.py` finds the server that has an event, and finds it again after a failover or a move.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, NamedTuple, TypeVar

from .. import system
from ..errors import Damaged, NotFound, Unavailable
from .base import (
    STEP_MS,
    Appended,
    Batch,
    ClockReading,
    Counted,
    Entry,
    Lease,
    NotYet,
    Overdue,
    Position,
)
from .batches import Batches
from .redis_cursor import Cursor, Forked, Inbox, Record, Seen
from .redis_durability import replicas_in_step, risks
from .redis_pubsub import Subscriptions
from .redis_rights import missing_rights
from .redis_scripts import Argument, Script, our_errors, run_and_wait
from .redis_shard import LOST, Servers, Shard
from .topics import Handler

WAIT_MS = 1500  # for replicas; less than TIMEOUT_S
REPEAT_FOR_S = 4.0  # an append is repeated if that begins within this time
REPEAT_EVERY_S = 0.1
RETRY_READ_S = 0.25
PAGE = 1000  # entries

_APPEND = Script("epoch.lua", "append.lua")
_READ = Script("epoch.lua", "read.lua")
_CONFIRM = Script("epoch.lua", "confirm.lua")
_ERASE = Script("epoch.lua", "erase.lua")
_SAVE_SNAPSHOT = Script("epoch.lua", "save_snapshot.lua")
_LOAD_SNAPSHOT = Script("epoch.lua", "load_snapshot.lua")
_ACQUIRE_LEASE = Script("acquire_lease.lua")
_RELEASE_LEASE = Script("release_lease.lua")
_COUNT = Script("count.lua")
_NOTE = Script("note.lua")
_CLOCK = Script("clock.lua")

_AWAITED = (_APPEND, _CONFIRM, _ERASE)  # as durable as configured before they return

_MARK_MS = 1000
_ENDED = re.compile(r"^(\S+) (\d{1,15})$", re.ASCII | re.MULTILINE)

T = TypeVar("T")

log = logging.getLogger(__name__)


class RedisBroker:
    """The logs in the Redis or Redis Cluster at `url`. It connects when it is first used.

    `replicas`: so many replicas must have an entry before its append returns.
    """

    def __init__(self, url: str, *, replicas: int = 0) -> None:
        self._servers = Servers(url)
        self._replicas = replicas
        self._any_shard = Shard(self._servers, _key("showcaller"))
        self._logs: dict[str, RedisLog] = {}

    async def open(self, event_id: str) -> RedisLog:
        if event_id not in self._logs:
            opened = RedisLog(Shard(self._servers, _key(event_id)), event_id, self._replicas)
            await opened.head()
            self._logs.setdefault(event_id, opened)  # another task may have been faster
        return self._logs[event_id]

    async def events(self) -> list[str]:
        with our_errors():
            masters = {each.address for each in await self._servers.layout()}
            keys = [
                key
                for address in masters
                async for key in self._servers.client(address).scan_iter(
                    match=_key("*", "epoch"), count=1000
                )
            ]
        return sorted({key.decode().partition("{")[2].rpartition("}")[0] for key in keys})

    async def check(self) -> list[str]:
        """Look at the servers that have the open logs; at any one if none is open."""
        shards = [opened.shard for opened in self._logs.values()] or [self._any_shard]
        found: list[str] = []
        with our_errors():
            for shard in shards:
                found += await self._check(shard)
        return sorted(set(found))

    async def _check(self, shard: Shard) -> list[str]:
        missing = await shard.run(lambda redis: missing_rights(redis, shard.prefix))
        self._require_rights(missing)
        info = await shard.run(lambda redis: redis.info("everything"))
        await shard.follow_name(str(info.get("run_id", "")))
        self._check_server(info)
        await shard.run(lambda redis: redis.set(f"{shard.prefix}:check", 1, px=1000))
        return await risks(shard, info, self._replicas)

    @staticmethod
    def _require_rights(missing: str) -> None:
        if missing:
            raise Unavailable(
                f"the Redis user may not: {missing}. OPERATIONS.md has the line for ACL SETUSER"
            )

    def _check_server(self, info: dict[str, Any]) -> None:
        if info.get("cluster_enabled") and self._servers.are_untold:
            self._require_rights("CLUSTER SLOTS")
        version, replicas = str(info["redis_version"]), replicas_in_step(info)
        if int(version.partition(".")[0]) < 7:
            raise Unavailable(f"this is Redis {version}: version 7 or later is needed")
        if len(self._servers.seeds) > 1 and not info.get("cluster_enabled"):
            raise Unavailable("several servers are named, but they are no Redis Cluster: name one")
        policy = str(info["maxmemory_policy"])
        if policy != "noeviction":
            what = "leases and counters" if policy.startswith("volatile") else "the log"
            raise Unavailable(f"Redis may evict {what}: set maxmemory-policy to noeviction")
        if replicas < self._replicas:
            raise Unavailable(
                f"{self._replicas} replicas are asked for; Redis has {replicas} in step, so no fact can be"
                " acknowledged. Bring replicas back, or start with a smaller --replicas"
            )

    async def close(self) -> None:
        for opened in self._logs.values():
            await opened.end()
        await self._servers.close()


class _Append(NamedTuple):
    key: str
    data: bytes
    not_before_ms: int | None
    not_after_ms: int | None


class RedisLog:
    """One event's log. There is one object a log and process, since it keeps what was seen."""

    def __init__(self, shard: Shard, event_id: str, replicas: int) -> None:
        self.shard = shard
        self._subscriptions = Subscriptions(shard)
        self._event_id = event_id
        self._replicas = replicas
        self._seen = Seen()
        self._appends: Batches[_Append, Appended] = Batches(self._place)
        self._inboxes: set[Inbox] = set()
        self._ended = False
        self._ends: dict[str, int] = {}  # of the epochs that the log goes on from
        self._safe = Cursor("", 0, "-")  # as many replicas as asked for have all up to here
        self._tail_topic = self._key("tail")
        parts = ("log", "epoch", "keys", "snapshots", "clock", "epochs")
        self._log_keys = [self._key(part) for part in parts]

    async def end(self) -> None:
        """End the tails and what is on its way: the broker is closing."""
        self._ended = True
        for inbox in self._inboxes:
            inbox.wake()
        await self._appends.close()
        await self._subscriptions.close()

    def _key(self, *parts: str) -> str:
        return _key(self._event_id, *parts)

    # The log ------------------------------------------------------------------------------------

    async def append(
        self,
        key: str,
        data: bytes,
        *,
        not_before_ms: int | None = None,
        not_after_ms: int | None = None,
    ) -> Appended:
        return await self._appends.add(_Append(key, data, not_before_ms, not_after_ms))

    async def _place(self, batch: list[_Append]) -> list[Appended | Exception]:
        """Append all, again if the connection was lost: their keys make that safe."""
        give_up_s = system.monotonic_s() + REPEAT_FOR_S
        while True:
            try:
                with our_errors():
                    return await self._place_once(batch)
            except Unavailable as error:
                worth_it = isinstance(error, Forked) or isinstance(error.__cause__, LOST)
                if not worth_it or system.monotonic_s() > give_up_s:
                    raise
            await asyncio.sleep(REPEAT_EVERY_S)

    async def _place_once(self, batch: list[_Append]) -> list[Appended | Exception]:
        args: list[Argument] = [self._tail_topic, self._replicas]
        for key, data, *bounds_ms in batch:
            args += (key, data, *("" if bound is None else bound for bound in bounds_ms))
        epoch, *placed = await self._run(_APPEND, *args)
        return [self._placed(epoch.decode(), place) for place in placed]

    def _placed(self, epoch: str, place: list[Any]) -> Appended | Exception:
        if place[0] == 0:
            return NotYet(place[1])
        if place[0] < 0:
            return Overdue(place[1])
        offset, at_ms, digest, duplicate = place
        placed = Cursor(epoch, offset, digest.decode())
        self._seen.note(placed)
        self._note_safe(placed)
        return Appended(Position(epoch, offset), at_ms, duplicate == 1)

    async def has(self, key: str) -> bool:
        keys = self._key("keys")
        with our_errors():
            return await self.shard.run(lambda redis: redis.hget(keys, key)) is not None

    async def read(self, after: int, limit: int = 1000) -> list[Entry]:
        with our_errors():
            while True:
                asked = self._seen.epoch
                head, records = await self._read(Cursor(asked, after, ""), limit)
                if head.epoch == asked:
                    return [record.entry for record in records]

    async def head(self) -> Position:
        with our_errors():
            head, _ = await self._read(Cursor("", 0, "-"), 0)
        return Position(head.epoch, head.offset)

    async def _read(self, after: Cursor, limit: int) -> tuple[Cursor, list[Record]]:
        """The head, and the records after `after`: none if the log is in another epoch."""
        reply = await self._run(_READ, *after, limit)
        try:
            raw_epoch, offset, digest, raw = reply
            epoch = raw_epoch.decode()
            records = [Record.parse(place, one) for place, one in enumerate(raw, after.offset + 1)]
        except ValueError:
            raise Damaged(
                f"{self._log_keys[0]} in Redis is no log of ours, or damaged: restore a backup, or name"
                " another database"
            ) from None
        for record in records:
            self._seen.note(record.at(epoch))
        return Cursor(epoch, offset, digest.decode()), records

    async def erase(self, offset: int, data: bytes) -> None:
        with our_errors():
            _, found = await self._run(_ERASE, offset, data)
        if not found:
            raise NotFound(f"the log has no entry {offset}")

    async def read_clock(self) -> ClockReading:
        return await self._clock("", "")

    async def settle_clock(self, reading: ClockReading, by_ms: int) -> ClockReading:
        return await self._clock(by_ms, reading.correction_ms)

    async def _clock(self, by_ms: Argument, correction_ms: Argument) -> ClockReading:
        args = (STEP_MS, by_ms, correction_ms)
        with our_errors():
            reply: list[int] = await self.shard.run(
                lambda redis: _CLOCK.run(redis, [self._key("clock")], *args)
            )
        return ClockReading(*reply)

    async def _run(self, script: Script, *args: Argument) -> list[Any]:
        """Run a script that begins with `epoch.lua`, in whichever epoch the log turns out to be."""
        while True:
            seen = self._seen.newest()
            new_epoch = system.random_id("e")[:14]
            reply = await self._evaluate(script, *seen, new_epoch, *args)
            epoch, is_another, before = reply[0].decode().partition("\n")
            if not is_another:
                return reply
            self._enter(epoch, before)

    def _enter(self, epoch: str, before: str) -> None:
        """Go on in another epoch. `before`: "EPOCH END" of each that the log goes on from, a line each."""
        self._ends = {known: int(end) for known, end in _ENDED.findall(before)}
        was = self._seen.epoch
        if was and epoch != was:
            how = (
                "goes on under another server"
                if was in self._ends
                else "is another one than before"
            )
            self._log(f"the log {how}", action="broker.epoch", epoch=epoch)
        self._seen.epoch = epoch

    def ended(self, epoch: str) -> int | None:
        return self._ends.get(epoch)

    async def _evaluate(self, script: Script, *args: Argument) -> list[Any]:
        if self._ended:
            raise Unavailable("the log is closed")
        keys, replicas = self._log_keys, self._replicas
        reply: list[Any]
        if script not in _AWAITED or not replicas:
            reply = await self.shard.run(lambda redis: script.run(redis, keys, *args))
            return reply
        reply, reached = await self.shard.run(
            lambda redis: script.run_and_wait(redis, replicas, WAIT_MS, keys, *args)
        )
        if len(reply) > 1:  # else it was refused, for the log is in another epoch
            self._require_replicas(reached)
        return reply

    def _require_replicas(self, reached: int) -> None:
        if reached < self._replicas:
            raise Unavailable(
                f"only {reached} of the {self._replicas} replicas asked for have the entry"
            )

    # The tail -----------------------------------------------------------------------------------

    async def tail(self, after: int, epoch: str | None = None) -> AsyncIterator[Batch]:
        told = cursor = Cursor(epoch or self._seen.epoch, after, "")
        self._seen.claim(told)
        inbox = Inbox(self._seen)
        self._inboxes.add(inbox)
        self._subscriptions.add(self._tail_topic, inbox.put)
        try:
            with contextlib.suppress(Unavailable):
                await self._subscriptions.confirmed(self._tail_topic)
            is_first = behind = True
            while not self._ended:
                if behind:
                    cursor, entries, behind = await self._catch_up(told)
                else:
                    cursor, entries, behind = await inbox.take(told)
                if entries and not await self._wait_until_safe(cursor):
                    behind = True  # what was heard of is not in the log any more
                elif entries or is_first or cursor.epoch != told.epoch:
                    yield Batch(cursor.epoch, entries, anew=cursor.offset < told.offset)
                    told, is_first = cursor, False
        finally:
            self._inboxes.discard(inbox)

    async def _catch_up(self, cursor: Cursor) -> tuple[Cursor, list[Entry], bool]:
        """Read a page after `cursor`. The last value: whether there is more to read."""
        head, records = await self._read_patiently(cursor)
        if head.epoch != cursor.epoch:
            return self._into(head.epoch, cursor), [], True
        if records:
            cursor = records[-1].at(head.epoch)
        if cursor.offset == head.offset:
            cursor = head
        return cursor, [record.entry for record in records], cursor.offset < head.offset

    def _into(self, epoch: str, cursor: Cursor) -> Cursor:
        """Return from where a tail at `cursor` reads on in another epoch: from its start if it must."""
        end = self._ends.get(cursor.epoch)
        if end is None or end < cursor.offset:
            return Cursor(epoch, 0, "-")
        return cursor._replace(epoch=epoch)

    async def _read_patiently(self, cursor: Cursor) -> tuple[Cursor, list[Record]]:
        """Read once Redis answers; nothing if the broker is closed before."""
        read = await self._patiently(lambda: self._read(cursor, PAGE), "the log can't be read")
        return read or (cursor, [])

    async def _wait_until_safe(self, cursor: Cursor) -> bool:
        """Wait until as many replicas as asked for have all up to `cursor`; false if it is not in the log."""
        safe = self._safe
        if not self._replicas or (safe.epoch == cursor.epoch and safe.offset >= cursor.offset):
            return True
        confirm = await self._patiently(
            lambda: self._run(_CONFIRM, *cursor), "what is new can't be shown yet"
        )
        if confirm is None or not confirm[1]:
            return False
        self._note_safe(cursor)
        return True

    def _note_safe(self, cursor: Cursor) -> None:
        if cursor.epoch != self._safe.epoch or cursor.offset > self._safe.offset:
            self._safe = cursor

    async def _patiently(self, call: Callable[[], Awaitable[T]], failing: str) -> T | None:
        """Return what `call` does once Redis lets it; None if the broker is closed before."""
        away = False
        while not self._ended:
            try:
                with our_errors():
                    return await call()
            except Forked:
                continue
            except Unavailable as error:
                if not away:
                    message = f"{failing}; trying again"
                    self._log(message, action="broker.away", error=error.for_operators)
                away = True
                await asyncio.sleep(RETRY_READ_S)
        return None

    # Ephemeral messages -------------------------------------------------------------------------

    async def publish(self, topic: str, data: bytes) -> None:
        with our_errors():
            await self._run_one("SPUBLISH", self._key("topic", topic), data)

    async def subscribe(self, topic: str, handler: Handler) -> Callable[[], None]:
        full = self._key("topic", topic)
        self._subscriptions.add(full, handler)
        try:
            await self._subscriptions.confirmed(full)
        except BaseException:
            self._subscriptions.remove(full, handler)
            raise

        def unsubscribe() -> None:
            self._subscriptions.remove(full, handler)

        return unsubscribe

    # Snapshots ----------------------------------------------------------------------------------

    async def save_snapshot(self, position: Position, fold_version: int, data: bytes) -> None:
        with our_errors():
            await self._run(_SAVE_SNAPSHOT, *position, fold_version, data)

    async def load_snapshot(self, fold_version: int) -> tuple[Position, bytes] | None:
        with our_errors():
            raw_epoch, *kept = await self._run(_LOAD_SNAPSHOT, fold_version)
        if not kept:
            return None
        head, _, data = kept[0].partition(b"\n")
        _, offset, digest = head.decode().split(" ")
        made_at = Cursor(raw_epoch.decode(), int(offset), digest)
        self._seen.claim(made_at)
        return Position(made_at.epoch, made_at.offset), data

    # Leases -------------------------------------------------------------------------------------

    async def acquire_lease(self, name: str, owner: str, ttl_ms: int) -> Lease | None:
        keys = [self._key("lease", name), self._key("fences")]
        with our_errors():
            fence = await self.shard.run(
                lambda redis: _ACQUIRE_LEASE.run(redis, keys, name, owner, ttl_ms)
            )
        return None if fence is None else Lease(name, owner, fence)

    async def release_lease(self, lease: Lease) -> None:
        keys = [self._key("lease", lease.name)]
        with our_errors():
            await self.shard.run(
                lambda redis: _RELEASE_LEASE.run(redis, keys, lease.owner, lease.fence)
            )

    async def read_lease(self, name: str) -> Lease | None:
        with our_errors():
            owner, fence = await self._run_one("HMGET", self._key("lease", name), "owner", "fence")
        return Lease(name, owner.decode(), int(fence)) if owner else None

    # Records and counters -----------------------------------------------------------------------

    async def put_record(self, kind: str, id: str, data: bytes) -> None:
        with our_errors():
            await self._write_record("HSET", self._key("records", kind), id, data)

    async def get_records(self, kind: str, ids: list[str]) -> list[bytes | None]:
        if not ids:
            return []
        with our_errors():
            records: list[Any] = await self._run_one("HMGET", self._key("records", kind), *ids)
        return records

    async def delete_record(self, kind: str, id: str) -> None:
        with our_errors():
            await self._write_record("HDEL", self._key("records", kind), id)

    async def _write_record(self, *command: Argument) -> None:
        """Run the command, and return when as many replicas as asked for have what it wrote."""
        if not self._replicas:
            await self._run_one(*command)
            return
        mark = ("SET", self._key("check"), 1, "PX", _MARK_MS)  # a repeated HDEL writes nothing
        _, reached = await self.shard.run(
            lambda redis: run_and_wait(redis, self._replicas, WAIT_MS, command, mark)
        )
        self._require_replicas(reached)

    async def count(self, name: str, window_ms: int) -> Counted:
        keys = [self._key("counter", name)]
        with our_errors():
            return Counted(*await self.shard.run(lambda redis: _COUNT.run(redis, keys, window_ms)))

    async def note(self, ring: str, notes: list[bytes], keep: int) -> None:
        keys = [self._key("notes", ring), self._key("notes", ring, "count")]
        with our_errors():
            for first in range(0, len(notes), PAGE):
                await self._note(keys, keep, notes[first : first + PAGE])

    async def _note(self, keys: list[str], keep: int, page: list[bytes]) -> None:
        await self.shard.run(lambda redis: _NOTE.run(redis, keys, keep, *page))

    async def notes(self, ring: str) -> list[bytes]:
        with our_errors():
            found: list[bytes] = await self._run_one("LRANGE", self._key("notes", ring), 0, -1)
        return found

    async def _run_one(self, *command: Argument) -> Any:
        return await self.shard.run(
            lambda redis: redis.execute_command(*command)  # type: ignore[no-untyped-call]
        )

    def _log(self, message: str, *, action: str, **details: str) -> None:
        log.warning(message, extra={"action": action, "event": self._event_id, **details})


def _key(event_id: str, *parts: str) -> str:
    """The braces put all keys of one event on one server of a Redis Cluster."""
    return ":".join(("showcaller", f"{{{event_id}}}", *parts))
