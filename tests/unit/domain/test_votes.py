"""Votes against the plainest model of them: a set of pairs."""

from hypothesis import given
from hypothesis import strategies as st

from showcaller.domain.votes import Votes

QUESTIONS = 5
CAST = st.lists(
    st.tuples(st.sampled_from(["ada", "bob", "cy"]), st.integers(0, QUESTIONS - 1), st.booleans())
)


def cast_all(votes):
    found, model = Votes(), set()
    assert [found.add_question() for _ in range(QUESTIONS)] == list(range(QUESTIONS))
    for person, number, on in votes:
        after = model | {(person, number)} if on else model - {(person, number)}
        assert found.cast(person, number, on) == (after != model)
        model = after
    return found, model


def shown(votes):
    return {
        (person, number) for person in ("ada", "bob", "cy") for number in votes.of_person(person)
    }


@given(CAST)
def test_votes_are_a_set_of_pairs(votes):
    found, model = cast_all(votes)
    assert shown(found) == model
    assert found.total() == len(model)
    for number in range(QUESTIONS):
        assert found.tally(number) == sum(pair[1] == number for pair in model)
        for person in ("ada", "bob", "cy"):
            assert found.has(person, number) == ((person, number) in model)


@given(CAST, CAST)
def test_unpacked_votes_go_on_alike(before, after):
    found, _ = cast_all(before)
    packed = found.pack()
    again = Votes.unpack(packed)
    assert again.pack() == packed
    for vote in after:
        assert found.cast(*vote) == again.cast(*vote)
    assert again.pack() == found.pack()


def test_what_is_packed_does_not_change_with_the_votes():
    found, _ = cast_all([("ada", 1, True)])
    packed = found.pack()
    found.cast("ada", 0, True)
    found.cast("bob", 4, True)
    assert shown(Votes.unpack(packed)) == {("ada", 1)}


def test_the_votes_of_a_person_are_in_the_order_of_asking():
    found, _ = cast_all([("ada", number, True) for number in (3, 0, 4, 1)])
    assert list(found.of_person("ada")) == [0, 1, 3, 4]


def test_an_erased_question_has_no_votes():
    found, _ = cast_all([("ada", 1, True), ("bob", 1, True), ("bob", 2, True)])
    found.forget(1)
    assert (found.tally(1), found.total()) == (0, 1)
