"""The port of several workers: who is given connections, and who is not."""

import asyncio
import socket

import pytest

from showcaller.errors import ConfigError, Unavailable
from showcaller.workers.port import Port, close_all

HOST = "127.0.0.1"
CONNECTIONS = 200


@pytest.fixture
def port():
    port = Port(HOST, 0)
    yield port
    port.close()


def number_of(sockets):
    (number,) = {one.getsockname()[1] for one in sockets}
    return number


def listen(port):
    (one,) = port.bind()
    one.listen(CONNECTIONS)
    one.setblocking(False)
    return one


def connect_often(number):
    return [socket.create_connection((HOST, number), timeout=5) for _ in range(CONNECTIONS)]


def accept_all(listener):
    accepted = []
    try:
        while True:
            accepted.append(listener.accept()[0])
    except BlockingIOError:
        return accepted


def test_listeners_share_all_connections_and_those_that_only_hold_the_port_get_none(port):
    idle = port.bind()
    listeners = [listen(port), listen(port)]
    clients = connect_often(number_of(listeners + idle))
    shares = [accept_all(one) for one in listeners]
    assert sum(map(len, shares)) == CONNECTIONS
    assert min(map(len, shares)) > CONNECTIONS / 5
    close_all([*idle, *listeners, *clients, *shares[0], *shares[1]])


def test_a_queue_outlives_the_process_that_listened(port):
    """Descriptors are inherited: a copy of one stands for each process."""
    first = listen(port)
    second = first.dup()
    clients = connect_often(number_of([first]))
    first.close()
    accepted = accept_all(second)
    assert len(accepted) == CONNECTIONS
    close_all([second, *clients, *accepted])


def test_all_addresses_of_a_host_get_the_same_port():
    port = Port("localhost", 0)
    sockets = port.bind()
    assert number_of(sockets) > 0
    assert {one.getsockname()[0] for one in sockets} <= {"127.0.0.1", "::1"}
    close_all(sockets)
    port.close()


def test_the_port_of_another_server_is_refused(port):
    listener = listen(port)
    with pytest.raises(Unavailable, match="can't listen"):
        Port(HOST, number_of([listener]))
    listener.close()


@pytest.mark.parametrize("host", ["192.0.2.1", "no-such-host.invalid"])
def test_an_address_that_is_not_ours_is_refused(host):
    with pytest.raises(ConfigError, match=f"can't listen on {host}"):
        Port(host, 0)


async def test_a_closed_port_refuses_connections():
    port = Port(HOST, 0)
    listener = listen(port)
    number = number_of([listener])
    listener.close()
    port.close()
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection(HOST, number)


def test_all_addresses_are_those_of_ipv4_as_well():
    port = Port("::", 0)
    sockets = port.bind()
    assert {one.family for one in sockets} == {socket.AF_INET, socket.AF_INET6}
    assert number_of(sockets) > 0
    close_all(sockets)
    port.close()
