import pytest

from showcaller.errors import ConfigError
from showcaller.http.origins import Origin, may_connect, parse_origin, read_origin, read_origins

ALLOWED = frozenset({Origin("https", "event.example", 443), Origin("http", "localhost", 3000)})


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        (None, "conf.example"),  # no browser
        ("https://conf.example", "conf.example"),
        ("https://conf.example", "conf.example:443"),
        ("https://conf.example:443", "conf.example"),
        ("http://conf.example", "conf.example:80"),
        ("HTTPS://Conf.Example", "conf.EXAMPLE"),
        ("http://127.0.0.1:8080", "127.0.0.1:8080"),
        ("http://[::1]:8080", "[::1]:8080"),
        ("https://event.example", "other.example"),
        ("https://EVENT.example:443", "other.example"),
        ("http://localhost:3000", "other.example"),
    ],
)
def test_pages_that_may_connect(origin, host):
    assert may_connect(origin, host, ALLOWED)


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("null", "conf.example"),
        ("", "conf.example"),
        ("https://evil.example", "conf.example"),
        ("https://conf.example.evil.example", "conf.example"),
        ("https://evilconf.example", "conf.example"),
        ("https://conf.example@evil.example", "conf.example"),
        ("https://conf.example:8443", "conf.example"),
        ("https://conf.example", "conf.example:8443"),
        ("http://conf.example", "conf.example:443"),
        ("https://conf.example/", "conf.example"),
        ("https://conf.example, https://evil.example", "conf.example"),
        ("file://conf.example", "conf.example"),
        ("https://", ""),
        ("https://conf.example", ""),
        ("https://conf.example", "conf.example/x"),
        ("https://event.example.evil.example", "conf.example"),
        ("http://event.example", "conf.example"),  # another scheme than the one allowed
        ("https://event.example:444", "conf.example"),
        ("http://localhost", "conf.example"),
        ("https://conf.example\n", "conf.example\n"),
    ],
)
def test_pages_that_may_not(origin, host):
    assert not may_connect(origin, host, ALLOWED)


def test_an_origin_is_scheme_host_and_port():
    assert parse_origin("https://a.example:8443") == Origin("https", "a.example", 8443)
    assert parse_origin("*") is None


@pytest.mark.parametrize(
    "origin",
    [
        "capacitor://localhost",
        "ionic://localhost",
        "tauri://localhost",
        "http://tauri.localhost",
        "app://-",
        "chrome-extension://abcdefghijklmnopabcdefghijklmnop",
        "moz-extension://7d2ee5ec-7ff7-4bd1-8a1f-a0f9c5b1d111",
        "file://",
        "null",
    ],
)
def test_an_apps_origin_may_be_allowed_by_its_name(origin):
    allowed = read_origins([origin])
    assert may_connect(origin, "conf.example", allowed)
    assert not may_connect(origin, "localhost", read_origins(["https://conf.example"]))
    assert not may_connect("capacitor://other", "conf.example", allowed)


def test_an_apps_page_is_not_of_the_server_though_its_host_is_called_alike():
    assert not may_connect("capacitor://localhost", "localhost", frozenset())


@pytest.mark.parametrize("text", ["*", "event.example", "https://event.example/path"])
def test_an_operators_mistake_is_told(text):
    with pytest.raises(ConfigError, match="is no origin"):
        read_origin(text)
