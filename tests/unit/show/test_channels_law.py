"""The law of channels, and that none of them gives away what it should not, over random histories."""

from __future__ import annotations

import random
import re
from collections import defaultdict

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from showcaller.domain import facts
from showcaller.domain.people import Principal
from showcaller.domain.poll import voter_of
from showcaller.domain.state import State
from showcaller.errors import Unavailable
from showcaller.protocol.messages import Since
from showcaller.show.channels import Channels
from showcaller.show.document import Kept
from showcaller.show.names import Names
from showcaller.testing.model_client import ModelClient
from showcaller.testing.random_history import (
    ATTENDEES,
    MODERATED,
    NAMES,
    SHY,
    STAFF,
    RandomHistory,
)

EPOCH = "e1"
STEPS = 60
SEEDS = st.integers(0, 2**32)
law = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))


class KnownNames(Names):
    """Names that were loaded before."""

    def __init__(self):
        super().__init__(log=None)
        self._names = dict(NAMES)


def principal(person):
    return Principal(person=person, roles=frozenset({"attendee"}), token="t", expires_at_ms=0)


PRINCIPALS = {f"person/{person}": principal(person) for person in ATTENDEES}


class Node:
    """A node that folds a shared log when told to, and serves clients as a `LiveEvent` does."""

    def __init__(self, state=None, changes_kept=1_000, epoch=EPOCH, ends=None):
        self.state = state or State(event_id="event")
        self.epoch, self.ends = epoch, {} if ends is None else ends
        self.channels = Channels(
            self.state, KnownNames(), epoch, ended=self.ends.get, changes_kept=changes_kept
        )
        self.followers = defaultdict(list)
        self.sent = []  # every message ever: (channel, message)
        self.live = []  # those of them that were sent to all followers

    def fold(self, offset, at_ms, fact):
        outcome = self.state.apply(offset, at_ms, fact)
        self._send(self.channels.fold(offset, at_ms, outcome))

    def flush(self):
        self._send(self.channels.flush_levels())

    def _send(self, messages):
        self.sent += messages
        self.live += messages
        for channel, message in messages:
            for client in list(self.followers[channel]):
                if not client.receive(message):
                    self.open(channel, client)

    def open(self, channel, client, cut=None):
        """Subscribe, or subscribe again; the connection may break after `cut` messages.

        Raises `Unavailable` when the client knows more.
        """
        if channel in PRINCIPALS:
            self.channels.open_own(PRINCIPALS[channel])
        missed = self.channels.open(channel, client.since).messages
        self.sent += [(channel, message) for message in missed]
        for message in missed[:cut]:
            assert client.receive(message), "a resumed client misses nothing"
        if client not in self.followers[channel] and cut is None:
            self.followers[channel].append(client)

    def heartbeat(self):
        for channel, clients in self.followers.items():
            for client in clients:
                if not client.heartbeat(self.epoch, self.channels.head(channel)):
                    self.open(channel, client)

    def enter_epoch(self):
        """Have the log go on under another epoch; clients hear of it with the next heartbeat."""
        self.ends[self.epoch] = self.state.folded
        self.epoch = f"e{len(self.ends) + 1}"
        self.channels.enter_epoch(self.epoch)

    def restarted(self):
        """The node that begins from this one's snapshot."""
        data = b"".join(self.state.dump(self.channels.keep()))
        again = Node(State.load(data), epoch=self.epoch, ends=self.ends)
        kept = msgspec.msgpack.decode(State.beside(data), type=dict[str, Kept])
        again.channels.restore(kept)
        return again

    def all_channels(self):
        own = [self.channels.open_own(PRINCIPALS[channel]) for channel in PRINCIPALS]
        return [*self.channels._projection.channels(), *own]


def wire(snapshot):
    plain = msgspec.json.decode(msgspec.json.encode(snapshot))
    return plain["items"], plain["levels"]


def held(client):
    return client.items, client.levels


class Log:
    """A random history, kept as entries for nodes that fold it when they come to it."""

    def __init__(self, rng):
        self.history = RandomHistory(rng)
        self.entries = []

    def grow(self):
        fact, _ = self.history.step()
        self.entries.append((len(self.entries) + 1, self.history.now_ms, fact))

    def feed(self, node, upto=None):
        for entry in self.entries[node.state.folded : upto]:
            node.fold(*entry)


@law
@given(SEEDS)
def test_every_document_equals_one_made_anew(seed):
    log, node = Log(random.Random(seed)), Node()
    for channel in PRINCIPALS:
        node.channels.open_own(PRINCIPALS[channel])
    for _ in range(STEPS):
        log.grow()
        log.feed(node)
        anew = Node(state=node.state)
        for channel in anew.all_channels():
            assert wire(node.channels.snapshot(channel)) == wire(anew.channels.snapshot(channel))


@law
@given(SEEDS)
def test_a_client_that_follows_holds_what_a_snapshot_says(seed):
    rng = random.Random(seed)
    log, node = Log(rng), Node()
    log.grow()
    log.feed(node)
    clients = {channel: ModelClient() for channel in node.all_channels()}
    for channel, client in clients.items():
        node.open(channel, client)
    for _ in range(STEPS):
        log.grow()
        log.feed(node)
        rng.choice((node.flush, node.heartbeat, lambda: None))()
    node.flush()
    for channel, client in clients.items():
        assert held(client) == wire(node.channels.snapshot(channel))
        assert client.resets == 0


class Wanderer:
    """A client that loses its connection, and everything then on its way, and comes back elsewhere."""

    def __init__(self, channel, rng):
        self.client, self._channel, self._rng = ModelClient(), channel, rng
        self._node = None

    def leave(self):
        if self._node is not None:
            self._node.followers[self._channel].remove(self.client)
            self._node = None

    def come_back(self, nodes, may_break=True):
        if self._node is None:
            node = self._rng.choice(nodes)
            cut = self._rng.choice((None, None, 0, 1, 2)) if may_break else None
            try:
                node.open(self._channel, self.client, cut)
            except Unavailable:
                return  # that node is behind: try another time
            self._node = node if cut is None else None


@law
@given(SEEDS)
def test_snapshot_and_resume_equal_a_later_snapshot_on_any_node(seed):
    rng = random.Random(seed)
    log, first = Log(rng), Node()
    log.grow()
    log.feed(first)
    nodes = [first, Node(changes_kept=5)]
    log.feed(nodes[1])
    wanderers = {c: Wanderer(c, rng) for c in first.all_channels()}
    for _ in range(STEPS):
        log.grow()
        for node in nodes:
            if rng.random() < 0.7:
                log.feed(node, upto=rng.randint(node.state.folded, len(log.entries)))
            rng.choice((node.flush, node.heartbeat, lambda: None))()
        for wanderer in wanderers.values():
            rng.choice((wanderer.leave, wanderer.leave, lambda w=wanderer: w.come_back(nodes)))()
        if rng.random() < 0.05:  # one more node, restored from a snapshot of the fold
            log.feed(first)
            nodes.append(Node(State.load(b"".join(first.state.dump()))))
            nodes.append(first.restarted())
    for node in nodes:
        log.feed(node)
        node.flush()
    for channel, wanderer in wanderers.items():
        wanderer.come_back(nodes, may_break=False)
        assert held(wanderer.client) == wire(first.channels.snapshot(channel)), channel
        if not wanderer.client.resets and not channel.startswith("person/"):
            told = [e for c, m in first.live if c == channel for e in _events(m)]
            assert _is_tail(wanderer.client.events, told)


@law
@given(SEEDS)
def test_neither_restarts_nor_new_epochs_of_a_log_reset_anybody(seed):
    rng = random.Random(seed)
    log, node = Log(rng), Node()
    log.grow()
    log.feed(node)
    wanderers = {c: Wanderer(c, rng) for c in node.all_channels()}
    told = []
    for _ in range(STEPS):
        log.grow()
        log.feed(node)
        rng.choice((node.flush, node.heartbeat, lambda: None))()
        for wanderer in wanderers.values():
            rng.choice((wanderer.leave, lambda w=wanderer, n=node: w.come_back([n])))()
        if rng.random() < 0.1:
            node.enter_epoch()
        if rng.random() < 0.1:
            for wanderer in wanderers.values():
                wanderer.leave()
            told += node.live
            node = node.restarted()
    node.flush()
    node.heartbeat()
    told += node.live
    for channel, wanderer in wanderers.items():
        wanderer.come_back([node], may_break=False)
        assert held(wanderer.client) == wire(node.channels.snapshot(channel)), channel
        assert wanderer.client.resets == 0
        if not channel.startswith("person/"):
            events = [e for c, m in told if c == channel for e in _events(m)]
            assert _is_tail(wanderer.client.events, events), channel


@law
@given(SEEDS)
def test_who_was_shown_what_another_master_wrote_is_reset_and_nobody_else(seed):
    """Two nodes fold one log up to a point and then each its own; everybody ends on the second one."""
    rng = random.Random(seed)
    log, lost = Log(rng), Node()
    for _ in range(rng.randint(1, 10)):
        log.grow()
    log.feed(lost)
    kept = lost.restarted()
    kept.ends = {EPOCH: lost.state.folded}
    kept.epoch = "e2"
    kept.channels = Channels(kept.state, KnownNames(), "e2", ended=kept.ends.get)
    clients = {channel: [ModelClient(), ModelClient()] for channel in lost.all_channels()}
    for channel, (early, late) in clients.items():
        lost.open(channel, early, cut=9)
        lost.open(channel, late)
    for _ in range(rng.randint(1, 5)):  # more than a mark, else nothing was shown
        log.grow()
        log.feed(lost)
    lost.flush()
    lost.heartbeat()
    other = Log(rng)
    other.entries = log.entries[: kept.state.folded]
    for _ in range(rng.randint(0, 30)):
        other.grow()
    for entry in other.entries[kept.state.folded :]:
        kept.fold(*entry)
    for channel, (early, late) in clients.items():
        if channel in PRINCIPALS:
            continue
        for client in (early, late):
            kept.open(channel, client)
            assert held(client) == wire(kept.channels.snapshot(channel)), channel
        assert early.resets == 0
        assert late.resets == (0 if channel.endswith("/audience") or channel == "audience" else 1)


def _events(message):
    return msgspec.json.decode(msgspec.json.encode(message)).get("events", ())


def _is_tail(events, told):
    """All from the client's first snapshot on, in order, none twice."""
    return events == told[len(told) - len(events) :]


@law
@given(SEEDS, st.integers(1, 200))
def test_a_lost_change_is_noticed_and_made_good(seed, lose):
    log, node = Log(random.Random(seed)), Node()
    log.grow()
    log.feed(node)
    client = ModelClient()
    node.open("agenda", client)
    received, receive = 0, client.receive

    def receive_all_but_one(message):
        nonlocal received
        received += 1
        return True if received == lose else receive(message)

    client.receive = receive_all_but_one
    for _ in range(STEPS):
        log.grow()
        log.feed(node)
    node.heartbeat()
    assert held(client) == wire(node.channels.snapshot("agenda"))
    assert len(client.events) == len({str(event) for event in client.events})


# Leaks --------------------------------------------------------------------------------------------


class Secrets:
    """Return what may be shown to everybody, told from the accepted facts alone."""

    def __init__(self):
        self.asked = {}
        self.text = {}
        self.own_text = {}  # as it was asked
        self.reply = {}
        self.sent = set()
        self.public = set()
        self.once_public = set()
        self.erased = set()
        self.published = {}
        self.polls_once_public = set()
        self.words = {}  # of each voter in each poll
        self.said = {}  # in chats: what is there, and all that ever was
        self.once_said = set()
        self.captions = {}  # lines that are there, and all that ever were
        self.once_captions = set()
        self.comments = {}  # on sessions, by session and author

    def note(self, fact, outcome):
        if outcome.refused is not None:
            return
        question = getattr(fact, "question", None)
        self.note_poll(fact, outcome)
        self.note_chat(fact)
        match fact:
            case facts.QuestionAsked():
                self.asked[question] = fact
                self.text[question] = self.own_text[question] = fact.text
                if fact.session not in MODERATED:
                    self.public.add(question)
            case facts.QuestionEdited():
                self.text[question] = self.own_text[question] = fact.text
            case facts.QuestionClarified():
                self.text[question] = fact.text
            case facts.QuestionSent():
                (self.sent.add if fact.on else self.sent.discard)(question)
            case facts.QuestionReplied():
                self.reply[question] = fact.text
            case facts.QuestionApproved() | facts.QuestionPushed():
                self.public.add(question)
            case (
                facts.QuestionRejected()
                | facts.QuestionReturned()
                | facts.QuestionWithdrawn()
                | facts.QuestionErased()
            ):
                self.public.discard(question)
            case facts.PersonErased():
                self.erased.add(fact.person)
            case facts.PublicationStarted():
                self.published[fact.publication] = fact.by
        self.once_public |= self.public

    def note_chat(self, fact):
        match fact:
            case facts.ChatSaid():
                self.said[fact.message] = fact
                self.once_said.add(fact.message)
            case facts.CaptionSaid():
                self.captions[fact.caption] = (fact.session, fact.text)
                self.once_captions.add(fact.caption)
            case facts.CaptionCorrected() if fact.removed:
                del self.captions[fact.caption]
            case facts.CaptionCorrected():
                self.captions[fact.caption] = (fact.session, fact.text)
            case facts.RecordingDeleted() if fact.person is None:
                there = self.captions.items()
                self.captions = {id: one for id, one in there if one[0] != fact.session}
            case facts.SessionRated():
                self.comments[fact.session, fact.person] = fact.comment
            case facts.ChatDeleted():
                known = self.said[fact.message]
                for one in list(self.said.values()):
                    mine = fact.all_of_author and one.person == known.person
                    if one is known or (mine and one.session == known.session):
                        del self.said[one.message]
            case facts.PersonErased():
                self.said = {id: one for id, one in self.said.items() if one.person != fact.person}
                for key in [key for key in self.comments if key[1] == fact.person]:
                    del self.comments[key]

    def of_captions(self):
        return {it for id, (_, text) in self.captions.items() for it in (id, text)}

    def of_feedback(self, person=None):
        """Return the canaries of comments that are shown to speakers, or are the person's own."""
        return {c for (_, author), c in self.comments.items() if person in (None, author)}

    def of_chats(self):
        """The canaries of chats that everybody may see: messages, texts, and the names of authors."""
        there = self.said.values()
        return {it for one in there for it in (one.message, one.text, NAMES[one.person])}

    def note_poll(self, fact, outcome):
        """Polls are looked up in the state: the laws of the fold itself are in `test_polls.py`."""
        match fact:
            case facts.PollOpened() | facts.PollCalled():
                self.polls_once_public.add(fact.poll)
            case facts.PollVotesCast():
                for place, vote in enumerate(fact.votes):
                    if place not in outcome.refused_votes:
                        self.words.setdefault((vote.poll, vote.voter), set()).update(
                            vote.choice.words
                        )

    def of_polls(self, state, person=None):
        """The canaries of polls that everybody may see, and the words that `person` said."""
        found = set()
        for poll in filter(lambda poll: poll.public, state.polls.by_id.values()):
            found |= {poll.id, poll.draft.text, *poll.draft.options}
            if poll.told:
                found |= set(state.polls.box(poll).words.all()) - set(poll.hidden)
            if person is not None:
                voter = voter_of(poll, person, state.salt)
                found |= self.words.get((poll.id, voter), set())
        return found

    def allowed(self, person=None):
        """The canaries that everybody may see, and those that `person` may see besides."""
        found = {NAMES[STAFF]} if STAFF not in self.erased else set()
        for question in self.public:
            asked = self.asked[question]
            found |= {question, self.text[question], self.reply.get(question, "")}
            if not asked.anonymous and asked.person not in self.erased:
                found.add(NAMES[asked.person])
        if person is not None:
            found |= {person, NAMES[person]}
            found |= {id for id, by in self.published.items() if by == person}
            for question, asked in self.asked.items():
                if asked.person == person:
                    found |= {question, self.text[question], self.own_text[question]}
                    found.add(self.reply.get(question, ""))
        return found

    def sent_to_speakers(self):
        """Return what speakers may see besides, of questions that were sent to them."""
        found = set()
        for question in self.sent:
            asked = self.asked[question]
            found |= {question, self.text[question]}
            if not asked.anonymous and asked.person not in self.erased:
                found.add(NAMES[asked.person])
        return found


CANARY = re.compile(r"zz-[a-z]+-\d+-zz")


def _canaries(message):
    """Return the ids in what a message shows, and in what it takes away."""
    plain = msgspec.json.decode(msgspec.json.encode(message))
    gone = set(plain.pop("remove", ()))
    gone |= {key for key, value in plain.get("values", {}).items() if value is None}
    plain["values"] = {k: v for k, v in plain.get("values", {}).items() if k not in gone}
    return set(CANARY.findall(str(plain))), set(CANARY.findall(str(gone)))


def _is_public(channel):
    for_staff = channel.endswith(("/moderation", "/poll_desk", "/chat_desk"))
    return not (for_staff or channel.endswith("/produce") or channel in ("produce", "desk"))


@law
@given(SEEDS)
def test_a_stages_managers_are_shown_what_producers_are_of_that_stage_and_no_more(seed):
    log, node = Log(random.Random(seed)), Node()
    for _ in range(STEPS):
        log.grow()
        log.feed(node)
    sheet, channels = node.state.runsheet, node.channels
    shown = channels.snapshot("produce").items
    for stage in sheet.stages:
        here = {id for id in sheet.sessions if sheet.plan(id).stage == stage}
        items = dict(channels.snapshot(f"stage/{stage}/produce").items)
        undo = items.pop("undo", None)
        elsewhere = sheet.sessions.keys() - here
        assert undo is None or (undo.session not in elsewhere and undo == shown["undo"])
        theirs = {k: view for k, view in shown.items() if getattr(view, "session", "") in here}
        assert items == {k: v for k, v in theirs.items() if k.startswith(OF_STAGES)}


OF_STAGES = ("check:", "cue:", "publication:", "quality:")


@law
@given(SEEDS)
def test_nothing_leaks_in_any_message(seed):
    """Live changes and levels, snapshots, and what is sent on resuming from anywhere."""
    log, node, secrets = Log(random.Random(seed)), Node(), Secrets()
    for _ in range(STEPS):
        fact, outcome = log.history.step()
        log.entries.append((len(log.entries) + 1, log.history.now_ms, fact))
        secrets.note(fact, outcome)
        log.feed(node)
        node.all_channels()
        node.flush()
        for channel in filter(_is_public, node.all_channels()):
            for offset in (0, node.state.folded // 2, node.state.folded - 1):
                missed = node.channels.resume(channel, Since(EPOCH, offset)) or []
                node.sent += [(channel, message) for message in missed]
            node.sent.append((channel, node.channels.snapshot(channel)))
        _assert_no_leak(node.sent, secrets, node.state)
        node.sent.clear()


def _assert_no_leak(sent, secrets, state):
    for channel, message in sent:
        if not _is_public(channel):
            continue
        person = channel.partition("/")[2] if channel.startswith("person/") else None
        shown, gone = _canaries(message)
        reasons = {c for c in shown if c.startswith("zz-reason")} if person else set()
        own = _own_reasons(secrets, message) if person else set()
        backstage = channel.endswith("/backstage")
        sent = secrets.sent_to_speakers() if backstage else set()
        allowed = secrets.allowed(person) | secrets.of_polls(state, person) | sent
        if "/captions/" in channel:
            allowed |= secrets.of_captions()
        if channel.endswith("/chat"):
            allowed |= secrets.of_chats()
        if channel.endswith("/feedback") or person:
            allowed |= secrets.of_feedback(person)
        assert shown - reasons <= allowed, (channel, message)
        assert reasons <= own, (channel, message)
        gone = {one for one in gone if not one.startswith("zz-word")}  # it was shown before
        known = secrets.asked.keys() if backstage else secrets.once_public
        known = known | secrets.polls_once_public | _own_things(secrets, person)
        known |= secrets.once_said | secrets.once_captions
        assert gone <= known, (channel, message)


def _own_things(secrets, person):
    asked = {question for question, asked in secrets.asked.items() if asked.person == person}
    return asked | {id for id, by in secrets.published.items() if by == person}


def _own_reasons(secrets, message):
    """A person's channel tells a reason beside their own question only."""
    plain = msgspec.json.decode(msgspec.json.encode(message))
    items = plain.get("items", plain.get("put", {}))
    return {i["reason"] for k, i in items.items() if k.startswith("question:") if i["reason"]}


def test_an_anonymous_asker_is_never_named():
    """The histories hold anonymous questions that were public: else the test above shows little."""
    shown = 0
    for seed in range(40):
        log, secrets = Log(random.Random(seed)), Secrets()
        for _ in range(STEPS):
            secrets.note(*log.history.step())
        shown += sum(secrets.asked[q].person in SHY for q in secrets.once_public)
    assert shown > 10


# The histories themselves -------------------------------------------------------------------------


def test_histories_hold_every_class_of_facts_and_most_are_accepted():
    seen, accepted = set(), set()
    for seed in range(500):
        history = RandomHistory(random.Random(seed))
        for _ in range(STEPS):
            fact, outcome = history.step()
            seen.add(type(fact))
            if outcome.refused is None:
                accepted.add(type(fact))
    assert seen == set(facts.KINDS)
    assert accepted == seen


@pytest.mark.parametrize("seed", range(10))
def test_a_state_that_was_dumped_and_loaded_folds_on_alike(seed):
    log = Log(random.Random(seed))
    for _ in range(STEPS):
        log.grow()
    node = Node()
    log.feed(node, upto=STEPS // 2)
    restored = Node(State.load(b"".join(node.state.dump())))
    assert restored.state == node.state
    log.feed(node)
    log.feed(restored)
    assert restored.state == node.state
