"""The live protocol over HTTP, for networks that let no WebSocket through: it says what a WebSocket says."""

import asyncio
import random
from pathlib import Path

import aiohttp
import pytest

from showcaller.domain import facts
from showcaller.testing.live_port import LivePort
from showcaller.testing.redis_server import DURABLE, RedisServer
from showcaller.testing.serving import ServeProcess
from showcaller.testing.stream_client import open_stream
from showcaller.testing.until import until

SCHEDULE = Path(__file__).parents[2] / "schedules" / "systems-scale-winter-2023.yaml"
EVENT = "systems-scale-winter-2023"
OPENS_MS = 1_702_486_500_000  # five minutes before the opening
CHANNELS = ("agenda", "announcements", "session/opening/questions", "me")
QUESTIONS = "session/opening/questions"


@pytest.fixture
async def port(tmp_path):
    async with LivePort(SCHEDULE, tmp_path, from_ms=OPENS_MS) as port:
        yield port


def url_of(port):
    return f"http://127.0.0.1:{port.port}{port.path}"


# The same as over a WebSocket -------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(3))
async def test_a_stream_says_what_a_websocket_says(port, seed):
    ada = port.token(person="p_ada")
    async with (
        port.enter(token=ada) as socket,
        open_stream(url_of(port), ada, *CHANNELS) as stream,
    ):
        for channel in CHANNELS:
            await socket.send("subscribe", id=channel, channel=channel)
        assert (await stream.until("welcome")).keys() == socket.welcome.keys()
        told = [Told(socket), Told(stream)]
        for one in told:
            await one.read_until(lambda told: len(told.of("snapshot")) == len(CHANNELS))
        await something_happens(port.event, random.Random(seed))
        for one in told:
            await one.read_until(lambda told: "That was it" in str(told.by_channel))
    by_socket, by_stream = (one.by_channel for one in told)
    assert by_stream == by_socket
    assert by_stream.keys() == set(CHANNELS)


class Told:
    """The messages of one client by their channel; heartbeats are left out, since they go by time."""

    def __init__(self, client):
        self.client = client
        self.by_channel = {}

    def of(self, op):
        return [one for told in self.by_channel.values() for one in told if one["op"] == op]

    async def read_until(self, condition):
        while not condition(self):
            message = await self.client.receive()
            if message["op"] != "heartbeat":
                channel = message["id"] if message["op"] == "reply" else message["channel"]
                self.by_channel.setdefault(channel, []).append(message)


async def something_happens(event, chance):
    await event.append(facts.QaOpened(session="opening", by="p_x"), "open")
    for number in range(25):
        question = f"q_{chance.randrange(number + 1)}"
        fact = chance.choice(
            [
                facts.AnnouncementMade(announcement=f"a_{number}", text=f"{number}", by="p_x"),
                facts.QuestionAsked(
                    question=f"q_{number}", session="opening", person="p_ada", text=f"{number}?"
                ),
                facts.QuestionApproved(question=question, by="p_x"),
                facts.QuestionPinned(question=question, by="p_x", on=number % 2 == 0),
                facts.VotesCast(votes=((f"p_{number}", question, True),)),
            ]
        )
        await event.append(fact, f"fact {number}")
    last = facts.AnnouncementMade(announcement="a_last", text="That was it", by="p_x")
    await event.append(last, "last")


async def test_what_was_missed_comes_and_no_more_however_one_comes_back(port):
    async with port.enter("moderator") as staff:
        async with open_stream(url_of(port), port.token(), "announcements") as stream:
            mark = (await stream.until("snapshot"))["offset"]
        await staff.command("announcement.make", text="Coffee is ready")
    since = {"epoch": port.event.shown_epoch, "offset": mark}
    wanted = {"id": "1", "channel": "announcements", "since": since}
    async with open_stream(url_of(port), port.token(), wanted) as stream:
        assert (await stream.until("reply"))["result"]["mode"] == "resumed"
        assert [one["text"] for one in (await stream.until("change"))["events"]] == [
            "Coffee is ready"
        ]
        await stream.until("levels")


async def test_two_nodes_go_on_with_one_stream(tmp_path):
    """A stream that its node's drain ends goes on at the other, from where it was."""
    with RedisServer(DURABLE) as redis:
        options = ("--broker", redis.url, "--rehearse-from", "-2m", "--media-workers", "0")
        async with (
            ServeProcess(SCHEDULE, *options, data=tmp_path / "a") as one,
            ServeProcess(SCHEDULE, *options, data=tmp_path / "b") as other,
        ):
            staff, ada = one.token(EVENT, "producer"), one.token(EVENT, "attendee")
            async with open_stream(live(one), ada, "announcements") as stream:
                snapshot = await stream.until("snapshot")
                await command(other, staff, "announcement.make", text="one")
                seen = await stream.until("change")
                stopped = asyncio.create_task(one.stop())
                assert "reconnect_after_ms" in await stream.until("drain")
                end = await stream.until("close")
                assert (end["code"], end["reason"]) == (1012, "draining retry_after_ms=0")
            await command(other, staff, "announcement.make", text="two")
            since = {"epoch": snapshot["epoch"], "offset": seen["mark"]}
            wanted = {"id": "1", "channel": "announcements", "since": since}
            async with open_stream(live(other), ada, wanted) as stream:
                assert (await stream.until("reply"))["result"]["mode"] == "resumed"
                assert (await stream.until("change"))["events"][0]["text"] == "two"
            assert await stopped == 0


def live(server):
    return f"{server.url}/api/v1/events/{EVENT}/live"


async def command(server, token, name, **args):
    headers = {"Authorization": f"Bearer {token}"}
    url = f"{server.url}/api/v1/events/{EVENT}/commands/{name}"
    async with aiohttp.ClientSession(headers=headers) as http, http.post(url, json=args) as answer:
        assert answer.status == 200, await answer.text()
        return await answer.json()


# Its limits, and its end -------------------------------------------------------------------------


async def test_the_head_keeps_proxies_from_holding_it_back(port):
    async with open_stream(url_of(port), port.token()) as stream:
        headers = stream.answer.headers
    assert stream.answer.content_type == "text/event-stream"
    assert headers["Cache-Control"] == "no-store, no-transform"
    assert headers["X-Accel-Buffering"] == "no"
    assert headers["Connection"] == "close"
    assert "Transfer-Encoding" not in headers  # a proxy may ask in HTTP/1.0


@pytest.mark.parametrize(
    ("token", "body", "status"),
    [
        ("no token", {}, 401),
        ("", {"subscribe": [{"id": "1"}]}, 400),
        ("", {"subscribe": [{"id": "1", "channel": "agenda"}] * 33}, 400),
    ],
)
async def test_what_opens_no_stream_is_refused_as_any_request_is(port, token, body, status):
    headers = {"Authorization": f"Bearer {token or port.token()}"}
    async with (
        aiohttp.ClientSession(headers=headers) as http,
        http.post(url_of(port), json=body) as answer,
    ):
        assert answer.status == status
        assert answer.content_type == "application/problem+json"


async def test_a_person_has_as_many_streams_and_sockets_as_they_may(tmp_path):
    async with LivePort(SCHEDULE, tmp_path, from_ms=OPENS_MS, connections_per_person=2) as port:
        ada = port.token(person="p_ada")
        async with (
            open_stream(url_of(port), ada) as oldest,
            port.enter(token=ada),
            open_stream(url_of(port), ada) as newest,
        ):
            end = await oldest.until("close")
            assert (end["code"], end["reason"]) == (4505, "too_many_connections")
            await newest.until("welcome")
            counters = port.gateway.counters
            await until(lambda: (counters.connections, counters.streams) == (2, 1))
        await until(lambda: (counters.connections, counters.streams) == (0, 0))


async def test_an_address_has_no_more_streams_than_sockets(tmp_path):
    async with (
        LivePort(SCHEDULE, tmp_path, from_ms=OPENS_MS, connections_per_address=1) as port,
        port.enter(),
        open_stream(url_of(port), port.token()) as refused,
    ):
        end = await refused.until("close")
        assert end["code"] == 1013
        assert end["reason"].startswith("overload retry_after_ms=")


async def test_who_is_banned_is_shut_out_of_their_stream(port):
    async with (
        port.enter("producer") as staff,
        open_stream(url_of(port), port.token(person="p_ada")) as stream,
    ):
        await stream.until("welcome")
        await staff.command("person.ban", person="p_ada")
        assert (await stream.until("close"))["code"] == 4501


async def test_a_stream_whose_reader_sleeps_is_sent_no_more_than_it_may_keep(tmp_path):
    """It is closed by what matters too much to be left out; whoever comes back resumes."""
    settings = {"from_ms": OPENS_MS, "buffer_limit_bytes": 50_000}
    async with LivePort(SCHEDULE, tmp_path, **settings) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port.port, limit=1 << 10)
        body = b'{"subscribe":[{"id":"1","channel":"announcements"}]}'
        head = (
            f"POST {port.path} HTTP/1.1\r\nHost: here\r\nAuthorization: Bearer {port.token()}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        writer.write(head.encode() + body)
        await reader.readuntil(b'"snapshot"')
        for number in range(200):
            text = f"{number} " * 10_000
            said = facts.AnnouncementMade(announcement=f"a_{number}", text=text, by="p_x")
            await port.event.append(said, f"say {number}")
        await until(lambda: port.gateway.counters.closes[4000] == 1)
        writer.transport.abort()


async def test_a_second_request_ends_a_stream(port):
    reader, writer = await asyncio.open_connection("127.0.0.1", port.port)
    head = (
        f"POST {port.path} HTTP/1.1\r\nHost: here\r\nAuthorization: Bearer {port.token()}\r\n"
        "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
    )
    writer.write(head.encode())
    await reader.readuntil(b"welcome")
    writer.write(head.encode())
    assert b'"code":1002' in await reader.read()
    writer.close()


async def test_the_clock_is_told_over_http(port):
    before_ms = port.event.wall_ms()
    async with (
        aiohttp.ClientSession() as http,
        http.get(url_of(port).replace("/live", "/clock")) as answer,
    ):
        told = await answer.json()
        assert answer.headers["Cache-Control"] == "no-store"
    assert before_ms <= told["t2"] <= told["t3"] <= port.event.wall_ms()
