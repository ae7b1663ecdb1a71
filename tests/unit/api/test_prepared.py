"""Answers that are made once for many who ask."""

import asyncio
import gzip
import threading

import brotli
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from showcaller.api.prepared import MAX_WAITING, MadeOnce, prepare, prepared_answer, takes
from showcaller.errors import Unavailable


@pytest.fixture
def made():
    made = MadeOnce(kept=2)
    yield made
    made.close()


class Making:
    """Counts how often it was made, and waits to be let go."""

    def __init__(self):
        self.times = 0
        self.go = threading.Event()

    def __call__(self):
        self.times += 1
        assert self.go.wait(10)
        return prepare(b"x")


@pytest.fixture
def making():
    making = Making()
    yield making
    making.go.set()


async def test_many_who_ask_at_once_share_one_making(made, making):
    readers = [asyncio.create_task(made.get("agenda", 1, making)) for _ in range(20)]
    await asyncio.sleep(0)
    making.go.set()
    bodies = {prepared.body for prepared in await asyncio.gather(*readers)}
    assert (bodies, making.times) == ({b"x"}, 1)
    await made.get("agenda", 1, making)
    assert making.times == 1


async def test_each_version_is_made_once(made, making):
    making.go.set()
    for version in (1, 1, 2, 2):
        await made.get("agenda", version, making)
    assert making.times == 2


async def test_the_loop_goes_on_while_something_is_made(made, making):
    reader = asyncio.create_task(made.get("agenda", 1, making))
    for _ in range(100):
        await asyncio.sleep(0)
    assert not reader.done()
    making.go.set()
    await reader


async def test_a_reader_who_leaves_takes_nothing_from_the_others(made, making):
    first, second = (asyncio.create_task(made.get("agenda", 1, making)) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    making.go.set()
    assert (await second).body == b"x"
    assert first.cancelled()


async def test_a_making_that_failed_is_tried_again(made, making):
    def fail():
        raise ValueError("no")

    for _ in range(2):
        with pytest.raises(ValueError, match="no"):
            await made.get("agenda", 1, fail)
    making.go.set()
    assert (await made.get("agenda", 1, making)).body == b"x"


async def test_only_what_was_asked_for_last_is_kept(made, making):
    making.go.set()
    for key in ("a", "b", "a", "c", "a", "b"):
        await made.get(key, 1, making)
    assert making.times == 4  # b was forgotten for c


async def test_no_more_bytes_are_kept_than_may_be():
    made, makings = MadeOnce(kept_bytes=250), []

    def make():
        makings.append(1)
        return prepare(b"x" * 100)

    for key in ("a", "b", "a", "c", "a", "c", "b"):
        await made.get(key, 1, make)
    assert len(makings) == 4  # b was forgotten for c
    made.close()


async def test_an_answer_that_is_larger_than_may_be_kept_is_still_given():
    made = MadeOnce(kept_bytes=50)
    for _ in range(2):
        assert (await made.get("agenda", 1, lambda: prepare(b"x" * 100))).size == 100
    made.close()


async def test_who_asks_for_too_much_at_once_comes_back_later(making):
    made = MadeOnce()
    asked = [asyncio.create_task(made.get(key, 1, making)) for key in range(MAX_WAITING)]
    await asyncio.sleep(0)
    with pytest.raises(Unavailable) as refused:
        await made.get("more", 1, making)
    assert refused.value.retry_after_s == 1
    making.go.set()
    await asyncio.gather(*asked)
    assert (await made.get("more", 1, making)).body == b"x"
    made.close()


@pytest.mark.parametrize(
    ("accepted", "taken"),
    [
        ("gzip", True),
        ("br, GZIP;q=0.5", True),
        ("*", True),
        ("gzip;q=1.0", True),
        ("", False),
        ("identity", False),
        ("gzip;q=0", False),
        ("gzip; q=0.000, *", False),
        ("*;q=0", False),
    ],
)
def test_gzip_is_for_who_takes_it(accepted, taken):
    assert takes("gzip", accepted) is taken


@pytest.fixture
async def client():
    prepared = prepare(b"word " * 1000)

    async def get(request):
        return prepared_answer(request, prepared, content_type="text/plain", headers={"X": "y"})

    app = web.Application()
    app.router.add_get("/", get)
    async with TestClient(TestServer(app), auto_decompress=False) as client:
        yield client


@pytest.mark.parametrize(
    ("accepted", "coding", "unpack"),
    [
        ("gzip", "gzip", gzip.decompress),
        ("gzip, deflate, br", "br", brotli.decompress),
        ("br;q=0, gzip", "gzip", gzip.decompress),
    ],
)
async def test_a_compressed_answer_is_the_plain_one(client, accepted, coding, unpack):
    plain = await client.get("/", headers={"Accept-Encoding": "identity"})
    packed = await client.get("/", headers={"Accept-Encoding": accepted})
    assert packed.headers["Content-Encoding"] == coding
    assert unpack(await packed.read()) == await plain.read()
    assert plain.headers["ETag"] == packed.headers["ETag"]
    assert plain.headers["Vary"] == "Accept-Encoding"


@pytest.mark.parametrize("known", ["{etag}", "*", '"other", {etag}', "{strong}"])
async def test_who_has_it_is_sent_nothing(client, known):
    etag = (await client.get("/")).headers["ETag"]
    known = known.format(etag=etag, strong=etag.removeprefix("W/"))
    again = await client.get("/", headers={"If-None-Match": known})
    assert (again.status, await again.read(), again.headers["ETag"]) == (304, b"", etag)
    assert again.headers["X"] == "y"
