"""Chat beside sessions: its bounds, its slow mode, and what is gone when somebody takes it out."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from showcaller.domain import chat, facts
from showcaller.domain.schedule import MINUTE_MS, QaPolicy
from showcaller.domain.state import State
from showcaller.testing.random_history import RandomHistory
from showcaller.testing.schedules import schedule, session

START_MS = 540 * MINUTE_MS
PLAN = schedule(
    session("talk", 540, 560, chat=True),
    session("other", 560, 580, chat=True, qa=QaPolicy(enabled=False)),
    session("silent", 580, 590),
)


class Story:
    """An event whose first talk has begun; time passes as it is told."""

    def __init__(self):
        self.state = State(event_id="event")
        self.now_ms = START_MS
        self.number = 0
        self.fold(facts.RunStarted(run="run", salt="s", schedule=PLAN))
        self.start("talk")

    def fold(self, fact):
        return self.state.apply(self.state.folded + 1, self.now_ms, fact)

    def start(self, talk):
        self.fold(facts.SessionStarted(session=talk, control=f"c_{talk}", by="p_staff"))

    def say(self, person="p_ada", *, session="talk", after_s=0, badge="", text="hello"):
        self.now_ms += after_s * 1000
        self.number += 1
        message = f"m_{self.number}"
        said = facts.ChatSaid(
            message=message, session=session, person=person, text=text, badge=badge
        )
        refused = self.fold(said).refused
        return refused.code if refused else message

    def there(self, session="talk"):
        return list(self.state.chat.room(session).messages)


@pytest.fixture
def story():
    return Story()


def test_what_is_said_is_there_in_its_order(story):
    assert [story.say(), story.say("p_bob"), story.say()] == story.there() == ["m_1", "m_2", "m_3"]


def test_there_is_no_chat_but_where_the_schedule_wants_one_and_only_while_the_session_is_on(story):
    assert story.say(session="silent") == "chat_closed"
    assert story.say(session="other") == "chat_closed"
    assert story.say(session="nowhere") == "not_found"
    story.start("other")
    assert story.say(session="other") == "m_4"
    story.fold(facts.SessionEnded(session="other", control="end", by="p_staff"))
    assert story.say(session="other") == "chat_closed"


def test_after_a_talk_the_chat_goes_on_until_its_questions_close(story):
    story.fold(facts.SessionEnded(session="talk", control="end", by="p_staff"))
    assert story.say() == "m_1"
    story.fold(facts.QaClosed(session="talk", by="p_staff"))
    assert story.say() == "chat_closed"


def test_moderators_close_a_chat_and_open_it_again(story):
    story.fold(facts.ChatSwitched(session="talk", on=False, by="p_staff"))
    assert story.say() == "chat_closed"
    story.fold(facts.ChatSwitched(session="talk", on=True, by="p_staff"))
    assert story.say() == "m_2"


def test_who_is_silenced_says_nothing(story):
    story.fold(facts.PersonSilenced(person="p_ada", by="p_staff"))
    assert story.say() == "silenced"
    assert story.say("p_bob") == "m_2"


@given(
    st.integers(1, chat.MAX_SLOW_S),
    st.lists(st.tuples(st.sampled_from(["p_ada", "p_bob"]), st.integers(0, 400)), max_size=40),
)
def test_in_slow_mode_nobody_says_two_things_within_its_time(seconds, tries):
    story = Story()
    story.fold(facts.ChatSlowed(session="talk", seconds=seconds, by="p_staff"))
    last_ms = {}
    for person, after_s in tries:
        said = story.say(person, after_s=after_s)
        may = story.now_ms - last_ms.get(person, -(10**9)) >= seconds * 1000
        assert said == (f"m_{story.number}" if may else "slow_mode")
        if may:
            last_ms[person] = story.now_ms
    room = story.state.chat.room("talk")
    assert len(room.spoke_ms) <= 2


def test_slow_mode_holds_up_neither_speakers_nor_staff(story):
    story.fold(facts.ChatSlowed(session="talk", seconds=60, by="p_staff"))
    assert [story.say(badge="speaker"), story.say(badge="staff")] == ["m_1", "m_2"]
    story.fold(facts.ChatSlowed(session="talk", seconds=0, by="p_staff"))
    assert [story.say("p_bob"), story.say("p_bob")] == ["m_3", "m_4"]


def test_a_moderator_deletes_one_message_or_all_of_its_author(story):
    for person in ("p_ada", "p_bob", "p_ada", "p_ada"):
        story.say(person)
    story.fold(facts.ChatDeleted(message="m_4", session="talk", by="p_staff"))
    assert story.there() == ["m_1", "m_2", "m_3"]
    story.fold(facts.ChatDeleted(message="m_1", session="talk", by="p_staff", all_of_author=True))
    assert story.there() == ["m_2"]
    again = story.fold(facts.ChatDeleted(message="m_1", session="talk", by="p_staff"))
    assert again.refused == chat.GONE


def test_an_author_deletes_only_what_is_theirs(story):
    story.say("p_ada")
    theirs = facts.ChatDeleted(message="m_1", session="talk", by="p_bob", own=True)
    assert story.fold(theirs).refused.code == "forbidden"
    own = facts.ChatDeleted(message="m_1", session="talk", by="p_ada", own=True)
    assert story.fold(own).refused is None
    assert story.there() == []


def test_an_erased_person_has_said_nothing(story):
    story.say("p_ada")
    story.say("p_bob")
    story.fold(facts.PersonErased(person="p_ada", by="p_staff"))
    assert story.there() == ["m_2"]


def test_a_room_keeps_its_newest_messages(story):
    for _ in range(chat.KEPT_A_ROOM + 10):
        story.say(badge="staff")
    kept = [f"m_{n}" for n in range(11, chat.KEPT_A_ROOM + 11)]
    assert story.there() == kept


def test_all_rooms_together_keep_so_many_those_that_talk_now_theirs(story, monkeypatch):
    monkeypatch.setattr(chat, "KEPT_IN_ALL", 30)
    story.start("other")
    for _ in range(20):
        story.say(session="talk", after_s=1)
    for _ in range(25):
        story.say(session="other", after_s=1)
    assert (len(story.there("talk")), len(story.there("other"))) == (5, 25)
    assert story.there("talk") == [f"m_{n}" for n in range(16, 21)]


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32))
def test_what_a_fact_adds_or_takes_out_is_touched_and_a_snapshot_keeps_the_rest(seed):
    history = RandomHistory(random.Random(seed))
    before = {}
    for _ in range(80):
        _, outcome = history.step()
        now = {
            (session, id): one
            for session, room in history.state.chat.rooms.items()
            for id, one in room.messages.items()
        }
        changed = {key for key in now.keys() | before.keys() if now.get(key) != before.get(key)}
        assert {chat.ChatTouch(*key) for key in changed} <= outcome.touched
        before = now
    again = State.load(b"".join(history.state.dump()))
    assert again == history.state
    assert [*again.chat.rooms] == [*history.state.chat.rooms]
