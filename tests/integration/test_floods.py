"""Floods by one address against a real server, and an honest client from elsewhere beside them."""

import asyncio
import json
from contextlib import AsyncExitStack

import aiohttp
import pytest
from websockets.asyncio.client import connect

from showcaller.testing.live_client import LiveClient
from showcaller.testing.serving import ServeProcess

EVENT = "systems-scale-winter-2023"
API = f"/api/v1/events/{EVENT}"
CODE = "a-long-code-7ZqK"
FLOOD, HONEST = "203.0.113.5", "198.51.100.9"


@pytest.fixture
async def server(tmp_path, schedule_path):
    options = ("--rehearse-from", "-2m", "--media-workers", "0", "--behind-proxy")
    invited = ("--registration", "invite", "--invite-code", CODE)
    async with ServeProcess(schedule_path, *options, *invited, data=tmp_path / "data") as process:
        yield process


@pytest.fixture
async def http(server):
    async with aiohttp.ClientSession(server.url) as session:
        yield session


@pytest.fixture
async def stack():
    async with AsyncExitStack() as stack:
        yield stack


async def enter(server, stack, *roles, address=HONEST, **more):
    """A live client from that address that has been welcomed."""
    ws = await stack.enter_async_context(
        connect(
            f"{server.live_url}{API}/live",
            subprotocols=["showcaller.v1+json"],
            additional_headers={"X-Forwarded-For": address},
            proxy=None,
            max_size=None,
        )
    )
    client = LiveClient(ws)
    await client.hello(server.token(EVENT, *roles, **more))
    return client


async def metric(http, name):
    async with http.get("/metrics") as answer:
        lines = (await answer.text()).splitlines()
    return next((float(line.split()[-1]) for line in lines if line.startswith(name + " ")), 0.0)


async def reached(http, limit, least=1):
    """Wait until the limit is told to have been reached so often: measurements are half a second old."""
    async with asyncio.timeout(10):
        while True:
            if await metric(http, f'showcaller_limited_total{{limit="{limit}"}}') >= least:
                return
            await asyncio.sleep(0.05)


def headers(address, token=""):
    bearer = {"Authorization": f"Bearer {token}"} if token else {}
    return {"X-Forwarded-For": address, **bearer}


# Guesses ------------------------------------------------------------------------------------------


async def register(http, address, code):
    wanted = {"name": "Ada", "invite_code": code}
    async with http.post(f"{API}/registrations", json=wanted, headers=headers(address)) as answer:
        return answer.status, await answer.json(content_type=None), answer.headers


async def test_invite_codes_are_guessed_slowly_from_one_address_and_others_register(server, http):
    tries = [await register(http, f"{FLOOD}:{n}", f"guess {n}") for n in range(60)]
    statuses = [status for status, _, _ in tries]
    assert statuses[:30] == [403] * 30
    assert statuses[31:] == [429] * 29
    problem, answer_headers = tries[-1][1:]
    assert problem["code"] == "rate_limited" and int(answer_headers["Retry-After"]) >= 1
    assert (await register(http, f"::ffff:{FLOOD}", CODE))[0] == 429  # not even the right one
    assert (await register(http, HONEST, CODE))[0] == 201
    await reached(http, "invite_codes", 29)
    (line,) = server.log_lines("limit.reached")
    assert (line["limit"], line["address"]) == ("invite_codes", FLOOD)
    assert "guess" not in server.log_text()


async def test_short_links_are_guessed_slowly_from_one_address(server, http):
    async def use(code, address):
        body = {"code": code, "browser": "a browser's secret"}
        async with http.post(f"{API}/codes/use", json=body, headers=headers(address)) as answer:
            return answer.status, await answer.json(content_type=None)

    tries = [await use(f"guess{n}", FLOOD) for n in range(65)]
    assert [status for status, _ in tries[:60]] == [404] * 60
    assert (tries[-1][0], tries[-1][1]["code"]) == (429, "rate_limited")
    more = headers(HONEST, server.token(EVENT))
    async with http.post(f"{API}/codes", headers=more) as answer:
        made = await answer.json()
    assert (await use(made["code"], HONEST))[0] == 201


async def test_one_network_in_many_spellings_guesses_as_one(server, http):
    statuses = []
    for n in range(40):
        address = (f"2001:db8::{n:x}", f"[2001:DB8:0:0::{n:x}]:80", f"9.9.9.9, 2001:db8::{n:x}")[
            n % 3
        ]
        statuses.append((await register(http, address, f"guess {n}"))[0])
    assert statuses.count(403) <= 31


async def test_wrong_tokens_are_answered_late_and_good_ones_at_once(server, http, stack):
    async def ask(token, address):
        async with http.post(f"{API}/tokens", headers=headers(address, token)) as answer:
            return answer.status

    wrong = [f"eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.e30.guess{n}" for n in range(120)]
    flood = [asyncio.create_task(ask(token, FLOOD)) for token in wrong]
    assert await ask(server.token(EVENT), FLOOD) == 201  # a neighbour of theirs
    assert await ask(wrong[0], HONEST) == 401
    client = await enter(server, stack)
    await client.follow("agenda")
    assert set(await asyncio.gather(*flood)) == {401}
    await reached(http, "tokens")


async def test_a_live_connection_with_a_wrong_token_is_held_and_then_refused(server, stack):
    url, more = f"{server.live_url}{API}/live", {"X-Forwarded-For": FLOOD}
    codes = []
    for _ in range(103):
        async with connect(
            url, subprotocols=["showcaller.v1+json"], additional_headers=more, proxy=None
        ) as ws:
            client = LiveClient(ws)
            await client.send("hello", token="x.y.z")
            await client.send("hello", token=server.token(EVENT))  # the first one counts
            codes.append((await client.closed())[0])
    assert codes == [4500] * 103


# Answers ------------------------------------------------------------------------------------------


async def asked_until_refused(client, channel, times):
    """Ask for the channel so often, five at a time; return the error of the first that is refused."""
    for number in range(0, times, 5):
        for place in range(5):
            await client.send("subscribe", id=str(number + place), channel=channel)
        replies = [await client.until("reply") for _ in range(5)]
        if refused := [reply["error"] for reply in replies if not reply["ok"]]:
            return refused[0]
    return None


async def test_one_channel_asked_for_again_and_again_is_paid_for_by_bytes(server, http, stack):
    desk = await enter(server, stack, "moderator")
    await desk.command("qa.open", session="opening")
    for n in range(30):
        asker = await enter(server, stack, address=f"192.0.2.{n}")
        desk = await enter(server, stack, "moderator")
        for k in range(3):
            asked = await asker.command(
                "question.ask", session="opening", text=f"{n}.{k}" + "é" * 480
            )
            assert asked["ok"], asked
            about = {"question": asked["result"]["question"]}
            assert (await desk.command("question.approve", **about))["ok"]
    before, refused = await metric(http, "showcaller_bytes_sent_total"), None
    for _ in range(8):  # sockets: each may send only so many messages
        greedy = await enter(server, stack, address=FLOOD, person="p_greedy")
        refused = await asked_until_refused(greedy, "session/opening/questions", 60)
        if refused:
            break
    assert (refused["code"], refused["retry"]) == ("rate_limited", True)
    assert refused["retry_after_ms"] > 0
    await reached(http, "answers")
    assert await metric(http, "showcaller_bytes_sent_total") - before < 30 << 20
    again = await enter(server, stack, address=FLOOD, person="p_greedy")
    for number in range(3):  # each refusal is a moment in which nothing is read, and no more
        await again.ask("subscribe", channel="session/opening/questions")
        await again.send("clock", t1=float(number))
        await again.until("clock", t1=float(number))
    honest = await enter(server, stack)
    await honest.follow("session/opening/questions")


# Commands and questions ---------------------------------------------------------------------------


async def offset(http):
    return await metric(http, f'showcaller_log_offset{{event="{EVENT}"}}')


async def test_refused_commands_leave_nothing_in_the_log(server, http, stack):
    desk, author = await enter(server, stack, "moderator"), await enter(server, stack)
    await desk.command("qa.open", session="opening")
    asked = (await author.command("question.ask", session="opening", text="Why?"))["result"]
    flooders = [await enter(server, stack, address=FLOOD) for _ in range(20)]
    head = flooders[-1].welcome["head"]

    async def flood(client):
        replies = [await client.command("question.withdraw", **only(asked)) for _ in range(15)]
        return [reply["error"]["code"] for reply in replies]

    codes = [code for found in await asyncio.gather(*map(flood, flooders)) for code in found]
    assert set(codes) == {"forbidden", "rate_limited"}
    newcomer = await enter(server, stack)
    assert newcomer.welcome["head"] - head <= 5  # what the clock called meanwhile
    assert (await author.command("question.withdraw", **only(asked)))["ok"]


def only(asked):
    return {"question": asked["question"]}


async def test_a_flood_of_questions_is_rejected_by_one_command_and_newcomers_ask_on(
    server, http, stack
):
    desk = await enter(server, stack, "moderator")
    await desk.command("qa.open", session="opening")

    async def flood():
        client = await enter(server, stack, address=FLOOD)
        return [
            await client.command("question.ask", session="opening", text="Spam") for _ in range(4)
        ]

    floods = await asyncio.gather(*(flood() for _ in range(40)))
    taken = [one["result"]["question"] for found in floods for one in found if one["ok"]]
    newcomer = await enter(server, stack)
    asked = await newcomer.command("question.ask", session="opening", text="Why?")
    assert asked["ok"]
    done = await desk.command("question.reject_all", question=taken[0], of="address", ban=True)
    assert done["result"] == {"rejected": len(taken), "banned": 40}
    _, snapshot = await desk.follow("session/opening/moderation")
    states = {id: item["state"] for id, item in snapshot["items"].items()}
    assert {states[id] for id in taken} == {"rejected"}
    assert states[asked["result"]["question"]] == "pending"


# HTTP ---------------------------------------------------------------------------------------------


async def test_a_flood_over_http_holds_up_nobody_who_is_in(server, http, stack):
    client = await enter(server, stack)
    producer = server.token(EVENT, "producer")
    paths = ("/metrics", f"{API}/export", API, f"{API}/agenda.ics", f"{API}/exports/quality.json")
    done = asyncio.Event()

    async def flood(number):
        served = 0
        while not done.is_set():
            more = headers(FLOOD, producer) | {"Host": f"h{number}-{served}.example"}
            async with http.get(paths[number % len(paths)], headers=more) as answer:
                await answer.read()
                served += answer.status == 200
        return served

    flooding = [asyncio.create_task(flood(number)) for number in range(20)]
    for number in range(50):
        await client.send("clock", t1=float(number))
        await client.until("clock", t1=float(number))
        newcomer = await enter(server, stack)
        await newcomer.follow("agenda")
    done.set()
    served = await asyncio.gather(*flooding)
    assert min(served[0::5]) > 0 and min(served[1::5]) > 0


async def test_calendars_of_made_up_hosts_are_made_a_few_times_for_each_address(server, http):
    async def ask(address, host):
        more = headers(address) | {"Host": host}
        async with http.get(f"{API}/agenda.ics", headers=more) as answer:
            return answer.status

    statuses = [await ask(FLOOD, f"h{n}.example") for n in range(40)]
    assert statuses[:5] == [200] * 5 and 429 in statuses
    assert await ask(FLOOD, "h39.example") in (200, 429)
    assert await ask(HONEST, "mine.example") == 200


async def test_an_export_is_whole_though_it_leaves_in_helpings(server, http, stack):
    desk = await enter(server, stack, "moderator")
    for n in range(15):
        await desk.command("announcement.make", text=f"Number {n}")
    async with http.get(
        f"{API}/export", headers=headers(HONEST, server.token(EVENT, "ops"))
    ) as answer:
        lines = [json.loads(line) for line in (await answer.read()).splitlines()]
    assert [line["offset"] for line in lines] == list(range(1, len(lines) + 1))
    assert sum(line["fact"]["fact"] == "announcement.made" for line in lines) == 15


async def test_who_is_refused_on_and_on_is_answered_a_few_times_a_second(server, stack):
    eager = await enter(server, stack, address=FLOOD)
    refused = 0
    began_s = asyncio.get_running_loop().time()
    while refused < 10:
        reply = await eager.command("question.vote", question="none", on=True)
        refused += reply["error"]["code"] == "rate_limited"
    # Four are answered at once; each one after them costs its sender a quarter of a second.
    assert asyncio.get_running_loop().time() - began_s >= 5 * 0.25
    desk = await enter(server, stack, "moderator")
    assert (await desk.command("qa.open", session="opening"))["ok"]
    honest = await enter(server, stack)
    assert (await honest.command("question.ask", session="opening", text="Is it mine?"))["ok"]
