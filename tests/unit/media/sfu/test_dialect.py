"""Packets are written the way a viewer negotiated them."""

from __future__ import annotations

from showcaller.media.rtp import rtp
from showcaller.media.rtp.codecs import Picture
from showcaller.media.sfu.dialect import SEND_TIME_AT, Dialect
from showcaller.media.sfu.packet import MediaPacket

PLAIN = MediaPacket(70_000, 5, True, b"payload", True)


def stamp(packet):
    return packet.timestamp + 100


def test_a_packet_has_the_viewers_payload_type_and_the_lanes_numbers():
    batch = Dialect(96).render([PLAIN], stamp)
    [made] = map(rtp.parse, batch.packets())
    assert (made.payload_type, made.sequence, made.timestamp) == (96, 70_000 & 0xFFFF, 105)
    assert (made.marker, made.payload, made.extensions) == (True, b"payload", {})
    assert (batch.send_time_at, batch.picture_at, batch.tl0_at) == (0, (), ())


def test_there_is_room_for_the_send_time_where_it_was_negotiated():
    batch = Dialect(96, send_time=3).render([PLAIN, PLAIN], stamp)
    assert batch.send_time_at == SEND_TIME_AT
    for data in batch.packets():
        assert rtp.parse(data).extensions == {3: bytes(3)}
        assert data[SEND_TIME_AT - 1] == 3 << 4 | 2  # its id and length (RFC 8285 §4.2)


def test_orientation_and_loudness_are_passed_on_where_they_were_negotiated():
    packet = PLAIN._replace(orientation=b"\1", level=b"\x8c")
    [both] = Dialect(96, orientation=4, level=5).render([packet], stamp).packets()
    [neither] = Dialect(96).render([packet], stamp).packets()
    assert rtp.parse(both).extensions == {4: b"\1", 5: b"\x8c"}
    assert rtp.parse(neither).extensions == {}


def test_egress_is_told_where_each_picture_has_its_ids():
    numbered = PLAIN._replace(picture=Picture(2, 17, 4, 9))
    batch = Dialect(96).render([PLAIN, numbered], stamp)
    assert batch.picture_at == (0, 12 + 2)
    assert batch.tl0_at == (0, 12 + 4)


def test_dialects_that_are_alike_are_one():
    """Viewers are put to groups by their dialects."""
    assert len({Dialect(96, send_time=3), Dialect(96, send_time=3), Dialect(97)}) == 2


LONG = b"\xc0\x12\x34" + bytes(range(60))


def written(dialect, **more):
    packet = MediaPacket(7, 3_000, True, b"payload", True, **more)
    batch = dialect.render([packet], lambda packet: packet.timestamp)
    return batch, rtp.parse(bytes(batch.data))


def test_a_long_dependency_descriptor_is_written_in_the_two_byte_form():
    dialect = Dialect(96, send_time=3, orientation=4, dependencies=12)
    batch, packet = written(dialect, dependencies=LONG, orientation=b"\1")
    assert packet.extensions == {3: bytes(3), 4: b"\1", 12: LONG}
    assert packet.payload == b"payload"
    stamped = bytearray(batch.data)
    stamped[batch.send_time_at : batch.send_time_at + 3] = b"now"
    assert rtp.parse(bytes(stamped)).extensions[3] == b"now"


def test_the_send_time_stands_at_the_same_place_in_every_packet_of_a_dialect():
    for dialect in (Dialect(96, send_time=3), Dialect(96, send_time=3, dependencies=12)):
        batch, _ = written(dialect)
        stamped = bytearray(batch.data)
        stamped[dialect.send_time_at : dialect.send_time_at + 3] = b"now"
        assert batch.send_time_at == dialect.send_time_at
        assert rtp.parse(bytes(stamped)).extensions == {3: b"now"}
