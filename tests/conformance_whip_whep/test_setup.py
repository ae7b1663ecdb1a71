"""From the offer to a session, or a refusal."""

import math
import re

import pytest
from whip_whep.endpoint import SDP
from whip_whep.offers import (
    AUDIO,
    SIMULCAST,
    UNKNOWN_VIDEO,
    VIDEO,
    Section,
    make_offer,
)

UNGUESSABLE_BITS = 64
_ALPHABETS = ((10, "[0-9]+"), (16, "[0-9a-f]+"), (36, "[0-9a-z]+"), (62, "[0-9A-Za-z]+"))
_MALFORMED = {
    "empty": "",
    "not SDP": "this is no SDP",
    "JSON": '{"type": "offer", "sdp": "v=0"}',
    "only a version": "v=0\r\n",
    "not UTF-8": b"v=0\r\n\xff\xfe\xfd",
}


def bits(word):
    """Return how many bits a word can hold, drawn from the smallest usual alphabet that has it."""
    return next(
        len(word) * math.log2(size) for size, alphabet in _ALPHABETS if re.fullmatch(alphabet, word)
    )


async def refusal(endpoint, offer, *statuses):
    """The answer to an offer that must be refused, with one of `statuses` if any are named."""
    reply = await endpoint.post(offer)
    assert reply.status in statuses if statuses else reply.refused
    return reply


@pytest.mark.must
async def test_an_offer_is_answered(endpoint):
    """An offer gets 201 with an SDP answer as `application/sdp`.

    RFC 9725 §4.2; WHEP §4.3.1
    """
    session = await endpoint.open()
    assert session.created.media_type == SDP
    assert session.answer.sections


@pytest.mark.must
async def test_location_is_the_session(endpoint):
    """The 201 has a Location that leads to the new session, not to the endpoint.

    RFC 9725 §4.2; WHEP §4.3.1
    """
    session = await endpoint.open()
    assert session.url != endpoint.url
    assert (await session.delete()).ok


@pytest.mark.implied
async def test_each_offer_makes_a_session_of_its_own(endpoint):
    """Two offers make two sessions with URLs of their own.

    RFC 9725 §4.2; WHEP §4.3.1
    """
    first = await endpoint.open()
    await first.delete()
    second = await endpoint.open()
    assert second.url != first.url


@pytest.mark.should
async def test_sessions_cannot_be_guessed(endpoint):
    """The URL of a session has enough that is random.

    RFC 9725 §5; WHEP §5
    """
    words = []
    for _ in range(2):
        session = await endpoint.open()
        words.append(re.findall("[0-9A-Za-z]+", session.url))
        await session.delete()
    own = [word for word in words[0] if word not in words[1]]
    assert sum(map(bits, own)) >= UNGUESSABLE_BITS, f"only {own} is the session's own"


@pytest.mark.implied
async def test_location_has_no_token(endpoint, needs_token):
    """The URL of a session does not tell the Bearer token.

    RFC 9725 §4.7.1; WHEP §4.9.1: RFC 6750 §5.3 keeps tokens out of URLs.
    """
    session = await endpoint.open()
    assert endpoint.token not in session.url


@pytest.mark.must
@pytest.mark.parametrize("content_type", ["text/plain", "application/json", None])
async def test_content_type_of_an_offer(endpoint, content_type):
    """An offer of another content type than `application/sdp` is refused with 4xx.

    RFC 9725 §4.2; WHEP §4.3.4
    """
    reply = await endpoint.post(make_offer(endpoint.protocol), content_type)
    assert reply.refused


@pytest.mark.must
@pytest.mark.parametrize("offer", _MALFORMED.values(), ids=_MALFORMED.keys())
async def test_malformed_offer(endpoint, offer):
    """A malformed offer is refused with 4xx.

    RFC 9725 §4.2; WHEP §4.3.4
    """
    await refusal(endpoint, offer)


@pytest.mark.must
@pytest.mark.parametrize("name", ["ice-ufrag", "ice-pwd", "fingerprint"])
async def test_offer_without_its_transport(endpoint, name):
    """An offer without ICE credentials or without a fingerprint is refused with 4xx.

    RFC 9725 §4.2; WHEP §4.3.4: RFC 9429 §5.8 does not take it for an offer.
    """
    lines = make_offer(endpoint.protocol).splitlines()
    kept = [line for line in lines if not line.startswith(f"a={name}:")]
    await refusal(endpoint, "\r\n".join(kept) + "\r\n")


@pytest.mark.implied
async def test_offer_without_candidates(endpoint):
    """An offer may have no candidates yet.

    RFC 9725 §4.3.2; WHEP §4.5.2
    """
    await endpoint.open(make_offer(endpoint.protocol, candidates=()))


@pytest.mark.implied
async def test_offer_that_cannot_be_answered(endpoint):
    """Media that would flow the wrong way are refused with 4xx: no answer could have their direction.

    RFC 9725 §4.2; WHEP §4.3.5
    """
    wrong = "recvonly" if endpoint.protocol == "whip" else "sendonly"
    for direction in (wrong, "inactive"):
        await refusal(endpoint, make_offer(endpoint.protocol, direction=direction))


@pytest.mark.must
async def test_two_tracks_of_a_kind(endpoint):
    """More tracks of a kind than the endpoint supports are refused with 400 or 422.

    RFC 9725 §4.4.2
    """
    sections = (AUDIO, VIDEO, Section("video", more=("content:slides",)))
    reply = await endpoint.post(make_offer("whip", sections))
    assert reply.status in (201, 400, 422)


@pytest.mark.must
async def test_two_streams(endpoint):
    """More MediaStreams than the endpoint supports are refused with 400 or 422.

    RFC 9725 §4.4.2
    """
    offer = make_offer("whip", (AUDIO, Section("video", stream="another")))
    reply = await endpoint.post(offer)
    assert reply.status in (201, 400, 422)


@pytest.mark.should
async def test_no_answer_is_partial(endpoint):
    """An offer of which one medium can't be taken is refused with 400 or 422, not taken in part.

    RFC 9725 §4.4.3
    """
    offer = make_offer("whip", (AUDIO, Section("video", formats=UNKNOWN_VIDEO)))
    await refusal(endpoint, offer, 400, 422)


@pytest.mark.should
async def test_offer_of_a_dtls_client(endpoint):
    """An offer with `setup:active` is answered `passive`, or refused with 400 or 422.

    RFC 9725 §4.4.4
    """
    reply = await endpoint.post(make_offer("whip", setup="active"))
    assert reply.status in (201, 400, 422)
    if reply.status == 201:
        assert "a=setup:passive" in reply.text
        assert "a=setup:active" not in reply.text


@pytest.mark.must
async def test_simulcast_is_answered_or_left_out(endpoint):
    """An answer that takes simulcast receives layers that were offered, as RFC 8853 §5.3.2 says.

    RFC 9725 §4.8
    """
    offer = make_offer("whip", (AUDIO, Section("video", more=SIMULCAST)))
    answer = (await endpoint.open(offer)).answer
    for taken in (part for part in answer.sections if part.has("simulcast")):
        way, _, layers = taken.value("simulcast").partition(" ")
        rids = {value.partition(" ")[0] for value in taken.values("rid")}
        assert way == "recv"
        assert set(re.split("[;,]", layers.replace("~", ""))) <= rids <= {"h", "m", "l"}


@pytest.mark.must
async def test_nothing_is_live(endpoint, request):
    """Viewers who have to wait for a publisher get 409 with Retry-After in seconds.

    WHEP §4.3.8
    """
    idle = request.config.option.whep_idle
    if idle is None:
        pytest.skip("no --whep-idle was given")
    headers = {"Content-Type": SDP}
    reply = await endpoint.ask("POST", make_offer("whep"), url=idle, headers=headers)
    endpoint.adopt(reply)
    if reply.status == 201:
        pytest.skip("viewers may come before the publisher")
    assert reply.status == 409
    assert reply.headers.get("Retry-After", "").isdigit(), dict(reply.headers)


@pytest.mark.must
async def test_ice_servers(session):
    """ICE servers are told as Links to STUN or TURN URIs; those to TURN with credentials.

    RFC 9725 §4.6; WHEP §4.8
    """
    servers = [link for link in session.created.links if link.rel == "ice-server"]
    if not servers:
        pytest.skip("the server names no ICE servers")
    for link in servers:
        assert re.match(r"(stun|turn)s?:[^/]", link.target), link
        if link.target.startswith("turn") and "username" in link.parameters:
            assert link.parameters.get("credential"), link


@pytest.mark.must
async def test_extensions(session):
    """Each protocol extension has a Link of its own with a URL and a URN.

    RFC 9725 §4.9; WHEP §4.10
    """
    links = [link for link in session.created.links if link.rel.startswith("urn:")]
    if not links:
        pytest.skip("the server announces no extensions")
    prefix = f"urn:ietf:params:{session.endpoint.protocol}:ext:"
    assert all(link.target and link.rel.startswith(prefix) for link in links), links
    assert len({link.rel for link in links}) == len(links)
