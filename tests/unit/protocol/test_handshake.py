import pytest
from websockets.headers import parse_connection
from websockets.utils import accept_key

from showcaller.errors import BadInput, Forbidden, Unavailable
from showcaller.protocol import handshake
from showcaller.protocol.handshake import (
    Request,
    UpgradeRequired,
    live_event_id,
    negotiate,
    parse_request,
)

KEY = "dGhlIHNhbXBsZSBub25jZQ=="
HEADERS = {
    "host": "example.org",
    "upgrade": "websocket",
    "connection": "keep-alive, Upgrade",
    "sec-websocket-key": KEY,
    "sec-websocket-version": "13",
    "sec-websocket-protocol": "showcaller.v1+json",
}


def request(**changed):
    headers = HEADERS | {name.replace("_", "-"): value for name, value in changed.items()}
    return Request("/", {name: value for name, value in headers.items() if value is not None})


def test_the_accept_header_is_that_of_the_rfc():
    answer = handshake.accepted(negotiate(request())).decode()
    assert "\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n" in answer
    assert accept_key(KEY) in answer
    assert answer.startswith("HTTP/1.1 101 ")
    assert answer.endswith("\r\n\r\n")


def test_the_clients_first_known_subprotocol_is_taken():
    offered = "other, showcaller.v1+msgpack , showcaller.v1+json"
    upgrade = negotiate(request(sec_websocket_protocol=offered))
    assert (upgrade.subprotocol, upgrade.format) == ("showcaller.v1+msgpack", "msgpack")


@pytest.mark.parametrize("case", ["WebSocket", "websocket", "WEBSOCKET", "h2c, websocket"])
def test_the_upgrade_header_is_compared_without_case(case):
    negotiate(request(upgrade=case, connection="UPGRADE"))


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"upgrade": None}, UpgradeRequired),
        ({"upgrade": "h2c"}, UpgradeRequired),
        ({"sec_websocket_version": "8"}, UpgradeRequired),
        ({"sec_websocket_version": None}, UpgradeRequired),
        ({"connection": "close"}, BadInput),
        ({"host": None}, BadInput),
        ({"sec_websocket_key": None}, BadInput),
        ({"sec_websocket_key": "short"}, BadInput),
        ({"sec_websocket_key": "!" * 24}, BadInput),
        ({"sec_websocket_key": "é" * 24}, BadInput),
        ({"sec_websocket_protocol": None}, BadInput),
        ({"sec_websocket_protocol": "showcaller.v2+json"}, BadInput),
        ({"sec_websocket_protocol": "SHOWCALLER.V1+JSON"}, BadInput),
    ],
)
def test_upgrades_that_are_refused(changed, error):
    with pytest.raises(error):
        negotiate(request(**changed))


def test_a_head_is_parsed():
    parsed = parse_request(b"GET /x?y HTTP/1.1\r\nHost: a\r\nX-Two: 1\r\nx-two:  2 ")
    assert parsed == Request("/x?y", {"host": "a", "x-two": "1, 2"})


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"GET /x",
        b"GET /x HTTP/1.0",
        b"GET  /x HTTP/1.1",
        b"POST /x HTTP/1.1",
        b"GET /x HTTP/1.1\r\nno colon",
        b"GET /x HTTP/1.1\r\nHost : a",
        b"GET /x HTTP/1.1\r\n folded: a",
        b"GET /x HTTP/1.1\r\nX: a\nY: b",
        b"GET /x HTTP/1.1\r\nX: a\0",
        b"GET /x HTTP/1.1\r\nHost: a\r\nHost: b",
        b"GET /x HTTP/1.1\r\nOrigin: a\r\norigin: b",
        b"GET /x HTTP/1.1\r\nSec-WebSocket-Key: a\r\nSec-WebSocket-Key: b",
    ],
)
def test_a_head_that_can_be_read_in_two_ways_is_refused(head):
    with pytest.raises(BadInput):
        parse_request(head)


@pytest.mark.parametrize(
    ("target", "event"),
    [
        ("/api/v1/events/conf/live", "conf"),
        ("/api/v1/events/conf/live?x=/live", "conf"),
        ("/api/v1/events/conf/live/", "conf"),
        ("/api/v1/events/conf/liver", None),
        ("/api/v1/events/a/b/live", None),
        ("/api/v1/events//live", None),
        ("/x/api/v1/events/conf/live", None),
    ],
)
def test_only_the_live_endpoints_path_names_an_event(target, event):
    assert live_event_id(target) == event


def test_a_refusal_is_a_problem_and_ends_the_connection():
    head, _, body = handshake.refused(Forbidden("no", code="foreign_origin")).partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    assert lines[0] == "HTTP/1.1 403 Forbidden"
    assert "Connection: close" in lines
    assert f"Content-Length: {len(body)}" in lines
    assert b'"code":"foreign_origin"' in body


def test_a_refusal_says_what_to_do():
    assert b"\r\nRetry-After: 3\r\n" in handshake.refused(Unavailable("later", retry_after_s=2.5))
    upgrade = handshake.refused(UpgradeRequired("speak WebSocket"))
    assert b"\r\nSec-WebSocket-Version: 13\r\n" in upgrade
    assert b"HTTP/1.1 426 Upgrade Required\r\n" in upgrade
    connection = handshake.refusal_headers(UpgradeRequired("x"))["Connection"]
    assert parse_connection(connection) == ["Upgrade", "close"]
