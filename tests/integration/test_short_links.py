"""Short links on a real server: a code that becomes the token it was made from, in one browser."""

from __future__ import annotations

from contextlib import asynccontextmanager

import aiohttp
import pytest
import pytest_asyncio

from showcaller.testing.serving import SECRET, ServeProcess
from showcaller.tokens import Tokens
from showcaller_client import Client, Refused, use_code

EVENT = "ev"
HERE, THERE = "a browser's own secret", "another browser's one"
SCHEDULE = """
event: {id: ev, title: E, time_zone: UTC}
days: [{date: 2040-05-01}]
sessions: [{id: a, title: A, starts: "09:00", minutes: 60}]
"""

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("links")
    path = folder / "event.yaml"
    path.write_text(SCHEDULE)
    async with ServeProcess(path, "--media-workers", "0", data=folder / "data") as process:
        yield process


@asynccontextmanager
async def api(server):
    async with aiohttp.ClientSession(f"{server.url}/api/v1/events/{EVENT}/") as http:
        yield http


async def made(http, token: str) -> tuple[int, dict]:
    async with http.post("codes", headers={"Authorization": f"Bearer {token}"}) as answer:
        return answer.status, await answer.json()


async def used(http, code: str, browser: str = HERE) -> tuple[int, dict]:
    async with http.post("codes/use", json={"code": code, "browser": browser}) as answer:
        return answer.status, await answer.json()


async def test_a_code_becomes_a_token_with_the_same_rights(server):
    given = server.token(EVENT, "speaker", name="Sam", sessions=("a",))
    async with api(server) as http:
        _, code = await made(http, given)
    grant = await use_code(server.url, EVENT, code["code"].upper(), HERE)
    assert (grant.name, grant.roles) == ("Sam", ("speaker",))
    before, after = (Tokens(SECRET).verify(one, EVENT) for one in (given, grant.token))
    assert after == before  # to the second at which it ends, and to the id by which it is revoked


async def test_a_code_serves_the_browser_that_used_it_first_again_and_no_other(server):
    async with api(server) as http:
        _, code = await made(http, server.token(EVENT, "moderator"))
        assert (await used(http, code["code"]))[0] == 201
        assert (await used(http, code["code"]))[0] == 201
        status, problem = await used(http, code["code"], THERE)
        assert (status, problem["code"]) == (409, "link_used")


async def test_what_is_no_code_is_nothing(server):
    async with api(server) as http:
        for code in ("abcdefghjkmn", "x", "é" * 64):
            status, problem = await used(http, code)
            assert (status, problem["code"]) == (404, "no_link")
        assert (await used(http, "x" * 65))[0] == 400
        assert (await made(http, "rubbish"))[0] == 401


async def test_a_code_of_somebody_who_was_shut_out_lets_nobody_in(server):
    token = server.token(EVENT, "attendee")
    person = Tokens(SECRET).verify(token, EVENT).person
    async with api(server) as http:
        _, code = await made(http, token)
        async with Client(
            server.url, event=EVENT, token=server.token(EVENT, "moderator")
        ) as moderator:
            await moderator.command("person.ban", {"person": person})
        status, problem = await used(http, code["code"])
        assert (status, problem["code"]) == (403, "banned")


async def invited(server, **args) -> dict:
    async with Client(server.url, event=EVENT, token=server.token(EVENT, "producer")) as producer:
        return await producer.invite_guest("a", **args)


async def test_a_guests_link_becomes_a_speaker_of_that_session_in_one_browser(server):
    link = await invited(server)
    async with api(server) as http:
        status, problem = await used(http, link["code"])
        assert (status, problem["code"], problem["field"]) == (400, "name_needed", "name")
    grant = await use_code(server.url, EVENT, link["code"], THERE, name="  Grace   Hopper ")
    assert (grant.name, grant.roles, grant.person) == (
        "Grace Hopper",
        ("speaker",),
        link["person"],
    )
    who = Tokens(SECRET).verify(grant.token, EVENT)
    assert (who.sessions, who.token) == ({"a"}, link["token"])
    again = await use_code(server.url, EVENT, link["code"], THERE)  # as another tab does
    assert again.name == "Grace Hopper"
    async with api(server) as http:
        status, problem = await used(http, link["code"], HERE)
        assert (status, problem["code"]) == (409, "link_used")


async def test_a_guests_link_that_was_revoked_lets_nobody_in(server):
    link = await invited(server, days=1)
    headers = {"Authorization": f"Bearer {server.token(EVENT, 'ops')}"}
    async with api(server) as http:
        async with http.get("tokens", headers=headers) as answer:
            waiting = {one["token"]: one for one in (await answer.json())["guests"]}
        assert waiting[link["token"]]["session"] == "a"
        async with Client(server.url, event=EVENT, token=server.token(EVENT, "ops")) as ops:
            await ops.command("token.revoke", {"token": link["token"]})
        async with http.get("tokens", headers=headers) as answer:
            assert link["token"] not in {one["token"] for one in (await answer.json())["guests"]}
    with pytest.raises(Refused) as refused:
        await use_code(server.url, EVENT, link["code"], HERE, name="Grace")
    assert refused.value.code == "banned"


async def test_a_guest_is_invited_once_however_often_the_command_comes(server):
    token = server.token(EVENT, "producer")
    async with api(server) as http:
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": "one guest"}
        results = []
        for _ in range(2):
            async with http.post(
                "commands/guest.invite", json={"session": "a"}, headers=headers
            ) as answer:
                results.append(await answer.json())
    assert results[0] == results[1]
    assert "code" in str(results[0])


async def test_neither_code_nor_token_is_in_what_the_server_keeps_or_logs(server):
    token = server.token(EVENT, "producer")
    async with api(server) as http:
        _, code = await made(http, token)
        _, grant = await used(http, code["code"])
    kept = b"".join(path.read_bytes() for path in server.data.iterdir() if path.is_file())
    for secret in (code["code"], token, grant["token"]):
        assert secret.encode() not in kept
        assert secret not in server.log_text()
