"""Ledgers of what clients were shown, held against the log that is left (PROTOCOL.md §4).

A `ViewLedger` follows some channels with the Python SDK and writes down what it is told. `differences` holds
it against a newcomer's view of the same server, which is what the log says: whatever differs and was not
announced by a reset is *silently* different.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from showcaller_client import Client
from showcaller_client.follower import Update

from .until import until

ONE_SHOTS = "announcements"  # the channel whose one-shots are also items, so that none can hide


@dataclass
class View:
    """One channel as a client was shown it: what it holds, and its one-shots since it last began."""

    items: dict[str, Any] = field(default_factory=dict)
    levels: dict[str, Any] = field(default_factory=dict)
    began_with: set[str] = field(default_factory=set)  # keys of the items at that time
    shown: list[str] = field(default_factory=list)  # ids of announcements
    resets: int = 0
    is_there: bool = False

    def take(self, update: Update) -> None:
        """Write down what one message did."""
        if update.kind == "snapshot":
            self.items, self.levels = dict(update.put), {}
            self.resets += update.reset
            if update.reset or not self.is_there:
                self.began_with, self.shown = set(update.put), []
            self.is_there = True
        else:
            self.items |= update.put
            for key in update.remove:
                self.items.pop(key, None)
        for key, value in update.levels.items():
            self.levels[key] = value
        self.levels = {key: value for key, value in self.levels.items() if value is not None}
        self.shown += [event["id"] for event in update.events if event["type"] == "announcement"]


class ViewLedger:
    """A client's views of `channels`, by name. Start it once, in a task group or stack of the test's."""

    def __init__(self, client: Client, channels: Iterable[str]) -> None:
        self.client = client
        self.views = {channel: View() for channel in channels}
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Follow; return when every channel is there."""
        for channel, view in self.views.items():
            followed = await self.client.follow(channel)
            self._tasks.append(asyncio.create_task(self._note(followed, view)))
        await until(lambda: all(view.is_there for view in self.views.values()))

    async def _note(self, followed: Any, view: View) -> None:
        async for update in followed:
            view.take(update)

    @property
    def resets(self) -> int:
        return sum(view.resets for view in self.views.values())


def differences(name: str, ledger: ViewLedger, truth: ViewLedger) -> list[str]:
    """Return how what a client was shown differs from a newcomer's view, a line for each."""
    found = []
    for channel, view in ledger.views.items():
        wanted = truth.views[channel]
        if view.items != wanted.items:
            keys = {
                key
                for key in view.items.keys() | wanted.items.keys()
                if view.items.get(key) != wanted.items.get(key)
            }
            found.append(f"{name}: {channel} differs in {sorted(keys)}")
        if view.levels != wanted.levels:
            found.append(f"{name}: levels of {channel} are {view.levels}, not {wanted.levels}")
    if ONE_SHOTS in ledger.views:
        found += _wrong_one_shots(name, ledger.views[ONE_SHOTS], list(truth.views[ONE_SHOTS].items))
    return found


def _wrong_one_shots(name: str, view: View, all_there_are: Sequence[str]) -> list[str]:
    """Each announcement since the view began must have been shown once, in order, and no other."""
    due = [one for one in all_there_are if one not in view.began_with]
    if view.shown == due:
        return []
    doubled = sorted({one for one in view.shown if view.shown.count(one) > 1})
    missed = [one for one in due if one not in view.shown]
    strange = [one for one in view.shown if one not in all_there_are]
    return [f"{name}: one-shots doubled {doubled}, missed {missed}, of another log {strange}"]
