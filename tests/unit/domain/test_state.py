"""Snapshots of the state: of one moment, whatever is folded while they are written."""

from __future__ import annotations

import random

import pytest

from showcaller.domain import state as states
from showcaller.domain.state import State
from showcaller.testing.random_history import RandomHistory

STEPS = 80


def after(steps, seed):
    history = RandomHistory(random.Random(seed))
    for _ in range(steps):
        history.step()
    return history


@pytest.mark.parametrize("seed", range(10))
def test_a_snapshot_is_of_the_moment_at_which_it_was_begun(monkeypatch, seed):
    monkeypatch.setattr(states, "QUESTIONS_A_PART", 2)
    history = after(STEPS, seed)
    then = State.load(b"".join(history.state.dump()))
    parts = []
    for part in history.state.dump():
        parts.append(part)
        history.step()
    assert len(parts) >= 5
    assert State.load(b"".join(parts)) == then
    assert history.state != then


@pytest.mark.parametrize("seed", range(10))
def test_a_loaded_state_has_the_digest_of_the_dumped_one(seed):
    state = after(STEPS, seed).state
    loaded = State.load(b"".join(state.dump()))
    assert (loaded, loaded.digest(), loaded.salt) == (state, state.digest(), state.salt)
    loaded.salt = ""
    assert loaded.digest() == state.digest()
    assert loaded != state


def test_the_newest_refusals_are_kept(monkeypatch):
    monkeypatch.setattr(states, "REFUSALS_KEPT", 3)
    state = State(event_id="event")
    for offset in range(1, 6):
        state.skip(offset, "no")
    assert [*state.refusals] == [3, 4, 5]
    assert [*State.load(b"".join(state.dump())).refusals] == [3, 4, 5]
