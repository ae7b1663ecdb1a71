"""DTLS associations: two of ours with one another, in memory; test_transport.py has aiortc's as peers."""

import asyncio

import pytest
from aiortc.rtcdtlstransport import SRTP_AEAD_AES_256_GCM

from showcaller.media.egress.keys import GCM
from showcaller.media.transport import dtls
from showcaller.testing.until import until


class Pair:
    """A client and a server whose datagrams `carry` hands on; it may lose or change them."""

    def __init__(self, carry=lambda data: data):
        self.sent = {"client": [], "server": []}
        self.carry = carry
        self.client = dtls.Association("client", lambda data: self._send("client", data))
        self.server = dtls.Association("server", lambda data: self._send("server", data))

    def _send(self, sender, data):
        self.sent[sender].append(data)
        other = self.server if sender == "client" else self.client
        if (carried := self.carry(data)) is not None:
            other.receive(carried)

    async def connect(self, fingerprint=None):
        expected = [("sha-256", fingerprint or dtls.fingerprint())]
        async with asyncio.timeout(10):
            return await asyncio.gather(
                self.client.connect(expected), self.server.connect(expected)
            )


async def test_both_have_the_same_keys():
    pair = Pair()
    assert await pair.connect() == ["", ""]
    assert pair.client.sending == pair.server.receiving
    assert pair.client.receiving == pair.server.sending != pair.server.receiving
    keys = pair.server.sending
    assert (keys.profile, len(keys.key), len(keys.salt)) == (GCM, 16, 12)


async def test_a_process_has_one_certificate_and_one_context():
    first, second = Pair(), Pair()
    await first.connect()
    await second.connect()
    assert first.server._ssl.get_context() is second.client._ssl.get_context()
    assert first.server.sending != second.server.sending
    assert len(dtls.fingerprint()) == 95 and dtls.fingerprint() == dtls.fingerprint().upper()


async def test_no_session_is_kept():
    """OpenSSL would keep 20,000 of them, each with the client's certificate."""
    pair = Pair()
    await pair.connect()
    assert pair.server._ssl.get_context().get_session_cache_mode() == 0


async def test_a_wrong_fingerprint_is_named():
    wrong = ":".join(["00"] * 32)
    assert await Pair().connect(wrong) == ["wrong_fingerprint"] * 2


@pytest.mark.parametrize("algorithm", ["SHA-256", "sha-256"])
async def test_fingerprints_are_compared_without_case(algorithm):
    pair = Pair()
    expected = [(algorithm, dtls.fingerprint().lower())]
    assert await asyncio.gather(pair.client.connect(expected), pair.server.connect(expected)) == [
        "",
        "",
    ]


async def test_without_a_common_profile_there_is_no_connection(monkeypatch):
    pair = Pair()
    monkeypatch.setattr(pair.server, "_srtp_profiles", [SRTP_AEAD_AES_256_GCM])
    monkeypatch.setattr(
        pair.server, "_setup_srtp", lambda: pair.server._set_state(dtls.State.FAILED)
    )
    assert (await pair.connect())[1] == "dtls_failed"
    assert pair.server.sending is None


async def test_rubbish_ends_in_a_problem_not_in_an_error():
    pair = Pair()
    pair.server.receive(b"\x15\xfe\xfd" + bytes(8) + b"\0\2\2\x28")  # a fatal alert
    async with asyncio.timeout(5):
        assert await pair.server.connect([("sha-256", "00")]) == "dtls_failed"


async def test_closing_is_told_once():
    heard = []
    pair = Pair()
    await pair.connect()
    pair.carry = lambda data: heard.append(pair.client.receive(data))
    pair.server.close()
    assert heard == [False]
    assert pair.client.receive(b"\x15rubbish") is False  # it stays ended


async def test_closing_before_it_began():
    pair = Pair()
    pair.server.close()
    assert pair.sent["server"] == []


async def test_a_waiting_association_holds_few_datagrams():
    pair = Pair()
    for _ in range(1000):
        assert pair.server.receive(b"\x16")
    assert pair.server._wire.inbox.qsize() <= 32


async def test_an_association_leaves_no_task():
    before = asyncio.all_tasks()
    await Pair().connect()
    await until(lambda: asyncio.all_tasks() == before)


def record(size):
    return b"\x16\xfe\xfd" + bytes(8) + size.to_bytes(2) + bytes(size)


def test_a_flight_is_cut_at_records_that_fit():
    sizes = [100, 1000, 1000, 87, 87, 1187, 1]
    flight = b"".join(map(record, sizes))
    cut = list(dtls._datagrams(flight))
    assert b"".join(cut) == flight
    assert [len(datagram) for datagram in cut] == [113 + 1013, 1013 + 100, 100, 1200, 14]


def test_nothing_is_cut_to_nothing():
    assert list(dtls._datagrams(b"")) == []
    assert list(dtls._datagrams(record(3))) == [record(3)]
    assert list(dtls._datagrams(record(2000))) == [record(2000)]


async def test_one_cancellation_ends_a_handshake_at_any_step():
    for steps in range(60):
        pair = Pair()
        expected = [("sha-256", dtls.fingerprint())]
        ours = asyncio.create_task(pair.server.connect(expected))
        theirs = asyncio.create_task(pair.client.connect(expected))
        for _ in range(steps):
            await asyncio.sleep(0)
        was_done = ours.done()
        ours.cancel()
        pair.carry = lambda data: None  # the client says no more
        await asyncio.wait({ours}, timeout=10)
        theirs.cancel()
        assert was_done or ours.cancelled(), f"goes on after it was cancelled at step {steps}"
