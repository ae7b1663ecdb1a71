"""The agenda as the demo's people read it: which session is on, and how long it lasts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from showcaller_client import Client, Followed

Session = Mapping[str, Any]

ROOM_STATES = ("doors_open", "live")
ATTENDED = ("live", "overrunning", "doors_open")  # whichever there is, in this order
TALKED = ("talk", "opening", "closing")


class Agenda:
    """The `agenda` channel of a client (PROTOCOL.md §4)."""

    def __init__(self, client: Client, followed: Followed) -> None:
        self._client = client
        self.followed = followed

    @classmethod
    async def of(cls, client: Client) -> Agenda:
        return cls(client, await client.follow("agenda"))

    def sessions(self) -> Iterator[Session]:
        """Sessions with people who talk, in the agenda's order."""
        items = self.followed.items.items()
        found = [item for key, item in items if key.startswith("session:")]
        found = [session for session in found if session["kind"] in TALKED]
        return iter(sorted(found, key=lambda session: int(session["scheduled"]["start_ms"])))

    def attended(self) -> str | None:
        """The session that an attendee would be in now."""
        on = [session for session in self.sessions() if session["state"] in ATTENDED]
        best = min(on, key=lambda session: ATTENDED.index(session["state"]), default=None)
        return str(best["id"]) if best else None

    def left_s(self, session: Session) -> float:
        """Seconds of wall time until its expected end; infinite while the clock is held."""
        clock = self.followed.items["clock"]
        if clock["held"]:
            return float("inf")
        since_ms = self._client.server_ms() - clock["wall_ms"]
        show_ms = clock["show_ms"] + since_ms * clock["rate"]
        return float((session["expected"]["end_ms"] - show_ms) / clock["rate"] / 1000)
