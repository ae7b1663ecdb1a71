"""The show of the walk: Harbour Conf at 10:35 of its first day, with people who have asked and voted."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, NamedTuple

EVENT = "harbour-conf-2026"
REHEARSE = ("--rehearse-from", "10:35")
LIVE, OTHER, OVER, AHEAD, LAST = (
    "crane-loop",
    "container-names",
    "fog-signals",
    "tide-tables",
    "closing",
)
# What the shipped schedule leaves out: catching up, captions, speakers who are asked whether to record them.
MORE = """
catch_up: {talks_give_min: 10, at_first: false}
captions: [en, pt-BR]
record: ask
"""

# Runs a command as a person; returns its answer.
Run = Callable[..., Awaitable[dict[str, Any]]]


class Person(NamedTuple):
    role: str
    sessions: tuple[str, ...] = ()
    stages: tuple[str, ...] = ()


def _draft(kind: str, text: str, *options: str) -> dict[str, Any]:
    return {"kind": kind, "text": text, "options": options}


PEOPLE = {
    "ada": Person("attendee"),
    "bela": Person("attendee"),
    "chiara": Person("attendee"),
    "dov": Person("attendee"),
    "quietus": Person("attendee"),
    "mary": Person("moderator"),
    "nan": Person("moderator"),
    "paula": Person("producer"),
    "teun": Person("speaker", (LIVE, "simulating-a-port")),
    "aiko": Person("speaker", (OTHER, "slow-radar")),
    "sam": Person("stage_manager", stages=("quay",)),
    "screen": Person("screen"),
    "cora": Person("captioner"),
}
LISTED = (
    ("bela", "How do you test a control loop against wind that nobody has measured yet?"),
    ("chiara", "Does the crane slow down by itself, or does the driver decide?"),
    ("dov", "Which of the sensors fails most often, and what do you do then?"),
    ("bela", "Would a learned model have found the resonance sooner?"),
)
VOTES = (("chiara", 0), ("dov", 0), ("ada", 0), ("bela", 1), ("dov", 1), ("ada", 2))
WAITING = (
    ("chiara", "Will the slides be shared?"),
    ("dov", "Are the slides shared?"),
    ("bela", "How long did it take until the drivers trusted it?"),
    ("quietus", "Buy cranes now, half price!!!"),
)
POLLS = (
    _draft("multiple", "What would you automate first?", "Cranes", "Gates", "Rotas"),
    _draft("single", "How windy is it where you are?", "Calm", "Breezy", "A storm"),
    {**_draft("quiz", "How high is the crane?", "50 m", "80 m"), "right": [1]},
)


def walk_schedule(schedules: Path, folder: Path) -> Path:
    """Write the schedule into `folder`: Harbour Conf with more of what a schedule can say."""
    path = folder / f"{EVENT}.yaml"
    path.write_text((schedules / path.name).read_text("utf-8") + MORE, "utf-8")
    return path


async def prepare(run: Run) -> None:
    """Have people ask, vote and be answered in the talk that is on."""
    listed = [await _ask(run, person, text) for person, text in LISTED]
    for question in listed:
        await run("mary", "question.approve", question=question)
    for voter, at in VOTES:
        await run(voter, "question.vote", question=listed[at], on=True)
    await run(
        "mary", "question.reply", question=listed[3], text="The paper compares both, in part 4."
    )
    await run("mary", "question.push", question=listed[3])
    await run("mary", "question.push", question=listed[2])
    await run("mary", "question.send", question=listed[0], on=True)
    for person, text in WAITING:
        await _ask(run, person, text)
    own = await _ask(run, "ada", "When is lunch?")
    await run("mary", "question.reject", question=own, reason="The agenda says it")
    await _ask(run, "ada", "Can a crane be too careful?")
    await _make_polls(run)
    await run("paula", "announcement.make", text="Coffee is served until eleven.")
    await run(
        "paula", "announcement.make", text="Two more minutes, please.", session=LIVE, to="speakers"
    )
    await run("mary", "person.ban", person="p_gone", reason="Sold things", minutes=60)


async def _ask(run: Run, person: str, text: str) -> str:
    return str((await run(person, "question.ask", session=LIVE, text=text))["question"])


async def _make_polls(run: Run) -> None:
    """One that is open, one that is closed with its results, and a draft."""
    made = [await run("mary", "poll.make", session=LIVE, draft=draft) for draft in POLLS]
    closed, opened, _ = (one["poll"] for one in made)
    await run("mary", "poll.open", poll=closed)
    for voter, places in (("bela", [0, 1]), ("chiara", [0]), ("dov", [2])):
        await run(voter, "poll.vote", poll=closed, options=places)
    await run("mary", "poll.close", poll=closed)
    await run("mary", "poll.show", poll=closed, on=True)
    await run("mary", "poll.open", poll=opened)
    await run("bela", "poll.vote", poll=opened, options=[1])
