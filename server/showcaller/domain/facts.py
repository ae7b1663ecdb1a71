"""Facts: the entries of an event's log. Everything else is derived from them, in order.

A fact records what somebody wants or what happened, never a derived value; the fold (`state`) decides
whether it still holds. Facts hold person ids only. `FOLD_VERSION` rises when the same facts would fold
to another state, or snapshots look different, so that two releases can tell each other apart.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import reduce
from operator import or_
from typing import ClassVar, Literal

import msgspec
from msgspec import Struct

from .ids import (
    AnnouncementId,
    CaptionId,
    CheckId,
    ControlId,
    FeedbackId,
    MessageId,
    PersonId,
    PollId,
    QuestionId,
    SessionId,
    SpeakerId,
    StageId,
    VoterId,
)
from .poll_draft import Choice, PollDraft, PollPlan
from .quality import TalkQuality
from .schedule import Schedule, Speaker

FOLD_VERSION = 29

Source = Literal["main", "slides", "spare"]  # what somebody publishes
Recipients = Literal["audience", "speakers"]  # of an announcement
Badge = Literal["", "speaker", "staff"]  # of who says something in a chat
Reminder = Literal["soon", "begun"]  # of a session that somebody has starred


class Fact(Struct, frozen=True, kw_only=True, tag_field="fact"):
    """Base of all facts; the tag on the wire is the dotted name given to each class.

    Each kind is folded by exactly one part of the state: it stands in one of the tables `FOLDS`.
    """

    NAMES: ClassVar[str] = ""  # the field with the person whose name is shown because of the fact


# The run and its clock --------------------------------------------------------------------------


class RunStarted(Fact, frozen=True, kw_only=True, tag="run.started"):
    """The first fact. Show time starts at `from_ms` when rehearsing, else it is wall time."""

    run: str
    salt: str  # secret; from it public ids are derived
    schedule: Schedule
    mode: Literal["live", "rehearsal"] = "live"
    from_ms: int | None = None
    rate: int = 1


class SchedulePublished(Fact, frozen=True, kw_only=True, tag="schedule.published"):
    schedule: Schedule
    by: PersonId | None = None


class ScheduleOffered(Fact, frozen=True, kw_only=True, tag="schedule.offered"):
    """A node says that the schedule's file was edited; it counts once a producer accepts it."""

    schedule: Schedule


class ScheduleAccepted(Fact, frozen=True, kw_only=True, tag="schedule.accepted"):
    """The schedule that was offered under this id counts from now on."""

    offer: str
    by: PersonId
    if_revision: int | None = None


class ClockHeld(Fact, frozen=True, kw_only=True, tag="clock.held"):
    by: PersonId


class ClockResumed(Fact, frozen=True, kw_only=True, tag="clock.resumed"):
    by: PersonId


class CueCalled(Fact, frozen=True, kw_only=True, tag="cue.called"):
    """A node says that this cue is due. `cue` is `doors_open`, `starting_soon:5`, `started`…"""

    session: SessionId
    cue: str
    revision: int
    due_ms: int  # show time


# The producer's controls; each can be undone while it is the last ---------------------------------


class ControlFact(Fact, frozen=True, kw_only=True):
    """Base of the controls of one session."""

    NAMES = "by"

    session: SessionId
    control: ControlId
    by: PersonId


class SessionStarted(ControlFact, frozen=True, kw_only=True, tag="session.started"):
    pass


class SessionEnded(ControlFact, frozen=True, kw_only=True, tag="session.ended"):
    pass


class SessionExtended(ControlFact, frozen=True, kw_only=True, tag="session.extended"):
    minutes: int
    if_revision: int | None = None


class SessionDelayed(ControlFact, frozen=True, kw_only=True, tag="session.delayed"):
    """The session and everything after it on its stage move; breaks and gaps absorb what they can."""

    minutes: int
    if_revision: int | None = None  # the run sheet that the preview was made from
    note: str = ""  # why, for everybody; "": nothing new is said


class SessionSkipped(ControlFact, frozen=True, kw_only=True, tag="session.skipped"):
    pass


class SessionReopened(ControlFact, frozen=True, kw_only=True, tag="session.reopened"):
    """A session that is over goes on, or is to come again: a clock was wrong, or a finger slipped."""


class SourceChosen(ControlFact, frozen=True, kw_only=True, tag="source.chosen"):
    """A producer put this publication on the stage; "": the stage picks by itself again."""

    publication: str


# The producer's edits of the run sheet: controls too ------------------------------------------------


class SessionMoved(ControlFact, frozen=True, kw_only=True, tag="session.moved"):
    """The session is planned for another time or stage; what comes after it there is pushed."""

    stage: StageId
    starts_at_ms: int  # show time
    beside: bool = False  # meant to go on at the same time as others there
    if_revision: int | None = None


class SessionsSwapped(ControlFact, frozen=True, kw_only=True, tag="sessions.swapped"):
    """Two sessions take each other's places; each keeps its length."""

    other: SessionId
    if_revision: int | None = None


class SessionCancelled(ControlFact, frozen=True, kw_only=True, tag="session.cancelled"):
    """The session will not take place at all, and everybody is told why."""

    note: str
    if_revision: int | None = None


class SpeakerReplaced(ControlFact, frozen=True, kw_only=True, tag="speaker.replaced"):
    """Somebody speaks in another's place; `guest` says who that is, unless the schedule does."""

    speaker: SpeakerId
    other: SpeakerId
    guest: Speaker | None = None


class BreakInserted(ControlFact, frozen=True, kw_only=True, tag="break.inserted"):
    """A break that no schedule has; what comes after it is pushed. `session` is its own id."""

    title: str
    stage: StageId
    starts_at_ms: int  # show time
    minutes: int
    if_revision: int | None = None


class CatchUpSwitched(Fact, frozen=True, kw_only=True, tag="catch_up.switched"):
    """Late talks give time by the schedule's rule from now on, or no more."""

    on: bool
    by: PersonId


class ControlUndone(Fact, frozen=True, kw_only=True, tag="control.undone"):
    control: ControlId
    by: PersonId


# Media ------------------------------------------------------------------------------------------


class StageHosted(Fact, frozen=True, kw_only=True, tag="stage.hosted"):
    """A media worker took the stage's lease; viewers of an older generation connect again."""

    stage: StageId
    generation: int  # the lease's fencing number


class PublicationStarted(Fact, frozen=True, kw_only=True, tag="publication.started"):
    NAMES = "by"

    session: SessionId
    publication: str
    by: PersonId
    source: Source = "main"


class PublicationStopped(Fact, frozen=True, kw_only=True, tag="publication.stopped"):
    session: SessionId
    publication: str


class TalkMeasured(Fact, frozen=True, kw_only=True, tag="talk.measured"):
    """The quality of a session by the worker that had its stage; each worker adds its own."""

    session: SessionId
    stage: StageId
    worker: str
    quality: TalkQuality


# Recordings -------------------------------------------------------------------------------------


class SessionRecorded(Fact, frozen=True, kw_only=True, tag="session.recorded"):
    """A node says that it records the session, or does no longer."""

    session: SessionId
    node: str
    on: bool


class RecordingAgreed(Fact, frozen=True, kw_only=True, tag="recording.agreed"):
    """Somebody agrees to be recorded in a session, or does not."""

    session: SessionId
    by: PersonId
    agreed: bool


class RecordingDeleted(Fact, frozen=True, kw_only=True, tag="recording.deleted"):
    """The recordings of a session, or of one person there, are to be gone; nothing more is recorded."""

    session: SessionId
    by: PersonId
    person: PersonId | None = None  # None: everybody


# Questions --------------------------------------------------------------------------------------


class QaOpened(Fact, frozen=True, kw_only=True, tag="qa.opened"):
    session: SessionId
    by: PersonId


class QaClosed(Fact, frozen=True, kw_only=True, tag="qa.closed"):
    session: SessionId
    by: PersonId


class QuestionAsked(Fact, frozen=True, kw_only=True, tag="question.asked"):
    NAMES = "person"

    question: QuestionId
    session: SessionId
    person: PersonId
    text: str
    anonymous: bool = False
    via: str = ""  # the same for all who come over one address, and tells nobody which


class QuestionEdited(Fact, frozen=True, kw_only=True, tag="question.edited"):
    question: QuestionId
    person: PersonId
    text: str


class QuestionWithdrawn(Fact, frozen=True, kw_only=True, tag="question.withdrawn"):
    question: QuestionId
    person: PersonId


class QuestionApproved(Fact, frozen=True, kw_only=True, tag="question.approved"):
    question: QuestionId
    by: PersonId


class QuestionRejected(Fact, frozen=True, kw_only=True, tag="question.rejected"):
    question: QuestionId
    by: PersonId
    reason: str = ""


class QuestionReturned(Fact, frozen=True, kw_only=True, tag="question.returned"):
    """Back among those to review: it was approved or rejected by a slip."""

    question: QuestionId
    by: PersonId


class QuestionsRejected(Fact, frozen=True, kw_only=True, tag="questions.rejected"):
    """All that wait for an answer and were asked by the same person as this one, or over the same address."""

    question: QuestionId
    of: Literal["person", "address"]
    by: PersonId


class QuestionPushed(Fact, frozen=True, kw_only=True, tag="question.pushed"):
    """On air: "answering now". One per session; the one before it becomes answered."""

    question: QuestionId
    by: PersonId


class QuestionPulled(Fact, frozen=True, kw_only=True, tag="question.pulled"):
    """Off air again, back among the approved ones."""

    question: QuestionId
    by: PersonId


class QuestionAnswered(Fact, frozen=True, kw_only=True, tag="question.answered"):
    question: QuestionId
    by: PersonId


class QuestionReplied(Fact, frozen=True, kw_only=True, tag="question.replied"):
    """A reply in writing; an empty text removes it."""

    question: QuestionId
    by: PersonId
    text: str


class QuestionClarified(Fact, frozen=True, kw_only=True, tag="question.clarified"):
    """A moderator put it more clearly; the text that was asked is kept, and giving it restores it."""

    question: QuestionId
    by: PersonId
    text: str


class QuestionLabelled(Fact, frozen=True, kw_only=True, tag="question.labelled"):
    """A label was stuck on, or taken off; moderators see them."""

    question: QuestionId
    by: PersonId
    label: str
    on: bool


class QuestionPinned(Fact, frozen=True, kw_only=True, tag="question.pinned"):
    """It stands before all others, or does no more."""

    question: QuestionId
    by: PersonId
    on: bool


class QuestionSent(Fact, frozen=True, kw_only=True, tag="question.sent"):
    """The session's speakers are shown it, or are no more."""

    question: QuestionId
    by: PersonId
    on: bool


class QuestionClaimed(Fact, frozen=True, kw_only=True, tag="question.claimed"):
    """Somebody has it in hand; `take_over`: also from another one."""

    NAMES = "by"

    question: QuestionId
    by: PersonId
    take_over: bool = False


class QuestionReleased(Fact, frozen=True, kw_only=True, tag="question.released"):
    question: QuestionId
    by: PersonId


class QuestionErased(Fact, frozen=True, kw_only=True, tag="question.erased"):
    """The text is gone from every projection; who keeps the log may erase it there too."""

    question: QuestionId
    by: PersonId


class QuestionMerged(Fact, frozen=True, kw_only=True, tag="question.merged"):
    """It says what another one says, and counts for that, with its votes; or for what that one counts for."""

    question: QuestionId
    into: QuestionId
    by: PersonId


class QuestionUnmerged(Fact, frozen=True, kw_only=True, tag="question.unmerged"):
    """It counts for itself again."""

    question: QuestionId
    by: PersonId


class VotesCast(Fact, frozen=True, kw_only=True, tag="votes.cast"):
    """A batch of votes; of several by one person on one question the one given last wins."""

    votes: tuple[tuple[PersonId, QuestionId, bool], ...]
    given_ms: tuple[int, ...] = ()  # wall time of each; 0 or none: when the log took it
    keys: tuple[
        int, ...
    ] = ()  # digests of the keys of those that don't say when; 0 or none: no key


# Polls ------------------------------------------------------------------------------------------


class PollFact(Fact, frozen=True, kw_only=True):
    """Base of what moderators do to one poll."""

    poll: PollId
    by: PersonId


class PollMade(PollFact, frozen=True, kw_only=True, tag="poll.made"):
    session: SessionId
    draft: PollDraft


class PollEdited(PollFact, frozen=True, kw_only=True, tag="poll.edited"):
    draft: PollDraft


class PollPlanned(PollFact, frozen=True, kw_only=True, tag="poll.planned"):
    """The clock is to open it; None: it waits for a hand again."""

    plan: PollPlan | None


class PollOpened(PollFact, frozen=True, kw_only=True, tag="poll.opened"):
    pass


class PollClosed(PollFact, frozen=True, kw_only=True, tag="poll.closed"):
    pass


class PollResultsShown(PollFact, frozen=True, kw_only=True, tag="poll.results_shown"):
    """Everybody may see how people voted from now on, or no more."""

    on: bool


class PollWordHidden(PollFact, frozen=True, kw_only=True, tag="poll.word_hidden"):
    """A word is taken out of a word cloud, or put back."""

    word: str
    on: bool


class PollDeleted(PollFact, frozen=True, kw_only=True, tag="poll.deleted"):
    pass


class PollCalled(Fact, frozen=True, kw_only=True, tag="poll.called"):
    """A node says that a poll is due to be opened, or to be closed."""

    poll: PollId
    revision: int


class PollVote(Struct, frozen=True, array_like=True):
    """One vote of a batch. `given_ms`: wall time; 0: when the log took it. `key`: as in `VotesCast`."""

    voter: VoterId
    poll: PollId
    choice: Choice
    given_ms: int = 0
    key: int = 0


class PollVotesCast(Fact, frozen=True, kw_only=True, tag="poll.votes_cast"):
    """A batch of votes; of several by one voter in one poll the one given last wins."""

    votes: tuple[PollVote, ...]


class PollWordsErased(Fact, frozen=True, kw_only=True, tag="poll.words_erased"):
    """An erased person's words are gone from every word cloud; who keeps the log may erase them there too."""

    votes: tuple[tuple[PollId, VoterId], ...]
    by: PersonId


# Announcements ----------------------------------------------------------------------------------


class AnnouncementMade(Fact, frozen=True, kw_only=True, tag="announcement.made"):
    """An announcement to everybody, to one session's audience or to its speakers; now, or at a show time."""

    NAMES = "by"

    announcement: AnnouncementId
    text: str
    by: PersonId
    session: SessionId | None = None
    at_ms: int | None = None
    to: Recipients = "audience"


class AnnouncementCalled(Fact, frozen=True, kw_only=True, tag="announcement.called"):
    """A node says that a timed announcement is due."""

    announcement: AnnouncementId


class AnnouncementCancelled(Fact, frozen=True, kw_only=True, tag="announcement.cancelled"):
    """An announcement is withdrawn: it is not called any more, or is taken down."""

    announcement: AnnouncementId
    by: PersonId


# The check list -----------------------------------------------------------------------------------


class CheckAdded(Fact, frozen=True, kw_only=True, tag="check_list.added"):
    """Somebody typed an item, of a session or of the whole event."""

    item: CheckId
    text: str
    by: PersonId
    session: SessionId | None = None


class CheckTicked(Fact, frozen=True, kw_only=True, tag="check_list.ticked"):
    """An item is done, or is not after all."""

    NAMES = "by"

    item: CheckId
    on: bool
    by: PersonId


class CheckRemoved(Fact, frozen=True, kw_only=True, tag="check_list.removed"):
    item: CheckId
    by: PersonId


# Favourites -------------------------------------------------------------------------------------


class SessionStarred(Fact, frozen=True, kw_only=True, tag="session.starred"):
    """Somebody wants to see the session, or does not any more. No person: they were erased since."""

    person: PersonId
    session: SessionId
    on: bool


class CalendarRenewed(Fact, frozen=True, kw_only=True, tag="calendar.renewed"):
    """The link to somebody's own calendar is another one from now on."""

    person: PersonId


class RemindersClaimed(Fact, frozen=True, kw_only=True, tag="reminders.claimed"):
    """A node is about to remind these people of a session; whom it may remind, the fold says."""

    session: SessionId
    reminder: Reminder
    people: tuple[PersonId, ...]
    node: str


# Chat -------------------------------------------------------------------------------------------


class ChatSaid(Fact, frozen=True, kw_only=True, tag="chat.said"):
    NAMES = "person"

    message: MessageId
    session: SessionId
    person: PersonId
    text: str
    badge: Badge = ""


class ChatDeleted(Fact, frozen=True, kw_only=True, tag="chat.deleted"):
    """A message is gone, by a moderator or by its author (`own`); or all that its author said there."""

    message: MessageId
    session: SessionId
    by: PersonId
    own: bool = False
    all_of_author: bool = False


class ChatSlowed(Fact, frozen=True, kw_only=True, tag="chat.slowed"):
    """Everybody waits so many seconds between two messages; 0: no longer than elsewhere."""

    session: SessionId
    seconds: int
    by: PersonId


class ChatSwitched(Fact, frozen=True, kw_only=True, tag="chat.switched"):
    session: SessionId
    on: bool
    by: PersonId


# Captions ---------------------------------------------------------------------------------------


class CaptionSaid(Fact, frozen=True, kw_only=True, tag="caption.said"):
    """A line of what is said in a session; 0: at the time of the log, and as long as one reads."""

    caption: CaptionId
    session: SessionId
    person: PersonId  # who wrote it down
    language: str
    text: str
    from_ms: int = 0  # server time
    to_ms: int = 0


class CaptionCorrected(Fact, frozen=True, kw_only=True, tag="caption.corrected"):
    """A line reads otherwise, or is gone (`removed`)."""

    caption: CaptionId
    session: SessionId
    language: str
    text: str
    by: PersonId
    removed: bool = False  # said apart: an erased correction is none


# Feedback ---------------------------------------------------------------------------------------


class SessionRated(Fact, frozen=True, kw_only=True, tag="session.rated"):
    """A person's opinion of a session that is over, in place of what they said before."""

    feedback: FeedbackId  # the same for all ratings of one session by one person
    session: SessionId
    person: PersonId
    stars: int  # 1 to 5
    comment: str = ""
    commented: bool = False  # also when what was said was erased since


# People -----------------------------------------------------------------------------------------


class PersonBanned(Fact, frozen=True, kw_only=True, tag="person.banned"):
    NAMES = "person"

    person: PersonId
    by: PersonId
    reason: str = ""
    until_ms: int | None = None  # wall time; None: until it is lifted


class PersonUnbanned(Fact, frozen=True, kw_only=True, tag="person.unbanned"):
    person: PersonId
    by: PersonId


class PersonSilenced(Fact, frozen=True, kw_only=True, tag="person.silenced"):
    """The person may watch and vote, but neither ask nor change what they asked."""

    NAMES = "person"

    person: PersonId
    by: PersonId
    reason: str = ""
    until_ms: int | None = None  # wall time; None: until it is lifted


class PersonUnsilenced(Fact, frozen=True, kw_only=True, tag="person.unsilenced"):
    person: PersonId
    by: PersonId


class PersonErased(Fact, frozen=True, kw_only=True, tag="person.erased"):
    """The person's record was deleted from the store beside the log; their questions lose the name."""

    person: PersonId
    by: PersonId


class PersonSignedOut(Fact, frozen=True, kw_only=True, tag="person.signed_out"):
    """All tokens of the person that were made until then are revoked."""

    person: PersonId
    by: PersonId
    until_ms: int | None = None  # wall time; None: when the log took it


class StaffCame(Fact, frozen=True, kw_only=True, tag="staff.came"):
    """A token of more than an attendee's roles was used for the first time, or with others than before."""

    person: PersonId
    token: str  # the JWT's `jti`
    roles: tuple[str, ...]
    sessions: tuple[SessionId, ...] = ()
    stages: tuple[StageId, ...] = ()
    issued_ms: int = 0
    expires_at_ms: int


class GuestInvited(Fact, frozen=True, kw_only=True, tag="guest.invited"):
    """A link was made for somebody without an account, who may speak in the session once they used it."""

    session: SessionId
    person: PersonId  # whom the link makes of whoever uses it
    token: str  # the `jti` of what they get
    by: PersonId
    expires_at_ms: int


class TokenRevoked(Fact, frozen=True, kw_only=True, tag="token.revoked"):
    token: str  # the JWT's `jti`
    by: PersonId


def _kinds(base: type[Fact]) -> Iterator[type[Fact]]:
    for kind in base.__subclasses__():
        yield from _kinds(kind) if kind.__subclasses__() else (kind,)


KINDS = tuple(_kinds(Fact))  # every class above that a log may hold

_decoder: msgspec.json.Decoder[Fact] = msgspec.json.Decoder(reduce(or_, KINDS))
_encoder = msgspec.json.Encoder()


def name_of(fact: Fact) -> str:
    """Return the dotted name of the fact's kind."""
    return str(fact.__struct_config__.tag)


def encode_fact(fact: Fact) -> bytes:
    """Return the fact as the JSON that the log keeps."""
    return _encoder.encode(fact)


def decode_fact(data: bytes) -> Fact:
    """Return the fact that `data` (JSON) holds. Raises `msgspec.ValidationError` or `DecodeError`."""
    return _decoder.decode(data)
