"""Objects in a bucket of S3, or of anything else that speaks it."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import obstore
from obstore.store import S3Store

from ..errors import BadInput, ConfigError, NotFound, Unavailable
from .storage import StoredObject, steps_of

TIMEOUT = "10s"  # for an answer; what can't be stored waits elsewhere
CONNECT_TIMEOUT = "3s"
_ONCE: Any = {"max_retries": 0, "retry_timeout": timedelta(seconds=10)}  # who puts tries again

T = TypeVar("T")


class S3Storage:
    """Objects below `s3://BUCKET/PREFIX`. Keys, region and endpoint come from the usual variables, AWS_…."""

    def __init__(self, url: str) -> None:
        bucket, _, prefix = url.removeprefix("s3://").partition("/")
        if not bucket:
            raise ConfigError(f"{url} has no bucket: write s3://BUCKET/PREFIX")
        endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL") or ""
        config: Any = {"endpoint": endpoint} if endpoint else {}
        client: Any = {"timeout": TIMEOUT, "connect_timeout": CONNECT_TIMEOUT}
        if endpoint.startswith("http://"):
            client["allow_http"] = True
        self._store = S3Store(
            bucket,
            prefix=prefix.strip("/") or None,
            config=config,
            client_options=client,
            retry_config=_ONCE,
        )

    async def put(self, name: str, data: bytes) -> None:
        steps_of(name)
        await _told(lambda: obstore.put_async(self._store, name, data))

    async def put_file(self, name: str, path: Path) -> None:
        steps_of(name)
        await _told(lambda: obstore.put_async(self._store, name, path))

    async def get(self, name: str) -> bytes:
        async def read() -> bytes:
            return bytes(await (await obstore.get_async(self._store, name)).bytes_async())

        return await _told(read)

    async def size(self, name: str) -> int:
        found = await _told(lambda: obstore.head_async(self._store, name))
        return int(found["size"])

    async def read(self, name: str, start: int, size: int) -> bytes:
        async def read() -> bytes:
            found = obstore.get_range_async(self._store, name, start=start, length=size)
            return bytes(await found)

        return await _told(read)

    async def list_below(self, folder: str) -> list[StoredObject]:
        async def read() -> list[StoredObject]:
            found = await obstore.list(self._store, folder).collect_async()
            return sorted(StoredObject(str(one["path"]), int(one["size"])) for one in found)

        return await _told(read)

    async def delete_below(self, folder: str) -> int:
        names = [one.name for one in await self.list_below(folder)]
        if names:
            await _told(lambda: obstore.delete_async(self._store, names))
        return len(names)

    async def close(self) -> None:
        """Do nothing: its connections end with the process."""


async def _told(work: Callable[[], Awaitable[T]]) -> T:
    """Do it. Raises `NotFound`, `BadInput`, and `Unavailable` where the store refuses or does not answer."""
    try:
        return await work()
    except FileNotFoundError:
        raise NotFound("there is no such recorded object") from None
    except obstore.exceptions.InvalidPathError:
        raise BadInput("this can't be the name of a recorded object") from None
    except (obstore.exceptions.BaseError, OSError, ValueError) as error:
        # The rest is what the library would debug itself with.
        reason = str(error).partition("\n")[0]
        raise Unavailable(
            f"recordings can't be stored or read: {reason}; look at the store and its keys",
            code="storage_unavailable",
        ) from error
