"""Identifiers, each with a type of its own, and the one rule that makes new ones.

An id that clients see is derived from the run's secret salt and the idempotency key of the command
that created the thing. So a repeated command names the same thing on every node, and no id tells
anything about offsets, times or people.
"""

from __future__ import annotations

import base64
import hashlib
import re
from typing import NewType

EventId = NewType("EventId", str)
SessionId = NewType("SessionId", str)
StageId = NewType("StageId", str)
ThemeId = NewType("ThemeId", str)
SpeakerId = NewType("SpeakerId", str)
PersonId = NewType("PersonId", str)
QuestionId = NewType("QuestionId", str)
AnnouncementId = NewType("AnnouncementId", str)
ControlId = NewType("ControlId", str)
CheckId = NewType("CheckId", str)  # of an item of the check list
PollId = NewType("PollId", str)
FeedbackId = NewType("FeedbackId", str)
CaptionId = NewType("CaptionId", str)  # of a line of captions
MessageId = NewType("MessageId", str)  # of a chat
VoterId = NewType("VoterId", str)  # a person's id, or one that an anonymous poll has instead

SLUG_PATTERN = r"^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$"
_SLUG = re.compile(SLUG_PATTERN)


def is_slug(text: str) -> bool:
    """Tell whether `text` may name an event, session, stage, theme or speaker in a URL."""
    return _SLUG.fullmatch(text) is not None


def derive_id(prefix: str, salt: str, key: str) -> str:
    """Return an unguessable id such as `q_5xk2…` (80 bits) that the same `key` always yields."""
    digest = hashlib.blake2b(key.encode(), key=salt.encode()[:64], digest_size=10).digest()
    return f"{prefix}_{base64.b32encode(digest).decode().lower()}"
