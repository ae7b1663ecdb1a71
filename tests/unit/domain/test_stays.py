"""Laws of stays: who was where, from which minute to which."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from showcaller.domain.stays import (
    GAP_MIN,
    SHARDS,
    STAYS_KEPT,
    Stay,
    StayBook,
    at_once,
    shard_of,
)

MINUTES = st.lists(st.integers(0, 120), min_size=1)
MARKS = st.lists(st.tuples(st.sampled_from(["ada", "bob"]), st.sampled_from(["", "a", "b"])))
DAY = st.lists(MARKS, max_size=60)  # the marks of each minute


def marked(day) -> StayBook:
    book = StayBook()
    for minute, marks in enumerate(day):
        for person, session in marks:
            book.mark(person, session, minute)
    return book


@given(MINUTES)
def test_stays_cover_every_minute_and_lie_further_apart_than_a_gap(minutes):
    book = StayBook()
    for minute in sorted(minutes):
        book.mark("ada", "talk", minute)
    stays = book.of("ada")
    assert all(any(one.from_min <= m < one.until_min for one in stays) for m in minutes)
    assert all(one.from_min in minutes and one.until_min - 1 in minutes for one in stays)
    for one, after in pairwise(stays):
        assert after.from_min - one.until_min > GAP_MIN


@given(DAY, st.data())
def test_marks_of_a_minute_count_once_in_whatever_order_tabs_and_nodes_tell_them(day, data):
    again = [data.draw(st.permutations([*marks, *marks])) for marks in day]
    one, other = marked(day), marked(again)
    assert all(one.of(person) == other.of(person) for person in ("ada", "bob"))


@given(DAY, DAY)
def test_a_keeper_that_takes_over_goes_on_as_the_one_before(day, rest):
    before = marked(day)
    after = StayBook()
    after.mark("somebody", "c", 0)  # so that sessions have other numbers there
    for number in range(SHARDS):
        after.take_in(before.shard(number))
    for minute, marks in enumerate(rest, len(day)):
        for person, session in marks:
            before.mark(person, session, minute)
            after.mark(person, session, minute)
    assert all(before.of(person) == after.of(person) for person in ("ada", "bob"))


@given(DAY)
def test_what_changed_is_what_has_to_be_written_and_a_forgotten_person_is_in_no_part(day):
    book = marked(day)
    assert book.changed == {shard_of(person) for person in book.people()}
    book.changed = set()
    there = "ada" in book.people()
    book.forget("ada")
    assert book.of("ada") == []
    assert book.changed == ({shard_of("ada")} if there else set())
    assert all("ada" not in book.shard(number).people for number in range(SHARDS))


def test_a_person_costs_eight_bytes_a_stay_and_so_many_at_most():
    book = StayBook()
    for number in range(STAYS_KEPT + 10):
        book.mark("ada", "talk", number * 10)
    packed = book.shard(shard_of("ada")).people["ada"]
    assert len(packed) == 8 * STAYS_KEPT
    assert book.of("ada")[0].from_min == 100  # the oldest gave way


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(1, 20))))
def test_who_is_there_at_once_is_counted_minute_by_minute(spans):
    stays = [Stay("", first, first + length) for first, length in spans]
    told = dict(at_once(stays))
    for minute in range(80):
        there = sum(one.from_min <= minute < one.until_min for one in stays)
        assert told.get(minute, 0) == there
    assert list(told) == sorted(told)
