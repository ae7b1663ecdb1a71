"""The names of objects, and reading an index from them: whatever stands there, parts or nothing."""

from hypothesis import given
from hypothesis import strategies as st

from showcaller.recording import layout
from showcaller.recording.part import Take
from showcaller.recording.storage import StoredObject

TAKE = Take(
    folder="e/r/talk/1-main-video-p",
    session="talk",
    publication="w~p",
    person="ada",
    source="main",
    kind="video",
    container="mp4",
    codec="avc1.42e01f",
    timescale=90_000,
    base_ms=1_000,
)


@given(
    st.integers(0, 10**9 - 1),
    st.integers(0, 10**17),
    st.integers(0, 10**11),
    st.integers(0, 2**32 - 1),
    st.booleans(),
)
def test_a_part_is_read_back_from_its_name(sequence, decode_time, duration, rtp_time, keyframe):
    line = sequence, decode_time, duration, rtp_time, keyframe
    name = layout.part_name(TAKE.folder, TAKE.container, *line)
    part = layout.read_part(TAKE, StoredObject(name, 77))
    read = part.sequence, part.decode_time, part.duration, part.rtp_time, part.keyframe
    assert read == line
    assert (part.name, part.size_bytes) == (name, 77)
    assert part.time_ms == 1_000 + decode_time / 90


@given(st.text(max_size=60) | st.from_regex(r"[0-9-]{1,50}-[kdx]\.(m4s|cluster|mp4)"))
def test_any_other_name_is_no_part(text):
    part = layout.read_part(TAKE, StoredObject(f"{TAKE.folder}/{text}", 1))
    if part is not None:
        line = part.sequence, part.decode_time, part.duration, part.rtp_time, part.keyframe
        names = {layout.part_name(TAKE.folder, kind, *line) for kind in ("mp4", "webm")}
        assert {name.lstrip("0") for name in names} & {part.name.lstrip("0")} or "0" in text
    assert layout.read_part(TAKE, StoredObject(f"elsewhere/{text}", 1)) is None


@given(st.text(max_size=20), st.text(max_size=20))
def test_every_text_has_a_step_of_its_own(one, other):
    assert (layout.safe(one) == layout.safe(other)) == (one == other)
    assert "/" not in layout.safe(one)
    assert layout.safe(one) and not layout.safe(one).startswith(".")


def test_parts_come_in_order_without_what_is_none():
    names = [layout.part_name(TAKE.folder, "mp4", n, 90 * n, 90, n, n == 0) for n in (2, 0, 1)] + [
        f"{TAKE.folder}/take.json",
        f"{TAKE.folder}/init.mp4",
    ]
    parts = layout.read_parts(TAKE, [StoredObject(name, 1) for name in names])
    assert [part.sequence for part in parts] == [0, 1, 2]
