"""The engine with real peers on loopback: it forwards, splices, and never runs a codec."""

import asyncio
import gc
import re
import weakref
from itertools import pairwise
from pathlib import Path

import av
import pytest
from aiortc.rtcdtlstransport import RTCCertificate, generate_certificate
from cryptography.hazmat.primitives.asymmetric import rsa

from showcaller.errors import (
    BadInput,
    NotFound,
    PreconditionFailed,
    PreconditionRequired,
    Unprocessable,
)
from showcaller.media import aiortc_engine
from showcaller.media.addresses import Addresses
from showcaller.media.aiortc_engine import AiortcEngine
from showcaller.media.forward import KEYFRAME_EVERY_S, Frame
from showcaller.testing.media_peers import Publisher, Watcher
from showcaller.testing.until import until

LOOPBACK = Addresses(("127.0.0.1",))


class Stage:
    """An engine, and clients that are closed at the end."""

    def __init__(self):
        self.engine = AiortcEngine("w", LOOPBACK)
        self.events = []
        self.engine.on_event = self.note
        self.changed = asyncio.Event()
        self.clients = []

    def note(self, event):
        self.events.append((event.kind, event.session or event.stage))
        self.changed.set()

    async def until(self, event, timeout_s=15):
        async with asyncio.timeout(timeout_s):
            while event not in self.events:
                self.changed.clear()
                await self.changed.wait()

    async def publish(self, session, **look):
        publisher = Publisher(**look)
        self.clients.append(publisher)
        answer = await self.engine.publish(
            session=session, person="speaker", offer=await publisher.offer()
        )
        await publisher.accept(answer.sdp)
        publisher.resource = answer.resource
        return publisher

    async def view(self, stage="main", **kinds):
        watcher = Watcher(**kinds)
        self.clients.append(watcher)
        answer = await self.engine.view(stage=stage, person="viewer", offer=await watcher.offer())
        await watcher.accept(answer.sdp)
        watcher.resource, watcher.etag, watcher.answer = answer.resource, answer.etag, answer.sdp
        return watcher


@pytest.fixture
async def stage():
    stage = Stage()
    yield stage
    for client in stage.clients:
        await client.close()
    await stage.engine.shut()


@pytest.mark.parametrize("codec", ["VP8", "H264"])
async def test_a_viewer_decodes_what_a_speaker_encoded(stage, codec, monkeypatch):
    await stage.engine.route(stage="main", session="talk")
    await stage.publish("talk", codec=codec, brightness=90)
    await stage.until(("published", "talk"))
    watcher = await stage.view()
    assert re.search(rf"a=rtpmap:\d+ {codec}/90000", watcher.answer)
    await watcher.wait_for_frames(10)
    assert abs(watcher.brightness - 90) < 12


class RsaCertificate(RTCCertificate):
    """As GStreamer before 1.24 and some hardware encoders have it."""

    @classmethod
    def generateCertificate(cls):
        key = rsa.generate_private_key(65537, 2048)
        return cls(key=key, cert=generate_certificate(key))

    def _create_ssl_context(self, *args, **kwargs):
        context = super()._create_ssl_context(*args, **kwargs)
        context.set_cipher_list(b"ECDHE-RSA-AES128-GCM-SHA256")
        return context


async def test_a_client_may_have_an_rsa_certificate(stage):
    watcher = Watcher()
    stage.clients.append(watcher)
    for transceiver in watcher.pc.getTransceivers():
        dtls = transceiver.receiver.transport
        dtls._RTCDtlsTransport__local_certificate = RsaCertificate.generateCertificate()
    answer = await stage.engine.view(stage="main", person="p", offer=await watcher.offer())
    assert "a=setup:active" in answer.sdp  # so the client's certificate decides on the cipher
    await watcher.accept(answer.sdp)
    await stage.until(("viewed", "main"))


async def test_packets_of_any_size_that_came_in_go_out(stage):
    """GStreamer sends 1400 bytes; what one publisher sends must not end its viewers' tracks."""
    await stage.engine.route(stage="main", session="talk")
    await stage.publish("talk")
    watcher = await stage.view()
    await watcher.wait_for_frames(3)
    padding = 5 * 254 + 180
    lengths = bytes([255] * 5 + [180])
    packet = bytes([0xFF, 0x41]) + lengths + b"\xff\xfe\x00" + bytes(padding)  # RFC 6716 §3.2.5
    assert 1_450 < len(packet) < 1_480
    stage.engine._feeds["main"].forward("audio", Frame(0, [packet], True), 0.0)
    await watcher.wait_for_frames(10)


async def test_who_joins_and_leaves_leaves_nothing_behind(stage):
    await stage.engine.route(stage="main", session="talk")
    await stage.publish("talk")
    await stage.until(("published", "talk"))

    async def join_and_leave():
        watcher = await stage.view()
        await watcher.wait_for_frames(1)
        peer = weakref.ref(stage.engine._peers[watcher.resource])
        await stage.engine.close(watcher.resource)
        half_open = await stage.engine.view(stage="main", person="p", offer=stage.offer)
        peers.extend([peer, weakref.ref(stage.engine._peers[half_open.resource])])
        await stage.engine.close(half_open.resource)
        await watcher.close()

    def held():
        gc.collect()
        return len(asyncio.all_tasks()), len(list(Path("/proc/self/fd").iterdir()))

    peers, stage.offer = [], await Watcher().offer()
    await join_and_leave()  # what is made once
    before = held()
    for _ in range(4):
        await join_and_leave()
    await until(lambda: held() <= before and not any(peer() for peer in peers))


async def test_the_server_runs_no_codec(stage, monkeypatch):
    """Peers here decode as well, so the engine's peers are recognised by what they were given."""
    await stage.engine.route(stage="main", session="talk")
    publisher = await stage.publish("talk")
    watcher = await stage.view()
    await watcher.wait_for_frames(3)
    engine = stage.engine
    source, viewer = engine._peers[publisher.resource], engine._peers[watcher.resource]
    for transceiver in source.pc.getTransceivers():
        receiver = transceiver.receiver
        assert receiver._RTCRtpReceiver__decoder_queue.empty()
        assert type(receiver._RTCRtpReceiver__jitter_buffer).__name__ == "_Tap"
        assert transceiver.sender._RTCRtpSender__encoder is None
    for transceiver in viewer.pc.getTransceivers():
        assert type(transceiver.sender._RTCRtpSender__encoder).__name__ == "_Passthrough"
        assert transceiver.receiver._RTCRtpReceiver__decoder_thread is None


async def test_a_route_leads_the_viewer_to_another_room_without_renegotiation(stage):
    await stage.engine.route(stage="main", session="one")
    await stage.publish("one", brightness=60)
    await stage.publish("two", brightness=200)
    await stage.until(("published", "two"))
    watcher = await stage.view()
    await watcher.wait_for(lambda w: abs(w.brightness - 60) < 12)
    await stage.engine.route(stage="main", session="two")
    await watcher.wait_for(lambda w: abs(w.brightness - 200) < 12)
    await watcher.wait_for_frames(5)
    for times in watcher.times.values():
        steps = [after - before for before, after in pairwise(times)]
        assert all(0 < step < 3 for step in steps)
    assert ("left", "main") not in stage.events


async def test_a_route_to_another_codec_makes_the_viewer_connect_again(stage):
    await stage.engine.route(stage="main", session="one")
    await stage.publish("one")
    await stage.publish("two", codec="H264")
    await stage.until(("published", "two"))
    watcher = await stage.view()
    await watcher.wait_for_frames(2)
    await stage.engine.route(stage="main", session="two")
    await stage.until(("left", "main"))
    again = await stage.view()
    assert "H264" in again.answer
    await again.wait_for_frames(5)


async def test_the_newest_publication_is_shown_and_the_older_one_when_it_stops(stage):
    await stage.engine.route(stage="main", session="talk")
    await stage.publish("talk", brightness=60)
    await stage.until(("published", "talk"))
    watcher = await stage.view()
    await watcher.wait_for(lambda w: abs(w.brightness - 60) < 12)
    spare = await stage.publish("talk", brightness=200)
    await watcher.wait_for(lambda w: abs(w.brightness - 200) < 12)
    await stage.engine.close(spare.resource)
    await watcher.wait_for(lambda w: abs(w.brightness - 60) < 12)


async def test_a_viewers_wish_for_a_keyframe_reaches_the_publisher_throttled(stage):
    await stage.engine.route(stage="main", session="talk")
    publisher = await stage.publish("talk")
    watcher = await stage.view(kinds=("video",))
    await watcher.wait_for_frames(5)
    receiver = watcher.pc.getTransceivers()[0].receiver
    ssrc = next(iter(receiver._RTCRtpReceiver__remote_streams))
    times = publisher.keyframe_requests
    before = len(times)
    assert before >= 1, "joining asks for one"
    asked, began_s = 0, asyncio.get_running_loop().time()
    async with asyncio.timeout(15):
        while len(times) < before + 3:
            asked += 1
            await receiver._send_rtcp_pli(ssrc)
            await asyncio.sleep(0.02)
    took_s = asyncio.get_running_loop().time() - began_s
    assert took_s > 2 * KEYFRAME_EVERY_S - 0.1, "three of them take two intervals"
    assert asked > 6


async def test_a_room_that_closes_leaves_its_viewers_on_the_stage(stage):
    await stage.engine.route(stage="main", session="talk")
    await stage.publish("talk")
    watcher = await stage.view()
    await watcher.wait_for_frames(2)
    await stage.engine.close_room("talk")
    await stage.until(("unpublished", "talk"))
    assert (await stage.engine.statistics()).stages[0].viewers == 1
    await stage.publish("talk", brightness=200)
    await watcher.wait_for(lambda w: abs(w.brightness - 200) < 12)


async def test_a_peer_that_closes_is_cleaned_up(stage):
    await stage.engine.route(stage="main", session="talk")
    publisher = await stage.publish("talk")
    watcher = await stage.view()
    await watcher.wait_for_frames(2)
    await watcher.close()
    await stage.until(("left", "main"))
    await publisher.close()
    await stage.until(("unpublished", "talk"))
    statistics = await stage.engine.statistics()
    assert (statistics.publications, statistics.connecting) == ([], 0)
    assert [one.viewers for one in statistics.stages] == [0]


async def test_a_publisher_that_vanishes_without_a_word_is_ended(stage, monkeypatch):
    monkeypatch.setattr(aiortc_engine, "PUBLISHER_SILENT_S", 1.0)
    publisher = await stage.publish("talk")
    await stage.until(("published", "talk"))
    ice = publisher.pc.getTransceivers()[0].sender.transport.transport
    for protocol in ice._connection._protocols:
        protocol.transport.abort()  # no BYE, no close_notify: the machine is gone
    await stage.until(("unpublished", "talk"))


async def test_a_peer_that_never_connects_is_given_up(stage, monkeypatch):
    monkeypatch.setattr(aiortc_engine, "CONNECT_WITHIN_S", 0.2)
    watcher = Watcher()
    stage.clients.append(watcher)
    await stage.engine.view(stage="main", person="viewer", offer=await watcher.offer())
    await stage.until(("left", "main"))


async def test_candidates_trickle_in(stage):
    """The offer tells no address; the candidate comes later, in a fragment."""
    await stage.engine.route(stage="main", session="talk")
    await stage.publish("talk")
    watcher = Watcher()
    stage.clients.append(watcher)
    offer = await watcher.offer()
    lines = offer.splitlines(keepends=True)
    candidates = [line for line in lines if line.startswith("a=candidate:")]
    bare = "".join(line for line in lines if not line.startswith(("a=candidate", "a=end-of")))
    answer = await stage.engine.view(stage="main", person="viewer", offer=bare)
    fragment = "a=mid:0\r\n" + candidates[0] + "a=candidate:1 1 udp 1 ab-c.local 9 typ host\r\n"
    patched = await stage.engine.patch(answer.resource, if_match=answer.etag, fragment=fragment)
    assert patched.fragment is None
    await watcher.accept(answer.sdp)
    await watcher.wait_for_frames(2)


async def test_a_patch_must_say_what_it_is_about(stage):
    watcher = await stage.view()
    engine, fragment = stage.engine, "a=mid:0\r\na=end-of-candidates\r\n"

    async def patch(if_match, fragment=fragment, resource=watcher.resource):
        return await engine.patch(resource, if_match=if_match, fragment=fragment)

    with pytest.raises(PreconditionRequired):
        await patch(None)
    with pytest.raises(PreconditionFailed):
        await patch('"another"')
    with pytest.raises(Unprocessable):  # an ICE restart
        await patch("*")
    with pytest.raises(Unprocessable):
        await patch(watcher.etag, "a=ice-ufrag:another\r\na=ice-pwd:" + "x" * 22 + "\r\n")
    with pytest.raises(BadInput):
        await patch(watcher.etag, "rubbish")
    with pytest.raises(NotFound):
        await patch(watcher.etag, resource="w~r_nobody")
    assert (await patch(f'"other", {watcher.etag}')).etag == watcher.etag


async def test_an_offer_without_our_codecs_leaves_nothing_behind(stage):
    watcher = Watcher(kinds=("video",))
    stage.clients.append(watcher)
    offer = re.sub("VP8|H264", "AV1", await watcher.offer())
    with pytest.raises(Unprocessable):
        await stage.engine.view(stage="main", person="viewer", offer=offer)
    assert stage.engine._peers == {}


def test_pyav_has_the_encoders_that_these_tests_use():
    assert {"libvpx", "libx264", "libopus"} <= av.codecs_available
