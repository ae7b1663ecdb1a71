from __future__ import annotations

import asyncio
import random
from itertools import pairwise

import pytest

from showcaller.broker.base import NotYet
from showcaller.domain import facts
from showcaller.domain.ids import EventId
from showcaller.domain.schedule import MINUTE_MS
from showcaller.domain.state import State
from showcaller.errors import StorageFull, Unavailable
from showcaller.show.clock_runner import CALLS_AT_ONCE, RETRY_MAX_S, ClockRunner, DueCalls, next_due
from showcaller.testing.manual_clock import run_virtually
from showcaller.testing.schedules import schedule, session
from showcaller.testing.simulated_show import Network, SimulatedLog, SimulatedNode

TALKS = schedule(session("a", 20, 40), session("b", 40, 60))
RUN = facts.RunStarted(run="r", salt="s", schedule=TALKS, mode="rehearsal", from_ms=0)


def state(*more, plan=TALKS):
    """The state at wall time 0, when show time was 0."""
    state = State(event_id=EventId("event"))
    first = facts.RunStarted(run="r", salt="s", schedule=plan, mode="rehearsal", from_ms=0)
    for offset, fact in enumerate((first, *more), start=1):
        assert state.apply(offset, 0, fact).refused is None
    return state


def announcement(id, at_min):
    return facts.AnnouncementMade(announcement=id, text="!", by="m", at_ms=int(at_min * MINUTE_MS))


# The plan ----------------------------------------------------------------------------------------


def test_before_the_run_has_started_there_is_nothing_to_plan():
    assert next_due(State(event_id=EventId("event")), 0) == DueCalls(None, [])


def test_nothing_is_planned_while_the_clock_is_held():
    assert next_due(state(facts.ClockHeld(by="p")), 90 * MINUTE_MS) == DueCalls(None, [])


def test_terms_end_by_server_time_also_while_the_clock_is_held():
    terms = (
        facts.PersonSilenced(person="ada", by="m", until_ms=60_000),
        facts.PersonBanned(person="bob", by="m", until_ms=30_000),
        facts.PersonBanned(person="cy", by="m"),
    )
    held = state(facts.ClockHeld(by="p"), *terms)
    assert next_due(held, 0) == DueCalls(30_000, [])
    due = next_due(held, 60_000)
    assert [call.key for call in due.calls] == ["term:r:ban:30000:bob", "term:r:silence:60000:ada"]
    for offset, call in enumerate(due.calls, start=held.folded + 1):
        assert held.apply(offset, call.not_before_ms, call.fact).refused is None
    assert (set(held.people.banned), set(held.people.silenced)) == ({"cy"}, set())
    assert next_due(held, 60_000) == DueCalls(None, [])


def test_the_deadline_is_when_the_next_cue_is_due():
    assert next_due(state(), 0) == DueCalls(10 * MINUTE_MS, [])
    assert next_due(state(), 10 * MINUTE_MS - 0.001).calls == []


def test_due_cues_are_called_in_order_under_keys_that_every_node_knows():
    plan = next_due(state(), 19.5 * MINUTE_MS)
    assert [call.key for call in plan.calls] == [
        "cue:r:a:doors_open:1",
        "cue:r:a:starting_soon:5:1",
        "cue:r:a:starting_soon:1:1",
    ]
    assert [call.not_before_ms for call in plan.calls] == [
        10 * MINUTE_MS,
        15 * MINUTE_MS,
        19 * MINUTE_MS,
    ]
    assert plan.deadline_ms == 20 * MINUTE_MS


def test_timed_announcements_take_their_place_among_the_cues():
    plan = next_due(state(announcement("n", 12), announcement("m", 17)), 16 * MINUTE_MS)
    assert [call.key.split(":")[0] for call in plan.calls] == ["cue", "announce", "cue"]
    assert plan.calls[1].fact == facts.AnnouncementCalled(announcement="n")
    assert plan.deadline_ms == 17 * MINUTE_MS


# The loop ----------------------------------------------------------------------------------------


class Show:
    """One node on virtual time, and what it was told."""

    def __init__(self, plan=TALKS, **network):
        self.log = SimulatedLog(0)
        self.node = SimulatedNode(self.log, Network(**network), random.Random(1))
        self.node.add_listener(self)
        self.cues = []
        self.announced = []
        self.write(facts.RunStarted(run="r", salt="s", schedule=plan, mode="rehearsal", from_ms=0))

    def write(self, fact):
        self.log.append(f"author:{len(self.log.entries)}", fact)

    def on_folded(self, entry, fact, outcome):
        self.cues += [(e.session, e.cue, e.late_ms) for e in outcome.cues]
        self.announced += [(id, entry.at_ms) for id in outcome.announced]

    async def until(self, minute):
        await asyncio.sleep(minute * 60 - asyncio.get_running_loop().time())


def virtually(play):
    """Play a coroutine function with a running `Show`; the node dies at the end."""

    async def main(show):
        show.node.start()
        await play(show)
        await show.node.kill()

    def run(**network):
        async def begin():
            await main(Show(**network))

        run_virtually(begin())

    return run


def test_cues_are_called_within_milliseconds_of_when_they_are_due():
    async def play(show):
        await show.until(80)
        assert len(show.cues) == 14
        assert max(late_ms for *_, late_ms in show.cues) <= 10

    virtually(play)(latency_ms=4)


@pytest.mark.parametrize("skew_ms", [3, 40, 3000])
def test_a_fast_clock_calls_nothing_early_and_nothing_late(skew_ms):
    async def play(show):
        await show.until(80)
        assert len(show.cues) == 14
        assert max(late_ms for *_, late_ms in show.cues) <= 15
        called = [facts.decode_fact(entry.data) for entry in show.log.entries]
        assert len(called) == 1 + 14  # the broker kept the early ones back

    virtually(play)(skew_ms=skew_ms)


def test_a_fact_that_moves_a_deadline_is_heeded_at_once():
    async def play(show):
        await show.until(5)
        show.write(facts.SessionDelayed(session="a", minutes=-6, control="k", by="p"))
        await show.until(6)
        assert ("a", "doors_open", 0) not in show.cues
        assert [cue for _, cue, _ in show.cues] == ["doors_open"]
        show.write(facts.ClockHeld(by="p"))
        await show.until(30)
        assert len(show.cues) == 1
        show.write(facts.ClockResumed(by="p"))
        await show.until(39)
        assert ("a", "started") in [cue[:2] for cue in show.cues]

    virtually(play)()


def test_announcements_are_called_at_their_time():
    async def play(show):
        show.write(announcement("n", 12.5))
        await show.until(13)
        [(id, at_ms)] = show.announced
        assert id == "n"
        assert 0 <= at_ms - 12.5 * MINUTE_MS <= 10

    virtually(play)()


def test_nothing_is_told_twice_when_several_nodes_run():
    async def play(show):
        twins = [SimulatedNode(show.log, Network(), random.Random(n)) for n in range(3)]
        for twin in twins:
            twin.start()
        await show.until(80)
        assert len(set(show.cues)) == len(show.cues) == 14
        assert all(twin.state == show.node.state for twin in twins)
        for twin in twins:
            await twin.kill()

    virtually(play)()


def test_after_an_outage_calls_go_out_in_order_and_not_all_at_once():
    talks = schedule(*(session(f"s{n}", 100 + n, 101 + n, stage=f"t{n}") for n in range(90)))

    async def play():
        show = Show(plan=talks)
        show.node.state = state(plan=talks)
        at_once = 0
        under_way = 0
        append = show.node.append

        async def counted(*args, **more):
            nonlocal at_once, under_way
            under_way += 1
            at_once = max(at_once, under_way)
            try:
                return await append(*args, **more)
            finally:
                under_way -= 1

        show.node.append = counted
        await show.until(99)
        show.node.start()
        await asyncio.sleep(5)
        assert at_once <= CALLS_AT_ONCE
        assert show.node.state.runsheet.due_cues()[0].due_ms >= 99 * MINUTE_MS
        await show.node.kill()

    run_virtually(play())


# When the log does not answer --------------------------------------------------------------------


class Event:
    """An event at which a cue is due, and whose log answers as it is told."""

    def __init__(self, *answers):
        self.state = state()
        self.answers = list(answers)
        self.appended = []
        self.listeners = []

    def wall_ms(self):
        return 10 * MINUTE_MS + asyncio.get_running_loop().time() * 1000

    def add_listener(self, listener):
        self.listeners.append(listener)

    def remove_listener(self, listener):
        self.listeners.remove(listener)

    async def append(self, fact, key, *, not_before_ms=None):
        self.appended.append((asyncio.get_running_loop().time(), key, not_before_ms))
        answer = self.answers.pop(0) if self.answers else None
        if answer is not None:
            raise answer
        entry = None
        outcome = self.state.apply(self.state.folded + 1, int(self.wall_ms()), fact)
        for listener in self.listeners:
            listener.on_folded(entry, fact, outcome)


def run_clock(event, for_s):
    async def main():
        task = asyncio.create_task(ClockRunner(event).run())
        await asyncio.sleep(for_s)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    run_virtually(main())


@pytest.mark.parametrize("error", [Unavailable("down"), StorageFull("full"), RuntimeError("bug")])
def test_a_call_is_retried_under_its_key_until_the_log_takes_it(error):
    event = Event(*[error] * 8)
    run_clock(event, for_s=60)
    times_s = [at_s for at_s, _, _ in event.appended]
    assert {(key, ms) for _, key, ms in event.appended} == {("cue:r:a:doors_open:1", 600_000)}
    assert len(times_s) == 9
    pauses_s = [b - a for a, b in pairwise(times_s)]
    assert pauses_s[0] < 0.1
    assert max(pauses_s) == pytest.approx(RETRY_MAX_S)
    assert event.state.runsheet.sessions["a"].state == "doors_open"


def test_not_yet_is_waited_for():
    event = Event(NotYet(120), NotYet(1))
    run_clock(event, for_s=10)
    assert [at_s for at_s, _, _ in event.appended] == pytest.approx([0, 0.12, 0.121])


def test_a_long_not_yet_is_doubted_every_second():
    event = Event(NotYet(7_200_000))
    run_clock(event, for_s=5)
    assert [at_s for at_s, _, _ in event.appended] == pytest.approx([0, 1])


def test_a_call_that_was_answered_is_not_repeated_at_once():
    event = Event()

    async def deaf(fact, key, *, not_before_ms=None):
        event.appended.append(key)

    event.append = deaf
    run_clock(event, for_s=4.5)
    assert len(event.appended) == 5


def test_a_runner_that_is_cancelled_leaves_nothing_behind():
    event = Event()
    never = asyncio.Event

    async def main():
        async def hang(*args, **more):
            await never().wait()

        event.append = hang
        task = asyncio.create_task(ClockRunner(event).run())
        await asyncio.sleep(1)
        assert len(event.listeners) == 1
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await asyncio.sleep(0)
        assert event.listeners == []
        assert asyncio.all_tasks() == {asyncio.current_task()}

    run_virtually(main())
