"""Bearer tokens. These need an endpoint that is not open to everybody: `--token`."""

import pytest
from whip_whep.endpoint import FRAGMENT, SDP
from whip_whep.offers import MORE_CANDIDATES, fragment, make_offer


@pytest.fixture(autouse=True)
def token_is_given(needs_token):
    pass


async def offer_with(endpoint, token):
    headers = {"Content-Type": SDP}
    reply = await endpoint.ask("POST", make_offer(endpoint.protocol), token=token, headers=headers)
    endpoint.adopt(reply)
    return reply


@pytest.mark.must
@pytest.mark.parametrize("token", [None, "not-a-token"], ids=["none", "wrong"])
async def test_offer_without_a_good_token(endpoint, token):
    """An offer without a token, or with one that is not valid, gets 401.

    RFC 9725 §4.7.1; WHEP §4.9.1: RFC 6750 §3.1
    """
    assert (await offer_with(endpoint, token)).status == 401


@pytest.mark.must
async def test_the_scheme_is_named(endpoint):
    """A 401 has WWW-Authenticate and names Bearer there.

    RFC 9725 §4.7; WHEP §4.9: RFC 9110 §11.6.1, RFC 6750 §3
    """
    reply = await offer_with(endpoint, None)
    assert reply.headers.get("WWW-Authenticate", "").lower().startswith("bearer")


@pytest.mark.must
async def test_a_session_is_not_changed_without_a_token(session):
    """PATCH without a token gets 401.

    RFC 9725 §4.7.1; WHEP §4.9.1
    """
    headers = {"Content-Type": FRAGMENT, "If-Match": session.etag or "*"}
    body = fragment(session.offer, MORE_CANDIDATES)
    reply = await session.ask("PATCH", body, token=None, headers=headers)
    assert reply.status == 401


@pytest.mark.must
async def test_a_session_is_not_ended_without_a_token(session):
    """DELETE without a token gets 401, and the session goes on.

    RFC 9725 §4.7.1; WHEP §4.9.1
    """
    assert (await session.ask("DELETE", token=None)).status == 401
    assert (await session.delete()).ok


@pytest.mark.implied
async def test_a_stranger_does_not_end_a_session(session, stranger):
    """DELETE with somebody else's token is refused, and the session goes on.

    RFC 9725 §4.7, 5; WHEP §4.9, 5
    """
    reply = await session.ask("DELETE", token=stranger)
    assert reply.status in (401, 403, 404)
    assert (await session.delete()).ok


@pytest.mark.implied
async def test_a_stranger_does_not_publish(endpoint, stranger):
    """An offer with a valid token that does not allow to publish gets 403.

    RFC 9725 §4.7: RFC 6750 §3.1 (insufficient_scope)
    """
    assert (await offer_with(endpoint, stranger)).status == 403
