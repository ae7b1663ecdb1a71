"""Offers as browsers, encoders and strangers write them, and what becomes of them."""

from pathlib import Path

import pytest
from aiortc.sdp import SessionDescription

from showcaller.errors import BadInput, Unprocessable
from showcaller.media.addresses import Addresses
from showcaller.media.aiortc_engine import AiortcEngine
from showcaller.media.sdp import advertise, is_usable_candidate, read_fragment, read_offer

OFFERS = Path(__file__).parent / "offers"
VIEWER = (OFFERS / "chromium-viewer.sdp").read_text()
PUBLISHER = (OFFERS / "obs-publisher.sdp").read_text()


def sections(text):
    return {media.kind: media for media in SessionDescription.parse(text).media}


@pytest.mark.parametrize("path", sorted(OFFERS.glob("*.sdp")), ids=lambda path: path.stem)
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
async def test_every_client_gets_an_answer(path, ending, codecs):
    engine = AiortcEngine("w", Addresses(("127.0.0.1",)))
    text = path.read_text().replace("\n", ending)
    if path.stem.endswith("publisher"):
        answer = await engine.publish(session="s", person="p", offer=text)
    else:
        answer = await engine.view(stage="s", person="p", offer=text)
    offered = [line for line in text.split(ending) if line.startswith(("a=mid:", "m="))]
    answered = SessionDescription.parse(answer.sdp)
    assert [media.kind for media in answered.media] == [
        line.split()[0].removeprefix("m=") for line in offered if line.startswith("m=")
    ]
    assert {media.rtp.muxId for media in answered.media} == {
        line.removeprefix("a=mid:") for line in offered if line.startswith("a=mid:")
    }
    for media in answered.media:
        assert [c.ip for c in media.ice_candidates] == ["127.0.0.1"]
        assert media.direction == ("recvonly" if "publisher" in path.stem else "sendonly")
        assert len([codec for codec in media.rtp.codecs if codec.name != "rtx"]) == 1
    await engine.shut()


@pytest.fixture
def codecs(monkeypatch):
    """aiortc's tables as a media worker widens them; other tests get theirs back."""
    from aiortc.codecs import CODECS

    from showcaller.media.aiortc_peers import forward_more_h264_profiles

    before = list(CODECS["video"])
    forward_more_h264_profiles()
    yield
    CODECS["video"][:] = before


async def test_the_answer_repeats_the_codecs_parameters(codecs):
    """So a publisher may send the profile, the level and the forward error correction it offered."""
    engine = AiortcEngine("w", Addresses(("127.0.0.1",)))
    offer = (OFFERS / "gstreamer-publisher.sdp").read_text()
    answer = await engine.publish(session="s", person="p", offer=offer)
    assert "profile-level-id=64001f" in answer.sdp
    answer = await engine.publish(session="s", person="p", offer=PUBLISHER)
    assert "useinbandfec=1" in answer.sdp
    await engine.shut()


@pytest.mark.parametrize(
    ("offered", "answered"), [("actpass", "active"), ("passive", "active"), ("active", "passive")]
)
async def test_either_side_may_begin_the_handshake(offered, answered):
    engine = AiortcEngine("w", Addresses(("127.0.0.1",)))
    offer = PUBLISHER.replace("a=setup:actpass", f"a=setup:{offered}")
    answer = await engine.publish(session="s", person="p", offer=offer)
    assert f"a=setup:{answered}" in answer.sdp
    await engine.shut()


def test_hidden_and_tcp_candidates_are_left_out_and_the_list_stays_open():
    media = sections(read_offer(VIEWER, "view").sdp)["video"]
    assert media.ice_candidates == []
    assert not media.ice_candidates_complete
    media = sections(read_offer(PUBLISHER, "publish").sdp)["audio"]
    assert [c.ip for c in media.ice_candidates] == ["192.0.2.7", "203.0.113.9"]
    assert not media.ice_candidates_complete


def test_a_lite_client_without_an_address_is_waited_for():
    """RFC 8445 §2.5 would have us begin, but there is nowhere to begin."""
    text = (OFFERS / "ffmpeg-publisher.sdp").read_text()
    assert "a=ice-lite" not in read_offer(text, "publish").sdp
    known = text.replace(
        "a=mid:0", "a=mid:0\na=candidate:1 1 udp 2122317823 192.0.2.7 50461 typ host"
    )
    assert "a=ice-lite" in read_offer(known, "publish").sdp


async def test_h264_without_parameters_is_what_everybody_sends():
    """GStreamer's viewers offer it bare; what a stage carries has packetization-mode=1."""
    engine = AiortcEngine("w", Addresses(("127.0.0.1",)))
    offer = (OFFERS / "gstreamer-viewer.sdp").read_text()
    answer = await engine.view(stage="main", person="p", offer=offer)
    assert "a=rtpmap:96 H264/90000" in answer.sdp
    assert "packetization-mode=1" in answer.sdp
    await engine.shut()


def test_spaces_in_parameters_are_forgiven():
    video = sections(read_offer((OFFERS / "gstreamer-publisher.sdp").read_text(), "publish").sdp)[
        "video"
    ]
    assert video.rtp.codecs[0].parameters["profile-level-id"] == "64001f"


def test_credentials_may_stand_in_the_session():
    lines = VIEWER.splitlines()
    shared = [line for line in lines if line.startswith(("a=ice-ufrag", "a=ice-pwd", "a=finger"))][
        :3
    ]
    rest = [line for line in lines if line not in shared and not line.startswith("a=setup")]
    offer = read_offer("\n".join(rest[:4] + shared + rest[4:]), "view")
    assert offer.ufrag == "kZ3p"
    assert sections(offer.sdp)["audio"].ice.usernameFragment == "kZ3p"
    assert sections(offer.sdp)["audio"].dtls.role == "auto"


def test_missing_media_ids_are_given():
    text = "\n".join(
        line for line in VIEWER.partition("m=audio")[0].splitlines() if "mid:" not in line
    )
    assert "a=mid:0" in read_offer(text, "view").sdp


def test_a_lone_section_is_in_no_group():
    alone = VIEWER.partition("m=audio")[0].replace("a=group:BUNDLE", "a=group:BUNDLE gone")
    assert "gone" not in read_offer(alone, "view").sdp


@pytest.mark.parametrize(
    ("role", "old", "new", "error"),
    [
        ("view", "v=0", "v=1", BadInput),
        ("view", "m=video", "m=film", BadInput),
        ("view", "a=ice-ufrag:kZ3p", "a=ice-ufrag:k", BadInput),
        ("view", "a=ice-ufrag:kZ3p", "a=x", BadInput),
        ("view", "a=ice-pwd:", "a=ice-pwd:§", BadInput),
        ("view", "a=fingerprint:sha-256 ", "a=fingerprint:sha-256 zz:", BadInput),
        ("view", "a=fingerprint", "a=x", BadInput),
        ("view", "a=setup:actpass", "a=setup:holdconn", BadInput),
        ("view", "SAVPF 96", "SAVPF 72", BadInput),
        ("view", "SAVPF 96", "SAVPF 296", BadInput),
        ("view", "a=mid:1", "a=mid:0", BadInput),
        ("view", "a=setup", "\x0ba=setup", BadInput),
        ("view", "a=setup", "a=x:\u2028a=setup", BadInput),
        ("view", "a=setup", "\ra=setup", BadInput),
        ("view", "sha-256", "sha-1", Unprocessable),
        ("view", "a=rtcp-mux", "a=x", Unprocessable),
        ("view", "a=group:BUNDLE 0 1", "a=group:BUNDLE 0", Unprocessable),
        ("view", "m=audio", "m=video", Unprocessable),
        ("view", "a=recvonly", "a=sendonly", Unprocessable),
        ("publish", "a=sendonly", "a=inactive", Unprocessable),
        ("view", VIEWER[VIEWER.index("m=video") :], "", Unprocessable),
    ],
)
def test_what_is_refused(role, old, new, error):
    text = VIEWER if role == "view" else PUBLISHER
    assert old in text
    with pytest.raises(error):
        read_offer(text.replace(old, new), role)


def test_too_many_lines_are_refused():
    with pytest.raises(BadInput):
        read_offer(VIEWER + "a=x:1\n" * 2_000, "view")


def test_a_data_channel_beside_the_media_is_accepted():
    section = "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\na=mid:2\na=ice-ufrag:kZ3p\n"
    section += "a=ice-pwd:0qJ6zYk3s1vXc8mB4nT7wE2r\na=sctp-port:5000\n"
    section += next(line for line in VIEWER.splitlines() if "fingerprint" in line) + "\n"
    offer = read_offer(VIEWER.replace("BUNDLE 0 1", "BUNDLE 0 1 2") + section, "view")
    assert offer.kinds == ("video", "audio")
    assert sections(offer.sdp)["application"].sctp_port == 5000


@pytest.mark.parametrize(
    ("candidate", "usable"),
    [
        ("1 1 udp 2130706431 192.0.2.1 50000 typ host", True),
        ("1 1 UDP 2130706431 2001:db8::1 50000 typ srflx raddr :: rport 9", True),
        ("1 1 udp 1 host-a.local 50000 typ host", False),
        ("1 1 udp 1 192.0.2.256 50000 typ host", False),
        ("1 1 udp 1 192.0.2.1 0 typ host", False),
        ("1 1 udp 1 192.0.2.1 70000 typ host", False),
        ("1 2 udp 1 192.0.2.1 50000 typ host", False),
        ("1 1 tcp 1 192.0.2.1 9 typ host tcptype active", False),
        ("", False),
    ],
)
def test_which_candidates_are_tried(candidate, usable):
    assert is_usable_candidate(candidate) is usable


def test_a_fragment_names_its_candidates():
    fragment = read_fragment(
        "a=ice-ufrag:EsAw\r\na=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r\nm=audio 9 RTP/AVP 0\r\na=mid:0\r\n"
        "a=candidate:1387637174 1 udp 2122260223 192.0.2.1 61764 typ host generation 0 ufrag EsAw\r\n"
        "a=candidate:3471623853 1 udp 2122194687 ab.local 61765 typ host\r\na=end-of-candidates\r\n"
    )
    assert fragment.ufrag == "EsAw"
    assert [candidate.split()[0] for candidate in fragment.candidates] == ["1387637174"]
    with pytest.raises(BadInput):
        read_fragment("a=ice-ufrag:!\r\n")


def test_answers_name_the_addresses_that_clients_reach():
    answer = (
        "v=0\r\na=candidate:1 1 udp 2130706431 0.0.0.0 5000 typ host\r\n"
        "a=candidate:2 1 udp 2130706431 :: 5001 typ host\r\n"
    )
    assert advertise(answer, ()) == answer
    assert advertise(answer, ("203.0.113.1", "203.0.113.2")).splitlines() == [
        "v=0",
        "a=candidate:1 1 udp 2130706431 203.0.113.1 5000 typ host",
        "a=candidate:1 1 udp 2130706431 203.0.113.2 5000 typ host",
    ]


def test_answers_allow_rtcp_on_the_same_transport_only():
    """RFC 9725 §4.4.1"""
    lines = advertise("v=0\r\na=rtcp-mux\r\na=rtcp-mux\r\n", ()).splitlines()
    assert lines == ["v=0", *["a=rtcp-mux", "a=rtcp-mux-only"] * 2]
