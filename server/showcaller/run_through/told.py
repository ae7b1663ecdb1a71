"""A script as it is told on the command line."""

from __future__ import annotations

from collections.abc import Container, Iterable

from ..domain.ids import SessionId
from ..domain.schedule import Schedule
from ..errors import ConfigError
from .script import Script

MOST_MIN = 24 * 60
MOST_ATTENDEES = 1_000


def script_of(
    schedule: Schedule,
    overruns: Iterable[str],
    lates: Iterable[str],
    absent: Iterable[str],
    attendees: int,
) -> Script:
    """Return the script. `overruns`: `SESSION=MINUTES`, or minutes for every talk. Raises `ConfigError`."""
    known = {plan.id for plan in schedule.sessions}
    usual = [text for text in overruns if "=" not in text]
    if not 0 <= attendees <= MOST_ATTENDEES:
        raise ConfigError(f"--attendees goes from 0 to {MOST_ATTENDEES}")
    return Script(
        overrun_min=dict(_pair(text, known, "--overrun") for text in overruns if "=" in text),
        usual_overrun_min=_minutes(usual[-1], "--overrun") if usual else 0,
        late_min=dict(_pair(text, known, "--late") for text in lates),
        absent=frozenset(_session(text, known, "--absent") for text in absent),
        attendees=attendees,
    )


def _pair(text: str, known: Container[str], option: str) -> tuple[SessionId, float]:
    session, _, minutes = text.partition("=")
    return _session(session, known, option), _minutes(minutes, option)


def _session(text: str, known: Container[str], option: str) -> SessionId:
    if text not in known:
        raise ConfigError(f"{option}: the schedule has no session {text!r}")
    return SessionId(text)


def _minutes(text: str, option: str) -> float:
    try:
        minutes = float(text)
    except ValueError:
        minutes = -1
    if not 0 <= minutes <= MOST_MIN:
        raise ConfigError(f"{option}: {text!r} is no number of minutes from 0 to {MOST_MIN}")
    return minutes
