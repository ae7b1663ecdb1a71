"""STUN messages, against the test vectors of RFC 5769 and against aioice's."""

import zlib

import pytest
from aioice import stun as aioice

from showcaller.media.transport import stun

KEY = b"VOkJxbRl1RmTxUk/WvJxBt"
SAMPLE = bytes.fromhex(  # RFC 5769 §2.1
    "000100582112a442b7e7a701bc34d686fa87dfae"
    "802200105354554e207465737420636c69656e74"
    "002400046e0001ff80290008932ff9b151263b36"
    "000600096576746a3a68367659202020"
    "000800149aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a2"
    "80280004e57a3bcf"
)


def message(*attributes):
    body = b"".join(
        kind.to_bytes(2) + len(value).to_bytes(2) + value + bytes(-len(value) & 3)
        for kind, value in attributes
    )
    return b"\0\1" + len(body).to_bytes(2) + SAMPLE[4:20] + body


def signed(*attributes, behind=()):
    """A check with `attributes`, truly signed; `behind` stands after MESSAGE-INTEGRITY."""
    request = aioice.Message(aioice.Method.BINDING, aioice.Class.REQUEST, SAMPLE[8:20])
    plain = message(*attributes)
    request._integrity_data = plain
    code = aioice.message_integrity(plain, KEY)
    return message(*attributes, (8, code), *behind)


USERNAME = (6, b"evtj:h6vY")


def test_the_sample_request_is_read():
    check = stun.read_check(SAMPLE)
    assert check.username == b"evtj:h6vY" and check.transaction == SAMPLE[8:20]
    assert check.controlled and not check.nominates and check.unknown == ()
    assert stun.authentic(SAMPLE, check, KEY)
    assert not stun.authentic(SAMPLE, check, KEY[:-1])


@pytest.mark.parametrize("at", [*range(100), *range(102, len(SAMPLE))])  # without its own type
def test_a_bent_sample_is_not_taken(at):
    bent = bytearray(SAMPLE)
    bent[at] ^= 0x20
    with pytest.raises(ValueError):  # the fingerprint, at the latest
        stun.read_check(bytes(bent))


def with_true_fingerprint(data):
    return data[:-4] + (zlib.crc32(data[:-8]) ^ 0x5354554E).to_bytes(4)


@pytest.mark.parametrize("at", range(20, len(SAMPLE) - 8))
def test_bent_attributes_with_a_true_fingerprint_are_not_authentic(at):
    bent = bytearray(SAMPLE)
    bent[at] ^= 0x20
    data = with_true_fingerprint(bytes(bent))
    try:
        check = stun.read_check(data)
    except ValueError:
        return
    assert not stun.authentic(data, check, KEY)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        SAMPLE[:19],
        SAMPLE[:-4],
        SAMPLE + bytes(4),
        b"\x01\x01" + SAMPLE[2:],  # a success
        b"\x00\x11" + SAMPLE[2:],  # an indication
        b"\x00\x03" + SAMPLE[2:],  # Allocate
        message(USERNAME),  # unsigned
        message((8, bytes(20))),  # of nobody
        message(USERNAME, (8, bytes(19))),
        message(USERNAME)[:-3],
        message(USERNAME, (0x8028, bytes(4)), (8, bytes(20))),  # a fingerprint before the end
        signed(USERNAME)[:22] + b"\xff\xff" + signed(USERNAME)[24:],  # cut
    ],
)
def test_what_is_no_check(data):
    with pytest.raises(ValueError):
        stun.read_check(data)


def test_the_fingerprint_may_be_missing():
    data = signed(USERNAME, (0x25, b""))
    check = stun.read_check(data)
    assert check.nominates and stun.authentic(data, check, KEY)


def test_what_is_not_signed_does_not_count():
    data = signed(USERNAME, behind=[(0x25, b""), (0x7777, b""), (6, b"other:name")])
    check = stun.read_check(data)
    assert not check.nominates and check.unknown == () and check.username == b"evtj:h6vY"
    assert stun.authentic(data, check, KEY)


def test_of_two_attributes_the_first_counts():
    assert stun.read_check(signed(USERNAME, (6, b"other:name"))).username == b"evtj:h6vY"


def test_unknown_attributes():
    known = [
        (0x24, bytes(4)),
        (0x25, b""),
        (0x1C, bytes(32)),
        (0x802A, bytes(8)),
        (0xC057, bytes(4)),
    ]
    assert stun.read_check(signed(USERNAME, *known)).unknown == ()
    check = stun.read_check(signed(USERNAME, (0x7777, b"?"), (0x0031, b"")))
    assert check.unknown == (0x7777, 0x0031)
    reply = stun.refusal(check, stun.UNKNOWN_ATTRIBUTE, KEY)
    assert b"\x00\x0a\x00\x04\x77\x77\x00\x31" in reply
    assert aioice.parse_message(reply).error_code == 420


@pytest.mark.parametrize(
    "address", [("192.0.2.1", 32853), ("2001:db8:1234:5678:11:2233:4455:6677", 1, 0, 0), ("::", 9)]
)
def test_a_reply_names_the_address(address):
    reply = aioice.parse_message(stun.success(stun.read_check(SAMPLE), address, KEY))
    assert reply.attributes["XOR-MAPPED-ADDRESS"] == address[:2]
    assert reply.message_class == aioice.Class.RESPONSE
    assert reply.transaction_id == SAMPLE[8:20]
    assert reply.check_message_integrity(KEY)


def test_the_scope_of_an_address_is_not_told():
    check = stun.read_check(SAMPLE)
    scoped = stun.success(check, ("fe80::1%eth0", 7, 0, 2), KEY)
    assert scoped == stun.success(check, ("fe80::1", 7), KEY)


def test_a_role_conflict():
    reply = aioice.parse_message(stun.refusal(stun.read_check(SAMPLE), stun.ROLE_CONFLICT, KEY))
    assert reply.message_class == aioice.Class.ERROR and reply.error_code == 487
    assert reply.check_message_integrity(KEY)
