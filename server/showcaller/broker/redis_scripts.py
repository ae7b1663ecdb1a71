"""The Lua scripts beside this file, and our error for each of Redis's."""

from __future__ import annotations

import contextlib
import hashlib
import re
from collections.abc import Awaitable, Callable, Iterator
from importlib import resources
from typing import Any, TypeVar

from redis.asyncio import Redis
from redis.exceptions import (
    AskError,
    AuthenticationError,
    BusyLoadingError,
    ConnectionError,
    NoPermissionError,
    NoScriptError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisError,
    TimeoutError,
    TryAgainError,
)

from ..errors import ShowcallerError, StorageFull, Unavailable

Argument = str | bytes | int
T = TypeVar("T")


class Script:
    """A Lua script, made of the named files in that order."""

    def __init__(self, *names: str) -> None:
        files = resources.files(__package__)
        self.text = "".join(files.joinpath(name).read_text("utf-8") for name in names)
        self.sha = hashlib.sha1(self.text.encode()).hexdigest()

    async def run(self, client: Redis, keys: list[str], *args: Argument) -> Any:
        """Run it; return its reply. Raises what redis-py raises."""
        return await self._loaded(client, lambda: client.evalsha(self.sha, len(keys), *keys, *args))

    async def run_and_wait(
        self, client: Redis, replicas: int, wait_ms: int, keys: list[str], *args: Argument
    ) -> tuple[Any, int]:
        """Run it and wait for `replicas`; return its reply, and how many have what it wrote."""
        command = ("EVALSHA", self.sha, len(keys), *keys, *args)
        return await self._loaded(client, lambda: run_and_wait(client, replicas, wait_ms, command))

    async def _loaded(self, client: Redis, call: Callable[[], Awaitable[T]]) -> T:
        try:
            return await call()
        except NoScriptError:  # so it has not run
            await client.script_load(self.text)
            return await call()


async def run_and_wait(
    client: Redis, replicas: int, wait_ms: int, *commands: tuple[Argument, ...]
) -> tuple[Any, int]:
    """The first command's reply, and how many replicas have the last write, waiting for `replicas`.

    The last command must write: WAIT is about the last write of its connection, however old.
    """
    async with client.pipeline(transaction=False) as pipe:
        for command in commands:
            pipe.execute_command(*command)
        pipe.wait(replicas, wait_ms)
        replies = await pipe.execute(raise_on_error=False)
    for reply in replies:
        if isinstance(reply, Exception):
            raise reply
    return replies[0], replies[-1]


@contextlib.contextmanager
def our_errors() -> Iterator[None]:
    """Turn redis-py's errors into `StorageFull` or `Unavailable`."""
    try:
        yield
    except RedisError as error:
        raise translate(error) from error


def _not_permitted(text: str) -> str:
    """Return what may not be done, without the user's name, which some servers tell."""
    command = re.search(r"'([\w|]+)' command", text)
    what = command[1].upper() if command else "key" if "key" in text else "channel"
    return f"the Redis user may not use {what}. OPERATIONS.md has the line for ACL SETUSER"


def translate(error: RedisError) -> ShowcallerError:
    """Return our error for one of redis-py's. Its message tells clients no host of ours."""
    text = str(error)
    if isinstance(error, OutOfMemoryError):
        return StorageFull("Redis has reached its maxmemory: raise it, or make room")
    if text.startswith("MISCONF"):
        return StorageFull("Redis can't save to its disk, so it refuses writes: see its log")
    if isinstance(error, NoPermissionError):
        return Unavailable(_not_permitted(text))
    if isinstance(error, ReadOnlyError):
        return Unavailable("this Redis is a read-only replica: a failover is going on")
    if text.startswith("NOREPLICAS"):
        return Unavailable("Redis has too few replicas in step (min-replicas-to-write)")
    if isinstance(error, (AskError, TryAgainError)):  # or MovedError
        return Unavailable("the Redis Cluster is moving this log from one server to another")
    if isinstance(error, TimeoutError):
        return Unavailable("Redis does not answer in time")
    if isinstance(error, AuthenticationError):
        return Unavailable("Redis does not take the user or password of --broker")
    if isinstance(error, BusyLoadingError):
        return Unavailable("Redis is reading its data from the disk: it will be there soon")
    if isinstance(error, ConnectionError):
        return Unavailable("Redis can't be reached", inside=text)
    return Unavailable("Redis can't do this now", inside=text)
