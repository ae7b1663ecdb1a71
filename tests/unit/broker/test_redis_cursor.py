"""The newest entry that a node has seen, and how it takes messages about new entries, without a server."""

from __future__ import annotations

import pytest

from showcaller.broker.base import Entry
from showcaller.broker.redis_cursor import DIGESTS_KEPT, Cursor, Forked, Inbox, Seen

ZERO = Cursor("e", 0, "-")


def message(offset: int, digest: str, before: str, epoch: str = "e") -> bytes:
    return f"{epoch} {offset} {before}\n1700000000000 {digest} 2\nk{offset}data".encode()


def entry(offset: int) -> Entry:
    return Entry(offset, f"k{offset}", 1700000000000, b"data")


def inbox_with(*messages: bytes) -> Inbox:
    inbox = Inbox(Seen())
    for each in messages:
        inbox.put(each)
    return inbox


async def test_messages_that_continue_the_cursor_are_taken() -> None:
    inbox = inbox_with(message(1, "a", "-"), message(2, "b", "a"))
    assert await inbox.take(ZERO) == (Cursor("e", 2, "b"), [entry(1), entry(2)], False)


async def test_messages_about_what_was_read_already_are_passed_over() -> None:
    inbox = inbox_with(message(1, "a", "-"), message(2, "b", "a"))
    assert await inbox.take(Cursor("e", 1, "a")) == (Cursor("e", 2, "b"), [entry(2)], False)


@pytest.mark.parametrize(
    "strange",
    [
        message(3, "c", "b"),  # one is missing
        message(2, "b", "x"),  # of a fork
        message(2, "b", "a", epoch="f"),
    ],
)
async def test_a_message_that_does_not_continue_means_reading(strange: bytes) -> None:
    inbox = inbox_with(message(1, "a", "-"), strange, message(4, "d", "c"))
    assert await inbox.take(ZERO) == (Cursor("e", 1, "a"), [entry(1)], True)


async def test_a_message_against_what_another_reader_saw_means_reading() -> None:
    seen = Seen()
    seen.note(Cursor("e", 1, "mine"))
    inbox = Inbox(seen)
    inbox.put(message(1, "theirs", "-"))
    assert await inbox.take(ZERO) == (ZERO, [], True)


def test_the_newest_of_the_current_epoch_is_the_proof() -> None:
    seen = Seen()
    assert seen.newest() == ("", 0, "-")
    seen.note(Cursor("e", 2, "b"))
    seen.note(Cursor("e", 1, "a"))
    seen.note(Cursor("f", 9, "z"))
    seen.epoch = "e"
    assert seen.newest() == ("e", 2, "b")


def test_a_contradiction_makes_what_was_seen_first_the_proof() -> None:
    seen = Seen()
    seen.epoch = "e"
    seen.note(Cursor("e", 1, "a"))
    seen.note(Cursor("e", 2, "b"))
    with pytest.raises(Forked):
        seen.note(Cursor("e", 1, "x"))
    assert seen.newest() == ("e", 1, "a")


def test_memory_is_bounded() -> None:
    seen = Seen()
    for offset in range(1, DIGESTS_KEPT * 2):
        seen.note(Cursor("e", offset, "d"))
    assert len(seen._digests["e"]) == DIGESTS_KEPT


def test_the_far_past_does_not_push_out_what_is_new() -> None:
    seen = Seen()
    for offset in range(DIGESTS_KEPT, DIGESTS_KEPT * 3):
        seen.note(Cursor("e", offset, "d"))
    for offset in range(1, DIGESTS_KEPT):
        seen.note(Cursor("e", offset, "d"))
    with pytest.raises(Forked):
        seen.note(Cursor("e", DIGESTS_KEPT * 3 - 1, "x"))
