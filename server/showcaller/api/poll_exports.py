"""The results of polls, as JSON and as tables; of polls that are not anonymous also who voted how."""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import Callable, Iterable
from typing import Any

import msgspec
from aiohttp import web

from ..domain.ids import PersonId
from ..domain.poll import Poll
from ..domain.poll_draft import Choice
from ..domain.polls import Polls
from ..domain.state import State
from ..http.asker import principal, served
from ..pace import Pace
from .exports import cell

ANSWER_COLUMNS = ("session", "title", "poll", "kind", "text", "state", "voters", "answer", "votes")
VOTE_COLUMNS = ("session", "title", "poll", "text", "person", "name", "answers")

Result = dict[str, Any]


async def polls_json(request: web.Request) -> web.Response:
    """`{"event", "polls": [{…, "answers": [{"answer", "votes", …}], "votes": [{"person", "name", …}]}]}`."""
    value = {"event": request.match_info["event"], "polls": await _results(request)}
    body = await asyncio.to_thread(msgspec.json.encode, value)
    headers = {"Cache-Control": "no-store"}
    return web.Response(body=body, content_type="application/json", headers=headers)


async def polls_csv(request: web.Request) -> web.Response:
    """A line for each answer of each poll (RFC 4180)."""
    return await _table(request, "polls.csv", answers_table)


async def poll_votes_csv(request: web.Request) -> web.Response:
    """A line for each vote in the polls that are not anonymous (RFC 4180)."""
    return await _table(request, "poll_votes.csv", votes_table)


async def _table(
    request: web.Request, name: str, table: Callable[[Iterable[Result]], str]
) -> web.Response:
    return web.Response(
        text=await asyncio.to_thread(table, await _results(request)),
        content_type="text/csv",
        charset="utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "Cache-Control": "no-store",
        },
    )


async def _results(request: web.Request) -> list[Result]:
    """Return the results of all polls that were ever open, in the order of making."""
    principal(request, "moderator", "producer", "ops")
    event = served(request).event
    state, pace, found = event.state, Pace(), []
    named = [p for p in state.polls.by_id.values() if p.public and not p.draft.anonymous]
    people = {PersonId(voter) for poll in named for voter, _ in state.polls.box(poll).all()}
    names = await event.names_of(people)
    for poll in list(state.polls.by_id.values()):
        if poll.public:
            found.append(result_of(state, poll, names.get))
            await pace.breathe()
    return found


def result_of(state: State, poll: Poll, name_of: Callable[[PersonId], str | None]) -> Result:
    """Return all that is known of how people voted. Of an anonymous poll nobody knows who."""
    sheet, box = state.runsheet, state.polls.box(poll)
    known = sheet is not None and poll.session in sheet.sessions
    result: Result = {
        "session": poll.session,
        "title": sheet.plan(poll.session).title if sheet is not None and known else "",
        "poll": poll.id,
        "kind": poll.draft.kind,
        "text": poll.draft.text,
        "anonymous": poll.draft.anonymous,
        "state": poll.state,
        "opened_ms": poll.opened_ms,
        "closed_ms": poll.closed_ms,
        "voters": box.voters,
        "answers": _answers(state.polls, poll),
    }
    if not poll.draft.anonymous:
        result["votes"] = [
            {
                "person": voter,
                "name": name_of(PersonId(voter)) or "",
                "answers": _chosen(poll, choice),
            }
            for voter, choice in box.all()
        ]
    return result


def _answers(polls: Polls, poll: Poll) -> list[Result]:
    box, draft = polls.box(poll), poll.draft
    if draft.kind == "words":
        said = box.words.all().items()
        return [{"answer": w, "votes": n, "hidden": w in poll.hidden} for w, n in said]
    counted = zip(draft.options, box.options, strict=True)
    answers: list[Result] = [{"answer": option, "votes": votes} for option, votes in counted]
    if draft.kind == "quiz":
        for place, answer in enumerate(answers):
            answer["right"] = place in draft.right
    return answers


def _chosen(poll: Poll, choice: Choice) -> list[str]:
    return [*(poll.draft.options[place] for place in choice.options), *choice.words]


def answers_table(results: Iterable[Result]) -> str:
    """Return a line for each answer, under a heading."""
    lines = [result | answer for result in results for answer in result["answers"]]
    return _written(ANSWER_COLUMNS, lines)


def votes_table(results: Iterable[Result]) -> str:
    """Return a line for each vote of which it is known whose it is, under a heading."""
    lines = [
        result | vote | {"answers": "; ".join(vote["answers"])}
        for result in results
        for vote in result.get("votes", ())
    ]
    return _written(VOTE_COLUMNS, lines)


def _written(columns: tuple[str, ...], lines: Iterable[Result]) -> str:
    text = io.StringIO(newline="")
    table = csv.writer(text)
    table.writerow(columns)
    table.writerows([cell(line[name]) for name in columns] for line in lines)
    return text.getvalue()


def register(app: web.Application) -> None:
    app.router.add_get("/api/v1/events/{event}/exports/polls.json", polls_json)
    app.router.add_get("/api/v1/events/{event}/exports/polls.csv", polls_csv)
    app.router.add_get("/api/v1/events/{event}/exports/poll_votes.csv", poll_votes_csv)
