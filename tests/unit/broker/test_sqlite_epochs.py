"""An epoch on SQLite is a process's, and the next one's too if the file is as the first one left it."""

import shutil
import sqlite3
from contextlib import closing

import pytest

from showcaller.broker.sqlite import SqliteBroker
from showcaller.errors import Damaged
from showcaller.testing.tail_reader import reading
from showcaller.testing.until import until


async def write(path, *keys):
    """Append some entries, and stop in good order; return where the log is then."""
    broker = SqliteBroker(str(path))
    log = await broker.open("event")
    for key in keys:
        await log.append(key, b"")
    head = await log.head()
    await broker.close()
    return head


@pytest.fixture
def path(tmp_path):
    return tmp_path / "log.sqlite3"


def as_if_killed(path):
    path.with_name(f"{path.name}-left").unlink()


async def test_a_log_that_was_not_closed_goes_on_from_its_epoch_up_to_what_is_there(path):
    first = await write(path, "a", "b")
    as_if_killed(path)
    broker = SqliteBroker(str(path))
    log = await broker.open("event")
    assert (await log.head()).epoch != first.epoch
    assert log.ended(first.epoch) == 2
    assert log.ended("another") is None
    async with reading(log, after=2, epoch=first.epoch) as reader:
        await log.append("c", b"")
        await until(lambda: reader.keys() == ["c"])
    async with reading(
        log, after=3, epoch=first.epoch
    ) as reader:  # it has seen more than there was
        await until(lambda: reader.keys() == ["a", "b", "c"])
    await broker.close()


async def test_two_histories_from_one_copy_never_share_an_epoch(path, tmp_path):
    first = await write(path, "a")
    copies = [tmp_path / name / "log.sqlite3" for name in ("one", "other")]
    for copy in copies:
        copy.parent.mkdir()
        shutil.copy2(path, copy)
        shutil.copy2(f"{path}-left", f"{copy}-left")
    heads = [first, *[await write(copy, "b", "c") for copy in copies]]
    assert len({head.epoch for head in heads}) == 3
    assert (await write(path, "b")).epoch == first.epoch


async def test_a_snapshot_of_what_is_gone_goes_too(path):
    broker = SqliteBroker(str(path))
    log = await broker.open("event")
    for key in "abc":
        await log.append(key, b"")
    await log.save_snapshot(await log.head(), 1, b"state")
    await broker.close()
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("DELETE FROM entries WHERE offset = 3")
    await write(path, "d", "e")
    broker = SqliteBroker(str(path))
    assert await (await broker.open("event")).load_snapshot(1) is None
    await broker.close()


async def test_a_log_with_a_hole_is_not_opened_and_the_reason_told(path):
    await write(path, "a", "b", "c")
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("DELETE FROM entries WHERE offset = 2")
    broker = SqliteBroker(str(path))
    with pytest.raises(Damaged, match="1 of the 3 entries of the log of event are missing"):
        await broker.open("event")
    await broker.close()


async def test_as_many_epochs_are_remembered_as_anybody_may_come_back_from(path):
    epochs = []
    for number in range(3):
        epochs.append((await write(path, f"k{number}")).epoch)
        as_if_killed(path)
    broker = SqliteBroker(str(path))
    log = await broker.open("event")
    assert [log.ended(epoch) for epoch in epochs] == [1, 2, 3]
    await broker.close()
