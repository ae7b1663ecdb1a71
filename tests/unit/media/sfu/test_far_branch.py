"""A worker that serves viewers of a stage that another node's worker has: real engines, TLS and UDP."""

from __future__ import annotations

import asyncio
import contextlib
import ssl

import pytest
from msgspec import structs

from showcaller.errors import Unavailable
from showcaller.media.contract.addresses import Addresses
from showcaller.media.contract.calls import (
    Asker,
    BranchOff,
    LeaveStage,
    OpenTrunk,
    Publish,
    Route,
    View,
)
from showcaller.media.egress import choose
from showcaller.media.sfu import far_trunk
from showcaller.media.sfu.forwarding_engine import ForwardingEngine
from showcaller.media.sfu.node_identity import contexts
from showcaller.media.sfu.trunk_link import Hello, frame
from showcaller.testing.media_peers import Publisher, Watcher
from showcaller.testing.until import until

LOOPBACK = Addresses(("127.0.0.1",))
KEYS = (b"k" * 32,)
OTHER_KEYS = (b"o" * 32,)


class Noted:
    def __init__(self):
        self.events = []

    def on_media_event(self, event):
        self.events.append(event)


class Row:
    """Engines of so many nodes; the first one has the stage."""

    def __init__(self):
        self.engines, self.lenders, self.noted, self.clients = [], [], [], []

    async def add(self, keys=KEYS):
        noted = Noted()
        name = f"w{len(self.engines)}"
        engine = await ForwardingEngine.open(name, LOOPBACK, 0, choose(), noted, None)
        self.engines.append(engine)
        self.noted.append(noted)
        self.lenders.append(await engine.do(OpenTrunk(keys=keys)))
        await engine.do(Route(stage="main", session="talk"))
        return engine

    async def publish(self, session="talk", stage="main", **look):
        publisher = Publisher(**look)
        self.clients.append(publisher)
        call = Publish(
            stage=stage, session=session, asker=Asker("speaker"), offer=await publisher.offer()
        )
        await publisher.accept((await self.engines[0].do(call)).sdp)
        return publisher

    async def view(self, engine):
        watcher = Watcher()
        self.clients.append(watcher)
        call = View(stage="main", asker=Asker("viewer"), offer=await watcher.offer())
        await watcher.accept((await engine.do(call)).sdp)
        return watcher

    def borrowed(self, number):
        return [ingest.session for ingest in self.engines[number].ingests.borrowed()]

    async def close(self):
        for client in self.clients:
            await client.close()
        for engine in reversed(self.engines):
            await engine.shut()


@pytest.fixture
async def row():
    row = Row()
    yield row
    await row.close()


async def test_what_another_node_has_is_shown_here_and_lent_on(row):
    for _ in range(3):
        await row.add()
    await row.engines[1].do(BranchOff(stage="main", lender=row.lenders[0]))
    await row.engines[2].do(BranchOff(stage="main", lender=row.lenders[1]))
    await row.publish(brightness=90)
    await row.publish(session="elsewhere", stage="side")
    watchers = [await row.view(engine) for engine in row.engines]
    for watcher in watchers:
        await watcher.wait_for_frames(10)
        assert abs(watcher.brightness - 90) < 12
        await watcher.wait_for(lambda w: w.frames["audio"] > 10)
    assert (row.borrowed(1), row.borrowed(2)) == (["talk"], ["talk"])
    (first,) = row.engines[0].abroad.far_trunk.spans
    assert first.sender.packets > 20


async def test_an_address_that_begins_many_handshakes_holds_up_itself_alone(row, monkeypatch):
    monkeypatch.setattr(far_trunk, "MAX_HANDSHAKES_FROM_ADDRESS", 2)
    # one whose number nobody has for TCP
    while (engine := await row.add())._transports.tcp is None:
        pass
    trunk, lender, other_node = engine.abroad.far_trunk, row.lenders[-1], await row.add()
    opened = []
    for count in (1, 2):
        opened.append(await asyncio.open_connection("127.0.0.1", lender.port))
        opened[-1][1].write(b"\x16")
        await until(lambda count=count: len(trunk._shaking) == count)
    reader, writer = await asyncio.open_connection("127.0.0.1", lender.port)
    writer.write(b"\x16")
    with contextlib.suppress(ConnectionError):
        assert await reader.read() == b""
    for _, other in (*opened, (reader, writer)):
        other.close()
    await until(lambda: not trunk._shaking)
    await other_node.do(BranchOff(stage="main", lender=lender))


async def test_whoever_does_not_know_the_secret_gets_nothing(row):
    await row.add()
    stranger = await row.add(OTHER_KEYS)
    with pytest.raises(Unavailable):
        await stranger.do(BranchOff(stage="main", lender=row.lenders[0]))
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    reader, writer = await asyncio.open_connection("127.0.0.1", row.lenders[0].port, ssl=context)
    writer.write(frame(Hello("main", row.lenders[0].worker, "ufrag", "password")))
    with contextlib.suppress(ssl.SSLError, ConnectionError):
        assert await reader.read() == b""
    writer.close()
    assert not row.engines[0].abroad.far_trunk.spans


async def test_nodes_that_know_the_secret_of_before_know_one_another(row):
    await row.add(KEYS + OTHER_KEYS)
    later = await row.add(OTHER_KEYS + KEYS)
    await later.do(BranchOff(stage="main", lender=row.lenders[0]))


async def test_a_trunk_lends_to_those_who_mean_it(row):
    """A port may be another worker's by now."""
    await row.add()
    await row.add()
    lender = structs.replace(row.lenders[0], worker="w9")
    with pytest.raises(Unavailable):
        await row.engines[1].do(BranchOff(stage="main", lender=lender))


async def test_the_end_of_the_trunk_is_told_once_and_ends_what_it_lent(row):
    await row.add()
    branch = await row.add()
    await branch.do(BranchOff(stage="main", lender=row.lenders[0]))
    await row.publish()
    await until(lambda: row.borrowed(1))
    await row.engines[0].shut()
    await until(lambda: not row.borrowed(1))
    await until(lambda: [event.kind for event in row.noted[1].events] == ["parted"])
    assert row.noted[1].events[0].stage == "main"


async def test_who_leaves_the_stage_borrows_nothing_more(row):
    trunk, branch = await row.add(), await row.add()
    await branch.do(BranchOff(stage="main", lender=row.lenders[0]))
    await branch.do(LeaveStage(stage="main"))
    await until(lambda: not trunk.abroad.far_trunk.spans)
    assert [event.kind for event in row.noted[1].events] == ["measured"]


def test_all_nodes_make_the_same_certificate():
    first, second = (context.get_ca_certs(binary_form=True) for context in contexts(KEYS * 2))
    assert first == second
    assert contexts(OTHER_KEYS)[0].get_ca_certs(binary_form=True) != first
