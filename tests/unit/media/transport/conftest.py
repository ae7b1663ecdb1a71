"""Clients of a transport on real sockets: a bare one that can misbehave, and who joins by it."""

import asyncio
import contextlib
import os
import pathlib
import socket

import pytest
from aioice import stun
from aiortc import RTCCertificate
from aiortc.rtcdtlstransport import RTCDtlsFingerprint, RTCDtlsParameters, RTCDtlsTransport
from pylibsrtp import Policy

from showcaller.media.contract.addresses import Addresses
from showcaller.media.egress.keys import CM, GCM
from showcaller.media.transport.parameters import Remote
from showcaller.media.transport.transport import (
    Transports,
)
from showcaller.system import monotonic_s
from showcaller.testing.until import until

HERE = Addresses(("127.0.0.1",))
PROFILES = {
    GCM: Policy.SRTP_PROFILE_AEAD_AES_128_GCM,
    CM: Policy.SRTP_PROFILE_AES128_CM_SHA1_80,
}


def rtp(sequence, ssrc=0x1234, payload=b"sound"):
    return b"\x80\x6f" + sequence.to_bytes(2) + bytes(4) + ssrc.to_bytes(4) + payload


def open_files():
    return len(list(pathlib.Path("/proc/self/fd").iterdir()))


RECEIVER_REPORT = b"\x80\xc9\x00\x01" + (0x1234).to_bytes(4)


class Notes:
    """An owner that writes down what it is told."""

    def __init__(self):
        self.keys = None
        self.paths, self.packets, self.reports, self.closed = [], [], [], []

    def on_connected(self, keys, now_s):
        self.keys = keys

    def on_path(self, path):
        self.paths.append(path)

    def on_rtp(self, packet, now_s):
        assert abs(monotonic_s() - now_s) < 5
        self.packets.append(packet)

    def on_rtcp(self, packet, now_s):
        self.reports.append(packet)

    def on_closed(self, reason, now_s):
        self.closed.append(reason)


def fingerprints_of(certificate):
    first = certificate.getFingerprints()[0]
    return ((first.algorithm, first.value),)


class Client(asyncio.DatagramProtocol):
    """A bare client: it checks when told, and shakes hands by aiortc's DTLS over its own socket."""

    role = "controlling"

    def __init__(self, certificate=None, *, dtls_role="client"):
        self.certificate = certificate or RTCCertificate.generateCertificate()
        self.ufrag, self.pwd = "theirs" + os.urandom(4).hex(), os.urandom(16).hex()
        self.replies, self.dtls_in, self.media = asyncio.Queue(), asyncio.Queue(), []
        self.sent_bytes = self.received_bytes = 0
        self.received = []
        self.sockets = []
        self.dtls = RTCDtlsTransport(self, [self.certificate])
        self.dtls._set_role(dtls_role)

    def remote(self, setup="actpass", fingerprints=None):
        return Remote(
            self.ufrag, self.pwd, fingerprints or fingerprints_of(self.certificate), setup
        )

    async def move(self):
        """Send from a new socket from now on; the old ones stay open."""
        family = socket.AF_INET6 if ":" in self.server[0] else socket.AF_INET
        host = "::1" if family == socket.AF_INET6 else "127.0.0.1"
        loop = asyncio.get_running_loop()
        self.udp, _ = await loop.create_datagram_endpoint(
            lambda: self, local_addr=(host, 0), family=family
        )
        self.sockets.append(self.udp)

    async def meet(self, transport):
        self.local, self.server = transport.local, transport.local.candidates[0]
        await self.move()
        return self

    def datagram_received(self, data, address):
        self.received_bytes += len(data)
        self.received.append(data)
        if data[0] < 4:
            self.replies.put_nowait(data)
        elif data[0] < 64:
            self.dtls_in.put_nowait(data)
        else:
            self.media.append(data)

    def send(self, data):
        self.sent_bytes += len(data)
        self.udp.sendto(data, self.server)

    def request(self, *, nominate=True, controlled=False, ufrag=None, pwd=None, extra=None):
        message = stun.Message(stun.Method.BINDING, stun.Class.REQUEST)
        message.attributes["USERNAME"] = f"{ufrag or self.local.ufrag}:{self.ufrag}"
        message.attributes["PRIORITY"] = 1
        message.attributes["ICE-CONTROLLED" if controlled else "ICE-CONTROLLING"] = 7
        if nominate:
            message.attributes["USE-CANDIDATE"] = None
        message.add_message_integrity((pwd or self.local.pwd).encode())
        return bytes(message)

    async def check(self, **wishes):
        self.send(self.request(**wishes))
        async with asyncio.timeout(5):
            return stun.parse_message(await self.replies.get())

    async def _send(self, data):
        self.send(data)

    async def _recv(self):
        return await self.dtls_in.get()

    async def shake_hands(self):
        await self.dtls.start(
            RTCDtlsParameters([RTCDtlsFingerprint("sha-256", self.local.fingerprint)])
        )

    async def connect(self):
        await self.check()
        await self.shake_hands()
        assert self.dtls.state == "connected"

    def protect(self, packet):
        return self.dtls._tx_srtp.protect(packet)

    def protect_rtcp(self, packet):
        return self.dtls._tx_srtp.protect_rtcp(packet)

    async def settle(self):
        """Wait until everything sent before was read: a check is answered in order."""
        await self.check(nominate=False)

    def leave(self):
        if self.dtls._task is not None:
            self.dtls._task.cancel()
        for udp in self.sockets:
            udp.close()


@pytest.fixture
async def transports():
    opened = await Transports.open(HERE)
    yield opened
    await opened.shut()


@pytest.fixture
async def join(transports):
    """`await join()`: a client whose offer was taken, `await join(connect=True)`: one that is connected."""
    with contextlib.ExitStack() as left:

        async def join(*, connect=False, client=None, **remote):
            client = client or Client()
            left.callback(client.leave)
            client.notes = Notes()
            client.transport = transports.add(client.remote(**remote), client.notes, monotonic_s())
            await client.meet(client.transport)
            if connect:
                await client.connect()
                await until(lambda: client.transport.connected)
            return client

        yield join
