"""A worker that serves viewers of a stage that another one has: real engines, joined by a real socket."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from showcaller.errors import NotFound
from showcaller.media.contract.addresses import Addresses
from showcaller.media.contract.calls import (
    Asker,
    BranchOff,
    Close,
    LeaveStage,
    Measure,
    Preview,
    Publish,
    Route,
    View,
)
from showcaller.media.egress import choose
from showcaller.media.sfu import trunk as trunks
from showcaller.media.sfu.branch import Branch
from showcaller.media.sfu.forwarding_engine import ForwardingEngine
from showcaller.testing.media_peers import Publisher, Watcher
from showcaller.testing.until import until

LOOPBACK = Addresses(("127.0.0.1",))
ASKER = Asker("viewer")


class Noted:
    """A listener that keeps what it is told."""

    def __init__(self):
        self.events = []

    def on_media_event(self, event):
        self.events.append(event)


class Pair:
    """`trunk` has the stage, `branch` serves some of its viewers."""

    def __init__(self, trunk, branch, path, events):
        self.trunk, self.branch, self.path, self.events = trunk, branch, path, events
        self.clients = []

    async def publish(self, session="talk", source="main", **look):
        publisher = Publisher(**look)
        self.clients.append(publisher)
        answer = await self.trunk.do(
            Publish(
                stage="main",
                session=session,
                asker=Asker("speaker"),
                offer=await publisher.offer(),
                source=source,
            )
        )
        await publisher.accept(answer.sdp)
        publisher.resource = answer.resource
        return publisher

    async def view(self, engine=None):
        watcher = Watcher()
        self.clients.append(watcher)
        offer = await watcher.offer()
        answer = await (engine or self.branch).do(
            View(stage="main", asker=Asker("viewer"), offer=offer)
        )
        await watcher.accept(answer.sdp)
        watcher.resource = answer.resource
        return watcher

    def borrowed(self):
        return list(self.branch.ingests.borrowed())

    async def route(self, session, publication=""):
        for engine in (self.trunk, self.branch):
            await engine.do(Route(stage="main", session=session, publication=publication))


@pytest.fixture
async def pair(tmp_path):
    noted = {name: Noted() for name in ("t", "b")}
    engines = [
        await ForwardingEngine.open(name, LOOPBACK, 0, choose(), listener)
        for name, listener in noted.items()
    ]
    path = str(tmp_path / "trunk")
    await engines[0].lend(path)
    pair = Pair(*engines, path, noted["b"].events)
    await pair.branch.do(BranchOff(stage="main", trunk=path))
    yield pair
    for client in pair.clients:
        await client.close()
    for engine in reversed(engines):
        await engine.shut()


async def test_viewers_of_a_branch_see_and_hear_what_the_trunk_has(pair):
    await pair.route("talk")
    await pair.publish(brightness=90)
    at_trunk, at_branch = await pair.view(pair.trunk), await pair.view()
    for watcher in (at_trunk, at_branch):
        await watcher.wait_for_frames(10)
        assert abs(watcher.brightness - 90) < 12
    figures = await pair.branch.do(Measure())
    assert [(s.stage, s.viewers) for s in figures.stages] == [("main", 1)]
    assert figures.publications == []  # the trunk tells of them
    assert {event.kind for event in pair.events} == {"viewed"}


async def test_who_branches_off_in_the_middle_gets_a_picture_at_once(pair):
    """Also when the trunk has been forwarding for long: the speaker is asked for a keyframe."""
    await pair.branch.do(LeaveStage(stage="main"))
    await pair.route("talk")
    publisher = await pair.publish(brightness=90)
    early = await pair.view(pair.trunk)
    await early.wait_for_frames(30)
    await pair.branch.do(BranchOff(stage="main", trunk=pair.path))
    await pair.branch.do(Route(stage="main", session="talk"))
    late = await pair.view()
    await late.wait_for_frames(2, timeout_s=5)
    assert publisher.resource


async def test_a_change_of_talk_reaches_both(pair):
    await pair.route("talk")
    await pair.publish(brightness=60)
    watchers = [await pair.view(pair.trunk), await pair.view()]
    await pair.publish("next", brightness=200)
    for watcher in watchers:
        await watcher.wait_for(lambda w: abs(w.brightness - 60) < 12)
    await pair.route("next")
    for watcher in watchers:
        await watcher.wait_for(lambda w: abs(w.brightness - 200) < 12)


async def test_what_is_chosen_and_what_ends_reaches_the_branch(pair):
    await pair.route("talk")
    await pair.publish(brightness=60)
    slides = await pair.publish(source="slides", brightness=200)
    watcher = await pair.view()
    await watcher.wait_for(lambda w: abs(w.brightness - 60) < 12)
    await pair.route("talk", slides.resource)
    await watcher.wait_for(lambda w: abs(w.brightness - 200) < 12)
    await pair.trunk.do(Close(resource=slides.resource, asker=ASKER))
    await watcher.wait_for(lambda w: abs(w.brightness - 60) < 12)


async def test_nobody_previews_or_ends_a_publication_of_another_worker(pair):
    await pair.route("talk")
    publisher = await pair.publish()
    watcher = await pair.view()
    await watcher.wait_for_frames(2)
    with pytest.raises(NotFound):
        await pair.branch.do(Close(resource=publisher.resource, asker=ASKER))
    with pytest.raises(NotFound):
        await pair.branch.do(
            Preview(resource=publisher.resource, asker=Asker("p"), offer=await Watcher().offer())
        )


async def test_a_branch_ends_with_its_stage_and_with_its_trunk(pair):
    await pair.route("talk")
    await pair.publish()
    watcher = await pair.view()
    await watcher.wait_for_frames(2)
    await pair.branch.do(LeaveStage(stage="main"))
    await until(lambda: not pair.trunk.trunk.branches)

    await pair.branch.do(BranchOff(stage="main", trunk=pair.path))
    await pair.branch.do(Route(stage="main", session="talk"))
    watcher = await pair.view()
    await watcher.wait_for_frames(2)
    await pair.trunk.shut()
    await until(lambda: not pair.borrowed())


async def test_a_connection_that_is_lost_is_made_again(pair):
    await pair.route("talk")
    await pair.publish()
    watcher = await pair.view()
    await watcher.wait_for_frames(2)
    for writer in pair.trunk.trunk.branches:
        writer.transport.abort()
    await until(lambda: not pair.borrowed())
    await until(pair.borrowed)
    await watcher.wait_for_frames(5)


async def test_a_branch_that_reads_nothing_is_cut_off(pair, monkeypatch):
    monkeypatch.setattr(trunks, "MAX_BEHIND_BYTES", 20_000)
    await pair.route("talk")
    await pair.publish(brightness=90)
    _, writer = await asyncio.open_unix_connection(pair.path)
    writer.transport.pause_reading()
    watcher = await pair.view()
    await until(lambda: len(pair.trunk.trunk.branches) == 1, 30)
    await watcher.wait_for_frames(5)
    writer.close()


@settings(
    max_examples=50,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(rubbish=st.binary(max_size=200), framed=st.booleans())
async def test_rubbish_from_a_trunk_ends_the_branch_and_nothing_else(tmp_path, rubbish, framed):
    data = len(rubbish).to_bytes(4, "big") + rubbish if framed else rubbish

    served = []

    async def serve(reader, writer):
        writer.write(data)
        writer.close()
        served.append(await reader.read())

    path = str(tmp_path / f"rubbish{hash(data) & 0xFFFFFF:x}")
    async with await asyncio.start_unix_server(serve, path):
        changed = []
        branch = Branch(path, choose(), changed.append)
        await until(lambda: served)
        assert (branch.ingests, changed) == ({}, [])
        assert not branch._running.done()
        branch.close()
