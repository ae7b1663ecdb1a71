"""The commands about chats."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from ..domain import facts
from ..domain.ids import MessageId, derive_id
from ..domain.outcome import Outcome, Refusal
from ..domain.people import Principal
from . import command_args as a
from .call import Call, Result, raise_if
from .live_event import LiveEvent
from .permissions import DESK

MAX_CHAT_GRAPHEMES = 300

_Append = Callable[[Call, facts.Fact], Awaitable[Outcome]]
_RefusedWithoutFact = Callable[[Call, Callable[[], Refusal | None]], Awaitable[Refusal | None]]


class ChatCommands:
    """The commands about chats that reach this node for one event; `append` and its look before are those of
    `Commands`.
    """

    def __init__(
        self, event: LiveEvent, append: _Append, refused_without_fact: _RefusedWithoutFact
    ) -> None:
        self._event = event
        self._append = append
        self._refused_without_fact = refused_without_fact

    async def say(self, call: Call, args: a.SayArgs) -> Result:
        message = MessageId(derive_id("m", self._event.state.salt, call.key))
        fact = facts.ChatSaid(
            message=message,
            session=args.session,
            person=call.by,
            text=a.cleaned(args.text, MAX_CHAT_GRAPHEMES),
            badge=badge_of(call.who, args.session),
        )
        await self._event.introduce(call.who)
        await self._do(call, fact)
        return {"message": message}

    async def delete(self, call: Call, args: a.DeleteMessageArgs) -> Result:
        is_staff = call.who.has(*DESK)
        fact = facts.ChatDeleted(
            message=args.message,
            session=args.session,
            by=call.by,
            own=not is_staff,
            all_of_author=args.all_of_author and is_staff,
        )
        await self._do(call, fact)
        return {}

    async def _do(self, call: Call, fact: facts.Fact) -> None:
        raise_if(await self._refused_without_fact(call, lambda: self._why_not(fact)))
        await self._append(call, fact)

    def _why_not(self, fact: facts.Fact) -> Refusal | None:
        state, now_ms = self._event.state, int(self._event.wall_ms())
        return state.chat.why_not(fact, now_ms, state.runsheet) if state.runsheet else None


def badge_of(who: Principal, session: str) -> facts.Badge:
    """Return how somebody shows in the session's chat."""
    if who.has("speaker") and session in who.sessions:
        return "speaker"
    return "staff" if who.has(*DESK) else ""


_Make = Callable[[Call, Any], facts.Fact]

# The commands whose fact says all, and whose result is empty.
FACTS_OF_CHATS: dict[str, tuple[type[a.SessionArgs], _Make]] = {
    "chat.slow": (
        a.SlowArgs,
        lambda call, args: facts.ChatSlowed(session=args.session, seconds=args.seconds, by=call.by),
    ),
    "chat.open": (
        a.SessionArgs,
        lambda call, args: facts.ChatSwitched(session=args.session, on=True, by=call.by),
    ),
    "chat.close": (
        a.SessionArgs,
        lambda call, args: facts.ChatSwitched(session=args.session, on=False, by=call.by),
    ),
}
