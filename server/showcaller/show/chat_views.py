"""The items that clients see of chats (`client_sdk/PROTOCOL.md` §4), as functions of the state."""

from __future__ import annotations

from ..domain.chat import Chat, ChatMessage
from ..domain.facts import Badge
from ..domain.runsheet import RunSheet
from ..domain.session_run import SessionRun
from .views import NameOf, View


class ChatRoomView(View, frozen=True, kw_only=True):
    open: bool
    slow_s: int


class ChatMessageView(View, frozen=True, kw_only=True):
    """A message as everybody sees it: who said it by their name only."""

    id: str
    author: str
    text: str
    said_ms: int
    badge: Badge


class DeskChatMessageView(ChatMessageView, frozen=True, kw_only=True):
    """A message as moderators see it, who may have to silence somebody."""

    person: str


def room(chat: Chat, sheet: RunSheet, run: SessionRun) -> ChatRoomView | None:
    """Return the room; None where the schedule wants no chat."""
    if not sheet.plan(run.id).chat:
        return None
    return ChatRoomView(open=chat.is_open(run, sheet), slow_s=chat.room(run.id).slow_s)


def message(said: ChatMessage | None, name_of: NameOf) -> ChatMessageView | None:
    if said is None:
        return None
    author = name_of(said.person)
    return ChatMessageView(
        id=said.id, author=author, text=said.text, said_ms=said.said_ms, badge=said.badge
    )


def desk_message(said: ChatMessage | None, name_of: NameOf) -> DeskChatMessageView | None:
    if said is None:
        return None
    return DeskChatMessageView(
        id=said.id,
        author=name_of(said.person),
        person=said.person,
        text=said.text,
        said_ms=said.said_ms,
        badge=said.badge,
    )
