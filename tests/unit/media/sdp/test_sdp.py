"""Descriptions, candidates and fragments as text: what is read, and what is refused."""

import pytest

from showcaller.errors import BadInput
from showcaller.media.sdp.sdp import is_usable_candidate, read_description, read_fragment

SMALL = "v=0\na=group:BUNDLE 0\nm=audio 9 UDP/TLS/RTP/SAVPF 111 0\na=mid:0\na=ssrc:1 cname:a\na=ssrc:1 x\n"


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_a_description_has_a_session_and_sections(ending):
    described = read_description(SMALL.replace("\n", ending))
    assert described.session == {"group": ["BUNDLE 0"]}
    (section,) = described.sections
    assert section[:4] == ("audio", 9, "UDP/TLS/RTP/SAVPF", ("111", "0"))
    assert section.attributes == {"mid": ["0"], "ssrc": ["1 cname:a", "1 x"]}


def test_a_description_without_media_is_one():
    assert read_description("v=0").sections == ()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("v=0", "v=1"),
        ("v=0", ""),
        ("m=audio", "m=film"),
        ("m=audio 9", "m=audio"),
        ("SAVPF 111 0", "SAVPF"),
        ("a=mid:0", "a=mid:ä"),
        ("a=mid:0", "a=mid"),
        ("a=mid:0", "a=ice-ufrag:abc"),
        ("a=mid:0", "a=ice-pwd:tooshort"),
        ("a=mid:0", "a=fingerprint:sha-256 zz"),
        ("a=mid:0", "a=setup:holdconn"),
        ("a=mid:0", "\x0ba=mid:0"),
        ("a=mid:0", "\ra=mid:0"),
        ("a=mid:0", "a=x:\u2028"),
        ("a=mid:0", "\n"),
        ("a=mid:0", "a=x\n" * 2_000),
    ],
)
def test_what_is_no_description(old, new):
    assert old in SMALL
    with pytest.raises(BadInput):
        read_description(SMALL.replace(old, new, 1))


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


def test_a_fragment_names_its_credentials_and_candidates():
    fragment = read_fragment(
        "a=ice-ufrag:EsAw\r\na=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r\nm=audio 9 RTP/AVP 0\r\na=mid:0\r\n"
        "a=candidate:1387637174 1 udp 2122260223 192.0.2.1 61764 typ host generation 0 ufrag EsAw\r\n"
        "a=candidate:3471623853 1 udp 2122194687 ab.local 61765 typ host\r\na=end-of-candidates\r\n"
    )
    assert (fragment.ufrag, fragment.pwd) == ("EsAw", "P2uYro0UCOQ4zxjKXaWCBui1")
    assert [candidate.split()[0] for candidate in fragment.candidates] == ["1387637174"]


def test_a_fragment_may_name_little():
    assert read_fragment("a=end-of-candidates\n") == (None, None, [])
    many = "a=candidate:1 1 udp 1 192.0.2.1 5000 typ host\n" * 50
    assert len(read_fragment(many).candidates) == 40


@pytest.mark.parametrize(
    "text", ["", "rubbish", "{}", "a=ice-ufrag:!\r\n", "a=ice-pwd:short\n", "a=mid:\n", "A=x\n"]
)
def test_what_is_no_fragment(text):
    with pytest.raises(BadInput):
        read_fragment(text)
