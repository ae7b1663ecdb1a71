"""Transports against real clients on real sockets: aiortc's, and a bare one that can misbehave."""

import asyncio
import contextlib
import gc
import os
import socket
import weakref

import pytest
from aioice import Candidate, stun
from aiortc import RTCCertificate, RTCIceGatherer, RTCIceTransport
from aiortc.rtcdtlstransport import RTCDtlsFingerprint, RTCDtlsParameters, RTCDtlsTransport
from aiortc.rtcicetransport import RTCIceParameters, candidate_from_aioice
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from pylibsrtp import Policy, Session

from showcaller.media.addresses import Addresses
from showcaller.media.kernel.keys import CM, GCM
from showcaller.media.parameters import Remote
from showcaller.media.transport import CONNECT_S, HOLD_S, Transports
from showcaller.system import monotonic_s
from showcaller.testing.until import until

HERE = Addresses(("127.0.0.1",))
PROFILES = {
    GCM: Policy.SRTP_PROFILE_AEAD_AES_128_GCM,
    CM: Policy.SRTP_PROFILE_AES128_CM_SHA1_80,
}


def rtp(sequence, ssrc=0x1234, payload=b"sound"):
    return (
        b"\x80\x6f" + sequence.to_bytes(2) + bytes(4) + ssrc.to_bytes(4) + payload
    )  # payload type 111


RECEIVER_REPORT = b"\x80\xc9\x00\x01" + (0x1234).to_bytes(4)


class Notes:
    """An owner that writes down what it is told."""

    def __init__(self):
        self.keys = None
        self.paths, self.packets, self.reports, self.closed = [], [], [], []

    def on_connected(self, keys):
        self.keys = keys

    def on_path(self, path):
        self.paths.append(path)

    def on_rtp(self, packet, now_s):
        assert abs(monotonic_s() - now_s) < 5
        self.packets.append(packet)

    def on_rtcp(self, packet, now_s):
        self.reports.append(packet)

    def on_closed(self, reason):
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
        """Until everything sent before was read: a check is answered in order."""
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
            client.transport = transports.add(client.remote(**remote), client.notes)
            await client.meet(client.transport)
            if connect:
                await client.connect()
                await until(lambda: client.transport.connected)
            return client

        yield join


# Connecting ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
async def test_a_peer_of_aiortc_connects(host):
    transports = await Transports.open(Addresses((host,)))
    gatherer = RTCIceGatherer([])
    gather = gatherer._connection.get_component_candidates
    gatherer._connection.get_component_candidates = lambda component, addresses, timeout=5: gather(
        component, [host], timeout
    )
    await gatherer.gather()
    ice = RTCIceTransport(gatherer)
    ice._connection.ice_controlling = True
    certificate = RTCCertificate.generateCertificate()
    dtls = RTCDtlsTransport(ice, [certificate])
    ours = gatherer.getLocalParameters()
    notes = Notes()
    transport = transports.add(
        Remote(ours.usernameFragment, ours.password, fingerprints_of(certificate), "actpass"),
        notes,
    )
    local = transport.local
    address, port = local.candidates[0]
    candidate = Candidate("1", 1, "udp", 2130706431, address, port, "host")
    await ice.addRemoteCandidate(candidate_from_aioice(candidate))
    await ice.addRemoteCandidate(None)
    await ice.start(RTCIceParameters(local.ufrag, local.pwd, iceLite=True))
    dtls._set_role("client")
    await dtls.start(RTCDtlsParameters([RTCDtlsFingerprint("sha-256", local.fingerprint)]))
    await until(lambda: notes.keys)
    assert dtls.state == "connected" and transport.connected
    await dtls._send_rtp(rtp(1))
    await dtls._send_rtp(RECEIVER_REPORT)
    await until(lambda: notes.packets and notes.reports)
    assert notes.packets == [rtp(1)] and notes.reports == [RECEIVER_REPORT]
    await dtls.stop()
    await until(lambda: notes.closed)
    assert notes.closed == ["closed_by_peer"] and len(transports) == 0
    await ice.stop()
    await transports.shut()


async def test_what_we_protect_is_read_by_the_client(join):
    client = await join(connect=True)
    keys = client.notes.keys
    assert keys.profile == GCM  # ours is the choice, though the client would rather have 256 bits
    policy = Policy(keys.key + keys.salt, Policy.SSRC_ANY_OUTBOUND, 0, PROFILES[keys.profile])
    assert client.dtls._rx_srtp.unprotect(Session(policy).protect(rtp(1))) == rtp(1)


async def test_a_client_without_gcm_gets_cm(join):
    client = Client()
    client.dtls._srtp_profiles = client.dtls._srtp_profiles[2:]
    await join(client=client, connect=True)
    assert client.notes.keys.profile == CM
    client.send(client.protect(rtp(1)))
    await until(lambda: client.notes.packets == [rtp(1)])


async def test_an_offer_that_is_passive_finds_us_active(join):
    client = await join(client=Client(dtls_role="server"), setup="passive")
    assert client.local.setup == "active"
    await client.check()
    await client.shake_hands()
    await until(lambda: client.transport.connected)
    client.send(client.protect(rtp(1)))
    await until(lambda: client.notes.packets == [rtp(1)])


def rsa_certificate():
    key = rsa.generate_private_key(65537, 2048)
    mold = RTCCertificate.generateCertificate()._cert
    builder = (
        x509.CertificateBuilder(mold.issuer, mold.subject, key.public_key())
        .serial_number(mold.serial_number)
        .not_valid_before(mold.not_valid_before_utc)
        .not_valid_after(mold.not_valid_after_utc)
    )
    return RTCCertificate(key, builder.sign(key, hashes.SHA256()))


@pytest.mark.parametrize("setup", ["actpass", "passive"])
async def test_an_rsa_certificate_is_welcome(join, setup):
    certificate = rsa_certificate()
    role = "client" if setup == "actpass" else "server"
    client = Client(certificate, dtls_role=role)
    context = certificate._create_ssl_context(client.dtls._srtp_profiles)
    context.set_cipher_list(b"ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES128-GCM-SHA256")
    certificate._create_ssl_context = lambda srtp_profiles: context
    await join(client=client, setup=setup)
    await client.check()
    await client.shake_hands()
    await until(lambda: client.transport.connected)


async def test_another_certificate_than_the_offers_is_refused(join):
    stranger = fingerprints_of(RTCCertificate.generateCertificate())
    client = await join(fingerprints=stranger)
    await client.check()
    await client.shake_hands()
    await until(lambda: client.notes.closed)
    assert client.notes.closed == ["wrong_fingerprint"]
    assert client.notes.keys is None


async def test_a_lost_flight_is_sent_again(join):
    client = await join()
    await client.check()
    lost = client.dtls_in.put_nowait
    client.dtls_in.put_nowait = lambda data: setattr(client.dtls_in, "put_nowait", lost)
    await client.shake_hands()
    await until(lambda: client.transport.connected)


async def test_no_datagram_of_a_handshake_is_longer_than_1200_bytes(join):
    client = await join(connect=True)
    assert max(map(len, client.received)) <= 1200


# Strangers and forgers ------------------------------------------------------------------------------
