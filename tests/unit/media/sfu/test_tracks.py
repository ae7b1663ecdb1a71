"""The tracks of a speaker by SSRC: packets by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from showcaller.media.rtp import rtp
from showcaller.media.rtp.extensions import REPAIRED_RID, RID
from showcaller.media.sdp.codec_choice import Codec
from showcaller.media.sdp.negotiation import Medium
from showcaller.media.sfu.tracks import SILENT_S, Tracks, flowing, ordered

VP8 = Codec("VP8", "video/vp8", 90_000, 1, 96, 97, "")
VP9 = Codec("VP9", "video/vp9 0", 90_000, 1, 98, 99, "")
OPUS = Codec("opus", "audio/opus", 48_000, 2, 111, None, "")
IDS = {RID: 10, REPAIRED_RID: 11}


def medium(kind, codecs, rids=(), rtx_ssrcs=None):
    return Medium(kind, "0", True, codecs, {}, frozenset(), rids, rtx_ssrcs or {}, (), ())


class Speaker:
    """Tracks, and all that they tell."""

    def __init__(self, rids=(), rtx_ssrcs=None):
        media = {
            "audio": medium("audio", (OPUS,)),
            "video": medium("video", (VP8, VP9), rids, rtx_ssrcs),
        }
        self.tracks, self.new, self.now_s = Tracks("p", media, IDS, self), [], 1_000.0

    def on_track(self, track, now_s):
        self.new.append(track)

    def ask_keyframe(self, track, now_s):
        pytest.fail("nobody asked")

    def send(self, payload_type, ssrc, *, rid="", repaired="", payload=b"\x10\0\0\0\0"):
        """The track and the packet that are found."""
        names = {10: rid.encode(), 11: repaired.encode()}
        extensions = {number: name for number, name in names.items() if name}
        packet = rtp.Packet(payload_type, True, 7, 90_000, ssrc, extensions, payload)
        found = self.tracks.find(packet, self.now_s)
        if found:
            found[0].last_s = self.now_s
        return found


def test_a_picture_and_sound_are_told_apart_by_their_payload_types():
    speaker = Speaker()
    picture, _ = speaker.send(96, 1)
    sound, _ = speaker.send(111, 2)
    assert speaker.tracks.layers == [picture]
    assert speaker.tracks.sound is sound
    assert speaker.new == [picture, sound]
    assert speaker.tracks.of(1) is picture
    assert speaker.send(50, 3) is None  # of no codec that was negotiated


def test_layers_stand_in_the_offers_order_until_their_rates_are_known():
    speaker = Speaker(rids=("h", "m", "l"))
    for ssrc, rid in ((3, "l"), (1, "h"), (2, "m")):
        speaker.send(96, ssrc, rid=rid)
    assert [track.rid for track in speaker.tracks.layers] == ["h", "m", "l"]


def test_a_packet_that_does_not_say_its_layer_is_none_of_them_yet():
    speaker = Speaker(rids=("h", "l"))
    assert speaker.send(96, 1) is None
    assert speaker.send(96, 1, rid="unknown") is None
    assert speaker.send(96, 1, rid="h") is not None


def test_the_newest_ssrc_is_the_layers_and_what_comes_late_of_the_old_one_is_dropped():
    speaker = Speaker()
    old, _ = speaker.send(96, 1)
    new, _ = speaker.send(96, 2)
    assert speaker.tracks.layers == [new]
    assert speaker.send(96, 1) is None
    speaker.now_s += SILENT_S + 0.1
    again, _ = speaker.send(96, 1)
    assert again is not old
    assert speaker.tracks.layers == [again]


@pytest.mark.parametrize(
    ("rids", "rtx_ssrcs", "repaired"),
    [
        pytest.param((), None, "", id="of the only layer"),
        pytest.param(("h", "l"), {1: 9}, "", id="as the offer said"),
        pytest.param(("h", "l"), None, "h", id="as the packet says"),
    ],
)
def test_a_repair_is_unwrapped_to_the_packet_that_was_lost(rids, rtx_ssrcs, repaired):
    speaker = Speaker(rids, rtx_ssrcs)
    track, _ = speaker.send(96, 1, rid=rids[0] if rids else "")
    if rids:
        speaker.send(96, 2, rid="l")
    found, packet = speaker.send(97, 9, repaired=repaired, payload=(1_234).to_bytes(2) + b"lost")
    assert found is track
    assert (packet.sequence, packet.payload_type, packet.ssrc) == (1_234, 96, 1)
    assert packet.payload == b"lost"


def test_a_repair_whose_track_is_not_known_is_dropped():
    speaker = Speaker(rids=("h", "l"))
    speaker.send(96, 1, rid="h")
    speaker.send(96, 2, rid="l")
    assert speaker.send(97, 9, payload=b"\0\1lost") is None


def test_the_codec_may_change_within_a_kind():
    speaker = Speaker()
    track, _ = speaker.send(96, 1)
    speaker.send(98, 1)
    assert track.codec is VP9
    speaker.send(111, 1)  # no sound comes on a picture's SSRC
    assert track.codec is VP9


def test_another_worker_is_told_all_that_packets_no_longer_say():
    speaker, borrower = Speaker(rids=("h", "l")), Speaker(rids=("h", "l"))
    speaker.send(96, 1, rid="h")
    speaker.send(96, 2, rid="l")
    speaker.send(97, 9, repaired="l", payload=b"\0\1lost")
    for line in speaker.tracks.lines():
        borrower.tracks.expect(line, borrower.now_s)
    assert borrower.tracks.lines() == speaker.tracks.lines()
    found, _ = borrower.send(97, 9, payload=b"\0\1lost")
    assert found.rid == "l"


def test_a_layer_that_stops_while_others_go_on_does_not_flow():
    speaker = Speaker(rids=("h", "l"))
    high, _ = speaker.send(96, 1, rid="h")
    low, _ = speaker.send(96, 2, rid="l")
    assert flowing([high, low]) == [high, low]  # nothing has come of either
    for track, last_s in ((high, 10.0), (low, 11.0)):
        track.last, track.last_s = object(), last_s
    assert flowing([high, low]) == [low]


def test_at_the_end_nothing_is_known_any_more():
    speaker = Speaker()
    track, _ = speaker.send(96, 1)
    speaker.tracks.end()
    assert speaker.tracks.of(1) is None
    track.ask_keyframe(speaker.now_s)  # asks nobody


@given(st.lists(st.floats(0, 1e7), max_size=4))
def test_layers_are_ordered_by_clearly_more_bits_and_noise_changes_nothing(rates):
    order = ordered(rates)
    assert sorted(order) == list(range(len(rates)))
    assert ordered([rates[at] for at in order]) == list(range(len(rates)))
