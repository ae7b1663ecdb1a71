"""One generator's part of the audience, with its sockets, its timers, and what it measures."""

from __future__ import annotations

import random
import time

from .attendee import Attendee, Command
from .board import Board
from .crowd_numbers import FIRST_STAFF, OWN, WITNESS
from .ledger import Books
from .measures import Measures
from .messages import Decoder, Message, Stamp, Update
from .orders import Anomaly, Answer, Plan
from .results import FindingKind
from .scenario import FaultPlan, arrival_s
from .sockets import Ended, Sockets, Target
from .timepiece import Timepiece
from .timers import Timers

ANOMALIES_KEPT = 200
LONGEST_POLL_S = 0.05
CUT_AT_ONCE = 100


class Crowd:
    """Driven by `turn`; nothing happens in between.

    `prepare` brings in the staff and asks the first questions (`is_prepared` tells when they are there);
    `begin` lets the plan run; `settle` ends what people do on their own account.
    """

    def __init__(self, plan: Plan, target: Target, tokens: list[str]) -> None:
        self.plan = plan
        self.offset_ms = 0.0  # from our monotonic clock to the controller's
        self.books = Books()
        self.board = Board(plan.session)
        self.measures = Measures()
        self.timers = Timers()
        self.stamp = Stamp(plan.run)
        self.decoders = {
            format: Decoder(format, self.stamp, self._note_new) for format in ("json", "msgpack")
        }
        self.questions_channel = f"session/{plan.session}/questions"
        self.shows_tallies = self.questions_channel in plan.channels
        self.is_settling = False
        self.sockets = Sockets(target, self)
        self.answers: list[Answer] = []
        self.votes: dict[str, list[int]] = {}
        self.anomalies: list[Anomaly] = []
        self._paused: set[int] = set()
        self.audience = [self._attendee(place, token) for place, token in enumerate(tokens)]
        self.staff = [
            self._helper(FIRST_STAFF - place, token, moderates=True)
            for place, token in enumerate(plan.staff)
        ]
        self.askers = [
            self._helper(FIRST_STAFF - len(plan.staff) - place, token)
            for place, token in enumerate(plan.askers)
        ]
        self.witness: Attendee | None = None

    def _attendee(self, place: int, token: str) -> Attendee:
        plan = self.plan
        number = plan.first + place * plan.step
        return Attendee(
            self,
            number,
            token,
            plan.channels,
            format="msgpack" if share_of(number) < plan.msgpack_share else "json",
            clock=Timepiece(
                random.uniform(-plan.skew_ms, plan.skew_ms),
                random.uniform(-plan.drift_ppm, plan.drift_ppm) / 1e6,
            ),
            is_slow=any(
                fault.do == "slow" and share_of(number, 1) < fault.share for fault in plan.faults
            ),
        )

    def _helper(self, number: int, token: str, *, moderates: bool = False) -> Attendee:
        channels = ["announcements", self.questions_channel]
        if moderates:
            channels.append(f"session/{self.plan.session}/moderation")
        return Attendee(self, number, token, channels)

    # Clocks: `_s` is our monotonic clock, `_ms` the run's ---------------------------------------------

    def now_s(self) -> float:
        return time.monotonic()

    def ms_of(self, now_s: float) -> float:
        return now_s * 1000 + self.offset_ms - self.plan.zero_ms

    def now_ms(self) -> float:
        return self.ms_of(time.monotonic())

    def s_of(self, run_ms: float) -> float:
        return (run_ms + self.plan.zero_ms - self.offset_ms) / 1000

    def server_ms(self, now_s: float) -> float:
        """Return what the server's clock truly shows."""
        return self.plan.wall_ms + self.ms_of(now_s)

    # Driving --------------------------------------------------------------------------------------

    def turn(self, until_s: float) -> list[int]:
        """Do what comes next. Returns ready descriptors that are not ours."""
        most_s = min(LONGEST_POLL_S, max(0.0, until_s - time.monotonic()))
        others = self.sockets.poll(self.timers.wait_s(most_s))
        self.timers.run_due(self.measures.late.add)
        return others

    def prepare(self) -> None:
        for helper in (*self.staff, *self.askers):
            helper.dial()
        if self.askers:
            self._ask_first()

    def _ask_first(self) -> None:
        """Each asker may ask a few at once; their questions are approved where that is needed."""
        each = -(-self.plan.questions // len(self.askers))
        if not all(helper.is_whole for helper in (*self.staff, *self.askers)):
            self.timers.after(0.05, self._ask_first)
            return
        for number in range(self.plan.questions):
            text = f"Question {number}: how does this part behave when its broker is away?"
            self.askers[number // each].do("question.ask", session=self.plan.session, text=text)
        self._approve_first()

    def _approve_first(self) -> None:
        for question in list(self.board.pending)[:4]:
            self.board.pending.pop(question)
            random.choice(self.staff).do("question.approve", question=question)
        if not self.is_prepared:
            self.timers.after(0.05, self._approve_first)

    @property
    def is_prepared(self) -> bool:
        helpers = (*self.staff, *self.askers)
        return (
            all(helper.is_whole and not helper.pending for helper in helpers)
            and len(self.board.order) >= self.plan.questions
        )

    def begin(self, at_ms: float) -> None:
        for asker in self.askers:
            asker.leave()
        began_s = self.s_of(at_ms)
        for attendee in self.audience:
            due_s = began_s + arrival_s(self.plan.grows, attendee.number)
            self.timers.at(due_s, attendee.dial)
        for fault in self.plan.faults:
            self.timers.at(began_s + fault.at_s, self._suffer, fault)

    def settle(self) -> None:
        self.is_settling = True

    # What attendees suffer --------------------------------------------------------------------------

    def _suffer(self, fault: FaultPlan) -> None:
        if fault.do == "cut":
            share = fault.share
            self._cut([one for one in self.audience if share_of(one.number, 2) < share])
            return
        for attendee in self.audience:
            if attendee.is_slow and attendee.connection is not None:
                self._paused.add(attendee.number)
                self.sockets.pause(attendee.connection)
                self.timers.after(fault.for_s, self._heed, attendee)

    def _cut(self, attendees: list[Attendee]) -> None:
        """Cut some at a time, so that nothing else waits until all are cut."""
        for attendee in attendees[:CUT_AT_ONCE]:
            attendee.cut()
        if len(attendees) > CUT_AT_ONCE:
            self.timers.after(0, self._cut, attendees[CUT_AT_ONCE:])

    def _heed(self, attendee: Attendee) -> None:
        self._paused.discard(attendee.number)
        if attendee.connection is not None:
            self.sockets.resume(attendee.connection)

    def is_paused(self, attendee: Attendee) -> bool:
        return attendee.number in self._paused

    # What attendees tell ----------------------------------------------------------------------------

    def _note_new(self, update: Update) -> None:
        """Take note of each update that reaches any of us, once."""
        self.board.note(update)
        message = update.message
        if message.op == "change" and message.channel != OWN:
            self.books.hear_of(message.channel, message.epoch, message.offset)

    def on_open(self, owner: Attendee) -> None:
        owner.on_open()

    def on_frame(self, owner: Attendee, payload: bytes, now_s: float) -> None:
        owner.on_frame(payload, now_s)

    def on_end(self, owner: Attendee, ended: Ended) -> None:
        owner.on_end(ended)

    def on_waited(self, waited_ms: float) -> None:
        self.measures.late.add(max(0.0, waited_ms))

    def answered(self, attendee: Attendee, command: Command, message: Message) -> None:
        code = "" if message.ok or message.error is None else message.error.code
        thing = str(command.args.get("question", ""))
        if message.ok:
            made = message.result.get("question") or message.result.get("announcement")
            thing = made if isinstance(made, str) else thing
            if command.name == "question.ask":
                self.board.authors[thing] = attendee.number
            if command.name == "question.vote":
                self.votes.setdefault(thing, []).append(attendee.number)
                return
        else:
            self.measures.totals[f"refused: {code}"] += 1
        self.answers.append(Answer(attendee.number, command.name, command.key, code, thing))

    def note(self, number: int, kind: FindingKind, channel: str, offset: int, detail: str) -> None:
        self.measures.totals[f"anomalies: {kind}"] += 1
        if len(self.anomalies) < ANOMALIES_KEPT:
            self.anomalies.append(Anomaly(number, kind, channel, offset, detail))

    # At the end -------------------------------------------------------------------------------------

    def call_witness(self, token: str) -> None:
        self.witness = Attendee(self, WITNESS, token, self.plan.channels)
        self.witness.dial()

    def members(self) -> list[Attendee]:
        """Return the members whose ledgers count: those who were wanted by now, and the staff."""
        came = [one for one in self.audience if one.connection is not None or one.has_come]
        return [*came, *self.staff, *([self.witness] if self.witness is not None else [])]

    @property
    def unanswered(self) -> int:
        return sum(len(one.pending) for one in (*self.audience, *self.staff))

    @property
    def behind(self) -> int:
        """Return how many are not whole, or lack a change that others of ours were shown."""
        return sum(
            not one.is_whole
            or any(self.books.lacks(channel, follow) for channel, follow in one.follows.items())
            for one in self.members()
        )

    @property
    def joining(self) -> int:
        return sum(one.has_come and not one.is_whole for one in self.audience)

    @property
    def whole_attendees(self) -> int:
        return sum(one.is_whole for one in self.audience)


def share_of(number: int, purpose: int = 0) -> float:
    """A number in [0, 1) that belongs to the attendee: evenly spread, and the same in each run."""
    return ((number + 1) * 0.6180339887498949 * (1, 1.4142135623, 1.7320508075)[purpose]) % 1
