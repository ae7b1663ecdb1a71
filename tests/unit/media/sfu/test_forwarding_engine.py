"""The engine with real peers on loopback: it forwards and splices."""

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
    Full,
    NotFound,
    PreconditionFailed,
    PreconditionRequired,
    Unprocessable,
)
from showcaller.media.contract.addresses import Addresses
from showcaller.media.contract.calls import (
    Asker,
    ChooseLayer,
    Close,
    CloseRoom,
    ListViewers,
    Measure,
    Patch,
    Preview,
    Publish,
    Route,
    View,
)
from showcaller.media.egress import choose
from showcaller.media.sfu import ingest as ingests
from showcaller.media.sfu.forwarding_engine import ForwardingEngine
from showcaller.media.sfu.track import KEYFRAME_EVERY_S
from showcaller.media.transport import transport
from showcaller.system import monotonic_s
from showcaller.testing.media_peers import Publisher, Watcher
from showcaller.testing.until import until

LOOPBACK = Addresses(("127.0.0.1",))
ASKER = Asker("viewer")


class Stage:
    """An engine, and clients that are closed at the end."""

    def __init__(self):
        self.events = []
        self.changed = asyncio.Event()
        self.clients = []

    async def open(self):
        self.engine = await ForwardingEngine.open("w", LOOPBACK, 0, choose(), self)
        return self

    def on_media_event(self, event):
        self.events.append((event.kind, event.session or event.stage))
        self.changed.set()

    async def until(self, event, timeout_s=15):
        async with asyncio.timeout(timeout_s):
            while event not in self.events:
                self.changed.clear()
                await self.changed.wait()

    async def publish(self, session, source="main", **look):
        publisher = Publisher(**look)
        self.clients.append(publisher)
        answer = await self.engine.do(
            Publish(
                stage="main",
                session=session,
                asker=Asker("speaker"),
                offer=await publisher.offer(),
                source=source,
            )
        )
        await publisher.accept(answer.sdp)
        publisher.resource = answer.resource
        return publisher

    async def figures(self):
        return await self.engine.do(Measure())

    async def view(self, stage="main", **kinds):
        watcher = Watcher(**kinds)
        self.clients.append(watcher)
        answer = await self.engine.do(
            View(stage=stage, asker=Asker("viewer"), offer=await watcher.offer())
        )
        await watcher.accept(answer.sdp)
        watcher.resource, watcher.etag, watcher.answer = answer.resource, answer.etag, answer.sdp
        return watcher


def vanish(client):
    """No BYE, no close_notify: the machine is gone."""
    ice = client.pc.getTransceivers()[0].sender.transport.transport
    for protocol in ice._connection._protocols:
        protocol.transport.abort()


@pytest.fixture
async def stage():
    stage = await Stage().open()
    yield stage
    for client in stage.clients:
        await client.close()
    await stage.engine.shut()


@pytest.mark.parametrize("codec", ["VP8", "H264"])
async def test_a_viewer_decodes_what_a_speaker_encoded(stage, codec):
    await stage.engine.do(Route(stage="main", session="talk"))
    await stage.publish("talk", codec=codec, brightness=90)
    await stage.until(("published", "talk"))
    watcher = await stage.view()
    assert re.search(rf"a=rtpmap:\d+ {codec}/90000", watcher.answer)
    await watcher.wait_for_frames(10)
    assert abs(watcher.brightness - 90) < 12


async def test_a_choice_that_is_taken_back_ends_at_once(stage):
    """Though what comes back has not been steady for long: nobody knows better than the producer."""
    await stage.engine.do(Route(stage="main", session="talk"))
    slides = await stage.publish("talk", source="slides", brightness=200)
    watcher = await stage.view()
    await watcher.wait_for(lambda w: abs(w.brightness - 200) < 12)
    await stage.engine.do(Route(stage="main", session="talk", publication=slides.resource))
    await stage.publish("talk", brightness=60)
    await until(lambda: stage.events.count(("published", "talk")) == 2)
    await until(lambda: [p for p in stage.engine.ingests if p.packets > 10][1:])
    await stage.engine.do(Route(stage="main", session="talk"))
    await watcher.wait_for(lambda w: abs(w.brightness - 60) < 12, 2)


async def test_a_full_worker_lets_in_no_viewer_more(stage):
    """Viewers who are there lose nothing, and producers still see what they may put on the stage."""
    await stage.engine.do(Route(stage="main", session="talk"))
    publisher = await stage.publish("talk")
    await stage.until(("published", "talk"))
    stage.engine.capacity.note(passed_s=1000.0, busy_s=900.0, viewers=1)
    watcher = Watcher()
    stage.clients.append(watcher)
    offer = await watcher.offer()
    with pytest.raises(Full) as full:
        await stage.engine.do(View(stage="main", asker=Asker("viewer"), offer=offer))
    assert full.value.retry_after_s
    assert (await stage.figures()).viewers_refused == 1
    await stage.engine.do(
        Preview(resource=publisher.resource, asker=Asker("producer"), offer=offer)
    )


async def test_who_asks_and_vanishes_takes_nobodys_place(stage, monkeypatch):
    monkeypatch.setattr("showcaller.media.sfu.forwarding_engine.CONNECTS_WITHIN_S", 0.0)  # later
    stage.engine.capacity.note(passed_s=1000.0, busy_s=300.0, viewers=1)  # room for two
    watcher = Watcher()
    stage.clients.append(watcher)
    offer = await watcher.offer()
    for _ in range(5):
        await stage.engine.do(View(stage="main", asker=Asker("vanished"), offer=offer))
    for _ in range(2):
        await stage.view()
    await until(lambda: stage.engine.expected(monotonic_s()) == 2)
    with pytest.raises(Full):
        await stage.engine.do(View(stage="main", asker=Asker("viewer"), offer=offer))


class RsaCertificate(RTCCertificate):
    """A certificate as GStreamer before 1.24 and some hardware encoders have it."""

    @classmethod
    def generateCertificate(cls):
        key = rsa.generate_private_key(65537, 2048)
        return cls(key=key, cert=generate_certificate(key))


async def test_a_client_may_have_an_rsa_certificate(stage):
    watcher = Watcher()
    stage.clients.append(watcher)
    for transceiver in watcher.pc.getTransceivers():
        dtls = transceiver.receiver.transport
        dtls._RTCDtlsTransport__local_certificate = RsaCertificate.generateCertificate()
    answer = await stage.engine.do(
        View(stage="main", asker=Asker("p"), offer=await watcher.offer())
    )
    await watcher.accept(answer.sdp)
    await stage.until(("viewed", "main"))


async def test_who_joins_and_leaves_leaves_nothing_behind(stage):
    await stage.engine.do(Route(stage="main", session="talk"))
    await stage.publish("talk")
    await stage.until(("published", "talk"))

    async def join_and_leave():
        watcher = await stage.view()
        await watcher.wait_for_frames(1)
        peer = weakref.ref(stage.engine.viewers[watcher.resource])
        await stage.engine.do(Close(resource=watcher.resource, asker=ASKER))
        half_open = await stage.engine.do(View(stage="main", asker=Asker("p"), offer=stage.offer))
        peers.extend([peer, weakref.ref(stage.engine.viewers[half_open.resource])])
        await stage.engine.do(Close(resource=half_open.resource, asker=ASKER))
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


async def test_a_route_leads_the_viewer_to_another_room_without_renegotiation(stage):
    await stage.engine.do(Route(stage="main", session="one"))
    await stage.publish("one", brightness=60)
    await stage.publish("two", brightness=200)
    await stage.until(("published", "two"))
    watcher = await stage.view()
    await watcher.wait_for(lambda w: abs(w.brightness - 60) < 12)
    await stage.engine.do(Route(stage="main", session="two"))
    await watcher.wait_for(lambda w: abs(w.brightness - 200) < 12)
    await watcher.wait_for_frames(5)
    for times in watcher.times.values():
        steps = [after - before for before, after in pairwise(times)]
        assert all(0 < step < 3 for step in steps)
    assert ("left", "main") not in stage.events


async def test_a_route_to_another_codec_needs_no_renegotiation(stage):
    await stage.engine.do(Route(stage="main", session="one"))
    await stage.publish("one", brightness=60)
    await stage.publish("two", codec="H264", brightness=200)
    await stage.until(("published", "two"))
    watcher = await stage.view()
    await watcher.wait_for(lambda w: abs(w.brightness - 60) < 12)
    await stage.engine.do(Route(stage="main", session="two"))
    await watcher.wait_for(lambda w: abs(w.brightness - 200) < 12)
    await watcher.wait_for_frames(5)
    assert ("left", "main") not in stage.events


async def test_a_spare_takes_over_within_two_seconds_when_the_main_source_falls_silent(stage):
    await stage.engine.do(Route(stage="main", session="talk"))
    main = await stage.publish("talk", brightness=60)
    await stage.until(("published", "talk"))
    await stage.publish("talk", source="spare", brightness=200)
    watcher = await stage.view()
    await watcher.wait_for(lambda w: abs(w.brightness - 60) < 12)
    vanish(main)
    await watcher.wait_for(lambda w: abs(w.brightness - 200) < 12, timeout_s=2)
    await watcher.wait_for_frames(5)


async def test_a_producer_puts_a_source_on_the_stage_and_takes_it_off(stage, monkeypatch):
    monkeypatch.setattr("showcaller.media.sfu.program.STEADY_AFTER_S", 0.5)
    await stage.engine.do(Route(stage="main", session="talk"))
    await stage.publish("talk", brightness=60)
    await stage.until(("published", "talk"))
    slides = await stage.publish("talk", source="slides", brightness=200)
    watcher = await stage.view()
    await watcher.wait_for(lambda w: abs(w.brightness - 60) < 12)
    await stage.engine.do(Route(stage="main", session="talk", publication=slides.resource))
    await watcher.wait_for(lambda w: abs(w.brightness - 200) < 12)
    assert (await stage.figures()).publications[1].on_stage == ["main"]
    await stage.engine.do(Route(stage="main", session="talk"))
    await watcher.wait_for(lambda w: abs(w.brightness - 60) < 12)


async def test_a_preview_shows_what_is_on_no_stage(stage):
    green = await stage.publish("talk", brightness=60)
    await stage.until(("published", "talk"))
    watcher = Watcher()
    stage.clients.append(watcher)
    offer = await watcher.offer()
    answer = await stage.engine.do(Preview(resource=green.resource, asker=ASKER, offer=offer))
    await watcher.accept(answer.sdp)
    await watcher.wait_for(lambda w: abs(w.brightness - 60) < 12)
    await watcher.wait_for_frames(5)
    assert (await stage.figures()).stages == []
    with pytest.raises(NotFound):
        await stage.engine.do(Preview(resource="w~r_no", asker=Asker("p"), offer=""))


async def test_a_newcomer_gets_a_picture_without_asking_the_publisher(stage):
    await stage.engine.do(Route(stage="main", session="talk"))
    publisher = await stage.publish("talk")
    first = await stage.view()
    await first.wait_for_frames(12)
    asked = len(publisher.keyframe_requests)
    newcomer = await stage.view()
    await newcomer.wait_for_frames(1)
    assert len(publisher.keyframe_requests) == asked


async def test_who_wants_sound_only_gets_no_pictures_until_they_do(stage):
    await stage.engine.do(Route(stage="main", session="talk"))
    await stage.publish("talk")
    watcher = await stage.view()
    await watcher.wait_for_frames(3)
    await stage.engine.do(ChooseLayer(resource=watcher.resource, asker=ASKER, layer="none"))
    assert [v.layer for v in await stage.engine.do(ListViewers(stage="main"))] == ["none"]
    sounds = watcher.frames["audio"]
    pictures = (await stage.figures()).stages[0]
    await watcher.wait_for(lambda w: w.frames["audio"] >= sounds + 20)
    assert pictures.layers == {"none": 1}
    await stage.engine.do(ChooseLayer(resource=watcher.resource, asker=ASKER, layer="auto"))
    await watcher.wait_for_frames(5)


async def test_an_ice_restart_goes_on_without_a_break(stage):
    await stage.engine.do(Route(stage="main", session="talk"))
    await stage.publish("talk")
    watcher = await stage.view()
    await watcher.wait_for_frames(3)
    fragment = (
        "a=ice-ufrag:newufrag\r\na=ice-pwd:"
        + "x" * 22
        + "\r\nm=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:0\r\n"
    )
    patched = await stage.engine.do(
        Patch(resource=watcher.resource, asker=ASKER, if_match="*", fragment=fragment)
    )
    assert patched.etag != watcher.etag
    assert "a=ice-ufrag:" in patched.fragment
    assert "a=candidate:" in patched.fragment
    await watcher.wait_for_frames(5)  # with the old credentials until the new ones are used


async def test_nothing_is_sent_to_a_viewer_before_it_can_decrypt_or_reports(stage, monkeypatch):
    """Firefox drops what comes in the first milliseconds after DTLS: it would be the keyframe."""
    monkeypatch.setattr("showcaller.media.sfu.forwarding_engine.DECRYPTS_AFTER_S", 1_000.0)
    await stage.engine.do(Route(stage="main", session="talk"))
    await stage.publish("talk")
    watcher = await stage.view(kinds=("video",))
    await stage.until(("viewed", "main"))
    receiver = watcher.pc.getTransceivers()[0].receiver
    await asyncio.sleep(0.2)
    assert watcher.frames == {"video": 0}
    await receiver._send_rtcp_pli(1)
    await watcher.wait_for_frames(5)


async def test_a_viewers_wish_for_a_keyframe_reaches_the_publisher_throttled(stage, monkeypatch):
    monkeypatch.setattr("showcaller.media.sfu.feed.NEW_FOR_S", 0.0)
    await stage.engine.do(Route(stage="main", session="talk"))
    publisher = await stage.publish("talk")
    watcher = await stage.view(kinds=("video",))
    await watcher.wait_for_frames(5)
    receiver = watcher.pc.getTransceivers()[0].receiver
    ssrc = next(iter(receiver._RTCRtpReceiver__remote_streams))
    times = publisher.keyframe_requests
    before = len(times)
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
    await stage.engine.do(Route(stage="main", session="talk"))
    await stage.publish("talk")
    watcher = await stage.view()
    await watcher.wait_for_frames(2)
    await stage.engine.do(CloseRoom(session="talk"))
    await stage.until(("unpublished", "talk"))
    assert (await stage.figures()).stages[0].viewers == 1
    await stage.publish("talk", brightness=200)
    await watcher.wait_for(lambda w: abs(w.brightness - 200) < 12)


async def test_a_room_that_is_reopened_at_once_keeps_its_publishers(stage, monkeypatch):
    """The spare too, which no stage shows; a room that stays closed ends."""
    monkeypatch.setattr("showcaller.media.sfu.forwarding_engine.LINGER_S", 0.2)
    await stage.engine.do(Route(stage="main", session="talk"))
    main = await stage.publish("talk")
    spare = await stage.publish("talk", source="spare")
    await stage.publish("other")
    watcher = await stage.view(kinds=("video",))
    await watcher.wait_for_frames(2)
    await stage.engine.do(Route(stage="main", session=None))
    await stage.engine.do(CloseRoom(session="talk"))
    await stage.engine.do(Route(stage="main", session="talk"))
    await stage.engine.do(CloseRoom(session="other"))
    await stage.until(("unpublished", "other"))
    kept = {one.publication for one in (await stage.figures()).publications}
    assert kept == {main.resource, spare.resource}
    seen = watcher.frames["video"]
    await watcher.wait_for_frames(seen + 5)


async def test_a_peer_that_closes_is_cleaned_up(stage):
    await stage.engine.do(Route(stage="main", session="talk"))
    publisher = await stage.publish("talk")
    watcher = await stage.view()
    await watcher.wait_for_frames(2)
    await watcher.close()
    await stage.until(("left", "main"))
    await publisher.close()
    await stage.until(("unpublished", "talk"))
    figures = await stage.figures()
    assert (figures.publications, figures.stages[0].viewers, figures.connecting) == ([], 0, 0)


async def test_a_publisher_that_vanishes_without_a_word_is_ended(stage, monkeypatch):
    monkeypatch.setattr(ingests, "GONE_AFTER_S", 1.0)
    publisher = await stage.publish("talk")
    await stage.until(("published", "talk"))
    vanish(publisher)
    await stage.until(("unpublished", "talk"))


async def test_a_peer_that_never_connects_is_given_up_and_the_log_says_why(
    stage, monkeypatch, caplog
):
    caplog.set_level("INFO")
    monkeypatch.setattr(transport, "CONNECT_S", 0.2)
    watcher = Watcher()
    stage.clients.append(watcher)
    await stage.engine.do(View(stage="main", asker=Asker("viewer"), offer=await watcher.offer()))
    await stage.until(("left", "main"))
    told = [(record.action, record.reason) for record in caplog.records]
    assert told == [("media.viewer_closed", "never_connected")]


async def test_candidates_trickle_in(stage):
    """The offer tells no address; the candidate comes later, in a fragment."""
    await stage.engine.do(Route(stage="main", session="talk"))
    await stage.publish("talk")
    watcher = Watcher()
    stage.clients.append(watcher)
    offer = await watcher.offer()
    lines = offer.splitlines(keepends=True)
    contenders = [line for line in lines if line.startswith("a=candidate:")]
    bare = "".join(line for line in lines if not line.startswith(("a=candidate", "a=end-of")))
    answer = await stage.engine.do(View(stage="main", asker=Asker("viewer"), offer=bare))
    fragment = "a=mid:0\r\n" + contenders[0] + "a=candidate:1 1 udp 1 ab-c.local 9 typ host\r\n"
    patched = await stage.engine.do(
        Patch(resource=answer.resource, asker=ASKER, if_match=answer.etag, fragment=fragment)
    )
    assert patched.fragment is None
    await watcher.accept(answer.sdp)
    await watcher.wait_for_frames(2)


async def test_a_patch_must_say_what_it_is_about(stage):
    watcher = await stage.view()
    engine, fragment = stage.engine, "a=mid:0\r\na=end-of-candidates\r\n"

    async def patch(if_match, fragment=fragment, resource=watcher.resource):
        return await engine.do(
            Patch(resource=resource, asker=ASKER, if_match=if_match, fragment=fragment)
        )

    with pytest.raises(PreconditionRequired):
        await patch(None)
    with pytest.raises(PreconditionFailed):
        await patch('"another"')
    with pytest.raises(BadInput):
        await patch(watcher.etag, "a=ice-ufrag:another\r\n")
    with pytest.raises(BadInput):
        await patch(watcher.etag, "rubbish")
    with pytest.raises(NotFound):
        await patch(watcher.etag, resource="w~r_nobody")
    assert (await patch(f'"other", {watcher.etag}')).etag == watcher.etag


async def test_an_offer_without_our_codecs_leaves_nothing_behind(stage):
    watcher = Watcher(kinds=("video",))
    stage.clients.append(watcher)
    offer = re.sub("VP8|VP9|H264|AV1", "H261", await watcher.offer())
    with pytest.raises(Unprocessable):
        await stage.engine.do(View(stage="main", asker=Asker("viewer"), offer=offer))
    assert stage.engine.viewers == {}


def test_pyav_has_the_encoders_that_these_tests_use():
    assert {"libvpx", "libx264", "libopus"} <= av.codecs_available
