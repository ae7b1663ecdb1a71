"""The contract of every store of recordings: whole objects or none, and deleted ones are gone."""

import asyncio

import pytest

from showcaller.errors import BadInput, NotFound, Unavailable
from showcaller.recording.storage import FolderStorage, StoredObject


@pytest.fixture
def storage(tmp_path):
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


async def test_deleted_bytes_are_gone_and_others_stay(storage, tmp_path):
    await storage.put("event/talk/take/a", b"secret words")
    await storage.put("event/talks/a", b"others")
    assert await storage.delete_below("event/talk") == 1
    assert await storage.delete_below("event/talk") == 0
    left = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert left == [b"others"]


@pytest.mark.parametrize("name", ["../x", "a/../../x", "/x", "a//b", "", ".hidden", "a/\0"])
async def test_no_name_leads_out_of_the_folder(storage, name):
    with pytest.raises(BadInput):
        await storage.put(name, b"x")


async def test_an_object_that_is_half_written_is_not_listed(storage, tmp_path):
    await storage.put("talk/a", b"whole")
    unfinished = tmp_path / "recordings" / "talk" / ".unfinished-1"
    unfinished.write_bytes(b"ha")
    assert await storage.list_below("talk") == [StoredObject("talk/a", 5)]


async def test_a_disk_that_takes_nothing_says_so_and_keeps_nothing(tmp_path):
    (tmp_path / "file").write_text("in the way")
    storage = FolderStorage(tmp_path / "file")
    with pytest.raises(Unavailable):
        await storage.put("talk/a", b"x")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


async def test_puts_at_the_same_time_leave_one_whole_object(storage):
    await asyncio.gather(*(storage.put("talk/a", b"same" * 1000) for _ in range(8)))
    assert await storage.list_below("talk") == [StoredObject("talk/a", 4000)]
