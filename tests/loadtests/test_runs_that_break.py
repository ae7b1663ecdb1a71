"""There is a report whatever breaks: servers die for good, an export fails, a generator ends."""

import asyncio
import os
import signal

import pytest
from aiohttp import web
from showcaller_load import evidence
from showcaller_load.api import Api
from showcaller_load.controller import Controller, Settings
from showcaller_load.deployment import EVENT_FILE, OwnDeployment, RunningDeployment
from showcaller_load.results import Result
from showcaller_load.scenario import NEVER, Action, Audience, FaultPlan, Point, Scenario
from showcaller_load.tokens import Minted

from showcaller.errors import ConfigError, Unavailable
from showcaller.testing.meddling_proxy import MeddlingProxy
from showcaller.testing.serving import SECRET, ServeProcess

from .meddled import Deaf

pytestmark = pytest.mark.usefixtures("busy_machine", "impatient")
SIZE = 10


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr(evidence, "WITNESSED_WITHIN_S", 1.0)


def scenario(*faults):
    return Scenario(
        name="broken",
        summary="",
        duration_s=2,
        settle_s=1,
        session="talk",
        questions=1,
        audience=Audience(
            grows=(Point(0.2, SIZE),), channels=("agenda", "session/{session}/questions")
        ),
        actions=(Action(do="vote", per_s=20, from_s=0.5, until_s=2),),
        faults=faults,
        limits=dict(NEVER),
    )


async def played(plan, deployment) -> Result:
    result = await Controller(plan, deployment, Settings(), Deaf()).run()
    assert Result.from_json(result.to_json()) == result
    assert sum(second.joins for second in result.seconds) >= SIZE
    return result


class Mortal(OwnDeployment):
    """A server that is killed, and that nobody starts again."""

    async def cause(self, fault):
        self._server.kill()
        await self._server.wait()
        return "killed serve for good"


async def test_a_server_that_dies_for_good_fails_with_a_report():
    plan = scenario(FaultPlan(at_s=1.0, do="kill_worker"))
    result = await played(plan, Mortal(plan.server, plan.session, SIZE, []))

    assert result.verdict == "fail"
    assert [fault.what for fault in result.faults] == ["killed serve for good"]
    assert result.finding_counts["unanswered"] >= SIZE  # nobody is back
    assert any(reason.startswith("nobody could join at the end") for reason in result.why)
    assert any("the log could not be read" in reason for reason in result.why)
    assert any(reason.startswith("lost was not measured") for reason in result.why)


async def test_a_proxy_whose_servers_are_dead_fails_with_a_report(tmp_path):
    plan = scenario(FaultPlan(at_s=1.0, do="kill_worker"))
    options = ("--rehearse-from", "09:08", "--media-workers", "0")
    async with ServeProcess(EVENT_FILE, *options, data=tmp_path / "data") as server:
        async with MeddlingProxy(server.port, lambda person: None) as proxy:

            class Behind(RunningDeployment):
                async def cause(self, fault):
                    server.kill()
                    await server.wait()
                    return "killed all servers"

            url, source = f"http://127.0.0.1:{proxy.port}", Minted(SECRET, "load")
            result = await played(plan, Behind(url, "load", "talk", source, {}))

    assert result.verdict == "fail"
    assert any("the log could not be read" in reason for reason in result.why)


async def test_a_generator_that_ends_leaves_a_report_that_judges_nobody_of_its_own():
    plan = scenario()
    deployment = OwnDeployment(plan.server, plan.session, SIZE, [])
    controller = Controller(plan, deployment, Settings(generators=2), Deaf())
    running = asyncio.create_task(controller.run())
    while len(controller._summary.seconds) < 1:
        await asyncio.sleep(0.05)
        assert not running.done()
    os.kill(controller._generators[1].use.pid, signal.SIGKILL)
    result = await running

    assert result.verdict == "invalid"
    assert any("a generator failed" in reason for reason in result.why)
    assert result.finding_counts["unanswered"] == 0


@pytest.mark.parametrize(("status", "error"), [(502, Unavailable), (403, ConfigError)])
async def test_an_export_that_is_refused_says_whose_fault_it_is(status, error):
    async def refuse(_):
        return web.Response(status=status)

    app = web.Application()
    app.router.add_get("/{path:.*}", refuse)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    async with Api(f"http://127.0.0.1:{runner.addresses[0][1]}") as api:
        with pytest.raises(error, match=f"answered with {status}"):
            await api.export("load", "token")
    await runner.cleanup()
