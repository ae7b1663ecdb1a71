"""One process with embedded defaults: registration, commands, health, what operators see."""

import asyncio
import json
import stat
from datetime import timedelta

import aiohttp
import pytest
from ical.calendar_stream import IcsCalendarStream

from showcaller import metrics
from showcaller.api.health import own_measurements
from showcaller.app import Server
from showcaller.broker.sqlite import SqliteBroker
from showcaller.settings import Settings
from showcaller.testing.serving import SECRET, ServeProcess

EVENT = "systems-scale-winter-2023"
API = f"/api/v1/events/{EVENT}"


@pytest.fixture
async def http():
    async with aiohttp.ClientSession() as session:
        yield session


async def problem(answer):
    assert answer.content_type == "application/problem+json", await answer.text()
    return await answer.json(content_type=None)


async def test_health_and_metrics(server, http):
    for path in ("/healthz", "/readyz"):
        async with http.get(server.url + path) as answer:
            assert answer.status == 200
    async with http.get(server.url + "/metrics") as answer:
        text = await answer.text()
    for name in (
        "showcaller_connections",
        "showcaller_messages_sent_total",
        "showcaller_append_seconds_bucket",
        "showcaller_cue_late_seconds_bucket",
        "showcaller_loop_lag_seconds",
        "showcaller_log_offset",
        "showcaller_broker_up 1.0",
        "showcaller_media_stage_viewers",
    ):
        assert name in text, name


async def test_anybody_registers_and_asks(server, http):
    async with http.post(f"{server.url}{API}/registrations", json={"name": " Ada  L. "}) as answer:
        assert answer.status == 201
        ada = await answer.json()
    assert ada["name"] == "Ada L."
    assert ada["roles"] == ["attendee"]
    headers = {"Authorization": f"Bearer {ada['token']}"}
    moderator = {"Authorization": f"Bearer {server.token(EVENT, 'moderator')}"}
    async with http.post(
        f"{server.url}{API}/commands/qa.open", json={"session": "opening"}, headers=moderator
    ) as answer:
        assert answer.status in (200, 409)  # the doors may have opened it
    ask = {"session": "opening", "text": "Why one clock?"}
    keyed = headers | {"Idempotency-Key": "k1"}
    answers = []
    for _ in range(2):
        async with http.post(
            f"{server.url}{API}/commands/question.ask", json=ask, headers=keyed
        ) as a:
            assert a.status == 200, await a.text()
            answers.append(await a.json())
    assert answers[0] == answers[1]


async def test_a_token_is_renewed(server, http):
    old = server.token(EVENT, "moderator", name="Mo")
    async with http.post(
        f"{server.url}{API}/tokens", headers={"Authorization": f"Bearer {old}"}
    ) as answer:
        assert answer.status == 201
        renewed = await answer.json()
    assert renewed["roles"] == ["moderator"]


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("GET", "/api/v1/events/nothing", None, 404, "not_found"),
        ("GET", "/nowhere", None, 404, "not_found"),
        ("PUT", f"{API}/registrations", None, 405, "method_not_allowed"),
        ("POST", f"{API}/registrations", b"{", 400, "bad_input"),
        ("POST", f"{API}/registrations", b'{"name": 5}', 400, "bad_input"),
        ("POST", f"{API}/registrations", b'{"name": ""}', 400, "bad_input"),
        ("POST", f"{API}/registrations", b'{"name": "\\u0007"}', 400, "bad_text"),
        ("POST", f"{API}/registrations", b'{"name": "' + b"x" * 70_000 + b'"}', 413, "too_large"),
        ("POST", f"{API}/commands/qa.open", b"{}", 401, "no_token"),
        ("GET", f"{API}/export", None, 401, "no_token"),
    ],
)
async def test_rubbish_gets_its_documented_error(server, http, method, path, body, status, code):
    headers = {"Content-Type": "application/json"} if body else {}
    async with http.request(method, server.url + path, data=body, headers=headers) as answer:
        described = await problem(answer)
        assert (answer.status, described["code"]) == (status, code)


async def test_roles_are_needed(server, http):
    headers = {"Authorization": f"Bearer {server.token(EVENT, 'attendee')}"}
    async with http.get(f"{server.url}{API}/export", headers=headers) as answer:
        assert answer.status == 403
    async with http.post(
        f"{server.url}{API}/commands/clock.hold", json={}, headers=headers
    ) as answer:
        assert (await problem(answer))["code"] == "forbidden"


async def test_the_agenda_has_an_etag_and_a_calendar(server, http):
    async with http.get(server.url + API) as answer:
        agenda = await answer.json()
        etag = answer.headers["ETag"]
    assert len([key for key in agenda["items"] if key.startswith("session:")]) == 11
    async with http.get(server.url + API, headers={"If-None-Match": etag}) as answer:
        assert answer.status in (304, 200)  # 200 when a cue was called in between
    async with http.get(f"{server.url}{API}/agenda.ics") as answer:
        assert answer.content_type == "text/calendar"
        assert (await answer.text()).count("BEGIN:VEVENT") == 11


async def test_a_calendar_is_the_same_at_every_address_and_sent_once(server, http):
    url = f"{server.url}{API}/agenda.ics"
    ids = set()
    for host in ("a.example", "b.example:8443", "[::1]:80"):
        async with http.get(url, headers={"Host": host}) as answer:
            lines = (await answer.text()).splitlines()
        ids.add(tuple(line for line in lines if line.startswith("UID:")))
        assert any(f"http://{host}/e/{EVENT}/" in line for line in lines)
    assert len(ids) == 1
    async with http.get(url, headers={"Accept-Encoding": "gzip"}) as answer:
        assert answer.headers["Content-Encoding"] == "gzip"
        etag = answer.headers["ETag"]
    async with http.get(url, headers={"If-None-Match": etag}) as answer:
        assert answer.status in (304, 200)  # 200 when a cue was called in between


async def test_a_calendar_does_not_repeat_a_host_that_is_longer_than_any(server, http):
    url = f"{server.url}{API}/agenda.ics"
    async with http.get(url, headers={"Host": f"{'a' * 8_000}.example"}) as answer:
        assert answer.status == 400
        assert (await problem(answer))["field"] == "Host"


async def test_ones_own_calendar_has_ones_favourites_and_follows_a_delay(server, http):
    attendee = {"Authorization": f"Bearer {server.token(EVENT, 'attendee')}"}
    commands = f"{server.url}{API}/commands"
    talk = {"session": "conveyor"}

    async def command(name, args, headers):
        async with http.post(f"{commands}/{name}", json=args, headers=headers) as answer:
            assert answer.status == 200
            return await answer.json()

    async def own_calendar(path):
        async with http.get(f"{server.url}{path}") as answer:
            assert answer.headers["Cache-Control"] == "private, no-cache"
            text = await answer.text()
        assert path not in text
        return IcsCalendarStream.calendar_from_ics(text).events

    await command("session.star", talk | {"on": True}, attendee)
    path = (await command("calendar.show", {}, attendee))["path"]
    (before,) = await own_calendar(path)
    producer = {"Authorization": f"Bearer {server.token(EVENT, 'producer')}"}
    await command("session.delay", talk | {"minutes": 9}, producer)
    (after,) = await own_calendar(path)
    assert (after.uid, after.dtstart - before.dtstart) == (before.uid, timedelta(minutes=9))
    assert after.sequence > before.sequence
    await command("session.star", talk | {"on": False}, attendee)
    assert await own_calendar(path) == []
    assert (await command("calendar.renew", {}, attendee))["path"] != path
    async with http.get(f"{server.url}{path}") as answer:
        assert answer.status == 404
        assert (await problem(answer))["code"] == "not_found"
    assert path.rpartition("/")[2] not in server.log_text()


async def test_a_list_of_events_and_the_description_are_sent_once(server, http):
    for path in ("/api/v1/events", "/api/v1/openapi.json"):
        async with http.get(server.url + path) as answer:
            etag = answer.headers["ETag"]
        async with http.get(server.url + path, headers={"If-None-Match": etag}) as answer:
            assert answer.status in (304, 200)


async def test_the_export_hides_the_salt_and_replays(server, http, tmp_path):
    headers = {"Authorization": f"Bearer {server.token(EVENT, 'producer')}"}
    async with http.get(f"{server.url}{API}/export", headers=headers) as answer:
        lines = [json.loads(line) for line in (await answer.text()).splitlines()]
    assert lines[0]["fact"]["fact"] == "run.started"
    assert lines[0]["fact"]["salt"] == ""
    assert [line["offset"] for line in lines] == list(range(1, len(lines) + 1))


async def test_producers_get_the_quality_of_talks(server, http):
    headers = {"Authorization": f"Bearer {server.token(EVENT, 'producer')}"}
    async with http.get(f"{server.url}{API}/exports/quality.json", headers=headers) as answer:
        assert await answer.json() == {"event": EVENT, "talks": []}
    async with http.get(f"{server.url}{API}/exports/quality.csv", headers=headers) as answer:
        assert answer.content_type == "text/csv"
        assert (await answer.text()).startswith("session,title,stage,")
        known = {"If-None-Match": answer.headers["ETag"]}
    async with http.get(
        f"{server.url}{API}/exports/quality.csv", headers=headers | known
    ) as answer:
        assert (answer.status, answer.headers["Cache-Control"]) == (304, "private, no-cache")
    attendee = {"Authorization": f"Bearer {server.token(EVENT, 'attendee')}"}
    async with http.get(f"{server.url}{API}/exports/quality.csv", headers=attendee) as answer:
        assert answer.status == 403


async def test_a_secret_is_made_kept_and_announced(schedule_path, tmp_path):
    server = ServeProcess(schedule_path, data=tmp_path / "data", env={"SHOWCALLER_SECRET": ""})
    async with server:
        assert server.ready["secret_created"]
        assert stat.S_IMODE((tmp_path / "data" / "secret").stat().st_mode) == 0o600


async def test_registration_limits(schedule_path, tmp_path, http):
    options = (
        *("--registration", "invite", "--invite-code", "welcome", "--registrations-per-code", "2"),
        *("--registrations-per-address-hour", "4"),
    )
    async with ServeProcess(schedule_path, *options, data=tmp_path / "data") as server:
        outcomes = []
        for code in ("wrong", "welcome", "welcome", "welcome", "welcome", "welcome"):
            body = {"name": "Ada", "invite_code": code}
            async with http.post(f"{server.url}{API}/registrations", json=body) as answer:
                outcomes.append(answer.status)
                retry_after = answer.headers.get("Retry-After", "0")
    assert 3_500 < int(retry_after) <= 3_600  # what is left of the hour
    assert outcomes[0] == 403
    assert outcomes[1:3] == [201, 201]
    assert outcomes[3] == 403  # the code is used up
    assert outcomes[-1] == 429  # and so is the address


async def test_closed_registration(schedule_path, tmp_path, http):
    async with ServeProcess(
        schedule_path, "--registration", "closed", data=tmp_path / "data"
    ) as server:
        async with http.post(f"{server.url}{API}/registrations", json={"name": "A"}) as answer:
            assert answer.status == 403


async def test_tokens_never_reach_the_logs(server, http):
    token = server.token(EVENT, "attendee", name="Canary Person")
    headers = {"Authorization": f"Bearer {token}"}
    async with http.post(
        f"{server.url}{API}/commands/nonsense", json={}, headers=headers
    ) as answer:
        assert answer.status == 404
    async with http.get(f"{server.url}{API}?token={token}") as answer:
        assert answer.status == 200
    async with http.get(f"{server.url}/metrics") as answer:
        assert token not in await answer.text()
    await server.stop()
    assert token not in server.log_text()
    assert "Canary" not in server.log_text()


async def test_sigterm_drains_and_exits_cleanly(server):
    assert await server.stop() == 0
    actions = [json.loads(line)["action"] for line in server.log_text().splitlines()]
    assert actions.index("serve.draining") < actions.index("serve.stopped")


async def test_the_log_goes_on_after_a_restart(schedule_path, tmp_path, http):
    offsets = []
    for _ in range(2):
        options = ("--rehearse-from", "-2m")
        async with ServeProcess(schedule_path, *options, data=tmp_path / "data") as server:
            async with http.get(server.url + API) as answer:
                offsets.append((await answer.json())["items"]["clock"])
    assert offsets[0]["run"] == offsets[1]["run"]


async def test_a_live_start_on_a_rehearsals_log_is_refused(schedule_path, tmp_path):
    options = ("--rehearse-from", "-2m")
    async with ServeProcess(schedule_path, *options, data=tmp_path / "data"):
        pass
    with pytest.raises(RuntimeError, match="--data"):
        await ServeProcess(schedule_path, data=tmp_path / "data").start()


async def test_two_events_are_served_at_once(schedule_path, tmp_path, http):
    other = schedule_path.with_name("harbour-conf-2026.yaml")
    options = (str(other), "--rehearse-from", "-2m")
    async with ServeProcess(schedule_path, *options, data=tmp_path / "data") as server:
        async with http.get(f"{server.url}/api/v1/events") as answer:
            assert [one["id"] for one in (await answer.json())["events"]] == [EVENT, other.stem]
        token = server.token(EVENT, "producer")
        async with http.get(
            f"{server.url}/api/v1/events/{other.stem}/export",
            headers={"Authorization": f"Bearer {token}"},
        ) as answer:
            assert (await problem(answer))["status"] == 401  # a token is of one event


async def test_one_event_is_not_served_twice(schedule_path, tmp_path):
    with pytest.raises(RuntimeError, match="both of event"):
        await ServeProcess(schedule_path, str(schedule_path), data=tmp_path / "data").start()


async def test_a_drain_that_takes_too_long_ends_all_the_same(schedule_path, tmp_path):
    server = ServeProcess(schedule_path, "--drain-timeout", "0.0001", data=tmp_path / "data")
    await server.start()
    assert await server.stop() == 0
    assert "Traceback" not in server.log_text()


async def test_the_broker_is_up_as_soon_as_the_port_is_open(schedule_path, tmp_path, monkeypatch):
    """However long the next look at it takes."""

    async def check(self):
        if asyncio.current_task().get_name() == "watch the broker":
            await asyncio.Event().wait()
        return ()

    monkeypatch.setattr(SqliteBroker, "check", check)
    metrics.BROKER_UP.set(0)
    settings = Settings(
        schedules=(schedule_path,), data=tmp_path, port=0, media_workers=0, secret=SECRET
    )
    server = Server(settings)
    await server.start()
    try:
        assert b"showcaller_broker_up 1.0" in await own_measurements()
    finally:
        await server.stop()
