"""Transports against real clients on real sockets: aiortc's, and a bare one that can misbehave."""

import asyncio
import contextlib
import gc
import os
import tracemalloc
import weakref

import pytest
from aioice import Candidate, stun
from aiortc import RTCCertificate, RTCIceGatherer, RTCIceTransport
from aiortc.rtcdtlstransport import RTCDtlsFingerprint, RTCDtlsParameters, RTCDtlsTransport
from aiortc.rtcicetransport import RTCIceParameters, candidate_from_aioice
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from OpenSSL import SSL
from pylibsrtp import Policy, Session

from showcaller.media.contract.addresses import Addresses
from showcaller.media.egress.keys import CM, GCM
from showcaller.media.transport.parameters import Remote
from showcaller.media.transport.transport import (
    CONNECT_S,
    LOOK_EACH_SWEEPS,
    MAX_TURNS,
    Transports,
)
from showcaller.system import monotonic_s
from showcaller.testing.until import until

from .conftest import (
    HERE,
    PROFILES,
    RECEIVER_REPORT,
    Client,
    Notes,
    fingerprints_of,
    open_files,
    rtp,
)

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
        monotonic_s(),
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


@pytest.mark.parametrize("number", [1, 2])
async def test_a_lost_flight_is_sent_again(join, number):
    client = await join()
    await client.check()
    take, coming = client.dtls_in.put_nowait, iter(range(1, 100))
    client.dtls_in.put_nowait = lambda data: next(coming) == number or take(data)
    await client.shake_hands()
    await until(lambda: client.transport.connected)
    assert next(coming) > number + 1


async def test_no_datagram_of_a_handshake_is_longer_than_1200_bytes(join):
    client = await join(connect=True)
    assert max(map(len, client.received)) <= 1200


# Strangers and forgers ------------------------------------------------------------------------------


async def test_a_check_is_answered_with_the_address_it_came_from(join):
    client = await join()
    reply = await client.check()
    assert reply.attributes["XOR-MAPPED-ADDRESS"] == client.udp.get_extra_info("sockname")
    assert reply.check_message_integrity(client.local.pwd.encode())


async def test_what_is_not_authentic_gets_no_byte(transports, join):
    client = await join()
    unsigned = stun.Message(stun.Method.BINDING, stun.Class.REQUEST)
    unsigned.attributes["USERNAME"] = f"{client.local.ufrag}:{client.ufrag}"
    bent = bytearray(client.request())
    bent[-1] ^= 1
    forged = [
        bytes(unsigned),
        bytes(bent),  # its fingerprint is wrong
        client.request(pwd="x" * 32),
        client.request(ufrag="nobody"),
        client.request().replace(client.ufrag.encode(), b"another-name-"[: len(client.ufrag)]),
        b"\x01\x01" + client.request()[2:],  # a reply to nothing
        b"\x16\xfe\xfd" + bytes(200),  # DTLS
        rtp(1),
        RECEIVER_REPORT,
        b"GET / HTTP/1.1",
    ]
    for datagram in forged:
        client.send(datagram)
    await until(lambda: transports.refused == len(forged))
    assert client.received_bytes == 0
    await client.check()  # no harm done
    client.send(client.request(pwd="x" * 32))  # nor is a known address answered
    await until(lambda: transports.refused == len(forged) + 1)
    assert len(client.received) == 1 and client.received_bytes < client.sent_bytes / 10


async def test_no_reply_to_a_check_is_longer_than_the_check(join):
    client = await join()
    assert len(client.request()) > 100
    for wishes in ({}, {"controlled": True}, {"nominate": False}):
        await client.check(**wishes)
        assert len(client.received[-1]) < len(client.request(**wishes))


async def test_a_client_that_thinks_itself_controlled_is_told(join):
    client = await join()
    reply = await client.check(controlled=True)
    assert reply.error_code == 487
    assert client.transport.path is None
    assert (await client.check()).error_code is None


async def test_dtls_of_an_address_that_was_not_checked_is_refused(transports, join):
    client = await join()
    shaking = asyncio.create_task(client.shake_hands())
    await until(lambda: transports.refused)
    assert client.received_bytes == 0
    await client.check()
    await shaking  # the flight is sent again, and now welcome
    assert client.dtls.state == "connected"


async def test_a_third_party_can_not_end_or_feed_a_connection(transports, join):
    client = await join(connect=True)
    other = await join()
    await other.check()
    for datagram in (client.protect(rtp(1)), b"\x15\xfe\xfd" + bytes(8) + b"\0\2\2\x28"):
        other.udp.sendto(datagram, client.server)
    await other.settle()
    client.send(client.protect(rtp(2)))
    await until(lambda: client.notes.packets == [rtp(2)])
    assert not client.notes.closed and not other.notes.packets


STRAY = [
    b"\x15\xfe\xfd" + bytes(8) + b"\0\2\2\x28",  # fatal alert, epoch 0
    b"\x15\xfe\xfd" + bytes(8) + b"\0\2\1\0",  # close_notify, epoch 0
    b"\x15\xfe\xfd\0\1" + bytes(5) + b"\x09\0\x1a" + bytes(26),  # an alert, epoch 1, forged
    b"\x17\xfe\xfd\0\1" + bytes(5) + b"\x09\0\x40" + bytes(64),  # data
    b"\x14\xfe\xfd" + bytes(8) + b"\0\1\1",  # ChangeCipherSpec
    b"\x16\xfe\xff" + bytes(8) + b"\0\x40" + bytes(64),  # a handshake
    b"\x16\xfe\xfd" + bytes(8) + b"\xff\xff" + bytes(64),  # longer than it is
    b"\x14",
    b"\x3f" + bytes(1400),
]


async def test_stray_records_do_not_harm_a_connected_client(join):
    client = await join(connect=True)
    for datagram in STRAY * 3:
        client.send(datagram)
    for length in range(200):
        client.send(bytes([20 + length % 44]) + os.urandom(length))
    await client.settle()
    client.send(client.protect(rtp(1)))
    await until(lambda: client.notes.packets == [rtp(1)])
    assert client.transport.connected and not client.notes.closed
    await client.dtls.stop()  # and the true one is still understood
    await until(lambda: client.notes.closed == ["closed_by_peer"])


async def test_stray_records_do_not_stop_a_handshake(join):
    client = await join()
    await client.check()
    for datagram in STRAY[2:]:  # nothing is authentic yet: an alert is an alert
        client.send(datagram)
    await client.shake_hands()
    await until(lambda: client.transport.connected)


async def test_a_handshake_that_can_not_succeed_ends(join):
    client = await join()
    client.dtls._srtp_profiles = client.dtls._srtp_profiles[:1]  # AES-256 only
    await client.check()
    await client.shake_hands()
    await until(lambda: client.notes.closed)
    assert client.notes.closed == ["dtls_failed"]


async def test_a_flood_before_the_handshake_holds_up_nobody(transports, join):
    flooding, client = await join(), await join()
    await flooding.check()
    for _ in range(1000):
        flooding.send(b"\x16\xfe\xfd" + bytes(100))
    await until(lambda: transports.refused > 500)
    assert len(transports.turns._waiting) <= MAX_TURNS
    await client.connect()


async def test_a_packet_is_taken_once(transports, join):
    client = await join(connect=True)
    packet, report = client.protect(rtp(7)), client.protect_rtcp(RECEIVER_REPORT)
    bent = packet[:-1] + bytes([packet[-1] ^ 1])
    for datagram in (packet, report, packet, report, bent, packet[:11], b"\x80" + bytes(1999)):
        client.send(datagram)
    await client.settle()
    assert client.notes.packets == [rtp(7)]
    assert client.notes.reports == [RECEIVER_REPORT]
    assert transports.refused == 5


async def test_late_packets_are_taken_within_the_window(join):
    client = await join(connect=True)
    protected = [client.protect(rtp(sequence)) for sequence in range(2000)]
    for index in (1999, 1999 - 1000, 1999 - 1030):
        client.send(protected[index])
    await client.settle()
    assert client.notes.packets == [rtp(1999), rtp(999)]


async def test_rtp_and_rtcp_are_told_apart(join):
    client = await join(connect=True)
    marked = b"\x80\xe0" + rtp(1)[2:]  # payload type 96, marker
    client.send(client.protect(marked))
    for kind in range(200, 208):
        client.send(client.protect_rtcp(RECEIVER_REPORT[:1] + bytes([kind]) + RECEIVER_REPORT[2:]))
    await until(lambda: len(client.notes.reports) == 8)
    assert client.notes.packets == [marked]


async def test_a_client_has_a_bounded_number_of_sources(transports, join):
    client = await join(connect=True)
    for ssrc in range(100):
        client.send(client.protect(rtp(1, ssrc)))
    await client.settle()
    assert len(client.notes.packets) == 64
    client.send(client.protect(rtp(2, 0)))
    await until(lambda: len(client.notes.packets) == 65)


# Addresses of ours -----------------------------------------------------------------------------------


async def test_answers_name_the_addresses_that_the_machine_has_now(transports, join, caplog):
    caplog.set_level("INFO")
    first = await join(connect=True)
    machine = ["127.0.0.1"]
    transports.follow(lambda: tuple(machine))
    for addresses in (["127.0.0.1", "127.0.0.2"], ["127.0.0.2"]):
        machine[:] = addresses
        for _ in range(LOOK_EACH_SWEEPS):
            transports.sweep(monotonic_s())
        second = await join()
        assert [host for host, _ in second.local.candidates] == addresses
    machine.clear()  # a moment without any: better old ones than none
    for _ in range(LOOK_EACH_SWEEPS):
        transports.sweep(monotonic_s())
    third = await join(connect=True)
    assert third.server[0] == "127.0.0.2"
    first.send(first.protect(rtp(1)))
    await until(lambda: first.notes.packets)
    told = [record.action for record in caplog.records if record.name.startswith("showcaller")]
    assert told == ["media.addresses_changed"] * 2


# Ends -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("role", "setup"), [("client", "actpass"), ("server", "passive")])
async def test_who_wants_to_negotiate_again_ends_the_connection(join, role, setup):
    client = await join(client=Client(dtls_role=role), setup=setup)
    await client.connect()
    await until(lambda: client.transport.connected)
    with contextlib.suppress(SSL.WantReadError):
        client.dtls._ssl.renegotiate()
        client.dtls._ssl.do_handshake()
    await client.dtls._write_ssl()  # aiortc takes our refusal for fatal, and says so
    await until(lambda: client.notes.closed == ["closed_by_peer"])


async def test_closing_tells_the_client_and_nobody_else(transports, join):
    client = await join(connect=True)
    client.transport.close()
    client.transport.close()
    await until(lambda: client.dtls.state == "closed")
    assert client.notes.closed == [] and not client.transport.connected
    refused = transports.refused
    client.send(client.protect(rtp(1)))
    client.send(client.request())
    await until(lambda: transports.refused == refused + 2)
    assert client.notes.packets == []


async def test_a_client_that_does_not_get_through_is_given_up(transports, join):
    silent, slow = await join(), await join()
    await slow.check()
    slow.send(b"\x16\xfe\xfd" + bytes(100))
    await slow.settle()
    transports.sweep(monotonic_s() + CONNECT_S - 1)
    assert silent.notes.closed == slow.notes.closed == []
    transports.sweep(monotonic_s() + CONNECT_S + 1)
    assert silent.notes.closed == slow.notes.closed == ["never_connected"]
    assert len(transports) == 0 and not transports._by_path and not transports._by_ufrag


async def test_half_open_joins_are_cheap(transports):
    notes, tasks = Notes(), len(asyncio.all_tasks())
    remote = Client().remote()
    half_open = [transports.add(remote, notes, monotonic_s()) for _ in range(1000)]
    assert len(asyncio.all_tasks()) == tasks
    assert all(transport._dtls is None for transport in half_open)
    assert len({transport.local.ufrag for transport in half_open}) == 1000
    transports.sweep(monotonic_s() + CONNECT_S + 1)
    assert notes.closed == ["never_connected"] * 1000 and len(transports) == 0


async def test_an_owner_may_close_from_within(join):
    client = await join(connect=True)
    client.notes.on_rtp = lambda packet, now_s: client.transport.close()
    client.send(client.protect(rtp(1)))
    client.send(client.protect(rtp(2)))
    await until(lambda: not client.transport.connected)


async def test_closing_in_the_middle_of_a_handshake(transports, join):
    client = await join()
    await client.check()
    client.send(b"\x16\xfe\xfd" + bytes(100))
    await client.settle()
    client.transport.close()
    await until(lambda: len(asyncio.all_tasks()) == 1)
    assert client.notes.closed == [] and len(transports) == 0


async def come_and_go(transports, client):
    """Connect and leave; returns weak references to what there was on our side."""
    notes = Notes()
    transport = transports.add(client.remote(), notes, monotonic_s())
    await client.meet(transport)
    client.dtls = RTCDtlsTransport(client, [client.certificate])
    client.dtls._set_role("client")
    await client.connect()
    await until(lambda: notes.keys)
    parts = (transport, transport._dtls, transport._dtls._ssl, transport._srtp, notes)
    references = [weakref.ref(part) for part in parts]
    transport.close()
    await until(lambda: client.dtls.state == "closed")
    client.leave()
    client.sockets.clear()
    client.received.clear()
    return references


async def test_nothing_is_left_of_those_who_left(transports):
    files, client = open_files(), Client()
    gc.collect()
    gc.disable()  # so that only what is in no cycle goes
    try:
        references = [await come_and_go(transports, client) for _ in range(5)]
        await until(lambda: open_files() <= files)
        assert [ref() for each in references for ref in each if ref() is not None] == []
    finally:
        gc.enable()


async def test_memory_comes_back(transports):
    client = Client()
    for _ in range(5):
        await come_and_go(transports, client)
    gc.collect()
    tracemalloc.start()
    try:
        for _ in range(40):
            await come_and_go(transports, client)
        gc.collect()
        # one that stays has 6 kB in Python alone; the loop keeps some cancelled timers for a while
        assert tracemalloc.get_traced_memory()[0] < 40 * 1500
    finally:
        tracemalloc.stop()


async def test_shutting_frees_the_port():
    transports = await Transports.open(HERE)
    notes = Notes()
    transports.add(Client().remote(), notes, monotonic_s())
    await transports.shut()
    assert notes.closed == [] and len(transports) == 0
    again = await Transports.open(HERE, transports.port)
    assert again.port == transports.port
    await again.shut()


async def test_answers_name_the_advertised_addresses():
    transports = await Transports.open(Addresses(("0.0.0.0", "::"), ("192.0.2.1", "2001:db8::1")))
    local = transports.add(Client().remote(), Notes(), monotonic_s()).local
    port = transports.port
    assert local.candidates == (("192.0.2.1", port), ("2001:db8::1", port))
    assert len(local.ufrag) >= 4 and len(local.pwd) >= 22 and local.setup == "passive"
    await transports.shut()


async def test_a_writable_port_calls_back_once(transports):
    called = []
    transports.udp.on_writable(lambda: called.append(1))
    await until(lambda: called)
    assert called == [1]
