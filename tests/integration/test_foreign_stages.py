"""Stages that another node has, on nodes of one process: who serves a viewer, and when one dies."""

from __future__ import annotations

import contextlib
import functools
import os
import signal

import pytest

from showcaller.broker.sqlite import SqliteBroker
from showcaller.errors import Full
from showcaller.media.contract.calls import View
from showcaller.media.node import stages
from showcaller.media.node.tree import Tree
from showcaller.media.node.workers import Worker
from showcaller.testing.media_node import MediaNode
from showcaller.testing.until import until


@pytest.fixture
async def broker(tmp_path):
    broker = SqliteBroker(str(tmp_path / "log.sqlite3"))
    yield broker
    await broker.close()


@contextlib.asynccontextmanager
async def on_air(broker, *, nodes=2, **options):
    """Nodes, the first of which has the stage, with a speaker."""
    async with contextlib.AsyncExitStack() as stack:
        row = [await stack.enter_async_context(MediaNode(broker, **options)) for _ in range(nodes)]
        await row[0].until(lambda: row[0].sheet.sessions["one"].live)
        _, published = await row[0].publish(brightness=90)
        owner = worker_of(published)
        has = next(node for node in row if node.media._workers.get(owner) is not None)
        yield [has, *(node for node in row if node is not has)]


def worker_of(posted):
    return posted.resource.rpartition("/")[2].partition("~")[0]


def worker(node):
    return node.media._workers.all()[0]


async def test_when_a_lender_dies_those_below_it_find_another_and_their_viewers_stay(
    broker, monkeypatch
):
    monkeypatch.setattr(stages, "Tree", functools.partial(Tree, width=1))
    async with on_air(broker, nodes=3) as (_, middle, last):
        between, _ = await middle.watch()
        watcher, posted = await last.watch()
        await watcher.wait_for_frames(5)
        foreign = last.media._stages.foreign.get("main")
        assert foreign.lender.worker == worker(middle).name
        assert worker_of(posted) == worker(last).name
        os.kill(worker(middle).process.pid, signal.SIGKILL)
        await until(lambda: foreign.lender and foreign.lender.worker != worker_of(posted))
        await until(lambda: foreign.lender and foreign.lender.worker == foreign.holder)
        await watcher.wait_for_frames(10)
        assert watcher.pc.connectionState == "connected"
        await between.close()


async def test_where_nodes_know_nothing_of_one_another_viewers_go_to_the_stage(broker):
    async with on_air(broker, lends=False) as (has, other):
        watcher, posted = await other.watch()
        await watcher.wait_for_frames(2)
        assert worker_of(posted) == worker(has).name


async def test_a_full_node_passes_viewers_on_to_one_that_has_time(broker, monkeypatch):
    do = Worker.do

    async def do_if_room(each, call, *timeout_s):
        if isinstance(call, View) and each is full:
            raise Full("this stage has no room for more viewers", retry_after_s=5)
        return await do(each, call, *timeout_s)

    async with on_air(broker) as (has, other):
        full = worker(has)
        monkeypatch.setattr(Worker, "do", do_if_room)
        await until(lambda: has.media._stages.spare_elsewhere())
        watcher, posted = await has.watch()
        await watcher.wait_for_frames(5)
        assert worker_of(posted) == worker(other).name
