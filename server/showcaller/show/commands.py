"""Commands: what a client asks for becomes a fact, and the fold's verdict becomes the answer.

    name → did it wait? → shut out? → args → permission → rate → does the thing exist? → append → verdict

Whether the state allows the command is the fold's verdict, and a command that is sent again with the same
key gets the first one's, whatever has happened since. A refusal that can be foreseen leaves no fact: once
this node has folded all of the log, and the key is not in it, the fold could say nothing else.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple

import msgspec

from .. import limit_log, metrics, system
from ..domain import facts, runsheet_folds, voting
from ..domain.asking import first_state
from ..domain.ids import (
    AnnouncementId,
    CaptionId,
    CheckId,
    ControlId,
    PersonId,
    QuestionId,
    SessionId,
    StageId,
    derive_id,
)
from ..domain.outcome import Outcome, Refusal
from ..domain.people import Principal, RegistrationMode, Role
from ..domain.runsheet import RunSheet
from ..domain.touches import QuestionTouch
from ..errors import (
    BadInput,
    Banned,
    Forbidden,
    NotFound,
    RateLimited,
    Refused,
    ShowcallerError,
    Unavailable,
)
from . import caption_commands, edits, feedback_commands, guest_links, pointing
from . import command_args as a
from .calendar_links import calendar_path
from .call import Call, Result, raise_if
from .chat_commands import FACTS_OF_CHATS, ChatCommands
from .control_commands import CONTROLS, Control
from .erasure import (
    erase_captions,
    erase_favourites,
    erase_ratings,
    erase_reasons,
    erase_said,
    erase_texts,
    erase_words,
)
from .limits import Bucket, Limits
from .live_event import LiveEvent
from .permissions import ATTENDING, CAPTIONING, DESK, OPS, PRODUCER
from .poll_commands import FACTS_OF_POLLS, PollCommands
from .pulse import Pulse
from .question_facts import FACTS_OF_QUESTIONS
from .reminder_settings import ReminderRecords
from .scope import session_of, stages_of
from .stays import erase_stays
from .vote_batches import VoteBatches

KEYS_REMEMBERED = 50_000
_NO_CONTROL = ControlId("preview")  # of a control that is only previewed

_REACTABLE = ("doors_open", "live", "overrunning")

# Whoever may register again is another person then, as far as anybody knows.
_BAN_HOLDS: dict[RegistrationMode, str] = {
    "open": "until_they_register_again",
    "invite": "until_they_register_with_a_code",
    "closed": "for_good",
}


class Commands:
    """The commands that reach this node for one event."""

    def __init__(
        self,
        event: LiveEvent,
        pulse: Pulse | None = None,
        registration: RegistrationMode = "open",
    ) -> None:
        """Take the commands for `event`, whose mode of registration says how much a ban holds."""
        self._event = event
        self._pulse = pulse or Pulse()
        self._registration = registration
        self._limits = Limits()
        self._votes = VoteBatches(event.append)
        self.polls = PollCommands(event, self.append, self.refused_without_fact)
        self.chat = ChatCommands(event, self.append, self.refused_without_fact)
        self._vote_verdicts: OrderedDict[str, Refusal | None] = OrderedDict()  # newest, by key
        self._admitted: OrderedDict[str, None] = OrderedDict()  # newest keys
        self._reacted: OrderedDict[str, None] = OrderedDict()  # newest keys
        # Newest refusals that left no fact, by key.
        self._foreseen: OrderedDict[str, Refusal] = OrderedDict()

    async def run(
        self,
        principal: Principal,
        name: str,
        args: Mapping[str, Any],
        key: str | None,
        deadline_ms: float | None = None,
        came_from: str = "",
    ) -> Result:
        """The command's result, once its fact was folded here. Raises `ShowcallerError`.

        `deadline_ms`: the server time after which it must not be done any more. `came_from`: the address that
        the sender is counted under, if it is known.
        """
        now_s, within = system.monotonic_s(), self._event.from_now(deadline_ms)
        command = _TABLE.get(name)
        if command is None:
            raise NotFound(f"there is no command {name!r}")
        outcome = "ok"
        try:
            self._pulse.require_running(now_s)
            log_key = _log_key(principal.person, name, key)
            call = Call(principal, name, log_key, within, came_from)
            return await self._run(command, call, args)
        except ShowcallerError as error:
            outcome = error.code
            raise
        finally:
            metrics.COMMANDS.labels(name, outcome).inc()

    async def _run(self, command: _Command, call: Call, args: Mapping[str, Any]) -> Result:
        if self._event.shuts_out(call.who):
            raise Banned("you were shut out of this event")
        read = await self._pointed(call, a.read_args(command.args, args))
        await self._require_permission(command, call, read)
        self._admit(call, command.bucket)
        await self._require_existing(read)
        return await command.run(self, call, read)

    # Checks before the append ---------------------------------------------------------------------

    async def _pointed(self, call: Call, read: a.AnyArgs) -> a.AnyArgs:
        """Return the arguments with ids in place of words (`pointing`). Raises `NotFound`."""
        if not pointing.points(read):
            return read
        await self._event.catch_up()
        is_repeated = await self._event.log.has(call.key)
        return pointing.resolve(self.sheet, read, is_repeated=is_repeated)

    async def _require_permission(self, command: _Command, call: Call, read: a.Args) -> None:
        """Raise `Forbidden`. Some commands may be about what this node does not know yet."""
        if self._is_allowed(call, read):
            return
        if (command.speakers_too or command.managers_too) and self._missing(read):
            await self._event.catch_up()
        if not (self._is_allowed(call, read) or await self._was_managers(command, call)):
            raise Forbidden(_why_forbidden(command, call))

    async def _was_managers(self, command: _Command, call: Call) -> bool:
        """Tell whether a stage manager repeats what was done: it may have left their stage since."""
        is_theirs = command.managers_too and call.who.has("stage_manager")
        return is_theirs and await self._event.log.has(call.key)

    def _is_allowed(self, call: Call, read: a.Args) -> bool:
        state = self._event.state
        return may_command(call.who, call.name, session_of(state, read), stages_of(state, read))

    def _admit(self, call: Call, bucket: Bucket) -> None:
        """Take one from the sender's bucket; a key that came before has been paid for there."""
        bucket = "other" if call.key in self._admitted else bucket
        wait_s = self._limits.take(call.sender, bucket, system.monotonic_s())
        if wait_s:
            limit_log.note("commands", call.came_from)
            raise RateLimited("too fast", retry_after_s=wait_s)
        _remember(self._admitted, call.key, None)

    async def _require_existing(self, read: a.Args) -> None:
        """Raise `NotFound` for a thing that never was. Things stay, so repeated commands pass.

        What this node does not know may be in the log already: then it catches up first.
        """
        if self._missing(read):
            await self._event.catch_up()
        if missing := self._missing(read):
            raise NotFound(f"there is no such {missing}", field=missing)

    def _missing(self, read: a.Args) -> str:
        """Return the field of `read` that names what this node does not know; "" if there is none."""
        state = self._event.state
        if isinstance(read, a.QuestionArgs) and state.questions.get(read.question) is None:
            return "question"
        if isinstance(read, a.MergeArgs) and state.questions.get(read.into) is None:
            return "into"
        poll = getattr(read, "poll", None)
        if poll is not None and state.polls.get(poll) is None:
            return "poll"
        announcement = getattr(read, "announcement", None)
        if announcement is not None and state.announcements.get(announcement) is None:
            return "announcement"
        for field in ("session", "other"):
            session = getattr(read, field, None)
            if session is not None and session not in self.sheet.sessions:
                return field
        return ""

    # For the handlers -----------------------------------------------------------------------------

    @property
    def sheet(self) -> RunSheet:
        sheet = self._event.state.runsheet
        if sheet is None:
            raise Unavailable("the event's run has not begun", retry_after_s=1)
        return sheet

    @property
    def event(self) -> LiveEvent:
        return self._event

    def new_id(self, prefix: str, call: Call) -> str:
        return derive_id(prefix, self._event.state.salt, call.key)

    async def append(self, call: Call, fact: facts.Fact) -> Outcome:
        """Append the fact and return its outcome, or raise what the fold's verdict says or would say."""
        raise_if(await self.refused_without_fact(call, lambda: self._event.state.why_not(fact)))
        outcome = await self._event.append(fact, call.key, within=call.within)
        raise_if(outcome.refused)
        return outcome

    async def refused_without_fact(
        self, call: Call, why_not: Callable[[], Refusal | None]
    ) -> Refusal | None:
        """Return why the command would be refused, if that is certain.

        Only a node that has folded all of the log can say so; and what has been appended under the key has
        its verdict already, which must not change.
        """
        if call.key not in self._foreseen:
            if why_not() is None:
                return None
            await self._event.catch_up()
            refused = why_not()
            if refused is None or await self._event.log.has(call.key):
                return None
            _remember(self._foreseen, call.key, refused)
        if call.sender.came_from:
            self._limits.charge_refused(call.sender, system.monotonic_s())
        return self._foreseen[call.key]

    # Handlers that do more than append a fact -----------------------------------------------------

    async def ask(self, call: Call, args: a.AskArgs) -> Result:
        text = a.cleaned(args.text)
        state = first_state(self.sheet.sessions[args.session])
        await self._event.introduce(call.who)
        question = QuestionId(self.new_id("q", call))
        fact = facts.QuestionAsked(
            question=question,
            session=args.session,
            person=call.by,
            text=text,
            anonymous=args.anonymous,
            via=self._via(call),
        )
        await self.append(call, fact)
        return {"question": question, "state": state}

    def _via(self, call: Call) -> str:
        """Return what is equal for all who come over one address, and tells it only to who knows the salt."""
        if not call.came_from:
            return ""
        return derive_id("v", self._event.state.salt, f"address:{call.came_from}")

    async def reject_all(self, call: Call, args: a.RejectAllArgs) -> Result:
        fact = facts.QuestionsRejected(question=args.question, of=args.of, by=call.by)
        outcome = await self.append(call, fact)
        rejected = sum(isinstance(touch, QuestionTouch) for touch in outcome.touched)
        authors = self._authors_like(args) if args.ban else []
        await self._event.note_staff(call.who)
        for person in authors:
            ban = facts.PersonBanned(person=person, by=call.by)
            await self._event.append(ban, f"{call.key}:ban:{person}")
        return {"rejected": rejected, "banned": len(authors)}

    def _authors_like(self, args: a.RejectAllArgs) -> list[PersonId]:
        """Return who asked what was rejected; nobody of the staff."""
        questions, staff = self._event.state.questions, self._event.state.people.staff
        alike = questions.like(questions.by_id[args.question], args.of)
        return sorted({one.person for one in alike} - staff.keys())

    async def vote(self, call: Call, args: a.VoteArgs) -> Result:
        if call.key not in self._vote_verdicts:
            questions = self._event.state.questions
            raise_if(
                await self.refused_without_fact(
                    call, lambda: voting.why_not_vote(questions, args.question, call.by)
                )
            )
            call.within.require_in_time(self._event.wall_ms())
            refused = await self._votes.cast(
                *(call.by, args.question, args.on, args.given_ms, call.key), within=call.within
            )
            _remember(self._vote_verdicts, call.key, refused)
        raise_if(self._vote_verdicts[call.key])
        question = self._event.state.questions.get(args.question)
        votes = self._event.state.questions.tally(question) if question is not None else 0
        return {"question": args.question, "on": args.on, "votes": votes}

    async def react(self, call: Call, args: a.ReactArgs) -> Result:
        if not self._takes_reactions(args.session):
            await self._event.catch_up()
        if not self._takes_reactions(args.session):
            raise Refused("reactions are for a session whose doors are open", code="wrong_state")
        call.within.require_in_time(self._event.wall_ms())
        if call.key not in self._reacted:
            _remember(self._reacted, call.key, None)
            self._event.audience.react(args.session, args.reaction, system.monotonic_s())
        return {}

    def _takes_reactions(self, session: SessionId) -> bool:
        return self.sheet.sessions[session].state in _REACTABLE

    async def announce(self, call: Call, args: a.AnnounceArgs) -> Result:
        text = a.cleaned(args.text, a.MAX_ANNOUNCEMENT_GRAPHEMES)
        await self._event.introduce(call.who)
        announcement = AnnouncementId(self.new_id("a", call))
        fact = facts.AnnouncementMade(
            announcement=announcement,
            text=text,
            by=call.by,
            session=args.session,
            at_ms=args.at_ms,
            to=args.to,
        )
        await self.append(call, fact)
        return {"announcement": announcement}

    async def preview_delay(self, call: Call, args: a.PreviewArgs) -> Result:
        return self._preview(
            facts.SessionDelayed(
                session=args.session, minutes=args.minutes, control=_NO_CONTROL, by=call.by
            )
        )

    async def preview_control(self, call: Call, args: a.PreviewControlArgs) -> Result:
        control = _TABLE.get(args.command)
        if control is None or control.control is None:
            raise BadInput(f"{args.command!r} is no control", field="command")
        read = await self._pointed(call, a.read_args(control.args, args.args))
        await self._require_permission(control, call._replace(name=args.command), read)
        await self._require_existing(read)
        return self._preview(control.control(call, read, _NO_CONTROL))

    def _preview(self, fact: facts.Fact) -> Result:
        shifts = runsheet_folds.preview(self.sheet, fact, int(self._event.wall_ms()))
        if isinstance(shifts, Refusal):
            raise_if(shifts)
        return {"revision": self.sheet.revision, "shifts": msgspec.to_builtins(shifts)}

    async def insert_break(self, call: Call, args: a.InsertBreakArgs) -> Result:
        await self._event.introduce(call.who)
        control = ControlId(self.new_id("c", call))
        session = SessionId(self.new_id("break", call).replace("_", "-"))  # as in URLs
        await self.append(call, edits.break_inserted(call, args, control, session))
        return {"control": control, "session": session}

    async def add_check(self, call: Call, args: a.AddCheckArgs) -> Result:
        item = CheckId(self.new_id("item", call))
        text = a.cleaned(args.text, a.MAX_CHECK_GRAPHEMES)
        added = facts.CheckAdded(item=item, text=text, session=args.session, by=call.by)
        await self.append(call, added)
        return {"item": item}

    async def tick_check(self, call: Call, args: a.TickArgs) -> Result:
        await self._event.introduce(call.who)
        await self.append(call, facts.CheckTicked(item=args.item, on=args.on, by=call.by))
        return {}

    async def claim(self, call: Call, args: a.ClaimArgs) -> Result:
        await self._event.introduce(call.who)
        fact = facts.QuestionClaimed(question=args.question, by=call.by, take_over=args.take_over)
        await self.append(call, fact)
        question = self._event.state.questions.by_id[args.question]
        return {"until_ms": question.claim.until_ms if question.claim is not None else None}

    async def ban(self, call: Call, args: a.TermArgs) -> Result:
        await self._event.note_staff(call.who)  # the fold asks whether a producer bans
        await self.append(call, facts.PersonBanned(**self._term(call, args)))
        return {"holds": _BAN_HOLDS[self._registration]}

    async def silence(self, call: Call, args: a.TermArgs) -> Result:
        await self._event.note_staff(call.who)
        await self.append(call, facts.PersonSilenced(**self._term(call, args)))
        return {}

    def _term(self, call: Call, args: a.TermArgs) -> dict[str, Any]:
        """Return the fields of a fact that begins a term."""
        length_ms = args.minutes * 60_000 if args.minutes is not None else None
        return {
            "person": args.person,
            "by": call.by,
            "reason": a.cleaned_or_empty(args.reason, field="reason"),
            "until_ms": int(self._event.wall_ms()) + length_ms if length_ms is not None else None,
        }

    async def revoke(self, call: Call, args: a.RevokeArgs) -> Result:
        if args.token is not None and args.person is None:
            await self.append(call, facts.TokenRevoked(token=args.token, by=call.by))
        elif args.person is not None and args.token is None:
            await self.append(call, facts.PersonSignedOut(person=args.person, by=call.by))
        else:
            raise BadInput("name a token by its jti, or a person: one of the two", field="token")
        return {}

    async def say_caption(self, call: Call, args: a.SayCaptionArgs) -> Result:
        caption = CaptionId(self.new_id("l", call))
        await self.append(call, caption_commands.said(call, args, caption))
        return {"caption": caption}

    async def delete_recording(self, call: Call, args: a.DeleteRecordingArgs) -> Result:
        deleted = facts.RecordingDeleted(session=args.session, by=call.by, person=args.person)
        await self.append(call, deleted)
        if args.person is None:
            await erase_captions(self._event.log, args.session, self._event.state.folded)
        return {}

    async def erase_question(self, call: Call, args: a.QuestionArgs) -> Result:
        await self.append(call, facts.QuestionErased(question=args.question, by=call.by))
        await erase_texts(self._event.log, args.question, self._event.state.folded)
        return {}

    async def erase_person(self, call: Call, args: a.PersonArgs) -> Result:
        await self.append(call, facts.PersonErased(person=args.person, by=call.by))
        await self._event.names.erase(args.person)
        await erase_reasons(self._event.log, args.person, self._event.state.folded)
        await ReminderRecords(self._event.log).erase(args.person)
        await erase_stays(self._event.log, args.person)
        await erase_favourites(self._event.log, args.person, self._event.state.folded)
        await erase_said(self._event.log, args.person, self._event.state.folded)
        await erase_ratings(self._event.log, args.person, self._event.state.folded)
        state = self._event.state
        if votes := state.polls.worded_by(args.person, state.salt):
            words = facts.PollWordsErased(votes=votes, by=call.by)
            await self._event.append(words, f"{call.key}:words")
            await erase_words(self._event.log, votes, state.folded)
        return {}

    async def show_calendar(self, call: Call, args: a.NoArgs) -> Result:
        return {"path": calendar_path(self._event.state, call.by)}

    async def renew_calendar(self, call: Call, args: a.NoArgs) -> Result:
        await self.append(call, facts.CalendarRenewed(person=call.by))
        return await self.show_calendar(call, args)


def _log_key(person: str, name: str, key: str | None) -> str:
    """The key in the log. The person's length keeps one person's keys from looking like another's."""
    key = key if key is not None else system.random_id("k")
    return f"cmd:{name}:{len(person)}:{person}:{key}"


def _remember(newest: OrderedDict[str, Any], key: str, value: Any) -> None:
    newest[key] = value
    if len(newest) > KEYS_REMEMBERED:
        newest.popitem(last=False)


# The table ----------------------------------------------------------------------------------------


_Handler = Callable[[Commands, Call, Any], Awaitable[Result]]


class _Command(NamedTuple):
    """A command: its arguments, its roles, what it does, and the bucket that it is paid from."""

    args: type[a.Args]
    roles: frozenset[Role]
    run: _Handler
    bucket: Bucket = "other"
    speakers_too: bool = False  # in their own sessions
    managers_too: bool = False  # of the stage that it is about
    captioners_too: bool = False  # in their own sessions, or in all
    control: Callable[[Call, Any, ControlId], facts.Fact] | None = None  # its fact, if it is one


def _fact(
    args: type[a.Args],
    roles: frozenset[Role],
    make: Callable[[Call, Any], facts.Fact],
    *,
    bucket: Bucket = "other",
    speakers_too: bool = False,
    managers_too: bool = False,
    captioners_too: bool = False,
) -> _Command:
    """A command whose fact says all, and whose result is empty."""

    async def run(commands: Commands, call: Call, read: a.Args) -> Result:
        await commands.append(call, make(call, read))
        return {}

    return _Command(args, roles, run, bucket, speakers_too, managers_too, captioners_too)


def _control(control: Control) -> _Command:
    """A command that is a control."""

    async def run(commands: Commands, call: Call, read: a.Args) -> Result:
        await commands.event.introduce(call.who)
        id = ControlId(commands.new_id("c", call))
        await commands.append(call, control.make(call, read, id))
        return {"control": id}

    made = _Command(control.args, PRODUCER, run, control=control.make)
    return made._replace(managers_too=control.managers_too)


def _of_polls(run: Callable[[PollCommands, Call, Any], Awaitable[Result]]) -> _Handler:
    return lambda commands, call, read: run(commands.polls, call, read)


def _of_chats(run: Callable[[ChatCommands, Call, Any], Awaitable[Result]]) -> _Handler:
    return lambda commands, call, read: run(commands.chat, call, read)


def may_command(
    principal: Principal,
    name: str,
    session: SessionId | None = None,
    stages: frozenset[StageId] = frozenset(),
) -> bool:
    """Tell whether `principal` may give the command `name`, where it matters about `session` or `stages`."""
    command = _TABLE.get(name)
    if command is None:
        return False
    if principal.has(*command.roles):
        return True
    if command.managers_too and stages and all(map(principal.manages, stages)):
        return True
    if command.captioners_too and principal.has("captioner"):
        return not principal.sessions or session in principal.sessions
    return command.speakers_too and principal.has("speaker") and session in principal.sessions


def _why_forbidden(command: _Command, call: Call) -> str:
    """Return what to do about it for a stage manager, who may do some of what producers do."""
    if not call.who.has("stage_manager"):
        return f"your roles do not allow {call.name}"
    if command.managers_too:
        stages = ", ".join(sorted(call.who.stages)) or "none"
        return f"you manage {stages}, and this {call.name} is about more or another stage: ask a producer"
    return f"{call.name} is not for one stage alone: ask a producer"


_TABLE: dict[str, _Command] = {
    "question.ask": _Command(a.AskArgs, ATTENDING, Commands.ask, bucket="question"),
    "question.vote": _Command(a.VoteArgs, ATTENDING, Commands.vote, bucket="vote"),
    "question.edit": _fact(
        a.QuestionTextArgs,
        ATTENDING,
        lambda call, args: facts.QuestionEdited(
            question=args.question, person=call.by, text=a.cleaned(args.text)
        ),
        bucket="edit",
    ),
    "question.withdraw": _fact(
        a.QuestionArgs,
        ATTENDING,
        lambda call, args: facts.QuestionWithdrawn(question=args.question, person=call.by),
    ),
    **{name: _fact(args, DESK, make) for name, (args, make) in FACTS_OF_QUESTIONS.items()},
    "question.reject_all": _Command(a.RejectAllArgs, DESK, Commands.reject_all),
    "question.reply": _fact(
        a.QuestionTextArgs,
        DESK,
        lambda call, args: facts.QuestionReplied(
            question=args.question, by=call.by, text=a.cleaned_or_empty(args.text)
        ),
        speakers_too=True,
    ),
    "question.claim": _Command(a.ClaimArgs, DESK, Commands.claim),
    "question.erase": _Command(a.QuestionArgs, DESK, Commands.erase_question),
    "poll.make": _Command(a.MakePollArgs, DESK, _of_polls(PollCommands.make)),
    "poll.vote": _Command(a.PollVoteArgs, ATTENDING, _of_polls(PollCommands.vote), bucket="vote"),
    **{name: _fact(args, DESK, make) for name, (args, make) in FACTS_OF_POLLS.items()},
    "session.rate": _Command(a.RateArgs, ATTENDING, feedback_commands.rate, bucket="rating"),
    "chat.say": _Command(a.SayArgs, ATTENDING, _of_chats(ChatCommands.say), bucket="chat"),
    "chat.delete": _Command(a.DeleteMessageArgs, ATTENDING, _of_chats(ChatCommands.delete)),
    **{name: _fact(args, DESK, make) for name, (args, make) in FACTS_OF_CHATS.items()},
    "caption.say": _Command(
        *(a.SayCaptionArgs, CAPTIONING, Commands.say_caption), bucket="caption", captioners_too=True
    ),
    "caption.correct": _fact(
        *(a.CorrectCaptionArgs, CAPTIONING, caption_commands.corrected),
        bucket="caption",
        captioners_too=True,
    ),
    "reaction.send": _Command(a.ReactArgs, ATTENDING, Commands.react, bucket="reaction"),
    "session.star": _fact(
        a.StarArgs,
        ATTENDING,
        lambda call, args: facts.SessionStarred(person=call.by, session=args.session, on=args.on),
    ),
    "calendar.show": _Command(a.NoArgs, ATTENDING, Commands.show_calendar),
    "calendar.renew": _Command(a.NoArgs, ATTENDING, Commands.renew_calendar, bucket="edit"),
    "qa.open": _fact(
        a.SessionArgs, DESK, lambda call, args: facts.QaOpened(session=args.session, by=call.by)
    ),
    "qa.close": _fact(
        a.SessionArgs, DESK, lambda call, args: facts.QaClosed(session=args.session, by=call.by)
    ),
    "announcement.make": _Command(a.AnnounceArgs, DESK, Commands.announce, managers_too=True),
    "announcement.cancel": _fact(
        a.AnnouncementArgs,
        DESK,
        lambda call, args: facts.AnnouncementCancelled(announcement=args.announcement, by=call.by),
        managers_too=True,
    ),
    "clock.hold": _fact(a.NoArgs, PRODUCER, lambda call, args: facts.ClockHeld(by=call.by)),
    "clock.resume": _fact(a.NoArgs, PRODUCER, lambda call, args: facts.ClockResumed(by=call.by)),
    **{name: _control(control) for name, control in CONTROLS.items()},
    "break.insert": _Command(
        a.InsertBreakArgs, PRODUCER, Commands.insert_break, control=edits.break_inserted
    ),
    "catch_up.set": _fact(a.SwitchArgs, PRODUCER, edits.catch_up_switched)._replace(
        control=lambda call, args, _: edits.catch_up_switched(call, args)
    ),
    "schedule.accept": _fact(a.AcceptArgs, PRODUCER, edits.schedule_accepted)._replace(
        control=lambda call, args, _: edits.schedule_accepted(call, args)
    ),
    "check_list.add": _Command(a.AddCheckArgs, PRODUCER, Commands.add_check, managers_too=True),
    "check_list.tick": _Command(a.TickArgs, PRODUCER, Commands.tick_check, managers_too=True),
    "check_list.remove": _fact(
        a.CheckArgs,
        PRODUCER,
        lambda call, args: facts.CheckRemoved(item=args.item, by=call.by),
        managers_too=True,
    ),
    # A stage manager's is looked at once more, as the control that it previews.
    "control.preview": _Command(
        a.PreviewControlArgs, PRODUCER | {"stage_manager"}, Commands.preview_control
    ),
    "recording.agree": _fact(
        a.AgreeArgs,
        PRODUCER,
        lambda call, args: facts.RecordingAgreed(
            session=args.session, by=call.by, agreed=args.agreed
        ),
        speakers_too=True,
    ),
    "recording.delete": _Command(a.DeleteRecordingArgs, PRODUCER, Commands.delete_recording),
    "session.preview_delay": _Command(
        a.PreviewArgs, PRODUCER, Commands.preview_delay, managers_too=True
    ),
    "control.undo": _fact(
        a.ControlArgs,
        PRODUCER,
        lambda call, args: facts.ControlUndone(control=args.control, by=call.by),
        managers_too=True,
    ),
    "person.ban": _Command(a.TermArgs, DESK, Commands.ban),
    "person.silence": _Command(a.TermArgs, DESK, Commands.silence),
    "person.unsilence": _fact(
        a.PersonArgs,
        DESK,
        lambda call, args: facts.PersonUnsilenced(person=args.person, by=call.by),
    ),
    "person.unban": _fact(
        a.PersonArgs, DESK, lambda call, args: facts.PersonUnbanned(person=args.person, by=call.by)
    ),
    "person.erase": _Command(a.PersonArgs, PRODUCER, Commands.erase_person),
    "guest.invite": _Command(a.InviteGuestArgs, OPS, guest_links.invite),
    "token.revoke": _Command(a.RevokeArgs, OPS, Commands.revoke),
}
COMMAND_NAMES = frozenset(_TABLE)
