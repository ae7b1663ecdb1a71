"""ICE over TCP against clients on real sockets: the same as by UDP, and who may keep a connection."""

import asyncio
import socket
import ssl

import pytest

from showcaller.media.egress import outlets
from showcaller.media.transport import tcp
from showcaller.media.transport.framing import Deframer, framed
from showcaller.media.transport.tcp import TcpPort, bind_tcp
from showcaller.media.transport.transport import Transports
from showcaller.system import monotonic_s
from showcaller.testing.until import until

from .conftest import HERE, RECEIVER_REPORT, Client, open_files, rtp


class TcpClient(Client):
    """A bare client that connects by TCP; `ended` when the server has closed the connection."""

    ended = False

    async def move(self):
        """Send over a new connection from now on; the old ones stay open."""
        host, port = self.local.tcp_candidates[0]
        reader, self.udp = await asyncio.open_connection(host, port)
        self.sockets.append(self.udp)
        self.reading = asyncio.create_task(self._read(reader))

    async def _read(self, reader):
        deframer = Deframer()
        try:
            while data := await reader.read(1 << 16):
                for packet in deframer.feed(data):
                    self.datagram_received(packet, None)
        except ConnectionError:
            pass
        self.ended = True

    def send(self, data):
        self.udp.write(framed(data, len(data)))


@pytest.fixture
async def transports():
    opened = await Transports.open(HERE, tcp_port=0)
    yield opened
    await opened.shut()


async def test_a_client_connects_sends_and_is_sent_to(transports, join):
    client = await join(connect=True, client=TcpClient())
    assert client.transport.path.descriptor < 0
    client.send(client.protect(rtp(1)))
    client.send(client.protect_rtcp(RECEIVER_REPORT))
    await until(lambda: client.notes.packets and client.notes.reports)
    assert (client.notes.packets, client.notes.reports) == ([rtp(1)], [RECEIVER_REPORT])
    assert transports.refused == transports.tcp.refused == 0
    client.transport.close()
    await until(lambda: client.ended)
    assert transports.tcp.connections == 0


async def test_who_sends_anything_but_an_authentic_check_first_is_cut_off(transports, join):
    for number, first in enumerate(
        (b"GET / HTTP/1.1\r\n\r\n", framed(rtp(1), 100), b"\0\0\0\4abcd")
    ):
        client = await join(client=TcpClient())
        client.udp.write(first)
        await until(lambda client=client: client.ended)
        assert transports.tcp.refused == number + 1 or not transports.tcp.connections
    forger = await join(client=TcpClient())
    forger.send(forger.request(pwd="a wrong password of that length"))
    await until(lambda: forger.ended)
    assert not forger.replies.qsize() and transports.tcp.connections == 0


async def test_who_shows_nothing_in_time_is_cut_off(transports, join):
    silent, slow, known = [await join(client=TcpClient()) for _ in range(3)]
    await known.check()
    slow.udp.write(framed(slow.request(), 1000)[:20])
    await until(lambda: transports.tcp.connections == 3)
    transports.sweep(monotonic_s())
    assert transports.tcp.connections == 3
    transports.sweep(monotonic_s() + tcp.FIRST_CHECK_S)
    await until(lambda: silent.ended and slow.ended)
    assert transports.tcp.connections == 1 and transports.tcp.refused == 2


async def test_when_the_client_closes_media_goes_by_its_other_path(transports, join):
    client = await join(connect=True, client=TcpClient())
    first = client.udp
    await client.move()
    await client.check(nominate=False)
    assert len(client.transport.ice.paths) == 2
    before = client.transport.path
    first.close()
    await until(lambda: client.transport.path != before)
    assert client.notes.paths == [client.transport.path]
    assert list(client.transport.ice.paths) == [client.transport.path]


async def test_who_comes_back_after_its_only_connection_goes_on(transports, join):
    client = await join(connect=True, client=TcpClient())
    before = client.transport.path
    client.udp.close()
    await until(lambda: not client.transport.ice.paths)
    assert not transports.tcp.send(b"into the void", before)
    await client.move()
    await client.check()
    assert client.transport.path != before
    assert client.notes.paths == [client.transport.path]
    client.send(client.protect(rtp(1)))
    await until(lambda: client.notes.packets)


async def test_an_address_has_so_many_connections_that_show_nothing(transports, join, monkeypatch):
    monkeypatch.setattr(tcp, "MAX_UNKNOWN_FROM_ADDRESS", 2)
    known = await join(connect=True, client=TcpClient())
    silent = [await join(client=TcpClient()) for _ in range(3)]
    await until(lambda: silent[2].ended)
    assert (transports.tcp.connections, transports.tcp.refused) == (3, 1)
    await silent[0].check()  # now there is room again
    fresh = await join(client=TcpClient())
    await fresh.check()
    assert not known.ended


async def test_beyond_all_that_show_nothing_the_oldest_goes(transports, join, monkeypatch):
    monkeypatch.setattr(tcp, "MAX_UNKNOWN", 2)
    silent = []
    for count in (1, 2, 2):
        silent.append(await join(client=TcpClient()))
        await until(lambda count=count: transports.tcp.connections == count)
    await until(lambda: silent[0].ended)
    assert not silent[1].ended and not silent[2].ended


@pytest.mark.parametrize("limit", ["MAX_CONNECTIONS", "MAX_FROM_ADDRESS"])
async def test_there_are_so_many_connections(transports, join, monkeypatch, limit):
    monkeypatch.setattr(tcp, limit, 1)
    first, second = await join(client=TcpClient()), await join(client=TcpClient())
    await until(lambda: second.ended)
    await first.check()
    assert (transports.tcp.connections, transports.tcp.refused) == (1, 1)


async def test_what_a_slow_client_does_not_read_is_dropped_and_the_rest_stays_whole(
    transports, join
):
    client = await join(connect=True, client=TcpClient())
    client.udp.transport.pause_reading()
    number = client.transport.path.descriptor
    picture, sound = bytes([200]) * 1_000 * 60, bytes([201]) * 100
    sent = 0
    while not outlets.send(number, picture, 1_000):
        sent += 1
    assert outlets.send(number, sound, len(sound)) == 0, "sound still has room"
    while not outlets.send(number, sound, len(sound)):
        pass
    most = tcp.WAITING_BYTES + tcp.SPARE_BYTES + len(picture)
    assert len(transports.tcp._connections[number]._waiting) <= most
    client.udp.transport.resume_reading()
    await until(lambda: bytes([201]) * 100 in client.media)
    await until(lambda: client.media.count(bytes([200]) * 1_000) == 60 * sent)
    await client.settle()
    assert not client.ended


async def test_connections_leave_nothing_behind(transports, join):
    await join(connect=True, client=TcpClient())
    files = open_files()
    for _ in range(5):
        client = await join(client=TcpClient())
        await client.check()
        client.leave()
    await until(lambda: transports.tcp.connections == 1)
    await until(lambda: open_files() == files)
    assert len(outlets._emits) == 1 and not transports.tcp._unknown_from


async def test_tls_is_handed_to_other_nodes_door(transports):
    given = []
    transports.tcp.tls = given.append
    host, port = transports.tcp_candidates[0]
    hello, incoming = ssl.MemoryBIO(), ssl.MemoryBIO()
    context = ssl.create_default_context()
    client = context.wrap_bio(incoming, hello, server_hostname="node")
    with pytest.raises(ssl.SSLWantReadError):
        client.do_handshake()
    greeting = hello.read()
    _, writer = await asyncio.open_connection(host, port)
    writer.write(greeting)
    await until(lambda: given)
    assert given[0].recv(1 << 16) == greeting, "nothing of it was read"
    assert transports.tcp.connections == 0
    given[0].close()
    writer.close()


async def test_the_port_has_the_number_of_udp_unless_that_is_taken(caplog):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert bind_tcp(("127.0.0.1",), taken.getsockname()[1]) is None
        assert caplog.records[0].action == "media.no_tcp"
    assert bind_tcp(("127.0.0.1",), 0) is None
    both = TcpPort.bind(("127.0.0.1", "::1"), 0)
    assert both.follow(("127.0.0.1", "192.0.2.1")) == ("127.0.0.1",)
    both.close()


def test_an_ipv6_network_is_one_source():
    assert (
        tcp._source("2001:db8::1") == tcp._source("2001:db8::ffff:1") != tcp._source("2001:db9::1")
    )
    assert tcp._source("fe80::1%lo") == tcp._source("fe80::2")
    assert tcp._source("192.0.2.1") != tcp._source("192.0.2.2")
