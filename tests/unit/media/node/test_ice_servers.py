"""STUN and TURN servers as `Link` headers."""

import re

import pytest

from showcaller.errors import ConfigError
from showcaller.media.node.ice_servers import IceServers, password_for
from showcaller.settings import Settings, resolve_turn_secret


@pytest.mark.parametrize(
    ("url", "link"),
    [
        ("stun:stun.example.net", '<stun:stun.example.net>; rel="ice-server"'),
        (
            "turn:user:pass@turn.example.net?transport=udp",
            '<turn:turn.example.net?transport=udp>; rel="ice-server"; username="user"; '
            'credential="pass"; credential-type="password"',
        ),
        (
            "turns:u%3Aa:b%22c@turn.example.net:5349",
            '<turns:turn.example.net:5349>; rel="ice-server"; username="u:a"; '
            'credential="b\\"c"; credential-type="password"',
        ),
    ],
)
def test_servers_as_they_are_configured(url, link):
    assert IceServers([url], "secret").links("p_1", 0) == [link]


def test_with_a_secret_each_person_has_a_password_that_ends():
    [link] = IceServers(["turn:turn.example.net:443?transport=tcp"], "secret").links("p_1", 5_000.7)
    user, password = re.search(r'username="(.*)"; credential="(.*)"; cred', link).groups()
    assert user == "86405:p_1"
    assert password == password_for(user, "secret")
    assert password_for("86405:p_1", "secret") == "vcftPlVtI8DLmgbbd7wCMxrTqWM="


def test_no_name_breaks_out_of_the_header():
    [link] = IceServers(["turn:turn.example.net"], "s").links('a"; x="\r\nb', 0)
    assert 'username="86400:a%22%3B%20x%3D%22%0D%0Ab"' in link


def test_a_turn_server_needs_a_password_or_a_secret(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("shared\n")
    bare = {"schedules": (), "ice_servers": ("turn:turn.example.net:443",)}
    with pytest.raises(ConfigError, match="--turn-secret-file"):
        Settings(**bare).check()
    settings = Settings(**bare, turn_secret_file=secret)
    settings.check()
    assert resolve_turn_secret(settings) == "shared"
    assert resolve_turn_secret(Settings(schedules=())) == ""
