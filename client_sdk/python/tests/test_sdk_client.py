"""The client against a server that misbehaves, leaves, or says no."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from http import HTTPStatus
from typing import Any

import pytest
from scripted_server import Peer, scripted
from websockets.asyncio.server import ServerConnection
from websockets.http11 import Request, Response

from showcaller_client import (
    Client,
    ClientClosed,
    FellBehind,
    NotServed,
    ProtocolFault,
    Refused,
    ShutOut,
    TokenExpired,
    TokenRejected,
    followed,
)
from showcaller_client.codec import Format

FORMATS: list[Format] = ["json", "msgpack"]


def client(url: str, **more: Any) -> Client:
    return Client(url, event="e", **({"token": "a token"} | more))


@pytest.mark.parametrize("format", FORMATS)
async def test_follows_and_commands_in_both_formats(format: Format) -> None:
    async def script(peer: Peer) -> None:
        await peer.welcome()
        await peer.send("something later versions say")
        asked = await peer.accept(offset=4)
        command = await peer.receive("command")
        assert command["args"] == {"session": "s", "text": "Why?", "anonymous": False}
        await peer.change(asked["channel"], 5, 0, put={"q_1": {"text": "Why?"}}, mark=5)
        await peer.send("levels", channel=asked["channel"], epoch="e0", values={"q_1": 3}, mark=5)
        await peer.reply(command, question="q_1", state="approved")

    async with scripted(script) as url, client(url, format=format) as ours:
        questions = await ours.follow("session/s/questions")
        assert await ours.ask("s", "Why?") == {"question": "q_1", "state": "approved"}
        assert questions.items == {"q_1": {"text": "Why?"}}
        assert questions.levels == {"q_1": 3}
        assert ours.welcome["person"] == "p_1"


async def test_resumes_from_the_mark_and_repeats_the_command_under_its_key() -> None:
    commands = []

    async def script(peer: Peer) -> None:
        await peer.welcome()
        if peer.number == 1:
            await peer.accept(offset=4)
            await peer.change("c", 6, 0, put={"a": 1}, events=[{"n": 6}])  # without a mark
            commands.append(await peer.receive("command"))
            await peer.close(1012, "drain retry_after_ms=10")
            return
        asked = await peer.accept(mode="resumed", offset=7)
        assert asked["since"] == {"epoch": "e0", "offset": 4}
        await peer.change("c", 6, 0, put={"a": 1}, events=[{"n": 6}])
        await peer.change("c", 7, 6, put={"b": 2}, events=[{"n": 7}], mark=7)
        commands.append(await peer.receive("command"))
        await peer.reply(commands[-1], done=True)

    async with scripted(script) as url, client(url) as ours:
        channel = await ours.follow("c")
        updates = asyncio.ensure_future(_updates(channel, 3))
        assert await ours.command("question.vote", {"question": "q"}) == {"done": True}
        assert commands[0] == commands[1]
        assert len(commands[0]["key"]) >= 16
        _, first, second = await updates
        assert [*first.events, *second.events] == [{"n": 6}, {"n": 7}]
        assert channel.items == {"a": 1, "b": 2}


async def _updates(channel: followed.Followed, count: int) -> list[followed.Update]:
    updates = []
    async for update in channel:
        updates.append(update)
        if len(updates) == count:
            break
    return updates


async def test_a_gap_is_mended_on_the_same_connection() -> None:
    async def script(peer: Peer) -> None:
        await peer.welcome()
        await peer.accept(offset=4)
        await peer.change("c", 9, 8, put={"late": 1})
        asked = await peer.accept(mode="resumed", offset=9)
        assert asked["since"] == {"epoch": "e0", "offset": 4}
        await peer.change("c", 8, 0, put={"missing": 1})
        await peer.change("c", 9, 8, put={"late": 1}, mark=9)

    async with scripted(script) as url, client(url) as ours:
        channel = await ours.follow("c")
        await channel.wait_until(lambda c: list(c.items) == ["missing", "late"])


async def test_a_heartbeat_tells_of_a_change_that_never_came() -> None:
    async def script(peer: Peer) -> None:
        await peer.welcome()
        await peer.accept(offset=4)
        channels = {"c": {"head": 5, "mark": 5}}
        await peer.send("heartbeat", now_ms=0, epoch="e0", channels=channels)
        await peer.accept(mode="resumed", offset=5)
        await peer.change("c", 5, 0, put={"a": 1}, mark=5)

    async with scripted(script) as url, client(url) as ours:
        channel = await ours.follow("c")
        await channel.wait_until(lambda c: "a" in c.items)


async def test_a_drain_is_left_politely_and_come_back_from() -> None:
    codes = []

    async def script(peer: Peer) -> None:
        await peer.welcome()
        if peer.number == 1:
            await peer.send("drain", reconnect_after_ms=10)
            codes.append(await peer.gone())
        else:
            await peer.accept()

    async with scripted(script) as url, client(url) as ours:
        await ours.follow("c")
        assert ours.connections == 2
    assert codes == [1000]


async def test_until_the_moment_of_a_drain_the_client_stays_and_is_served() -> None:
    async def script(peer: Peer) -> None:
        await peer.welcome()
        if peer.number > 1:
            await peer.accept()
            return
        await peer.accept()
        await peer.send("drain", reconnect_after_ms=400)
        await peer.change("c", 1, 0, put={"a": 1})
        assert await peer.gone() == 1000

    async with scripted(script) as url, client(url) as ours:
        channel = await ours.follow("c")
        await channel.wait_until(lambda c: "a" in c.items)
        assert ours.connections == 1
        await channel.wait_until(lambda _: ours.connections == 2)


async def test_a_drain_that_ends_early_is_come_back_from_at_its_moment() -> None:
    came_s = []

    async def script(peer: Peer) -> None:
        came_s.append(asyncio.get_running_loop().time())
        await peer.welcome()
        await peer.accept()
        if peer.number == 1:
            await peer.send("drain", reconnect_after_ms=300)
            await peer.close(1012, "draining retry_after_ms=0")

    async with scripted(script) as url, client(url) as ours:
        channel = await ours.follow("c")
        await channel.wait_until(lambda _: ours.connections == 2)
    assert came_s[1] - came_s[0] >= 0.3


async def test_a_server_without_heartbeats_is_left_for_a_new_connection() -> None:
    async def script(peer: Peer) -> None:
        await peer.welcome(heartbeat_ms=50)
        if peer.number == 2:
            await peer.accept()

    async with scripted(script) as url, client(url) as ours:
        await ours.follow("c")
        assert ours.connections >= 2


def test_each_silence_in_a_row_doubles_the_patience() -> None:
    ours = client("http://127.0.0.1:1")
    ours.welcome = {"heartbeat_ms": 4_000}
    patience_s = []
    for silences in range(5):
        ours._silences = silences
        patience_s.append(ours._patience_s())
    assert patience_s == [8, 16, 32, 45, 45]


async def test_refused_channels_raise_and_may_be_tried_again() -> None:
    async def script(peer: Peer) -> None:
        await peer.welcome()
        await peer.refuse(await peer.receive("subscribe"), "forbidden")
        await peer.refuse(
            await peer.receive("subscribe"), "unavailable", retry=True, retry_after_ms=1
        )
        await peer.accept()

    async with scripted(script) as url, client(url) as ours:
        with pytest.raises(Refused, match="forbidden"):
            await ours.follow("session/s/moderation")
        await ours.follow("session/s/moderation")


async def test_what_the_server_can_not_write_now_is_sent_again() -> None:
    async def script(peer: Peer) -> None:
        await peer.welcome()
        first = await peer.receive("command")
        await peer.refuse(first, "unavailable", retry=True, retry_after_ms=1)
        second = await peer.receive("command")
        assert second["key"] == first["key"]
        await peer.reply(second, on=True)

    async with scripted(script) as url, client(url) as ours:
        assert await ours.vote("q") == {"on": True}


async def test_a_vote_says_when_it_was_given_and_says_the_same_again() -> None:
    async def script(peer: Peer) -> None:
        await peer.welcome()
        on = await peer.receive("command")
        off = await peer.receive("command")
        assert abs(on["args"]["given_ms"] - time.time() * 1000) < 5_000
        assert off["args"]["given_ms"] > on["args"]["given_ms"]
        await peer.reply(on)
        await peer.refuse(off, "unavailable", retry=True, retry_after_ms=1)
        again = await peer.receive("command")
        assert again["args"] == off["args"]
        await peer.reply(again, on=False)

    async with scripted(script) as url, client(url) as ours:
        _, off = await asyncio.gather(ours.vote("q"), ours.vote("q", False))
        assert off == {"on": False}


async def test_too_fast_is_the_callers_to_know() -> None:
    async def script(peer: Peer) -> None:
        await peer.welcome()
        command = await peer.receive("command")
        await peer.refuse(command, "rate_limited", retry=True, retry_after_ms=2500)

    async with scripted(script) as url, client(url) as ours:
        with pytest.raises(Refused) as refused:
            await ours.ask("s", "again")
        assert refused.value.code == "rate_limited"
        assert refused.value.retry_after_s == 2.5


async def test_an_expired_token_asks_the_provider_for_another() -> None:
    tokens = iter(["old", "new"])
    hellos = []

    async def provider() -> str:
        return next(tokens)

    async def script(peer: Peer) -> None:
        await peer.welcome()
        hellos.append(peer.hello["token"])
        if peer.number == 1:
            await peer.close(4003, "token_expired retry_after_ms=1")
        else:
            await peer.accept()

    async with scripted(script) as url, client(url, token=None, token_provider=provider) as ours:
        await ours.follow("c")
    assert hellos == ["old", "new"]


async def test_a_token_that_is_not_valid_yet_is_shown_again() -> None:
    hellos = []

    async def script(peer: Peer) -> None:
        if peer.number == 1:
            hellos.append((await peer.receive("hello"))["token"])
            await peer.close(4004, "token_not_yet retry_after_ms=1")
        else:
            await peer.welcome()
            hellos.append(peer.hello["token"])
            await peer.accept()

    async with scripted(script) as url, client(url, token="early") as ours:
        await ours.follow("c")
    assert hellos == ["early", "early"]


async def test_an_expired_token_without_a_provider_is_the_end() -> None:
    async def script(peer: Peer) -> None:
        await peer.welcome()
        await peer.accept()
        await peer.receive("command")
        await peer.close(4003, "token_expired")

    async with scripted(script) as url, client(url) as ours:
        channel = await ours.follow("c")
        with pytest.raises(TokenExpired):
            await ours.vote("q")
        with pytest.raises(TokenExpired):
            await channel.wait_until(lambda _: False)
        with pytest.raises(TokenExpired):
            await _updates(channel, 99)
        with pytest.raises(TokenExpired):
            await ours.follow("another")


async def test_a_token_is_refreshed_before_it_expires() -> None:
    fresh = asyncio.Event()

    async def provider() -> str:
        return "newer"

    async def script(peer: Peer) -> None:
        await peer.welcome(ttl_s=1.5)
        refresh = await peer.receive("refresh")
        assert refresh["token"] == "newer"
        await peer.reply(refresh, expires_at_ms=1e15)
        fresh.set()

    async with scripted(script) as url, client(url, token_provider=provider):
        async with asyncio.timeout(5):
            await fresh.wait()


@pytest.mark.parametrize(
    ("code", "error"), [(4500, TokenRejected), (4501, ShutOut), (4503, ProtocolFault)]
)
async def test_some_closes_are_final(code: int, error: type[Exception]) -> None:
    async def script(peer: Peer) -> None:
        assert peer.number == 1
        await peer.receive("hello")
        await peer.close(code, "because")

    async with scripted(script) as url:
        with pytest.raises(error, match="because"):
            async with client(url):
                pass


async def test_rubbish_from_the_server_is_final() -> None:
    async def script(peer: Peer) -> None:
        await peer.socket.send("{no json")

    async with scripted(script) as url:
        with pytest.raises(ProtocolFault):
            async with client(url):
                pass


async def test_a_busy_server_is_asked_again_and_a_missing_event_is_not() -> None:
    answers = [
        Response(HTTPStatus.SERVICE_UNAVAILABLE, "busy", _headers(retry_after="0")),
        None,
        Response(HTTPStatus.NOT_FOUND, "missing", _headers()),
    ]

    def gate(_: ServerConnection, request: Request) -> Response | None:
        assert request.path == "/api/v1/events/e/live"
        return answers.pop(0)

    async def script(peer: Peer) -> None:
        await peer.welcome()

    async with scripted(script, gate) as url:
        async with client(url):
            assert len(answers) == 1
        with pytest.raises(NotServed, match="no such event"):
            async with client(url):
                pass


def _headers(retry_after: str | None = None) -> Any:
    from websockets.datastructures import Headers

    headers = Headers({"Content-Length": "0", "Connection": "close"})
    if retry_after is not None:
        headers["Retry-After"] = retry_after
    return headers


async def test_the_token_stays_out_of_logs_and_addresses(caplog: pytest.LogCaptureFixture) -> None:
    async def script(peer: Peer) -> None:
        assert "top-secret" not in str(peer.socket.request)
        await peer.welcome()
        await peer.accept()

    caplog.set_level(logging.DEBUG, logger="showcaller_client")
    async with scripted(script) as url, client(url, token="top-secret") as ours:
        await ours.follow("c")
    # The scripted server's own library logs what it receives; only ours must keep silent.
    ours_said = [r.getMessage() for r in caplog.records if r.name.startswith("showcaller_client")]
    assert not any("top-secret" in line for line in ours_said)


async def test_a_reader_that_falls_behind_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(followed, "MAX_UNREAD", 3)
    reading = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.welcome()
        await peer.accept()
        await reading.wait()
        for offset in range(1, 9):
            await peer.change("c", offset, offset - 1, put={str(offset): offset})

    async with scripted(script) as url, client(url) as ours:
        channel = await ours.follow("c")
        updates = channel.__aiter__()
        await anext(updates)  # from here on it does not read
        reading.set()
        await channel.wait_until(lambda c: "8" in c.items)
        with pytest.raises(FellBehind):
            for _ in range(9):
                await anext(updates)


async def test_the_first_loop_begins_where_following_did() -> None:
    async def script(peer: Peer) -> None:
        await peer.welcome()
        await peer.accept()
        await peer.change("c", 1, 0, events=[{"n": 1}], put={"a": 1})

    async with scripted(script) as url, client(url) as ours:
        channel = await ours.follow("c")
        await channel.wait_until(lambda c: "a" in c.items)
        snapshot, change = await _updates(channel, 2)
        assert (snapshot.kind, snapshot.put) == ("snapshot", {})
        assert change.events == ({"n": 1},)
        [whole] = await _updates(channel, 1)
        assert (whole.kind, whole.put) == ("snapshot", {"a": 1})


async def test_unfollowing_ends_the_loops_over_it() -> None:
    async def script(peer: Peer) -> None:
        await peer.welcome()
        await peer.accept()
        assert (await peer.receive("unsubscribe"))["channel"] == "c"
        await peer.accept()

    async with scripted(script) as url, client(url) as ours:
        reading = asyncio.ensure_future(_updates(await ours.follow("c"), 99))
        await asyncio.sleep(0)
        await ours.unfollow("c")
        assert len(await reading) == 1
        await ours.follow("c")


async def test_leaving_closes_politely_and_ends_everything() -> None:
    codes = []

    async def script(peer: Peer) -> None:
        await peer.welcome()
        await peer.accept()
        codes.append(await peer.gone())

    async with scripted(script) as url:
        async with client(url) as ours:
            reading = asyncio.ensure_future(_updates(await ours.follow("c"), 99))
            pending = asyncio.ensure_future(ours.vote("q"))
            await asyncio.sleep(0)
        assert len(await reading) == 1
        with pytest.raises(ClientClosed):
            await pending
        with pytest.raises(ClientClosed):
            await ours.vote("q")
    assert codes == [1000]


async def test_a_command_that_can_not_be_encoded_raises_at_once() -> None:
    async def script(peer: Peer) -> None:
        await peer.welcome()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(0.1):
                await peer.receive("command")
                pytest.fail("it was sent")

    async with scripted(script) as url, client(url) as ours:
        with pytest.raises(TypeError):
            await ours.command("x", {"a": object()})


def test_a_client_without_a_token_or_an_http_address_is_a_value_error() -> None:
    with pytest.raises(ValueError, match="token"):
        Client("https://show.example", event="e")
    with pytest.raises(ValueError, match="address"):
        Client("ftp://show.example", event="e", token="t")
