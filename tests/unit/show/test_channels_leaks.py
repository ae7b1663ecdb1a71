"""No channel gives away what it should not, over random histories."""

from __future__ import annotations

import random
import re

import msgspec
from hypothesis import given

from showcaller.domain import facts
from showcaller.domain.poll import voter_of
from showcaller.protocol.messages import Since
from showcaller.testing.random_history import (
    MODERATED,
    NAMES,
    SHY,
    STAFF,
)

from .nodes import (
    EPOCH,
    SEEDS,
    STEPS,
    Log,
    Node,
    law,
)


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
