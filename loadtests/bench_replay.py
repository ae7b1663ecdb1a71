"""How long a million facts take to fold, from the log alone and from a snapshot: `make bench-replay`.

The log is that of a big day: 20,000 questions by 10,000 people, moderated, replied to and pushed on air, and
otherwise votes, in batches of one to four, by 100,000 people. Each measurement starts a process of its own,
which opens the log as `serve` does, views and all.
"""

from __future__ import annotations

import asyncio
import json
import random
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from rig import Figures, main, set_up

from showcaller import app
from showcaller.broker.base import EventLog
from showcaller.broker.connect import connect
from showcaller.domain import facts
from showcaller.domain.ids import EventId, PersonId, QuestionId, SessionId
from showcaller.domain.schedule import Schedule
from showcaller.domain.state import State
from showcaller.errors import Unavailable
from showcaller.settings import Settings
from showcaller.show.live_event import LiveEvent

EVENT = "bench"
FACTS = 1_000_000
SESSIONS, QUESTIONS_EACH = 10, 2_000
PEOPLE, ASKERS = 100_000, 10_000
APPENDED_AT_ONCE = 2_000
RESTORES = 3
PROCESS_LIMIT_S = 300.0

_TALKS = "\n".join(
    f"  - {{id: talk-{n}, title: Talk {n}, kind: talk, stage: stage-{n}, speakers: [ada],"
    ' starts: "09:00", minutes: 720, qa: {pre_moderation: false}}'
    for n in range(SESSIONS)
)
_STAGES = "\n".join(f"  - {{id: stage-{n}, title: Stage {n}}}" for n in range(SESSIONS))
DAY = f"""
event: {{id: {EVENT}, title: A big day, time_zone: UTC}}
days: [{{date: 2026-06-11, starts: "09:00", ends: "21:00"}}]
stages:
{_STAGES}
speakers: [{{id: ada, name: Ada}}]
sessions:
{_TALKS}
"""


# The log ------------------------------------------------------------------------------------------


def day(schedule: Schedule) -> Iterator[facts.Fact]:
    """A million facts; the same ones each time."""
    chance = random.Random(7)
    yield facts.RunStarted(
        run="bench", salt="salt", schedule=schedule, mode="rehearsal", from_ms=_nine(schedule)
    )
    by = PersonId("p_moderator")
    for number in range(SESSIONS):
        yield facts.QaOpened(session=SessionId(f"talk-{number}"), by=by)
    written, asked = 1 + SESSIONS, 0
    every = (FACTS - written) // (SESSIONS * QUESTIONS_EACH)
    while written < FACTS:
        if written % every == 0 and asked < SESSIONS * QUESTIONS_EACH:
            new = list(_question(asked, by, chance))[: FACTS - written]
            asked += 1
        else:
            new = [_votes(asked, chance)]
        yield from new
        written += len(new)


def _nine(schedule: Schedule) -> int:
    return schedule.sessions[0].starts_at_ms


def _question(number: int, by: PersonId, chance: random.Random) -> Iterator[facts.Fact]:
    """One question, and sometimes what a moderator does with an earlier one."""
    yield facts.QuestionAsked(
        question=QuestionId(f"q_{number:022}"),
        session=SessionId(f"talk-{number % SESSIONS}"),
        person=PersonId(f"p_{chance.randrange(ASKERS):022}"),
        text=f"Question {number}: how does this part behave when its broker is away for a minute?",
    )
    earlier = QuestionId(f"q_{chance.randrange(number + 1):022}")
    if chance.random() < 0.1:
        yield facts.QuestionReplied(question=earlier, by=by, text="It waits, and says so.")
    if chance.random() < 0.1:
        yield facts.QuestionPushed(question=earlier, by=by)


def _votes(asked: int, chance: random.Random) -> facts.VotesCast:
    """Newer questions get more votes."""
    votes = tuple(
        (
            PersonId(f"p_{chance.randrange(PEOPLE):022}"),
            QuestionId(f"q_{max(0, asked - 1 - int(chance.expovariate(0.01))):022}"),
            chance.random() < 0.97,
        )
        for _ in range(chance.randint(1, 4))
    )
    return facts.VotesCast(votes=votes)


async def write_log(folder: Path) -> None:
    schedule = app.load_schedule(_schedule_file(folder))
    broker = connect(_url(folder))
    event_log = await broker.open(EVENT)
    waiting: list[tuple[str, bytes]] = []
    for number, fact in enumerate(day(schedule)):
        waiting.append((f"key-{number}", facts.encode_fact(fact)))
        if len(waiting) == APPENDED_AT_ONCE or number == FACTS - 1:
            await asyncio.gather(*(event_log.append(key, data) for key, data in waiting))
            waiting.clear()
    await broker.close()


def _schedule_file(folder: Path) -> Path:
    path = folder / "day.yaml"
    path.write_text(DAY)
    return path


def _url(folder: Path) -> str:
    return Settings(schedules=(), data=folder).broker_url


# What is measured, in processes of their own --------------------------------------------------------


async def start_event(folder: Path) -> dict[str, float]:
    """As `serve` starts: from the snapshot if there is one, else from the log; then stop and leave one."""
    broker = connect(_url(folder))
    event = LiveEvent(EVENT, await broker.open(EVENT))
    began_s, gave_up = time.perf_counter(), False
    try:
        await event.start()
    except Unavailable:  # it goes on in the background, but `serve` would have ended
        gave_up = True
    while event.state.folded < FACTS:  # noqa: ASYNC110 - nothing else tells
        await asyncio.sleep(0.01)
    took_s = time.perf_counter() - began_s
    await event.stop()
    await broker.close()
    return {"took_s": took_s, "peak_mib": _peak_mib(), "gave_up": gave_up}


async def fold_only(folder: Path) -> dict[str, float]:
    """Read, decode and fold, without views, snapshots or anybody who waits."""
    broker = connect(_url(folder))
    event_log: EventLog = await broker.open(EVENT)
    began_s = time.perf_counter()
    state = State(event_id=EventId(EVENT))
    while state.folded < FACTS:
        for entry in await event_log.read(state.folded):
            state.apply(entry.offset, entry.at_ms, facts.decode_fact(entry.data))
    took_s = time.perf_counter() - began_s
    await broker.close()
    return {"took_s": took_s, "peak_mib": _peak_mib()}


def _peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


async def measured(what: str, folder: Path) -> dict[str, float]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, __file__, what, str(folder)), stdout=asyncio.subprocess.PIPE
    )
    try:
        async with asyncio.timeout(PROCESS_LIMIT_S):
            output, _ = await process.communicate()
    except TimeoutError:
        process.kill()
        raise
    result: dict[str, float] = json.loads(output)
    return result


async def run(figures: Figures) -> None:
    set_up(0)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        print(f"writing {FACTS:,} facts", flush=True)
        await write_log(folder)
        found = await measured("fold_only", folder)
        figures.add("fold_only_1m_facts_s", found["took_s"])
        figures.add("fold_only_peak_rss_mib", found["peak_mib"])
        found = await measured("start_event", folder)
        figures.add("replay_1m_facts_s", found["took_s"])
        figures.add("replay_peak_rss_mib", found["peak_mib"])
        figures.add("replay_start_gave_up", found["gave_up"])
        for _ in range(RESTORES):
            found = await measured("start_event", folder)
            figures.add("restore_snapshot_s", found["took_s"])
            figures.add("restore_peak_rss_mib", found["peak_mib"])


if __name__ == "__main__":
    if len(sys.argv) == 3:
        import uvloop

        work = {"fold_only": fold_only, "start_event": start_event}[sys.argv[1]]
        print(json.dumps(uvloop.run(work(Path(sys.argv[2])))))
    else:
        main(run)
