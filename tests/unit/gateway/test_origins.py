import pytest

from showcaller.errors import ConfigError
from showcaller.gateway.origins import Origin, may_connect, parse_origin, read_origin

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


@pytest.mark.parametrize("text", ["*", "event.example", "https://event.example/path"])
def test_an_operators_mistake_is_told(text):
    with pytest.raises(ConfigError, match="is no origin"):
        read_origin(text)
