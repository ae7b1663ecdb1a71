"""The contract of every store of recordings: whole objects or none, and deleted ones are gone."""

import asyncio

import pytest
import pytest_asyncio

from showcaller.errors import BadInput, NotFound, Unavailable
from showcaller.recording.place import storage_at
from showcaller.recording.storage import FolderStorage, StoredObject
from showcaller.testing.s3_server import BUCKET, S3Server

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def s3():
    async with S3Server() as server:
        yield server


@pytest.fixture(params=["folder", "s3"])
def storage(request, tmp_path, s3, monkeypatch):
    if request.param == "folder":
        return storage_at(str(tmp_path / "recordings"))
    for name, value in s3.environment.items():
        monkeypatch.setenv(name, value)
    return storage_at(f"s3://{BUCKET}/{tmp_path.name}")


@pytest.fixture
def folder(tmp_path):
    return FolderStorage(tmp_path / "recordings")


async def test_what_was_put_can_be_read_and_is_listed_by_name(storage):
    await storage.put("event/talk/b", b"two")
    await storage.put("event/talk/a", b"one")
    await storage.put("event/other/a", b"else")
    assert await storage.get("event/talk/a") == b"one"
    assert await storage.list_below("event/talk") == [
        StoredObject("event/talk/a", 3),
        StoredObject("event/talk/b", 3),
    ]
    assert await storage.list_below("nowhere") == []


async def test_what_is_not_there_is_not_found(storage):
    with pytest.raises(NotFound):
        await storage.get("event/talk/a")


async def test_a_large_file_is_put_whole_and_read_in_pieces(storage, tmp_path):
    data = bytes(range(256)) * 40_000
    (tmp_path / "large").write_bytes(data)
    await storage.put_file("event/talk/film.mp4", tmp_path / "large")
    assert await storage.size("event/talk/film.mp4") == len(data)
    assert await storage.read("event/talk/film.mp4", 1_000, 500) == data[1_000:1_500]
    with pytest.raises(NotFound):
        await storage.size("event/talk/other.mp4")
    with pytest.raises(NotFound):
        await storage.read("event/talk/other.mp4", 0, 1)


async def test_what_was_deleted_is_not_found_and_others_stay(storage):
    await storage.put("event/talk/take/a", b"secret words")
    await storage.put("event/talks/a", b"others")
    assert await storage.delete_below("event/talk") == 1
    assert await storage.delete_below("event/talk") == 0
    with pytest.raises(NotFound):
        await storage.get("event/talk/take/a")
    assert await storage.get("event/talks/a") == b"others"


async def test_a_bucket_that_does_not_answer_says_so(monkeypatch):
    async with S3Server() as server:
        for name, value in server.environment.items():
            monkeypatch.setenv(name, value)
        storage = storage_at(f"s3://{BUCKET}/here")
        await storage.put("talk/a", b"x")
        await server.end()
        for failing in (storage.put("talk/b", b"x"), storage.get("talk/a")):
            with pytest.raises(Unavailable, match="look at the store"):
                await failing


async def test_deleted_bytes_are_gone_from_the_disk(folder, tmp_path):
    await folder.put("event/talk/take/a", b"secret words")
    await folder.put("event/talks/a", b"others")
    await folder.delete_below("event/talk")
    left = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert left == [b"others"]


@pytest.mark.parametrize("name", ["../x", "a/../../x", "/x", "a//b", "", ".hidden", "a/\0"])
async def test_no_name_leads_out_of_the_store(storage, name):
    with pytest.raises(BadInput):
        await storage.put(name, b"x")


async def test_an_object_that_is_half_written_is_not_listed(folder, tmp_path):
    await folder.put("talk/a", b"whole")
    unfinished = tmp_path / "recordings" / "talk" / ".unfinished-1"
    unfinished.write_bytes(b"ha")
    assert await folder.list_below("talk") == [StoredObject("talk/a", 5)]


async def test_a_disk_that_takes_nothing_says_so_and_keeps_nothing(tmp_path):
    (tmp_path / "file").write_text("in the way")
    storage = FolderStorage(tmp_path / "file")
    with pytest.raises(Unavailable):
        await storage.put("talk/a", b"x")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


async def test_puts_at_the_same_time_leave_one_whole_object(folder):
    await asyncio.gather(*(folder.put("talk/a", b"same" * 1000) for _ in range(8)))
    assert await folder.list_below("talk") == [StoredObject("talk/a", 4000)]
