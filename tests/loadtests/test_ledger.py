"""The ledger of a channel: whole after any history of cuts, and told of whatever a server must not do."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from showcaller_load.courses import wrong_one_shots
from showcaller_load.documents import Documents
from showcaller_load.ledger import Books, Follow, Taken
from showcaller_load.messages import Decoder, Message, Stamp, Update, digest
from showcaller_load.orders import FollowAccount
from showcaller_load.truth import OneShot, Truth

from showcaller.show.document import Document

CHANNEL = "announcements"


class Server:
    """One channel of a server, with a one-shot in every other change."""

    def __init__(self):
        self.document = Document(CHANNEL, "e1", {}, {}, floor=0)
        self.offset = 0
        self.truth = Truth("load")

    def resume(self, since):
        """Return what somebody missed; None if that is not known."""
        missed = self.document.missed(since[1])
        return self.document.resume(missed, self.offset) if missed is not None else None

    def change(self, key, value):
        self.offset += 1
        events = []
        if self.offset % 2:
            events = [{"type": "announcement", "id": f"a{self.offset}", "text": value}]
        message = self.document.change(self.offset, 0, {key: {"text": value}}, events)
        self.truth._at_ms.append(0)
        for event in events:
            shown = OneShot(self.offset, f"announcement {event['id']} {digest(value):016x}", 0)
            self.truth.one_shots.setdefault(CHANNEL, []).append(shown)
        return message

    def level(self, key, value):
        self.offset += 1
        self.truth._at_ms.append(0)
        self.document.set_levels({key: value}, self.offset)
        return self.document.flush_levels(self.offset)


class Client:
    """A follower behind a wire that encodes and decodes."""

    def __init__(self, format="json"):
        self.books, self.follow, self.noted = Books(), Follow(Books()), []
        self._decoder = Decoder(format, Stamp("run"))
        self._encode = msgspec.json.encode if format == "json" else msgspec.msgpack.encode

    def receive(self, message):
        if message is None:
            return None
        update = self._decoder.decode(self._encode(message))
        return self.follow.take(update, self.books, lambda *noted: self.noted.append(noted))

    def connect(self, server):
        self.follow.disconnected()
        since = self.follow.since
        missed = server.resume(since) if since else None
        self.follow.subscribed("resumed" if missed is not None else "snapshot")
        if missed is None:
            missed = [server.document.snapshot(server.offset, reset=since is not None)]
        for message in missed:
            self.receive(message)

    def account(self):
        follow = self.follow
        starts = [tuple(start) for start in follow.starts]
        mark = follow.mark
        return FollowAccount(CHANNEL, "e1", follow.last, mark, 0, follow.runs, starts)

    def wrong(self, server):
        steps = [tuple(shown) for shown in self.books.steps.numbers]
        return wrong_one_shots(self.account(), steps, server.truth, 1e15)


def holds_all_of(client, server):
    document = client.follow.document
    items = {key: digest(item) for key, item in server.document.items.items()}
    return document.items == items and document.levels == server.document.levels


KEYS = st.sampled_from("abc")
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("change"), KEYS, st.text(max_size=3)),
        st.tuples(st.just("remove"), KEYS),
        st.tuples(st.just("level"), KEYS, st.integers(0, 3)),
        st.tuples(st.just("cut")),
        st.tuples(st.just("away"), st.tuples(KEYS, st.text(max_size=3))),
    ),
    max_size=30,
)


@given(STEPS, st.sampled_from(["json", "msgpack"]))
def test_whatever_happens_to_the_connection_nothing_is_missing_and_nothing_is_noted(steps, format):
    server, client = Server(), Client(format)
    client.connect(server)
    for kind, *rest in steps:
        if kind == "change":
            client.receive(server.change(*rest))
        elif kind == "remove" and rest[0] in server.document.items:
            client.receive(server.change(rest[0], "last words"))
        elif kind == "level":
            client.receive(server.level(*rest))
        elif kind == "cut":
            client.connect(server)
        elif kind == "away":  # it happens while nobody listens
            server.change(*rest[0])
            client.connect(server)

    assert client.follow.is_whole
    assert holds_all_of(client, server)
    assert client.noted == []
    assert client.wrong(server) == []


def followed(count):
    """A client that was sent the first of three changes, and the messages."""
    server, client = Server(), Client()
    client.connect(server)
    return server, client, [server.change("a", str(number)) for number in range(count)]


def test_a_change_that_is_left_out_is_noted_though_resuming_makes_it_good():
    server, client, (first, _, third) = followed(3)
    client.receive(first)

    assert client.receive(third) is Taken.GAP
    resumed = server.resume(client.follow.since)
    client.follow.subscribed("resumed")
    for message in resumed:
        client.receive(message)

    assert [kind for kind, *_ in client.noted] == ["lost"]
    assert holds_all_of(client, server) and client.wrong(server) == []


def test_a_change_that_comes_again_unasked_is_noted_and_not_shown_again():
    server, client, (first,) = followed(1)
    client.receive(first)
    client.receive(first)

    assert [kind for kind, *_ in client.noted] == ["doubled"]
    assert client.wrong(server) == []


def test_a_change_on_its_way_to_everybody_may_overlap_with_the_catching_up_once():
    server, client = Server(), Client()
    client.connect(server)
    change = server.change("a", "1")
    client.connect(server)  # resumes, with the change

    client.receive(change)
    assert client.noted == []
    client.receive(change)
    assert [kind for kind, *_ in client.noted] == ["doubled"]
    assert client.wrong(server) == []


def test_changes_that_are_swapped_are_noted():
    _, client, (first, second) = followed(2)

    assert client.receive(second) is Taken.GAP
    client.receive(first)

    assert [kind for kind, *_ in client.noted] == ["out_of_order"]


def test_a_one_shot_that_is_left_out_of_a_change_is_missed_in_the_end():
    server, client, (first, second, third) = followed(3)
    for message in (first, second, msgspec.structs.replace(third, events=msgspec.UNSET)):
        client.receive(message)

    assert [(wrong.kind, wrong.offset) for wrong in client.wrong(server)] == [("lost", 3)]


def test_one_shots_before_a_reset_are_excused():
    server, client, (first,) = followed(1)
    client.receive(first)
    server.change("b", "nobody hears of it"), server.change("c", "nor of that")
    client.follow.disconnected()
    client.receive(server.document.snapshot(server.offset, reset=True))

    assert client.wrong(server) == []
    assert client.follow.starts[-1].is_reset


def test_a_heartbeat_tells_of_what_did_not_come_and_patience_is_a_second():
    _, client, (first,) = followed(1)
    client.follow.heartbeat("e1", first.offset, first.offset, now_s=10.0)

    assert not client.follow.is_behind(10.9)
    assert client.follow.is_behind(11.0)
    assert client.follow.mark == 0  # never past what is missing

    client.receive(first)
    assert not client.follow.is_behind(12.0)


def test_messages_of_another_epoch_are_ignored_until_a_snapshot_comes():
    server, client, (first,) = followed(1)
    client.receive(msgspec.structs.replace(first, epoch="e2"))
    assert client.follow.last == 0

    snapshot = server.document.snapshot(1, reset=True)
    client.receive(msgspec.structs.replace(snapshot, epoch="e2"))
    assert (client.follow.epoch, client.follow.last) == ("e2", 1)


def test_ten_thousand_who_hold_the_same_hold_one_document():
    books = Books()
    follows = [Follow(books) for _ in range(10_000)]
    decoder = Decoder("json", Stamp("run"))
    server = Server()
    messages = [server.document.snapshot(0, reset=False)]
    messages += [server.change(str(number), "text") for number in range(20)]
    for payload in map(msgspec.json.encode, messages):
        for follow in follows:
            follow.take(decoder.decode(bytes(payload)), books, lambda *_: None)

    assert len({id(follow.document) for follow in follows}) == 1
    assert len(books.steps.numbers) == 10
    assert all(follow.runs == [0, 10] for follow in follows)


def test_both_formats_lead_to_the_same_content():
    update = {"op": "snapshot", "channel": CHANNEL, "epoch": "e", "offset": 1, "levels": {"q": 2}}
    update["items"] = {"q": {"text": "Why?", "asked_ms": 5, "reply": None}}
    documents = Documents()
    held = [
        documents.snapshot(Decoder(name, Stamp("r")).decode(module.encode(update)))
        for name, module in (("json", msgspec.json), ("msgpack", msgspec.msgpack))
    ]

    assert held[0] is held[1]


def test_unknown_kinds_and_fields_are_read_without_complaint():
    decoder = Decoder("json", Stamp("run"))

    found = decoder.decode(b'{"op":"fanfare","volume":11}')

    assert isinstance(found, Message) and found.op == "fanfare"
    assert isinstance(decoder.decode(b'{"op":"levels","channel":"x","values":{},"new":1}'), Update)


def test_a_heartbeat_of_another_epoch_is_the_way_to_be_told_of_it():
    server, client = Server(), Client()
    client.receive(server.document.snapshot(0, reset=False))
    client.follow.heartbeat("e1", 9, 9, now_s=10.0)
    assert client.follow.is_behind(11.0) and not client.follow.log_goes_on_elsewhere
    client.follow.heartbeat("e2", 0, 0, now_s=12.0)
    assert client.follow.is_behind(13.0) and client.follow.log_goes_on_elsewhere
