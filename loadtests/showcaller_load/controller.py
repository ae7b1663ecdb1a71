"""Runs a scenario: starts what is needed, lets it happen, and asks everybody for their ledgers.

start the servers → start the generators → questions that must be there → the run, with its faults
→ settle: everybody whole, everything answered → a witness joins → ledgers, the log → the verdict
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Awaitable, Sequence
from datetime import UTC, datetime

from msgspec import Struct
from msgspec.structs import replace

from showcaller import __version__
from showcaller.errors import ConfigError, ShowcallerError, Unavailable

from . import orders
from .api import Api
from .checks import failures, judge, verdict
from .crowd_numbers import FIRST_STAFF, WITNESS
from .deployment import Deployment
from .evidence import Evidence
from .generators import Generator, start_here, start_there
from .orders import Plan
from .results import Fault, Machine, ProcessSample, Result, Watcher
from .scenario import BY_GENERATORS, OF_ATTENDEES, Action, FaultPlan, Scenario
from .summary import Summary, why_invalid
from .tokens import Pass
from .verdict import NEEDS_LOG, Findings, compare, resets

SOCKETS_A_GENERATOR = 2_500  # where there are cores enough
QUESTIONS_EACH = 3  # that one person may ask at once
STAFF_PER_S = 5.0  # commands of one moderator, well below what is allowed
TOKENS_A_MESSAGE = 2_000
PREPARED_WITHIN_S = 60.0
BEGINS_AFTER_S = 0.5
TICKS_WITHIN_S = 3.0
STOPPED_SETTLE_S = 5.0
QUIET_S = 1.5  # after the last answer: tallies and what else is on its way


class Settings(Struct, frozen=True, kw_only=True):
    """A call's additions to its scenario."""

    generators: int = 0  # 0: as many as are needed
    agents: tuple[str, ...] = ()  # HOST:PORT each
    agent_key: bytes = b""
    cores: tuple[int, ...] = ()  # of the generators here; none: wherever the kernel likes
    local_cores: int = 1  # how many generators may compute at once here


class Controller:
    """`await run()` gives the result. `stop` ends a run early, in order."""

    def __init__(
        self, scenario: Scenario, deployment: Deployment, settings: Settings, watcher: Watcher
    ) -> None:
        self._scenario = scenario
        self._deployment = deployment
        self._settings = settings
        self._watcher = watcher
        self._stop = asyncio.Event()
        self._summary = Summary()
        self._faults: list[Fault] = []
        self._generators: list[Generator] = []
        self._people: dict[int, Pass] = {}
        self._run = secrets.token_hex(3)
        self._zero_s = time.monotonic()
        self._began_s = 0.0

    def stop(self) -> None:
        self._stop.set()

    async def run(self) -> Result:
        """Run it and judge it: once it has begun there is a result, whatever fails.

        Raises `ConfigError`, and `Unavailable` when something can't be started.
        """
        started_at = datetime.now(UTC)
        try:
            self._watcher.on_phase(f"starting {self._deployment.description}")
            await self._deployment.start()
            await self._start_generators()
            async with Api(self._deployment.url) as api:
                await self._prepare()
                evidence = Evidence(self._generators, self._watcher)
                try:
                    await self._play(api)
                    await self._settle(api)
                except Unavailable as error:
                    evidence.doubt(error.message)
                result = await self._judge(api, started_at, evidence)
        finally:
            await asyncio.gather(*(generator.close() for generator in self._generators))
            await self._deployment.stop()
        self._watcher.on_done(result)
        return result

    # Before ---------------------------------------------------------------------------------------

    async def _start_generators(self) -> None:
        size = self._scenario.audience.size
        first = [
            await start_there(agent, self._settings.agent_key) for agent in self._settings.agents
        ]
        if not first:
            first = [start_here(self._settings.cores)]
        self._generators += first
        abouts = [await generator.open() for generator in first]
        count = self._wanted(size, abouts)
        while len(self._generators) < count:
            place = len(self._generators)
            if self._settings.agents:
                agent = self._settings.agents[place % len(self._settings.agents)]
                generator = await start_there(agent, self._settings.agent_key)
            else:
                generator = start_here(self._settings.cores)
            self._generators.append(generator)
            await generator.open()
        for generator in self._generators:
            generator.sync()

    def _wanted(self, size: int, abouts: Sequence[orders.Ready]) -> int:
        """Return how many generators: as many as sockets need, and as help where there are cores."""
        most = min(about.most_sockets for about in abouts)
        if most < 1:
            raise ConfigError("a generator may open no files: raise `ulimit -Hn` to 20200")
        needed = -(-size // most)
        if self._settings.agents:
            cores = sum(max(1, about.machine.cores - 1) for about in abouts)
        else:
            cores = self._settings.local_cores
        wanted = self._settings.generators or min(cores, -(-size // SOCKETS_A_GENERATOR))
        return max(needed, wanted, len(abouts), 1)

    async def _prepare(self) -> None:
        scenario = self._scenario
        self._watcher.on_phase(f"preparing {scenario.audience.size:,} attendees")
        passes = self._deployment.tokens.take(scenario.audience.size, "attendee")
        staff = self._deployment.tokens.take(self._staff_needed(), "moderator")
        askers = self._deployment.tokens.take(-(-scenario.questions // QUESTIONS_EACH), "attendee")
        self._producer = self._deployment.tokens.take(1, "producer")[0]
        self._people = dict(enumerate(passes))
        self._people[WITNESS] = self._deployment.tokens.take(1, "attendee")[0]
        for place, one in enumerate((*staff, *askers)):
            self._people[FIRST_STAFF - place] = one
        step = len(self._generators)
        for first, generator in enumerate(self._generators):
            mine = passes[first::step]
            helpers = (staff, askers) if first == 0 else ([], [])
            generator.tell(self._plan(first, step, len(mine), *helpers))
            for at in range(0, len(mine), TOKENS_A_MESSAGE):
                tokens = [one.token for one in mine[at : at + TOKENS_A_MESSAGE]]
                generator.tell(orders.People(tokens=tokens))
            generator.tell(orders.Prepare())
        for generator in self._generators:
            what = "could not bring in the staff and the first questions"
            await self._unless_stopped(
                generator.wait_for(generator.prepared, PREPARED_WITHIN_S, what)
            )

    def _staff_needed(self) -> int:
        per_s = sum(
            action.per_s for action in self._scenario.actions if action.do not in OF_ATTENDEES
        )
        return max(1, -(-int(per_s) // int(STAFF_PER_S)))

    def _plan(
        self, first: int, step: int, count: int, staff: Sequence[Pass], askers: Sequence[Pass]
    ) -> Plan:
        scenario = self._scenario
        session = self._deployment.session
        return Plan(
            run=self._run,
            url=self._deployment.url,
            event=self._deployment.event,
            session=session,
            channels=scenario.channels_of(session),
            first=first,
            step=step,
            count=count,
            grows=list(scenario.audience.grows),
            msgpack_share=scenario.audience.msgpack_share,
            skew_ms=scenario.audience.skew_ms,
            drift_ppm=scenario.audience.drift_ppm,
            actions=_share(scenario.actions, count / scenario.audience.size, is_first=first == 0),
            faults=[fault for fault in scenario.faults if fault.do in BY_GENERATORS],
            questions=scenario.questions if first == 0 else 0,
            staff=[one.token for one in staff],
            askers=[one.token for one in askers],
            zero_ms=self._zero_s * 1000,
            wall_ms=time.time() * 1000 - (time.monotonic() - self._zero_s) * 1000,
        )

    # The run --------------------------------------------------------------------------------------

    async def _play(self, api: Api) -> None:
        scenario = self._scenario
        self._began_s = time.monotonic() + BEGINS_AFTER_S
        at_ms = (self._began_s - self._zero_s) * 1000
        for generator in self._generators:
            generator.tell(orders.Begin(at_ms=at_ms))
        self._watcher.on_phase(f"running {scenario.name} for {scenario.duration_s:g} s")
        causing = asyncio.create_task(self._cause_faults(), name="faults")
        try:
            t_s = 0
            while t_s < scenario.duration_s and not self._stop.is_set():
                await self._second(api, t_s)
                t_s += 1
            if not self._stop.is_set():
                await causing
        finally:
            causing.cancel()
            await asyncio.gather(causing, return_exceptions=True)

    async def _second(self, api: Api, t_s: int) -> None:
        """Await the second's end, and what everybody tells of it."""
        await asyncio.sleep(max(0.0, self._began_s + t_s + 1 - time.monotonic()))
        for generator in self._generators:
            generator.sync()
        samples, lag_ms = await self._deployment.sample(api, t_s + 1)
        ticks = await self._ticks(t_s)
        self._tell(t_s, ticks, lag_ms, samples)

    async def _ticks(self, t_s: int) -> list[orders.Tick]:
        """All generators' reports of that second; of one that is very late, none."""
        deadline_s = time.monotonic() + TICKS_WITHIN_S
        while any(t_s not in generator.ticks for generator in self._generators):
            for generator in self._generators:
                generator.check()
            if time.monotonic() > deadline_s:
                break
            await asyncio.sleep(0.02)
        return [one.ticks.pop(t_s) for one in self._generators if t_s in one.ticks]

    def _tell(
        self, t_s: int, ticks: list[orders.Tick], lag_ms: float | None, samples: list[ProcessSample]
    ) -> None:
        second = self._summary.take(t_s, ticks, lag_ms, samples)
        self._watcher.on_second(second, samples)

    async def _cause_faults(self) -> None:
        """The servers' faults at their moments; those of attendees are only noted here."""
        async with asyncio.TaskGroup() as group:
            for fault in self._scenario.faults:
                group.create_task(self._cause(fault))

    async def _cause(self, fault: FaultPlan) -> None:
        await asyncio.sleep(max(0.0, self._began_s + fault.at_s - time.monotonic()))
        t_s = time.monotonic() - self._began_s
        try:
            own = fault.do in BY_GENERATORS
            what = _words(fault) if own else await self._deployment.cause(fault)
        except (ShowcallerError, RuntimeError, OSError) as error:
            what = f"{fault.do} failed: {error}"
        found = Fault(t_s=t_s, what=what)
        self._faults.append(found)
        self._watcher.on_fault(found)

    async def _settle(self, api: Api) -> None:
        """Wait until everybody is whole and answered, and nobody lacks what others have."""
        for generator in self._generators:
            generator.tell(orders.Settle())
        self._watcher.on_phase("settling: until everybody is whole and everything is answered")
        t_s = len(self._summary.seconds)
        quiet_since_s = None
        most_s = STOPPED_SETTLE_S if self._stop.is_set() else self._scenario.settle_s
        deadline_s = time.monotonic() + most_s
        while time.monotonic() < deadline_s:
            await self._second(api, t_s)
            t_s += 1
            if not self._is_quiet():
                quiet_since_s = None
                continue
            quiet_since_s = quiet_since_s or time.monotonic()
            if time.monotonic() - quiet_since_s >= QUIET_S:
                return

    def _is_quiet(self) -> bool:
        newest = [generator.newest_tick for generator in self._generators]
        return all(tick is not None and not (tick.behind or tick.unanswered) for tick in newest)

    async def _unless_stopped(self, work: Awaitable[None]) -> None:
        """Raises `Unavailable` when the run is stopped meanwhile: there is nothing to tell of yet."""
        stopping = asyncio.create_task(self._stop.wait())
        working = asyncio.ensure_future(work)
        await asyncio.wait({stopping, working}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if not working.done():
            working.cancel()
            raise Unavailable("stopped before the run began")
        working.result()

    # After ----------------------------------------------------------------------------------------

    async def _judge(self, api: Api, started_at: datetime, evidence: Evidence) -> Result:
        self._watcher.on_phase("comparing everybody's ledger with the log")
        frozen_uses = [one.use.told() for one in self._generators if one.use is not None]
        findings, values = await self._compare(api, evidence)
        checks = judge(self._summary.values() | values, self._scenario.limits)
        broken = evidence.broken + failures(checks)
        doubts = evidence.doubts + why_invalid(frozen_uses)
        found = verdict(checks, evidence.broken, doubts, is_stopped=self._stop.is_set())
        totals = self._summary.totals
        for generator in self._generators:
            totals.update(generator.ledgers.counts)
        return Result(
            tool_version=__version__,
            scenario=self._scenario.name,
            scenario_yaml=self._scenario.yaml,
            audience=self._scenario.audience.size,
            duration_s=self._scenario.duration_s,
            target=self._deployment.description,
            started_at=started_at.isoformat(timespec="seconds"),
            took_s=round(time.monotonic() - self._zero_s, 1),
            machines=self._machines(),
            verdict=found,
            why=doubts + broken if found == "invalid" else broken + doubts,
            checks=checks,
            latencies={n: found.percentiles() for n, found in self._summary.latencies.items()},
            histograms={n: found.buckets() for n, found in self._summary.latencies.items()},
            seconds=self._summary.seconds,
            processes=self._summary.processes,
            faults=self._faults,
            findings=findings.first,
            finding_counts=dict(findings.counts),
            generators=frozen_uses,
            totals=dict(totals),
        )

    async def _compare(
        self, api: Api, evidence: Evidence
    ) -> tuple[Findings, dict[str, float | None]]:
        """Hold the ledgers against the log; return what was found, and the figures of it."""
        await evidence.bring_in_witness(self._people[WITNESS].token)
        ledgers = await evidence.ledgers()
        truth = await evidence.truth(api, self._deployment.event, self._producer.token)
        people = {number: one.person for number, one in self._people.items()}
        findings = compare(ledgers, truth, people, self._deployment.session)
        values: dict[str, float | None] = {**findings.counts, "resets": resets(ledgers)}
        if truth is None:
            values |= {kind: values[kind] or None for kind in NEEDS_LOG}
        return findings, values

    def _machines(self) -> list[Machine]:
        found = {one.about.machine.host: one.about.machine for one in self._generators if one.about}
        return list(found.values())


def _share(actions: Sequence[Action], share: float, *, is_first: bool) -> list[Action]:
    """Return one generator's part of the actions; those of the staff are all the first one's."""
    return [
        replace(action, per_s=action.per_s * share) if action.do in OF_ATTENDEES else action
        for action in actions
        if is_first or action.do in OF_ATTENDEES
    ]


def _words(fault: FaultPlan) -> str:
    if fault.do == "cut":
        return f"cut {fault.share:.0%} of the connections"
    return f"{fault.share:.0%} of the attendees read nothing for {fault.for_s:g} s"
