"""Ballots against the plainest model of them: for each voter the ballot that was given last."""

import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from showcaller.domain import ballots
from showcaller.domain.ballots import BallotBox, WordCounts
from showcaller.domain.poll_draft import Choice, PollDraft

OPTIONS = ("a", "b", "c")
KINDS = ["single", "multiple", "rating", "ranking", "words", "quiz"]
VOTERS = st.sampled_from(["ada", "bob", "cy"])


def draft(kind):
    return PollDraft(kind=kind, text="?", options=() if kind == "words" else OPTIONS, most=3)


def choices(kind):
    if kind == "words":
        words = st.lists(st.sampled_from(["ja", "no", "sì", "да"]), max_size=3, unique=True)
        return words.map(lambda found: Choice(words=tuple(found)))
    most = 3 if kind in ("multiple", "ranking") else 1
    places = st.lists(st.sampled_from(range(3)), max_size=most, unique=True)
    return places.map(lambda found: Choice(options=tuple(found)))


def cast(kind):
    times = st.sampled_from([0, 1, 2, 1_000, ballots.LATEST_MS])
    votes = st.lists(st.tuples(VOTERS, choices(kind), times))
    return st.tuples(st.just(kind), votes)


CAST = st.sampled_from(KINDS).flatmap(cast)


def last_of_each(votes):
    last = {}
    for voter, choice, given_ms in votes:
        if voter not in last or given_ms >= last[voter][1]:
            last[voter] = choice, given_ms
    return {voter: choice for voter, (choice, _) in last.items() if choice != Choice()}


def counted(kind, last):
    count = Counter()
    for choice in last.values():
        for place, option in enumerate(choice.options):
            count[option] += 3 - place if kind == "ranking" else 1
        count.update(choice.words)
    return {key: number for key, number in count.items() if number}


def tally(box):
    return {key: count for key, count in box.counts().items() if count}


def box_of(kind, votes):
    box = BallotBox(draft(kind))
    for vote in votes:
        box.cast(*vote)
    return box


@given(CAST)
def test_a_tally_is_the_count_of_everybodys_last_vote(drawn):
    kind, votes = drawn
    box, last = box_of(kind, votes), last_of_each(votes)
    assert tally(box) == counted(kind, last)
    assert box.voters == len(last)
    assert dict(box.all()) == last
    assert {v: box.of(v) for v in ("ada", "bob", "cy") if box.of(v)} == last


@given(CAST, st.randoms())
def test_in_whatever_order_votes_arrive_the_last_given_counts(drawn, rng):
    kind, votes = drawn
    votes = [(voter, choice, at) for at, (voter, choice, _) in enumerate(votes)]
    shuffled = rng.sample(votes, len(votes))
    assert dict(box_of(kind, shuffled).all()) == last_of_each(votes)
    assert tally(box_of(kind, shuffled + votes)) == tally(box_of(kind, votes))


@given(CAST)
def test_casting_tells_truly_if_anything_changed(drawn):
    kind, votes = drawn
    box = BallotBox(draft(kind))
    for vote in votes:
        before = dict(box.all())
        assert box.cast(*vote) == (dict(box.all()) != before)


@given(CAST, st.integers(0, 20))
def test_a_copied_box_goes_on_alike(drawn, at):
    kind, votes = drawn
    box = box_of(kind, votes[:at])
    again = BallotBox(draft(kind), [dict(part) for part in box.parts()])
    assert (tally(again), again.voters) == (tally(box), box.voters)
    for vote in votes[at:]:
        assert again.cast(*vote) == box.cast(*vote)
    assert again.all() == box.all()


def test_a_copy_does_not_change_with_the_votes(monkeypatch):
    monkeypatch.setattr(ballots, "VOTERS_A_PART", 1)
    box = box_of("single", [("ada", Choice((1,)), 5), ("bob", Choice((2,)), 5)])
    parts = box.parts()
    box.cast("ada", Choice((0,)), 6)
    box.cast("cy", Choice((0,)), 6)
    again = BallotBox(draft("single"), map(dict, parts))
    assert again.all() == [("ada", Choice((1,))), ("bob", Choice((2,)))]


def test_an_emptied_ballot_counts_no_more_and_keeps_older_ones_out():
    box = box_of(
        "words", [("ada", Choice(words=("ja", "no")), 5), ("bob", Choice(words=("ja",)), 5)]
    )
    assert box.empty("ada")
    assert not box.empty("ada")
    assert (tally(box), box.voters) == ({"ja": 1}, 1)
    assert not box.cast("ada", Choice(words=("old",)), 4)
    assert box.cast("ada", Choice(words=("new",)), 6)


@given(st.dictionaries(st.text(min_size=1, max_size=3), st.integers(1, 5)), st.integers(0, 8))
def test_the_words_said_most_come_first(said, most):
    counts, steps = WordCounts(), [(word, 1) for word, times in said.items() for _ in range(times)]
    noise = [(word, 1) for word in said] + [(word, -1) for word in said]
    for word, step in random.Random(1).sample(steps, len(steps)) + noise:
        counts.add(word, step)
    in_order = sorted(said.items(), key=lambda one: (-one[1], one[0]))
    assert list(counts.top(most).items()) == in_order[:most]
    assert counts.all() == said


@pytest.mark.parametrize("hidden", [(), ("w00",), ("w00", "w75")])
def test_hidden_words_give_their_places_to_others(hidden):
    box = BallotBox(draft("words"))
    for number in range(80):
        box.cast(f"p{number}", Choice(words=(f"w{number:02}",)), 0)
    shown = [word for word in (f"w{number:02}" for number in range(80)) if word not in hidden]
    assert list(box.counts(hidden)) == shown[: ballots.WORDS_SHOWN]
