"""Real sockets on loopback, and both egresses with a clock that tests set."""

import socket
import struct
from collections.abc import Callable, Iterator

import pytest
from pylibsrtp import Policy, Session

from showcaller.media.egress import Batch, Keys, build
from showcaller.media.egress.keys import CM, GCM
from showcaller.media.egress.native import NativeEgress
from showcaller.media.egress.pure import PythonEgress

EGRESSES = {"python": PythonEgress, "native": NativeEgress}
LOOPBACK = {socket.AF_INET: "127.0.0.1", socket.AF_INET6: "::1"}
PROFILES = {
    GCM: (Policy.SRTP_PROFILE_AEAD_AES_128_GCM, 12),
    CM: (Policy.SRTP_PROFILE_AES128_CM_SHA1_80, 14),
}


@pytest.fixture(scope="session")
def built() -> None:
    """The native egress, up to date with its source."""
    try:
        NativeEgress()
    except OSError:
        assert "built" in build.build()


@pytest.fixture(params=EGRESSES)
def egress(request, built):
    return EGRESSES[request.param](clock=lambda: 5.5)


class Peer:
    """Somebody that we send to: a socket and keys; by default it reads as much as has come."""

    def __init__(self, family: int = socket.AF_INET, profile: str = GCM) -> None:
        self.socket = socket.socket(family, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self.socket.bind((LOOPBACK[family], 0))
        self.socket.setblocking(False)
        self.address = self.socket.getsockname()
        self.use(profile)

    def use(self, profile: str) -> Keys:
        """Begin anew; the keys."""
        number, salt = PROFILES[profile]
        self.keys = Keys(profile, bytes(range(16)), bytes(range(100, 100 + salt)))
        policy = Policy(self.keys.key + self.keys.salt, Policy.SSRC_ANY_INBOUND, 0, number)
        policy.window_size = 1024
        self.session = Session(policy)
        return self.keys

    def datagrams(self) -> list[bytes]:
        """Return datagrams as they came. Loopback delivers before `send` returns."""
        came = []
        try:
            while True:
                came.append(self.socket.recv(1 << 16))
        except BlockingIOError:
            return came

    def packets(self) -> list[bytes]:
        """Decrypted; raises if one is not authentic."""
        return [self.session.unprotect(datagram) for datagram in self.datagrams()]

    def sends(self) -> list[int]:
        """Return the number of packets in each send; for this UDP_GRO must be set."""
        counts = []
        try:
            while True:
                data, control, *_ = self.socket.recvmsg(1 << 16, socket.CMSG_SPACE(4))
                size = struct.unpack("i", control[0][2])[0] if control else len(data)
                counts.append(-(-len(data) // size))
        except BlockingIOError:
            return counts


@pytest.fixture
def port() -> Iterator[Callable[..., socket.socket]]:
    """Makes the sockets that a worker sends from."""
    made: list[socket.socket] = []

    def make(family: int = socket.AF_INET) -> socket.socket:
        sock = socket.socket(family, socket.SOCK_DGRAM)
        sock.bind((LOOPBACK[family], 0))
        made.append(sock)
        return sock

    yield make
    for sock in made:
        sock.close()


@pytest.fixture
def peer() -> Iterator[Callable[..., Peer]]:
    made: list[Peer] = []

    def make(*arguments: object, **options: object) -> Peer:
        made.append(Peer(*arguments, **options))
        return made[-1]

    yield make
    for one in made:
        one.socket.close()


@pytest.fixture
def watch(port, peer):
    """(sink, its peer), connected by sockets of their own."""

    def make(egress, family=socket.AF_INET, profile=GCM):
        one = peer(family, profile)
        sink = egress.sink(one.keys)
        sink.aim(port(family).fileno(), one.address)
        return sink, one

    return make


@pytest.fixture(scope="module")
def agreeing(built, make):
    """For laws: (both egresses, `watch` on few sockets, `make`)."""
    sockets = {
        egress: (Peer(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) for egress in EGRESSES
    }

    def watch(egress, *, profile):
        old, sender = sockets[egress.name]
        old.datagrams()
        sink = egress.sink(old.use(profile))
        sink.aim(sender.fileno(), old.address)
        return sink, old

    yield [made(clock=lambda: 5.5) for made in EGRESSES.values()], watch, make
    for one, sender in sockets.values():
        one.socket.close()
        sender.close()


def rtp(
    sequence: int, payload: bytes = b"payload", *, timestamp: int = 9000, ssrc: int = 0
) -> bytes:
    return struct.pack(">BBHII", 0x80, 96, sequence & 0xFFFF, timestamp, ssrc) + payload


def with_send_time(packet: bytes) -> bytes:
    """The same with a header extension: an abs-send-time of 0, at byte 17."""
    block = b"\xbe\xde\x00\x01\x32\x00\x00\x00"
    return bytes([packet[0] | 0x10]) + packet[1:12] + block + packet[12:]


def batch(*packets: bytes, **fields: object) -> Batch:
    return Batch(b"".join(packets), tuple(map(len, packets)), **fields)


@pytest.fixture(scope="session")
def make():
    """The functions above, for test modules."""

    class Make:
        pass

    made = Make()
    made.rtp, made.with_send_time, made.batch = rtp, with_send_time, batch
    return made
