"""Requests of any HTTP client to an endpoint or a session, and those of browsers of other origins."""

from urllib.parse import urlsplit

import pytest
from whip_whep.endpoint import FRAGMENT, SDP
from whip_whep.offers import make_offer

ORIGIN = "https://player.example"
LOOPBACK = ("localhost", "127.0.0.1", "::1")


def preflight(method, *headers):
    return {
        "Origin": ORIGIN,
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": ",".join(headers),
    }


def assert_origin_allowed(reply):
    allowed = reply.headers.get("Access-Control-Allow-Origin")
    assert allowed in ("*", ORIGIN), f"Access-Control-Allow-Origin is {allowed!r}: {reply}"


def assert_preflight_allows(reply, method, *headers):
    """Fetch §4.8: POST needs no mention; `*` stands for all but Authorization."""
    assert reply.ok
    assert_origin_allowed(reply)
    methods = reply.listed("Access-Control-Allow-Methods")
    assert method == "POST" or {method.lower(), "*"} & methods, f"{method} is not in {methods}"
    listed = reply.listed("Access-Control-Allow-Headers")
    for header in headers:
        wildcard = {"*"} if header != "authorization" else set()
        assert {header, *wildcard} & listed, f"{header} is not in {listed}"


@pytest.mark.must
async def test_get_of_the_endpoint(endpoint):
    """GET of the endpoint succeeds with no content.

    RFC 9725 §4.1; WHEP §4.1
    """
    reply = await endpoint.ask("GET")
    assert reply.ok
    assert reply.body == b""


@pytest.mark.must
async def test_get_of_a_session(session):
    """GET of a session succeeds with no content.

    RFC 9725 §4.1; WHEP §4.1
    """
    reply = await session.ask("GET")
    assert reply.ok
    assert reply.body == b""


@pytest.mark.should
async def test_head_says_that_it_is_whep(endpoint):
    """HEAD of the endpoint gets 200 with the Content-Type `application/sdp`.

    WHEP §4.2
    """
    reply = await endpoint.ask("HEAD")
    assert (reply.status, reply.media_type) == (200, SDP)


@pytest.mark.must
async def test_head_has_the_headers_of_get(endpoint):
    """HEAD of the endpoint has the headers that GET has.

    WHEP §4.2
    """
    head, get = await endpoint.ask("HEAD"), await endpoint.ask("GET")
    for name in ("Content-Type", "Accept-Post", "Link"):
        assert head.headers.getall(name, []) == get.headers.getall(name, [])


@pytest.mark.must
async def test_preflight_of_post(endpoint):
    """OPTIONS of the endpoint lets another origin POST an offer with a token, and needs none itself.

    RFC 9725 §4.2, 4.7.1; WHEP §4.4, 4.9.1
    """
    asked = preflight("POST", "authorization", "content-type")
    reply = await endpoint.ask("OPTIONS", token=None, headers=asked)
    assert_preflight_allows(reply, "POST", "authorization", "content-type")


@pytest.mark.should
async def test_options_name_what_may_be_posted(endpoint):
    """OPTIONS of the endpoint has `Accept-Post: application/sdp`.

    RFC 9725 §4.2; WHEP §4.4
    """
    reply = await endpoint.ask("OPTIONS")
    assert reply.ok
    assert SDP in reply.listed("Accept-Post"), dict(reply.headers)


@pytest.mark.should
async def test_preflight_tells_no_ice_servers(endpoint):
    """A preflight that does not ask for `Link` is told no STUN or TURN server.

    RFC 9725 §4.6
    """
    asked = preflight("POST", "authorization", "content-type")
    reply = await endpoint.ask("OPTIONS", token=None, headers=asked)
    assert not [link for link in reply.links if link.rel == "ice-server"]


@pytest.mark.implied
@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
async def test_preflight_of_a_session(session, method):
    """OPTIONS of a session lets another origin PATCH and DELETE it with a token.

    RFC 9725 §4.2, 4.7.1; WHEP §4.4, 4.9.1
    """
    asked = preflight(method, "authorization", "content-type", "if-match")
    reply = await session.ask("OPTIONS", token=None, headers=asked)
    assert_preflight_allows(reply, method, "authorization", "content-type", "if-match")


@pytest.mark.implied
async def test_another_origin_can_read_the_answer(endpoint):
    """A page of another origin may read the answer with its Location, ETag and Link headers.

    RFC 9725 §4.2; WHEP §4.4: there is no CORS support without it (Fetch §3.3.3).
    """
    headers = {"Content-Type": SDP, "Origin": ORIGIN}
    reply = await endpoint.ask("POST", make_offer(endpoint.protocol), headers=headers)
    endpoint.adopt(reply)
    assert reply.status == 201
    assert_origin_allowed(reply)
    exposed = reply.listed("Access-Control-Expose-Headers")
    for name in ("location", "etag", "link"):
        assert name not in reply.headers or {name, "*"} & exposed, f"{name} is not in {exposed}"


@pytest.mark.implied
async def test_another_origin_can_read_a_refusal(endpoint):
    """A page of another origin may read why its offer was refused.

    RFC 9725 §4.2; WHEP §4.4
    """
    headers = {"Content-Type": SDP, "Origin": ORIGIN}
    reply = await endpoint.ask("POST", "rubbish", headers=headers)
    assert reply.refused
    assert_origin_allowed(reply)


@pytest.mark.should
@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
async def test_other_methods_of_the_endpoint(endpoint, method):
    """The endpoint refuses a method that it does not have: 405 with Allow, or 501.

    RFC 9725 §4.1; WHEP §4.1: it is an origin server (RFC 9110 §9.1, 15.5.6).
    """
    reply = await endpoint.ask(method)
    assert reply.status in (405, 501)
    assert reply.status == 501 or "post" in reply.listed("Allow"), dict(reply.headers)


@pytest.mark.must
async def test_post_is_never_redirected_as_get(endpoint):
    """An offer is not redirected with 301 or 302.

    RFC 9725 §4.5; WHEP §4.7
    """
    reply = await endpoint.post(make_offer(endpoint.protocol))
    assert reply.status not in (301, 302)


@pytest.mark.must
async def test_https_is_used(endpoint):
    """Endpoints and sessions are served by HTTPS; on the loopback interface HTTP will do.

    RFC 9725 §5; WHEP §5
    """
    session = await endpoint.open()
    for url in map(urlsplit, (endpoint.url, session.url)):
        assert url.scheme == "https" or url.hostname in LOOPBACK, url.geturl()


@pytest.mark.implied
async def test_patch_of_no_session(session):
    """PATCH of a session that there is not is refused.

    RFC 9725 §4.1; WHEP §4.1
    """
    headers = {"Content-Type": FRAGMENT, "If-Match": '"x"'}
    url = f"{session.url}-not"
    reply = await session.endpoint.ask("PATCH", "a=end-of-candidates\r\n", url=url, headers=headers)
    assert reply.refused
