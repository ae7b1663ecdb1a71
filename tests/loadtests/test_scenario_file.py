"""Scenario files: those that come with the tool, and what is said about wrong ones."""

import pytest
from showcaller_load.scenario import arrival_s
from showcaller_load.scenario_file import read_scenario, seconds, shipped

GOOD = """\
name: small
summary: A small one.
duration: 60s
audience:
  grows:
    - {at: 0s, sockets: 10}
    - {at: 20s, sockets: 100}
actions:
  - {do: vote, per_s: 50, from: 10s}
  - {do: announce, per_s: 1}
faults:
  - {at: 40s, do: slow, share: 5%, for: 10s}
  - {at: 30s, do: cut}
limits:
  broadcast_p99_ms: 150
  votes_per_s: 40
"""


def read(text):
    scenario, diagnostics = read_scenario(text, file_name="s.yaml")
    return scenario, [f"{d.line}: {d.field}: {d.message}" for d in diagnostics]


def test_a_good_file_is_read():
    scenario, said = read(GOOD)

    assert said == []
    assert scenario.audience.size == 100
    assert [fault.do for fault in scenario.faults] == ["cut", "slow"]
    assert scenario.actions[0].until_s == 60.0
    assert scenario.limits["lost"] == 0.0


@pytest.mark.parametrize("path", shipped(), ids=lambda path: path.stem)
def test_the_shipped_scenarios_are_good_and_named_as_their_files(path):
    scenario, diagnostics = read_scenario(path, file_name=path.name)

    assert diagnostics == []
    assert scenario.name == path.stem


def test_the_issue_s_scenarios_are_all_there():
    assert {path.stem for path in shipped()} >= {
        "doors_open",
        "session_starting",
        "qa_hour",
        "vote_storm",
        "reconnect_storm",
        "slow_consumers",
        "rolling_restart",
        "loss_of_worker",
        "loss_of_redis",
        "mixed_formats",
    }


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("duration: 60s", "duration: 60", '3: duration: "60" is no time: write 30s, 500ms, 5min'),
        ("duration: 60s\n", "", "1: duration: is missing"),
        ("do: vote", "do: veto", '9: actions[0].do: "veto" is none of'),
        ("per_s: 50", "per_second: 50", "9: actions[0].per_second: no such field"),
        ("from: 10s", "from: 70s", "is later than the end of the run (60 s)"),
        ("{at: 20s, sockets: 100}", "{at: 20s, sockets: 5}", "an audience only grows"),
        (
            "{at: 20s, sockets: 100}",
            "{at: 0s, sockets: 100}",
            "must be later than the point before",
        ),
        ("share: 5%", "share: 5", '12: faults[0].share: "5" is no share: write 5% or 100%'),
        ("broadcast_p99_ms", "broadcast_p9_ms", 'did you mean "broadcast_p99_ms"?'),
        ("limits:", "server: {workers: 2}\nlimits:", "one process owns an SQLite log"),
        ("audience:", "audience: {}\nx:", "4: audience.grows: is missing"),
        ("name: small", "name: [", "not YAML"),
    ],
)
def test_what_is_wrong_is_said_with_its_line_and_field(before, after, said):
    scenario, diagnostics = read(GOOD.replace(before, after))

    assert scenario is None
    assert any(said in one for one in diagnostics), diagnostics


def test_a_smaller_audience_does_less_and_has_smaller_goals():
    scenario = read(GOOD)[0].resized(50)

    assert [point.sockets for point in scenario.audience.grows] == [5, 50]
    assert [action.per_s for action in scenario.actions] == [25.0, 1.0]
    assert scenario.limits["votes_per_s"] == 20.0
    assert scenario.limits["broadcast_p99_ms"] == 150.0


def test_a_shorter_run_has_everything_in_proportion():
    scenario = read(GOOD)[0].lasting(30.0)

    assert [point.at_s for point in scenario.audience.grows] == [0.0, 10.0]
    assert [(fault.at_s, fault.for_s) for fault in scenario.faults] == [(15.0, 0.0), (20.0, 5.0)]
    assert scenario.actions[0].from_s == 5.0 and scenario.actions[0].per_s == 50.0


def test_sockets_are_wanted_along_the_curve():
    grows = read(GOOD)[0].audience.grows
    wanted_s = [arrival_s(grows, number) for number in range(100)]

    assert wanted_s == sorted(wanted_s)
    assert wanted_s[:10] == [0.0] * 10
    assert wanted_s[54] == pytest.approx(10.0)
    assert wanted_s[99] == 20.0


@pytest.mark.parametrize(
    ("text", "value_s"),
    [("1.5min", 90.0), ("250ms", 0.25), ("2h", 7200.0), ("5", None), ("x", None)],
)
def test_durations_are_read_in_seconds(text, value_s):
    assert seconds(text) == value_s
