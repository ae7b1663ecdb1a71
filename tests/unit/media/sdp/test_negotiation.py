"""The agreement with browsers, encoders and strangers, and the answer that says so."""

import pytest
from aiortc import RTCBundlePolicy, RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import AudioStreamTrack, VideoStreamTrack
from aiortc.sdp import SessionDescription

from showcaller.errors import BadInput, Unprocessable
from showcaller.media.sdp.negotiation import negotiate, restart_fragment
from showcaller.media.sdp.sdp import read_description, read_fragment

from .stored import (
    BROWSER,
    LOCAL,
    OFFERS,
    PUBLISHER,
    VIEWER,
    agreed,
    answered,
    read,
    role_of,
    short,
)


@pytest.mark.parametrize("path", sorted(OFFERS.glob("*.sdp")), ids=lambda path: path.stem)
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_every_client_gets_an_answer(path, ending):
    offer = path.read_text().replace("\n", ending)
    role = role_of(path.stem)
    text = answered(offer, role)
    offered, described = read_description(offer), read_description(text)
    for theirs, ours in zip(offered.sections, described.sections, strict=True):
        assert ours[0] == theirs[0]
        assert ours.attributes["mid"] == theirs.attributes["mid"]
        if ours.port:
            assert set(ours.formats) <= set(theirs.formats)
            assert ("recvonly" if role == "publish" else "sendonly") in ours.attributes
    media = [m for m in SessionDescription.parse(text).media if m.port]
    assert [c.ip for c in media[0].ice_candidates] == ["192.0.2.1", "2001:db8::1"]
    assert all(len(m.ice_candidates) == 2 for m in media)
    assert {m.dtls.role for m in media} == {"server"}


# Extensions and feedback ------------------------------------------------------------------------


def test_extensions_and_feedback_of_a_browser_that_publishes():
    media = agreed(BROWSER)
    assert short(media["audio"].extensions) == {
        "ssrc-audio-level": 1,
        "abs-send-time": 2,
        "draft-holmer-rmcat-transport-wide-cc-extensions-01": 3,
        "mid": 4,
    }
    assert {"rtp-stream-id", "repaired-rtp-stream-id", "video-orientation"} <= set(
        short(media["video"].extensions)
    )
    assert media["video"].feedback == {"nack", "nack pli", "ccm fir", "transport-cc"}
    said = answered(read(BROWSER), "publish")
    assert ("dependency-descriptor" in said) == ("dependency-descriptor" in read(BROWSER))
    assert ("a=extmap-allow-mixed" in said) == ("a=extmap-allow-mixed" in read(BROWSER))


def test_a_publisher_without_transport_cc_is_told_its_estimate():
    for change in (("transport-cc", "none"), ("transport-wide-cc", "x")):
        video = agreed(BROWSER, change)["video"]
        assert video.feedback == {"nack", "nack pli", "ccm fir", "goog-remb"}
        assert not any("transport-wide" in uri for uri in video.extensions)


def test_extensions_and_feedback_of_a_viewer():
    media = agreed("chromium-all-codecs-viewer")
    assert set(short(media["video"].extensions)) == {"abs-send-time", "video-orientation"}
    assert set(short(media["audio"].extensions)) == {"abs-send-time", "ssrc-audio-level"}
    assert media["video"].feedback == {"nack", "nack pli", "ccm fir", "goog-remb"}


def test_a_codec_gets_the_feedback_that_it_was_offered_with():
    text = answered(VIEWER)
    assert "a=rtcp-fb:103 nack pli" in text
    assert "a=rtcp-fb:103 nack\r\n" not in text
    assert "a=rtcp-fb:107" not in text


def test_feedback_for_all_codecs():
    """RFC 4585 §4.2: `*`"""
    text = answered(VIEWER.replace("a=rtcp-fb:96 nack\n", "a=rtcp-fb:* nack\n"))
    assert all(f"a=rtcp-fb:{number} nack\r\n" in text for number in (96, 103, 107, 39, 45))
    assert "a=rtcp-fb:97" not in text


@pytest.mark.parametrize(
    ("identity", "kept"),
    [
        ("1", True),
        ("14", True),
        ("0", False),
        ("15", False),
        ("200", False),
        ("3/recvonly", True),
        ("3/sendonly", False),
        ("3/inactive", False),
    ],
)
def test_which_ids_of_extensions_are_kept(identity, kept):
    """RFC 8285 §4.2: one byte; §5: directions are the offerer's."""
    extensions = agreed("chromium-viewer", ("extmap:2 http", f"extmap:{identity} http"))["video"]
    assert ("abs-send-time" in short(extensions.extensions)) is kept


def test_an_extension_of_one_direction_is_answered_with_the_other():
    text = answered(read("obs-simulcast-publisher"), "publish")
    assert "a=extmap:2/recvonly urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id" in text
    assert "a=extmap:1 urn:ietf:params:rtp-hdrext:sdes:mid" in text


def test_an_id_stands_for_one_extension():
    changed = agreed("chromium-all-codecs-viewer", ("extmap:3 urn:3gpp", "extmap:2 urn:3gpp"))
    assert sorted(changed["video"].extensions.values()) == [2]


# Streams and layers -----------------------------------------------------------------------------


def test_streams_and_their_retransmissions():
    video = agreed("gstreamer-publisher")["video"]
    assert video.ssrcs == (2412,)
    assert video.rtx_ssrcs == {2412: 2413}
    assert agreed("obs-publisher")["audio"].ssrcs == (1347612345,)


# Transport --------------------------------------------------------------------------------------


def test_the_client_is_known_by_its_section():
    remote = negotiate(VIEWER, "view").remote
    assert (remote.ufrag, remote.pwd) == ("kZ3p", "0qJ6zYk3s1vXc8mB4nT7wE2r")
    assert remote.setup == "actpass"
    ((algorithm, value),) = remote.fingerprints
    assert algorithm == "sha-256"
    assert value.startswith("00:01:02:")


def test_credentials_may_stand_in_the_session():
    names = ("a=ice-ufrag", "a=ice-pwd", "a=fingerprint")
    lines = VIEWER.splitlines()
    shared = [line for line in lines if line.startswith(names)][:3]
    rest = [line for line in lines if line not in shared and not line.startswith("a=setup")]
    moved = "\n".join(rest[:4] + shared + rest[4:])
    assert negotiate(moved, "view").remote == negotiate(VIEWER, "view").remote


def test_only_the_first_of_a_bundle_needs_a_transport():
    """RFC 9429 §5.2.1: what bundle-only sections leave out."""
    first, _, second = VIEWER.partition("m=audio 9")
    names = ("a=ice-", "a=fingerprint", "a=setup", "a=rtcp-mux")
    kept = [line for line in second.splitlines() if not line.startswith(names)]
    bare = "\n".join([f"{first}m=audio 0{kept[0]}", *kept[1:], "a=bundle-only\n"])
    assert negotiate(bare, "view").remote == negotiate(VIEWER, "view").remote
    assert [m.kind for m in negotiate(bare, "view").media] == ["video", "audio"]


def test_the_bundle_is_led_by_the_section_that_the_offer_says():
    """RFC 9143 §7.3.1: its transport is everyone's."""
    text = VIEWER.replace("BUNDLE 0 1", "BUNDLE 1 0")
    first, mark, second = text.partition("m=audio")
    text = first + mark + second.replace("ice-ufrag:kZ3p", "ice-ufrag:other")
    assert negotiate(text, "view").remote.ufrag == "other"
    assert negotiate(text, "view").bundle == ("1", "0")
    assert "a=group:BUNDLE 1 0\r\n" in answered(text)


@pytest.mark.parametrize("offered", ["actpass", "passive", "active"])
def test_who_begins_the_handshake_is_told(offered):
    text = PUBLISHER.replace("a=setup:actpass", f"a=setup:{offered}")
    assert negotiate(text, "publish").remote.setup == offered
    ours = "active" if offered == "passive" else "passive"
    assert f"a=setup:{ours}" in answered(text, "publish", LOCAL._replace(setup=ours))


def test_a_lite_client_must_check_the_connection_itself():
    """FFmpeg does, which calls itself lite and tells no address; who tells one only waits."""
    assert negotiate(read("ffmpeg-publisher"), "publish").remote.setup == "passive"
    line = "a=candidate:1 1 udp 2122317823 192.0.2.7 50461 typ host"
    with pytest.raises(Unprocessable):
        agreed("ffmpeg-publisher", ("a=mid:0", f"a=mid:0\n{line}"))


def test_candidates_by_tcp_are_passive_and_below_those_by_udp():
    local = LOCAL._replace(tcp_candidates=(("192.0.2.1", 443), ("2001:db8::1", 443)))
    text = answered(VIEWER, local=local)
    lines = [line for line in text.splitlines() if "candidate" in line][:5]
    assert lines[2:] == [
        "a=candidate:3 1 tcp 1520435199 192.0.2.1 443 typ host tcptype passive",
        "a=candidate:4 1 tcp 1520434943 2001:db8::1 443 typ host tcptype passive",
        "a=end-of-candidates",
    ]
    parsed = SessionDescription.parse(text).media[0].ice_candidates
    priorities = [candidate.priority for candidate in parsed]
    assert priorities == sorted(priorities, reverse=True) and len(set(priorities)) == 4
    assert "tcptype passive" in restart_fragment(local, ["0"])


def test_the_answer_is_a_lite_agents_with_all_its_candidates():
    lines = answered(VIEWER).splitlines()
    assert "a=ice-lite" in lines
    assert [line for line in lines if "candidate" in line][:3] == [
        "a=candidate:1 1 udp 2130706431 192.0.2.1 4000 typ host",
        "a=candidate:2 1 udp 2130706175 2001:db8::1 4000 typ host",
        "a=end-of-candidates",
    ]
    assert lines.count("a=rtcp-mux-only") == 2  # RFC 9725 §4.4.1


# Sections ---------------------------------------------------------------------------------------


def test_a_viewer_gets_one_stream_of_two_tracks():
    audio, video = read_description(answered(read("pion-viewer"))).sections
    assert audio.attributes["msid"] == ["showcaller showcaller-audio"]
    assert video.attributes["msid"] == ["showcaller showcaller-video"]
    assert audio.attributes["ssrc"] == ["11 cname:cname", "11 msid:showcaller showcaller-audio"]
    assert "ssrc-group" not in video.attributes  # that offer has no retransmissions
    video = read_description(answered(VIEWER)).sections[0]
    assert video.attributes["ssrc-group"] == ["FID 21 22"]
    assert [value.split()[0] for value in video.attributes["ssrc"]] == ["21", "21", "22", "22"]


def test_a_data_channel_is_rejected_in_its_place():
    sections = read_description(answered(read("chromium-publisher"), "publish")).sections
    assert [(section.kind, section.port) for section in sections] == [
        ("audio", 9),
        ("video", 9),
        ("application", 0),
    ]
    assert "a=group:BUNDLE 0 1\r\n" in answered(read("chromium-publisher"), "publish")


def test_a_data_channel_that_leads_the_bundle_leaves_its_transport():
    data = "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\na=mid:d\na=ice-ufrag:kZ3p\n"
    data += "a=ice-pwd:0qJ6zYk3s1vXc8mB4nT7wE2r\na=rtcp-mux\n"
    data += next(line for line in VIEWER.splitlines() if "fingerprint" in line) + "\n"
    names = ("a=ice-", "a=fingerprint", "a=setup")
    bare = [line for line in VIEWER.splitlines() if not line.startswith(names)]
    at = next(at for at, line in enumerate(bare) if line.startswith("m="))
    text = "\n".join([*bare[:at], data.rstrip(), *bare[at:]])
    text = text.replace("BUNDLE 0 1", "BUNDLE d 0 1")
    assert negotiate(text, "view").remote.ufrag == "kZ3p"
    described = read_description(answered(text))
    assert described.session["group"] == ["BUNDLE 0 1"]
    assert [section.kind for section in described.sections] == ["application", "video", "audio"]
    assert ["candidate" in section.attributes for section in described.sections] == [
        False,
        True,
        True,
    ]


def test_what_the_offer_disabled_is_rejected():
    first, _, second = VIEWER.partition("m=audio 9")
    text = f"{first}m=audio 0{second}".replace("BUNDLE 0 1", "BUNDLE 0")
    assert [m.kind for m in negotiate(text, "view").media] == ["video"]
    assert read_description(answered(text)).sections[1].port == 0


def test_media_that_flow_the_wrong_way_are_inactive():
    first, mark, second = VIEWER.partition("m=audio")
    text = first + mark + second.replace("a=recvonly", "a=sendonly")
    assert [medium.flows for medium in negotiate(text, "view").media] == [True, False]
    audio = read_description(answered(text)).sections[1].attributes
    assert "inactive" in audio
    assert "msid" not in audio


@pytest.mark.parametrize("direction", ["a=sendrecv", "a=x"])
def test_both_ways_is_answered_with_ours(direction):
    text = VIEWER.replace("a=recvonly", direction)
    assert all("sendonly" in s.attributes for s in read_description(answered(text)).sections)


def test_a_lone_section_needs_neither_group_nor_mid():
    alone = VIEWER.partition("m=audio")[0]
    assert "a=group:BUNDLE 0\r\n" in answered(alone)
    assert "a=group" not in answered(alone.replace("a=group:BUNDLE 0 1", "a=x"))
    assert "a=group" not in answered(alone.replace("BUNDLE 0 1", "BUNDLE gone"))
    nameless = alone.replace("a=mid:0\n", "").replace("a=group:BUNDLE 0 1\n", "")
    assert negotiate(nameless, "view").media[0].mid == "0"
    assert negotiate(nameless, "view").bundle == ("0",)
    assert "a=mid" not in answered(nameless)
    assert "a=candidate" in answered(nameless)


@pytest.mark.parametrize(
    ("role", "old", "new", "error"),
    [
        ("view", "v=0", "v=1", BadInput),
        ("view", "a=ice-ufrag:kZ3p", "a=ice-ufrag:k", BadInput),
        ("view", "a=ice-ufrag:kZ3p", "a=x", BadInput),
        ("view", "a=ice-pwd:", "a=x:", BadInput),
        ("view", "a=fingerprint", "a=x", BadInput),
        ("view", "SAVPF 96", "SAVPF 72", BadInput),
        ("view", "SAVPF 96", "SAVPF 296", BadInput),
        ("view", "SAVPF 96", "SAVPF x", BadInput),
        ("view", "a=mid:1", "a=mid:0", BadInput),
        ("view", "sha-256", "sha-1", Unprocessable),
        ("view", "a=rtcp-mux", "a=x", Unprocessable),
        ("view", "a=group:BUNDLE 0 1", "a=group:BUNDLE 0", Unprocessable),
        ("view", "a=group:BUNDLE 0 1", "a=x", Unprocessable),
        ("view", "m=audio", "m=video", Unprocessable),
        ("view", "a=recvonly", "a=sendonly", Unprocessable),
        ("view", "opus", "speex", Unprocessable),
        ("publish", "a=sendonly", "a=inactive", Unprocessable),
        ("publish", "H264", "H265", Unprocessable),
        ("publish", "111", "96", Unprocessable),
        ("view", VIEWER[VIEWER.index("m=video") :], "", Unprocessable),
    ],
)
def test_what_is_refused(role, old, new, error):
    text = VIEWER if role == "view" else PUBLISHER
    assert old in text
    with pytest.raises(error):
        negotiate(text.replace(old, new), role)


# Real peers, and restarts -----------------------------------------------------------------------


@pytest.mark.parametrize("role", ["publish", "view"])
async def test_aiortc_takes_the_answer(role):
    pc = RTCPeerConnection(RTCConfiguration(iceServers=[], bundlePolicy=RTCBundlePolicy.MAX_BUNDLE))
    for kind, track in (("video", VideoStreamTrack()), ("audio", AudioStreamTrack())):
        if role == "publish":
            pc.addTransceiver(track, "sendonly")
        else:
            pc.addTransceiver(kind, "recvonly")
    await pc.setLocalDescription(await pc.createOffer())
    text = answered(pc.localDescription.sdp, role)
    await pc.setRemoteDescription(RTCSessionDescription(text, "answer"))
    wanted = "sendonly" if role == "publish" else "recvonly"
    assert [t.currentDirection for t in pc.getTransceivers()] == [wanted, wanted]
    await pc.close()


def test_a_restart_is_answered_with_new_credentials():
    """RFC 9725 §4.3.3, RFC 8840 §9"""
    text = restart_fragment(LOCAL, ["video", "audio"])
    fragment = read_fragment(text)
    assert (fragment.ufrag, fragment.pwd) == (LOCAL.ufrag, LOCAL.pwd)
    assert len(fragment.candidates) == 2
    lines = text.splitlines()
    assert {"a=group:BUNDLE video audio", "a=mid:video", "a=end-of-candidates"} <= set(lines)
    for name in ("a=ice-lite", "a=ice-options:"):  # those of the answer
        assert [line for line in lines if line.startswith(name)] == [
            line for line in answered(VIEWER).splitlines() if line.startswith(name)
        ]


def test_a_restart_of_a_lone_section_has_no_group():
    assert "a=group" not in restart_fragment(LOCAL, ["0"])
