"""Lengths: how long a session lasts that starts at some time, and to what a break may shrink."""

from __future__ import annotations

from .schedule import MINUTE_MS, Session

DEFAULT_MIN_BREAK_MIN = 5


def end_of(plan: Session, start_ms: int, extension_ms: int) -> int:
    """Return when a session that starts at `start_ms` is expected to end."""
    end_ms = _unextended_end(plan, start_ms) + extension_ms
    if plan.kind != "break":
        return end_ms
    return max(end_ms, start_ms + least_break_ms(plan, extension_ms))


def extension_until(plan: Session, start_ms: int, end_ms: int) -> int:
    """Return the extension with which a session that starts at `start_ms` ends at `end_ms`."""
    return end_ms - _unextended_end(plan, start_ms)


def _unextended_end(plan: Session, start_ms: int) -> int:
    full_ms = start_ms + plan.ends_at_ms - plan.starts_at_ms
    return min(full_ms, plan.ends_at_ms) if plan.kind == "break" else full_ms


def least_break_ms(plan: Session, extension_ms: int) -> int:
    """Return how short a break may become that starts late."""
    minutes = plan.min_duration_min
    minutes = DEFAULT_MIN_BREAK_MIN if minutes is None else minutes
    return min(minutes * MINUTE_MS, plan.ends_at_ms - plan.starts_at_ms + extension_ms)
