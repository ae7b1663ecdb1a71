"""Channels, case by case; `test_channels_law` has what holds for all of them."""

from __future__ import annotations

import pytest
from msgspec import UNSET

from showcaller.domain import facts
from showcaller.domain.people import Principal
from showcaller.domain.quality import TalkQuality
from showcaller.domain.schedule import MINUTE_MS, QaPolicy
from showcaller.domain.state import State
from showcaller.errors import Unavailable
from showcaller.protocol.messages import ChannelHead, Since
from showcaller.show.channels import Channels
from showcaller.show.names import Names
from showcaller.testing.model_client import ModelClient
from showcaller.testing.schedules import schedule, session

AT_MS = 500 * MINUTE_MS
PLAN = schedule(session("talk", 540, 560, qa=QaPolicy(pre_moderation=False)))
QUESTIONS = "session/talk/questions"


class KnownNames(Names):
    def __init__(self, **names):
        super().__init__(log=None)
        self._names = names


class Show:
    """One node's channels, of an event whose questions are open."""

    def __init__(self, plan=PLAN, epoch="e1", **options):
        self.state = State(event_id="event")
        names = KnownNames(ada="Ada", bob="Bob", mo="Mo")
        self.channels = Channels(self.state, names, epoch, **options)
        self.fold(facts.RunStarted(run="r", salt="s", schedule=plan))
        self.fold(facts.QaOpened(session="talk", by="mo"))

    @property
    def offset(self):
        return self.state.folded

    def fold(self, fact, at_ms=AT_MS):
        """The changes by channel."""
        outcome = self.state.apply(self.offset + 1, at_ms, fact)
        return dict(self.channels.fold(self.offset, at_ms, outcome))

    def ask(self, question="q1", person="ada", **more):
        return self.fold(
            facts.QuestionAsked(
                question=question, session="talk", person=person, text="Why?", **more
            )
        )

    def vote(self, person, question="q1", on=True):
        return self.fold(facts.VotesCast(votes=((person, question, on),)))

    def flush(self):
        return dict(self.channels.flush_levels())

    def resume(self, channel, offset, epoch="e1"):
        return self.channels.resume(channel, Since(epoch, offset))


def principal(person, *roles):
    return Principal(
        person=person, roles=frozenset(roles or {"attendee"}), token="t", expires_at_ms=0
    )


def test_before_the_run_there_is_an_empty_agenda():
    channels = Channels(State(event_id="event"), KnownNames(), "e1")
    assert channels.snapshot("agenda").items == {}
    assert not channels.exists(QUESTIONS)


def test_a_question_shows_to_everybody_on_its_way():
    show = Show()
    changes = show.ask()
    assert set(changes) == {QUESTIONS, "session/talk/moderation"}
    view = changes[QUESTIONS].put["q1"]
    assert (view.text, view.author, view.state, view.reply) == ("Why?", "Ada", "approved", None)
    pushed = show.fold(facts.QuestionPushed(question="q1", by="mo"))
    assert pushed["session/talk"].put["question"].state == "on_air"
    answered = show.fold(facts.QuestionAnswered(question="q1", by="mo"))
    assert answered["session/talk"].remove == ["question"]
    assert answered[QUESTIONS].put["q1"].state == "answered"


def test_a_fact_that_changes_no_view_sends_nothing():
    show = Show()
    show.ask()
    assert show.vote("bob") == {}
    assert show.fold(facts.QuestionApproved(question="q1", by="mo")) == {}


def test_each_change_names_the_one_before_it_in_its_channel():
    show = Show()
    first = show.ask("q1")[QUESTIONS]
    show.fold(facts.ClockHeld(by="mo"))
    second = show.ask("q2")[QUESTIONS]
    assert (first.prev, second.prev) == (0, first.offset)
    assert show.channels.head(QUESTIONS).head == second.offset


def test_levels_wait_for_the_flush_and_keep_the_newest_only():
    show = Show()
    show.ask()
    show.flush()
    for person in ("p1", "p2", "p3"):
        show.vote(person)
    levels = show.flush()[QUESTIONS]
    assert (levels.values, levels.mark) == ({"q1": 3}, show.offset)
    assert show.flush() == {}


def test_a_change_has_no_mark_while_a_level_is_pending():
    show = Show()
    show.ask()
    asked_at = show.offset
    assert show.ask("q2")[QUESTIONS].mark is UNSET
    assert show.channels.head(QUESTIONS) == ChannelHead(head=asked_at + 1, mark=asked_at - 1)
    show.flush()
    assert show.channels.head(QUESTIONS).mark == show.offset
    replied = show.fold(facts.QuestionReplied(question="q1", by="mo", text="So."))
    assert replied[QUESTIONS].mark == show.offset


def test_the_mark_moves_with_facts_of_other_channels():
    show = Show()
    show.fold(facts.ClockHeld(by="mo"))
    assert show.channels.head(QUESTIONS) == ChannelHead(head=0, mark=show.offset)


def test_a_question_that_is_gone_takes_its_level_with_it():
    show = Show()
    show.ask()
    show.flush()
    gone = show.fold(facts.QuestionWithdrawn(question="q1", person="ada"))[QUESTIONS]
    assert gone.remove == ["q1"]
    assert show.flush()[QUESTIONS].values == {"q1": None}


def test_resuming_where_nothing_was_missed_tells_the_mark():
    show = Show()
    (levels,) = show.resume("agenda", show.offset)
    assert (levels.values, levels.mark) == ({}, show.offset)


def test_resuming_ends_with_the_levels_that_changed():
    show = Show()
    show.ask("q1")
    show.ask("q2")
    since = show.offset
    show.flush()
    show.vote("p1", "q2")
    show.ask("q3")
    change, levels = show.resume(QUESTIONS, since)
    assert set(change.put) == {"q3"}
    assert levels.values == {"q2": 1, "q3": 0}


def test_no_mark_is_given_on_resuming_before_the_levels_were():
    """Else a client that is cut off in between would never be sent the level."""
    show = Show()
    show.ask()
    show.flush()
    since = show.offset
    show.vote("p1")
    show.flush()
    replied = show.fold(facts.QuestionReplied(question="q1", by="mo", text="So."))
    assert replied[QUESTIONS].mark == show.offset
    change, levels = show.resume(QUESTIONS, since)
    assert change.mark is UNSET
    assert levels.mark == show.offset


def test_an_erased_text_is_not_sent_to_clients_that_resume():
    show = Show()
    since = show.offset
    show.ask()
    show.fold(facts.QuestionErased(question="q1", by="mo"))
    asked, erased, levels = show.resume(QUESTIONS, since)
    assert asked.put is UNSET
    assert (erased.prev, erased.remove) == (asked.offset, ["q1"])
    assert levels.values == {"q1": None}


def test_a_position_of_another_epoch_is_not_resumed():
    assert Show().resume("agenda", 1, epoch="e0") is None


def test_a_position_older_than_the_ring_is_not_resumed():
    show = Show(changes_kept=3)
    since = show.offset
    for n in range(3):
        show.ask(f"q{n}")
    assert len(show.resume(QUESTIONS, since)) == 4
    show.ask("q3")
    assert show.resume(QUESTIONS, since) is None
    assert len(show.resume(QUESTIONS, since + 1)) == 4


def test_a_position_ahead_of_this_node_is_asked_to_wait():
    show = Show()
    with pytest.raises(Unavailable) as behind:
        show.resume("agenda", show.offset + 1)
    assert behind.value.retry
    assert behind.value.retry_after_s


def test_a_snapshot_stays_as_it_was():
    show = Show()
    before = show.channels.snapshot(QUESTIONS)
    show.ask()
    assert (before.items, before.levels) == ({}, {})
    assert show.channels.snapshot(QUESTIONS, reset=True).reset


def test_cues_and_announcements_are_one_shots():
    show = Show()
    control = {"session": "talk", "control": "c1", "by": "mo"}
    (cue,) = show.fold(facts.SessionStarted(**control))["agenda"].events
    assert (cue.session, cue.stage, cue.cue, cue.due_ms) == ("talk", "main", "started", AT_MS)
    everybody = show.fold(facts.AnnouncementMade(announcement="a1", text="Lunch", by="mo"))
    (told,) = everybody["announcements"].events
    assert (told.id, told.text, told.session) == ("a1", "Lunch", None)
    assert everybody["announcements"].put["a1"].by == "Mo"


def test_an_announcement_to_a_session_reaches_that_session_only():
    show = Show()
    made = facts.AnnouncementMade(announcement="a1", text="Seats!", by="mo", session="talk")
    changes = show.fold(made)
    assert set(changes) == {"session/talk", "desk"}
    assert changes["session/talk"].put["announcement:a1"].called_ms == AT_MS


def test_a_line_to_the_speakers_is_heard_backstage_only():
    show = Show()
    made = facts.AnnouncementMade(
        announcement="a1", text="Wrap up", by="mo", session="talk", to="speakers"
    )
    changes = show.fold(made)
    assert [c for c in changes if "announcement" in c or c.startswith("session/")] == [
        "session/talk/backstage"
    ]
    assert changes["session/talk/backstage"].put["a1"].text == "Wrap up"
    assert len(changes["session/talk/backstage"].events) == 1
    cancelled = show.fold(facts.AnnouncementCancelled(announcement="a1", by="mo"))
    assert cancelled["session/talk/backstage"].remove == ["a1"]


def test_a_planned_announcement_is_the_desks_until_it_is_called():
    show = Show()
    made = facts.AnnouncementMade(announcement="a1", text="Lunch", by="mo", at_ms=AT_MS)
    assert set(show.fold(made)) == {"produce", "desk"}
    called = show.fold(facts.AnnouncementCalled(announcement="a1"))
    assert called["produce"].remove == ["announcement:a1"]
    assert len(called["announcements"].events) == 1
    cancelled = show.fold(facts.AnnouncementCancelled(announcement="a1", by="mo"))
    assert cancelled["announcements"].remove == ["a1"]


def test_the_desk_keeps_every_announcement_with_what_became_of_it():
    show = Show()
    planned = show.fold(
        facts.AnnouncementMade(announcement="a1", text="Lunch", by="mo", at_ms=AT_MS)
    )
    called = show.fold(facts.AnnouncementCalled(announcement="a1"))
    withdrawn = show.fold(facts.AnnouncementCancelled(announcement="a1", by="mo"))
    kept = [changes["desk"].put["announcement:a1"] for changes in (planned, called, withdrawn)]
    assert [(one.called_ms is None, one.withdrawn) for one in kept] == [
        (True, False),
        (False, False),
        (False, True),
    ]


def test_the_desk_lists_who_is_shut_out_also_on_a_node_that_starts_later():
    show = Show()
    banned = show.fold(facts.PersonBanned(person="ada", by="mo"))
    assert banned["desk"].put["banned:ada"].name == "Ada"
    later = Channels(show.state, KnownNames(ada="Ada"), "e1")
    assert set(later.snapshot("desk").items) == {"banned:ada"}
    assert show.fold(facts.PersonUnbanned(person="ada", by="mo"))["desk"].remove == ["banned:ada"]


def test_publications_come_and_go():
    show = Show()
    on = facts.PublicationStarted(session="talk", publication="p1", by="ada")
    changes = show.fold(on)
    published = changes["produce"].put["publication:p1"]
    assert (published.person, published.name, published.source) == ("ada", "Ada", "main")
    assert changes["agenda"].put["session:talk"].on_air
    assert "ada" not in str(changes["agenda"])
    off = show.fold(facts.PublicationStopped(session="talk", publication="p1"))
    assert "publication:p1" in off["produce"].remove


def test_publishers_see_in_their_own_channel_whether_they_are_on_stage():
    show = Show()
    own = show.channels.open_own(principal("ada"))
    for id, by in (("p1", "ada"), ("p2", "bob")):
        show.fold(facts.PublicationStarted(session="talk", publication=id, by=by))
    mine = show.channels.snapshot(own).items
    assert "publication:p2" not in mine
    assert not mine["publication:p1"].on_stage
    started = show.fold(facts.SessionStarted(session="talk", control="c1", by="mo"))
    assert started[own].put["publication:p1"].on_stage
    assert started[own].put["publication:p1"].heard
    chosen = show.fold(facts.SourceChosen(session="talk", publication="p2", control="c2", by="mo"))
    assert not chosen[own].put["publication:p1"].on_stage
    assert chosen["produce"].put["publication:p2"].chosen
    silenced = chosen["produce"].put["publication:p1"]
    assert (silenced.chosen, silenced.heard) == (False, False)
    gone = show.fold(facts.PublicationStopped(session="talk", publication="p1"))
    assert gone[own].remove == ["publication:p1"]
    assert show.channels.open_own(principal("bob"))
    assert show.channels.snapshot("person/bob").items["publication:p2"].on_stage


def test_who_has_agreed_to_be_recorded_sees_it_in_their_own_channel_alone():
    show = Show(schedule(session("talk", 540, 560, record="ask")))
    own, other = (show.channels.open_own(principal(one)) for one in ("ada", "bob"))
    changes = show.fold(facts.RecordingAgreed(session="talk", by="ada", agreed=True))
    assert changes[own].put["recording:talk"].agreed
    assert other not in changes
    later = Channels(show.state, KnownNames(ada="Ada"), "e1")
    assert later.snapshot(later.open_own(principal("ada"))).items["recording:talk"].agreed


def test_before_the_start_a_publication_is_on_stage_only_if_a_producer_chose_it():
    show = Show()
    own = show.channels.open_own(principal("ada"))
    due = show.state.runsheet.due_cues()[0]
    assert due.cue == "doors_open"
    show.fold(facts.CueCalled(**due._asdict()), at_ms=due.due_ms)
    show.fold(facts.PublicationStarted(session="talk", publication="p1", by="ada"))
    mine = show.channels.snapshot(own).items["publication:p1"]
    assert not (mine.on_stage or mine.heard)
    chosen = show.fold(facts.SourceChosen(session="talk", publication="p1", control="c1", by="mo"))
    mine = chosen[own].put["publication:p1"]
    assert mine.on_stage and mine.heard
    back = show.fold(facts.SourceChosen(session="talk", publication="", control="c2", by="mo"))
    assert not back[own].put["publication:p1"].on_stage


def test_an_erased_publisher_loses_the_name():
    show = Show()
    show.fold(facts.PublicationStarted(session="talk", publication="p1", by="ada"))
    erased = show.fold(facts.PersonErased(person="ada", by="mo"))
    assert erased["produce"].put["publication:p1"].name == ""


def test_producers_see_how_a_talk_came_across():
    show = Show()
    for worker, viewers in (("w1", 3), ("w2", 4)):
        quality = TalkQuality(viewers=viewers)
        measured = facts.TalkMeasured(session="talk", stage="main", worker=worker, quality=quality)
        changes = show.fold(measured)
        assert set(changes) == {"produce", "stage/main/produce"}
    assert changes["produce"].put["quality:talk"].quality.viewers == 7


def test_a_new_session_gets_its_channels_and_a_dropped_one_is_emptied():
    show = Show()
    later = schedule(*PLAN.sessions, session("more", 560, 580))
    show.fold(facts.SchedulePublished(schedule=later))
    assert show.channels.snapshot("session/more").items["session"].id == "more"
    changes = show.fold(facts.SchedulePublished(schedule=PLAN))
    assert "session:more" in changes["agenda"].remove
    assert show.channels.snapshot("session/more").items == {}


def test_a_dropped_stage_leaves_the_agenda():
    show = Show(schedule(*PLAN.sessions, session("aside", 540, 560, stage="side")))
    changes = show.fold(facts.SchedulePublished(schedule=PLAN))
    assert "stage:side" in changes["agenda"].remove


def test_erasing_a_person_takes_their_name_away_everywhere():
    show = Show()
    show.ask()
    show.fold(facts.AnnouncementMade(announcement="a1", text="Lunch", by="ada"))
    changes = show.fold(facts.PersonErased(person="ada", by="mo"))
    assert changes[QUESTIONS].put["q1"].author is None
    assert changes["session/talk/moderation"].put["q1"].author == ""
    assert changes["announcements"].put["a1"].by == ""


# A person's own channel ---------------------------------------------------------------------------


def test_my_channel_has_my_questions_and_votes():
    show = Show()
    show.ask("q1", person="ada", anonymous=True)
    show.ask("q2", person="bob")
    show.vote("ada", "q2")
    assert show.channels.open_own(principal("ada", "speaker", "attendee")) == "person/ada"
    items = show.channels.snapshot("person/ada").items
    assert set(items) == {"person", "question:q1", "vote:q2"}
    assert (items["person"].name, items["person"].roles) == ("Ada", ("attendee", "speaker"))
    assert items["question:q1"].anonymous
    assert show.channels.snapshot("person/ada").channel == "me"


def test_my_channel_follows_what_happens_to_my_things():
    show = Show()
    show.channels.open_own(principal("ada"))
    show.ask("q2", person="bob")
    assert show.vote("ada", "q2")["person/ada"].put == {"vote:q2": True}
    assert show.vote("ada", "q2", on=False)["person/ada"].remove == ["vote:q2"]
    asked = show.ask("q1", person="ada")["person/ada"]
    assert asked.channel == "me"
    rejected = facts.QuestionRejected(question="q1", by="mo", reason="twice")
    assert show.fold(rejected)["person/ada"].put["question:q1"].reason == "twice"


def test_my_votes_show_public_questions_only():
    show = Show()
    show.channels.open_own(principal("ada"))
    show.ask("q2", person="bob")
    show.vote("ada", "q2")
    rejected = show.fold(facts.QuestionRejected(question="q2", by="mo"))
    assert rejected["person/ada"].remove == ["vote:q2"]


def test_nobody_resumes_from_what_another_fold_has_shown():
    show = Show(epoch="e1.4")
    show.ask()
    now = show.offset
    assert show.channels.resume(QUESTIONS, Since("e1.4", now)) is not None
    assert show.channels.resume(QUESTIONS, Since("e1.3", now)) is None
    with pytest.raises(Unavailable):  # nobody is sent back in time
        show.channels.resume(QUESTIONS, Since("e1.3", now + 1))


def test_my_channel_is_never_resumed():
    show = Show()
    show.channels.open_own(principal("ada"))
    assert show.resume("person/ada", show.offset) is None
    with pytest.raises(Unavailable):
        show.resume("person/ada", show.offset + 1)


def test_new_roles_show_when_the_channel_is_opened_with_them():
    show = Show()
    show.channels.open_own(principal("ada"))
    show.channels.open_own(principal("ada", "moderator"))
    assert show.channels.snapshot("person/ada").items["person"].roles == ("moderator",)


def test_own_channels_that_nobody_used_lately_are_forgotten():
    show = Show(own_kept=2)
    for person in ("ada", "bob"):
        show.channels.open_own(principal(person))
    show.channels.head("person/ada")  # a heartbeat: somebody follows it
    show.channels.open_own(principal("cy"))
    assert show.channels.exists("person/ada")
    assert not show.channels.exists("person/bob")


def test_a_follower_of_a_forgotten_channel_opens_it_again():
    show = Show(own_kept=1)
    client = ModelClient()
    show.channels.open_own(principal("ada"))
    client.receive(show.channels.snapshot("person/ada"))
    show.ask("q2", person="bob")
    show.channels.open_own(principal("bob"))
    assert not client.heartbeat("e1", show.channels.head("person/ada"))
    show.channels.open_own(principal("ada"))  # another connection of hers
    assert not client.receive(show.vote("ada", "q2")["person/ada"])
