"""The items that clients see of feedback (`client_sdk/PROTOCOL.md` §4), as functions of the state.

Speakers and producers read what was said, and not by whom.
"""

from __future__ import annotations

from ..domain.feedback import SessionFeedback
from ..domain.ids import PersonId
from .views import View


class CommentView(View, frozen=True, kw_only=True):
    id: str
    stars: int
    text: str
    said_ms: int


class OwnRatingView(View, frozen=True, kw_only=True):
    stars: int
    comment: str


def comment(here: SessionFeedback, person: PersonId) -> CommentView | None:
    said, stars = here.comments.get(person), here.stars.get(person, 0)
    if said is None:
        return None
    return CommentView(id=said.id, stars=stars, text=said.text, said_ms=said.said_ms)


def own_rating(here: SessionFeedback, person: PersonId) -> OwnRatingView | None:
    stars, said = here.stars.get(person), here.comments.get(person)
    if stars is None:
        return None
    return OwnRatingView(stars=stars, comment=said.text if said is not None else "")
