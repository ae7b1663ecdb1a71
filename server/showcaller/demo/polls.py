"""Polls of the demo: a moderator who opens and closes them, and attendees who vote."""

from __future__ import annotations

import time
from collections.abc import Mapping
from random import Random
from typing import Any

from showcaller_client import Client, Followed

FIRST_POLL_S = 12.0  # after a session is looked at first
OPEN_S = 45.0
BETWEEN_POLLS_S = 60.0
INDIFFERENT = 0.15  # chance not to vote in a poll
CHANGES_MIND = 0.1

DRAFTS: tuple[dict[str, Any], ...] = (
    {
        "kind": "single",
        "text": "How large is the system that you look after?",
        "options": ["One machine", "A rack or two", "A data centre", "Several of them"],
    },
    {
        "kind": "quiz",
        "text": "How long does light need for 1,000 km of fibre?",
        "options": ["0.5 ms", "5 ms", "50 ms"],
        "right": [1],
        "timer_s": 30,
    },
    {"kind": "words", "text": "What keeps you awake at night, in a word?", "most": 2},
    {
        "kind": "ranking",
        "text": "What matters most to you?",
        "options": ["Latency", "Cost", "Simplicity", "Efficiency"],
    },
    {
        "kind": "rating",
        "text": "How much of this could you use tomorrow?",
        "options": ["Nothing", "A little", "Some", "Much", "All of it"],
    },
)
WORDS = ("pager", "retries", "deploys", "cost", "upgrades", "timezones", "dns", "certificates")


def choice(poll: Mapping[str, Any], random: Random) -> dict[str, list[Any]]:
    """Return how somebody votes: a `Choice` of PROTOCOL.md §6."""
    places = list(range(len(poll["options"])))
    if poll["kind"] == "words":
        return {"words": random.sample(WORDS, random.randint(1, poll["most"]))}
    if poll["kind"] == "ranking":
        return {"options": sorted(places, key=lambda place: place + random.uniform(0, 3))}
    favourite = min(random.choice(places), random.choice(places))  # the first are liked best
    return {"options": [favourite]}


async def vote_in_polls(
    client: Client, here: Followed, own: Followed, passed: set[str], random: Random
) -> None:
    """Vote in what is open, or never; now and then change a vote."""
    for id, poll in list(here.items.items()):
        if poll["state"] != "open" or id in passed:
            continue
        voted = f"poll:{id}" in own.items
        if not voted and random.random() < INDIFFERENT:
            passed.add(id)
        elif not voted or random.random() < CHANGES_MIND:
            await client.vote_in_poll(id, **choice(poll, random))


class PollHost:
    """The moderator's polls: one after the other in each session, beside those of a real moderator."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._session = ""
        self._next_s = 0.0
        self._open: tuple[str, float] | None = None
        self._made = 0

    async def look_at(self, session: str, desk: Followed) -> None:
        """Open the next poll of the session, or close what has been open for long enough."""
        now_s = time.monotonic()
        if session != self._session:
            self._session, self._next_s = session, now_s + FIRST_POLL_S
        if self._open is not None:
            await self._close(desk, now_s)
        elif now_s >= self._next_s and not _anything_open(desk):
            made = await self._client.make_poll(session, DRAFTS[self._made % len(DRAFTS)])
            self._made += 1
            self._open = (made["poll"], now_s)
            await self._client.open_poll(made["poll"])

    async def _close(self, desk: Followed, now_s: float) -> None:
        """Close it, unless its timer or a real moderator has, or the session is another one by now."""
        assert self._open is not None
        poll, opened_s = self._open
        if now_s - opened_s < OPEN_S:
            return
        self._open, self._next_s = None, now_s + BETWEEN_POLLS_S
        if desk.items.get(poll, {"state": "open"})["state"] == "open":
            await self._client.close_poll(poll)


def _anything_open(desk: Followed) -> bool:
    return any(poll["state"] == "open" for poll in desk.items.values())
