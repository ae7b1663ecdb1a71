"""A film of a talk: what was written of its stage, in one file that FFmpeg reads."""

import av
import pytest

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

    def make(*questions):
        chapters = [
            DateRange(id="q", kind="question", start_ms=BEGAN_MS + 1000 * at_s, title=title)
            for at_s, title in questions
        ]
        plan = film_plan(renditions, "A talk", "Ada, Bob", chapters)
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
