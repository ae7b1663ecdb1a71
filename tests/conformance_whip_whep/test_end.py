"""The end of a session, by either side."""

import asyncio

import pytest
from whip_whep.endpoint import FRAGMENT
from whip_whep.offers import make_offer
from whip_whep.peers import ENDED

CLOSED_WITHIN_S = 40  # consent expires after 30 s (RFC 7675 §5.1) where no DTLS alert is sent
QUIET_AFTER_S = 1.0  # what is on its way, and in the client's jitter buffer
QUIET_FOR_S = 1.0
CONSENT_S = 36


@pytest.mark.must
async def test_delete(session):
    """DELETE of a session ends it: 2xx.

    RFC 9725 §4.2; WHEP §4.4
    """
    reply = await session.delete()
    assert reply.ok


@pytest.mark.must
async def test_delete_ignores_if_match(session):
    """DELETE of a session ends it whatever entity-tag is sent along.

    RFC 9725 §4.3.1; WHEP §4.5.1
    """
    reply = await session.delete(If_Match='"another"')
    assert reply.ok


@pytest.mark.implied
@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
async def test_a_deleted_session_is_gone(session, method):
    """A session that was deleted is there no more, for any method: 4xx.

    RFC 9725 §4.2; WHEP §4.4
    """
    await session.delete()
    headers = {"Content-Type": FRAGMENT, "If-Match": session.etag or "*"}
    if method == "PATCH":
        reply = await session.ask("PATCH", "a=end-of-candidates\r\n", headers=headers)
    else:
        reply = await session.ask(method)
    assert reply.refused


@pytest.mark.must
async def test_delete_ends_the_connection(endpoint, peer):
    """DELETE terminates the ICE and DTLS sessions.

    RFC 9725 §4.2; WHEP §4.4
    """
    session = await peer.connect(endpoint)
    assert (await session.delete()).ok
    await peer.wait_for(lambda: peer.state in ENDED, CLOSED_WITHIN_S)


@pytest.mark.must
async def test_delete_revokes_consent_at_once(endpoint, peer):
    """A server that ended a session sends nothing more.

    WHEP §4.4: RFC 7675 §5.2
    """
    session = await peer.connect(endpoint)
    await peer.wait_for_frames(2)
    assert (await session.delete()).ok
    await asyncio.sleep(QUIET_AFTER_S)
    frames = dict(peer.frames)
    await asyncio.sleep(QUIET_FOR_S)
    assert peer.frames == frames


@pytest.mark.must
@pytest.mark.slow
async def test_a_client_that_vanished(endpoint, peer):
    """A session whose client is silently gone ends when consent expires.

    RFC 9725 §4.2; WHEP §4.3.8: RFC 7675 §5.1
    """
    session = await peer.connect(endpoint)
    await peer.vanish()
    await asyncio.sleep(CONSENT_S)
    reply = await session.delete()
    assert reply.refused, f"the session was still there: {reply}"


@pytest.mark.must
async def test_the_publisher_leaves(endpoint, peer):
    """After the publisher's DELETE a viewer may wait or be told to: no answer but 201 or 409 is due.

    WHEP §4.3.8
    """
    if endpoint.stage is None:
        pytest.skip("no --whip was given")
    session = await peer.connect(endpoint)
    await endpoint.stage.stop()
    try:
        reply = await endpoint.post(make_offer("whep"))
        left = await session.delete()
    finally:
        await endpoint.stage.start()
    assert reply.status in (201, 406, 409)
    assert reply.status != 409 or reply.headers.get("Retry-After", "").isdigit()
    assert left.ok or left.refused, str(left)  # its session may have ended with the publisher's
