"""A poll as it is written, how the clock is to open it, and what somebody chooses: values alone."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal, NamedTuple

from msgspec import Struct

PollKind = Literal["single", "multiple", "rating", "ranking", "words", "quiz"]
PollAnchor = Literal["doors_open", "started", "ended"]
# Everybody sees how others voted: at once, once it closes, or once a moderator shows it.
PollResults = Literal["live", "closed", "by_hand"]

MIN_OPTIONS = 2
MAX_OPTIONS = 12
MAX_WORDS = 5  # a person
MAX_TIMER_S = 3_600
MAX_WAIT_MIN = 720  # between a poll and what it is planned by
MOST: dict[PollKind, int] = {"single": 1, "rating": 1, "quiz": 1, "words": MAX_WORDS}


class PollDraft(Struct, frozen=True, kw_only=True):
    """A poll as it was written. A rating's options are its steps, from the lowest on."""

    kind: PollKind
    text: str
    options: tuple[str, ...] = ()  # none: people bring words of their own
    most: int = 1  # so many of the options, or words, at most
    anonymous: bool = True
    results: PollResults = "live"
    right: tuple[int, ...] = ()  # of a quiz: the places of the right options
    timer_s: int = 0  # of show time; 0: it closes by hand


class PollPlan(Struct, frozen=True, kw_only=True):
    """The moment at which the clock opens it: minutes after (or before) something that its session does."""

    anchor: PollAnchor
    minutes: int = 0


class Choice(Struct, frozen=True, array_like=True):
    """The places of options (of a ranking the best first), or words. Neither: the vote is withdrawn."""

    options: tuple[int, ...] = ()
    words: tuple[str, ...] = ()


class Problem(NamedTuple):
    """A field of a draft that is wrong."""

    field: str
    message: str


def problem_in(draft: PollDraft) -> Problem | None:
    """Return what is wrong with a draft whose texts are in order."""
    options = len(draft.options)
    if draft.kind == "words" and options:
        return Problem("options", "a word cloud has no options: people bring their own words")
    if draft.kind != "words" and not MIN_OPTIONS <= options <= MAX_OPTIONS:
        return Problem("options", f"a poll has {MIN_OPTIONS} to {MAX_OPTIONS} options")
    if len(set(draft.options)) < options:
        return Problem("options", "two options are the same")
    if not 1 <= draft.most <= MOST.get(draft.kind, options):
        return Problem("most", f"at most {MOST.get(draft.kind, options)} can be chosen here")
    return _problem_in_quiz(draft)


def _problem_in_quiz(draft: PollDraft) -> Problem | None:
    if draft.kind != "quiz":
        return Problem("right", "only a quiz has right options") if draft.right else None
    if not _are_places(draft.right, len(draft.options)) or not draft.right:
        return Problem("right", "say by their places, from 0 on, which options are right")
    return None


def why_not_choose(draft: PollDraft, choice: Choice) -> str:
    """Return why nobody can choose so in such a poll; "" if they can."""
    if draft.kind == "words" and choice.options:
        return "a word cloud takes words"
    if draft.kind != "words" and choice.words:
        return "this poll takes options by their places"
    if len(choice.options) + len(choice.words) > draft.most:
        return f"choose at most {draft.most}"
    if not _are_places(choice.options, len(draft.options)):
        return "there is no such option, or one is named twice"
    return "a word is named twice" if len(set(choice.words)) < len(choice.words) else ""


def _are_places(places: Collection[int], options: int) -> bool:
    return len(set(places)) == len(places) and all(0 <= place < options for place in places)
