"""The fold stays what it was: a log leads to the state that releases before this one made of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from showcaller.domain import facts
from showcaller.domain.state import State

LOGS = Path(__file__).with_name("logs_with_digests.jsonl")


def logs() -> Iterator[tuple[list[tuple[int, facts.Fact]], str]]:
    """Return the kept logs, each with the digest that it led to when it was written."""
    log: list[tuple[int, facts.Fact]] = []
    for line in LOGS.read_text(encoding="utf-8").splitlines():
        known = json.loads(line)
        if "digest" in known:
            yield log, known["digest"]
            log = []
        else:
            log.append((known["at_ms"], facts.decode_fact(json.dumps(known["fact"]).encode())))


@pytest.mark.parametrize(("log", "digest"), logs())
def test_a_log_folds_to_the_same_digest_as_when_it_was_written(log, digest):
    """Where this fails on purpose, `FOLD_VERSION` must rise and the digests be written anew."""
    state = State(event_id="event")
    for offset, (at_ms, fact) in enumerate(log, start=1):
        state.apply(offset, at_ms, fact)
    assert (facts.FOLD_VERSION, state.digest()) == (4, digest)
