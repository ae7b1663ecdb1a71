"""Any one fault in a true history is named: what a real server sent, with one random mutation, replayed."""

import copy

import msgspec
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from showcaller_load.accounts import _follow, _Numbers
from showcaller_load.courses import IN_FLIGHT_MS
from showcaller_load.crowd_numbers import WITNESS
from showcaller_load.documents import Documents
from showcaller_load.ledger import Books, Follow, Taken
from showcaller_load.messages import Decoder, Message, Stamp, Update
from showcaller_load.orders import Anomaly, AttendeeAccount
from showcaller_load.truth import read_truth
from showcaller_load.verdict import Ledgers, compare

CONTENT = ("snapshot", "change", "levels")


class Replay:
    """One attendee without a network: takes messages, and asks again when something is missing.

    `history` is all that the server has sent; it answers a resume `delay` messages later.
    """

    def __init__(self, history, books, delay):
        self.anomalies = []
        self.follows = {}
        self._history = history
        self._books = books
        self._delay = delay
        self._decoder = Decoder("json", Stamp("none"))
        self._asked = {}  # channel: how many messages until the answer

    def run(self, messages):
        for place, message in messages:
            self._take(message)
            for channel in [c for c, left in self._asked.items() if left == 0]:
                del self._asked[channel]
                self._resume(channel, self._history[: place + 1])
            self._asked = {channel: left - 1 for channel, left in self._asked.items()}
        for channel in self.follows:
            self._finish(channel)
        return self

    def _finish(self, channel):
        """The heartbeat that ends it, and what an attendee does when it tells of something newer."""
        follow = self.follows[channel]
        if channel in self._asked:
            self._resume(channel, self._history)
        head = max((m["offset"] for m in changes(self._history, channel)), default=0)
        follow.heartbeat(follow.epoch, head, head, 1.0)
        if follow.is_behind(2.0):
            self.note("lost", channel, follow.last, "told of by a heartbeat")
            self._resume(channel, self._history)

    def _take(self, message):
        channel = message["channel"]
        follow = self.follows.setdefault(channel, Follow(self._books))
        update = self._decoder.decode(msgspec.json.encode(message))
        if follow.take(update, self._books, self.note) is Taken.GAP:
            self._asked.setdefault(channel, self._delay)

    def _resume(self, channel, history):
        follow = self.follows[channel]
        epoch, since = follow.since
        missed = [m for m in changes(history, channel) if m["offset"] > since]
        values = {}
        for message in history:
            if message["channel"] == channel:
                values |= message.get("values", {}) | message.get("levels", {})
        follow.subscribed("resumed")
        mark = max([since, *(m["offset"] for m in missed)])
        levels = {"op": "levels", "channel": channel, "epoch": epoch, "values": values}
        for message in [*missed, levels | {"mark": mark}]:
            self._take(message)

    def note(self, kind, channel, offset, detail):
        self.anomalies.append(Anomaly(0, kind, channel, offset, detail))


def changes(history, channel):
    return [m for m in history if m["op"] == "change" and m["channel"] == channel]


@pytest.fixture(scope="session")
def history(untouched):
    return [message for message in untouched.messages if message["op"] in CONTENT]


@pytest.fixture(scope="session")
def truth(untouched):
    return read_truth(untouched.event, untouched.lines)


@pytest.fixture
def judged(untouched, truth, history):
    """The findings on a mutated history of attendee 0, beside a witness of the true one."""

    def judge(mutated, delay=2):
        books, numbers = Books(), _Numbers()
        one = Replay(history, books, delay).run(mutated)
        witness = Replay(history, books, 0).run(list(enumerate(history)))
        assert witness.anomalies == []
        accounts = [
            AttendeeAccount(
                number, True, [], [_follow(c, f, numbers) for c, f in replay.follows.items()]
            )
            for number, replay in ((0, one), (WITNESS, witness))
        ]
        ledgers = Ledgers(
            attendees=accounts,
            documents=numbers.take(),
            steps=[tuple(shown) for shown in books.steps.numbers],
            anomalies=one.anomalies,
            frozen_ms=truth.at_ms(truth.head) + 2 * IN_FLIGHT_MS,
        )
        people = {0: untouched.person, WITNESS: "witness"}
        return compare([ledgers], truth, people, "talk")

    return judge


def named(findings):
    assert {one.attendee for one in findings.first} <= {"attendee 0"}, findings.first
    assert sum(findings.counts.values()) == len(findings.first)
    return {(one.kind, one.channel, one.offset) for one in findings.first}


def test_the_history_itself_is_in_order(history, judged):
    assert len([m for m in history if m["op"] == "change"]) > 10
    assert len([m for m in history if m["op"] == "levels"]) > 3
    assert named(judged(list(enumerate(history)))) == set()


def test_votes_moved_from_one_question_to_another_are_another_content():
    """Many thousand pairs, since it takes a chance for weak hashes to agree."""
    for number in range(2_000):
        one, other = f"q_{number}", f"q_{number + 1}"
        documents = Documents()
        contents = ({one: 13, other: 0}, {one: 10, other: 3}, {one: 0, other: 13})
        held = [
            documents.snapshot(Update(Message(op="snapshot", levels=levels))) for levels in contents
        ]
        assert [document.levels for document in held] == list(contents)


# Mutations: each gives the messages with their places, and what the verdict must name --------------


def places(history, *, op="change", some=lambda message: True):
    return [n for n, m in enumerate(history) if m["op"] == op and some(m)]


def following(history, place):
    """The place of the channel's next change, or None."""
    channel = history[place]["channel"]
    after = (n for n in places(history) if n > place and history[n]["channel"] == channel)
    return next(after, None)


def drop(history, draw):
    place = draw(st.sampled_from(places(history)))
    left = [(n, m) for n, m in enumerate(history) if n != place]
    return left, lambda found: any(
        (kind, channel) == ("lost", history[place]["channel"]) for kind, channel, _ in found
    )


def double(history, draw):
    place = draw(st.sampled_from(places(history)))
    later = draw(st.integers(place, len(history) - 1))
    numbered = list(enumerate(history))
    numbered.insert(later + 1, (later, history[place]))
    wanted = ("doubled", history[place]["channel"], history[place]["offset"])
    return numbered, lambda found: wanted in found


def swap(history, draw):
    place = draw(st.sampled_from([n for n in places(history) if following(history, n) is not None]))
    after = following(history, place)
    numbered = [(n, m) for n, m in enumerate(history) if n != place]
    at = numbered.index((after, history[after]))
    numbered.insert(at + 1, (after, history[place]))
    wanted = ("out_of_order", history[place]["channel"], history[place]["offset"])
    return numbered, lambda found: wanted in found


def conceal(history, draw):
    """Leave a change out, and join the chain over it."""
    place = draw(st.sampled_from([n for n in places(history) if following(history, n) is not None]))
    after = following(history, place)
    numbered = [(n, m) for n, m in enumerate(history) if n != place]
    joined = history[after] | {"prev": history[place]["prev"]}
    numbered[numbered.index((after, history[after]))] = (after, joined)
    message = history[place]
    if message.get("events"):
        wanted = ("lost", message["channel"], message["offset"])
        return numbered, lambda found: wanted in found
    assume(is_last_word(history, place))
    return numbered, lambda found: ("diverged", message["channel"]) in {f[:2] for f in found}


def is_last_word(history, place):
    """Tell whether some item that the change puts is not put or removed again."""
    keys = set(history[place].get("put", {}))
    for message in history[place + 1 :]:
        if message["op"] == "change" and message["channel"] == history[place]["channel"]:
            keys -= {*message.get("put", {}), *message.get("remove", [])}
    return bool(keys)


def alter_item(history, draw):
    place = draw(st.sampled_from([n for n in places(history) if is_last_word(history, n)]))
    altered = copy.deepcopy(history)
    for item in altered[place]["put"].values():
        item["text" if "text" in item else "title"] = draw(st.text(min_size=1)) + "\u2028"
    wanted = ("diverged", history[place]["channel"])
    return list(enumerate(altered)), lambda found: wanted in {f[:2] for f in found}


def alter_level(history, draw):
    """From some moment on, one level is wrong."""
    place = draw(st.sampled_from(places(history, op="levels", some=lambda m: m["values"])))
    key = draw(st.sampled_from(sorted(history[place]["values"])))
    by = draw(st.integers(1, 5))
    altered = copy.deepcopy(history)
    for message in altered[place:]:
        if message["op"] == "levels" and key in message["values"]:
            message["values"][key] += by
    wanted = ("diverged", history[place]["channel"])
    return list(enumerate(altered)), lambda found: wanted in {f[:2] for f in found}


def alter_one_shot(history, draw):
    place = draw(st.sampled_from(places(history, some=lambda m: m.get("events"))))
    altered = copy.deepcopy(history)
    altered[place]["events"][0]["text"] += "!"
    at = (history[place]["channel"], history[place]["offset"])
    return list(enumerate(altered)), lambda found: {("lost", *at), ("diverged", *at)} <= found


def invent_one_shot(history, draw):
    """Show an earlier announcement once more, with a later change."""
    shows = places(history, some=lambda m: m.get("events"))
    place = draw(st.sampled_from(shows[1:]))
    earlier = draw(st.sampled_from([n for n in shows if n < place]))
    altered = copy.deepcopy(history)
    altered[place]["events"] += history[earlier]["events"]
    at = (history[place]["channel"], history[place]["offset"])
    return list(enumerate(altered)), lambda found: at in {f[1:] for f in found}


MUTATIONS = (
    drop,
    double,
    swap,
    conceal,
    alter_item,
    alter_level,
    alter_one_shot,
    invent_one_shot,
)


@pytest.mark.parametrize("mutate", MUTATIONS, ids=lambda mutate: mutate.__name__)
def test_any_one_mutation_is_named(mutate, history, judged):
    @settings(max_examples=25, deadline=None)
    @given(st.data())
    def law(data):
        mutated, is_named = mutate(history, data.draw)
        found = named(judged(mutated, data.draw(st.integers(1, 5), label="delay")))
        assert is_named(found), found

    law()
