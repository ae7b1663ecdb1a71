"""The quick scenarios of `make chaos` on real servers; and the figures that it ends with."""

import random
from types import MappingProxyType

import msgspec
import pytest
from chaos import stories
from chaos.cluster import Cluster
from chaos.floods import FLOODS
from chaos.play import audience
from chaos.scenarios import QUICK, SCENARIOS, Trial
from chaos.score import STALE_AFTER_MS, Score, early_cues, lines, score, stale, total
from showcaller_load.results import Finding

from .made_results import made_result

pytestmark = pytest.mark.usefixtures("busy_machine")


@pytest.mark.parametrize("name", QUICK)
async def test_nothing_is_lost_doubled_different_or_stale(name):
    random.seed(name)
    played = await SCENARIOS[name]().run(print)
    assert played.score.keeps_promises, played
    assert played.result.totals["votes"] > 20


class Forgetful(Cluster):
    """A cluster whose Redis writes nothing down."""

    persistence = MappingProxyType({})


async def test_what_was_acknowledged_and_forgotten_is_found():
    """Prove the whole chain by a deployment that breaks its promises."""
    story = stories.again(1, 3.0, stories.kill_redis)
    plan = audience("forgetful", sockets=40, duration_s=6.0)
    # Who is not whole by then never will be.
    trial = Trial(msgspec.structs.replace(plan, settle_s=10.0), Forgetful(2), story)
    played = await trial.run(print)
    assert played.score.acknowledged_lost > 0
    assert not played.score.keeps_promises


def test_the_quick_ones_are_a_third():
    assert len(QUICK) * 3 >= len(SCENARIOS)
    assert set(QUICK) <= SCENARIOS.keys()
    assert not SCENARIOS.keys() & FLOODS.keys()


def found(*findings, **counts):
    told = [
        Finding(kind=kind, attendee="1", channel=channel, offset=1, detail="")
        for kind, channel in findings
    ]
    by_kind = {kind: sum(one.kind == kind for one in told) for kind, _ in findings}
    return msgspec.structs.replace(made_result(), findings=told, finding_counts=by_kind | counts)


def test_what_was_acknowledged_and_lost_is_told_from_what_somebody_was_not_shown():
    result = found(
        ("lost", "question.vote"),
        ("lost", "agenda"),
        ("diverged", "me"),
        ("out_of_order", "agenda"),
    )
    assert score(result) == Score(acknowledged_lost=1, silently_different=3)


def test_findings_that_are_only_counted_count():
    assert score(found(("lost", "agenda"), lost=5)).acknowledged_lost == 4
    assert score(found(doubled=3, unanswered=1)) == Score(doubled=3, unanswered=1)


@pytest.mark.parametrize(
    "kept",
    [
        {"acknowledged_lost": 1},
        {"doubled": 1},
        {"silently_different": 1},
        {"unanswered": 1},
        {"stale_commands": 1},
    ],
)
def test_one_fault_breaks_a_promise(kept):
    assert Score().keeps_promises
    assert not Score(**kept).keeps_promises


def test_counts_add_up_and_of_measures_the_worst_is_told():
    scores = [
        Score(doubled=1, frozen_unserved_s=3.0, flood_vote_p99_ratio=1.2),
        Score(doubled=2, frozen_unserved_s=2.0),
    ]
    told = lines(total(scores))
    assert "doubled: 3" in told and "acknowledged_lost: 0" in told
    assert "frozen_unserved_s: 3.00" in told and "flood_vote_p99_ratio: 1.20" in told


def test_a_cue_that_was_called_before_its_time_is_found():
    facts = [
        {"fact": "run.started", "from_ms": 1_000, "schedule": {}},
        {"fact": "cue.called", "due_ms": 5_999},
        {"fact": "cue.called", "due_ms": 6_001},
        {"fact": "qa.opened"},
    ]
    export = [msgspec.json.encode({"offset": 1, "fact": fact}) for fact in facts]
    assert early_cues(export, 5_000) == 1


def export_line(key, at_ms):
    line = {"offset": 1, "at_ms": at_ms, "key": key, "fact": {"fact": "qa.closed"}}
    return msgspec.json.encode(line)


@pytest.mark.parametrize(
    ("key", "at_ms", "count"),
    [
        ("cmd:qa.close:5:p_pro:old", 1_000 + STALE_AFTER_MS, 0),
        ("cmd:qa.close:5:p_pro:old", 1_001 + STALE_AFTER_MS, 1),
        ("cmd:qa.close:5:p:pro:old", 1_001 + STALE_AFTER_MS, 1),
        ("cmd:qa.close:5:p_pro:other", 99_000, 0),
        ("cue:run:talk:ended:1", 99_000, 0),
        ("old", 99_000, 0),
    ],
)
def test_a_command_is_stale_when_the_log_took_it_long_after_it_was_given(key, at_ms, count):
    assert stale({"old": 1_000.0}, [export_line(key, at_ms)]) == count
