"""An event with hundreds of sessions, and what its pages cost a Chromium that Playwright drives."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import yaml

EVENT = "long"
STAGES = 8
MINUTES = 25
OVER = STAGES  # sessions that are over for long, which the run sheet folds away

# Runs before any script of a page: adds up the shifts that nobody's click explains.
COUNT_SHIFTS = """
    window.layoutShift = 0;
    new PerformanceObserver((list) => {
      for (const { hadRecentInput, value } of list.getEntries()) {
        if (!hadRecentInput) window.layoutShift += value;
      }
    }).observe({ type: "layout-shift", buffered: true });
"""


def long_schedule(sessions: int) -> str:
    """A schedule with so many talks, some of which are on now."""
    start = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(minutes=40)
    starts = [start + timedelta(minutes=30 * (i // STAGES)) for i in range(sessions)]
    days = sorted(
        {(one + timedelta(minutes=minutes)).date() for one in starts for minutes in (0, MINUTES)}
    )
    speakers = [
        {"id": f"p{i}", "name": f"Speaker {i}", "role": "Engineer"} for i in range(sessions)
    ]
    talks = [
        {
            "id": f"s{i}",
            "title": f"Session {i} about something that takes a line",
            "abstract": "What this is about, in a sentence or two, as long as they are.",
            "stage": f"r{i % STAGES}",
            "theme": f"t{i % 6}",
            "speakers": [f"p{i}", f"p{(i + 7) % sessions}"],
            "starts": f"{at:%Y-%m-%dT%H:%M}",
            "minutes": MINUTES,
        }
        for i, at in enumerate(starts)
    ]
    parts = {
        "event": {"id": EVENT, "title": "A long event", "time_zone": "UTC"},
        "days": [{"date": str(day)} for day in days],
        "stages": [{"id": f"r{i}", "title": f"Room {i}"} for i in range(STAGES)],
        "themes": [{"id": f"t{i}", "title": f"Theme {i}"} for i in range(6)],
        "speakers": speakers,
        "sessions": talks,
    }
    return str(yaml.safe_dump(parts, sort_keys=False))


class DevtoolsSession(Protocol):
    """Playwright's CDP session: development tools only, hence no import."""

    async def send(self, method: str, params: dict[str, Any] | None = None) -> dict[str, Any]: ...


async def script_s(session: DevtoolsSession) -> float:
    """CPU time that the page's scripts have taken so far."""
    await session.send("Performance.enable", {"timeDomain": "threadTicks"})
    metrics = (await session.send("Performance.getMetrics"))["metrics"]
    return float(next(one["value"] for one in metrics if one["name"] == "ScriptDuration"))
