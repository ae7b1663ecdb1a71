"""The fold stays what it was: a log leads to the state that releases before this one made of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from showcaller.domain import (
    announcements,
    captions,
    chat,
    check_list,
    facts,
    favourites,
    feedback,
    people,
    polls,
    question_folds,
    runsheet_folds,
    state,
    touches,
)
from showcaller.domain.state import State
from showcaller.show import projection

LOGS = Path(__file__).with_name("logs_with_digests.jsonl")


Log = list[tuple[int, facts.Fact]]


def logs() -> Iterator[tuple[Log, tuple[int, str]]]:
    """Return the kept logs, each with the fold's version and the digest that it led to then."""
    log: Log = []
    for line in LOGS.read_text(encoding="utf-8").splitlines():
        known = json.loads(line)
        if "digest" in known:
            yield log, (known["fold_version"], known["digest"])
            log = []
        else:
            log.append((known["at_ms"], facts.decode_fact(json.dumps(known["fact"]).encode())))


def folded(log: Log) -> tuple[int, str]:
    found = State(event_id="event")
    for offset, (at_ms, fact) in enumerate(log, start=1):
        found.apply(offset, at_ms, fact)
    return facts.FOLD_VERSION, found.digest()


@pytest.mark.parametrize(("log", "then"), list(logs()))
def test_a_log_folds_to_the_same_digest_as_when_it_was_written(log, then):
    """Raise `FOLD_VERSION` where this fails on purpose, and run this file, which notes the digests anew."""
    assert folded(log) == then


def test_every_kind_of_fact_has_exactly_one_fold():
    parts = [
        *(runsheet_folds.FOLDS, question_folds.FOLDS, polls.FOLDS, announcements.FOLDS),
        *(favourites.FOLDS, people.FOLDS, chat.FOLDS, feedback.FOLDS, check_list.FOLDS),
        captions.FOLDS,
    ]
    folded = [kind for part in parts for kind in part]
    assert sorted(map(str, [facts.RunStarted, *folded])) == sorted(map(str, facts.KINDS))
    assert state.FOLDS.keys() == set(facts.KINDS)


def test_every_kind_of_touch_is_looked_at_by_the_projection():
    looked_at = projection.ITEMS.keys() | projection.LEVELS.keys()
    voters = {touches.VotersTouch, touches.PollVotersTouch}  # looked at one by one, as votes
    assert set(touches.Touch.__subclasses__()) - voters == looked_at


@pytest.mark.parametrize("kind", [kind for kind in facts.KINDS if kind.NAMES])
def test_a_fact_that_shows_a_name_has_the_person(kind):
    assert kind.NAMES in {field.name for field in msgspec.structs.fields(kind)}


def note_digests_anew() -> None:
    lines = iter(LOGS.read_text(encoding="utf-8").splitlines())
    kept = []
    for log, _ in list(logs()):
        kept += [next(lines) for _ in log]
        next(lines)
        version, digest = folded(log)
        kept.append(json.dumps({"fold_version": version, "digest": digest}))
    LOGS.write_text("\n".join(kept) + "\n", encoding="utf-8")


if __name__ == "__main__":
    note_digests_anew()
