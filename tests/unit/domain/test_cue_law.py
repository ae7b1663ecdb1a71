"""The law of cues: each is called exactly once or dropped by its rule, whatever happens to the nodes.

Random schedules and random stories (controls that race with cues, holds, speakers who come and go, nodes that
are stale, skewed, killed and started again) run with the real clock runner on a simulated log. A judge
then reads the log with arithmetic of its own.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from itertools import combinations
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import Struct

from showcaller.domain import facts
from showcaller.domain.ids import EventId
from showcaller.domain.schedule import MINUTE_MS, CuePolicy, OverrunPolicy, QaPolicy, Schedule
from showcaller.domain.state import State
from showcaller.domain.timeline import side_by_side
from showcaller.show.clock_runner import next_due
from showcaller.testing.manual_clock import run_virtually
from showcaller.testing.schedules import schedule, session
from showcaller.testing.simulated_show import Network, SimulatedLog, SimulatedNode

START_MS = 1_000_000  # wall time of the first fact
PROMPT_MS = 60  # within which a node in good health calls what may be called
STALE_MS = 6_500  # at most, the age of what a node knows when its call arrives


class Story(Struct, frozen=True):
    """One run: its schedule, its nodes' networks, and everything that is done to it."""

    schedule: Schedule
    rate: int
    networks: list[Network]
    steps: list[tuple[Any, ...]]
    seed: int

    @property
    def healthy(self) -> bool:
        """Tell whether the first node always works and knows the time."""
        return self.networks[0] == Network() and not any(
            step[1] == "kill" and step[2] % len(self.networks) == 0 for step in self.steps
        )


# Making stories ----------------------------------------------------------------------------------

qa_policies = st.builds(
    QaPolicy,
    enabled=st.booleans(),
    opens=st.sampled_from(["doors_open", "started", "by_hand"]),
    closes_after_min=st.sampled_from([None, 0, 3]),
)
cue_policies = st.builds(
    CuePolicy,
    doors_open_min=st.integers(0, 4),
    starting_soon_min=st.sampled_from([(), (1,), (3, 1)]),
    ending_soon_min=st.integers(0, 2),
)
overrun_policies = st.builds(
    OverrunPolicy, policy=st.sampled_from(["wait", "end"]), after_min=st.integers(0, 3)
)
networks = st.one_of(
    st.just(Network()),
    st.builds(
        Network,
        skew_ms=st.sampled_from([-3000, -40, 0, 40, 3000]),
        latency_ms=st.sampled_from([1, 20, 300]),
        stall=st.sampled_from([0, 0.2, 0.6]),
        loss=st.sampled_from([0, 0.2]),
    ),
)
numbers = st.integers(0, 5)
controls = st.one_of(
    st.tuples(st.sampled_from(["start", "end", "skip", "reopen"]), numbers),
    st.tuples(st.sampled_from(["delay", "extend"]), numbers, st.integers(-6, 8)),
    st.tuples(st.just("undo")),
)
others = st.one_of(
    st.tuples(st.sampled_from(["publish", "unpublish", "qa"]), numbers),
    st.tuples(st.sampled_from(["hold", "resume", "replan"])),
    st.tuples(st.just("pause"), st.sampled_from([30, 1000])),
    st.tuples(st.just("announce"), st.integers(-2, 10)),
    st.tuples(st.sampled_from(["kill", "restart", "reboot"]), numbers),
)
# Time passes (of the show, of the wall), or the act happens close to when the next cue is due.
waits = st.one_of(
    st.tuples(st.just("min"), st.integers(0, 7)),
    st.tuples(st.just("ms"), st.integers(0, 4000)),
    st.tuples(st.just("due"), st.integers(-15, 25)),
)
step = st.builds(lambda wait, act: (wait, *act), waits, controls | others)
steps = st.lists(step, min_size=3, max_size=20)


@st.composite
def schedules(draw):
    sessions, minute = [], {"main": 4, "side": 6}
    for number in range(draw(st.integers(2, 6))):
        stage = draw(st.sampled_from(["main", "main", "side"]))
        start = minute[stage] + draw(st.sampled_from([0, 0, 2]))
        end = start + draw(st.integers(1, 7))
        kind = draw(st.sampled_from(["talk", "talk", "break"]))
        qa = draw(qa_policies)
        sessions.append(session(f"s{number}", start, end, stage=stage, kind=kind, qa=qa))
        minute[stage] = draw(st.sampled_from([end, end, start, start + 1]))
    return schedule(*sessions, cues=draw(cue_policies), overrun=draw(overrun_policies))


stories = st.builds(
    Story,
    schedule=schedules(),
    rate=st.sampled_from([1, 7, 60, 600]),
    networks=st.lists(networks, min_size=1, max_size=3),
    steps=steps,
    seed=st.integers(0, 2**32),
)

# Telling them ------------------------------------------------------------------------------------


class Stage:
    """The place of a story: the log, the nodes, and an author who knows the log's present state."""

    def __init__(self, story: Story) -> None:
        self.story = story
        self.rng = random.Random(story.seed)
        self.log = SimulatedLog(START_MS)
        self.present = State(event_id=EventId("event"))
        self.count = 0
        self.nodes: list[SimulatedNode | None] = [None] * len(story.networks)

    async def play(self) -> list[SimulatedNode]:
        """Play the whole story, then be quiet until nothing is left to call. Return the nodes."""
        self.write(
            facts.RunStarted(
                run="run",
                salt="s",
                schedule=self.story.schedule,
                mode="rehearsal",
                from_ms=0,
                rate=self.story.rate,
            )
        )
        for number in range(len(self.nodes)):
            self.boot(number, None)
        for wait, name, *args in self.story.steps:
            await self.wait(*wait)
            await getattr(self, f"do_{name}")(*args)
        await self.become_quiet()
        nodes = [node for node in self.nodes if node is not None]
        for node in nodes:
            await node.kill()
        return nodes

    def read(self):
        """Return the present run sheet."""
        for entry in self.log.entries[self.present.folded :]:
            self.present.apply(entry.offset, entry.at_ms, facts.decode_fact(entry.data))
        return self.present.runsheet

    def write(self, fact):
        self.count += 1
        self.log.append(f"author:{self.count}", fact)

    def boot(self, number, snapshot):
        state = None if snapshot is None else State.load(snapshot)
        node = SimulatedNode(self.log, self.story.networks[number], self.rng, state)
        self.nodes[number] = node
        node.start()

    async def wait(self, unit, amount):
        if unit == "min":
            amount *= MINUTE_MS / self.story.rate
        elif unit == "due":
            amount += self.until_next_due_ms()
        await asyncio.sleep(max(0, amount) / 1000)

    def until_next_due_ms(self):
        self.read()
        deadline_ms = next_due(self.present, self.log.now_ms()).deadline_ms
        return 0 if deadline_ms is None else deadline_ms - self.log.now_ms()

    async def become_quiet(self):
        for number, node in enumerate(self.nodes):
            if node is None:
                self.boot(number, None)
        if self.read().clock.held:
            await self.do_resume()
        for run in list(self.read().sessions.values()):
            for publication in run.publications:
                self.write(facts.PublicationStopped(session=run.id, publication=publication))
        length = -1
        while not self.is_quiet() and (self.until_next_due_ms() or length < len(self.log.entries)):
            length = len(self.log.entries)
            await asyncio.sleep((self.until_next_due_ms() + STALE_MS) / 1000)
        await asyncio.sleep(STALE_MS / 1000)

    def is_quiet(self):
        sheet = self.read()
        over = all(run.over for run in sheet.sessions.values())
        return over and not sheet.due_cues() and not self.present.announcements.due()

    # The acts

    async def do_start(self, number):
        self.control(facts.SessionStarted, number)

    async def do_end(self, number):
        self.control(facts.SessionEnded, number)

    async def do_skip(self, number):
        self.control(facts.SessionSkipped, number)

    async def do_reopen(self, number):
        self.control(facts.SessionReopened, number)

    async def do_delay(self, number, minutes):
        self.control(facts.SessionDelayed, number, minutes=minutes)

    async def do_extend(self, number, minutes):
        self.control(facts.SessionExtended, number, minutes=minutes)

    def session(self, number):
        sessions = self.story.schedule.sessions
        return sessions[number % len(sessions)].id

    def control(self, kind, number, **more):
        session = self.session(number)
        self.write(kind(session=session, control=f"c{self.count}", by="p", **more))

    async def do_undo(self):
        if control := self.read().last_control():
            self.write(facts.ControlUndone(control=control.id, by="p"))

    async def do_hold(self):
        self.write(facts.ClockHeld(by="p"))

    async def do_pause(self, ms):
        await self.do_hold()
        await asyncio.sleep(ms / 1000)
        await self.do_resume()

    async def do_resume(self):
        self.write(facts.ClockResumed(by="p"))

    async def do_replan(self):
        """Publish the schedule with everything two minutes later."""
        plan = self.read().schedule
        moved = [
            session(
                s.id,
                s.starts_at_ms // MINUTE_MS + 2,
                s.ends_at_ms // MINUTE_MS + 2,
                stage=s.stage,
                kind=s.kind,
                qa=s.qa,
            )
            for s in plan.sessions
        ]
        later = schedule(*moved, cues=plan.cues, overrun=plan.overrun)
        self.write(facts.SchedulePublished(schedule=later))

    async def do_publish(self, number):
        self.write(facts.PublicationStarted(session=self.session(number), publication="m", by="s"))

    async def do_unpublish(self, number):
        self.write(facts.PublicationStopped(session=self.session(number), publication="m"))

    async def do_qa(self, number):
        self.write(facts.QaOpened(session=self.session(number), by="m"))

    async def do_announce(self, in_min):
        at_ms = self.read().clock.show_at(self.log.now_ms()) + in_min * MINUTE_MS
        self.write(
            facts.AnnouncementMade(announcement=f"n{self.count}", text="!", by="m", at_ms=at_ms)
        )

    async def do_kill(self, number):
        number %= len(self.nodes)
        if (node := self.nodes[number]) is not None:
            self.nodes[number] = None
            await node.kill()

    async def do_restart(self, number):
        """Start a new process, which folds the log from its start."""
        number %= len(self.nodes)
        if self.nodes[number] is None:
            self.boot(number, None)

    async def do_reboot(self, number):
        """Kill a node and start it again at once, from a snapshot."""
        number %= len(self.nodes)
        if (node := self.nodes[number]) is not None:
            await node.kill()
            self.boot(number, b"".join(node.state.dump()))


# Judging them ------------------------------------------------------------------------------------


class Judge:
    """Reads the log once more, entry by entry."""

    def __init__(self, story: Story) -> None:
        self.healthy = story.healthy
        self.rate = story.rate
        self.state = State(event_id=EventId("event"))
        self.told = Counter()
        self.taken_back = Counter()
        self.announced = Counter()
        self.ran_ms = 0  # wall time during which the clock ran
        self.running_since_ms = START_MS
        self.callable_since: dict[tuple[str, str, int], int] = {}
        self.last_news_ms = START_MS

    def read(self, entries):
        for entry in entries:
            self.read_entry(entry, facts.decode_fact(entry.data))

    def show_ms(self, at_ms):
        running = 0 if self.running_since_ms is None else at_ms - self.running_since_ms
        return (self.ran_ms + running) * self.rate

    def read_entry(self, entry, fact):
        called = self.called()
        outcome = self.state.apply(entry.offset, entry.at_ms, fact)
        self.follow_clock(entry.at_ms, fact, outcome)
        self.judge_told(entry.at_ms, fact, outcome)
        self.judge_taken_back(called, fact)
        self.judge_stages()
        self.judge_early(entry.at_ms, fact, outcome)
        if self.healthy:
            self.judge_promptness(entry.at_ms, fact, outcome)
        self.announced.update(outcome.announced)

    def called(self):
        if self.state.runsheet is None:
            return set()
        runs = self.state.runsheet.sessions.values()
        return {(r.id, n) for r in runs for n, c in r.cues.items() if c.called_ms is not None}

    def follow_clock(self, at_ms, fact, outcome):
        if outcome.refused is not None:
            return
        if isinstance(fact, facts.ClockHeld):
            self.ran_ms += at_ms - self.running_since_ms
            self.running_since_ms = None
        elif isinstance(fact, facts.ClockResumed):
            self.running_since_ms = at_ms

    def judge_told(self, at_ms, fact, outcome):
        """Nothing is told early, or while the clock is held unless the producer does it."""
        for event in outcome.cues:
            self.told[event.session, event.cue] += 1
            assert event.show_ms <= self.show_ms(at_ms)
            assert event.due_ms + event.late_ms == at_ms and event.late_ms >= 0
            if isinstance(fact, facts.CueCalled):
                assert self.running_since_ms is not None
                self.judge_not_cut(event)

    def judge_not_cut(self, event):
        """The clock ends nobody who is still on air, unless the policy says so."""
        sheet = self.state.runsheet
        if event.cue == "ended" and sheet.schedule.overrun.policy == "wait":
            assert not sheet.sessions[event.session].publications

    def judge_taken_back(self, called, fact):
        """Only an undo or a reopening makes something uncalled again, and what ends an overrun."""
        for taken_back in called - self.called():
            self.taken_back[taken_back] += 1
            undoes = isinstance(fact, facts.ControlUndone | facts.SessionReopened)
            assert taken_back[1] == "overrunning" or undoes

    def judge_stages(self):
        """On each stage one session is live at most, but for those that were planned side by side."""
        sheet = self.state.runsheet
        live = [sheet.plan(run.id) for run in sheet.sessions.values() if run.live]
        for one, other in combinations(live, 2):
            assert one.stage != other.stage or side_by_side(one, other)

    def judge_early(self, at_ms, fact, outcome):
        """The broker's clock keeps fast nodes back: only a node that lacks news calls early."""
        if outcome.refused is None:
            self.last_news_ms = at_ms
        elif outcome.refused.code == "early_cue":
            assert at_ms - self.last_news_ms <= STALE_MS

    def judge_promptness(self, at_ms, fact, outcome):
        """With a healthy node nothing waits long once it may be called."""
        now_callable = {}
        sheet = self.state.runsheet
        for due in [] if sheet.clock.held else sheet.due_cues():
            key = (due.session, due.cue, sheet.clock.wall_for(due.due_ms))
            now_callable[key] = self.callable_since.get(key, at_ms)
        for key, since_ms in self.callable_since.items():
            if key[:2] == called_by(fact, outcome):
                since_ms = max(since_ms, key[2])
                assert at_ms - since_ms <= PROMPT_MS
                self.judge_missed(fact, since_ms)
        self.callable_since = now_callable

    def judge_missed(self, fact, since_ms):
        """No session is missed while somebody is awake, unless it was too late from the beginning."""
        run = self.state.runsheet.sessions[fact.session]
        if fact.cue == "started" and run.cues["started"].dropped:
            assert run.expected_end_ms - self.show_ms(since_ms) <= PROMPT_MS * self.rate

    def judge_end(self, nodes):
        for node in nodes:
            assert node.state.folded == self.state.folded
            assert node.state == self.state
        assert not self.state.runsheet.due_cues()
        assert not self.state.announcements.due()
        for run in self.state.runsheet.sessions.values():
            self.judge_session(run)
        for announcement in self.state.announcements.by_id:
            assert self.announced[announcement] == 1

    def judge_session(self, run):
        assert run.over
        for name, cue in run.cues.items():
            assert not cue.pending
            times = self.told[run.id, name]
            if cue.called_ms is not None and not cue.dropped:
                assert 1 <= times <= 1 + self.taken_back[run.id, name]
            else:
                assert times <= self.taken_back[run.id, name]
        if run.actual_start_ms is not None:
            assert self.told[run.id, "started"] >= 1
            assert self.told[run.id, "ended"] >= 1
        elif run.state == "ended":
            assert run.cues["started"].dropped and run.cues["ended"].dropped


def called_by(fact, outcome):
    if outcome.refused is None and isinstance(fact, facts.CueCalled):
        return fact.session, fact.cue
    return None


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(stories)
def test_every_cue_is_called_exactly_once_or_dropped_by_its_rule(story):
    async def play():
        stage = Stage(story)
        return stage.log, await stage.play()

    log, nodes = run_virtually(play())
    judge = Judge(story)
    judge.read(log.entries)
    judge.judge_end(nodes)
