"""A look into a file of logs that another process may own."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

_NEWEST = """
    SELECT data FROM entries WHERE log = (SELECT id FROM logs WHERE event = ?)
    AND ({beginnings}) ORDER BY offset DESC LIMIT 1
"""


def events_in(path: Path) -> list[str]:
    """Return the events that have a log. Raises `sqlite3.Error` where the file can't be read."""
    with closing(_open(path)) as db:
        return [event for (event,) in db.execute("SELECT event FROM logs ORDER BY event")]


def newest_entry(path: Path, event: str, beginnings: Sequence[bytes]) -> bytes | None:
    """Return the newest entry's data that begins with one of these. Raises `sqlite3.Error`."""
    one = "substr(data, 1, {}) = ?"
    query = _NEWEST.format(beginnings=" OR ".join(one.format(len(text)) for text in beginnings))
    with closing(_open(path)) as db:
        found = db.execute(query, (event, *beginnings)).fetchone()
    return None if found is None else bytes(found[0])


def _open(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
