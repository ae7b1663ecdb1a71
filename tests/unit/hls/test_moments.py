"""The stretches that playlists name: questions while they were on air."""

from showcaller.domain.question import Question
from showcaller.hls.moments import question_ranges, within


def question(id="q1", state="answered", aired=((2_000, 4_000),), **more):
    fields = {"number": 0, "session": "talk", "person": "bob", "text": "Why?", "asked_ms": 1_000}
    return Question(id=id, state=state, aired=aired, anonymous=False, **{**fields, **more})


def named(*questions):
    return [(r.id, r.start_ms, r.end_ms) for r in question_ranges(questions, "talk")]


def test_each_time_that_a_question_was_on_air_is_one_in_the_order_of_time():
    again = question("q1", "on_air", ((5_000, 6_000), (9_000, None)))
    assert named(again, question("q2")) == [
        ("q2.0", 2_000, 4_000),
        ("q1.0", 5_000, 6_000),
        ("q1.1", 9_000, None),
    ]


def test_what_not_everybody_may_see_is_not_named():
    hidden = [question(state=state) for state in ("rejected", "erased", "withdrawn", "pending")]
    assert named(*hidden, question(merged_into="q2"), question(session="other")) == []


def test_only_what_was_while_the_talk_was_written_counts():
    ranges = question_ranges([question(), question("q2", "on_air", ((7_000, None),))], "talk")
    assert [one.id for one in within(ranges, 4_000, 7_000)] == []
    assert [one.id for one in within(ranges, 3_999, 7_001)] == ["q1.0", "q2.0"]
