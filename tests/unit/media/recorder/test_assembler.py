"""Frames from packets that come in another order, twice, late, or never."""

from hypothesis import given
from hypothesis import strategies as st

from showcaller.media.recorder.assembler import PICTURE_WAITS_S, Assembler
from showcaller.media.sfu.packet import MediaPacket


def packets(sizes, keyframe_every=5, first=1_000):
    """Frames of so many packets each."""
    made, sequence = [], first
    for n, size in enumerate(sizes):
        for at in range(size):
            last = at == size - 1
            payload = bytes([n % 256, at])
            keyframe = at == 0 and n % keyframe_every == 0
            made.append(MediaPacket(sequence, 3_600 * n, last, payload, keyframe))
            sequence += 1
    return made


def frames(assembled):
    return [[packet.payload for packet in frame.packets] for frame in assembled]


def whole(made):
    by_time = {}
    for packet in made:
        by_time.setdefault(packet.timestamp, []).append(packet.payload)
    return list(by_time.values())


SIZES = st.lists(st.integers(1, 5), min_size=1, max_size=20)


@given(SIZES, st.data())
def test_the_order_in_which_packets_come_does_not_matter(sizes, data):
    made = packets(sizes)
    first, *rest = made
    shuffled = data.draw(st.permutations(rest))
    assembler = Assembler(sound=False)
    assembled = assembler.add([first], 0.0)
    for packet in shuffled:
        assembled += assembler.add([packet], 0.1)
    assert frames(assembled) == whole(made)


@given(SIZES, st.data())
def test_behind_a_loss_it_goes_on_with_a_keyframe_and_hands_on_whole_frames_only(sizes, data):
    made = packets(sizes)
    lost = data.draw(st.sets(st.integers(1, max(1, len(made) - 1))))
    assembler = Assembler(sound=False)
    assembled, now_s = [], 0.0
    for n, packet in enumerate(made):
        now_s += PICTURE_WAITS_S
        if n not in lost:
            assembled += assembler.add([packet], now_s)
    wanted = whole(made)
    assert all(frame in wanted for frame in frames(assembled))
    for frame in assembled:
        if frame.lost_before:
            assert frame.packets[0].keyframe


@given(SIZES)
def test_a_sender_that_sets_no_marker_is_understood_by_its_timestamps(sizes):
    made = [packet._replace(marker=False) for packet in packets(sizes)]
    assembled = Assembler(sound=False).add(made, 0.0)
    assert frames(assembled) == whole(made)[:-1]


def test_sound_goes_on_with_the_next_packet():
    made = [MediaPacket(n, 960 * n, False, bytes([n]), True) for n in range(6)]
    assembler = Assembler(sound=True)
    assembled = assembler.add([made[0], made[2], made[3]], 0.0)
    assert len(assembled) == 1
    assembled += assembler.add([made[4]], 0.2)
    assert [frame.packets[0].sequence for frame in assembled] == [0, 2, 3, 4]
    assert [frame.lost_before for frame in assembled] == [False, True, False, False]
