"""Strangers, and which of them give way when a place is needed."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from showcaller.gateway.strangers import Strangers


def test_nobody_gives_way_while_there_is_room():
    strangers = Strangers()
    strangers.add("a1", "a")
    assert strangers.crowded_out(1) == []
    assert len(strangers) == 1


def test_the_oldest_one_of_the_largest_address_gives_way():
    strangers = Strangers()
    for name in ("a1", "b1", "b2", "b3", "a2"):
        strangers.add(name, name[0])
    assert strangers.crowded_out(4) == [("b1", "b")]
    strangers.discard("b2")
    assert strangers.crowded_out(2) == [("a1", "a")]


def test_who_signs_in_or_leaves_is_forgotten():
    strangers = Strangers()
    strangers.add("a1", "a")
    strangers.discard("a1")
    strangers.discard("a1")
    assert len(strangers) == 0
    assert strangers.crowded_out(0) == []


def test_however_many_are_silent_who_comes_last_stays():
    strangers = Strangers()
    for number in range(700):
        strangers.add(number, "flood")
        strangers.crowded_out(500)
    for number in range(36):
        strangers.add(f"honest {number}", "honest")
        assert [address for _, address in strangers.crowded_out(500)] == ["flood"]


@given(
    st.lists(st.tuples(st.booleans(), st.integers(0, 30), st.integers(0, 4)), max_size=150),
    st.integers(0, 12),
)
def test_the_books_are_always_right(steps, places):
    strangers, there = Strangers(), {}
    for comes, who, address in steps:
        if comes:
            there.pop(who, None)
            there[who] = str(address)
            strangers.add(who, str(address))
        else:
            there.pop(who, None)
            strangers.discard(who)
        for gone, came_from in strangers.crowded_out(places):
            largest = Counter(there.values())
            assert largest[came_from] == max(largest.values())
            assert gone == next(who for who in there if there[who] == came_from)
            assert there.pop(gone) == came_from
        assert len(strangers) == len(there) <= places
