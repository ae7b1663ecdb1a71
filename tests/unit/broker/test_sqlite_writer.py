from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from showcaller.broker.sqlite_writer import Writer
from showcaller.errors import Unavailable


@pytest.fixture
def statements() -> list[str]:
    return []


@pytest.fixture
async def writer(tmp_path: Path, statements: list[str]) -> AsyncIterator[Writer]:
    db = sqlite3.connect(tmp_path / "x.db", isolation_level=None, check_same_thread=False)
    db.execute("CREATE TABLE numbers (number INTEGER UNIQUE)")
    db.set_trace_callback(statements.append)
    writer = Writer(db)
    yield writer
    await writer.close()


def insert(db: sqlite3.Connection, number: int) -> int:
    db.execute("INSERT INTO numbers VALUES (?)", (number,))
    return number


def numbers(db: sqlite3.Connection) -> list[int]:
    return [number for (number,) in db.execute("SELECT number FROM numbers ORDER BY number")]


async def test_actions_that_wait_together_share_one_transaction(
    writer: Writer, statements: list[str]
) -> None:
    release = threading.Event()
    holding = asyncio.create_task(writer.run(lambda db: release.wait(10)))
    waiting = [asyncio.create_task(writer.run(lambda db, n=n: insert(db, n))) for n in range(50)]
    await asyncio.sleep(0)
    release.set()
    assert await holding
    assert await asyncio.gather(*waiting) == list(range(50))
    assert statements.count("COMMIT") <= 3


async def test_an_action_that_sqlite_refuses_does_not_harm_its_neighbours(writer: Writer) -> None:
    results = await asyncio.gather(
        *(writer.run(lambda db, n=n: insert(db, n)) for n in (1, 2, 2, 3)),
        return_exceptions=True,
    )
    assert [result for result in results if isinstance(result, int)] == [1, 2, 3]
    assert isinstance(results[2], Unavailable)
    assert await writer.run(numbers) == [1, 2, 3]


async def test_an_action_may_raise_before_it_writes(writer: Writer) -> None:
    def refuse(db: sqlite3.Connection) -> None:
        raise KeyError("on purpose")

    refused, kept = await asyncio.gather(
        writer.run(refuse), writer.run(lambda db: insert(db, 1)), return_exceptions=True
    )
    assert isinstance(refused, KeyError) and kept == 1


async def test_commits_are_told_in_order_even_if_the_caller_left(writer: Writer) -> None:
    told: list[int] = []
    calls = [
        asyncio.create_task(writer.run(lambda db, n=n: insert(db, n), told.append))
        for n in range(20)
    ]
    await asyncio.sleep(0)
    calls[3].cancel()
    await asyncio.gather(*calls, return_exceptions=True)
    assert told == list(range(20))


async def test_closing_finishes_what_was_asked_for(writer: Writer) -> None:
    calls = [asyncio.create_task(writer.run(lambda db, n=n: insert(db, n))) for n in range(600)]
    await asyncio.sleep(0)
    await writer.close()
    assert await asyncio.gather(*calls) == list(range(600))
    with pytest.raises(Unavailable):
        await writer.run(numbers)
