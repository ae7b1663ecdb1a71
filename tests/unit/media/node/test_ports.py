"""Media workers' ports: none twice, in whatever process, and a second one for a replacement."""

import socket
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from showcaller.errors import ConfigError
from showcaller.media.node.ports import PORTS_EACH, choose_port
from showcaller.settings import PORTS_EACH as PORTS_EACH_SET
from showcaller.settings import Settings
from showcaller.workers.supervisor import worker_settings


@given(st.integers(0, 6), st.integers(1, 5), st.integers(1, 3))
def test_no_two_workers_share_a_port(media_workers, processes, events):
    settings = Settings(
        schedules=tuple(Path(str(event)) for event in range(events)),
        media_workers=media_workers,
        workers=processes,
        media_port=50_000,
    )
    taken = [
        one.media_port_of(event) + PORTS_EACH * number + which
        for one in (worker_settings(settings, process) for process in range(processes))
        for event in range(events)
        for number in range(one.media_workers)
        for which in range(PORTS_EACH)
    ]
    assert sorted(taken) == list(range(50_000, 50_000 + settings.media_ports))
    assert PORTS_EACH == PORTS_EACH_SET


def test_without_a_first_port_any_will_do():
    assert Settings(schedules=(Path("a"),)).media_port_of(1) == 0
    assert choose_port(0, 3, ["127.0.0.1"]) == 0


@pytest.mark.parametrize(("family", "address"), [(2, "127.0.0.1"), (10, "::1")])
def test_a_worker_takes_its_second_port_while_the_first_is_taken(family, address):
    with socket.socket(family, socket.SOCK_DGRAM) as taken:
        taken.bind((address, 0))
        port = taken.getsockname()[1]
        assert choose_port(port - PORTS_EACH, 1, [address]) == port + 1
    assert choose_port(port - PORTS_EACH, 1, [address]) == port


@pytest.mark.parametrize(("first", "expected"), [(None, None), (0, 0), (443, 443)])
def test_ports_for_tcp_are_those_for_udp_or_none_or_their_own(first, expected):
    settings = Settings(schedules=(Path("a"), Path("b")), media_workers=3, media_tcp_port=first)
    assert settings.media_tcp_port_of(0) == expected
    assert settings.media_tcp_port_of(1) == (expected and expected + PORTS_EACH * 3)
    shared = replace(settings, workers=2)
    assert worker_settings(shared, 1).media_tcp_port == (expected and expected + PORTS_EACH * 2 * 2)


def test_a_worker_takes_its_second_tcp_port_while_somebody_listens_at_the_first():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        stream = socket.SOCK_STREAM
        assert choose_port(port - PORTS_EACH, 1, ["127.0.0.1"], stream) == port + 1
    assert choose_port(port - PORTS_EACH, 1, ["127.0.0.1"], stream) == port


def test_ports_must_be_ports():
    for port in (-1, 65_535):
        with pytest.raises(ConfigError, match="--media-port"):
            Settings(schedules=(Path("a"),), media_port=port).check()
        with pytest.raises(ConfigError, match="--media-tcp-port"):
            Settings(schedules=(Path("a"),), media_tcp_port=port).check()
    Settings(schedules=(Path("a"),), media_port=65_534, media_tcp_port=65_534).check()
