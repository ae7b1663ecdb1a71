"""The end of an event's sessions, as far as somebody who mints a token for it can know."""

from __future__ import annotations

import http.client
import json
import sqlite3
import urllib.error
import urllib.request
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

import msgspec

from .broker.sqlite_peek import events_in, newest_entry
from .domain import facts

PATIENCE_S = 3.0
_WITH_A_SCHEDULE = (b'{"fact":"run.started"', b'{"fact":"schedule.published"')

Ends = Mapping[str, int]  # by session, in wall time, ms


class NoSuchEvent(Exception):
    """The server is known, and has no such event. The message says which it has."""


def ends_at(url: str, event: str) -> Ends | None:
    """Ask a server, which knows of delays too; None where it does not answer. Raises `NoSuchEvent`."""
    address = f"{url.rstrip('/')}/api/v1/events/{quote(event, safe='')}"
    try:
        with urllib.request.urlopen(address, timeout=PATIENCE_S) as answer:
            items = json.load(answer)["items"]
        if items["clock"]["mode"] != "live":
            return None  # its times are not ours
        sessions = [item for key, item in items.items() if key.startswith("session:")]
        return {one["id"]: one["expected"]["end_ms"] for one in sessions}
    except urllib.error.HTTPError as error:
        if error.code == 404:
            raise NoSuchEvent(f"{url} has no event {event!r}") from None
    except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError):
        pass
    return None


def ends_in(log_file: Path, event: str) -> Ends | None:
    """Read a node's own log, as scheduled; None where nothing can be read. Raises `NoSuchEvent`."""
    try:
        known = events_in(log_file)
        if event not in known:
            raise NoSuchEvent(
                f"{log_file} has no event {event!r}, but {', '.join(known) or 'none'}"
            )
        data = newest_entry(log_file, event, _WITH_A_SCHEDULE)
        fact = None if data is None else facts.decode_fact(data)
    except (sqlite3.Error, msgspec.MsgspecError, ValueError):
        return None
    if isinstance(fact, facts.RunStarted) and fact.mode != "live":
        return None
    if not isinstance(fact, facts.RunStarted | facts.SchedulePublished):
        return None
    return {session.id: session.ends_at_ms for session in fact.schedule.sessions}


def doubts(ends: Ends, sessions: Iterable[str], until_ms: int) -> list[str]:
    """Return what a token for these sessions (none: for all) will be too short for, or in vain."""
    named = list(sessions)
    found = [f"there is no session {one!r} in the schedule" for one in named if one not in ends]
    late = [(ends[one], one) for one in named or ends if ends.get(one, 0) > until_ms]
    if late:
        end_ms, session = max(late)
        found.append(f"session {session!r} ends only at {utc(end_ms)}: give more --hours")
    return found


def utc(at_ms: int) -> str:
    return f"{datetime.fromtimestamp(at_ms / 1000, UTC):%Y-%m-%d %H:%M} UTC"
