"""Real clients: ICE, DTLS, SRTP, codecs."""

import pytest

FRAMES = 20


@pytest.mark.must
async def test_a_client_connects(endpoint, peer):
    """ICE and DTLS succeed with what offer and answer say, on one transport.

    RFC 9725 §4.2, 4.4.1; WHEP §4.3.1, 4.6.1
    """
    await peer.connect(endpoint)
    assert peer.state == "connected"


@pytest.mark.implied
async def test_a_client_connects_with_trickled_candidates(endpoint, peer):
    """ICE and DTLS succeed with candidates that came after the answer.

    RFC 9725 §4.3.2; WHEP §4.5.2
    """
    session = await endpoint.open()
    if (await session.trickle()).status != 204:
        pytest.skip("the server takes no trickled candidates")
    await peer.connect(endpoint, trickle=True)
    assert peer.state == "connected"


@pytest.mark.implied
async def test_a_refused_restart_leaves_media_alone(endpoint, peer):
    """Media go on through an ICE restart that was refused.

    WHEP §4.5.3
    """
    session = await peer.connect(endpoint)
    reply = await session.patch("a=ice-ufrag:newufrag\r\na=ice-pwd:" + "p" * 24, if_match="*")
    if reply.ok:
        pytest.skip("the server restarts ICE")
    await peer.wait_for_frames(FRAMES)


@pytest.mark.implied
async def test_what_is_published_is_seen(endpoint, peer):
    """Audio and video that a WHIP client publishes reach a WHEP player and can be decoded.

    WHEP §3.2
    """
    await peer.connect(endpoint)
    await peer.wait_for_frames(FRAMES)


@pytest.mark.must
async def test_no_extension_is_needed(endpoint, peer):
    """A client that knows no extension connects, and is not ended for it.

    RFC 9725 §4.9; WHEP §4.10
    """
    session = await peer.connect(endpoint)
    assert (await session.delete()).ok
