"""The UDP port of a worker: real sockets."""

import asyncio
import errno
import socket

import pytest

from showcaller.media.transport.parameters import Path
from showcaller.media.transport.udp import DATAGRAMS_A_TURN, MAX_HOSTS, UdpPort
from showcaller.testing.until import until


@pytest.fixture
async def port():
    opened = UdpPort.bind(("127.0.0.1", "::1"))
    yield opened
    opened.close()


@pytest.fixture
def sender():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as opened:
        opened.bind(("127.0.0.1", 0))
        opened.settimeout(5)
        yield opened


async def test_all_addresses_have_one_number(port):
    received = []
    port.start(lambda data, descriptor, address, now_s: received.append((data, address[0])))
    for host in ("127.0.0.1", "::1"):
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.socket(family, socket.SOCK_DGRAM) as sock:
            sock.sendto(host.encode(), (host, port.port))
    await until(lambda: len(received) == 2)
    assert sorted(received) == [(b"127.0.0.1", "127.0.0.1"), (b"::1", "::1")]


async def test_wildcards_of_both_families_share_a_number():
    opened = UdpPort.bind(("0.0.0.0", "::"))
    with pytest.raises(OSError) as caught:
        UdpPort.bind(("127.0.0.1",), opened.port)
    assert caught.value.errno == errno.EADDRINUSE
    opened.close()
    UdpPort.bind(("0.0.0.0", "::"), opened.port).close()


async def test_a_number_that_is_taken_at_one_address_is_passed_over():
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as other:
        other.bind(("::1", 0))
        with pytest.raises(OSError):
            UdpPort.bind(("127.0.0.1", "::1"), other.getsockname()[1])
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as freed:  # nothing was left bound
            freed.bind(("127.0.0.1", other.getsockname()[1]))


async def test_an_address_of_another_machine_can_not_be_bound():
    with pytest.raises(OSError):
        UdpPort.bind(("192.0.2.1",))


async def test_replies_leave_by_the_socket_they_were_asked_at(port, sender):
    def echo(data, descriptor, address, now_s):
        assert port.send(data, Path(descriptor, address))

    port.start(echo)
    sender.sendto(b"ping", ("127.0.0.1", port.port))
    data, address = await asyncio.to_thread(sender.recvfrom, 100)
    assert (data, address) == (b"ping", ("127.0.0.1", port.port))


async def test_others_have_their_turn_while_many_datagrams_wait(port, sender):
    received = []
    for _ in range(3 * DATAGRAMS_A_TURN):
        sender.sendto(b"", ("127.0.0.1", port.port))
    port.start(lambda data, *_: received.append(data))
    turns = []
    while len(received) < 3 * DATAGRAMS_A_TURN:
        await asyncio.sleep(0)
        turns.append(len(received))
    steps = {after - before for before, after in zip([0, *turns], turns, strict=False)}
    assert max(steps) == DATAGRAMS_A_TURN


async def test_what_the_system_does_not_take_is_told(port):
    port.start(lambda *_: None)
    descriptor = next(iter(port._sockets))
    assert not port.send(bytes(70_000), Path(descriptor, ("127.0.0.1", 9)))
    assert not port.send(b"x", Path(10_000, ("127.0.0.1", 9)))


async def test_a_receiver_may_close_the_port(sender):
    port = UdpPort.bind(("127.0.0.1",))
    received = []

    def receive(data, *_):
        received.append(data)
        port.close()

    sender.sendto(b"1", ("127.0.0.1", port.port))
    sender.sendto(b"2", ("127.0.0.1", port.port))
    port.start(receive)
    await until(lambda: received)
    await asyncio.sleep(0)
    assert received == [b"1"]


async def test_the_waiting_are_called_when_the_sockets_take_more(port, monkeypatch):
    full, called = True, []
    monkeypatch.setattr("showcaller.media.transport.udp._is_writable", lambda descriptor: not full)
    port.on_writable(lambda: called.append(1))
    port.on_writable(lambda: called.append(2))
    await asyncio.sleep(0.01)
    assert called == []
    full = False
    await until(lambda: called)
    assert called == [1, 2]


async def test_an_address_that_comes_gets_a_socket_of_the_same_number_and_one_that_goes_keeps_it():
    port = UdpPort.bind(["127.0.0.1"])
    heard = []
    port.start(lambda data, descriptor, address, now_s: heard.append((data, descriptor)))
    assert port.follow(["127.0.0.1", "127.0.0.2", "192.0.2.1"]) == ("127.0.0.1", "127.0.0.2")
    assert port.follow(["127.0.0.2"]) == ("127.0.0.2",)
    assert port.follow(["127.0.0.1", "127.0.0.2"]) == ("127.0.0.1", "127.0.0.2")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        for host in ("127.0.0.1", "127.0.0.2"):
            client.sendto(host.encode(), (host, port.port))
        await until(lambda: len(heard) == 2)
    assert len({descriptor for _, descriptor in heard}) == 2
    port.close()


async def test_addresses_that_come_and_go_are_bounded():
    port = UdpPort.bind(["127.0.0.1"])
    bound = port.follow([f"127.0.1.{number}" for number in range(1, 2 * MAX_HOSTS)])
    assert len(bound) == MAX_HOSTS - 1
    port.close()
