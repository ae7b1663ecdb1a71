"""Playlists as another implementation reads them (the m3u8 library), and the laws that players stand on."""

import m3u8
import pytest
from hypothesis import given
from hypothesis import strategies as st

from showcaller.hls.media_playlist import DateRange, Report, ended_playlist, live_playlist
from showcaller.hls.multivariant import Variant, multivariant_playlist
from showcaller.hls.rendition import PART_LEAST_S, PART_S, PART_TARGET_S, TARGET_S
from showcaller.testing.renditions import START_MS, first_parts, rendition

FRAME_S = 1 / 30
TALK = "../talks/opening"

durations = st.lists(st.floats(0.3, PART_TARGET_S), min_size=1, max_size=120)


@st.composite
def shows(draw):
    """A whole show, and how many parts of it there were at each visit of a player, who may be spared some."""
    lengths = draw(durations)
    some = st.sets(st.integers(0, len(lengths) - 1), max_size=12)
    whole = rendition(lengths, keyframes=draw(some) | {0}, changes=draw(some) - {0})
    visits = draw(st.lists(st.tuples(st.integers(1, len(lengths)), st.booleans()), min_size=1))
    return whole, sorted(visits)


class Player:
    """Remembers what playlists told it, as RFC 8216bis §6.3.4 and §6.2.5.1 say."""

    def __init__(self):
        self.segments = {}  # by media sequence number: addresses of its parts, and its own
        self.sequence = 0

    def read(self, text):
        found = m3u8.loads(text)
        assert found.media_sequence >= self.sequence
        self.sequence = found.media_sequence
        spared = found.skip.skipped_segments if found.skip else 0
        for number, segment in enumerate(found.segments, found.media_sequence + spared):
            parts = [part.uri for part in segment.parts]
            known, _ = self.segments.get(number, ([], None))
            assert not parts or parts[: len(known)] == known
            self.segments[number] = parts or known, segment.uri
        assert all(n in self.segments for n in range(self.sequence, self.sequence + spared))

    def played(self):
        """The parts that it has been told of, as (take, number), in the order in which it plays them."""
        return [part for _, told in sorted(self.segments.items()) for part in numbers(*told)]


def numbers(parts, segment):
    told = [numbered(part) for part in parts]
    if segment is None:
        return [(take, first) for take, first, _ in told]
    take, first, last = numbered(segment)
    whole = [(take, number) for number in range(first, last + 1)]
    assert [(take, first) for take, first, _ in told] == whole[: len(told)]
    return whole


def numbered(address):
    talks, session, take, name = address.removeprefix("../").split("/")
    assert (talks, session) == ("talks", "opening")
    first, _, last = name.removesuffix(".m4s").partition("-")
    return take, int(first), int(last or first)


def written(parts):
    return [(f"take{part.section}", part.number) for part in parts]


@given(shows())
def test_a_player_is_told_of_each_part_once_and_in_order(show):
    whole, visits = show
    player = Player()
    for count, spared in visits:
        skip = spared and player.segments != {}
        player.read(live_playlist(first_parts(whole, count), since_ms=0, skip=skip))
    assert player.played() == written(whole.parts[: visits[-1][0]])


@given(shows(), st.floats(0, 60))
def test_sequence_numbers_never_go_back_when_the_beginning_is_left_out(show, minute):
    whole, visits = show
    player = Player()
    for count, _ in visits:
        since_ms = START_MS + 1000 * minute * count / len(whole.parts)
        player.read(live_playlist(first_parts(whole, count), since_ms=since_ms))


@given(shows())
def test_durations_add_up_to_a_frame(show):
    whole, _ = show
    truth_s = sum(part.duration_s for part in whole.parts)
    told = m3u8.loads(ended_playlist(whole))
    assert abs(sum(segment.duration for segment in told.segments) - truth_s) < FRAME_S
    assert told.is_endlist and told.playlist_type == "vod"


@given(shows())
def test_no_segment_is_longer_than_was_said_and_each_section_has_its_own(show):
    whole, _ = show
    for segment in whole.segments:
        assert round(segment.duration_s) <= TARGET_S
        assert len({part.section for part in segment.parts}) == 1
    long_enough = [s for s in whole.segments[1:] if s.parts[0].independent]
    assert all(
        before.duration_s >= 2 or before.section != segment.section
        for before, segment in zip(whole.segments, whole.segments[1:], strict=False)
        if segment in long_enough
    )


@given(st.lists(st.tuples(st.floats(0.02, PART_TARGET_S), st.booleans()), min_size=1, max_size=80))
def test_only_the_last_part_of_a_segment_is_short(parts):
    """A keyframe ends the part before it, which is short then; no other part is."""
    lengths = [
        length if keyframe_follows else max(length, PART_LEAST_S)
        for (length, _), (_, keyframe_follows) in zip(parts, [*parts[1:], (0, True)], strict=True)
    ]
    keyframes = {0} | {index for index, (_, keyframe) in enumerate(parts) if keyframe}
    for segment in rendition(lengths, keyframes=keyframes).segments:
        assert all(part.duration_s >= PART_LEAST_S for part in segment.parts[:-1])


@given(shows())
def test_discontinuities_are_counted_alike_from_wherever_a_player_begins(show):
    whole, _ = show
    for since_ms in (0, whole.parts[len(whole.parts) // 2].at_ms):
        text = live_playlist(whole, since_ms=since_ms)
        counted = int(text.split("DISCONTINUITY-SEQUENCE:")[1].split()[0])
        assert counted + text.count("#EXT-X-DISCONTINUITY\n") == whole.segments[-1].section


def test_a_live_playlist_reads_as_it_should():
    made = rendition([0.34] * 30, keyframes=range(0, 30, 6), changes={18})
    text = live_playlist(made, since_ms=0, reports=[Report("audio", 4, 2)])
    read = m3u8.loads(text)
    assert read.server_control.can_block_reload == "YES"
    assert read.part_inf.part_target == PART_TARGET_S
    assert read.server_control.part_hold_back == 1.05
    assert read.preload_hint.uri == f"{TALK}/take1/12.m4s"
    assert read.rendition_reports[0].uri == "audio.m3u8"
    assert not read.is_endlist
    assert [segment.uri for segment in read.segments] == [
        *(f"{TALK}/take0/{some}.m4s" for some in ("0-5", "6-11", "12-17")),
        f"{TALK}/take1/0-5.m4s",
        None,
    ]
    assert [segment.discontinuity for segment in read.segments[:4]] == [False] * 3 + [True]
    assert read.segments[3].init_section.uri == f"{TALK}/take1/init.mp4"
    assert [part.independent for part in read.segments[4].parts] == ["YES", *[None] * 5]
    first_ms = read.segments[0].program_date_time.timestamp() * 1000
    assert first_ms == START_MS


def test_what_a_person_wrote_can_not_end_a_quoted_string():
    hostile = 'A "talk"\n#EXT-X-ENDLIST\r\nof two lines'
    about = DateRange(id="opening", kind="talk", start_ms=START_MS, title=hostile)
    text = live_playlist(rendition([0.36]), since_ms=0, ranges=[about])
    line = next(line for line in text.splitlines() if "DATERANGE" in line)
    assert line.endswith('X-TITLE="A ”talk” #EXT-X-ENDLIST of two lines"')
    assert not m3u8.loads(text).is_endlist


@pytest.mark.parametrize("frames_s", [10, 12, 15, 20, 24, 25, 30, 50, 60])
def test_parts_that_end_at_a_frame_have_the_length_that_players_are_told(frames_s):
    duration_s = int(PART_S * frames_s) / frames_s
    assert PART_LEAST_S <= duration_s <= PART_TARGET_S


def test_nothing_yet_is_a_playlist_without_segments():
    read = m3u8.loads(live_playlist(rendition([]), since_ms=0))
    assert len(read.segments) == 0


def test_a_player_is_offered_each_picture_with_sound_and_the_sound_alone():
    text = multivariant_playlist(
        [
            Variant(name="low", codecs="avc1.42e01f", bits_s=200_000, width=320, height=180),
            Variant(name="high", codecs="avc1.64001f", bits_s=2_500_000, width=1280, height=720),
            Variant(name="audio", codecs="opus", bits_s=64_000),
        ]
    )
    read = m3u8.loads(text)
    assert [one.uri for one in read.playlists] == [*("high.m3u8", "low.m3u8", "audio.m3u8")]
    high, _, alone = (one.stream_info for one in read.playlists)
    assert (high.codecs, high.resolution, high.audio) == ("avc1.64001f,opus", (1280, 720), "audio")
    assert high.bandwidth == 2_564_000
    assert (alone.codecs, alone.audio, alone.resolution) == ("opus", None, None)
    assert [(one.type, one.uri) for one in read.media] == [("AUDIO", "audio.m3u8")]
