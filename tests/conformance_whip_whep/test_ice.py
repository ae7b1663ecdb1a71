"""Trickled candidates and ICE restarts: PATCH of a session."""

import pytest
from whip_whep.endpoint import FRAGMENT, SDP
from whip_whep.offers import HOST_CANDIDATE, MORE_CANDIDATES, UNUSABLE_CANDIDATES, fragment
from whip_whep.sdp import read_sdp

UNSUPPORTED = (404, 405, 415, 422, 501)


@pytest.fixture
async def trickling(session):
    """A session that takes candidates."""
    reply = await session.trickle(*MORE_CANDIDATES)
    if reply.status in UNSUPPORTED:
        pytest.skip(f"the server takes no trickled candidates ({reply.status})")
    return session


async def restart(session):
    body = fragment(session.offer, [HOST_CANDIDATE], restart=True)
    return await session.patch(body, if_match="*")


@pytest.fixture
async def restarted(session):
    """A session, and the answer to an ICE restart that was accepted."""
    reply = await restart(session)
    if not reply.ok:
        pytest.skip(f"the server restarts no ICE ({reply.status})")
    return session, reply


@pytest.fixture
async def refused(session):
    """A session, and the answer to an ICE restart that was refused."""
    reply = await restart(session)
    if reply.ok:
        pytest.skip("the server restarts ICE")
    return session, reply


def assert_strong(etag):
    assert etag, "there is no ETag"
    assert etag.startswith('"') and etag.endswith('"') and len(etag) > 2, f"{etag} is not strong"


@pytest.mark.must
@pytest.mark.parametrize("content_type", ["text/plain", "application/json", SDP])
async def test_content_type_of_a_fragment(session, content_type):
    """PATCH with another content type than `application/trickle-ice-sdpfrag` is refused with 4xx.

    RFC 9725 §4.3.1; WHEP §4.5.1
    """
    body = fragment(session.offer, MORE_CANDIDATES)
    reply = await session.patch(body, if_match=session.etag, content_type=content_type)
    assert reply.refused


@pytest.mark.must
@pytest.mark.parametrize("body", ["rubbish", "{}", "a=ice-ufrag:?\r\na=ice-pwd:?\r\n"])
async def test_malformed_fragment(session, body):
    """PATCH with a malformed fragment is refused with 4xx.

    RFC 9725 §4.3.1; WHEP §4.5.1
    """
    reply = await session.patch(body, if_match=session.etag)
    assert reply.refused


@pytest.mark.should
async def test_trickle_is_supported(session):
    """Candidates can be trickled.

    RFC 9725 §4.3; WHEP §4.5
    """
    reply = await session.trickle(*MORE_CANDIDATES)
    assert reply.ok


@pytest.mark.must
async def test_candidates_are_added(trickling):
    """PATCH that adds candidates gets 204, no content and no ETag.

    RFC 9725 §4.3.2; WHEP §4.5.2
    """
    reply = await trickling.trickle(*MORE_CANDIDATES)
    assert (reply.status, reply.body) == (204, b"")
    assert "ETag" not in reply.headers


@pytest.mark.must
async def test_unusable_candidates_are_discarded(trickling):
    """Candidates of other transports and names that nobody can resolve are discarded silently.

    RFC 9725 §4.3.2; WHEP §4.5.2
    """
    reply = await trickling.trickle(*UNUSABLE_CANDIDATES, *MORE_CANDIDATES)
    assert reply.status == 204


@pytest.mark.must
async def test_a_session_that_trickles_has_an_etag(trickling):
    """A server that takes candidates makes use of entity-tags: the 201 has a strong ETag.

    RFC 9725 §4.3.1, 4.3.2; WHEP §4.5.1, 4.5.2
    """
    assert_strong(trickling.etag)


@pytest.mark.must
async def test_if_match_is_required(trickling):
    """PATCH without If-Match gets 428.

    RFC 9725 §4.3.1; WHEP §4.5.1
    """
    reply = await trickling.patch(fragment(trickling.offer, MORE_CANDIDATES))
    assert reply.status == 428


@pytest.mark.must
async def test_if_match_must_match(trickling):
    """PATCH with another entity-tag gets 412.

    RFC 9725 §4.3.1; WHEP §4.5.1
    """
    reply = await trickling.trickle(*MORE_CANDIDATES, if_match='"outdated"')
    assert reply.status == 412


@pytest.mark.should
async def test_restart_is_supported(session):
    """ICE can be restarted.

    RFC 9725 §4.3; WHEP §4.5: RECOMMENDED there, OPTIONAL in §4.4.5 and §4.6.3.
    """
    reply = await restart(session)
    assert reply.status == 200


@pytest.mark.must
async def test_restart_is_answered(restarted):
    """An accepted restart gets 200 with a fragment that has new credentials and candidates.

    RFC 9725 §4.3.3; WHEP §4.5.3
    """
    session, reply = restarted
    assert (reply.status, reply.media_type) == (200, FRAGMENT)
    new, old = read_sdp(f"v=0\r\n{reply.text}"), session.answer
    for name in ("ice-ufrag", "ice-pwd"):
        assert new.values(name), f"no {name}: {reply}"
        assert not set(new.values(name)) & set(old.values(name))
    assert new.values("candidate")


@pytest.mark.must
async def test_restart_has_a_new_etag(restarted):
    """An accepted restart has a new strong ETag.

    RFC 9725 §4.3.1, 4.3.3; WHEP §4.5.1, 4.5.3
    """
    session, reply = restarted
    assert_strong(session.etag)
    assert_strong(reply.headers.get("ETag"))
    assert reply.headers["ETag"] != session.etag


@pytest.mark.must
async def test_restart_keeps_the_ice_options(restarted):
    """An accepted restart has the `ice-options`, `ice-pacing` and `ice-lite` of the answer.

    RFC 9725 §4.3.3; WHEP §4.5.3
    """
    session, reply = restarted
    new, old = read_sdp(f"v=0\r\n{reply.text}"), session.answer
    for name in ("ice-options", "ice-pacing"):
        assert set(new.values(name)) == set(old.values(name))
    assert ("a=ice-lite" in reply.text) == ("a=ice-lite" in session.created.text)


@pytest.mark.must
async def test_restart_outdates_the_old_etag(restarted):
    """After a restart, candidates for the old ICE session get 412.

    RFC 9725 §4.3.1; WHEP §4.5.1
    """
    session, _ = restarted
    reply = await session.trickle(*MORE_CANDIDATES)
    assert reply.status == 412


@pytest.mark.must
async def test_new_credentials_are_a_restart(trickling):
    """PATCH with new credentials is a restart, whatever its If-Match: never 204.

    RFC 9725 §4.3.3; WHEP §4.5.3
    """
    body = fragment(trickling.offer, MORE_CANDIDATES, restart=True)
    reply = await trickling.patch(body, if_match=trickling.etag)
    assert reply.status == 200 or reply.refused


@pytest.mark.must
async def test_refused_restart_has_its_code(refused):
    """A server that takes candidates but restarts no ICE says so with 422.

    RFC 9725 §4.3.1; WHEP §4.5.1
    """
    session, reply = refused
    trickled = await session.trickle(*MORE_CANDIDATES)
    if not trickled.ok:
        pytest.skip("the server takes no PATCH at all")
    assert reply.status == 422


@pytest.mark.must
async def test_refused_candidates_have_their_code(session):
    """A server that restarts ICE but takes no candidates says so with 422.

    RFC 9725 §4.3.1; WHEP §4.5.1
    """
    reply = await session.trickle(*MORE_CANDIDATES)
    if reply.ok or not (await restart(session)).ok:
        pytest.skip("the server takes candidates, or restarts no ICE")
    assert reply.status == 422


@pytest.mark.must
async def test_refused_restart_keeps_the_session(refused):
    """A restart that can't be done gets an error, and the session goes on as it was.

    RFC 9725 §4.3.3; WHEP §4.5.3
    """
    session, reply = refused
    assert 400 <= reply.status < 600
    assert (await session.delete()).ok, "the session had ended"
