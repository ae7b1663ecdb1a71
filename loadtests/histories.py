"""Two histories of an event, the same facts each time, and how they get into a log.

`million`: many small facts. `day`: what a day-long event comes to at most, in as few facts as it may.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from showcaller import app
from showcaller.broker.base import EventLog
from showcaller.broker.connect import connect
from showcaller.domain import facts
from showcaller.domain.ids import PersonId, QuestionId, SessionId
from showcaller.domain.schedule import Schedule
from showcaller.settings import Settings
from showcaller.show.names import RECORD_KIND, PersonRecord

EVENT = "bench"
FACTS = 1_000_000
QUESTIONS, ASKERS = 20_000, 10_000
DAY_QUESTIONS, VOTES_A_QUESTION, VOTES_A_FACT = 50_000, 40, 50
PEOPLE = 100_000
SESSIONS = 10
APPENDED_AT_ONCE = 2_000
BLOCK = 500  # questions of the day that are voted for at the same time
MODERATOR = PersonId("p_moderator")

_TALKS = "\n".join(
    f"  - {{id: talk-{n}, title: Talk {n}, kind: talk, stage: stage-{n}, speakers: [ada],"
    ' starts: "09:00", minutes: 720, qa: {pre_moderation: false}}'
    for n in range(SESSIONS)
)
_STAGES = "\n".join(f"  - {{id: stage-{n}, title: Stage {n}}}" for n in range(SESSIONS))
SCHEDULE = f"""
event: {{id: {EVENT}, title: A big day, time_zone: UTC}}
days: [{{date: 2026-06-11, starts: "09:00", ends: "21:00"}}]
stages:
{_STAGES}
speakers: [{{id: ada, name: Ada}}]
sessions:
{_TALKS}
"""


def person(number: int) -> PersonId:
    return PersonId(f"p_{number:026}")


def question(number: int) -> QuestionId:
    return QuestionId(f"q_{number:016}")


# The histories ------------------------------------------------------------------------------------


def million(schedule: Schedule) -> Iterator[facts.Fact]:
    """A million facts: 20,000 questions, some moderation, and votes in batches of one to four."""
    chance = random.Random(7)
    yield from _beginning(schedule)
    written, asked = 1 + SESSIONS, 0
    every = (FACTS - written) // QUESTIONS
    while written < FACTS:
        if written % every == 0 and asked < QUESTIONS:
            new = list(_asked_and_moderated(asked, chance))[: FACTS - written]
            asked += 1
        else:
            new = [_some_votes(asked, chance)]
        yield from new
        written += len(new)


def day(schedule: Schedule) -> Iterator[facts.Fact]:
    """50,000 questions by 100,000 people, as many as ten sessions take, and two million votes."""
    chance = random.Random(7)
    yield from _beginning(schedule)
    for first in range(0, DAY_QUESTIONS, BLOCK):
        asked = range(first, first + BLOCK)
        yield from (_asked(number, number) for number in asked)
        votes = [(q, voter) for q in asked for voter in _voters(q, chance)]
        chance.shuffle(votes)
        for begin in range(0, len(votes), VOTES_A_FACT):
            batch = votes[begin : begin + VOTES_A_FACT]
            yield facts.VotesCast(votes=tuple((person(p), question(q), True) for q, p in batch))


def _voters(asked_by: int, chance: random.Random) -> list[int]:
    drawn = chance.sample(range(PEOPLE), VOTES_A_QUESTION + 1)
    return [voter for voter in drawn if voter != asked_by][:VOTES_A_QUESTION]


def _beginning(schedule: Schedule) -> Iterator[facts.Fact]:
    nine_ms = schedule.sessions[0].starts_at_ms
    yield facts.RunStarted(
        run="bench", salt="salt", schedule=schedule, mode="rehearsal", from_ms=nine_ms
    )
    for number in range(SESSIONS):
        yield facts.QaOpened(session=SessionId(f"talk-{number}"), by=MODERATOR)


def _asked(number: int, by: int) -> facts.QuestionAsked:
    return facts.QuestionAsked(
        question=question(number),
        session=SessionId(f"talk-{number % SESSIONS}"),
        person=person(by),
        text=f"Question {number}: how does this part behave when its broker is away for a minute?",
    )


def _asked_and_moderated(number: int, chance: random.Random) -> Iterator[facts.Fact]:
    """One question, and sometimes what a moderator does with an earlier one."""
    yield _asked(number, chance.randrange(ASKERS))
    earlier = question(chance.randrange(number + 1))
    if chance.random() < 0.1:
        yield facts.QuestionReplied(question=earlier, by=MODERATOR, text="It waits, and says so.")
    if chance.random() < 0.1:
        yield facts.QuestionPushed(question=earlier, by=MODERATOR)


def _some_votes(asked: int, chance: random.Random) -> facts.VotesCast:
    """Newer questions get more votes."""
    votes = tuple(
        (
            person(chance.randrange(PEOPLE)),
            question(max(0, asked - 1 - int(chance.expovariate(0.01)))),
            chance.random() < 0.97,
        )
        for _ in range(chance.randint(1, 4))
    )
    return facts.VotesCast(votes=votes)


# Writing ------------------------------------------------------------------------------------------


def broker_url(folder: Path) -> str:
    return Settings(schedules=(), data=folder).broker_url


def schedule_in(folder: Path) -> Schedule:
    path = folder / "schedule.yaml"
    path.write_text(SCHEDULE)
    return app.load_schedule(path)


async def write_log(folder: Path, history: Iterable[facts.Fact]) -> int:
    """Append a history to the log in `folder`; returns how many facts it has."""
    broker = connect(broker_url(folder))
    event_log = await broker.open(EVENT)
    waiting: list[bytes] = []
    written = 0
    for fact in history:
        waiting.append(facts.encode_fact(fact))
        if len(waiting) == APPENDED_AT_ONCE:
            written += await _append(event_log, waiting, written)
    written += await _append(event_log, waiting, written)
    await broker.close()
    return written


async def _append(event_log: EventLog, waiting: list[bytes], written: int) -> int:
    named = [(f"key-{number}", data) for number, data in enumerate(waiting, written)]
    waiting.clear()
    await asyncio.gather(*(event_log.append(key, data) for key, data in named))
    return len(named)


async def register_everybody(folder: Path) -> None:
    """Write the records of all people."""
    broker = connect(broker_url(folder))
    event_log = await broker.open(EVENT)
    for begin in range(0, PEOPLE, APPENDED_AT_ONCE):
        await asyncio.gather(
            *(
                event_log.put_record(RECORD_KIND, person(number), _record(number))
                for number in range(begin, begin + APPENDED_AT_ONCE)
            )
        )
    await broker.close()


def _record(number: int) -> bytes:
    email = f"person.{number}@example.org"
    return msgspec.json.encode(
        PersonRecord(name=f"Person of number {number}", email=email, registered_ms=0)
    )
