"""The codecs that are taken of an offer, and the one by which a viewer is sent a stream."""

import pytest

from showcaller.errors import Unprocessable
from showcaller.media.sdp.codec_choice import decoder_of
from showcaller.media.sdp.negotiation import negotiate

from .stored import BROWSER, PUBLISHER, agreed, answered, keys, read


def test_a_publisher_may_send_all_that_can_be_passed_on():
    media = agreed(BROWSER)
    assert keys(media["audio"]) == ["opus"]
    assert keys(media["video"]) == [
        *("vp8", "h264 baseline", "h264 baseline", "h264 main", "av1", "vp9 0", "vp9 2"),
    ]
    vp8 = media["video"].codecs[0]
    assert (vp8.name, vp8.payload_type, vp8.rtx, vp8.clock_hz) == ("VP8", 96, 97, 90_000)
    opus = media["audio"].codecs[0]
    assert (opus.payload_type, opus.rtx, opus.clock_hz, opus.channels) == (111, None, 48_000, 2)


def test_where_it_is_recorded_h264_is_answered_first_and_nothing_is_left_out():
    plain = negotiate(read(BROWSER), "publish").media
    recorded = negotiate(read(BROWSER), "publish", "H264").media
    video = next(medium for medium in recorded if medium.kind == "video")
    assert keys(video)[:4] == ["h264 baseline", "h264 baseline", "h264 main", "vp8"]
    assert video.lines[0].startswith(f"m=video 9 UDP/TLS/RTP/SAVPF {video.codecs[0].payload_type} ")
    for before, after in zip(plain, recorded, strict=True):
        assert set(before.codecs) == set(after.codecs)


def test_a_viewer_gets_every_codec_that_a_stage_may_use():
    video = agreed("chromium-all-codecs-viewer")["video"]
    assert set(keys(video)) == {
        *("vp8", "vp9 0", "vp9 1", "vp9 2", "vp9 3"),
        *("h264 baseline", "h264 main", "h264 high444", "av1", "av1 1"),
    }
    text = answered(read("chromium-all-codecs-viewer"))
    left_out = ("red/", "ulpfec", "flexfec", "telephone-event", "G722", "mode=0")
    assert [name for name in left_out if name in text] == []


def test_h264_in_single_nal_units_is_taken_where_its_profile_comes_in_no_other_mode():
    changes = [("packetization-mode=1", "packetization-mode=0")]
    assert keys(agreed("obs-publisher", *changes)["video"]) == ["h264 baseline"]
    assert "h264 baseline" in keys(agreed("chromium-viewer", *changes)["video"])
    unsaid = [(";packetization-mode=1", "")]
    assert "h264 baseline" in keys(agreed("chromium-viewer", *unsaid)["video"])
    both = agreed("chromium-viewer")["video"].codecs
    assert all("packetization-mode=1" in c.parameters for c in both if c.name == "H264")


def test_h264_without_parameters_is_what_everybody_sends():
    """GStreamer's viewers offer it bare; what a stage carries has packetization-mode=1."""
    assert keys(agreed("gstreamer-viewer")["video"]) == ["h264 baseline"]
    text = answered(read("gstreamer-viewer"))
    assert "a=rtpmap:96 H264/90000" in text
    assert "packetization-mode=1" in text


@pytest.mark.parametrize(
    ("profile", "key"),
    [
        ("42001f", "h264 baseline"),
        ("42E01F", "h264 baseline"),
        ("4d001f", "h264 main"),
        ("64001f", "h264 high"),
        ("640c1f", "h264 high"),
    ],
)
def test_profiles_of_h264(profile, key):
    assert keys(agreed("obs-publisher", ("42e01f", profile))["video"]) == [key]


def test_the_answer_repeats_the_codecs_parameters():
    """So a publisher may send the profile, the level and the forward error correction it offered."""
    assert "profile-level-id=64001f" in answered(read("gstreamer-publisher"), "publish")
    assert "useinbandfec=1" in answered(PUBLISHER, "publish")


def test_spaces_and_letters_in_parameters_are_forgiven():
    codec = agreed("gstreamer-publisher")["video"].codecs[0]
    assert codec.parameters.startswith("packetization-mode=1;profile-level-id=64001f;sprop")
    for wrong in ("minptime=ten", "MINPTIME=ten", "minptime"):
        bent = agreed("obs-publisher", ("minptime=10", wrong))["audio"].codecs[0]
        assert bent.parameters.startswith("maxaveragebitrate")


@pytest.mark.parametrize(
    ("old", "new"),
    [("apt=97", "APT=x"), ("apt=97", "apt=99999999999"), ("rtcp-fb:96 nack", "rtcp-fb:")],
)
def test_what_says_nothing_sound_is_passed_over(old, new):
    agreed("chromium-viewer", (old.replace("97", "96"), new))


def test_codecs_of_another_clock_are_others():
    with pytest.raises(Unprocessable):
        agreed("obs-publisher", ("opus/48000", "opus/8000"))


@pytest.mark.parametrize(
    ("offered", "stream", "chosen"),
    [
        ("42e01f 4d001f 64001f", "h264 main", "4d001f"),
        ("42e01f f4001f 4d001f", "h264 high", "f4001f"),
        ("42e01f 4d001f", "h264 high", "4d001f"),
        ("42001f 42e01f", "h264 baseline", "42001f"),
        ("4d001f", "h264 baseline", "4d001f"),
        ("4d001f", "vp8", None),
    ],
)
def test_by_which_codec_a_viewer_is_sent_a_stream(offered, stream, chosen):
    numbers = [str(100 + at) for at, _ in enumerate(offered.split())]
    lines = [
        f"a=rtpmap:{number} H264/90000\na=fmtp:{number} packetization-mode=1;profile-level-id={level}"
        for number, level in zip(numbers, offered.split(), strict=True)
    ]
    text = PUBLISHER.replace("SAVPF 96", f"SAVPF {' '.join(numbers)}") + "\n".join(lines)
    video = negotiate(text, "publish").media[1]
    codec = decoder_of(video.codecs, f"video/{stream}")
    assert (codec and codec.parameters.partition("level-id=")[2]) == chosen
