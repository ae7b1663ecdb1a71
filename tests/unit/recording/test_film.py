"""A film of a talk: what was written of its stage, in one file that FFmpeg reads."""

import av
import pytest
from pytest import approx

from showcaller.domain.captions import Caption
from showcaller.hls.films import film_plan
from showcaller.hls.live_stages import LiveStages
from showcaller.hls.media_playlist import DateRange
from showcaller.recording.film import make_film
from showcaller.testing.stage_talk import StageTalk

BEGAN_MS = 1_800_000_000_000.0


@pytest.fixture
def film(tmp_path):
    """Make a film of a talk that stood still from its fifth to its seventh second."""
    stages = LiveStages()
    about = {"event": "e", "run": "r", "session": "talk", "at_ms": BEGAN_MS}
    talk = StageTalk(tmp_path, stages.add, **about)
    talk.play(5)
    talk.end()
    talk.now_ms += 2_000
    talk.writer.choose(talk.shown, talk.shown, talk.now_ms)
    talk.play(4)
    talk.end()
    renditions = {n: one.written for n, one in stages.get("main").renditions.items()}

    def make(*questions, captions=None):
        chapters = [
            DateRange(id="q", kind="question", start_ms=BEGAN_MS + 1000 * at_s, title=title)
            for at_s, title in questions
        ]
        plan = film_plan(renditions, "A talk", "Ada, Bob", chapters, captions or {})
        path = tmp_path / "film.mp4"
        assert make_film(plan, lambda name: (tmp_path / name).read_bytes(), str(path)) == 0
        return av.open(str(path))

    return make


def test_a_film_has_each_picture_at_its_time_and_all_that_was_heard(film):
    with film() as file:
        times = [float(frame.time) for frame in file.decode(video=0)]
    assert times[0] == 0
    assert [t for t in times if 5.1 < t < 6.9] == []
    assert times[-1] == pytest.approx(11, abs=0.1)
    with film() as file:
        heard_s = sum(frame.samples / frame.sample_rate for frame in file.decode(audio=0))
    assert heard_s == pytest.approx(9, abs=0.5)


def test_a_film_has_a_chapter_a_question_without_gaps(film):
    with film((1, "Why?"), (8, "How?")) as file:
        found = [(c["start"], c["end"], c["metadata"]["title"]) for c in file.chapters()]
        assert (file.metadata["title"], file.metadata["artist"]) == ("A talk", "Ada, Bob")
    assert found == [
        (0, 1000, "A talk"),
        (1000, 8000, "Why?"),
        (8000, pytest.approx(11_000, abs=50), "How?"),
    ]


def line(from_s, to_s, text):
    from_ms, to_ms = (round(BEGAN_MS + 1000 * at_s) for at_s in (from_s, to_s))
    return Caption(id=text, text=text, from_ms=from_ms, to_ms=to_ms)


def test_a_film_has_captions_of_each_language_at_their_times(film):
    german = [line(1, 3, "Grüße"), line(2, 4, "allen"), line(8, 99, "Ende")]
    with film(captions={"de": german, "en": [line(-1, 1, "Hi")]}) as file:
        tracks = file.streams.subtitles
        assert [track.metadata["language"] for track in tracks] == ["deu", "eng"]
        said = {track.index: [] for track in tracks}
        for packet in file.demux(*tracks):
            if text := bytes(packet)[2:].decode():
                said[packet.stream_index].append((packet.pts / 1000, packet.duration / 1000, text))
    assert list(said.values()) == [
        [(1, 1, "Grüße"), (2, 1, "Grüße\nallen"), (3, 1, "allen"), (8, approx(3, abs=0.1), "Ende")],
        [(0, 1, "Hi")],
    ]
