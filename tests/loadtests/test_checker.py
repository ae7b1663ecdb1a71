"""The checker finds faults: a man in the middle makes one on each chosen connection to a real server."""

import pytest
from click.testing import CliRunner
from showcaller_load import cli, summary, verdict_words
from showcaller_load.scenario import NEVER
from showcaller_load.truth import read_truth

from . import meddlers
from .made_results import made_result
from .meddled import CHANNEL, SIZE, run


def found(result, attendee):
    return [one for one in result.findings if one.attendee == f"attendee {attendee}"]


def test_an_untouched_run_passes(untouched):
    result = untouched.result
    assert (result.verdict, result.why, result.findings) == ("pass", [], [])
    assert result.finding_counts == dict.fromkeys(NEVER, 0)
    assert sum(second.joins for second in result.seconds) == SIZE
    shown = [m for m in untouched.messages if m["op"] == "change" and m.get("events")]
    truth = read_truth(untouched.event, untouched.lines)
    assert len(shown) == len(truth.one_shots[CHANNEL]) > meddlers.NTH + 1  # enough to meddle with


async def test_every_fault_on_the_wire_is_named_however_busy_the_machine(monkeypatch):
    monkeypatch.setattr(summary, "BUSY", -1.0)  # no generator computes less
    dropped, doubled, swapped = meddlers.Drop(), meddlers.Double(), meddlers.Swap()
    concealed, overcounted, swallowed = meddlers.Conceal(), meddlers.Overcount(), meddlers.Swallow()
    made = {1: dropped, 2: doubled, 3: swapped, 4: concealed, 5: overcounted, 6: swallowed}
    result, _ = await run(made)

    assert result.verdict == "fail"
    assert result.why[0].startswith("lost is")
    assert any("busy in its busiest second" in reason for reason in result.why[len(NEVER) :])
    assert "Don't trust the times" in verdict_words.summary(result)
    for kind in NEVER:
        assert any(reason.startswith(f"{kind} is") for reason in result.why), kind
    assert {one.attendee for one in result.findings} == {f"attendee {n}" for n in made}
    assert result.seconds[-1].anomalies >= 3  # some are noticed while it goes on

    (lost,) = found(result, 1)
    assert (lost.kind, lost.channel) == ("lost", CHANNEL)
    assert lost.offset > dropped.offset  # the change before which something is missing
    (twice,) = found(result, 2)
    assert (twice.kind, twice.channel, twice.offset) == ("doubled", CHANNEL, doubled.offset)
    overtaken = found(result, 3)[0]
    assert (overtaken.kind, overtaken.channel) == ("out_of_order", CHANNEL)
    assert overtaken.offset == swapped.offset
    (hidden,) = [one for one in found(result, 4) if one.kind == "lost"]
    assert (hidden.channel, hidden.offset) == (CHANNEL, concealed.offset)
    (wrong,) = found(result, 5)
    assert (wrong.kind, wrong.channel) == ("diverged", "session/talk/questions")
    assert "should be" in wrong.detail
    (unanswered,) = found(result, 6)
    assert unanswered.kind == "unanswered"
    assert unanswered.channel.startswith("question.")


@pytest.mark.parametrize(
    ("verdict", "code"), [("pass", 0), ("fail", 1), ("stopped", 1), ("invalid", 3)]
)
def test_exit_codes_tell_the_verdict(verdict, code, tmp_path, monkeypatch):
    async def controlled(*_):
        return made_result(verdict)

    monkeypatch.setattr(cli, "_controlled", controlled)
    called = CliRunner().invoke(
        cli.main, ["run", "doors_open", "--audience", "10", "--out", str(tmp_path / "out")]
    )
    assert called.exit_code == code, called.output
    assert (tmp_path / "out" / "report.html").exists()
