"""Answers that are the same for everybody: made once, compressed once, and not sent to who has them."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import Any

import brotli
from aiohttp import hdrs, web

from ..errors import Unavailable
from ..http.codings import takes
from ..http.ready import Holding, LastingAnswer

COMPRESS_ABOVE = 1_000  # bytes
# Smaller than gzip, and made as fast. The best, 11, would save another tenth and take forty times as long.
BROTLI_QUALITY = 5
MAX_WAITING = 16  # answers still to be made; a request for one more gets 503
KEPT_BYTES = 32 << 20


class Prepared:
    """A body as it is sent. `packed`: its compressed twins by coding, the smallest first."""

    def __init__(self, body: bytes, etag: str) -> None:
        self.body = body
        self.etag = etag

    @cached_property
    def packed(self) -> tuple[tuple[str, bytes], ...]:
        if len(self.body) <= COMPRESS_ABOVE:
            return ()
        by_brotli = brotli.compress(self.body, quality=BROTLI_QUALITY)
        return ("br", by_brotli), ("gzip", gzip.compress(self.body, compresslevel=6, mtime=0))

    @property
    def size(self) -> int:
        """The bytes that it takes in memory."""
        return len(self.body) + sum(len(twin) for _, twin in self.packed)


class Unpacked(Prepared):
    """A body that is sent as it is, since it is compressed already."""

    packed = ()


def prepare(body: bytes, etag: str = "") -> Prepared:
    """Compress `body` now. Its ETag is `etag`, else made from its content."""
    prepared = Prepared(body, etag or digest(body))
    assert prepared.packed is not None
    return prepared


def digest(*parts: bytes) -> str:
    """Return what is equal for equal content."""
    found = hashlib.blake2b(digest_size=12)
    for part in parts:
        found.update(part)
    return found.hexdigest()


def prepared_answer(
    request: web.Request,
    prepared: Prepared,
    *,
    content_type: str,
    charset: str | None = None,
    headers: Mapping[str, str],
    status: int = 200,
    holds: Callable[[], bool] | None = None,
) -> web.Response:
    """Send the body as the client takes it; 304 without it where its ETag is known (RFC 9110 §13.1.2).

    The ETag is weak: the compressed and the plain body share it (RFC 9110 §8.8.3.3). `holds` tells whether
    everybody who asks for the same still gets this answer; None: each is to be asked for anew.
    """
    etag = f'W/"{prepared.etag}"'
    headers = {**headers, "Vary": "Accept-Encoding", "ETag": etag}
    known = request.if_none_match or ()
    if status == 200 and any(tag.value in (prepared.etag, "*") for tag in known):
        return web.Response(status=304, headers=headers)
    body, accepted = prepared.body, request.headers.get(hdrs.ACCEPT_ENCODING, "")
    for coding, twin in prepared.packed:
        if takes(coding, accepted):
            body, headers["Content-Encoding"] = twin, coding
            break
    how: dict[str, Any] = {"content_type": content_type, "charset": charset, "headers": headers}
    if holds is None:
        return web.Response(body=body, status=status, **how)
    holding = Holding(prepared.body, prepared.packed, etag, holds)
    return LastingAnswer(holding, body=body, status=status, **how)


class MadeOnce:
    """Makes each version of an answer once, off the event loop, for all who ask meanwhile.

    One answer is made at a time; the newest version of the `kept` answers that were asked for last is
    kept, as many as fit into `kept_bytes`.
    """

    def __init__(
        self, kept: int = 32, kept_bytes: int = KEPT_BYTES, most_waiting: int = MAX_WAITING
    ) -> None:
        self._kept = kept
        self._kept_bytes = kept_bytes
        self._most_waiting = most_waiting
        self._made: OrderedDict[Hashable, tuple[Hashable, asyncio.Future[Prepared]]] = OrderedDict()
        self._waiting = 0
        self._aside = ThreadPoolExecutor(max_workers=1, thread_name_prefix="answers")

    async def get(self, key: Hashable, version: Hashable, make: Callable[[], Prepared]) -> Prepared:
        """Return the answer `key` in this version; `make` must not touch what the loop changes.

        Raises what `make` raises, and `Unavailable` when too much waits to be made.
        """
        found = self._made.pop(key, None)
        if found is None or found[0] != version:
            found = version, self._start(make)
        self._made[key] = found
        self._forget()
        try:
            return await asyncio.shield(found[1])
        except Exception:
            if self._made.get(key) is found:
                del self._made[key]
            raise

    def has(self, key: Hashable, version: Hashable) -> bool:
        """Tell whether the answer is there in this version, or on its way."""
        found = self._made.get(key)
        return found is not None and found[0] == version

    def close(self) -> None:
        """Make nothing more."""
        self._aside.shutdown(wait=False, cancel_futures=True)

    def _start(self, make: Callable[[], Prepared]) -> asyncio.Future[Prepared]:
        if self._waiting >= self._most_waiting:
            raise Unavailable("too much is asked for at once: try again", retry_after_s=1)
        self._waiting += 1
        making = asyncio.get_running_loop().run_in_executor(self._aside, make)
        making.add_done_callback(self._done)
        return making

    def _done(self, making: asyncio.Future[Prepared]) -> None:
        self._waiting -= 1
        if not making.cancelled():
            making.exception()  # who waited has it; if nobody did, nobody needs it
        self._forget()

    def _forget(self) -> None:
        """Let go of what was asked for the longest ago, until the rest is as little as may be kept."""
        sizes = [_size(making) for _, making in self._made.values()]
        total = sum(sizes)
        for size in sizes:
            if len(self._made) <= self._kept and total <= self._kept_bytes:
                return
            self._made.popitem(last=False)
            total -= size


def _size(making: asyncio.Future[Prepared]) -> int:
    """Return the bytes of what was made; 0 while it is not, or where that failed."""
    if not making.done() or making.cancelled() or making.exception() is not None:
        return 0
    return making.result().size
