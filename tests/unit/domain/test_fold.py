"""The fold stays what it was: a log leads to the state that releases before this one made of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from showcaller.domain import (
    announcements,
    facts,
    people,
    questions,
    runsheet_folds,
    state,
    touches,
)
from showcaller.domain.state import State
from showcaller.show import projection

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


@pytest.mark.parametrize(("log", "digest"), list(logs()))
def test_a_log_folds_to_the_same_digest_as_when_it_was_written(log, digest):
    """Where this fails on purpose, `FOLD_VERSION` must rise and the digests be written anew."""
    folded = State(event_id="event")
    for offset, (at_ms, fact) in enumerate(log, start=1):
        folded.apply(offset, at_ms, fact)
    assert (facts.FOLD_VERSION, folded.digest()) == (4, digest)


def test_every_kind_of_fact_has_exactly_one_fold():
    parts = [runsheet_folds.FOLDS, questions.FOLDS, announcements.FOLDS, people.FOLDS]
    folded = [kind for part in parts for kind in part]
    assert sorted(map(str, [facts.RunStarted, *folded])) == sorted(map(str, facts.KINDS))
    assert state.FOLDS.keys() == set(facts.KINDS)


def test_every_kind_of_touch_is_looked_at_by_the_projection():
    looked_at = projection.ITEMS.keys() | projection.LEVELS.keys()
    # voters are looked at one by one, as votes
    assert set(touches.Touch.__subclasses__()) - {touches.VotersTouch} == looked_at


@pytest.mark.parametrize("kind", [kind for kind in facts.KINDS if kind.NAMES])
def test_a_fact_that_shows_a_name_has_the_person(kind):
    assert kind.NAMES in {field.name for field in msgspec.structs.fields(kind)}
