"""URLs with secrets in them: nothing of a user or password is ever shown."""

from __future__ import annotations

import re
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from showcaller.broker.connect import connect
from showcaller.errors import ConfigError
from showcaller.urls import IceServer, check_http, check_redis, ice_server, shown


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("redis://ada:T0psecret@db:6379/1?ssl_cert_reqs=none", "redis://db:6379/1"),
        ("rediss://:T0p%2Fsecret@a:1,b:2", "rediss://a:1,b:2"),
        ("redis://T0p@secret@[::1]:6379", "redis://[::1]:6379"),
        ("redis://localhost", "redis://localhost"),
        ("redis://:T0psecret#1@127.0.0.1:6399/0", "redis://…"),
        ("redis://:T0p/secret@127.0.0.1:6399/0", "redis://…"),
        ("redis://db?password=T0p@secret", "redis://…"),
        ("https://ada:T0psecret@live.example.org/e", "https://live.example.org/e"),
        ("HTTPS://ada:T0psecret@live.example.org", "…"),
        ("turn:ada:T0psecret@turn.example.org", "…"),
        ("ada:T0psecret@db", "…"),
        ("sqlite:data/showcaller.sqlite3", "sqlite:data/showcaller.sqlite3"),
    ],
)
def test_where_a_url_leads_is_shown_and_no_more(url: str, expected: str) -> None:
    assert shown(url) == expected


MARK = "T0psecret"
secrets = st.text("aZ09#/?@:%,[]&= ü\"'", max_size=8).map(lambda text: text + MARK + text)


@given(user=secrets, password=secrets, host=st.sampled_from(["db:6379/0", "", "a:1,b:x", "[::1"]))
def test_whatever_the_secrets_are_no_part_of_them_is_told(
    user: str, password: str, host: str
) -> None:
    url = f"redis://{user}:{password}@{host}"
    assert MARK not in shown(url)
    try:
        connect(url)
    except ConfigError as error:
        assert MARK not in str(error) and error.__cause__ is None


@given(user=st.text(max_size=9), password=st.text(max_size=9))
def test_quoted_secrets_are_always_taken(user: str, password: str) -> None:
    check_redis(f"redis://{quote(user, safe='')}:{quote(password, safe='')}@db:6379/0")


@pytest.mark.parametrize(
    "url",
    [
        "redis://:T0psecret#1@db:6379",
        "redis://:T0p/secret@db",
        "redis://:T0psecret",
        "redis://:12#T0psecret@db",
        "redis://db/T0psecret",
        "redis://db?T0psecret=1",
        "redis://db?db=T0psecret",
    ],
)
def test_a_broker_that_can_not_be_meant_is_refused_before_it_is_asked(url: str) -> None:
    with pytest.raises(ConfigError, match=r"^the redis:// URL") as refused:
        connect(url)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    "url", ["https://ada:T0p@live.example.org", "ftp://a", "https://", "https://a?T0p", "live:1"]
)
def test_an_address_of_ours_has_no_secrets(url: str) -> None:
    with pytest.raises(ConfigError, match=r"^--public-url is") as refused:
        check_http(url, "--public-url")
    assert "T0p" not in str(refused.value)


@pytest.mark.parametrize("url", ["https://live.example.org/", "http://[::1]:80", "http://a:1/"])
def test_an_address_may_have_a_port_and_a_slash(url: str) -> None:
    check_http(url, "--url")


@pytest.mark.parametrize("url", ["https://example.org/live", "https://example.org/live/"])
def test_an_address_with_a_path_is_refused_since_pages_stand_at_the_root(url: str) -> None:
    with pytest.raises(ConfigError, match="a host name of its own"):
        check_http(url, "--public-url")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("stun:stun.example.net", IceServer("stun:stun.example.net", "", "")),
        ("turn:a%3Ab:c%40d@t:1?transport=tcp", IceServer("turn:t:1?transport=tcp", "a:b", "c@d")),
        ("turns:[::1]:5349", IceServer("turns:[::1]:5349", "", "")),
    ],
)
def test_the_parts_of_an_ice_server_are_decoded(text: str, expected: IceServer) -> None:
    assert ice_server(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "turn:1700000000:guest:T0p@turn.example.org",  # which colon is meant?
        "turn:guest@turn.example.org",
        "turn:guest:T0p#@turn.example.org",
        "turn:guest:T0p@secret@turn.example.org",
        "stun:guest:T0p@stun.example.org",
        "turn:guest:T0p%0d%0a@turn.example.org",
        "turn:guest:T0p%C3%BC@turn.example.org",  # a header would tell it in another encoding
        "turn:",
        "http://turn.example.org",
    ],
)
def test_an_ice_server_that_can_be_read_in_two_ways_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match=r"^--ice-server") as refused:
        ice_server(text)
    assert not re.search("T0p|guest|1700", str(refused.value))
