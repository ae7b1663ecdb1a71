"""The live protocol on a real socket, as a third party's client sees it."""

import asyncio
import json
import ssl
import subprocess
from pathlib import Path

import pytest
import uvloop
from websockets.exceptions import InvalidStatus

from showcaller.domain import facts
from showcaller.domain.people import Term
from showcaller.errors import Unavailable
from showcaller.http.origins import read_origins
from showcaller.protocol import connection_state
from showcaller.protocol.messages import Change, Snapshot
from showcaller.show.opening import Opening
from showcaller.show.served import ServedEvent
from showcaller.testing.live_client import LiveClient
from showcaller.testing.live_port import LivePort
from showcaller.testing.until import until

formats = pytest.mark.parametrize("format", ["json", "msgpack"])
SCHEDULE = Path(__file__).parents[2] / "schedules" / "systems-scale-winter-2023.yaml"
EVENT = "systems-scale-winter-2023"
OPENS_MS = 1_702_486_500_000  # five minutes before the opening
QUESTIONS = "session/opening/questions"


@pytest.fixture
async def port(tmp_path):
    async with LivePort(SCHEDULE, tmp_path, from_ms=OPENS_MS) as port:
        yield port


# The protocol -----------------------------------------------------------------------------------


@formats
async def test_from_hello_to_a_question_that_others_see(port, format):
    async with (
        port.enter("moderator", format=format) as moderator,
        port.enter(format="json") as json_reader,
        port.enter(format="msgpack") as msgpack_reader,
    ):
        assert moderator.welcome["event"] == EVENT
        assert moderator.welcome["roles"] == ["moderator"]
        assert moderator.welcome["heartbeat_ms"] == 4_000
        for reader in (json_reader, msgpack_reader):
            result, snapshot = await reader.follow(QUESTIONS)
            assert result == {
                "channel": QUESTIONS,
                "mode": "snapshot",
                "epoch": snapshot["epoch"],
                "offset": snapshot["offset"],
            }
        await moderator.command("qa.open", session="opening")
        asked = await moderator.command("question.ask", session="opening", text="Why one clock?")
        question = asked["result"]["question"]
        await moderator.command("question.approve", question=question)
        changes = [await reader.until("change") for reader in (json_reader, msgpack_reader)]
        assert changes[0] == changes[1]
        assert changes[0]["put"][question]["text"] == "Why one clock?"
        assert (await json_reader.command("question.vote", question=question, on=True))["ok"]
        levels = await msgpack_reader.until("levels")
        assert levels["values"] == {question: 1}


async def test_resuming_brings_what_was_missed_and_no_more(port):
    async with port.enter("moderator") as moderator:
        async with port.enter() as reader:
            result, _ = await reader.follow("announcements")
        await moderator.command("announcement.make", text="Coffee is ready")
        since = {"epoch": result["epoch"], "offset": result["offset"]}
        async with port.enter() as reader:
            reply = await reader.ask("subscribe", channel="announcements", since=since)
            assert reply["result"]["mode"] == "resumed"
            change = await reader.until("change")
            assert [event["text"] for event in change["events"]] == ["Coffee is ready"]
            await reader.until("levels")
            await reader.send(
                "subscribe", id="x", channel="announcements", since=since | {"epoch": "?"}
            )
            assert (await reader.until("snapshot"))["reset"] is True


async def test_joining_during_a_burst_loses_and_doubles_nothing(port):
    """A client that subscribes in the middle holds what the snapshot and the chain of changes say."""

    async def make(moderator):
        for n in range(8):
            await moderator.command("announcement.make", text=f"number {n}")

    async def join(n):
        async with port.enter(format=("json", "msgpack")[n % 2]) as reader:
            _, held = await reader.follow("announcements")
            items, last = held["items"], held["offset"]
            while len(items) < 24:
                change = await reader.until("change")
                assert change["prev"] <= last < change["offset"]
                items.update(change["put"])
                last = change["offset"]
            return sorted(item["text"] for item in items.values())

    async with (
        port.enter("producer") as one,
        port.enter("producer") as two,
        port.enter("producer") as three,
    ):
        held = await asyncio.gather(
            *(make(moderator) for moderator in (one, two, three)), *(join(n) for n in range(8))
        )
    assert held[3:] == [sorted(f"number {n}" for n in range(8) for _ in range(3))] * 8


async def test_unsubscribing_ends_the_messages_of_a_channel(port):
    async with port.enter("producer") as client:
        await client.follow("announcements")
        await client.follow("agenda")
        assert (await client.ask("unsubscribe", channel="announcements"))["ok"]
        await client.command("announcement.make", text="Nobody hears this")
        await client.send("subscribe", id="last", channel="me")
        seen = []
        while not seen or seen[-1].get("id") != "last":
            seen.append(await client.receive())
        assert not [message for message in seen if message.get("channel") == "announcements"]


async def test_a_persons_own_channel_is_theirs_only(port):
    async with port.enter(person="p_ada") as ada, port.enter(person="p_bob") as bob:
        await ada.follow("me")
        _, own = await bob.follow("me")
        assert own["items"]["person"]["id"] == "p_bob"
        await port.event.append(facts.QaOpened(session="opening", by="p_x"), "open")
        ask = {"session": "opening", "text": "Mine"}
        await ada.send("command", id="ask", name="question.ask", args=ask)
        assert (await ada.until("change"))["channel"] == "me"
        reply = await bob.ask("subscribe", channel="person/p_ada")
        assert reply["error"]["code"] == "not_found"
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await bob.until("change")


async def test_the_clock_is_answered_with_four_timestamps(port):
    async with port.enter() as client:
        before_ms = port.event.wall_ms()
        await client.send("clock", t1=12.5)
        answer = await client.until("clock")
        assert answer["t1"] == 12.5
        assert before_ms <= answer["t2"] <= answer["t3"] <= port.event.wall_ms()


@formats
async def test_heartbeats_tell_the_heads(tmp_path, format):
    async with (
        LivePort(SCHEDULE, tmp_path, from_ms=OPENS_MS, heartbeat_s=0.2) as port,
        port.enter("producer", format=format) as client,
    ):
        await client.follow("announcements")
        await client.follow("me")
        await port.event.append(facts.PersonUnbanned(person="p_x", by="p_x"), "nothing to see")
        said = facts.AnnouncementMade(announcement="a_1", text="Hello", by="p_x")
        await port.event.append(said, "say")
        change = await client.until("change")
        beat = await client.until("heartbeat")
        assert beat["channels"]["announcements"] == {
            "head": change["offset"],
            "mark": change["offset"],
        }
        assert set(beat["channels"]) == {"announcements", "me"}


async def test_after_the_log_was_replaced_everybody_gets_new_snapshots(port):
    async with port.enter() as client:
        await client.follow("agenda")
        await client.follow("me")
        for listener in port.event._listeners:
            listener.on_reset()
        resets = [await client.until("snapshot") for _ in range(2)]
        assert [reset["channel"] for reset in resets] == ["agenda", "me"]
        assert [reset["reset"] for reset in resets] == [True, False]  # of `me` nothing can be gone


async def test_a_ban_in_the_log_that_replaced_another_is_heeded(port):
    async with port.enter(person="p_mallory") as mallory, port.enter() as ada:
        await ada.follow("agenda")
        # Folded while nobody was told.
        port.event.state.people.banned["p_mallory"] = Term(by="p_mary")
        port.hub.on_reset()
        assert await mallory.closed() == (4501, "banned")
        assert (await ada.until("snapshot"))["reset"]


async def test_commands_that_go_wrong_get_their_status(port):
    class Broken:
        async def run(self, principal, name, args, key, deadline_ms, came_from):
            if name == "unavailable":
                raise Unavailable("not now", retry_after_s=2)
            raise ZeroDivisionError

    port.served[EVENT] = ServedEvent(port.event, Broken(), port.tokens)
    async with port.enter() as client:
        failed = (await client.command("unavailable"))["error"]
        assert failed == {
            "code": "unavailable",
            "message": "not now",
            "retry": True,
            "retry_after_ms": 2000,
        }
        assert (await client.command("broken"))["error"]["code"] == "internal"
        assert (await client.ask("unsubscribe", channel="agenda"))["ok"]


async def test_at_most_sixteen_commands_at_once(port):
    release = asyncio.Event()

    class Slow:
        async def run(self, principal, name, args, key, deadline_ms, came_from):
            await release.wait()
            return {"name": name}

    port.served[EVENT] = ServedEvent(port.event, Slow(), port.tokens)
    async with port.enter() as client:
        for n in range(17):
            await client.send("command", id=f"c{n}", name=f"n{n}")
        refused = await client.until("reply")
        assert (refused["id"], refused["error"]["code"]) == ("c16", "rate_limited")
        release.set()
        replies = [await client.until("reply") for _ in range(16)]
        assert {reply["result"]["name"] for reply in replies} == {f"n{n}" for n in range(16)}


# Who may stay -----------------------------------------------------------------------------------


async def closed_by(port, *messages, format="json"):
    async with port.websocket(format) as ws:
        for message in messages:
            await ws.send(json.dumps(message) if isinstance(message, dict) else message)
        return await LiveClient(ws).closed()


async def test_tokens_that_are_wrong_open_nothing(port):
    async def hello(token):
        return await closed_by(port, {"op": "hello", "token": token})

    assert await hello("rubbish") == (4500, "bad_token")
    assert await hello(port.token() + "x") == (4500, "bad_token")
    assert await hello(port.token(ttl_s=-120)) == (4003, "token_expired")
    ban = facts.PersonBanned(person="p_mallory", by="p_x")
    await port.event.append(ban, "ban")
    assert await hello(port.token(person="p_mallory")) == (4501, "banned")


async def test_the_banned_and_the_revoked_are_closed_at_once(port):
    async with (
        port.enter(person="p_mallory") as mallory,
        port.enter(token=port.token(token="t_lost")) as lost,
        port.enter() as other,
    ):
        await port.event.append(facts.PersonBanned(person="p_mallory", by="p_x"), "ban")
        assert await mallory.closed() == (4501, "banned")
        await port.event.append(facts.TokenRevoked(token="t_lost", by="p_x"), "revoke")
        assert await lost.closed() == (4501, "banned")
        assert (await other.ask("unsubscribe", channel="agenda"))["ok"]


async def test_a_connections_token_can_be_refreshed(port):
    async with port.enter("moderator", person="p_mo") as mo:
        await mo.follow("session/opening/moderation")
        newer = port.token("moderator", person="p_mo", ttl_s=7200)
        reply = await mo.ask("refresh", token=newer)
        assert reply["result"]["expires_at_ms"] > mo.welcome["expires_at_ms"]
        others = await mo.ask("refresh", token=port.token("moderator", person="p_other"))
        assert others["error"]["code"] == "forbidden"
        assert (await mo.ask("refresh", token="rubbish"))["error"]["code"] == "bad_token"
        # With a lesser role, what it no longer allows must end.
        assert (await mo.ask("refresh", token=port.token("attendee", person="p_mo")))["ok"]
        assert await mo.closed() == (4002, "roles_changed")


async def test_an_expired_token_closes(port, monkeypatch):
    monkeypatch.setattr(connection_state, "EXPIRED_GRACE_S", -3599.0)
    async with port.enter() as client:
        assert await client.closed() == (4003, "token_expired")


async def test_a_client_without_a_hello_is_closed(port, monkeypatch):
    monkeypatch.setattr(connection_state, "HELLO_DEADLINE_S", 0.1)
    assert await closed_by(port) == (4502, "hello_timeout")


@pytest.mark.parametrize(
    ("messages", "code"),
    [
        (["{"], 4503),
        ([{"op": "clock", "t1": 1}], 4503),
        ([b"\xdd\xff\xff\xff\xff"], 1003),
        (["x" * 65_537], 1009),
    ],
)
async def test_rubbish_instead_of_a_hello(port, messages, code):
    assert (await closed_by(port, *messages))[0] == code


@formats
async def test_rubbish_after_the_hello_is_answered_with_errors(port, format):
    bombs = {
        "json": [
            "",
            "{",
            "[" * 60_000,
            '{"op":5}',
            '{"op":"fly"}',
            '{"op":"clock","t1":"x"}',
            "null",
        ],
        "msgpack": [
            b"",
            b"\xc1",
            b"\x91" * 60_000,
            b"\xdd\xff\xff\xff\xff",
            b"\xdf\xff\xff\xff\xff",
            b"\xdb\xff\xff\xff\xff",
            b"\xc9\xff\xff\xff\xff\x01",
        ],
    }[format]
    async with port.enter(format=format) as client:
        for bomb in bombs:
            await client.ws.send(bomb)
            assert (await client.until("error"))["error"]["code"] == "bad_input"
        assert (await client.ask("unsubscribe", channel="agenda"))["ok"]
        assert (await client.ask("fly"))["error"]["field"] == "op"
        for _ in range(2):
            await client.ws.send(bombs[0])
        assert await client.closed() == (4503, "bad_message")


async def test_a_flood_of_messages_closes_the_connection(port):
    async with port.enter() as client:
        for _ in range(250):
            await client.send("clock", t1=1)
        assert await client.closed() == (4504, "flood")


async def test_a_fault_of_ours_ends_one_connection_only(port, monkeypatch):
    async with port.enter() as one, port.enter() as other:
        monkeypatch.setattr(port.event, "open", lambda *_: 1 / 0)
        await one.send("subscribe", id="1", channel="agenda")
        assert await one.closed() == (1011, "internal")
        monkeypatch.undo()
        await other.follow("agenda")


# Keeping up -------------------------------------------------------------------------------------


def change_of(size):
    text = "x" * size
    return Change(channel="agenda", epoch="e", offset=1, prev=0, at_ms=0, put={"k": text})


async def test_a_slow_client_is_closed_and_its_neighbour_notices_nothing(tmp_path):
    async with (
        LivePort(SCHEDULE, tmp_path, from_ms=OPENS_MS, buffer_limit_bytes=100_000) as port,
        port.enter() as slow,
        port.enter() as neighbour,
    ):
        for client in (slow, neighbour):
            await client.follow("agenda")
        slow.ws.transport.pause_reading()
        hub = port.hub
        sent = 0
        while not port.gateway.counters.closes[4000]:
            hub.on_message("agenda", change_of(50_000))
            sent += 1
            await neighbour.until("change")
        assert sent < 400
        hub.on_message("agenda", change_of(10))
        await neighbour.until("change")
        slow.ws.transport.resume_reading()
        assert await slow.closed() == (4000, "slow")


async def test_large_snapshots_are_not_taken_for_slowness(tmp_path, monkeypatch):
    """Three are asked for in one go; each is far larger than the limit, and nobody reads for a while."""
    size = 12_000_000  # more than the kernel takes for two sockets
    async with (
        LivePort(SCHEDULE, tmp_path, from_ms=OPENS_MS, buffer_limit_bytes=100_000) as port,
        port.enter() as client,
    ):

        def open_large(channel, principal, since):
            items = {"k": "x" * size}
            snapshot = Snapshot(channel=channel, epoch="e", offset=1, items=items, levels={})
            return {}, Opening("snapshot", [snapshot])

        monkeypatch.setattr(port.event, "open", open_large)
        client.ws.transport.pause_reading()
        for channel in ("agenda", "announcements", "me"):
            await client.send("subscribe", id=channel, channel=channel)
        await until(lambda: port.gateway.counters.messages_sent > 1)
        await asyncio.sleep(0.2)
        assert port.gateway.counters.bytes_sent < 2 * size  # the others wait until it is gone
        client.ws.transport.resume_reading()
        for channel in ("agenda", "announcements", "me"):
            await client.until("snapshot", channel=channel)
        assert (await client.ask("unsubscribe", channel="agenda"))["ok"]


# Coming and going -------------------------------------------------------------------------------


async def test_draining_gives_each_its_own_slot(tmp_path):
    async with LivePort(SCHEDULE, tmp_path, from_ms=OPENS_MS) as port:
        entered = [port.enter() for _ in range(5)]
        clients = [await one.__aenter__() for one in entered]
        draining = asyncio.create_task(port.gateway.drain(0.5))
        slots = [(await client.until("drain"))["reconnect_after_ms"] for client in clients]
        assert sorted(slots) == [0, 100, 200, 300, 400]
        async with port.websocket() as late:
            code, reason = await LiveClient(late).closed()
            assert code == 1013
            assert reason.startswith("draining retry_after_ms=")
        for client in clients:
            assert await client.closed() == (1012, "draining retry_after_ms=0")
        async with asyncio.timeout(2):
            await draining
        for one in entered:
            await one.__aexit__(None, None, None)


async def test_a_client_beyond_the_limit_is_told_when_to_come_back(tmp_path):
    async with LivePort(SCHEDULE, tmp_path, from_ms=OPENS_MS, max_connections=1) as port:
        async with port.enter():
            hello = {"op": "hello", "token": port.token()}
            closes = [await closed_by(port, hello) for _ in range(2)]
            assert [code for code, _ in closes] == [1013, 1013]
            waits = {reason.partition("overload retry_after_ms=")[2] for _, reason in closes}
            assert len(waits) == 2
        await until(lambda: port.gateway.counters.connections == 0)
        async with port.enter():
            pass


@pytest.mark.parametrize(("fold", "mode"), [(facts.FOLD_VERSION, "resumed"), (99, "snapshot")])
async def test_after_an_upgrade_clients_resume_only_from_what_the_same_fold_has_shown(
    tmp_path, monkeypatch, fold, mode
):
    async with (
        LivePort(SCHEDULE, tmp_path, from_ms=OPENS_MS) as port,
        port.enter() as client,
    ):
        result, _ = await client.follow("agenda")
    since = {"epoch": result["epoch"], "offset": result["offset"]}
    monkeypatch.setattr(facts, "FOLD_VERSION", fold)
    async with (
        LivePort(SCHEDULE, tmp_path, from_ms=OPENS_MS) as port,
        port.enter() as client,
    ):
        reply = await client.ask("subscribe", channel="agenda", since=since)
        assert reply["result"]["mode"] == mode
        assert reply["result"]["epoch"].startswith(client.welcome["epoch"])


async def test_nothing_stays_of_a_client_however_it_leaves(port):
    async with port.enter() as client:
        await client.follow("agenda")
        await client.follow("me")
    async with port.enter() as client:
        await client.follow("me")
        client.ws.transport.abort()
    async with port.enter() as client:
        await client.follow("me")
        client.ws.transport.write_eof()
        await client.closed()
    await until(lambda: port.gateway.counters.connections == 0)
    hub = port.hub
    assert not hub.connections
    assert not hub._groups._groups
    assert not hub._own


@pytest.mark.parametrize(
    ("options", "path", "status", "code"),
    [
        ({"origin": "https://evil.example"}, None, 403, "foreign_origin"),
        ({"origin": "null"}, None, 403, "foreign_origin"),
        ({"subprotocols": ["chat"]}, None, 400, "bad_input"),
        ({"subprotocols": None}, None, 400, "bad_input"),
        ({}, "/api/v1/events/no-such-event/live", 404, "not_found"),
    ],
)
async def test_upgrades_that_are_refused(port, options, path, status, code):
    with pytest.raises(InvalidStatus) as caught:
        async with port.websocket(path=path, **options):
            pass
    answer = caught.value.response
    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert json.loads(answer.body)["code"] == code


async def test_origins_that_may_connect(tmp_path):
    async with LivePort(
        SCHEDULE, tmp_path, from_ms=OPENS_MS, allow_origins=read_origins(["https://event.example"])
    ) as port:
        for origin in (f"http://127.0.0.1:{port.port}", "https://event.example", None):
            async with port.websocket(origin=origin):
                pass


# Other loops and transports ---------------------------------------------------------------------


async def whole_life(port):
    """Join, follow, be heard, ask and leave; then be slow; then be drained."""
    async with port.enter("producer") as producer, port.enter(format="msgpack") as reader:
        await reader.follow("announcements")
        await producer.command("announcement.make", text="x" * 200)
        assert (await reader.until("change"))["events"]
        await reader.ws.close()
        assert reader.ws.close_code == 1000
    async with port.enter() as slow:
        await slow.follow("agenda")
        slow.ws.transport.pause_reading()
        hub = port.hub
        while not port.gateway.counters.closes[4000]:
            hub.on_message("agenda", change_of(100_000))
            await asyncio.sleep(0)
        slow.ws.transport.resume_reading()
        assert await slow.closed() == (4000, "slow")
    async with port.enter() as client:
        draining = asyncio.create_task(port.gateway.drain(0.1))
        assert (await client.closed())[0] == 1012
        await draining


@pytest.mark.parametrize("run", [asyncio.run, uvloop.run])
@pytest.mark.parametrize("encrypted", [False, True])
def test_both_event_loops_with_and_without_tls(tmp_path, certificate, run, encrypted):
    async def live():
        async with LivePort(
            SCHEDULE, tmp_path, from_ms=OPENS_MS, tls=certificate if encrypted else None
        ) as port:
            await whole_life(port)

    run(live())


@pytest.fixture
def certificate(tmp_path):
    """A context for a server on 127.0.0.1; its clients check nothing."""
    key, cert = tmp_path / "key.pem", tmp_path / "cert.pem"
    subprocess.run(
        [
            *(
                "openssl",
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:prime256v1",
            ),
            *("-nodes", "-keyout", key, "-out", cert, "-days", "2", "-subj", "/CN=localhost"),
        ],
        check=True,
        capture_output=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    return context
