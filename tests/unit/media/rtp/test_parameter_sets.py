"""H.264 parameter sets, kept for those who come later."""

from hypothesis import given
from hypothesis import strategies as st

from showcaller.media.rtp.parameter_sets import ParameterSets, begins_idr, units

SPS, PPS = b"\x67\x42\xc0\x1f\x8c", b"\x68\xce\x3c\x80"
IDR = b"\x65\xb8\x00\x04"
FU_IDR, FU_MIDDLE = b"\x7c\x85\xb8\x00", b"\x7c\x05\xb8\x00"


def stap(*parts):
    return b"\x78" + b"".join(len(part).to_bytes(2) + part for part in parts)


def test_sets_are_kept_however_they_come():
    for payloads in ([SPS, PPS], [stap(SPS, PPS)], [stap(SPS, PPS, IDR)]):
        sets = ParameterSets()
        for payload in payloads:
            assert not sets.complete
            sets.note(payload)
        assert list(units(sets.packed())) == [SPS, PPS]


def test_sets_of_the_offer_count():
    sets = ParameterSets("packetization-mode=1;sprop-parameter-sets=Z0LAH4w=,aM48gA==;x=1")
    assert list(units(sets.packed())) == [SPS, PPS]
    assert not ParameterSets("sprop-parameter-sets=?,!!").complete
    assert not ParameterSets("sprop-parameter-sets=Z0L").complete


def test_the_newest_sets_are_kept():
    sets = ParameterSets("sprop-parameter-sets=Z0LAH4w=,aM48gA==")
    sets.note(SPS + b"\x01")
    assert not sets.complete
    sets.note(PPS + b"\x02")
    assert list(units(sets.packed())) == [SPS + b"\x01", PPS + b"\x02"]


def test_where_a_keyframe_begins_without_sets():
    for payload in (IDR, FU_IDR, stap(IDR), stap(b"\x06\x01", IDR)):
        assert begins_idr(payload)
    for payload in (FU_MIDDLE, SPS, stap(SPS, PPS, IDR), b"\x41\x9a", b"", b"\x7c"):
        assert not begins_idr(payload)


def test_sets_that_no_packet_holds_are_not_packed():
    sets = ParameterSets()
    sets.note(SPS)
    for id in range(3):
        sets.note(b"\x68" + bytes([id]) + bytes(400))
        assert sets.complete is (id < 2)


@given(st.lists(st.binary(max_size=40), max_size=8))
def test_rubbish_is_no_set(payloads):
    sets = ParameterSets()
    for payload in payloads:
        sets.note(payload)
        begins_idr(payload)
        list(units(payload))
    assert len(sets.packed()) < 5_000
