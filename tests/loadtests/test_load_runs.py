"""Whole runs of small audiences against real servers, with faults: nothing acknowledged may be lost."""

import asyncio
import contextlib
import signal
import sys
import threading

import pytest
from click.testing import CliRunner
from showcaller_load import cli, scenario_file
from showcaller_load.agent import Agent
from showcaller_load.controller import Controller, Settings
from showcaller_load.deployment import EVENT_FILE, OwnDeployment
from showcaller_load.results import Result
from showcaller_load.scenario import NEVER, Action, Audience, FaultPlan, Point, Scenario, ServerPlan

from showcaller.errors import Unavailable
from showcaller.testing.serving import SECRET, ServeProcess

EVERYTHING = (
    "agenda",
    "announcements",
    "session/{session}",
    "session/{session}/questions",
    "session/{session}/audience",
    "me",
)
KEY = b"a key that only these tests know"


class Notes:
    """A watcher that keeps what it is told."""

    def __init__(self):
        self.seconds, self.faults, self.phases, self.result = [], [], [], None

    def on_phase(self, text):
        self.phases.append(text)

    def on_second(self, second, processes):
        self.seconds.append(second)

    def on_fault(self, fault):
        self.faults.append(fault.what)

    def on_done(self, result):
        self.result = result


def scenario(*faults, session="talk", server=None, duration_s=4.0):
    return Scenario(
        name="small",
        summary="A small audience that does a bit of everything.",
        duration_s=duration_s,
        settle_s=25,
        session=session,
        questions=4,
        audience=Audience(
            grows=(Point(0.0, 20), Point(1.0, 60)), channels=EVERYTHING, msgpack_share=0.4
        ),
        server=server or ServerPlan(),
        actions=(
            Action(do="ask", per_s=3, from_s=0, until_s=duration_s),
            Action(do="vote", per_s=30, from_s=0, until_s=duration_s),
            Action(do="moderate", per_s=3, from_s=0, until_s=duration_s),
            Action(do="announce", per_s=3, from_s=0, until_s=duration_s),
            Action(do="probe", per_s=5, from_s=0, until_s=duration_s),
        ),
        faults=faults,
        limits=dict(NEVER),
    )


async def played(plan, settings=None, notes=None, deployment=None):
    """The run's result; everything that must hold on any machine, however busy, has held."""
    deployment = deployment or own_deployment(plan)
    watcher = notes or Notes()
    result = await Controller(plan, deployment, settings or Settings(), watcher).run()

    assert result.findings == []
    assert all(check.ok for check in result.checks if check.limit is not None)
    assert result.verdict in ("pass", "invalid")  # a busy machine can't measure
    assert result.totals["votes"] > 20 and result.totals["joins"] >= 60
    assert result.latencies["broadcast"].count > 100
    assert 0 < result.latencies["clock"].p50_ms < 1_000  # as busy as the machine may be
    assert watcher.result is result
    return result


def own_deployment(plan):
    return OwnDeployment(plan.server, plan.session, plan.audience.size, [])


@contextlib.contextmanager
def agent_for(target, *, key=KEY):
    """An agent, and the settings of a controller that uses it."""
    agent = Agent("127.0.0.1", 0, key, [target], lambda _: None)
    thread = threading.Thread(target=agent.serve)
    thread.start()
    try:
        yield Settings(agents=("{}:{}".format(*agent.address),), agent_key=KEY)
    finally:
        agent.close()
        thread.join()


async def test_a_moderated_session_whose_sockets_are_cut():
    plan = scenario(FaultPlan(at_s=2.5, do="cut"), session="panel")

    result = await played(plan, Settings(generators=2))

    assert len(result.generators) == 2
    assert result.latencies["resume"].count >= 60
    assert result.totals["closes_1006"] >= 60
    assert value(result, "resets") == 0


def value(result, name):
    return next(check.value for check in result.checks if check.name == name)


async def test_redis_and_a_worker_are_killed_while_an_agent_generates_the_load():
    notes = Notes()
    redis = FaultPlan(at_s=1.5, do="kill_redis", for_s=0.3)
    worker = FaultPlan(at_s=2.5, do="kill_worker")
    plan = scenario(redis, worker, server=ServerPlan(broker="redis", workers=2), duration_s=5)
    deployment = own_deployment(plan)

    with agent_for(f"127.0.0.1:{deployment.port}") as settings:
        result = await played(plan, settings, notes, deployment)

    names = {sample.name for sample in result.processes}
    assert names == {"serve", "worker 0", "worker 1", "redis"}
    assert [what.split()[0:2] for what in notes.faults] == [
        ["killed", "redis-server"],
        ["killed", "worker"],
    ]
    assert result.latencies["resume"].count > 0


async def test_an_agent_goes_only_where_it_is_allowed_to():
    with agent_for("127.0.0.1:1") as settings:
        with pytest.raises(Unavailable, match="was not started with --allow"):
            await played(scenario(), settings)


async def test_an_agent_serves_only_who_knows_its_key():
    with agent_for("127.0.0.1:1", key=b"another key" * 3) as settings:
        with pytest.raises(Unavailable, match="does not know the key"):
            await played(scenario(), settings)


# The command line ---------------------------------------------------------------------------------

SMALL = """\
name: small
summary: A small one.
duration: 3s
questions: 3
audience: {grows: [{at: 0.5s, sockets: 20}]}
actions: [{do: vote, per_s: 20}, {do: announce, per_s: 4}]
"""


@pytest.fixture
def small(tmp_path):
    path = tmp_path / "small.yaml"
    path.write_text(SMALL)
    return path


async def test_a_running_deployment_is_only_talked_to(tmp_path, small):
    secret, out = tmp_path / "secret", tmp_path / "out"
    secret.write_text(SECRET)
    options = ("--rehearse-from", "09:05", "--media-workers", "0")
    async with ServeProcess(EVENT_FILE, *options, data=tmp_path / "data") as server:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "showcaller_load.cli", "run", str(small), "--out", str(out)),
            *("--url", server.url, "--event", "load", "--secret-file", str(secret)),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        _, said = await process.communicate()

    assert process.returncode in (0, 3), said.decode()
    result = Result.from_json((out / "result.json").read_bytes())
    assert result.target == f"{server.url}, event load"
    assert sum(result.finding_counts.values()) == 0 and result.totals["votes"] > 10
    assert {sample.pid for sample in result.processes} == {0}


async def test_ctrl_c_ends_a_run_in_order_with_a_report(tmp_path):
    out = tmp_path / "out"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "showcaller_load.cli", "run", "vote_storm"),
        *("--audience", "30", "--duration", "60s", "--out", str(out)),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    while b"joins/s" not in await process.stderr.readline():
        pass  # it runs once it tells of the first second
    process.send_signal(signal.SIGINT)
    async with asyncio.timeout(30):
        await process.communicate()

    assert process.returncode == 1
    result = Result.from_json((out / "result.json").read_bytes())
    assert result.verdict == "stopped"
    assert sum(result.finding_counts.values()) == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["run", "nothing"], "can't be read"),
        (["run", "doors_open", "--duration", "soon"], "--duration soon"),
        (["run", "doors_open", "--url", "http://127.0.0.1:1"], "--secret-file or --tokens"),
        (["run", "doors_open", "--event", "mine"], "--event belongs to --url"),
        (["run", "doors_open", "--agent", "here:7400"], "--agent and --key-file go together"),
        (["run", "doors_open", "--audience", "900000"], "ulimit -Hn"),
    ],
)
def test_a_wrong_call_is_explained(words, said):
    done = CliRunner().invoke(cli.main, words)

    assert done.exit_code == 2
    assert said in done.output


def test_scenarios_are_listed_shown_and_checked(small):
    listed = CliRunner().invoke(cli.main, ["list"])
    shown = CliRunner().invoke(cli.main, ["show", "vote_storm"])
    checked = CliRunner().invoke(cli.main, ["check", str(small), "vote_storm"])

    assert "reconnect_storm" in listed.output
    assert shown.output == scenario_file.find("vote_storm").read_text()
    assert checked.exit_code == 0 and "20 sockets" in checked.output
