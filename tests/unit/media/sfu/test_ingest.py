"""One publication as it comes in, what is asked back, and how it does: packets and a clock by hand."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from showcaller.media.egress import choose
from showcaller.media.rtp import rtcp, rtp
from showcaller.media.sfu.ingest import (
    GONE_AFTER_S,
    MAX_PACKET_BYTES,
    OLD_KEYFRAME_S,
    UNANSWERED_S,
)
from showcaller.media.sfu.track import KEYFRAME_EVERY_S
from showcaller.media.sfu.tracks import flowing
from showcaller.testing.media_by_hand import (
    DELTA_PICTURE,
    H264,
    KEY_PICTURE,
    LEVEL,
    OPUS,
    VP8,
    Clock,
)
from showcaller.testing.media_by_hand import Speaker as HandMade

OFFERS = Path(__file__).parents[1] / "sdp/offers"


class Speaker(HandMade):
    def __init__(self, clock, offer="chromium-publisher.sdp", **more):
        super().__init__(clock, choose("python"), OFFERS / offer, **more)

    def statistics(self):
        return self.ingest.statistics(self.clock.now_s, [])


@pytest.fixture
def clock():
    return Clock()


def test_a_picture_and_sound_become_tracks(clock):
    speaker = Speaker(clock)
    speaker.send(VP8, 1, KEY_PICTURE)
    speaker.send(OPUS, 2, level=30)
    assert [track.codec.key for track in speaker.ingest.layers] == ["video/vp8"]
    assert speaker.ingest.sound.kind == "audio"
    assert speaker.noted.changes == 2


def test_layers_are_told_apart_by_their_rids_the_best_first(clock):
    speaker = Speaker(clock, "chromium-simulcast-publisher.sdp")
    speaker.send(VP8, 7, KEY_PICTURE)  # of whichever layer: none yet
    assert speaker.ingest.layers == []
    for ssrc, rid in ((3, "l"), (1, "h"), (2, "m")):
        speaker.send(VP8, ssrc, KEY_PICTURE, rid=rid)
    assert [track.rid for track in speaker.ingest.layers] == ["h", "m", "l"]
    speaker.send(VP8, 2, DELTA_PICTURE)  # browsers stop to say it
    assert [track.reception.packets for track in speaker.ingest.layers] == [1, 2, 1]


def test_who_borrows_a_publication_knows_its_layers_without_their_rids(clock):
    trunk = Speaker(clock, "chromium-simulcast-publisher.sdp")
    for ssrc, rid in ((3, "l"), (1, "h"), (2, "m")):
        trunk.send(VP8, ssrc, KEY_PICTURE, rid=rid)
    branch = Speaker(clock, "chromium-simulcast-publisher.sdp", lines=trunk.ingest.track_lines())
    trunk.noted.packets.clear()
    trunk.send(VP8, 2, DELTA_PICTURE)
    trunk.ingest.on_rtcp(rtcp.sender_report(2, 1 << 32, 5, 1, 1), clock.now_s)
    copied = trunk.noted.packets
    assert len(copied) == 2
    branch.ingest.on_rtp(copied[0], clock.now_s)
    branch.ingest.on_rtcp(copied[1], clock.now_s)
    assert [track.rid for track in branch.ingest.layers] == ["h", "m", "l"]
    assert [track.reception.packets for track in branch.ingest.layers] == [0, 1, 0]
    assert branch.ingest.clock_offset_s == trunk.ingest.clock_offset_s


def test_the_codec_may_change_on_the_way(clock):
    speaker = Speaker(clock)
    speaker.send(VP8, 1, KEY_PICTURE)
    track = speaker.ingest.layers[0]
    speaker.send(H264, 1, bytes([0x65]) + bytes(20))
    assert speaker.ingest.layers == [track]
    assert track.codec.key.startswith("video/h264")


def test_extensions_that_are_longer_than_they_may_be_are_cut(clock):
    speaker = Speaker(clock)
    block = rtp.long_extension_block([(LEVEL, bytes([30]) + bytes(40))])
    packet = rtp.header(OPUS, True, 1, 5, 2, block) + bytes(20)
    speaker.ingest.on_rtp(packet, clock.now_s)
    assert speaker.ingest.sound.last.level == bytes([30])


def test_many_wishes_become_one_request_and_one_at_the_end_of_half_a_second(clock):
    speaker = Speaker(clock)
    speaker.send(VP8, 1, KEY_PICTURE)
    track = speaker.ingest.layers[0]
    for _ in range(50):
        speaker.ingest.ask_keyframe(track, clock.now_s)
    assert [r.ssrc for r in speaker.asked.of(rtcp.KeyframeRequest)] == [1]
    clock.now_s += KEYFRAME_EVERY_S
    speaker.ingest.tick(clock.now_s)
    speaker.ingest.tick(clock.now_s)
    assert len(speaker.asked.of(rtcp.KeyframeRequest)) == 2
    assert speaker.ingest.keyframe_requests == 2


def test_what_is_lost_is_asked_for(clock):
    speaker = Speaker(clock)
    speaker.send(VP8, 1, KEY_PICTURE)
    speaker.send(VP8, 1, DELTA_PICTURE, skip=2)
    for _ in range(5):
        clock.now_s += 0.02
        speaker.ingest.tick(clock.now_s)
    nacks = speaker.asked.of(rtcp.Nack)
    assert nacks and set(nacks[0].sequences) == {102, 103}


def test_reports_come_each_second(clock):
    speaker = Speaker(clock)
    speaker.talk(3.05)
    reports = speaker.asked.of(rtcp.ReceiverReport)
    assert len(reports) == 3
    assert {block.ssrc for block in reports[-1].blocks} == {1, 2}


def test_silence_begins_with_the_last_packet_and_steadiness_anew_after_it(clock):
    speaker = Speaker(clock)
    speaker.talk(4)
    assert speaker.ingest.contender(clock.now_s).steady_s == pytest.approx(4, abs=0.2)
    clock.now_s += 2
    assert speaker.ingest.contender(clock.now_s).silent
    assert speaker.ingest.contender(clock.now_s).steady_s == 0
    assert speaker.statistics().problems == ["silent"]
    speaker.talk(1)
    assert speaker.ingest.contender(clock.now_s).steady_s == pytest.approx(1, abs=0.2)
    assert not speaker.ingest.vanished(clock.now_s)
    clock.now_s += GONE_AFTER_S + 1
    assert speaker.ingest.vanished(clock.now_s)


def test_a_layer_that_stops_while_others_go_on_does_not_flow(clock):
    speaker = Speaker(clock, "chromium-simulcast-publisher.sdp")
    for ssrc, rid in ((1, "h"), (2, "m")):
        speaker.send(VP8, ssrc, KEY_PICTURE, rid=rid)
    high, medium = speaker.ingest.layers
    for _ in range(10):
        clock.now_s += 0.1
        speaker.send(VP8, 2, DELTA_PICTURE)
    assert flowing(speaker.ingest.layers) == [medium]
    speaker.send(VP8, 1, KEY_PICTURE)
    assert flowing(speaker.ingest.layers) == [high, medium]


def vp8_keyframe(width, height):
    """RFC 6386 §9.1."""
    sides = width.to_bytes(2, "little") + height.to_bytes(2, "little")
    return b"\x10\x10\x00\x00\x9d\x01\x2a" + sides


def ranks(speaker):
    return [track.rid for track in speaker.ingest.layers]


def test_the_larger_picture_comes_first_whatever_its_bits_are_now(clock):
    speaker = Speaker(clock, "chromium-simulcast-publisher.sdp")
    sizes = {"h": (320, 180), "m": (1280, 720), "l": (640, 360)}
    for ssrc, (rid, size) in enumerate(sizes.items(), 1):
        speaker.send(VP8, ssrc, vp8_keyframe(*size) + bytes(1_000 // ssrc), rid=rid)
    for _ in range(30):
        clock.now_s += 0.1
        speaker.send(VP8, 1, DELTA_PICTURE + bytes(1_500))
        speaker.ingest.tick(clock.now_s)
    assert ranks(speaker) == ["m", "l", "h"]


def test_a_layer_that_pauses_keeps_its_rank(clock):
    """Also where its size is not known: what it had at best counts."""
    speaker = Speaker(clock, "chromium-simulcast-publisher.sdp")
    for ssrc, rid in ((1, "h"), (2, "m")):
        speaker.send(VP8, ssrc, KEY_PICTURE, rid=rid)

    def go(seconds, bytes_by_ssrc):
        for _ in range(round(seconds * 20)):
            clock.now_s += 0.05
            for ssrc, count in bytes_by_ssrc.items():
                speaker.send(VP8, ssrc, DELTA_PICTURE + bytes(count))
            speaker.ingest.tick(clock.now_s)
            seen.add(tuple(ranks(speaker)))

    seen = set()
    go(5, {1: 1_400, 2: 500})
    go(5, {2: 900})
    go(5, {1: 100, 2: 900})
    assert seen == {("h", "m")}


def test_a_clock_is_followed_slowly_unless_it_was_set(clock):
    speaker = Speaker(clock)
    speaker.send(VP8, 1, KEY_PICTURE)

    def report(offset_s):
        stamp = round((clock.now_s + offset_s) * (1 << 32))
        speaker.ingest.on_rtcp(rtcp.sender_report(1, stamp, 0, 1, 1), clock.now_s)
        return speaker.ingest.clock_offset_s

    assert report(3_600.0) == pytest.approx(3_600)
    assert report(3_600.16) == pytest.approx(3_600.01)  # a report that came late
    assert report(100.0) == pytest.approx(100)


def test_picture_and_sound_are_not_set_apart_by_a_clock_that_stands(clock):
    """RFC 3550 §6.4.1: a sender without a wall clock may send 0; some send the same time for ever."""
    speaker = Speaker(clock)
    speaker.talk(0.1)
    ingest = speaker.ingest
    for ntp in (0, 0xE000_0000 << 32):
        for ssrc in (1, 2):
            ingest.on_rtcp(rtcp.sender_report(ssrc, ntp, 5_000, 1, 1), clock.now_s)
            clock.now_s += 0.552
        assert ingest.clock_offset_s is None
        assert ingest.track_of(1).reception.ntp_of(5_000) is None
        assert ingest.track_of(2).reception.ntp_of(5_000) is None


def test_one_frame_a_second_without_sound_is_not_silent(clock):
    speaker = Speaker(clock)
    for _ in range(20):
        speaker.send(VP8, 1, KEY_PICTURE)
        for _ in range(10):
            clock.now_s += 0.1
            assert not speaker.ingest.contender(clock.now_s).silent
    assert "silent" not in speaker.statistics().problems


def test_an_old_keyframe_is_a_problem_if_no_other_one_comes_on_request(clock):
    speaker = Speaker(clock)
    speaker.send(VP8, 1, KEY_PICTURE)
    speaker.talk(OLD_KEYFRAME_S - 1)
    assert not speaker.asked.of(rtcp.KeyframeRequest)
    speaker.talk(2)
    assert speaker.asked.of(rtcp.KeyframeRequest)
    assert "no_keyframe" not in speaker.statistics().problems
    speaker.talk(UNANSWERED_S)
    assert "no_keyframe" in speaker.statistics().problems
    speaker.send(VP8, 1, KEY_PICTURE)
    assert "no_keyframe" not in speaker.statistics().problems


def problems(clock, send, **more):
    speaker = Speaker(clock, **more)
    send(speaker)
    return speaker.statistics().problems


def test_producers_are_told_what_is_wrong(clock):
    def picture_only(speaker):
        speaker.send(VP8, 1, KEY_PICTURE + bytes(1_000))

    def muted(speaker):
        speaker.talk(2, level=127)

    assert problems(clock, lambda speaker: None) == ["no_video", "no_sound"]
    assert "no_sound" in problems(clock, picture_only)
    assert "no_sound" not in problems(clock, picture_only, source="slides")
    assert {"quiet", "low_bitrate", "no_keyframe"} <= set(problems(clock, muted))


def test_what_no_viewers_network_carries_is_left_out(clock):
    speaker = Speaker(clock)
    speaker.send(VP8, 1, bytes(MAX_PACKET_BYTES))
    assert speaker.ingest.packets == 0


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rubbish=st.binary(max_size=1_700))
def test_rubbish_changes_nothing_that_goes_on(clock, rubbish):
    """A client that has the keys may still send anything."""
    speaker = Speaker(clock)
    speaker.send(VP8, 1, KEY_PICTURE)
    speaker.ingest.on_rtp(rubbish, clock.now_s)
    speaker.ingest.on_rtcp(rubbish, clock.now_s)
    speaker.ingest.tick(clock.now_s)
    speaker.statistics()
    speaker.send(VP8, 1, DELTA_PICTURE)
    assert speaker.ingest.layers
    speaker.ingest.end()
    assert not speaker.ingest.live


def test_the_end_ends_its_tracks(clock):
    speaker = Speaker(clock)
    speaker.send(VP8, 1, KEY_PICTURE)
    speaker.ingest.end()
    clock.now_s += 2
    asked = len(speaker.asked.reports)
    speaker.ingest.tick(clock.now_s)
    assert len(speaker.asked.reports) == asked
    assert not speaker.ingest.live
