"""STUN and TURN servers from `Link` headers, and from rubbish."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from showcaller_client.ice_servers import IceServer, ice_servers_of

TURN = "turn:turn.example:443?transport=tcp"


def test_servers_are_read_and_other_links_are_not() -> None:
    header = (
        '<stun:stun.example:3478>; rel="ice-server", '
        f'<{TURN}>; rel="ice-server"; username="1700000000:p_1"; '
        'credential="ab+/="; credential-type="password", </agenda>; rel="next"'
    )
    stun, turn = ice_servers_of(header)
    assert stun == IceServer("stun:stun.example:3478")
    assert turn == IceServer(TURN, "1700000000:p_1", "ab+/=")
    assert (stun.relays(), turn.relays()) == (False, True)
    assert [server.over_udp() for server in (turn, IceServer("turn:x"), IceServer("turns:x"))] == [
        False,
        True,
        False,
    ]
    assert "ab+/=" not in repr(turn)


@pytest.mark.parametrize(
    "parameters",
    [
        'rel="ice-server";username="u";credential="c"',
        "rel=ice-server; username=u; credential=c",
        'REL = "ICE-Server" ;\tUserName = "u"; ; flag; Credential="c"; credential-type=password',
        'rel="help ice-server"; username="\\u"; credential="c"; credential="later"',
        'title="<turn:other>, ;"; rel="ice-server"; username="u"; credential="c"',
    ],
)
def test_parameters_as_rfc_8288_allows_them(parameters: str) -> None:
    assert ice_servers_of(f"<{TURN}> ; {parameters}") == [IceServer(TURN, "u", "c")]


@pytest.mark.parametrize(
    "header",
    [
        "",
        "rubbish",
        f'<{TURN}>; rel="other"',
        f'<{TURN}>; rel="other"; rel="ice-server"',
        f'<{TURN}>; rel="ice-servers"',
        f'<{TURN}>; title="; rel=ice-server"',
        f'<{TURN}>, rel="ice-server"',
        f'{TURN}; rel="ice-server"',
        f'<{TURN}>; rel="ice-server"; credential-type="oauth"',
    ],
)
def test_a_header_that_names_no_server_gives_none(header: str) -> None:
    assert ice_servers_of(header) == []


def quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


texts = st.text(st.characters(min_codepoint=32, max_codepoint=126))
servers = st.builds(
    IceServer, st.from_regex(r"(turns?|stun):[a-z0-9.:?=]{1,20}", fullmatch=True), texts, texts
)


@given(st.lists(servers))
def test_servers_are_read_as_they_were_written(written: list[IceServer]) -> None:
    header = ", ".join(
        f'<{server.url}>; rel="ice-server"; username={quoted(server.username or "")}; '
        f"credential={quoted(server.credential or '')}"
        for server in written
    )
    assert ice_servers_of(header) == written


@given(st.text(st.sampled_from('<>;,="\\ \trelic-sv')) | st.text())
def test_rubbish_does_no_harm(header: str) -> None:
    assert all("<" not in server.url for server in ice_servers_of(header))


@pytest.mark.parametrize(
    "piece", ["<", "<x>;", "<x>;a ", '<x>;a="', ";\t", '"\\', "<x>" + " " * 99]
)
def test_a_long_header_is_read_in_one_go(piece: str) -> None:
    assert ice_servers_of(piece * (65_536 // len(piece))) == []
