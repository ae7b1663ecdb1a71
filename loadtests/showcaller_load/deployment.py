"""The deployment under test: a server that the tool starts, or a deployment that runs elsewhere."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import shutil
import signal
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

from showcaller.errors import ConfigError, Unavailable

from . import processes
from .api import Api
from .results import ProcessSample
from .scenario import FaultPlan, ServerPlan
from .started import StartedRedis, StartedServe, free_port
from .tokens import Minted, TokenSource

EVENT_FILE = Path(__file__).with_name("event.yaml")
REHEARSE_FROM = "09:08"  # the first of the short sessions begins two minutes later
SPARE_CONNECTIONS = 1_000
RESTART_AFTER_S = 1.0  # as a service manager would


class Deployment(Protocol):
    url: str
    event: str
    session: str
    description: str
    tokens: TokenSource

    async def start(self) -> None:
        """Raises `ConfigError`, `Unavailable`."""

    async def stop(self) -> None: ...

    async def cause(self, fault: FaultPlan) -> str:
        """Do it; what was done, in words."""

    async def sample(self, api: Api, t_s: float) -> tuple[list[ProcessSample], float | None]:
        """Return what its processes use, and the worst loop lag in ms."""


@contextlib.contextmanager
def on_cores(cores: Sequence[int]) -> Iterator[None]:
    """Processes started inside run on these cores; without any, wherever the kernel likes."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores or before)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


class OwnDeployment:
    """`showcaller serve` on this machine, with a redis-server of its own where the plan wants one."""

    def __init__(self, plan: ServerPlan, session: str, sockets: int, cores: Sequence[int]) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.event = "load"
        self.session = session
        secret = secrets.token_urlsafe(48)
        self.tokens: TokenSource = Minted(secret, self.event)
        self._plan = plan
        self._cores = cores
        self._folder = Path(tempfile.mkdtemp(prefix="showcaller-load-"))
        self._shares = processes.Shares()
        self._redis = StartedRedis() if plan.broker == "redis" else None
        options = [str(EVENT_FILE), *self._options(sockets)]
        self._server = StartedServe(options, data=self._folder, secret=secret)
        told = " ".join(word for word in plan.options)
        self.description = f"showcaller serve, broker {plan.broker}, workers {plan.workers}" + (
            f", {told}" if told else ""
        )

    def _options(self, sockets: int) -> list[str]:
        options = ["--rehearse-from", REHEARSE_FROM, "--media-workers", "0"]
        options += ["--port", str(self.port), "--log-level", "warning"]
        options += ["--max-connections", str(sockets + SPARE_CONNECTIONS)]
        if self._plan.workers > 1:
            options += ["--workers", str(self._plan.workers)]
        if self._redis is not None:
            options += ["--broker", self._redis.url]
        return [*options, *self._plan.options]

    async def start(self) -> None:
        if self._redis is not None and shutil.which("redis-server") is None:
            raise ConfigError("this scenario needs redis-server on the PATH, or a running --url")
        try:
            with on_cores(self._cores):
                if self._redis is not None:
                    self._redis.start()
                await self._server.start()
        except (RuntimeError, TimeoutError) as error:
            raise Unavailable(f"the server did not start: {error}") from error

    async def stop(self) -> None:
        with contextlib.suppress(TimeoutError, ProcessLookupError, AssertionError):
            await self._server.stop()
        if self._redis is not None:
            await asyncio.to_thread(self._redis.remove)
        shutil.rmtree(self._folder, ignore_errors=True)

    # Faults ---------------------------------------------------------------------------------------

    async def cause(self, fault: FaultPlan) -> str:
        if fault.do == "kill_redis":
            return await self._kill_redis(fault.for_s)
        if fault.do == "rolling_restart":
            return await self._roll()
        return await self._kill_worker(fault.for_s)

    async def _kill_redis(self, for_s: float) -> str:
        if self._redis is None:
            raise ConfigError("kill_redis needs `broker: redis`")
        await asyncio.to_thread(self._redis.kill)
        await asyncio.sleep(for_s)
        with on_cores(self._cores):
            await asyncio.to_thread(self._redis.start)
        return f"killed redis-server (SIGKILL), and started it again after {for_s:g} s"

    async def _roll(self) -> str:
        if self._plan.workers > 1:
            os.kill(self._server.pid, signal.SIGHUP)
            return "rolling restart: SIGHUP to serve"
        await self._server.stop()
        with on_cores(self._cores):
            await self._server.start()
        return "restarted the only worker: SIGTERM, then serve again"

    async def _kill_worker(self, for_s: float) -> str:
        workers = [
            (name, pid)
            for pid, name in processes.tree(self._server.pid).items()
            if name.startswith("worker")
        ]
        if workers:
            name, pid = sorted(workers)[-1]
            os.kill(pid, signal.SIGKILL)
            return f"killed {name} (SIGKILL); serve starts another"
        self._server.kill()
        await self._server.wait()
        for_s = for_s or RESTART_AFTER_S
        await asyncio.sleep(for_s)
        with on_cores(self._cores):
            await self._server.start()
        return f"killed serve (SIGKILL), and started it again after {for_s:g} s"

    # Samples --------------------------------------------------------------------------------------

    async def sample(self, api: Api, t_s: float) -> tuple[list[ProcessSample], float | None]:
        metrics = await api.metrics()
        return self._own_samples(t_s), metrics.lag_ms if metrics is not None else None

    def _own_samples(self, t_s: float) -> list[ProcessSample]:
        roots = [self._server.pid] + ([self._redis.pid] if self._redis is not None else [])
        samples = []
        for root in roots:
            for pid, name in processes.tree(root).items() if root else ():
                used = processes.usage(pid)
                sample = self._shares.sample(t_s, name, pid, used) if used is not None else None
                if sample is not None:
                    samples.append(sample)
        return samples


class RunningDeployment:
    """A deployment that is not ours: it is only talked to. Faults are commands of the operator's.

    `commands`: what to run for a fault, such as `{"rolling_restart": ["systemctl", "reload", …]}`, in place
    of the scenario's own. A fault without a command is told to the operator, at its moment.
    """

    def __init__(
        self,
        url: str,
        event: str,
        session: str,
        tokens: TokenSource,
        commands: dict[str, list[str]],
    ) -> None:
        self.url = url.rstrip("/")
        self.event = event
        self.session = session
        self.tokens = tokens
        self.description = f"{self.url}, event {event}"
        self._commands = commands
        self._shares = processes.Shares()

    async def start(self) -> None:
        """Find out what was not named: the event, and a session that takes questions now."""
        async with Api(self.url) as api:
            self.event = self.event or await _first_event(api)
            self.session = self.session or await _open_session(api, self.event)
        self.description = f"{self.url}, event {self.event}"

    async def stop(self) -> None:
        return

    async def cause(self, fault: FaultPlan) -> str:
        words = self._commands.get(fault.do) or fault.command
        if not words:
            return f"operator: {fault.do.replace('_', ' ')} now"
        process = await asyncio.create_subprocess_exec(*words)
        code = await process.wait()
        return f"{fault.do}: {' '.join(words)} (exit code {code})"

    async def sample(self, api: Api, t_s: float) -> tuple[list[ProcessSample], float | None]:
        metrics = await api.metrics()
        if metrics is None:
            return [], None
        samples = [self._shares.sample(t_s, name, 0, used) for name, used in metrics.usage.items()]
        return [sample for sample in samples if sample is not None], metrics.lag_ms


async def _first_event(api: Api) -> str:
    events = await api.events()
    if len(events) != 1:
        raise ConfigError(f"name the event with --event: {', '.join(events) or 'there is none'}")
    return events[0]


async def _open_session(api: Api, event: str) -> str:
    for session in await api.sessions(event):
        if session["qa"] == "open":
            return str(session["id"])
    raise ConfigError("no session takes questions now: open one's Q&A, or name one with --session")
