"""One worker's place, with real workers that hang: at the start, while they serve, and at the end."""

import os
import signal

import aiohttp
import pytest

from showcaller.settings import Settings
from showcaller.testing.redis_server import RedisServer
from showcaller.testing.serving import SECRET
from showcaller.testing.until import until
from showcaller.workers import process
from showcaller.workers.port import Port
from showcaller.workers.process import WorkerProcess
from showcaller.workers.slot import Slot
from showcaller.workers.supervisor_metrics import SupervisorMetrics
from showcaller.workers.worker_messages import ServingConfig


class Place:
    """A slot, and the workers that were started in it."""

    def __init__(self, settings, folder):
        self.started = []
        self.hang_next = False
        self.stuck_after_s = process.STUCK_AFTER_S
        self._port = Port(settings.host, 0)
        self._settings = settings
        self._folder = folder
        self._measures = SupervisorMetrics(1)
        self.slot = Slot(0, self._port, self._launch, self._measures, drain_timeout_s=0.2)

    async def _launch(self, number, listeners):
        config = ServingConfig(
            number=number,
            settings=self._settings,
            listeners=listeners,
            measurements=self._folder,
            supervisor=os.getpid(),
            log_level="info",
        )
        worker = await WorkerProcess.start(config)
        worker.stuck_after_s = self.stuck_after_s
        self.started.append(worker)
        if self.hang_next:
            self.hang(worker)
        return worker

    def hang(self, worker):
        os.kill(worker.process.pid, signal.SIGSTOP)

    async def start(self):
        self.url = (await self.slot.start())["url"]

    async def answers(self):
        async with aiohttp.ClientSession() as http, http.get(self.url + "/healthz") as answer:
            return answer.status == 200

    def missing(self):
        return self._measures.registry.get_sample_value("showcaller_workers_missing")

    async def close(self):
        await self.slot.stop()
        self._port.close()


@pytest.fixture
async def place(schedule_path, tmp_path):
    async with RedisServer() as redis:
        settings = Settings(
            schedules=(schedule_path,),
            broker=redis.url,
            secret=SECRET,
            rehearse_from="-2m",
            media_workers=0,
            drain_timeout_s=0.2,
        )
        place = Place(settings, tmp_path)
        await place.start()
        yield place
        await place.close()


async def test_a_replacement_that_hangs_is_given_up(place):
    place.hang_next = True
    assert not await place.slot.replace(ready_within_s=0.5)
    first, second = place.started
    assert second.ended.result() == -signal.SIGKILL
    assert not first.ended.done()
    assert await place.answers()


async def test_a_worker_that_hangs_is_replaced(place):
    place.stuck_after_s = 6.0
    assert await place.slot.replace()
    place.hang(place.started[-1])
    await until(lambda: len(place.started) == 3)
    assert place.missing() == 1
    assert place.started[1].ended.result() == -signal.SIGKILL
    await until(lambda: place.missing() == 0)
    assert await place.answers()


async def test_a_worker_that_does_not_stop_is_killed(place, monkeypatch):
    place.hang(place.started[0])
    monkeypatch.setattr(place.slot, "_stop_within_s", 0.3)
    await place.slot.stop()
    assert place.started[0].ended.result() == -signal.SIGKILL


async def test_a_worker_that_dies_while_it_is_replaced(place):
    """Its replacement takes over, and nobody else is started."""
    first = place.started[0]
    os.kill(first.process.pid, signal.SIGKILL)
    assert await place.slot.replace()
    await until(lambda: first.ended.done())
    assert await place.slot.replace()
    assert await place.answers()
    assert len([one for one in place.started if not one.ended.done()]) == 1
