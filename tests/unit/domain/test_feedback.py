"""Feedback on sessions: one rating a person, tallies that add up, and comments that are bounded."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from showcaller.domain import facts, feedback
from showcaller.domain.schedule import MINUTE_MS
from showcaller.domain.state import State
from showcaller.testing.schedules import schedule, session

PLAN = schedule(session("talk", 540, 560, feedback=True), session("plain", 560, 580))


class Story:
    """An event whose talks have begun."""

    def __init__(self):
        self.state = State(event_id="event")
        self.fold(facts.RunStarted(run="run", salt="s", schedule=PLAN))
        for talk in ("plain", "talk"):
            self.fold(facts.SessionStarted(session=talk, control=f"c_{talk}", by="p_x"))
        self.fold(facts.SessionEnded(session="plain", control="end_plain", by="p_x"))

    def fold(self, fact):
        return self.state.apply(self.state.folded + 1, 541 * MINUTE_MS, fact)

    def end(self):
        self.fold(facts.SessionEnded(session="talk", control="end", by="p_x"))

    def rate(self, person, stars, comment="", talk="talk"):
        fact = facts.SessionRated(
            feedback=f"f_{talk}_{person}",
            session=talk,
            person=person,
            stars=stars,
            comment=comment,
            commented=bool(comment),
        )
        return self.fold(fact).refused

    @property
    def here(self):
        return self.state.feedback.on("talk")


@pytest.fixture
def story():
    story = Story()
    story.end()
    return story


def test_a_session_is_rated_once_it_is_over_and_where_the_schedule_wants_it():
    story = Story()
    assert story.rate("p_ada", 5) == feedback.EARLY
    story.end()
    assert story.rate("p_ada", 5) is None
    assert story.rate("p_ada", 5, talk="plain") == feedback.OFF
    assert story.rate("p_ada", 5, talk="nowhere").code == "not_found"


PEOPLE = st.sampled_from(["p_ada", "p_bob", "p_cy"])
ACTS = st.one_of(
    st.tuples(PEOPLE, st.integers(1, 5), st.sampled_from(["", "Fine", "Too fast"])),
    st.tuples(PEOPLE),
)


@given(st.lists(ACTS, max_size=30))
def test_a_tally_is_the_count_of_everybodys_last_rating(acts):
    story, last = Story(), {}
    story.end()
    for person, *rating in acts:
        if rating:
            assert story.rate(person, *rating) is None
            last[person] = rating
        else:
            story.fold(facts.PersonErased(person=person, by="p_x"))
            last.pop(person, None)
    counts = Counter(stars for stars, _ in last.values())
    assert story.here.tally == [counts[stars] for stars in range(1, 6)]
    assert story.here.stars == {person: stars for person, (stars, _) in last.items()}
    said = {person: comment.text for person, comment in story.here.comments.items()}
    assert said == {person: comment for person, (_, comment) in last.items() if comment}
    assert State.load(b"".join(story.state.dump())) == story.state


def test_the_newest_comments_are_kept_and_all_stars(story):
    for number in range(feedback.COMMENTS_KEPT + 3):
        story.rate(f"p_{number}", 3, f"Comment {number}")
    assert len(story.here.comments) == feedback.COMMENTS_KEPT
    assert next(iter(story.here.comments)) == "p_3"
    assert story.here.tally[2] == feedback.COMMENTS_KEPT + 3


def test_a_log_without_an_erased_comment_folds_to_the_same_state(story):
    told = Story()
    told.end()
    for comment, other in (("My secret", story), ("", told)):
        fact = facts.SessionRated(
            feedback="f", session="talk", person="p_ada", stars=4, comment=comment, commented=True
        )
        other.fold(fact)
        for number in range(feedback.COMMENTS_KEPT):
            other.rate(f"p_{number}", 3, "Fine")
        other.fold(facts.PersonErased(person="p_ada", by="p_x"))
    assert story.state.digest() == told.state.digest()
