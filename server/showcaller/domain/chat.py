"""Chat beside sessions, where the schedule wants it: what was said last, and how fast one may speak.

A room keeps the newest messages only, and all rooms together so many: what is older is shown to nobody any
more. It takes messages from doors open until the session's Q&A closes; without Q&A until the session ends.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec import Struct, field

from . import facts
from .ids import MessageId, PersonId, SessionId
from .outcome import Outcome, Refusal
from .runsheet import RunSheet
from .session_run import SessionRun
from .touches import ChatTouch, SessionTouch, Touch

KEPT_A_ROOM = 200  # messages
KEPT_IN_ALL = 5_000
MAX_SLOW_S = 600

_OPEN_STATES = ("doors_open", "live", "overrunning")
CLOSED = Refusal("chat_closed", "there is no chat here now")
SLOW = Refusal("slow_mode", "the chat is in slow mode: wait a little before you say more")
GONE = Refusal("not_found", "this message is not there any more")


class ChatMessage(Struct, frozen=True, kw_only=True, gc=False):
    id: MessageId
    person: PersonId
    text: str
    said_ms: int  # wall time
    badge: facts.Badge = ""


class ChatRoom(Struct, kw_only=True):
    """The chat of one session."""

    messages: dict[MessageId, ChatMessage] = field(default_factory=dict)  # the oldest first
    closed: bool = False  # by a moderator
    slow_s: int = 0  # so long everybody waits between two messages; 0: no longer than elsewhere
    # In slow mode, when each person spoke last; the oldest first.
    spoke_ms: dict[PersonId, int] = field(default_factory=dict)

    def wait_ms(self, person: PersonId, at_ms: int) -> int:
        """Return for how long slow mode has the person wait."""
        spoke_ms = self.spoke_ms.get(person)
        return 0 if spoke_ms is None else max(0, spoke_ms + self.slow_s * 1000 - at_ms)

    def note_spoke(self, person: PersonId, at_ms: int) -> None:
        """Note that the person spoke, as far as slow mode has to know it."""
        if not self.slow_s:
            return
        self.spoke_ms.pop(person, None)
        self.spoke_ms[person] = at_ms
        while self.wait_ms(oldest := next(iter(self.spoke_ms)), at_ms) == 0:
            del self.spoke_ms[oldest]


class Chat(Struct, kw_only=True):
    """The chats of an event, by session."""

    rooms: dict[SessionId, ChatRoom] = field(default_factory=dict)

    def room(self, session: SessionId) -> ChatRoom:
        return self.rooms.get(session) or ChatRoom()

    def authors(self) -> set[PersonId]:
        return {one.person for room in self.rooms.values() for one in room.messages.values()}

    def is_open(self, run: SessionRun, runsheet: RunSheet) -> bool:
        """Tell whether the session takes messages now."""
        if not runsheet.plan(run.id).chat or self.room(run.id).closed:
            return False
        return run.state in _OPEN_STATES or (run.state == "ended" and run.qa_open)

    def why_not(self, fact: facts.Fact, at_ms: int, runsheet: RunSheet) -> Refusal | None:
        """Return why the state does not allow a fact of those in `FOLDS` at wall time `at_ms`."""
        run = runsheet.sessions.get(getattr(fact, "session", SessionId("")))
        if run is None:
            return Refusal("not_found", "there is no such session")
        if isinstance(fact, facts.ChatSaid):
            return self._why_not_say(fact, at_ms, run, runsheet)
        if isinstance(fact, facts.ChatDeleted):
            return self._why_not_delete(fact)
        return None if runsheet.plan(run.id).chat else CLOSED

    def _why_not_say(
        self, fact: facts.ChatSaid, at_ms: int, run: SessionRun, runsheet: RunSheet
    ) -> Refusal | None:
        room = self.room(fact.session)
        if not self.is_open(run, runsheet):
            return CLOSED
        if fact.message in room.messages:
            return Refusal("wrong_state", "this was said already")
        return SLOW if not fact.badge and room.wait_ms(fact.person, at_ms) else None

    def _why_not_delete(self, fact: facts.ChatDeleted) -> Refusal | None:
        message = self.room(fact.session).messages.get(fact.message)
        if message is None:
            return GONE
        if fact.own and message.person != fact.by:
            return Refusal("forbidden", "the message is not yours")
        return None

    def apply(self, fact: facts.Fact, at_ms: int, runsheet: RunSheet) -> Outcome:
        """Fold one fact of those in `FOLDS`, appended at wall time `at_ms`."""
        refused = self.why_not(fact, at_ms, runsheet)
        return Outcome(refused=refused) if refused else FOLDS[type(fact)](self, fact, at_ms)

    def _say(self, fact: facts.ChatSaid, at_ms: int) -> Outcome:
        room = self.rooms.setdefault(fact.session, ChatRoom())
        room.messages[fact.message] = ChatMessage(
            id=fact.message,
            person=fact.person,
            text=fact.text,
            said_ms=at_ms,
            badge=fact.badge,
        )
        room.note_spoke(fact.person, at_ms)
        return Outcome(touched={ChatTouch(fact.session, fact.message), *self._drop(fact.session)})

    def _drop(self, session: SessionId) -> set[Touch]:
        """Drop what is too much: of the session's room, then of the one that has been silent longest."""
        dropped: set[Touch] = set()
        if len(self.rooms[session].messages) > KEPT_A_ROOM:
            dropped.add(self._drop_oldest(session))
        if sum(len(room.messages) for room in self.rooms.values()) > KEPT_IN_ALL:
            dropped.add(self._drop_oldest(self._most_silent()))
        return dropped

    def _most_silent(self) -> SessionId:
        talking = ((id, room) for id, room in self.rooms.items() if room.messages)
        return min(talking, key=lambda one: (_last_ms(one[1]), one[0]))[0]

    def _drop_oldest(self, session: SessionId) -> ChatTouch:
        messages = self.rooms[session].messages
        oldest = next(iter(messages))
        del messages[oldest]
        return ChatTouch(session, oldest)

    def _delete(self, fact: facts.ChatDeleted, at_ms: int) -> Outcome:
        author = self.rooms[fact.session].messages[fact.message].person
        gone = [
            one.id
            for one in self.rooms[fact.session].messages.values()
            if one.id == fact.message or (fact.all_of_author and one.person == author)
        ]
        return Outcome(touched=self._take_out(fact.session, gone))

    def forget(self, person: PersonId) -> Outcome:
        """Take out all that the person said; they were erased."""
        touched: set[Touch] = set()
        for session, room in self.rooms.items():
            theirs = [one.id for one in room.messages.values() if one.person == person]
            touched |= self._take_out(session, theirs)
            room.spoke_ms.pop(person, None)
        return Outcome(touched=touched)

    def _take_out(self, session: SessionId, messages: list[MessageId]) -> set[Touch]:
        for message in messages:
            del self.rooms[session].messages[message]
        return {ChatTouch(session, message) for message in messages}

    def _slow(self, fact: facts.ChatSlowed, at_ms: int) -> Outcome:
        room = self.rooms.setdefault(fact.session, ChatRoom())
        room.slow_s = fact.seconds
        room.spoke_ms.clear()
        return Outcome.touch(SessionTouch(fact.session))

    def _switch(self, fact: facts.ChatSwitched, at_ms: int) -> Outcome:
        self.rooms.setdefault(fact.session, ChatRoom()).closed = not fact.on
        return Outcome.touch(SessionTouch(fact.session))


def _last_ms(room: ChatRoom) -> int:
    return room.messages[next(reversed(room.messages))].said_ms


FOLDS: dict[type[facts.Fact], Callable[[Chat, Any, int], Outcome]] = {
    facts.ChatSaid: Chat._say,
    facts.ChatDeleted: Chat._delete,
    facts.ChatSlowed: Chat._slow,
    facts.ChatSwitched: Chat._switch,
}
