"""The epochs of the logs in a SQLite file: whose a log is now, and from which epochs it goes on."""

from __future__ import annotations

import sqlite3
from typing import NamedTuple

from .. import system
from ..errors import Damaged

EPOCHS_KEPT = 100  # of those that a log goes on from
HEAD = "SELECT coalesce(max(offset), 0) FROM entries WHERE log = ?"


class Begun(NamedTuple):
    """A log's number, its epoch, and the end of each epoch that it goes on from."""

    number: int
    epoch: str
    ends: dict[str, int]


def begin_epochs(db: sqlite3.Connection) -> None:
    """Have each log go on in a new epoch from what is there."""
    db.execute("BEGIN")
    for number, epoch in db.execute("SELECT id, epoch FROM logs").fetchall():
        (head,) = db.execute(HEAD, (number,)).fetchone()
        values = (number, epoch, head)
        db.execute("INSERT INTO epochs (log, epoch, ended) VALUES (?, ?, ?)", values)
        db.execute("UPDATE logs SET epoch = ? WHERE id = ?", (_new_epoch(), number))
        db.execute("DELETE FROM snapshots WHERE log = ? AND offset > ?", (number, head))
    db.execute("COMMIT")


def begin_log(db: sqlite3.Connection, event_id: str) -> Begun:
    """Return the event's log, made if it is missing. Raises `Damaged` if it can't be folded."""
    values = (event_id, _new_epoch())
    db.execute("INSERT OR IGNORE INTO logs (event, epoch) VALUES (?, ?)", values)
    query = "SELECT id, epoch FROM logs WHERE event = ?"
    number, epoch = db.execute(query, (event_id,)).fetchone()
    query = "SELECT epoch, ended FROM epochs WHERE log = ? ORDER BY id DESC LIMIT ?"
    ends = dict(db.execute(query, (number, EPOCHS_KEPT)).fetchall())
    (head,) = db.execute(HEAD, (number,)).fetchone()
    (count,) = db.execute("SELECT count(*) FROM entries WHERE log = ?", (number,)).fetchone()
    if count != head:
        raise Damaged(
            f"{head - count} of the {head} entries of the log of {event_id} are missing, so it can't be read:"
            " restore a backup (OPERATIONS.md), or begin anew in another --data folder"
        )
    return Begun(number, epoch, ends)


def _new_epoch() -> str:
    return system.random_id("e")[:14]
