"""Showcaller behind `deploy/nginx.conf`, run by a real nginx: of two nodes one is down, or freezes."""

import asyncio
import contextlib
import json
import os
import signal
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio
import websockets

from showcaller.testing.media_peers import Publisher
from showcaller.testing.nginx import Nginx
from showcaller.testing.redis_server import RedisServer
from showcaller.testing.serving import ServeProcess
from showcaller.testing.until import until
from showcaller_client import Client

pytestmark = pytest.mark.asyncio(loop_scope="module")

ROOT = Path(__file__).parents[2]
EVENT = "systems-scale-winter-2023"
API = f"/api/v1/events/{EVENT}"
SDP, FRAGMENT = "application/sdp", "application/trickle-ice-sdpfrag"
PER_ADDRESS = 20


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def node(tmp_path_factory):
    options = (
        *("--rehearse-from", "-2m", "--behind-proxy"),
        *("--registrations-per-address-hour", str(PER_ADDRESS)),
    )
    data = tmp_path_factory.mktemp("node")
    schedule = ROOT / "schedules" / f"{EVENT}.yaml"
    async with ServeProcess(schedule, *options, data=data) as node:
        yield node


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def nginx(tmp_path_factory, node):
    async with Nginx(tmp_path_factory.mktemp("nginx"), node.port) as nginx:
        yield nginx


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def http(nginx):
    """A client whose paths are those of nginx's HTTPS side."""
    connector = aiohttp.TCPConnector(ssl=nginx.trust)
    async with aiohttp.ClientSession(nginx.url, connector=connector) as session:
        yield session


async def test_pages_and_the_agenda_come_through(http):
    async with http.get(API) as answer:
        assert answer.status == 200
        assert "event" in (await answer.json())["items"]
        assert answer.headers["Strict-Transport-Security"]
    async with http.get("/readyz") as answer:
        assert answer.status == 200


async def test_metrics_are_for_the_inside(http):
    async with http.get("/metrics") as answer:
        assert answer.status == 404


async def test_plain_http_is_sent_to_https_with_its_method(nginx, http):
    plain = f"http://127.0.0.1:{nginx.http_port}{API}/registrations"
    async with http.post(plain, json={"name": "Ada"}, allow_redirects=False) as answer:
        assert answer.status == 308
        assert answer.headers["Location"].startswith("https://")


async def test_a_node_that_is_down_is_not_noticed(http):
    for number in range(10):
        body = {"name": f"Ada {number}"}
        async with http.get(API) as read, http.post(f"{API}/registrations", json=body) as written:
            assert (read.status, written.status) == (200, 201)


@pytest.mark.parametrize("path", [f"{API}/registrations", f"{API}/sessions/opening/whip"])
async def test_large_bodies_stop_here(http, path):
    async with http.post(path, data=b"x" * 70_000) as answer:
        assert answer.status == 413


def connect(nginx, **more):
    address = nginx.url.replace("https", "wss") + API + "/live"
    more = {"subprotocols": ["showcaller.v1+json"], "origin": nginx.url} | more
    return websockets.connect(address, ssl=nginx.trust, **more)


async def test_live_messages_go_both_ways_at_once(nginx, node):
    async with asyncio.timeout(10), connect(nginx) as live:
        await live.send(json.dumps({"op": "hello", "token": node.token(EVENT)}))
        assert json.loads(await live.recv())["op"] == "welcome"
        await live.send(json.dumps({"op": "subscribe", "id": "1", "channel": "agenda"}))
        assert json.loads(await live.recv())["ok"]
        assert json.loads(await live.recv())["op"] == "snapshot"
        await live.send(json.dumps({"op": "clock", "t1": 1.0}))
        while json.loads(await live.recv())["op"] != "clock":
            pass


async def test_the_live_endpoint_takes_nothing_but_upgrades(http):
    async with http.get(f"{API}/live") as answer:
        assert answer.status == 426
        assert "Upgrade" not in answer.headers  # HTTP/2 forbids it (RFC 9113 §8.2.2)


async def test_live_messages_come_over_http_too(http, node):
    """For whom a proxy of their own lets no WebSocket through."""
    body = {"subscribe": [{"id": "1", "channel": "announcements"}]}
    headers = {"Authorization": f"Bearer {node.token(EVENT)}"}
    async with asyncio.timeout(10), http.post(f"{API}/live", json=body, headers=headers) as answer:
        assert (answer.status, answer.content_type) == (200, "text/event-stream")
        told = []
        while not told or told[-1]["op"] != "heartbeat":  # sent on as it comes
            line = await answer.content.readline()
            if line.startswith(b"data: "):
                told.append(json.loads(line.removeprefix(b"data: ")))
    assert [one["op"] for one in told] == ["welcome", "reply", "snapshot", "heartbeat"]


async def test_only_our_own_pages_connect(nginx):
    with pytest.raises(websockets.InvalidStatus) as refused:
        async with connect(nginx, origin="https://evil.example"):
            pass
    assert refused.value.response.status_code == 403


async def has_media_worker(http, node):
    async with http.get(f"{node.url}/metrics") as answer:
        return f'showcaller_media_workers{{event="{EVENT}"}} 1.0' in await answer.text()


async def test_signalling_keeps_its_headers(http, node, nginx):
    speaker = node.token(EVENT, "speaker", sessions=("opening",))
    headers = {"Authorization": f"Bearer {speaker}", "Origin": "https://studio.example"}
    endpoint = f"{API}/sessions/opening/whip"

    await until(lambda: has_media_worker(http, node), 30)
    async with http.options(endpoint, headers={"Origin": "https://studio.example"}) as answer:
        assert answer.status == 204
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert "Authorization" in answer.headers["Access-Control-Allow-Headers"]
        assert answer.headers["Accept-Post"] == SDP

    publisher = Publisher()
    offer = await publisher.offer()
    async with http.post(endpoint, data=offer, headers=headers | {"Content-Type": SDP}) as answer:
        assert answer.status == 201, await answer.text()
        assert answer.content_type == SDP
        location, etag = answer.headers["Location"], answer.headers["ETag"]
        assert location.startswith(f"{API}/media/")
        exposed = answer.headers["Access-Control-Expose-Headers"]
        assert {"Location", "ETag"} <= set(exposed.split(", "))
        assert len(answer.headers.getall("Access-Control-Allow-Origin")) == 1

    fragment = "a=mid:0\r\na=candidate:1 1 udp 1 127.0.0.1 9 typ host\r\n"
    patch = headers | {"Content-Type": FRAGMENT, "If-Match": etag}
    async with http.patch(location, data=fragment, headers=patch) as answer:
        assert answer.status == 204
    async with http.delete(location, headers=headers) as answer:
        assert answer.status == 200
    async with http.delete(location, headers=headers) as answer:
        assert (answer.status, answer.content_type) == (404, "application/problem+json")
    await publisher.close()
    assert location.rpartition("/")[2] not in nginx.log("access")


async def test_clients_cannot_choose_their_address(http):
    """Registration is limited by address, so the address must be nginx's own observation."""
    statuses = set()
    for number in range(PER_ADDRESS + 1):
        spoofed = {"X-Forwarded-For": f"192.0.2.{number}"}
        body = {"name": "Eve"}
        async with http.post(f"{API}/registrations", json=body, headers=spoofed) as answer:
            statuses.add(answer.status)
    assert 429 in statuses


async def test_behind_a_cdn_people_are_told_apart(tmp_path, node):
    """The CDN adds an address to whatever the client has written; here we are the CDN."""
    async with (
        Nginx(tmp_path, node.port, behind_cdn=True) as nginx,
        aiohttp.ClientSession(nginx.url, connector=aiohttp.TCPConnector(ssl=nginx.trust)) as http,
    ):

        async def register(forwarded):
            headers = {"X-Forwarded-For": forwarded}
            path, body = f"{API}/registrations", {"name": "Ada"}
            async with http.post(path, json=body, headers=headers) as answer:
                return answer.status

        many = [await register(f"198.51.100.{number}") for number in range(PER_ADDRESS + 1)]
        one = [await register(f"192.0.2.{n}, 203.0.113.9") for n in range(PER_ADDRESS + 1)]
    assert set(many) == {201}
    assert one[-1] == 429


async def test_no_token_is_logged(nginx, http):
    canary = "canary.0123456789.token"
    for name in ("token", "access_token"):
        async with http.get(f"{API}/live?{name}={canary}") as answer:
            assert answer.status == 400
    async with http.get(f"{API}?x={canary}", headers={"Referer": f"https://a/?{canary}"}) as answer:
        assert answer.status == 200
    async with http.get(API, headers={"Authorization": f"Bearer {canary}"}) as answer:
        assert answer.status == 200
    entries = [json.loads(line) for line in nginx.log("access").splitlines()]
    assert {API, f"{API}/live", f"{API}/registrations"} <= {entry["path"] for entry in entries}
    assert canary not in nginx.log("access") + nginx.log("error")


async def test_draining_reaches_the_client_as_a_restart(nginx, node):
    """The last test: it stops the node."""
    async with connect(nginx) as live:
        await live.send(json.dumps({"op": "hello", "token": node.token(EVENT)}))
        await live.recv()
        stopped = asyncio.create_task(node.stop())
        async with asyncio.timeout(15):
            with pytest.raises(websockets.ConnectionClosed) as closed:
                while True:
                    await live.recv()
            assert closed.value.rcvd.code == 1012
            await stopped


async def test_the_clients_of_a_node_that_freezes_are_served_by_the_other(schedule_path, tmp_path):
    """nginx notices by itself, so that they need not find the other node by luck."""
    with RedisServer() as redis:
        options = ("--broker", redis.url, "--rehearse-from", "-2m", "--media-workers", "0")
        async with (
            ServeProcess(schedule_path, *options, data=tmp_path / "a") as stuck,
            ServeProcess(schedule_path, *options, data=tmp_path / "b") as other,
            Nginx(tmp_path, stuck.port, other.port) as nginx,
        ):
            trust, token = {"ssl_context": nginx.trust}, stuck.token(EVENT, "producer")
            clients = [Client(nginx.url, event=EVENT, token=token, **trust) for _ in range(3)]
            async with contextlib.AsyncExitStack() as stack:
                for client in clients:
                    await stack.enter_async_context(client)
                os.kill(stuck.pid, signal.SIGSTOP)
                stack.callback(os.kill, stuck.pid, signal.SIGCONT)
                delay = {"session": "opening", "minutes": 1}
                asked = [
                    client.command("session.preview_delay", delay, timeout_s=60)
                    for client in clients
                ]
                assert len(await asyncio.gather(*asked)) == len(clients)
                assert max(client.connections for client in clients) == 2
