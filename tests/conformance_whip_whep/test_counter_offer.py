"""The other way to set up a WHEP session: the server answers an offer with one of its own."""

from email.utils import parsedate_to_datetime

import pytest
from aiortc import RTCPeerConnection, RTCSessionDescription
from whip_whep.endpoint import SDP, Session
from whip_whep.offers import make_offer
from whip_whep.sdp import read_sdp


@pytest.fixture
async def counter(endpoint):
    """A session that the server has made an offer for."""
    offer = make_offer("whep")
    reply = await endpoint.post(offer)
    if reply.status != 406:
        pytest.skip(f"the server makes no counter-offers ({reply.status})")
    return Session(endpoint, endpoint.url, offer, reply)


@pytest.mark.must
async def test_counter_offer(counter):
    """A counter-offer is 406 with an SDP offer as `application/sdp` and a Location.

    WHEP §4.3.2
    """
    assert counter.created.media_type == SDP
    assert counter.url != counter.endpoint.url
    assert read_sdp(counter.created.text).sections


@pytest.mark.must
async def test_direction_of_a_counter_offer(counter):
    """A counter-offer is `sendonly` or `sendrecv` in each section.

    WHEP §4.3.5
    """
    offer = read_sdp(counter.created.text)
    assert {offer.direction(part) for part in offer.sections} <= {"sendonly", "sendrecv"}


@pytest.mark.must
async def test_validity_of_a_counter_offer(counter):
    """The parameter `valid-until` of a counter-offer's Content-Type is an HTTP date.

    WHEP §4.3.2
    """
    _, found, until = counter.created.headers["Content-Type"].partition("valid-until=")
    if not found:
        pytest.skip("it names no time: 30 s")
    assert parsedate_to_datetime(until.strip('"'))


@pytest.mark.must
async def test_malformed_answer_to_a_counter_offer(counter):
    """A malformed answer to a counter-offer is refused with 4xx.

    WHEP §4.3.2
    """
    reply = await counter.patch("rubbish", content_type=SDP)
    assert reply.refused


@pytest.mark.must
async def test_answer_to_a_counter_offer(counter):
    """The answer to a counter-offer gets 204.

    WHEP §4.3.2
    """
    pc = RTCPeerConnection()
    try:
        await pc.setRemoteDescription(RTCSessionDescription(counter.created.text, "offer"))
        await pc.setLocalDescription(await pc.createAnswer())
        reply = await counter.patch(pc.localDescription.sdp, content_type=SDP)
    finally:
        await pc.close()
    assert reply.status == 204
