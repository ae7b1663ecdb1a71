"""Attendees who ask and vote, and a moderator who leaves something to do for a real one."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from random import Random
from typing import Any

from showcaller_client import Client, Followed, Refused, register

from .agenda import Agenda
from .lines import WELCOME, questions_for, reply_to
from .polls import PollHost, vote_in_polls

log = logging.getLogger(__name__)

MAX_QUESTIONS = 12  # a session
FIRST_QUESTION_S = 4.0
BETWEEN_QUESTIONS_S = (5.0, 15.0)  # at first
BETWEEN_VOTES_S = (2.0, 7.0)
ANONYMOUS = 0.2  # chance to ask without a name
INDIFFERENT = 0.4  # chance not to vote for a question, ever
APPROVE_AFTER_S = 5.0
LEFT_PENDING = 2  # this many stay for a real moderator to try
LEAVE_EVERY = 3  # the third question is the first to be left
ON_AIR_S = 25.0
OFF_AIR_S = 15.0


class Script:
    """The script of the askers: each question once, not too often, never too many."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._asked: Counter[str] = Counter()
        self._session = ""
        self._next_s = 0.0

    def next_question(self, session: str, now_s: float) -> str | None:
        """Return what to ask now, if anything; the first caller asks it. Lively at first, then calmer."""
        if session != self._session:
            self._session, self._next_s = session, now_s + FIRST_QUESTION_S
        questions, asked = questions_for(session)[:MAX_QUESTIONS], self._asked[session]
        if now_s < self._next_s or asked >= len(questions):
            return None
        self._asked[session] += 1
        self._next_s = now_s + self._random.uniform(*BETWEEN_QUESTIONS_S) * (1 + asked / 4)
        return questions[asked]


async def attend(url: str, event: str, name: str, script: Script, random: Random) -> None:
    """Register and take part in whichever session is on."""
    me = await register(url, event, name)
    async with Client(url, event=event, token=me.token) as client:
        agenda, own = await Agenda.of(client), await client.follow("me")
        here: Followed | None = None
        room: Followed | None = None
        polls: Followed | None = None
        passed: set[str] = set()
        while True:
            session = agenda.attended()
            here = await _move(client, here, session and f"session/{session}/questions")
            room = await _move(client, room, session and f"session/{session}")  # present there
            polls = await _move(client, polls, session and f"session/{session}/polls")
            if session and here and polls:
                try:
                    if question := script.next_question(session, time.monotonic()):
                        await client.ask(session, question, anonymous=random.random() < ANONYMOUS)
                    await _vote(client, here, own, passed, random)
                    await vote_in_polls(client, polls, own, passed, random)
                except Refused as refused:  # Q&A has closed, the question is gone
                    log.info("refused: %s", refused, extra={"action": "demo.refused"})
            await asyncio.sleep(random.uniform(*BETWEEN_VOTES_S))


async def _vote(
    client: Client, here: Followed, own: Followed, passed: set[str], random: Random
) -> None:
    """Look at one question that is new to this attendee; vote for it, or never."""
    new = [key for key in here.items if key not in passed and not _knows(own, key)]
    if not new:
        return
    question = random.choice(new)
    if random.random() < INDIFFERENT:
        passed.add(question)
    else:
        await client.vote(question)


def _knows(own: Followed, question: str) -> bool:
    """Tell whether it is the person's own, or voted for already."""
    return f"question:{question}" in own.items or f"vote:{question}" in own.items


async def moderate(client: Client) -> None:
    """Approve what nobody else did in time, and have the most wanted answered."""
    await client.announce(WELCOME)
    agenda = await Agenda.of(client)
    here: Followed | None = None
    polls: Followed | None = None
    desk, host = Desk(client), PollHost(client)
    while True:
        session = agenda.attended()
        here = await _move(client, here, session and f"session/{session}/moderation")
        polls = await _move(client, polls, session and f"session/{session}/poll_desk")
        if session and here and polls:
            try:
                await desk.look_at(here)
                await host.look_at(session, polls)
            except Refused as refused:  # a real moderator was faster
                log.info("refused: %s", refused, extra={"action": "demo.refused"})
        await asyncio.sleep(1)


class Desk:
    """The moderator's memory between two looks."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._seen_s: dict[str, float] = {}
        self._pushed: tuple[str, float] | None = None
        self._push_next_s = 0.0

    async def look_at(self, queue: Followed) -> None:
        now_s = time.monotonic()
        await self._approve(queue, now_s)
        await self._answer(queue, now_s)

    async def _approve(self, queue: Followed, now_s: float) -> None:
        """Approve those that have waited; of every few one is left, as long as few are."""
        pending = [key for key, item in queue.items.items() if item["state"] == "pending"]
        for key in pending:
            self._seen_s.setdefault(key, now_s)
        order = {key: place for place, key in enumerate(self._seen_s, 1)}
        left = [key for key in pending if order[key] % LEAVE_EVERY == 0][-LEFT_PENDING:]
        for key in pending:
            if key not in left and now_s - self._seen_s[key] > APPROVE_AFTER_S:
                await self._client.approve(key)

    async def _answer(self, queue: Followed, now_s: float) -> None:
        """Push the most wanted on air, some time later mark it answered; leave others' alone."""
        on_air = [key for key, item in queue.items.items() if item["state"] == "on_air"]
        if on_air:
            await self._finish(on_air[0], queue.items[on_air[0]]["text"], now_s)
        elif now_s >= self._push_next_s and (wanted := _most_wanted(queue)):
            self._pushed = (wanted, now_s)
            await self._client.push(wanted)

    async def _finish(self, question: str, text: str, now_s: float) -> None:
        if self._pushed is None or self._pushed[0] != question:
            return
        if now_s - self._pushed[1] > ON_AIR_S:
            self._pushed, self._push_next_s = None, now_s + OFF_AIR_S
            await self._client.answered(question)
            if reply := reply_to(text):
                await self._client.reply(question, reply)


def _most_wanted(queue: Followed) -> str | None:
    approved = [key for key, item in queue.items.items() if item["state"] == "approved"]
    return max(approved, key=lambda key: queue.levels.get(key, 0), default=None)


async def _move(client: Client, here: Followed | None, channel: str | None) -> Any:
    """Follow `channel` instead of `here`."""
    if here is not None and here.channel == channel:
        return here
    if here is not None:
        await client.unfollow(here.channel)
    return await client.follow(channel) if channel else None
