"""The audit and the staff's tokens, as producers read them on every node."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from showcaller.testing.redis_server import RedisServer
from showcaller.testing.serving import ServeProcess
from showcaller.testing.until import until
from showcaller_client import Client
from showcaller_client.errors import Refused, Terminal

EVENT = "systems-scale-winter-2023"
API = f"/api/v1/events/{EVENT}"
INVITED = ("--registration", "invite", "--invite-code", "sesame", "--media-workers", "0")


class Web:
    """HTTP of one node, as somebody."""

    def __init__(self, node: ServeProcess, token: str = "") -> None:
        self._node = node
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}

    async def ask(self, method: str, path: str, **more: Any) -> tuple[int, Any]:
        async with (
            aiohttp.ClientSession(self._node.url, headers=self._headers) as http,
            http.request(method, API + path, **more) as answer,
        ):
            is_json = "json" in answer.content_type
            return answer.status, await (answer.json() if is_json else answer.text())

    async def entries(self) -> list[dict[str, Any]]:
        status, audit = await self.ask("GET", "/exports/audit.json")
        assert status == 200
        return list(audit["entries"])

    async def tokens(self, query: str = "") -> list[dict[str, Any]]:
        status, found = await self.ask("GET", f"/tokens{query}")
        assert status == 200
        return list(found["tokens"])


@pytest.fixture
async def nodes(schedule_path: Path, tmp_path: Path) -> AsyncIterator[list[ServeProcess]]:
    with RedisServer() as redis:
        options = ("--broker", redis.url, "--rehearse-from", "-2m", *INVITED)
        started = [ServeProcess(schedule_path, *options, data=tmp_path / name) for name in "ab"]
        async with started[0], started[1]:
            yield started


def of(entries: list[dict[str, Any]], what: str) -> list[dict[str, Any]]:
    return [entry for entry in entries if entry["what"] == what]


async def test_producers_read_who_came_in_and_who_was_refused_on_every_node(
    nodes: list[ServeProcess],
) -> None:
    here, there = nodes
    producer = here.token(EVENT, "producer", person="p_pro", token="t_pro")
    for code in ("please", "open", "me"):
        body = {"name": "Eve", "invite_code": code}
        assert (await Web(here).ask("POST", "/registrations", json=body))[0] == 403
    body = {"name": "Ada", "invite_code": "sesame"}
    _, ada = await Web(here).ask("POST", "/registrations", json=body)
    assert (await Web(here, ada["token"]).ask("POST", "/tokens"))[0] == 201
    assert (await Web(here, "rubbish").ask("POST", "/commands/clock.hold"))[0] == 401
    use = {"code": "23456789abcd", "browser": "a secret of one browser"}
    assert (await Web(here).ask("POST", "/codes/use", json=use))[0] == 404
    with pytest.raises(Terminal):
        async with Client(here.url, event=EVENT, token="not.a.token"):
            pass
    async with Client(here.url, event=EVENT, token=producer) as client:
        await client.command("person.ban", {"person": ada["person"]})
    assert (await Web(here, ada["token"]).ask("GET", "/tokens"))[0] == 403

    reader = Web(there, producer)
    refused = {"login.refused", "registration.refused", "link.refused"}
    wanted = {"registration", "renewal", "person.banned", *refused}

    async def have_come() -> bool:
        return wanted <= {entry["what"] for entry in await reader.entries()}

    await until(have_come)
    entries = await reader.entries()
    (registration,) = of(entries, "registration")
    (renewal,) = of(entries, "renewal")
    assert registration["person"] == ada["person"] == renewal["person"]
    assert registration["token"] == renewal["token"]
    assert registration["address"] == "127.0.0.1"
    guesses = of(entries, "registration.refused")
    assert sum(entry.get("count", 1) for entry in guesses) == 3
    assert {entry["code"] for entry in guesses} == {"bad_invite_code"}
    assert [entry["code"] for entry in of(entries, "link.refused")] == ["no_link"]
    failed = {(one["code"], one.get("person")) for one in of(entries, "login.refused")}
    assert failed == {("bad_token", None), ("banned", ada["person"])}
    (banned,) = of(entries, "person.banned")
    assert (banned["person"], banned["by"]) == (ada["person"], "p_pro")
    (came,) = of(entries, "staff.came")
    assert (came["person"], came["token"], came["roles"]) == ("p_pro", "t_pro", ["producer"])
    times = [entry["at_ms"] for entry in entries]
    assert times == sorted(times, reverse=True)
    assert not any("Ada" in str(entry) or "sesame" in str(entry) for entry in entries)

    _, table = await reader.ask("GET", "/exports/audit.csv")
    assert {row["what"] for row in csv.DictReader(io.StringIO(table))} >= wanted


@pytest.mark.parametrize("role", ["attendee", "speaker", "moderator"])
async def test_the_audit_is_for_producers_and_ops(server: ServeProcess, role: str) -> None:
    for path in ("/exports/audit.json", "/exports/audit.csv", "/tokens"):
        assert (await Web(server, server.token(EVENT, role)).ask("GET", path))[0] == 403
        assert (await Web(server).ask("GET", path))[0] == 401
        assert (await Web(server, server.token(EVENT, "ops")).ask("GET", path))[0] == 200


async def test_the_newest_entries_may_be_asked_for_alone(server: ServeProcess) -> None:
    ops = Web(server, server.token(EVENT, "ops"))
    await Web(server, "rubbish").ask("GET", "/tokens")
    _, audit = await ops.ask("GET", "/exports/audit.json?limit=1")
    assert len(audit["entries"]) == 1
    for limit in ("0", "-1", "all", "9" * 30, "²"):
        assert (await ops.ask("GET", "/exports/audit.json", params={"limit": limit}))[0] == 400


async def test_links_are_listed_and_revoked_by_person(server: ServeProcess) -> None:
    producer = server.token(EVENT, "producer", person="p_pro", token="t_pro")
    desk = Web(server, producer)
    links = [
        server.token(EVENT, "moderator", person="p_mo", token=f"t_{n}", name="Mo") for n in "ab"
    ]
    for link in links:
        assert (await Web(server, link).ask("POST", "/tokens"))[0] == 201

    async def are_listed() -> bool:
        return {one["token"] for one in await desk.tokens()} == {"t_a", "t_b", "t_pro"}

    await until(are_listed)
    theirs = await desk.tokens("?person=p_mo")
    assert {one["token"] for one in theirs} == {"t_a", "t_b"}
    assert not any(one["revoked"] for one in theirs)
    assert {tuple(one["roles"]) for one in theirs} == {("moderator",)}
    status, renewed = await Web(server, links[0]).ask("POST", "/tokens")
    assert status == 201

    revoke = "/commands/token.revoke"
    assert (await desk.ask("POST", revoke, json={"person": "p_mo"}))[0] == 200
    for token in (*links, renewed["token"]):  # what was renewed goes with it
        assert (await Web(server, token).ask("POST", "/tokens"))[0] == 403
    assert all(one["revoked"] for one in await desk.tokens("?person=p_mo"))
    assert not any(one["revoked"] for one in await desk.tokens("?person=p_pro"))


async def test_an_attendees_tokens_are_found_by_the_person(server: ServeProcess) -> None:
    _, ada = await Web(server).ask("POST", "/registrations", json={"name": "Ada"})
    desk = Web(server, server.token(EVENT, "producer"))
    (known,) = await desk.tokens(f"?person={ada['person']}")
    assert (known["name"], known["roles"], known["revoked"]) == ("Ada", ["attendee"], False)
    body = {"token": known["token"]}
    assert (await desk.ask("POST", "/commands/token.revoke", json=body))[0] == 200
    (known,) = await desk.tokens(f"?person={ada['person']}")
    assert known["revoked"]


async def test_a_moderator_cant_ban_a_producer_who_is_there(server: ServeProcess) -> None:
    producer = server.token(EVENT, "producer", person="p_pro")
    moderator = server.token(EVENT, "moderator", person="p_mo")
    async with (
        Client(server.url, event=EVENT, token=producer) as leading,
        Client(server.url, event=EVENT, token=moderator) as moderating,
    ):
        desk = Web(server, producer)
        await until(lambda: _is_known(desk, "p_pro"))
        with pytest.raises(Refused, match="producers"):
            await moderating.command("person.ban", {"person": "p_pro"})
        answer = await leading.command("person.ban", {"person": "p_mo"})
        assert answer == {"holds": "until_they_register_again"}


async def _is_known(desk: Web, person: str) -> bool:
    return bool(await desk.tokens(f"?person={person}"))
