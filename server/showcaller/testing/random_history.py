"""Random histories of an event: plausible facts of every class, some of which the fold must refuse.

Whatever must not be seen by everybody carries a canary (`zz-KIND-NUMBER-zz`) of its own, so that a test can
search any message for what it gives away.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from itertools import count
from typing import Literal, get_args

from ..domain import facts
from ..domain.favourites import CLAIMED
from ..domain.ids import (
    AnnouncementId,
    CaptionId,
    CheckId,
    ControlId,
    EventId,
    FeedbackId,
    MessageId,
    PersonId,
    PollId,
    QuestionId,
    SessionId,
    SpeakerId,
    VoterId,
)
from ..domain.outcome import Outcome
from ..domain.poll import voter_of
from ..domain.poll_draft import Choice, PollAnchor, PollDraft, PollKind, PollPlan
from ..domain.quality import TalkQuality
from ..domain.schedule import MINUTE_MS, CatchUpPolicy, QaPolicy, Schedule, Speaker
from ..domain.schedule_diff import offer_id
from ..domain.session_run import PREFERRED
from ..domain.state import State
from .schedules import schedule, session

START_MS = 500 * MINUTE_MS
SCHEDULE = schedule(
    session(
        "opening",
        540,
        545,
        kind="opening",
        qa=QaPolicy(enabled=False),
        chat=True,
        feedback=True,
        captions=("en",),
        check_list=("Music off", "Doors shut"),
    ),
    session("moderated", 545, 565, speakers=(SpeakerId("ada"),), feedback=True),
    session(
        "open",
        565,
        585,
        qa=QaPolicy(pre_moderation=False, opens="started"),
        chat=True,
        feedback=True,
        captions=("en", "de"),
    ),
    session("break", 585, 600, kind="break", qa=QaPolicy(enabled=False)),
    session("aside", 545, 600, stage="side", record="ask", qa=QaPolicy(opens="by_hand")),
    catch_up=CatchUpPolicy(talks_give_min=5),
)
SHORTER = schedule(
    *(s for s in SCHEDULE.sessions if s.id != "break"), check_list=("Everybody has a headset",)
)
MODERATED = frozenset(s.id for s in SCHEDULE.sessions if s.qa.pre_moderation)

ATTENDEES = tuple(PersonId(f"zz-person-{n}-zz") for n in range(6))
SHY = frozenset(ATTENDEES[:3])  # these ask without their name only
STAFF = PersonId("zz-person-100-zz")
NAMES = {p: p.replace("person", "name") for p in (*ATTENDEES, STAFF)}


class RandomHistory:
    """One event's log as it grows: `step` folds one more fact."""

    def __init__(self, rng: random.Random) -> None:
        self.state = State(event_id=EventId("event"))
        self.now_ms = START_MS
        self._rng = rng
        self._numbers = count(1)
        self._questions: list[QuestionId] = []
        self._announcements: list[AnnouncementId] = []
        self._controls: list[ControlId] = []
        self._polls: list[PollId] = []
        self._words: list[str] = []
        self._publications: list[str] = []
        self._said: list[tuple[SessionId, MessageId]] = []
        self._feedback_ids = {person: f"feedback-{n}" for n, person in enumerate(ATTENDEES)}

    def step(self) -> tuple[facts.Fact, Outcome]:
        """Let some time pass, then fold a random fact; the first one begins the run."""
        self.now_ms += self._rng.choice((0, 1, 1_000, 30_000, 2 * MINUTE_MS))
        fact = self._run_started() if self.state.runsheet is None else self._any()
        decoded = facts.decode_fact(facts.encode_fact(fact))
        return fact, self.state.apply(self.state.folded + 1, self.now_ms, decoded)

    def _any(self) -> facts.Fact:
        make, _ = self._rng.choices(_MAKERS, weights=[weight for _, weight in _MAKERS])[0]
        return make(self)

    # What facts are made of -----------------------------------------------------------------------

    def _canary(self, kind: str) -> str:
        return f"zz-{kind}-{next(self._numbers)}-zz"

    def _session(self) -> SessionId:
        return self._rng.choice([s.id for s in SCHEDULE.sessions])

    def _person(self) -> PersonId:
        return self._rng.choice(ATTENDEES)

    def _question(self) -> QuestionId:
        return self._rng.choice(self._questions or [QuestionId("zz-q-0-zz")])

    def _author(self, question: QuestionId) -> PersonId:
        known = self.state.questions.get(question)
        honest = known is not None and self._rng.random() < 0.9
        return known.person if known is not None and honest else self._person()

    def _announcement(self) -> AnnouncementId:
        return self._rng.choice(self._announcements or [AnnouncementId("none")])

    def _new_control(self) -> ControlId:
        self._controls.append(ControlId(self._canary("control")))
        return self._controls[-1]

    # The run and its clock ------------------------------------------------------------------------

    def _run_started(self) -> facts.Fact:
        return facts.RunStarted(run="run", salt="zz-salt-0-zz", schedule=SCHEDULE)

    def _schedule_published(self) -> facts.Fact:
        plan: Schedule = self._rng.choice((SCHEDULE, SCHEDULE, SHORTER))
        return facts.SchedulePublished(schedule=plan, by=STAFF)

    def _schedule_offered(self) -> facts.Fact:
        return facts.ScheduleOffered(schedule=self._rng.choice((SCHEDULE, SHORTER)))

    def _schedule_accepted(self) -> facts.Fact:
        sheet = self.state.runsheet
        offered = sheet.offered if sheet is not None else None
        return facts.ScheduleAccepted(offer=offer_id(offered or SCHEDULE), by=STAFF)

    def _clock_held(self) -> facts.Fact:
        return facts.ClockHeld(by=STAFF)

    def _clock_resumed(self) -> facts.Fact:
        return facts.ClockResumed(by=STAFF)

    def _cue_called(self) -> facts.Fact:
        sheet = self.state.runsheet
        due = sheet.due_cues() if sheet is not None else []
        if sheet is None or not due:
            return facts.CueCalled(session=self._session(), cue="started", revision=1, due_ms=0)
        cue = due[0]
        wall_ms = sheet.clock.wall_for(cue.due_ms)
        if wall_ms is not None and self._rng.random() < 0.9:
            self.now_ms = max(self.now_ms, wall_ms)
        return facts.CueCalled(**cue._asdict())

    def _session_started(self) -> facts.Fact:
        return facts.SessionStarted(session=self._session(), control=self._new_control(), by=STAFF)

    def _session_ended(self) -> facts.Fact:
        return facts.SessionEnded(session=self._session(), control=self._new_control(), by=STAFF)

    def _session_extended(self) -> facts.Fact:
        return facts.SessionExtended(
            session=self._session(),
            minutes=self._rng.choice((-5, 5, 10)),
            control=self._new_control(),
            by=STAFF,
        )

    def _session_delayed(self) -> facts.Fact:
        return facts.SessionDelayed(
            session=self._session(),
            minutes=self._rng.choice((-5, 5, 20)),
            control=self._new_control(),
            by=STAFF,
            if_revision=self._rng.choice((None, None, 1)),
        )

    def _session_skipped(self) -> facts.Fact:
        return facts.SessionSkipped(session=self._session(), control=self._new_control(), by=STAFF)

    def _session_reopened(self) -> facts.Fact:
        return facts.SessionReopened(session=self._session(), control=self._new_control(), by=STAFF)

    def _session_moved(self) -> facts.Fact:
        return facts.SessionMoved(
            session=self._session(),
            stage=self._rng.choice(SCHEDULE.stages).id,
            starts_at_ms=self._soon_ms(),
            beside=self._rng.random() < 0.3,
            control=self._new_control(),
            by=STAFF,
        )

    def _soon_ms(self) -> int:
        return self.now_ms + self._rng.randrange(-2, 60) * MINUTE_MS

    def _sessions_swapped(self) -> facts.Fact:
        return facts.SessionsSwapped(
            session=self._session(),
            other=self._session(),
            control=self._new_control(),
            by=STAFF,
        )

    def _session_cancelled(self) -> facts.Fact:
        return facts.SessionCancelled(
            session=self._session(),
            note="The speaker is ill",
            control=self._new_control(),
            by=STAFF,
        )

    def _speaker_replaced(self) -> facts.Fact:
        guest = Speaker(id=SpeakerId(f"guest-{next(self._numbers)}"), name="A guest")
        return facts.SpeakerReplaced(
            session=self._session(),
            speaker=self._rng.choice((SpeakerId("ada"), SpeakerId("nobody"))),
            other=guest.id,
            guest=guest,
            control=self._new_control(),
            by=STAFF,
        )

    def _break_inserted(self) -> facts.Fact:
        return facts.BreakInserted(
            session=SessionId(f"break-{next(self._numbers)}"),
            title="Coffee",
            stage=self._rng.choice(SCHEDULE.stages).id,
            starts_at_ms=self._soon_ms(),
            minutes=10,
            control=self._new_control(),
            by=STAFF,
        )

    def _catch_up_switched(self) -> facts.Fact:
        return facts.CatchUpSwitched(on=self._rng.random() < 0.5, by=STAFF)

    def _control_undone(self) -> facts.Fact:
        control = self._controls[-1] if self._controls else ControlId("none")
        return facts.ControlUndone(control=control, by=STAFF)

    def _stage_hosted(self) -> facts.Fact:
        stage = self._rng.choice(SCHEDULE.stages).id
        return facts.StageHosted(stage=stage, generation=self._rng.randrange(5))

    def _publication_started(self) -> facts.Fact:
        self._publications.append(self._canary("publication"))
        return facts.PublicationStarted(
            session=self._session(),
            publication=self._publications[-1],
            by=self._person(),
            source=self._rng.choice(PREFERRED),
        )

    def _publication_stopped(self) -> facts.Fact:
        session, publication = self._known_publication()
        return facts.PublicationStopped(session=session, publication=publication)

    def _known_publication(self) -> tuple[SessionId, str]:
        sheet = self.state.runsheet
        runs = sheet.sessions.values() if sheet is not None else ()
        known = [(run.id, publication) for run in runs for publication in run.publications]
        return self._rng.choice(known or [(self._session(), "none")])

    def _source_chosen(self) -> facts.Fact:
        session, publication = self._known_publication()
        return facts.SourceChosen(
            session=session,
            publication=self._rng.choice((publication, publication, "")),
            control=self._new_control(),
            by=STAFF,
        )

    def _talk_measured(self) -> facts.Fact:
        return facts.TalkMeasured(
            session=self._session(),
            stage=self._rng.choice(SCHEDULE.stages).id,
            worker=self._canary("worker"),
            quality=TalkQuality(viewers=self._rng.randrange(9), layer_s={"high": 1.5}),
        )

    # Recordings -----------------------------------------------------------------------------------

    def _session_recorded(self) -> facts.Fact:
        on = self._rng.random() < 0.6
        return facts.SessionRecorded(session=self._session(), node=self._canary("node"), on=on)

    def _recording_agreed(self) -> facts.Fact:
        agreed = self._rng.random() < 0.6
        return facts.RecordingAgreed(session=self._session(), by=self._person(), agreed=agreed)

    def _recording_deleted(self) -> facts.Fact:
        person = self._rng.choice((None, self._person()))
        return facts.RecordingDeleted(session=self._session(), by=STAFF, person=person)

    # Questions ------------------------------------------------------------------------------------

    def _qa_opened(self) -> facts.Fact:
        return facts.QaOpened(session=self._session(), by=STAFF)

    def _qa_closed(self) -> facts.Fact:
        return facts.QaClosed(session=self._session(), by=STAFF)

    def _question_asked(self) -> facts.Fact:
        person = self._person()
        self._questions.append(QuestionId(self._canary("q")))
        sheet = self.state.runsheet
        runs = sheet.sessions.values() if sheet is not None else ()
        taking = [run.id for run in runs if run.qa_open]
        return facts.QuestionAsked(
            question=self._questions[-1],
            session=self._rng.choice(taking or [self._session()]),
            person=person,
            text=self._canary("text"),
            anonymous=person in SHY or self._rng.random() < 0.3,
            via=self._rng.choice(("", "v_one", "v_two")),
        )

    def _question_edited(self) -> facts.Fact:
        question = self._question()
        text = self._canary("text")
        return facts.QuestionEdited(question=question, person=self._author(question), text=text)

    def _question_withdrawn(self) -> facts.Fact:
        question = self._question()
        return facts.QuestionWithdrawn(question=question, person=self._author(question))

    def _question_approved(self) -> facts.Fact:
        return facts.QuestionApproved(question=self._question(), by=STAFF)

    def _question_rejected(self) -> facts.Fact:
        return facts.QuestionRejected(
            question=self._question(), by=STAFF, reason=self._canary("reason")
        )

    def _question_returned(self) -> facts.Fact:
        return facts.QuestionReturned(question=self._question(), by=STAFF)

    def _questions_rejected(self) -> facts.Fact:
        of: Literal["person", "address"] = self._rng.choice(("person", "address"))
        return facts.QuestionsRejected(question=self._question(), of=of, by=STAFF)

    def _question_pushed(self) -> facts.Fact:
        return facts.QuestionPushed(question=self._question(), by=STAFF)

    def _question_pulled(self) -> facts.Fact:
        return facts.QuestionPulled(question=self._question(), by=STAFF)

    def _question_answered(self) -> facts.Fact:
        return facts.QuestionAnswered(question=self._question(), by=STAFF)

    def _question_replied(self) -> facts.Fact:
        text = self._rng.choice((self._canary("reply"), ""))
        return facts.QuestionReplied(question=self._question(), by=STAFF, text=text)

    def _question_erased(self) -> facts.Fact:
        return facts.QuestionErased(question=self._question(), by=STAFF)

    def _question_clarified(self) -> facts.Fact:
        return facts.QuestionClarified(
            question=self._question(), by=STAFF, text=self._canary("text")
        )

    def _question_labelled(self) -> facts.Fact:
        return facts.QuestionLabelled(
            question=self._question(),
            by=STAFF,
            label=self._rng.choice(("zz-label-1-zz", "zz-label-2-zz")),
            on=self._rng.random() < 0.7,
        )

    def _question_pinned(self) -> facts.Fact:
        on = self._rng.random() < 0.7
        return facts.QuestionPinned(question=self._question(), by=STAFF, on=on)

    def _question_sent(self) -> facts.Fact:
        on = self._rng.random() < 0.7
        return facts.QuestionSent(question=self._question(), by=STAFF, on=on)

    def _question_claimed(self) -> facts.Fact:
        return facts.QuestionClaimed(
            question=self._question(), by=STAFF, take_over=self._rng.random() < 0.3
        )

    def _question_released(self) -> facts.Fact:
        return facts.QuestionReleased(question=self._question(), by=STAFF)

    def _question_merged(self) -> facts.Fact:
        asked = list(self.state.questions.by_id.values())
        free = [one for one in asked if one.is_open and one.state != "on_air"]
        if not free or self._rng.random() < 0.2:
            return facts.QuestionMerged(question=self._question(), into=self._question(), by=STAFF)
        question = self._rng.choice(free)
        into = self._rng.choice([one for one in asked if one.session == question.session])
        return facts.QuestionMerged(question=question.id, into=into.id, by=STAFF)

    def _question_unmerged(self) -> facts.Fact:
        asked = self.state.questions.by_id.values()
        merged = [one.id for one in asked if one.merged_into is not None]
        return facts.QuestionUnmerged(
            question=self._rng.choice(merged or [self._question()]), by=STAFF
        )

    def _votes_cast(self) -> facts.Fact:
        votes = [
            (self._person(), self._question(), self._rng.random() < 0.8)
            for _ in range(self._rng.randint(1, 6))
        ]
        given_ms = tuple(
            self._rng.choice((0, self._rng.randint(self.now_ms - 500, self.now_ms))) for _ in votes
        )
        keys = tuple(0 if given else self._rng.randint(0, 20) for given in given_ms)
        return facts.VotesCast(votes=tuple(votes), given_ms=given_ms, keys=keys)

    # Polls ----------------------------------------------------------------------------------------

    def _poll(self) -> PollId:
        return self._rng.choice(self._polls or [PollId("zz-poll-0-zz")])

    def _poll_draft(self) -> PollDraft:
        kinds: tuple[PollKind, ...] = (*get_args(PollKind), "words")
        kind = self._rng.choice(kinds)
        options = tuple(self._canary("option") for _ in range(self._rng.randint(2, 4)))
        return PollDraft(
            kind=kind,
            text=self._canary("polltext"),
            options=() if kind == "words" else options,
            most=2 if kind in ("multiple", "ranking", "words") else 1,
            anonymous=self._rng.random() < 0.5,
            results=self._rng.choice(("live", "closed", "by_hand")),
            right=(1,) if kind == "quiz" else (),
            timer_s=self._rng.choice((0, 0, 30, 300)),
        )

    def _poll_made(self) -> facts.Fact:
        self._polls.append(PollId(self._canary("poll")))
        return facts.PollMade(
            poll=self._polls[-1], session=self._session(), draft=self._poll_draft(), by=STAFF
        )

    def _poll_edited(self) -> facts.Fact:
        return facts.PollEdited(poll=self._poll(), draft=self._poll_draft(), by=STAFF)

    def _poll_planned(self) -> facts.Fact:
        anchor: PollAnchor = self._rng.choice(get_args(PollAnchor))
        plan = PollPlan(anchor=anchor, minutes=self._rng.choice((-2, 0, 0, 5)))
        return facts.PollPlanned(
            poll=self._poll(), plan=self._rng.choice((plan, plan, None)), by=STAFF
        )

    def _poll_opened(self) -> facts.Fact:
        return facts.PollOpened(poll=self._poll(), by=STAFF)

    def _poll_closed(self) -> facts.Fact:
        return facts.PollClosed(poll=self._poll(), by=STAFF)

    def _poll_results_shown(self) -> facts.Fact:
        on = self._rng.random() < 0.7
        return facts.PollResultsShown(poll=self._poll(), on=on, by=STAFF)

    def _poll_word_hidden(self) -> facts.Fact:
        words = [p for p in self._polls if self._draft_of(p).kind == "words"]
        return facts.PollWordHidden(
            poll=self._rng.choice(words or [self._poll()]),
            word=self._rng.choice(self._words or ["none"]),
            on=self._rng.random() < 0.8,
            by=STAFF,
        )

    def _poll_deleted(self) -> facts.Fact:
        return facts.PollDeleted(poll=self._poll(), by=STAFF)

    def _poll_called(self) -> facts.Fact:
        sheet = self.state.runsheet
        due = self.state.polls.due(sheet) if sheet is not None else []
        if sheet is None or not due:
            return facts.PollCalled(poll=self._poll(), revision=1)
        wall_ms = sheet.clock.wall_for(due[0].at_ms)
        if wall_ms is not None and self._rng.random() < 0.9:
            self.now_ms = max(self.now_ms, wall_ms)
        return facts.PollCalled(poll=due[0].poll, revision=due[0].revision)

    def _draft_of(self, poll: PollId) -> PollDraft:
        known = self.state.polls.get(poll)
        return known.draft if known is not None else PollDraft(kind="single", text="")

    def _voter(self, poll: PollId) -> VoterId:
        known, person = self.state.polls.get(poll), self._person()
        return voter_of(known, person, self.state.salt) if known is not None else VoterId(person)

    def _poll_votes_cast(self) -> facts.Fact:
        taking = [p.id for p in self.state.polls.by_id.values() if p.state == "open"]
        polls = [self._rng.choice(taking or [self._poll()]) for _ in range(self._rng.randint(1, 6))]
        return facts.PollVotesCast(votes=tuple(self._poll_vote(poll) for poll in polls))

    def _poll_vote(self, poll: PollId) -> facts.PollVote:
        given_ms = self._rng.choice((0, self._rng.randint(self.now_ms - 500, self.now_ms)))
        return facts.PollVote(
            voter=self._voter(poll),
            poll=poll,
            choice=self._choice(self._draft_of(poll)),
            given_ms=given_ms,
            key=0 if given_ms else self._rng.randint(0, 20),
        )

    def _choice(self, draft: PollDraft) -> Choice:
        if self._rng.random() < 0.1:
            return Choice()
        if draft.kind != "words":
            places = range(len(draft.options) or 1)
            count = min(len(places), self._rng.randint(1, draft.most))
            return Choice(options=tuple(self._rng.sample(places, count)))
        if not self._words or self._rng.random() < 0.4:
            self._words.append(self._canary("word"))
        return Choice(words=(self._rng.choice(self._words),))

    def _poll_words_erased(self) -> facts.Fact:
        polls = [p for p in self._polls if self._draft_of(p).kind == "words"]
        votes = tuple((poll, self._voter(poll)) for poll in polls)
        return facts.PollWordsErased(votes=votes, by=STAFF)

    # Chat -----------------------------------------------------------------------------------------

    def _chat_said(self) -> facts.Fact:
        sheet, chat = self.state.runsheet, self.state.chat
        runs = sheet.sessions.values() if sheet is not None else ()
        taking = [run.id for run in runs if sheet is not None and chat.is_open(run, sheet)]
        self._said.append((self._rng.choice(taking or [self._session()]), self._message_id()))
        session, message = self._said[-1]
        badge: facts.Badge = self._rng.choice(("", "", "speaker", "staff"))
        return facts.ChatSaid(
            message=message,
            session=session,
            person=self._rng.choice([one for one in ATTENDEES if one not in SHY]),
            text=self._canary("said"),
            badge=badge,
        )

    def _message_id(self) -> MessageId:
        return MessageId(self._canary("message"))

    def _chat_deleted(self) -> facts.Fact:
        unknown = self._session(), MessageId("none")
        session, message = self._rng.choice(self._said[-5:] or [unknown])
        return facts.ChatDeleted(
            message=message,
            session=session,
            by=self._rng.choice((STAFF, self._person())),
            own=self._rng.random() < 0.3,
            all_of_author=self._rng.random() < 0.2,
        )

    def _chat_slowed(self) -> facts.Fact:
        seconds = self._rng.choice((0, 30, 300))
        return facts.ChatSlowed(session=self._session(), seconds=seconds, by=STAFF)

    def _chat_switched(self) -> facts.Fact:
        on = self._rng.random() < 0.7
        return facts.ChatSwitched(session=self._session(), on=on, by=STAFF)

    # Captions -------------------------------------------------------------------------------------

    def _caption_said(self) -> facts.Fact:
        session, language = self._rng.choice((("opening", "en"), ("open", "en"), ("open", "de")))
        line = CaptionId(self._canary("line"))
        from_ms = self._rng.choice((0, self.now_ms))
        return facts.CaptionSaid(
            caption=line,
            session=SessionId(session),
            person=STAFF,
            language=language,
            text=self._canary("caption"),
            from_ms=from_ms,
            to_ms=from_ms and from_ms + 2_000,
        )

    def _caption_corrected(self) -> facts.Fact:
        unknown = SessionId("open"), "en", CaptionId("none")
        talks = self.state.captions.talks.items()
        there = [
            (session, language, line)
            for session, talk in talks
            for language, lines in talk.lines.items()
            for line in lines
        ]
        session, language, line = self._rng.choice(there or [unknown])
        removed = self._rng.random() < 0.3
        return facts.CaptionCorrected(
            caption=line,
            session=session,
            language=language,
            text="" if removed else self._canary("caption"),
            by=STAFF,
            removed=removed,
        )

    # Feedback -------------------------------------------------------------------------------------

    def _session_rated(self) -> facts.Fact:
        sheet, person = self.state.runsheet, self._person()
        runs = sheet.sessions.values() if sheet is not None else ()
        rated = {plan.id for plan in SCHEDULE.sessions if plan.feedback}
        over = [run.id for run in runs if run.state == "ended" and run.id in rated]
        session = self._rng.choice(over or [self._session()])
        comment = self._rng.choice(("", self._canary("comment")))
        return facts.SessionRated(
            feedback=FeedbackId(f"{session} {self._feedback_ids[person]}"),
            session=session,
            person=person,
            stars=self._rng.randint(1, 5),
            comment=comment,
            commented=bool(comment),
        )

    # Favourites -----------------------------------------------------------------------------------

    def _session_starred(self) -> facts.Fact:
        on = self._rng.random() < 0.8
        return facts.SessionStarred(person=self._person(), session=self._session(), on=on)

    def _calendar_renewed(self) -> facts.Fact:
        return facts.CalendarRenewed(person=self._person())

    def _reminders_claimed(self) -> facts.Fact:
        """Claim what is due, or what is not."""
        sheet = self.state.runsheet
        show_ms = sheet.clock.show_at(self.now_ms) if sheet is not None else 0
        due = list(self.state.favourites.due(sheet, show_ms)) if sheet is not None else []
        people = tuple(self._rng.sample(ATTENDEES, self._rng.randint(1, 6)))
        session, reminder = self._session(), self._rng.choice(tuple(CLAIMED))
        if due and self._rng.random() < 0.7:
            session, reminder, _ = self._rng.choice(due)
        node = self._rng.choice(("node_one", "node_two"))
        return facts.RemindersClaimed(session=session, reminder=reminder, people=people, node=node)

    # The check list -------------------------------------------------------------------------------

    def _check_item(self) -> CheckId:
        sheet = self.state.runsheet
        items = list(self.state.check_list.items(sheet)) if sheet is not None else []
        known = [item.id for item in items]
        return self._rng.choice([*known, CheckId("none")])

    def _check_added(self) -> facts.Fact:
        return facts.CheckAdded(
            item=CheckId(f"item-{next(self._numbers)}"),
            text=self._canary("check"),
            session=self._rng.choice((None, self._session())),
            by=STAFF,
        )

    def _check_ticked(self) -> facts.Fact:
        by = self._rng.choice((STAFF, self._person()))
        return facts.CheckTicked(item=self._check_item(), on=self._rng.random() < 0.7, by=by)

    def _check_removed(self) -> facts.Fact:
        return facts.CheckRemoved(item=self._check_item(), by=STAFF)

    # Announcements and people ---------------------------------------------------------------------

    def _announcement_made(self) -> facts.Fact:
        self._announcements.append(AnnouncementId(f"announcement-{next(self._numbers)}"))
        return facts.AnnouncementMade(
            announcement=self._announcements[-1],
            text="Lunch",
            by=STAFF,
            session=self._rng.choice((None, self._session())),
            at_ms=self._rng.choice((None, self.now_ms + MINUTE_MS)),
            to=self._rng.choice(("audience", "speakers")),
        )

    def _announcement_called(self) -> facts.Fact:
        return facts.AnnouncementCalled(announcement=self._announcement())

    def _announcement_cancelled(self) -> facts.Fact:
        return facts.AnnouncementCancelled(announcement=self._announcement(), by=STAFF)

    def _person_banned(self) -> facts.Fact:
        return facts.PersonBanned(person=self._person(), by=STAFF, reason=self._canary("term"))

    def _person_unbanned(self) -> facts.Fact:
        return facts.PersonUnbanned(person=self._person(), by=STAFF)

    def _person_silenced(self) -> facts.Fact:
        return facts.PersonSilenced(
            person=self._person(), by=STAFF, until_ms=self.now_ms + MINUTE_MS
        )

    def _person_unsilenced(self) -> facts.Fact:
        return facts.PersonUnsilenced(person=self._person(), by=STAFF)

    def _person_erased(self) -> facts.Fact:
        return facts.PersonErased(person=self._rng.choice((*ATTENDEES, STAFF)), by=STAFF)

    def _person_signed_out(self) -> facts.Fact:
        return facts.PersonSignedOut(person=self._person(), by=STAFF)

    def _staff_came(self) -> facts.Fact:
        roles: tuple[str, ...] = self._rng.choice((("moderator",), ("producer", "ops")))
        return facts.StaffCame(
            person=self._rng.choice((STAFF, self._person())),
            token=self._canary("token"),
            roles=roles,
            issued_ms=self.now_ms,
            expires_at_ms=self.now_ms + MINUTE_MS,
        )

    def _guest_invited(self) -> facts.Fact:
        number = next(self._numbers)
        return facts.GuestInvited(
            session=self._session(),
            person=PersonId(f"guest-{number}"),
            token=self._canary("token"),
            by=STAFF,
            expires_at_ms=self.now_ms + MINUTE_MS,
        )

    def _token_revoked(self) -> facts.Fact:
        return facts.TokenRevoked(token=self._canary("token"), by=STAFF)


_OFTEN = frozenset(
    {
        facts.CueCalled,
        facts.QaOpened,
        facts.QuestionAsked,
        facts.QuestionApproved,
        facts.QuestionMerged,
        facts.QuestionPushed,
        facts.VotesCast,
        facts.PollMade,
        facts.PollOpened,
        facts.PollVotesCast,
    }
)
_SELDOM = frozenset(
    {
        facts.RunStarted,
        facts.SchedulePublished,
        facts.ClockHeld,
        facts.QuestionsRejected,
        facts.PersonErased,
        facts.PollWordsErased,
        facts.PersonSilenced,
        facts.PersonSignedOut,
        facts.StaffCame,
        facts.ChatSwitched,
    }
)


def _snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)


def _weight(kind: type[facts.Fact]) -> int:
    if kind in _SELDOM:
        return 1
    return 16 if kind in _OFTEN else 3


# A method for each class of facts, by its name: a new class without one fails here.
_MAKERS: list[tuple[Callable[[RandomHistory], facts.Fact], int]] = [
    (getattr(RandomHistory, _snake(kind.__name__)), _weight(kind)) for kind in facts.KINDS
]
