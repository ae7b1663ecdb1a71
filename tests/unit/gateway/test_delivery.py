"""Writing to many: what each socket takes, and who is left out."""

import socket

import pytest

from showcaller.gateway.delivery import Marks, Part, Pending, Round, write_to_all
from showcaller.gateway.groups import Group, Groups
from showcaller.protocol.codec import encode
from showcaller.protocol.messages import Change, Levels, Since


@pytest.fixture
def pairs():
    made = [socket.socketpair() for _ in range(3)]
    for ours, theirs in made:
        ours.setblocking(False)
        theirs.setblocking(False)
    yield made
    for pair in made:
        for end in pair:
            end.close()


def test_each_socket_gets_what_it_takes(pairs):
    (full, _), (gone, peer), (good, reader) = pairs
    with pytest.raises(BlockingIOError):
        while True:
            full.send(bytes(10_000))
    peer.close()
    short = write_to_all([full.fileno(), gone.fileno(), -7, good.fileno()], b"news")
    assert short == [(full.fileno(), 0), (gone.fileno(), 0), (-7, 0)]
    assert reader.recv(100) == b"news"


def test_part_of_a_log_can_be_replayed(pairs):
    (ours, theirs), *_ = pairs
    data = bytes(10_000_000)
    [(descriptor, sent)] = write_to_all([ours.fileno()], data)
    assert descriptor == ours.fileno()
    assert 0 < sent < len(data)
    assert len(theirs.recv(sent)) > 0


class Member:
    def __init__(self):
        self.pushed = []
        self.failed = False

    def push(self, data):
        self.pushed.append(data)

    def fail(self):
        self.failed = True


class Broken(Member):
    def push(self, data):
        raise ZeroDivisionError


def news(number, channel="agenda"):
    change = Change(
        channel=channel, epoch="e", offset=number, prev=number - 1, at_ms=0, mark=number
    )
    return Pending(number, channel, change, Since("e", number - 1))


def group_of(members, channels=("agenda",)):
    group = Group(frozenset(channels), "json")
    group.members.update((-1 - place, member) for place, member in enumerate(members))
    return group


def test_a_member_that_was_withdrawn_is_not_written_to():
    members = [Member() for _ in range(300)]
    part = Part(group_of(members), [news(1)])
    assert part.write_some() == 128
    assert not part.withdraw(-1)  # it has it
    assert part.withdraw(-300)
    assert not part.withdraw(-300)
    assert part.write_some() + part.write_some() == 171
    assert part.is_done
    assert [len(member.pushed) for member in members] == [1] * 299 + [0]


def test_a_fault_of_one_connection_harms_no_other():
    members = [Member(), Broken(), Member()]
    Part(group_of(members), [news(1)]).write_some()
    assert [member.failed for member in members] == [False, True, False]
    assert [len(member.pushed) for member in members] == [1, 0, 1]


def test_a_group_gets_its_channels_in_one_piece():
    member = Member()
    messages = [news(1), news(2, "produce"), news(3)]
    written = []
    one = Round(
        messages, [group_of([member])], lambda part, n: written.append((len(part.messages), n))
    )
    one.write_until(float("inf"), lambda: 0.0)
    assert one.is_done
    assert member.pushed == [b"".join(encode(news(n).message, "json") for n in (1, 3))]
    assert written == [(2, 1)]


def test_a_round_stops_when_its_time_is_up():
    one = Round([news(1)], [group_of([Member() for _ in range(300)])], lambda part, n: None)
    for _ in range(3):
        assert not one.is_done
        one.write_until(0.0, lambda: 1.0)
    one.write_until(0.0, lambda: 1.0)
    assert one.is_done


def frames(*numbers):
    return b"".join(encode(news(number).message, "json") for number in numbers)


def test_a_message_that_comes_in_a_round_joins_it_for_those_it_has_not_reached():
    members = [Member() for _ in range(300)]
    group = group_of(members)
    one = Round([news(1)], [group], lambda part, n: None)
    one.write_until(0.0, lambda: 1.0)  # 128 of them
    assert one.takes_more
    one.take_in([news(2)], [group])
    assert one.withdraw(group, -1) == 1  # it has the first
    assert one.withdraw(group, -300) == 0
    one.write_until(0.0, lambda: 1.0)
    one.take_in([news(3)], [group])
    one.write_until(float("inf"), lambda: 0.0)
    assert one.is_done
    assert members[0].pushed == [frames(1)]
    assert members[299].pushed == []
    for place in range(1, 128):
        assert members[place].pushed == [frames(1), frames(2, 3)]
    for place in range(128, 256):
        assert members[place].pushed == [frames(1, 2), frames(3)]
    for place in range(256, 299):
        assert members[place].pushed == [frames(1, 2, 3)]


def test_a_round_that_has_reached_all_once_takes_no_more():
    members = [Member() for _ in range(300)]
    group = group_of(members)
    one = Round([news(1)], [group], lambda part, n: None)
    one.write_until(0.0, lambda: 1.0)
    one.take_in([news(2)], [group])
    for _ in range(3):
        one.write_until(0.0, lambda: 1.0)
    assert not one.is_done
    assert not one.takes_more


def test_a_round_takes_in_a_group_that_it_had_nothing_for():
    some, others = [Member()], [Member()]
    group, other = group_of(some), group_of(others, ("produce",))
    one = Round([news(1)], [group], lambda part, n: None)
    one.take_in([news(2, "produce")], [other])
    one.write_until(float("inf"), lambda: 0.0)
    assert some[0].pushed == [frames(1)]
    assert others[0].pushed == [encode(news(2, "produce").message, "json")]


def test_a_member_that_left_after_it_was_served_gets_no_more():
    members = [Member() for _ in range(130)]
    group = group_of(members)
    one = Round([news(1)], [group], lambda part, n: None)
    one.write_until(0.0, lambda: 1.0)
    del group.members[-1]
    one.take_in([news(2)], [group])
    one.write_until(float("inf"), lambda: 0.0)
    assert members[0].pushed == [frames(1)]
    assert members[1].pushed == [frames(1), frames(2)]


def test_a_channels_mark_is_where_everything_before_was_published():
    def change(offset, **more):
        return Change(channel="c", epoch="e", offset=offset, prev=0, at_ms=0, **more)

    marks = Marks()
    assert marks.before("c", change(7, mark=7)) == Since("e", 6)
    assert marks.before("c", change(9)) == Since("e", 7)  # levels are still to come
    assert marks.before("c", change(12)) == Since("e", 7)
    assert marks.before("c", Levels(channel="c", epoch="e", values={}, mark=13)) == Since("e", 7)
    assert marks.before("c", change(20, mark=20)) == Since("e", 13)
    assert marks.before("d", change(5)) == Since("e", 0)  # nothing is known yet
    other = Levels(channel="c", epoch="f", values={}, mark=2)
    assert marks.before("c", other) == Since("f", 0)


def test_a_group_lives_as_long_as_somebody_is_in_it():
    groups = Groups()
    two = frozenset({"a", "b"})
    first, second = groups.join(two, "json"), groups.join(two, "json")
    other = groups.join(frozenset({"b"}), "msgpack")
    assert first is second is not other
    assert groups.following(["b"]) == {first, other}
    assert dict(groups.counts()) == {"a": 2, "b": 3}
    groups.leave(first)
    groups.leave(first)
    assert not groups.is_followed("a")
    assert groups.following(["a", "b"]) == {other}
    groups.leave(other)
    assert not groups._groups and not groups._by_channel
