"""Frames as the generators read them."""

from hypothesis import given
from hypothesis import strategies as st
from showcaller_load.wire import frame_bytes, split_frames

from showcaller.protocol.frames import TEXT, encode_frame

PAYLOADS = st.one_of(
    st.binary(max_size=200), st.sampled_from([b"x" * 125, b"x" * 126, b"x" * 70_000])
)


@given(st.lists(PAYLOADS, max_size=4), st.integers(1, 300))
def test_frames_come_whole_however_they_are_cut(payloads, size):
    data = b"".join(encode_frame(TEXT, payload) for payload in payloads)
    found, rest = [], b""
    for at in range(0, len(data), size):
        rest += data[at : at + size]
        if len(rest) < frame_bytes(rest):
            continue  # not worth a look: nothing in it is whole
        frames, rest = split_frames(rest)
        found += [payload for _, payload in frames]

    assert found == payloads and rest == b""


@given(PAYLOADS)
def test_a_frame_s_size_is_known_from_its_head(payload):
    frame = encode_frame(TEXT, payload)

    assert frame_bytes(frame[:10]) == len(frame)
    assert all(frame_bytes(frame[:cut]) > cut for cut in range(min(len(frame), 12)))
