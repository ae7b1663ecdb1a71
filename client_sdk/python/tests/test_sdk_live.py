"""The SDK against a real server: everything that its README promises."""

from __future__ import annotations

import asyncio
import ipaddress
import json
import ssl
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import av
import psutil
import pytest
import pytest_asyncio
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from cuttable_proxy import CuttableProxy

from showcaller.testing.serving import ServeProcess
from showcaller_client import Client, NotServed, Refused, ShutOut, TokenRejected, media, register
from showcaller_client.codec import Format
from showcaller_client.http import newer_token
from showcaller_client.testcard import FRAMES_PER_S, Codec, draw, make_test_card

ROOT = Path(__file__).resolve().parents[3]
EVENT = "systems-scale-winter-2023"
TALK = "ai-multi-tenancy"
QUESTIONS = f"session/{TALK}/questions"
MODERATION = f"session/{TALK}/moderation"

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[ServeProcess]:
    """The model event, rehearsed from within its first talk."""
    schedule = ROOT / "schedules" / f"{EVENT}.yaml"
    data = tmp_path_factory.mktemp("serve")
    async with ServeProcess(schedule, "--rehearse-from", "09:06", data=data) as server:
        yield server


def client(server: ServeProcess, *roles: str, format: Format = "json", url: str = "") -> Client:
    token = server.token(EVENT, *roles, name="Ada")
    return Client(url or server.url, event=EVENT, token=token, format=format)


@pytest.mark.parametrize("format", ["json", "msgpack"])
async def test_a_question_from_asking_to_being_answered(
    server: ServeProcess, format: Format
) -> None:
    async with (
        client(server, "attendee", format=format) as asker,
        client(server, "attendee", format=format) as voter,
        client(server, "moderator", format=format) as moderator,
    ):
        public = await voter.follow(QUESTIONS)
        own = await asker.follow("me")
        queue = await moderator.follow(MODERATION)
        key = (await asker.ask(TALK, f"Why one clock, in {format}? ☃"))["question"]
        await queue.wait_until(lambda c: c.items.get(key, {}).get("state") == "pending")
        assert queue.items[key]["text"].endswith("☃")
        assert key not in public.items
        await moderator.approve(key)
        await public.wait_until(lambda c: key in c.items)
        assert await voter.vote(key) == {"question": key, "on": True, "votes": 1}
        await public.wait_until(lambda c: c.levels.get(key) == 1)
        with pytest.raises(Refused, match="own_question"):
            await asker.vote(key)
        await moderator.push(key)
        await public.wait_until(lambda c: c.items[key]["state"] == "on_air")
        await moderator.reply(key, "Because two disagree.")
        await moderator.answered(key)
        await own.wait_until(lambda c: c.items[f"question:{key}"]["state"] == "answered")
        await public.wait_until(lambda c: c.items[key]["reply"] == "Because two disagree.")


async def test_a_poll_from_draft_to_its_results_and_their_export(server: ServeProcess) -> None:
    async with (
        client(server, "attendee") as ada,
        client(server, "attendee", format="msgpack") as bob,
        client(server, "moderator") as moderator,
        client(server, "screen") as screen,
    ):
        public, own = await screen.follow(f"session/{TALK}/polls"), await ada.follow("me")
        draft = {"kind": "single", "text": "Which?", "options": ["=1+1", "b"], "anonymous": False}
        poll = (await moderator.make_poll(TALK, draft | {"results": "closed"}))["poll"]
        await moderator.plan_poll(poll, "ended", -1)
        await moderator.edit_poll(poll, draft | {"results": "closed"})
        await moderator.open_poll(poll)
        await public.wait_until(lambda c: c.items.get(poll, {}).get("state") == "open")
        counted = {"poll": poll, "options": [0], "words": []}
        assert await ada.vote_in_poll(poll, options=[0]) == counted
        await bob.vote_in_poll(poll, options=[0])
        await ada.vote_in_poll(poll, options=[1])
        await own.wait_until(lambda c: c.items[f"poll:{poll}"]["options"] == [1])
        await public.wait_until(lambda c: c.levels == {poll: 2})
        await moderator.close_poll(poll)
        await public.wait_until(lambda c: c.levels == {poll: 2, f"{poll}/0": 1, f"{poll}/1": 1})
        with pytest.raises(Refused, match="forbidden"):
            await screen.vote_in_poll(poll, options=[0])
        await moderator.show_results(poll, False)
        await public.wait_until(lambda c: c.levels == {poll: 2})
    _, found = await exported(server, "moderator", "polls.json")
    (known,) = json.loads(found)["polls"]
    assert [answer["votes"] for answer in known["answers"]] == [1, 1]
    assert {vote["name"] for vote in known["votes"]} == {"Ada"}  # all are called so here
    _, table = await exported(server, "producer", "polls.csv")
    assert "'=1+1,1" in table
    _, table = await exported(server, "ops", "poll_votes.csv")
    assert table.count(poll) == 2
    assert (await exported(server, "attendee", "polls.json"))[0] == 403


async def exported(server: ServeProcess, role: str, name: str) -> tuple[int, str]:
    headers = {"Authorization": f"Bearer {server.token(EVENT, role)}"}
    url = f"{server.url}/api/v1/events/{EVENT}/exports/{name}"
    async with aiohttp.ClientSession() as session, session.get(url, headers=headers) as answer:
        return answer.status, await answer.text()


async def test_nothing_is_lost_or_doubled_when_the_connection_is_cut(server: ServeProcess) -> None:
    count, seen = 24, []
    async with (
        CuttableProxy(server.url) as proxy,
        client(server, "attendee", url=proxy.url, format="msgpack") as listener,
        client(server, "producer") as producer,
    ):
        announcements = await listener.follow("announcements")

        async def listen() -> None:
            async for update in announcements:
                assert not update.reset
                seen.extend(event["text"] for event in update.events)
                if len(seen) == count:
                    return

        listening = asyncio.ensure_future(listen())
        for number in range(count):
            if number % 8 == 4:
                connections = listener.connections
                assert proxy.cut() >= 1
            await announce_patiently(producer, f"number {number}")
            if number % 8 == 7:
                await until(lambda: listener.connections > connections)  # noqa: B023
        async with asyncio.timeout(15):
            await listening
        assert seen == [f"number {number}" for number in range(count)]
        texts = [item["text"] for item in announcements.items.values()]
        assert sorted(texts) == sorted(seen)
        assert listener.connections == 4


async def until(holds: Callable[[], bool]) -> None:
    """Wait for what nobody tells of."""
    async with asyncio.timeout(15):
        while not holds():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def announce_patiently(producer: Client, text: str) -> None:
    while True:
        try:
            await producer.announce(text)
            return
        except Refused as refused:
            if refused.code != "rate_limited":
                raise
            await asyncio.sleep(refused.retry_after_s or 0.1)


async def test_a_command_cut_on_its_way_takes_effect_once(server: ServeProcess) -> None:
    async with (
        CuttableProxy(server.url) as proxy,
        client(server, "attendee", url=proxy.url) as asker,
        client(server, "moderator") as moderator,
    ):
        queue = await moderator.follow(MODERATION)
        asking = asyncio.ensure_future(asker.ask(TALK, "Twice or once?"))
        await asyncio.sleep(0)  # it is on its way
        await asyncio.sleep(0)
        proxy.cut()
        key = (await asking)["question"]
        await queue.wait_until(lambda c: key in c.items)
        assert sum(item["text"] == "Twice or once?" for item in queue.items.values()) == 1
        assert asker.connections == 2


async def test_what_a_role_does_not_allow_is_refused(server: ServeProcess) -> None:
    async with client(server, "attendee") as attendee:
        with pytest.raises(Refused) as refused:
            await attendee.follow(MODERATION)
        assert refused.value.code == "forbidden"
        with pytest.raises(Refused, match="not_found"):
            await attendee.follow("session/none/questions")
        with pytest.raises(Refused, match="forbidden"):
            await attendee.approve("q_x")
        with pytest.raises(Refused) as refused:
            await attendee.ask(TALK, "a bell\a")
        assert refused.value.code == "bad_text"
        assert refused.value.field == "text"


async def test_a_registered_person_is_shut_out(server: ServeProcess) -> None:
    me = await register(server.url, EVENT, "Eve")
    newer = await newer_token(server.url, EVENT, me.token)
    assert newer.person == me.person
    async with (
        client(server, "moderator") as moderator,
        Client(server.url, event=EVENT, token=me.token) as eve,
    ):
        await eve.refresh(newer.token)
        channel = await eve.follow(QUESTIONS)
        await moderator.command("person.ban", {"person": me.person})
        with pytest.raises(ShutOut):
            await channel.wait_until(lambda _: False, timeout_s=5)
    with pytest.raises(ShutOut):
        async with Client(server.url, event=EVENT, token=newer.token):
            pass


async def test_a_forged_token_is_rejected(server: ServeProcess) -> None:
    with pytest.raises(TokenRejected):
        async with Client(server.url, event=EVENT, token="forged"):
            pass


async def test_two_clients_agree_on_the_time_within_their_error_bounds(
    server: ServeProcess,
) -> None:
    async with client(server, "attendee") as one, client(server, "attendee") as other:
        await until(lambda: max(one.clock_error_ms(), other.clock_error_ms()) < 50)
        apart_ms = abs(one.server_ms() - other.server_ms())
        assert apart_ms <= one.clock_error_ms() + other.clock_error_ms() + 5


@pytest.mark.parametrize("codec", ["vp8", "h264"])
async def test_a_published_test_card_is_watched(server: ServeProcess, codec: Codec) -> None:
    speaker = server.token(EVENT, "speaker", sessions=[TALK])
    card = media.LoopSource(make_test_card(1, codec))
    url = media.whip_url(server.url, EVENT, TALK)
    publishing = asyncio.ensure_future(media.publish(card, url, speaker))
    viewer = media.watch(
        media.whep_url(server.url, EVENT, stage="main"), server.token(EVENT, "attendee")
    )
    try:
        async with client(server, "attendee") as attendee, viewer:
            agenda = await attendee.follow("agenda")
            await agenda.wait_until(lambda c: c.items[f"session:{TALK}"]["on_air"])
            await viewer.wait_for_video(25)
            assert viewer.frame_size == (640, 360)
            assert viewer.audio_frames > 0
            assert (await viewer.statistics())["video"]["packets"] > 25
            publishing.cancel()
            await agenda.wait_until(lambda c: not c.items[f"session:{TALK}"]["on_air"])
    finally:
        publishing.cancel()
        await asyncio.gather(publishing, return_exceptions=True)


async def test_both_sides_come_back_when_the_media_worker_is_killed(server: ServeProcess) -> None:
    card = media.LoopSource(make_test_card(1))
    speaker, attendee = server.token(EVENT, "producer"), server.token(EVENT, "attendee")
    async with Client(server.url, event=EVENT, token=attendee) as client:
        generation = media.stage_generation(await client.follow("agenda"), "main")
        room = media.whip_url(server.url, EVENT, TALK)
        publishing = asyncio.ensure_future(
            media.publish(card, room, speaker, generation=generation)
        )
        stage = media.whep_url(server.url, EVENT, stage="main")
        try:
            async with media.watch(stage, attendee, generation=generation) as viewer:
                await viewer.wait_for_video(25)
                before = generation()
                kill_media_workers(server.pid)
                await until(lambda: generation() > before)
                await viewer.wait_for_video(25, timeout_s=20)
                assert viewer.connections >= 2
        finally:
            publishing.cancel()
            await asyncio.gather(publishing, return_exceptions=True)


def kill_media_workers(serve_pid: int) -> None:
    workers = psutil.Process(serve_pid).children(recursive=True)
    assert workers
    for worker in workers:
        worker.kill()


@pytest.mark.parametrize(("name", "codec"), [("talk.webm", "libvpx"), ("talk.mp4", "mpeg4")])
async def test_a_file_is_published_to_its_end(
    server: ServeProcess, tmp_path: Path, name: str, codec: str
) -> None:
    write_video(tmp_path / name, codec, seconds=3)
    attendee = server.token(EVENT, "attendee")
    speaker = server.token(EVENT, "speaker", sessions=[TALK])
    stage = media.whep_url(server.url, EVENT, stage="main")
    async with media.watch(stage, attendee) as viewer:
        source = media.FileSource(tmp_path / name)
        async with asyncio.timeout(30):
            await media.publish(source, media.whip_url(server.url, EVENT, TALK), speaker)
        assert viewer.video_frames > 25


def write_video(path: Path, codec: str, *, seconds: int) -> None:
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=FRAMES_PER_S)
        stream.width, stream.height, stream.pix_fmt = 640, 360, "yuv420p"
        stream.codec_context.gop_size = FRAMES_PER_S
        for number in range(seconds * FRAMES_PER_S):
            container.mux(stream.encode(draw(number, seconds * FRAMES_PER_S).frame()))
        container.mux(stream.encode(None))


async def test_a_file_without_media_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OSError):
        media.FileSource(tmp_path / "none.webm")


async def cli(server: ServeProcess, command: str, *arguments: str) -> tuple[int, str, str]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "showcaller_client", command, "--url", server.url),
        *("--event", EVENT, *arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(20):
        out, err = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


async def test_the_command_line_asks_and_says_why_not(server: ServeProcess) -> None:
    code, out, _ = await cli(server, "ask", TALK, "From a shell?", "--name", "Ada")
    assert (code, json.loads(out)["state"]) == (0, "pending")
    code, out, err = await cli(server, "ask", "no-such-session", "Why?")
    assert (code, out) == (1, "")
    assert err.startswith("error: ") and "not_found" in err


async def test_the_command_line_counts_frames(server: ServeProcess) -> None:
    card = media.LoopSource(make_test_card(1))
    speaker = server.token(EVENT, "speaker", sessions=[TALK])
    room = media.whip_url(server.url, EVENT, TALK)
    publishing = asyncio.ensure_future(media.publish(card, room, speaker))
    try:
        code, out, _ = await cli(server, "watch", "main", "--frames", "10")
        assert code == 0
        assert json.loads(out.splitlines()[-1])["video_frames"] >= 10
    finally:
        publishing.cancel()
        await asyncio.gather(publishing, return_exceptions=True)


async def test_a_spare_is_published_as_one(server: ServeProcess) -> None:
    card = media.LoopSource(make_test_card(1))
    speaker = server.token(EVENT, "speaker", sessions=[TALK])
    room = media.whip_url(server.url, EVENT, TALK, source="spare")
    publishing = asyncio.ensure_future(media.publish(card, room, speaker))
    try:
        async with client(server, "producer") as producer:
            desk = await producer.follow("produce")
            await desk.wait_until(lambda c: "spare" in sources(c.items))
    finally:
        publishing.cancel()
        await asyncio.gather(publishing, return_exceptions=True)


def sources(items: Mapping[str, Any]) -> list[str]:
    return [item["source"] for key, item in items.items() if key.startswith("publication:")]


async def test_publishing_needs_a_speaker(server: ServeProcess) -> None:
    card = media.LoopSource(make_test_card(1))
    url = media.whip_url(server.url, EVENT, TALK)
    with pytest.raises(Refused) as refused:
        await media.publish(card, url, server.token(EVENT, "attendee"))
    assert refused.value.http_status == 403


async def test_certificates_are_verified(tmp_path: Path) -> None:
    schedule = ROOT / "schedules" / f"{EVENT}.yaml"
    certificate, key = make_certificate(tmp_path)
    trusting = ssl.create_default_context(cafile=str(certificate))
    options = ("--tls-cert", str(certificate), "--tls-key", str(key), "--rehearse-from", "09:06")
    async with ServeProcess(schedule, *options, data=tmp_path / "data") as server:
        assert server.url.startswith("https:")
        me = await register(server.url, EVENT, "Ada", ssl_context=trusting)
        with pytest.raises(OSError, match="CERTIFICATE_VERIFY_FAILED"):
            await register(server.url, EVENT, "Ada")
        async with Client(server.url, event=EVENT, token=me.token, ssl_context=trusting) as client:
            await client.follow("agenda")
        with pytest.raises(NotServed, match="certificate"):
            async with Client(server.url, event=EVENT, token=me.token):
                pass


def make_certificate(folder: Path) -> tuple[Path, Path]:
    """A self-signed one for 127.0.0.1, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .sign(key, hashes.SHA256())
    )
    paths = folder / "certificate.pem", folder / "key.pem"
    paths[0].write_bytes(certificate.public_bytes(Encoding.PEM))
    paths[1].write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return paths
