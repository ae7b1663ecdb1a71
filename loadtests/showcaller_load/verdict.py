"""All ledgers against the truth: what was lost, doubled, out of order, or differs. No I/O.

    every acknowledged command is in the log exactly once, and every acknowledged vote counts;
    every one-shot was shown exactly once to everybody who followed, but for those before a `reset`;
    everybody holds what the server shows a newcomer, and the tallies are the log's.

What was not acknowledged may or may not have happened: nobody was promised anything.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from msgspec import Struct, field

from .courses import IN_FLIGHT_MS, Wrong, wrong_one_shots
from .crowd_numbers import OWN, WITNESS, name_of
from .orders import Accounts, Anomaly, Answer, AttendeeAccount, FollowAccount
from .results import FINDINGS_KEPT, Finding, FindingKind
from .truth import Truth

KINDS: tuple[FindingKind, ...] = ("lost", "doubled", "out_of_order", "diverged", "unanswered")
NEEDS_LOG: tuple[FindingKind, ...] = ("lost", "doubled", "diverged")  # to know that there are none


class Ledgers(Struct, kw_only=True):
    """All that one generator handed in."""

    attendees: list[AttendeeAccount] = field(default_factory=list)
    documents: dict[int, tuple[dict[str, int], dict[str, int]]] = field(default_factory=dict)
    steps: list[tuple[str, int, str]] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    votes: dict[str, list[int]] = field(default_factory=dict)
    anomalies: list[Anomaly] = field(default_factory=list)
    heads: list[tuple[str, str, int]] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    frozen_ms: float = 0.0

    def add(self, part: Accounts) -> None:
        self.attendees += part.attendees
        self.documents.update(part.documents)
        self.steps += part.steps
        self.answers += part.answers
        self.votes.update(part.votes)
        self.anomalies += part.anomalies
        self.heads += part.heads
        self.counts.update(part.counts)
        self.frozen_ms = part.frozen_ms or self.frozen_ms


class Findings:
    """The first `FINDINGS_KEPT`, and how many there are of each kind."""

    def __init__(self) -> None:
        self.first: list[Finding] = []
        self.counts: Counter[str] = Counter(dict.fromkeys(KINDS, 0))

    def add(
        self, kind: FindingKind, number: int, channel: str, offset: int | None, detail: str
    ) -> None:
        self.counts[kind] += 1
        if len(self.first) < FINDINGS_KEPT:
            found = Finding(
                kind=kind, attendee=name_of(number), channel=channel, offset=offset, detail=detail
            )
            self.first.append(found)


def compare(
    ledgers: Sequence[Ledgers], truth: Truth | None, people: Mapping[int, str], session: str
) -> Findings:
    """Return everything that is wrong; without the log, what attendees noticed themselves.

    `people`: the person's id of each number; `session`: of the questions.
    """
    findings = Findings()
    for one in ledgers:
        _told_at_once(one, findings)
    if truth is None:
        return findings
    for one in ledgers:
        _commands(one, truth, people, findings)
        _one_shots(one, truth, findings)
    _documents(ledgers, truth, people, findings)
    _tallies(ledgers, truth, session, findings)
    return findings


def is_unlogged(channel: str) -> bool:
    """Presence and reactions: counts of the moment that no log knows."""
    return channel.endswith("audience")


def resets(ledgers: Sequence[Ledgers]) -> int:
    """Return how often a resuming attendee was sent a whole snapshot instead of what it had missed."""
    return sum(
        start[2]
        for one in ledgers
        for attendee in one.attendees
        for follow in attendee.follows
        if follow.channel != OWN and not is_unlogged(follow.channel)
        for start in follow.starts
    )


def _told_at_once(ledgers: Ledgers, findings: Findings) -> None:
    """Add what attendees noticed themselves, and whoever is not back or was not answered."""
    for anomaly in ledgers.anomalies:
        findings.add(
            anomaly.kind, anomaly.number, anomaly.channel, anomaly.offset or None, anomaly.detail
        )
    for kind in KINDS:  # those beyond the first few were only counted
        told = sum(anomaly.kind == kind for anomaly in ledgers.anomalies)
        findings.counts[kind] += max(0, ledgers.counts.get(f"anomalies: {kind}", 0) - told)
    for one in ledgers.attendees:
        if not one.is_whole:
            findings.add("unanswered", one.number, "", None, "was not whole at the end")
        for name in one.unanswered:
            findings.add("unanswered", one.number, name, None, "was never answered")


# Commands -----------------------------------------------------------------------------------------


def _commands(
    ledgers: Ledgers, truth: Truth, people: Mapping[int, str], findings: Findings
) -> None:
    for answer in ledgers.answers:
        _command(answer, truth, people, findings)
    for question, numbers in ledgers.votes.items():
        voters = truth.voters(question)
        for number in numbers:
            if people[number] not in voters:
                detail = f"the vote for {question} was acknowledged and does not count"
                findings.add("lost", number, "question.vote", None, detail)


def _command(answer: Answer, truth: Truth, people: Mapping[int, str], findings: Findings) -> None:
    person = people[answer.number]
    key = f"cmd:{answer.name}:{len(person)}:{person}:{answer.key}"
    counted, refused = truth.counted.get(key, 0), truth.refused.get(key, 0)

    def found(kind: FindingKind, detail: str) -> None:
        findings.add(kind, answer.number, answer.name, None, f"{detail} (key {answer.key})")

    if counted + refused > 1:
        found("doubled", f"stands in the log {counted + refused} times")
    elif answer.code:
        if counted:
            found("diverged", f"was answered with {answer.code}, but counts")
    elif refused:
        found("diverged", "was acknowledged, but the log refuses it")
    elif not counted:
        found("lost", "was acknowledged, but is not in the log")
    elif answer.name == "question.ask" and truth.state.questions.get(answer.thing) is None:
        found("diverged", f"was acknowledged as {answer.thing}, which is not in the log")


# One-shots ----------------------------------------------------------------------------------------


def _one_shots(ledgers: Ledgers, truth: Truth, findings: Findings) -> None:
    known: dict[tuple[object, ...], list[Wrong]] = {}  # many attendees have the same course
    for one in ledgers.attendees:
        for follow in one.follows:
            course = (follow.channel, tuple(follow.runs), tuple(follow.starts), follow.mark)
            if course not in known:
                known[course] = wrong_one_shots(follow, ledgers.steps, truth, ledgers.frozen_ms)
            for wrong in known[course]:
                findings.add(wrong.kind, one.number, follow.channel, wrong.offset, wrong.detail)


# Documents ----------------------------------------------------------------------------------------


class _Held(NamedTuple):
    """A channel as somebody holds it."""

    follow: FollowAccount
    items: dict[str, int]
    levels: dict[str, int]


class _Models(NamedTuple):
    """The channels as everybody is to hold them: the witness's, and the newest change by epoch."""

    held: dict[str, _Held]
    heads: dict[tuple[str, str], int]


def _held(ledgers: Ledgers, follow: FollowAccount) -> _Held:
    return _Held(follow, *ledgers.documents[follow.document])


def _models(ledgers: Sequence[Ledgers]) -> _Models:
    """Return the models; where the witness does not follow, those of the one who is the furthest."""
    models: dict[str, tuple[tuple[bool, int], _Held]] = {}
    heads: dict[tuple[str, str], int] = {}
    for one in ledgers:
        for channel, epoch, head in one.heads:
            heads[channel, epoch] = max(head, heads.get((channel, epoch), 0))
        for attendee in one.attendees:
            for follow in attendee.follows:
                rank = (attendee.number == WITNESS, follow.last)
                if follow.channel not in models or rank > models[follow.channel][0]:
                    models[follow.channel] = (rank, _held(one, follow))
    return _Models({channel: held for channel, (_, held) in models.items()}, heads)


def _documents(
    ledgers: Sequence[Ledgers], truth: Truth, people: Mapping[int, str], findings: Findings
) -> None:
    models = _models(ledgers)
    for one in ledgers:
        known: dict[tuple[object, ...], Wrong | None] = {}  # many hold the same
        for attendee in one.attendees:
            for follow in attendee.follows if attendee.is_whole else ():
                if follow.channel == OWN:
                    wrong = _wrong_own(_held(one, follow), truth.own_keys(people[attendee.number]))
                else:
                    state = (follow.channel, follow.epoch, follow.last, follow.document)
                    if state not in known:
                        known[state] = _wrong(_held(one, follow), models, truth, one.frozen_ms)
                    wrong = known[state]
                if wrong is not None:
                    findings.add(
                        wrong.kind, attendee.number, follow.channel, wrong.offset, wrong.detail
                    )


def _wrong(held: _Held, models: _Models, truth: Truth, frozen_ms: float) -> Wrong | None:
    mine, model = held.follow, models.held[held.follow.channel]
    if is_unlogged(mine.channel):
        return None
    if mine.epoch != model.follow.epoch:
        now = model.follow.epoch
        return Wrong("diverged", None, f"follows the log of epoch {mine.epoch}; it is {now} now")
    head = models.heads.get((mine.channel, mine.epoch), 0)
    if truth.at_ms(head) > frozen_ms - IN_FLIGHT_MS:
        return None  # it was on its way
    if mine.last < head:
        return Wrong("lost", head, f"did not come; the last change that did is {mine.last}")
    for what, here, there in (
        ("item", held.items, model.items),
        ("level", held.levels, model.levels),
    ):
        if here != there:
            return Wrong("diverged", mine.last, _difference(what, here, there))
    return None


def _difference(what: str, here: Mapping[str, int], there: Mapping[str, int]) -> str:
    keys = [key for key in {**here, **there} if here.get(key) != there.get(key)]
    first = keys[0]
    if first not in here:
        how = "is missing"
    elif first not in there:
        how = "should not be there"
    elif what == "level":
        how = f"is {here[first]} and should be {there[first]}"
    else:
        how = "differs from the server's"
    return f"{what} {first} {how}" + (f"; and {len(keys) - 1} more" if keys[1:] else "")


def _wrong_own(held: _Held, due: set[str]) -> Wrong | None:
    if due == held.items.keys():
        return None
    difference = _difference("item", held.items, dict.fromkeys(due, 0) | dict(held.items))
    extra = held.items.keys() - due
    return Wrong("diverged", held.follow.last, f"{difference}; unexpected: {sorted(extra)[:3]}")


def _tallies(ledgers: Sequence[Ledgers], truth: Truth, session: str, findings: Findings) -> None:
    """Hold what a newcomer is shown against the log: the questions that are public, and their votes."""
    channel = f"session/{session}/questions"
    for one in ledgers:
        for attendee in one.attendees:
            for follow in attendee.follows:
                if attendee.number == WITNESS and follow.channel == channel:
                    shown, due = one.documents[follow.document], truth.public_questions(session)
                    if shown[0].keys() != due.keys():
                        ids = ("question", dict.fromkeys(shown[0], 0), dict.fromkeys(due, 0))
                        findings.add("diverged", WITNESS, channel, None, _difference(*ids))
                    elif shown[1] != due:
                        detail = _difference("level", shown[1], due)
                        findings.add("diverged", WITNESS, channel, None, detail)
