"""The answer to an offer."""

import re

import pytest
from whip_whep.offers import make_offer
from whip_whep.sdp import read_sdp

ANSWERED = {"whip": "recvonly", "whep": "sendonly"}
CANDIDATE = re.compile(r"[\w+/]{1,32} [12] (udp|tcp) \d{1,10} \S+ \d{1,5} typ \w+.*", re.IGNORECASE)


@pytest.mark.must
async def test_sections_are_those_of_the_offer(session):
    """The answer has the offer's media sections, in its order and with its `mid`s.

    RFC 9725 §4.2; WHEP §4.3.1: RFC 9429 §5.3.1
    """
    offered, answered = read_sdp(session.offer).sections, session.answer.sections
    assert [part.kind for part in answered] == [part.kind for part in offered]
    assert [part.value("mid") for part in answered] == [part.value("mid") for part in offered]


@pytest.mark.must
async def test_formats_are_of_the_offer(session):
    """Each section that flows has payload types of the offer's, and names their codecs.

    RFC 9725 §4.2; WHEP §4.3.1: RFC 9429 §5.3.1
    """
    offered = read_sdp(session.offer).sections
    for part, theirs in zip(session.answer.sections, offered, strict=True):
        named = {value.split()[0] for value in part.values("rtpmap")}
        assert set(part.formats) & set(theirs.formats), part.line
        assert set(part.formats) <= named, part.line


@pytest.mark.must
@pytest.mark.parametrize("offered", ["one way", "sendrecv"])
async def test_direction(endpoint, offered):
    """The answer to an offer is `recvonly` (WHIP) or `sendonly` (WHEP) in each section.

    RFC 9725 §4.2; WHEP §4.3.5
    """
    direction = "sendrecv" if offered == "sendrecv" else ""
    answer = (await endpoint.open(make_offer(endpoint.protocol, direction=direction))).answer
    wanted = ANSWERED[endpoint.protocol]
    assert [answer.direction(part) for part in answer.flowing] == [wanted] * len(answer.flowing)


@pytest.mark.must
async def test_dtls_role(session):
    """The answer chooses a DTLS role: `active` or `passive`.

    RFC 9725 §4.2; WHEP §4.3.1: RFC 9429 §5.3.1 (RFC 8842 §5.3)
    """
    answer = session.answer
    assert answer.of(answer.flowing[0], "setup") in ("active", "passive")


@pytest.mark.must
async def test_credentials(session):
    """The answer has ICE credentials and the fingerprint of a certificate.

    RFC 9725 §4.2; WHEP §4.3.1: RFC 9429 §5.3.1 (RFC 8839 §5.4, RFC 8122 §5)
    """
    answer = session.answer
    first = answer.flowing[0]
    assert re.fullmatch(r"[\w+/]{4,256}", answer.of(first, "ice-ufrag"), re.ASCII)
    assert re.fullmatch(r"[\w+/]{22,256}", answer.of(first, "ice-pwd"), re.ASCII)
    assert re.fullmatch(r"sha-\d+ ([0-9A-F]{2}:)+[0-9A-F]{2}", answer.of(first, "fingerprint"))


@pytest.mark.must
async def test_candidates_are_all_there(session):
    """The answer has all the server's candidates, at least one.

    RFC 9725 §4.3.2; WHEP §4.5.2
    """
    candidates = session.answer.values("candidate")
    assert candidates
    assert [value for value in candidates if not CANDIDATE.fullmatch(value)] == []


@pytest.mark.must
async def test_all_is_bundled(session):
    """The answer bundles every section.

    RFC 9725 §4.4.1; WHEP §4.6.1
    """
    answer = session.answer
    assert answer.bundled == [part.value("mid") for part in answer.flowing]


@pytest.mark.must
async def test_rtp_and_rtcp_are_multiplexed(session):
    """Each bundled section multiplexes RTP and RTCP: `rtcp-mux`.

    RFC 9725 §4.4.1; WHEP §4.6.1
    """
    assert all(part.has("rtcp-mux") for part in session.answer.flowing)


@pytest.mark.must
async def test_rtp_and_rtcp_are_only_multiplexed(session):
    """Each bundled section has `rtcp-mux-only`.

    RFC 9725 §4.4.1; WHEP §4.6.1
    """
    assert all(part.has("rtcp-mux-only") for part in session.answer.flowing)


@pytest.mark.must
async def test_one_media_stream(session):
    """Each section that is sent has an `msid`, all of one MediaStream.

    WHEP §4.6.2
    """
    sent = session.answer.flowing
    streams = [part.value("msid").partition(" ")[0] for part in sent]
    assert all(streams), "a section has no msid"
    assert len(set(streams)) == 1, streams


@pytest.mark.must
async def test_one_track_of_a_kind(session):
    """The answer has at most one track of a kind, and at least one track.

    WHEP §4.6.2
    """
    kinds = [part.kind for part in session.answer.flowing]
    assert 1 <= len(kinds) == len(set(kinds))
