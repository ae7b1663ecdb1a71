"""The items and levels of each touched thing, in every channel: pure functions of the state.

This is the one place that decides what a channel shows. A thing that a channel does not show has the view
None there; `channels` compares with what it published, so what was never visible is never removed either.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import chain
from typing import Any, NamedTuple

from ..domain.announcements import Announcement
from ..domain.ids import CheckId, PersonId, PollId, SessionId, StageId
from ..domain.outcome import Outcome
from ..domain.poll import Poll, voter_of
from ..domain.question import Question
from ..domain.runsheet import RunSheet
from ..domain.session_run import SessionRun, publication_touches
from ..domain.state import State
from ..domain.touches import (
    AnnouncementTouch,
    CaptionsTouch,
    ChatTouch,
    CheckTouch,
    ClockTouch,
    ControlsTouch,
    CueTouch,
    EventTouch,
    FavouriteTouch,
    FeedbackTallyTouch,
    FeedbackTouch,
    PersonTouch,
    PollTallyTouch,
    PollTouch,
    PollVotersTouch,
    PollVoteTouch,
    PublicationTouch,
    QualityTouch,
    QuestionTouch,
    SessionTouch,
    StageTouch,
    TallyTouch,
    Touch,
    VotersTouch,
    VoteTouch,
)
from . import (
    caption_views,
    chat_views,
    check_views,
    feedback_views,
    poll_views,
    question_views,
    views,
)
from .audience import AUDIENCE, audience_channel, people_channel
from .document import Document
from .names import Names
from .scope import stages_of_control
from .voters import OWN, Voters

AGENDA = "agenda"
ANNOUNCEMENTS = "announcements"
PRODUCE = "produce"
DESK = "desk"


def session_channel(session: str) -> str:
    return f"session/{session}"


def stage_channel(stage: str) -> str:
    """The producer's channel, of one stage alone."""
    return f"stage/{stage}/produce"


def session_of(channel: str) -> str | None:
    """The session whose channel this is; None: it is another channel."""
    kind, _, session = channel.partition("/")
    return session if kind == "session" and "/" not in session else None


def questions_channel(session: str) -> str:
    return f"session/{session}/questions"


def moderation_channel(session: str) -> str:
    return f"session/{session}/moderation"


def polls_channel(session: str) -> str:
    return f"session/{session}/polls"


def poll_desk_channel(session: str) -> str:
    return f"session/{session}/poll_desk"


def chat_channel(session: str) -> str:
    return f"session/{session}/chat"


def chat_desk_channel(session: str) -> str:
    return f"session/{session}/chat_desk"


def captions_channel(session: str, language: str) -> str:
    return f"session/{session}/captions/{language}"


def feedback_channel(session: str) -> str:
    return f"session/{session}/feedback"


def backstage_channel(session: str) -> str:
    return f"session/{session}/backstage"


def person_channel(person: str) -> str:
    """The internal name of a person's `me`."""
    return f"{OWN}{person}"


class Look(NamedTuple):
    """The view that `channel` shows under `key` now; None: nothing."""

    channel: str
    key: str
    view: Any


class Projection:
    """The projection of a state. `documents` tell what the channels show so far.

    Of people's own channels only those in `own` are looked at, which its owner may change.
    """

    def __init__(
        self,
        state: State,
        names: Names,
        documents: Mapping[str, Document],
        own: Mapping[str, Document],
    ) -> None:
        self._state = state
        self._names = names
        self._documents = documents
        self._own = own
        self._voters = Voters(state, own)
        self._stages: dict[StageId, str] = {}  # channels of all stages that ever were

    # What there is --------------------------------------------------------------------------------

    def channels(self) -> Iterator[str]:
        """Yield all channels but people's own. A session that left the schedule keeps its questions."""
        yield from (AGENDA, ANNOUNCEMENTS, PRODUCE, DESK, AUDIENCE)
        if self._sheet is None:
            return
        self._stages |= {stage: stage_channel(stage) for stage in self._sheet.stages}
        yield from self._stages.values()
        for session in {**self._sheet.sessions, **self._sheet.retired}:
            yield from (
                session_channel(session),
                questions_channel(session),
                moderation_channel(session),
                polls_channel(session),
                poll_desk_channel(session),
                backstage_channel(session),
                audience_channel(session),
            )
        if self._sheet.schedule.people == "names":
            yield from map(people_channel, self._sheet.sessions)
        planned = (plan.id for plan in self._sheet.schedule.sessions if plan.chat)
        for session in dict.fromkeys((*planned, *self._state.chat.rooms)):
            yield from (chat_channel(session), chat_desk_channel(session))
        yield from (captions_channel(*one) for one in self._captioned())
        rated = (plan.id for plan in self._sheet.schedule.sessions if plan.feedback)
        yield from map(feedback_channel, dict.fromkeys((*rated, *self._state.feedback.by_session)))

    def _captioned(self) -> Iterator[tuple[SessionId, str]]:
        """Yield each session that has captions, or is to have some, with each of their languages."""
        plans = self._sheet.schedule.sessions if self._sheet is not None else ()
        planned = ((plan.id, language) for plan in plans for language in plan.captions)
        talks = self._state.captions.talks.items()
        there = ((session, language) for session, talk in talks for language in talk.lines)
        yield from dict.fromkeys((*planned, *there))

    def agenda(self) -> Iterator[Touch]:
        """Yield every thing that follows from the schedule and the clock."""
        if self._sheet is None:
            return
        yield from (EventTouch(), ClockTouch(), ControlsTouch())
        yield from (StageTouch(stage) for stage in self._sheet.stages)
        for session, run in self._sheet.sessions.items():
            yield SessionTouch(session)
            yield from (CueTouch(session, cue) for cue in run.cues)
            yield from publication_touches(run)
        yield from (QualityTouch(session) for session in self._sheet.quality)
        yield from (CheckTouch(item.id) for item in self._state.check_list.items(self._sheet))
        shown = self._documents[PRODUCE].items if PRODUCE in self._documents else {}
        yield from (
            CheckTouch(CheckId(view.id))
            for view in shown.values()
            if type(view) is check_views.CheckView
        )

    def everything(self) -> Iterator[Touch]:
        """Yield every thing that these channels may show."""
        yield from self.agenda()
        for question in self._state.questions.by_id:
            yield from (QuestionTouch(question), TallyTouch(question))
        for poll in self._state.polls.by_id:
            yield from (PollTouch(poll), PollTallyTouch(poll))
        yield from (AnnouncementTouch(made) for made in self._state.announcements.by_id)
        for session, room in self._state.chat.rooms.items():
            yield from (ChatTouch(session, message) for message in room.messages)
        yield from (CaptionsTouch(*one) for one in self._captioned())
        for session, here in self._state.feedback.by_session.items():
            yield FeedbackTallyTouch(session)
            for person, comment in here.comments.items():
                yield FeedbackTouch(session, person, comment.id)
        people = self._state.people
        yield from map(PersonTouch, {**people.banned, **people.silenced})

    def own_items(self, person: PersonId) -> Iterator[tuple[str, Any]]:
        """Yield all that the person's own channel shows, but who they are; they have just come."""
        self._voters.came(person)
        questions = self._state.questions
        asked = (
            (f"question:{q.id}", question_views.own_question(q, questions.survivor(q)))
            for q in questions.of_person(person)
        )
        yield from ((key, view) for key, view in asked if view is not None)
        yield from ((f"vote:{q.id}", True) for q in questions.voted_by(person) if q.public)
        favourites = self._state.favourites.of(person)
        yield from ((f"favourite:{session}", True) for session in favourites)
        for session, here in self._state.feedback.by_session.items():
            if (rating := feedback_views.own_rating(here, person)) is not None:
                yield f"rating:{session}", rating
        yield from self._own_publications(person)
        yield from self._own_consents(person)
        for poll in self._state.polls.by_id.values():
            if (own := self._own_vote(poll, person)) is not None:
                yield f"poll:{poll.id}", own
        if person in self._state.people.silenced:
            yield "silenced", views.silence(self._state.people.silenced[person])

    def _own_publications(self, person: PersonId) -> Iterator[tuple[str, Any]]:
        sheet = self._sheet
        for run in sheet.sessions.values() if sheet is not None else ():
            for id, published in run.publications.items():
                if sheet is not None and published.by == person:
                    yield f"publication:{id}", views.own_publication(sheet, run, id)

    def _own_consents(self, person: PersonId) -> Iterator[tuple[str, Any]]:
        for run in self._sheet.sessions.values() if self._sheet is not None else ():
            if (agreed := run.agreed.get(person)) is not None:
                yield f"recording:{run.id}", views.OwnConsentView(agreed=agreed)

    def touched(self, outcome: Outcome) -> set[Touch]:
        """Return all that the fact touched of what somebody may see."""
        touched: set[Touch] = set()
        for touch in outcome.touched:
            if isinstance(touch, VotersTouch):
                touched.update(self._votes_for(touch))
            elif isinstance(touch, PollVotersTouch):
                touched.update(self._votes_in(touch.poll))
            else:
                touched.add(touch)
        for person, question, _ in outcome.votes:
            touched.add(TallyTouch(question))
            if person_channel(person) in self._own:
                touched.add(VoteTouch(person, question))
        for id, voter in outcome.poll_votes:
            touched.add(PollTallyTouch(id))
            here = self._voters.person(self._state.polls.by_id[id], voter)
            if here is not None and person_channel(here) in self._own:
                touched.add(PollVoteTouch(here, id))
        return touched

    def _votes_for(self, touch: VotersTouch) -> Iterator[VoteTouch]:
        questions = self._state.questions
        numbers = [q.number for id in touch.questions if (q := questions.get(id)) is not None]
        people = (PersonId(channel.removeprefix(OWN)) for channel in self._own)
        for person in people:
            if any(questions.votes.has(person, number) for number in numbers):
                yield from (VoteTouch(person, id) for id in touch.questions)

    def _votes_in(self, poll: PollId) -> Iterator[PollVoteTouch]:
        """Yield the votes in a poll that own channels show."""
        key = f"poll:{poll}"
        for channel, document in self._own.items():
            if key in document.items:
                yield PollVoteTouch(PersonId(channel.removeprefix(OWN)), poll)

    # Looking --------------------------------------------------------------------------------------

    def items(self, touch: Touch) -> Iterator[Look]:
        """Yield what every channel shows of the thing now."""
        return ITEMS[type(touch)](self, touch) if type(touch) in ITEMS else iter(())

    def levels(self, touch: Touch) -> Iterator[Look]:
        """The thing's level in every channel that has one; None: none."""
        return LEVELS[type(touch)](self, touch) if type(touch) in LEVELS else iter(())

    def events(self, outcome: Outcome) -> Iterator[tuple[str, Any]]:
        """The one-shots of an outcome, each with its channel."""
        for cue in outcome.cues:
            yield AGENDA, self._cue_event(cue)
        for made in outcome.announced:
            announcement = self._state.announcements.get(made)
            if announcement is not None and announcement.shown:
                event = views.AnnouncementEventView(
                    id=announcement.id, text=announcement.text, session=announcement.session
                )
                yield _heard_in(announcement), event

    def name_of(self, person: PersonId) -> str:
        """The person's name, unless they were erased."""
        return "" if person in self._state.people.erased else self._names.get(person)

    @property
    def _sheet(self) -> RunSheet | None:
        return self._state.runsheet

    # The agenda and the producer's desk -----------------------------------------------------------

    def _event(self, _: EventTouch) -> Iterator[Look]:
        if self._sheet is not None:
            yield Look(
                AGENDA, "event", views.event(self._sheet.schedule, self._sheet.guests.values())
            )

    def _clock(self, _: ClockTouch) -> Iterator[Look]:
        if self._sheet is not None:
            yield Look(AGENDA, "clock", views.clock(self._sheet))

    def _session(self, touch: SessionTouch) -> Iterator[Look]:
        sheet, id = self._sheet, touch.session
        run = sheet.sessions.get(id) if sheet is not None else None
        view = views.session(sheet, run) if sheet is not None and run is not None else None
        yield Look(AGENDA, f"session:{id}", view)
        yield Look(session_channel(id), "session", view)
        if sheet is not None and run is not None and sheet.plan(id).chat:
            room = chat_views.room(self._state.chat, sheet, run)
            yield Look(chat_channel(id), "room", room)
            yield Look(chat_desk_channel(id), "room", room)
        for person, agreed in run.agreed.items() if run is not None else ():
            if (own := person_channel(person)) in self._own:
                yield Look(own, f"recording:{id}", views.OwnConsentView(agreed=agreed))
        if sheet is not None and run is not None and self._has_changed_stage(sheet, run):
            yield from chain.from_iterable(self._cue(CueTouch(id, cue)) for cue in run.cues)
            yield from self._quality(QualityTouch(id))
            for publication in publication_touches(run):
                yield from self._publication(publication)
            for item in self._state.check_list.items(sheet):
                if item.session == id:
                    yield from self._check(CheckTouch(item.id))

    def _has_changed_stage(self, sheet: RunSheet, run: SessionRun) -> bool:
        """Tell whether the channel of the session's stage does not show its cues yet."""
        here = self._documents.get(stage_channel(sheet.plan(run.id).stage))
        return here is not None and not any(_cue_key(run.id, cue) in here.items for cue in run.cues)

    def _desks(self, session: SessionId | None, key: str, view: Any) -> Iterator[Look]:
        """Yield the view for producers, and for the managers of the session's stage alone."""
        yield Look(PRODUCE, key, view)
        sheet = self._sheet
        known = sheet is not None and session is not None and session in sheet.sessions
        here = sheet.plan(session).stage if sheet and session and known else None
        for stage, channel in self._stages.items():
            if stage == here:
                yield Look(channel, key, view)
            elif (shown := self._documents.get(channel)) is not None and key in shown.items:
                yield Look(channel, key, None)

    def _publication(self, touch: PublicationTouch) -> Iterator[Look]:
        publication, own = touch.publication, person_channel(touch.person)
        key = f"publication:{publication}"
        sheet, run = self._sheet, self._publishing(publication)
        if sheet is None or run is None:
            yield from self._desks(None, key, None)
            yield Look(own, key, None)
        else:
            view = views.publication(sheet, run, publication, self.name_of)
            yield from self._desks(run.id, key, view)
            yield Look(own, key, views.own_publication(sheet, run, publication))

    def _publishing(self, publication: str) -> SessionRun | None:
        runs = self._sheet.sessions.values() if self._sheet is not None else ()
        return next((run for run in runs if publication in run.publications), None)

    def _quality(self, touch: QualityTouch) -> Iterator[Look]:
        session = touch.session
        quality = self._sheet.quality.get(session) if self._sheet is not None else None
        view = views.QualityView(session=session, quality=quality) if quality is not None else None
        yield from self._desks(session, f"quality:{session}", view)

    def _stage(self, touch: StageTouch) -> Iterator[Look]:
        if self._sheet is None:
            return
        id = touch.stage
        planned = next((stage for stage in self._sheet.schedule.stages if stage.id == id), None)
        view = views.stage(self._sheet, planned) if planned is not None else None
        yield Look(AGENDA, f"stage:{id}", view)

    def _cue(self, touch: CueTouch) -> Iterator[Look]:
        session, name = touch.session, touch.cue
        run = self._sheet.sessions.get(session) if self._sheet is not None else None
        cue = run.cues.get(name) if run is not None else None
        view = views.cue_state(session, name, cue) if cue is not None else None
        yield from self._desks(session, _cue_key(session, name), view)

    def _check(self, touch: CheckTouch) -> Iterator[Look]:
        sheet, checks = self._sheet, self._state.check_list
        item = checks.get(touch.item, sheet) if sheet is not None else None
        view = check_views.check(item, checks.ticks.get(item.id), self.name_of) if item else None
        yield from self._desks(item.session if item else None, f"check:{touch.item}", view)

    def _controls(self, _: ControlsTouch) -> Iterator[Look]:
        last = self._sheet.last_control() if self._sheet is not None else None
        undo = views.control(last, self.name_of) if last is not None else None
        yield Look(PRODUCE, "undo", undo)
        changed = stages_of_control(self._state, last) if last is not None else frozenset()
        for stage, channel in self._stages.items():
            yield Look(channel, "undo", undo if changed == {stage} else None)
        yield Look(PRODUCE, "offer", views.offer(self._sheet) if self._sheet else None)
        yield Look(PRODUCE, "catch_up", views.catch_up(self._sheet) if self._sheet else None)

    def _cue_event(self, cue: Any) -> views.CueEventView:
        assert self._sheet is not None  # who else called the cue?
        return views.CueEventView(
            session=cue.session,
            stage=self._sheet.plan(SessionId(cue.session)).stage,
            cue=cue.cue,
            due_ms=cue.due_ms,
            late_ms=cue.late_ms,
        )

    # Questions and announcements ------------------------------------------------------------------

    def _tally(self, touch: TallyTouch) -> Iterator[Look]:
        question = self._state.questions.get(touch.question)
        if question is None:
            return
        votes = self._state.questions.tally(question)
        seen = question.state != "erased" and question.merged_into is None
        yield Look(
            questions_channel(question.session), question.id, votes if question.public else None
        )
        yield Look(moderation_channel(question.session), question.id, votes if seen else None)

    def _question(self, touch: QuestionTouch) -> Iterator[Look]:
        id = touch.question
        question = self._state.questions.get(id)
        if question is None:
            return
        session, questions = question.session, self._state.questions
        merged = len(questions.together(question)) - 1
        yield Look(
            questions_channel(session), id, question_views.question(question, self.name_of, merged)
        )
        yield Look(
            moderation_channel(session),
            id,
            question_views.moderated_question(question, self.name_of),
        )
        sent = question_views.sent_question(question, self.name_of)
        yield Look(backstage_channel(session), f"question:{id}", sent)
        if question.state == "on_air" or self._is_shown_on_air(question):
            yield Look(session_channel(session), "question", self._on_air(question))
        own = person_channel(question.person)
        if own in self._own:
            survivor = questions.survivor(question)
            yield Look(own, f"question:{id}", question_views.own_question(question, survivor))

    def _is_shown_on_air(self, question: Question) -> bool:
        document = self._documents.get(session_channel(question.session))
        shown = document.items.get("question") if document is not None else None
        return shown is not None and shown.id == question.id

    def _on_air(self, question: Question) -> question_views.QuestionView | None:
        """Return what is on air in the question's session, be it this question or another."""
        id = self._state.questions.on_air.get(question.session)
        on_air = self._state.questions.get(id) if id is not None else None
        if on_air is None:
            return None
        merged = len(self._state.questions.together(on_air)) - 1
        return question_views.question(on_air, self.name_of, merged)

    def _vote(self, touch: VoteTouch) -> Iterator[Look]:
        questions = self._state.questions
        question = questions.get(touch.question)
        public = question if question is not None and question.public else None
        voted = public is not None and questions.has_vote(public, touch.person)
        yield Look(person_channel(touch.person), f"vote:{touch.question}", voted or None)

    def _favourite(self, touch: FavouriteTouch) -> Iterator[Look]:
        starred = self._state.favourites.has(touch.person, touch.session)
        yield Look(person_channel(touch.person), f"favourite:{touch.session}", starred or None)

    # Chat -----------------------------------------------------------------------------------------

    def _chat_message(self, touch: ChatTouch) -> Iterator[Look]:
        session, id = touch.session, touch.message
        said = self._state.chat.room(session).messages.get(id)
        yield Look(chat_channel(session), id, chat_views.message(said, self.name_of))
        yield Look(chat_desk_channel(session), id, chat_views.desk_message(said, self.name_of))

    # Captions -------------------------------------------------------------------------------------

    def _captions(self, touch: CaptionsTouch) -> Iterator[Look]:
        """Yield the newest lines, and nothing for those that are shown and are older now, or gone."""
        channel = captions_channel(touch.session, touch.language)
        live = {one.id: one for one in self._state.captions.live(touch.session, touch.language)}
        shown = self._documents[channel].items if channel in self._documents else {}
        yield from (Look(channel, key, None) for key in [*shown] if key not in live)
        yield from (Look(channel, id, caption_views.caption(one)) for id, one in live.items())

    # Feedback -------------------------------------------------------------------------------------

    def _feedback(self, touch: FeedbackTouch) -> Iterator[Look]:
        session, person = touch.session, touch.person
        here, own = self._state.feedback.on(session), person_channel(person)
        if touch.feedback:
            comment = feedback_views.comment(here, person)
            yield Look(feedback_channel(session), touch.feedback, comment)
        if own in self._own:
            yield Look(own, f"rating:{session}", feedback_views.own_rating(here, person))

    def _feedback_tally(self, touch: FeedbackTallyTouch) -> Iterator[Look]:
        tally = self._state.feedback.on(touch.session).tally
        for stars, count in enumerate(tally, start=1):
            yield Look(feedback_channel(touch.session), str(stars), count or None)

    # Polls ----------------------------------------------------------------------------------------

    def _poll(self, touch: PollTouch) -> Iterator[Look]:
        poll = self._state.polls.get(touch.poll)
        if poll is None:
            return
        if poll.state != "open":
            self._voters.forget(poll.id)
        yield Look(polls_channel(poll.session), poll.id, poll_views.poll(poll))
        yield Look(poll_desk_channel(poll.session), poll.id, poll_views.desk_poll(poll))

    def _poll_vote(self, touch: PollVoteTouch) -> Iterator[Look]:
        poll = self._state.polls.by_id[touch.poll]
        own = self._own_vote(poll, touch.person)
        yield Look(person_channel(touch.person), f"poll:{touch.poll}", own)

    def _own_vote(self, poll: Poll, person: PersonId) -> poll_views.OwnVoteView | None:
        if not poll.public:
            return None
        choice = self._state.polls.box(poll).of(voter_of(poll, person, self._state.salt))
        return poll_views.own_vote(choice) if choice is not None else None

    def _poll_tally(self, touch: PollTallyTouch) -> Iterator[Look]:
        """Look at how many voted, and how: in the public channel once that is told."""
        poll = self._state.polls.get(touch.poll)
        if poll is None:
            return
        levels: dict[str, int] = {}
        if poll.state != "deleted":
            box = self._state.polls.box(poll)
            counts = box.counts(poll.hidden).items()
            levels = {poll.id: box.voters, **{f"{poll.id}/{key}": count for key, count in counts}}
        desk, public = poll_desk_channel(poll.session), polls_channel(poll.session)
        yield from self._levels_of(poll.id, desk, levels)
        voters = {str(poll.id): levels[poll.id]} if poll.public else {}
        told = levels if poll.told else voters
        yield from self._levels_of(poll.id, public, told)

    def _levels_of(self, poll: PollId, channel: str, levels: Mapping[str, int]) -> Iterator[Look]:
        """Yield the levels of a poll, and None for those that are shown and no more there."""
        document = self._documents.get(channel)
        shown = document.levels if document is not None else {}
        for key in shown:
            if key not in levels and (key == poll or key.startswith(f"{poll}/")):
                yield Look(channel, key, None)
        yield from (Look(channel, key, count) for key, count in levels.items())

    def _announcement(self, touch: AnnouncementTouch) -> Iterator[Look]:
        id = touch.announcement
        made = self._state.announcements.get(id)
        if made is None:
            return
        view = views.announcement(made, self.name_of)
        key = f"announcement:{id}"
        yield Look(PRODUCE, key, view if made.planned else None)
        yield Look(DESK, key, views.desk_announcement(made, self.name_of))
        own_key = id if made.session is None or made.to == "speakers" else key
        yield Look(_heard_in(made), own_key, view if made.shown else None)

    def _person(self, touch: PersonTouch) -> Iterator[Look]:
        """Look at what shows the person's name, besides their questions, which are touched by themselves."""
        person, people = touch.person, self._state.people
        for key, terms in (("banned", people.banned), ("silenced", people.silenced)):
            view = views.term(person, terms.get(person), self.name_of)
            yield Look(DESK, f"{key}:{person}", view)
        if person_channel(person) in self._own:
            silence = views.silence(people.silenced.get(person))
            yield Look(person_channel(person), "silenced", silence)
        for made in self._state.announcements.by_id.values():
            if made.by == touch.person:
                yield from self._announcement(AnnouncementTouch(made.id))
        yield from self._controls(ControlsTouch())
        for item in self._state.check_list.of_person(person):
            yield from self._check(CheckTouch(item))
        runs = self._sheet.sessions.values() if self._sheet is not None else ()
        for published in (one for run in runs for one in publication_touches(run)):
            if published.person == touch.person:
                yield from self._publication(published)


def _cue_key(session: str, cue: str) -> str:
    return f"cue:{session}/{cue}"


def _heard_in(made: Announcement) -> str:
    """Return the channel in which its recipients hear an announcement."""
    if made.session is None:
        return ANNOUNCEMENTS
    channel = backstage_channel if made.to == "speakers" else session_channel
    return channel(made.session)


_Looks = Callable[[Projection, Any], Iterator[Look]]
ITEMS: dict[type[Touch], _Looks] = {
    EventTouch: Projection._event,
    ClockTouch: Projection._clock,
    ControlsTouch: Projection._controls,
    SessionTouch: Projection._session,
    CueTouch: Projection._cue,
    QualityTouch: Projection._quality,
    CheckTouch: Projection._check,
    StageTouch: Projection._stage,
    PublicationTouch: Projection._publication,
    QuestionTouch: Projection._question,
    VoteTouch: Projection._vote,
    FavouriteTouch: Projection._favourite,
    PollTouch: Projection._poll,
    PollVoteTouch: Projection._poll_vote,
    ChatTouch: Projection._chat_message,
    CaptionsTouch: Projection._captions,
    FeedbackTouch: Projection._feedback,
    AnnouncementTouch: Projection._announcement,
    PersonTouch: Projection._person,
}
LEVELS: dict[type[Touch], _Looks] = {
    TallyTouch: Projection._tally,
    PollTallyTouch: Projection._poll_tally,
    FeedbackTallyTouch: Projection._feedback_tally,
}
