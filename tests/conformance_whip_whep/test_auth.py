"""Bearer tokens. These need an endpoint that is not open to everybody: `--token`."""

import pytest
from whip_whep.endpoint import FRAGMENT, SDP
from whip_whep.offers import MORE_CANDIDATES, fragment, make_offer


@pytest.fixture(autouse=True)
def token_is_given(needs_token):
    pass


def assert_token_is_asked_for(reply):
    """RFC 9110 §15.5.2: a 401 names the scheme."""
    assert reply.status == 401, str(reply)
    assert reply.headers.get("WWW-Authenticate", "").lower().startswith("bearer"), str(reply)


@pytest.mark.must
async def test_offer_without_a_token(endpoint):
    """An offer without a token gets 401, and is told that a Bearer token is wanted.

    RFC 9725 §4.7; WHEP §4.9: RFC 9110 §11.6.1
    """
    headers = {"Content-Type": SDP}
    reply = await endpoint.ask("POST", make_offer(endpoint.protocol), token=None, headers=headers)
    assert_token_is_asked_for(reply)


@pytest.mark.must
async def test_offer_with_a_wrong_token(endpoint):
    """An offer with a token that is not valid gets 401.

    RFC 9725 §4.7.1; WHEP §4.9.1: RFC 6750 §3.1
    """
    headers = {"Content-Type": SDP}
    offer = make_offer(endpoint.protocol)
    reply = await endpoint.ask("POST", offer, token="not-a-token", headers=headers)
    assert_token_is_asked_for(reply)


@pytest.mark.must
async def test_a_session_is_not_changed_without_a_token(session):
    """PATCH without a token gets 401.

    RFC 9725 §4.7.1; WHEP §4.9.1
    """
    headers = {"Content-Type": FRAGMENT, "If-Match": session.etag or "*"}
    body = fragment(session.offer, MORE_CANDIDATES)
    assert_token_is_asked_for(await session.ask("PATCH", body, token=None, headers=headers))


@pytest.mark.must
async def test_a_session_is_not_ended_without_a_token(session):
    """DELETE without a token gets 401, and the session goes on.

    RFC 9725 §4.7.1; WHEP §4.9.1
    """
    assert_token_is_asked_for(await session.ask("DELETE", token=None))
    assert (await session.delete()).ok


@pytest.mark.implied
async def test_a_stranger_does_not_end_a_session(session, stranger):
    """DELETE with somebody else's token is refused, and the session goes on.

    RFC 9725 §4.7, 5; WHEP §4.9, 5
    """
    reply = await session.ask("DELETE", token=stranger)
    assert reply.status in (401, 403, 404), str(reply)
    assert (await session.delete()).ok


@pytest.mark.implied
async def test_a_stranger_does_not_publish(endpoint, stranger):
    """An offer with a valid token that does not allow to publish gets 403.

    RFC 9725 §4.7: RFC 6750 §3.1 (insufficient_scope)
    """
    headers = {"Content-Type": SDP}
    reply = await endpoint.ask("POST", make_offer("whip"), token=stranger, headers=headers)
    assert reply.status == 403, str(reply)
