"""The items that clients see of polls (`client_sdk/PROTOCOL.md` §4), as functions of the state.

No view names a person: who voted how stands in the export alone, and there of polls alone that are not
anonymous.
"""

from __future__ import annotations

from ..domain.poll import Poll
from ..domain.poll_draft import Choice, PollDraft, PollPlan
from .views import View


class PollView(View, frozen=True, kw_only=True):
    """A poll that is or was open: what everybody may know of it."""

    id: str
    kind: str
    text: str
    options: tuple[str, ...]
    most: int
    anonymous: bool
    state: str
    results: bool  # everybody may see how people vote: the levels tell
    right: tuple[int, ...] | None  # of a quiz that is over and whose results are shown
    opened_ms: int | None
    ends_ms: int | None  # show time
    closed_ms: int | None
    shown_ms: int | None


class DeskPollView(View, frozen=True, kw_only=True):
    id: str
    session: str
    draft: PollDraft
    state: str
    plan: PollPlan | None
    results: bool
    made_ms: int
    opened_ms: int | None
    ends_ms: int | None
    closed_ms: int | None
    hidden: tuple[str, ...]


class OwnVoteView(View, frozen=True, kw_only=True):
    options: tuple[int, ...]
    words: tuple[str, ...]


def poll(made: Poll) -> PollView | None:
    """Return what everybody sees; None unless it is public."""
    if not made.public:
        return None
    draft = made.draft
    told = made.told and made.state == "closed" and draft.kind == "quiz"
    return PollView(
        id=made.id,
        kind=draft.kind,
        text=draft.text,
        options=draft.options,
        most=draft.most,
        anonymous=draft.anonymous,
        state=made.state,
        results=made.told,
        right=draft.right if told else None,
        opened_ms=made.opened_ms,
        ends_ms=made.ends_ms,
        closed_ms=made.closed_ms,
        shown_ms=made.shown_ms,
    )


def desk_poll(made: Poll) -> DeskPollView | None:
    if made.state == "deleted":
        return None
    return DeskPollView(
        id=made.id,
        session=made.session,
        draft=made.draft,
        state=made.state,
        plan=made.plan,
        results=made.told,
        made_ms=made.made_ms,
        opened_ms=made.opened_ms,
        ends_ms=made.ends_ms,
        closed_ms=made.closed_ms,
        hidden=made.hidden,
    )


def own_vote(choice: Choice) -> OwnVoteView:
    return OwnVoteView(options=choice.options, words=choice.words)
