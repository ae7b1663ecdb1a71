from __future__ import annotations

import asyncio

import pytest

from showcaller.broker.batches import MAX_BATCH, Batches
from showcaller.errors import StorageFull, Unavailable


class Gate:
    """Sends batches when told to, and keeps them."""

    def __init__(self) -> None:
        self.sent: list[list[int]] = []
        self.open = asyncio.Event()
        self.error: Exception | None = None

    async def send(self, items: list[int]) -> list[int | Exception]:
        self.sent.append(items)
        await self.open.wait()
        if self.error is not None:
            raise self.error
        return [ValueError(item) if item < 0 else item * 10 for item in items]


async def start(batches: Batches[int, int], *items: int) -> list[asyncio.Task[int]]:
    tasks = [asyncio.create_task(batches.add(item)) for item in items]
    for _ in range(3):
        await asyncio.sleep(0)
    return tasks


async def test_appends_that_wait_for_a_batch_make_up_the_next() -> None:
    gate = Gate()
    batches = Batches(gate.send)
    tasks = await start(batches, 1)
    tasks += await start(batches, 2, 3)
    assert gate.sent == [[1]]
    gate.open.set()
    assert await asyncio.gather(*tasks) == [10, 20, 30]
    assert gate.sent == [[1], [2, 3]]


async def test_a_batch_has_a_largest_size() -> None:
    gate = Gate()
    gate.open.set()
    tasks = await start(Batches(gate.send), *range(MAX_BATCH + 5))
    await asyncio.gather(*tasks)
    assert [len(batch) for batch in gate.sent] == [MAX_BATCH, 5]


async def test_one_failed_append_of_a_batch_fails_alone() -> None:
    gate = Gate()
    gate.open.set()
    tasks = await start(Batches(gate.send), 1, -2, 3)
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert results[0] == 10 and isinstance(results[1], ValueError) and results[2] == 30


@pytest.mark.parametrize(("error", "also_behind"), [(Unavailable("x"), 1), (StorageFull("x"), 0)])
async def test_only_an_unavailable_log_also_fails_the_appends_that_wait(
    error: Exception, also_behind: int
) -> None:
    gate = Gate()
    batches = Batches(gate.send)
    first = await start(batches, 1)
    second = await start(batches, 2)
    gate.error = error
    gate.open.set()
    with pytest.raises(type(error)):
        await first[0]
    with pytest.raises(type(error)):
        await second[0]
    assert len(gate.sent) == 2 - also_behind


async def test_a_caller_that_left_disturbs_nobody() -> None:
    gate = Gate()
    left, stays = await start(Batches(gate.send), 1, 2)
    left.cancel()
    gate.open.set()
    assert await stays == 20


async def test_closing_fails_what_is_under_way_and_what_waits() -> None:
    gate = Gate()
    batches = Batches(gate.send)
    tasks = await start(batches, 1)
    tasks += await start(batches, 2)
    await batches.close()
    for task in tasks:
        with pytest.raises(Unavailable):
            await task
