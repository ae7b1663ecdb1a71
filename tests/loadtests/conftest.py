"""One untouched run, for all who look at it."""

import asyncio
import math
from typing import NamedTuple

import pytest
from showcaller_load import summary
from showcaller_load.results import Result

from . import meddlers
from .meddled import run


class Untouched(NamedTuple):
    """A run behind a man in the middle who only listened, to attendee 0."""

    result: Result
    messages: list[dict]
    lines: list[bytes]
    event: str
    person: str


@pytest.fixture
def busy_machine(monkeypatch):
    """Other tests may make this machine too slow to measure with; where only ledgers count, so be it."""
    monkeypatch.setattr(summary, "BUSY", math.inf)
    monkeypatch.setattr(summary, "LATE_P99_MS", math.inf)


@pytest.fixture(scope="session")
def untouched():
    record = meddlers.Record()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(summary, "BUSY", math.inf)
        patch.setattr(summary, "LATE_P99_MS", math.inf)
        result, deployment = asyncio.run(run({0: record}))
    return Untouched(
        result, record.messages, deployment.lines, deployment.event, deployment.people[0]
    )
