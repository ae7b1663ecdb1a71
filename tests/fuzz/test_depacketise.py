"""Rubbish for what makes frames of payloads: a frame, or `ValueError`, never anything else."""

from hypothesis import given, settings
from hypothesis import strategies as st

from showcaller.media.recorder.depacketise import frame_of
from showcaller.media.rtp.opus import opus_samples
from showcaller.testing.encoded_streams import stream

NAMES = {"h264": "H264", "vp8": "VP8", "vp9": "VP9", "av1": "AV1"}


@st.composite
def bent_frames(draw):
    """Draw a keyframe's payloads, some of whose bytes are others, in another order, cut or left out."""
    name = draw(st.sampled_from(sorted(NAMES)))
    _, frames = stream(name)
    payloads = [bytearray(payload) for payload in frames[0][1][:4]]
    for _ in range(draw(st.integers(0, 6))):
        payload = draw(st.sampled_from(payloads))
        payload[draw(st.integers(0, min(len(payload) - 1, 40)))] = draw(st.integers(0, 255))
    if draw(st.booleans()):
        payloads = draw(st.permutations(payloads))
    cut = draw(st.integers(0, 60)) if draw(st.booleans()) else None
    kept = draw(st.integers(1, len(payloads)))
    return NAMES[name], [bytes(payload[:cut]) for payload in payloads[:kept]]


RUBBISH = st.tuples(
    st.sampled_from([*NAMES.values(), "other"]),
    st.lists(st.binary(max_size=60), min_size=1, max_size=4),
)


@settings(max_examples=1_000)
@given(st.one_of(RUBBISH, bent_frames()))
def test_any_payloads_are_a_frame_or_refused(drawn):
    codec, payloads = drawn
    try:
        frame = frame_of(codec, payloads)
    except ValueError:
        return
    assert frame.data
    assert frame.init is None or (frame.keyframe and frame.init.width and frame.init.height)


@given(st.binary(max_size=10))
def test_any_sound_has_a_length_or_is_refused(packet):
    try:
        samples = opus_samples(packet)
    except ValueError:
        return
    assert 0 < samples <= 5_760
