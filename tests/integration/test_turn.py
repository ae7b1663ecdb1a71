"""Media through a real coturn, for clients whose network lets nothing else out."""

import asyncio
import contextlib
import re

import pytest
from aioice.stun import TransactionFailed
from aioice.turn import create_turn_endpoint
from aiortc import RTCIceServer

from showcaller import system
from showcaller.broker.sqlite import SqliteBroker
from showcaller.media.node.ice_servers import IceServers
from showcaller.testing.media_node import MediaNode
from showcaller.testing.turn_server import PASSWORD, USER, TurnServer
from showcaller_client import media

SECRET = "shared by nodes and TURN servers"
LINK = re.compile(r'<(.*)>; rel="ice-server"; username="(.*)"; credential="(.*)"; credential-type')


@pytest.fixture
async def broker(tmp_path):
    broker = SqliteBroker(str(tmp_path / "log.sqlite3"))
    yield broker
    await broker.close()


def relays(posted):
    """The servers that an answer names."""
    return [RTCIceServer(*LINK.match(link).groups()) for link in posted.headers.getall("Link")]


def in_use(client):
    """Between which candidates the client's media flows."""
    ice = client.pc.getTransceivers()[0].receiver.transport.transport
    pair = ice._connection._nominated[1]
    return pair.local_candidate.type, pair.remote_candidate.type


@pytest.mark.parametrize("secret", ["", SECRET])
async def test_media_flows_through_the_relay_that_the_answer_names(broker, secret):
    async with TurnServer(secret) as turn:
        url = turn.url if secret else turn.url.replace(":", f":{USER}:{PASSWORD}@", 1)
        async with MediaNode(broker, ice_servers=IceServers([url], secret)) as node:
            await node.until(lambda: node.sheet.sessions["one"].live)
            _, published = await node.publish()  # directly: for its Link headers
            publisher, _ = await node.publish(brightness=60, relays=relays(published))
            await node.until(lambda: len(node.on_air("one")) == 2)
            await node.ask("DELETE", published.resource, token=node.token("producer"))
            watcher, _ = await node.watch(relays=relays(published))
            await watcher.wait_for(lambda w: abs(w.brightness - 60) < 12)
            await watcher.wait_for_frames(10)
            assert in_use(watcher) == in_use(publisher) == ("relay", "host")


async def test_the_python_sdk_goes_by_the_relay_where_nothing_else_gets_out(broker, monkeypatch):
    monkeypatch.setattr("aioice.ice.get_host_addresses", lambda **_: [])
    monkeypatch.setattr("showcaller_client.whip.DIRECT_TIMEOUT_S", 0.3)
    async with TurnServer(SECRET) as turn:
        servers = IceServers(["turn:127.0.0.1:9?transport=udp", turn.url], SECRET)
        async with MediaNode(broker, ice_servers=servers) as node:
            event = str(node._server.make_url("/api/v1/events/")) + node.event.event_id
            speaker = node.token("speaker", person="p_speaker", sessions=("one",))
            publishing = asyncio.create_task(
                media.publish(await media.load_test_card(), f"{event}/sessions/one/whip", speaker)
            )
            async with media.watch(f"{event}/stages/main/whep", node.token()) as viewer:
                await viewer.wait_for_video(10)
                assert in_use(viewer._peer) == ("relay", "host")
            publishing.cancel()
            await asyncio.gather(publishing, return_exceptions=True)


async def allocate(turn, link):
    """Ask for a relayed address with the password that the link names. Raises `TransactionFailed`."""
    _, user, password = LINK.match(link).groups()
    transport, _ = await create_turn_endpoint(
        asyncio.DatagramProtocol,
        server_addr=("127.0.0.1", turn.port),
        username=user,
        password=password,
        transport="tcp",
    )
    transport.close()


async def test_the_relay_takes_passwords_of_its_secret_that_have_not_ended(broker):
    async with TurnServer("theirs") as turn:
        for secret, wall_ms, good in (
            ("theirs", system.wall_ms(), True),
            ("ours", system.wall_ms(), False),
            ("theirs", 0, False),  # it ended in 1970
        ):
            [link] = IceServers([turn.url], secret).links("p_1", wall_ms)
            with (
                contextlib.nullcontext() if good else pytest.raises(TransactionFailed, match="401")
            ):
                await allocate(turn, link)
