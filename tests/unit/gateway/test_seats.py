from hypothesis import given
from hypothesis import strategies as st

from showcaller.gateway.seats import Seats


def test_a_newer_connection_of_a_person_who_has_too_many_ends_the_oldest():
    seats = Seats(2)
    assert seats.take("c1", "event", "ada", "a") is None
    assert seats.take("c2", "event", "ada", "b") is None
    assert seats.take("c3", "event", "bob", "a") is None
    assert seats.take("c4", "event", "ada", "a") == "c1"


def test_a_person_replaces_their_connections_only_so_often():
    seats = Seats(1)
    seats.take(0, "event", "ada", "a")
    assert [seats.may_take("event", "ada", 0.0) for _ in range(11)] == [True] * 10 + [False]
    assert seats.may_take("event", "bob", 0.0)
    assert seats.may_take("event", "ada", 2.0)
    seats.leave(0)
    assert all(seats.may_take("event", "ada", 2.0) for _ in range(50))


def test_one_id_at_two_events_is_two_people():
    seats = Seats(1)
    assert seats.take("c1", "one", "ada", "a") is None
    assert seats.take("c2", "two", "ada", "a") is None


def test_who_has_left_counts_no_more():
    seats = Seats(1)
    seats.take("c1", "event", "ada", "a")
    assert seats.leave("c1")
    assert not seats.leave("c1")
    assert seats.take("c2", "event", "ada", "a") is None
    assert (len(seats), seats.at("a"), seats.at("b")) == (1, 1, 0)


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 3)), max_size=80), st.integers(1, 4))
def test_nobody_keeps_more_than_they_may(comings, per_person):
    seats, there = Seats(per_person), {}
    for number, (person, address) in enumerate(comings):
        there[number] = person, str(address)
        oldest = seats.take(number, "event", str(person), str(address))
        if oldest is not None:
            assert there.pop(oldest)[0] == person
            assert seats.leave(oldest)
        assert len(seats) == len(there)
        for one in range(6):
            assert sum(person == one for person, _ in there.values()) <= per_person
        for at in "0123":
            assert seats.at(at) == sum(address == at for _, address in there.values())
