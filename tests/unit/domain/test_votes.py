"""Votes against the plainest model of them: for each person and question the vote that was given last."""

from hypothesis import given
from hypothesis import strategies as st

from showcaller.domain import votes
from showcaller.domain.votes import Votes

QUESTIONS = 5
CAST = st.lists(
    st.tuples(
        st.sampled_from(["ada", "bob", "cy"]),
        st.integers(0, QUESTIONS - 1),
        st.booleans(),
        st.sampled_from([0, 1, 2, 1_000, votes.LATEST_MS]),
    )
)


def cast_all(cast):
    found, newest = Votes(), {}
    assert [found.add_question() for _ in range(QUESTIONS)] == list(range(QUESTIONS))
    for person, number, on, given_ms in cast:
        known_ms, was_on = newest.get((person, number), (0, False))
        counts = given_ms >= known_ms
        assert found.cast(person, number, on, given_ms) == (counts and on != was_on)
        if counts:
            newest[person, number] = given_ms, on
    return found, {pair for pair, (_, on) in newest.items() if on}


def shown(found):
    return {
        (person, number) for person in ("ada", "bob", "cy") for number in found.of_person(person)
    }


def copied(found):
    return [dict(part) for part in found.parts()], found.tallies()


def copy(found):
    return Votes(*copied(found))


@given(CAST)
def test_votes_are_a_set_of_pairs(cast):
    found, model = cast_all(cast)
    assert shown(found) == model
    assert found.total() == len(model)
    for number in range(QUESTIONS):
        assert found.tally(number) == sum(pair[1] == number for pair in model)
        for person in ("ada", "bob", "cy"):
            assert found.has(person, number) == ((person, number) in model)


@given(CAST, CAST)
def test_copied_votes_go_on_alike(before, after):
    found, _ = cast_all(before)
    again = copy(found)
    for vote in after:
        assert found.cast(*vote) == again.cast(*vote)
    assert copied(again) == copied(found)


def test_a_copy_does_not_change_with_the_votes(monkeypatch):
    monkeypatch.setattr(votes, "PEOPLE_A_PART", 1)
    found, _ = cast_all([("ada", 1, True, 0), ("bob", 1, True, 0), ("bob", 2, True, 0)])
    parts = found.parts()
    first = dict(parts[0])
    found.cast("ada", 0, True, 0)
    found.cast("bob", 1, False, 0)
    found.cast("cy", 4, True, 0)
    again = Votes([first, *map(dict, parts[1:])], [0] * QUESTIONS)
    assert shown(again) == {("ada", 1), ("bob", 1), ("bob", 2)}


def test_the_votes_of_a_person_are_in_the_order_of_asking():
    found, _ = cast_all([("ada", number, True, 0) for number in (3, 0, 4, 1)])
    assert list(found.of_person("ada")) == [0, 1, 3, 4]


def test_an_erased_question_has_no_votes():
    found, _ = cast_all([("ada", 1, True, 0), ("bob", 1, True, 0), ("bob", 2, True, 0)])
    found.forget(1)
    assert (found.tally(1), found.total()) == (0, 1)
