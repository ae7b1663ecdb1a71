import pytest
from hypothesis import given
from hypothesis import strategies as st

from showcaller.media.egress.batches import (
    PADDING_MAX,
    RUN_BYTES_MAX,
    SEGMENTS_MAX,
    Batch,
    check,
    level,
    payload_octets,
    runs,
    send_time,
)


def of_payloads(make, *sizes):
    return make.batch(*(make.rtp(n, bytes(size)) for n, size in enumerate(sizes)))


def test_packets_that_differ_by_a_few_bytes_become_equally_long(make):
    before = of_payloads(make, 1000, 999, 1001, 990, 400)
    after = level(before)
    assert after.sizes == (1013, 1013, 1013, 1013, 412)
    pairs = list(zip(before.packets(), after.packets(), strict=True))
    assert [payload_octets(new) for _, new in pairs] == [1000, 999, 1001, 990, 400]
    assert all(new[12 : len(old)] == old[12:] for old, new in pairs)
    assert runs(after.sizes) == [(0, 5)]


@pytest.mark.parametrize(
    "sizes", [(), (1000,), (1000, 1000, 400), (1000, 300, 1000), (300, 1000, 1000)]
)
def test_packets_that_are_equal_or_differ_too_much_stay_as_they_are(make, sizes):
    before = of_payloads(make, *sizes)
    assert level(before) is before


def test_padding_is_not_put_upon_padding(make):
    padded = b"\xa0" + make.rtp(1, b"payload\x02")[1:]
    before = make.batch(padded, make.rtp(2, b"payload and more"), make.rtp(3))
    assert level(before) is before


@given(st.lists(st.integers(0, 1200), max_size=40))
def test_levelling_changes_nothing_but_padding(sizes):
    packets = [b"\x80" + bytes(11) + bytes(size) for size in sizes]
    after = level(Batch(b"".join(packets), tuple(map(len, packets))))
    check(after)
    assert [payload_octets(packet) for packet in after.packets()] == sizes
    assert all(a - b - 12 <= PADDING_MAX for a, b in zip(after.sizes, sizes, strict=True))


@given(st.lists(st.one_of(st.integers(1, 1500), st.sampled_from([1166, 800])), max_size=300))
def test_a_run_is_what_one_segmented_send_can_carry(sizes):
    found = runs(sizes)
    assert [n for first, last in found for n in range(first, last)] == list(range(len(sizes)))
    for first, last in found:
        run = sizes[first:last]
        assert len(run) <= SEGMENTS_MAX and sum(run) <= RUN_BYTES_MAX
        assert set(run[:-1]) <= {run[0]} and run[-1] <= run[0]


def test_runs_are_as_long_as_they_can_be():
    assert runs([500] * 130) == [(0, 64), (64, 128), (128, 130)]
    assert runs([1400] * 60) == [(0, 46), (46, 60)]
    assert runs([900, 900, 100, 900]) == [(0, 3), (3, 4)]
    assert runs([100, 900]) == [(0, 1), (1, 2)]


def test_send_time_is_six_bits_of_seconds_and_eighteen_of_fractions():
    assert send_time(0.5) == 1 << 17
    assert send_time(65.25) == send_time(1.25) == (1 << 18) + (1 << 16)
