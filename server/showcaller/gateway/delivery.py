"""Messages on their way to many: what is to be written, and the writing itself, a slice at a time."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Sequence

from ..protocol.codec import Format, encode
from ..protocol.messages import Change, Levels, ServerMessage, Since
from .groups import Group
from .priority import Priority, priority_of

AT_ONCE = 128  # sockets written to between two looks at the clock


class Pending:
    """A published message. Messages are numbered in the order in which they were published."""

    __slots__ = ("_frames", "before", "channel", "message", "number", "priority")

    def __init__(self, number: int, channel: str, message: ServerMessage, before: Since) -> None:
        self.number = number
        self.channel = channel
        self.priority: Priority = priority_of(channel)
        self.message = message
        self.before = before  # a subscriber that misses this message resumes from here
        self._frames: dict[Format, bytes] = {}

    def frame(self, format: Format) -> bytes:
        """The message as a finished frame: encoded once for each format that somebody wants."""
        frame = self._frames.get(format)
        if frame is None:
            frame = self._frames[format] = encode(self.message, format)
        return frame


class Marks:
    """The mark of each channel: everything up to it was published (PROTOCOL.md §4)."""

    def __init__(self) -> None:
        self._marks: dict[str, Since] = {}

    def before(self, channel: str, message: Change | Levels) -> Since:
        """Note a message's mark; returns the mark before it, as far as it is known."""
        mark = message.mark if isinstance(message.mark, int) else None
        known = self._marks.get(channel)
        if known is None or known.epoch != message.epoch:
            least = message.offset - 1 if isinstance(message, Change) and mark is not None else 0
            known = Since(message.epoch, max(0, least))
        self._marks[channel] = known if mark is None else Since(message.epoch, mark)
        return known


class Part:
    """The bytes for some members of a group, and the members that still wait for them.

    `after` is the number of the newest message that they had been sent before.
    """

    __slots__ = (
        "_addresses",
        "_at",
        "_gone",
        "_kept",
        "_waiting",
        "after",
        "data",
        "group",
        "messages",
        "priority",
    )

    def __init__(
        self,
        group: Group,
        messages: Iterable[Pending],
        addresses: Iterable[int] | None = None,  # of all members, if it is not told
    ) -> None:
        self.group = group
        self.messages: list[Pending] = []
        self.take_in(messages)
        self.priority = self.messages[0].priority
        self.after = min(message.number for message in self.messages) - 1
        self._addresses = list(group.members if addresses is None else addresses)
        self._at = 0
        self._kept = 0  # up to here they are in another part
        self._gone: set[int] = set()
        self._waiting: set[int] | None = None  # made when it is asked for

    def take_in(self, messages: Iterable[Pending]) -> None:
        """Add messages for the members that have been sent nothing yet."""
        wanted = [message for message in messages if message.channel in self.group.channels]
        self.messages = sorted([*self.messages, *wanted], key=lambda one: one.priority)
        self.data = b"".join(message.frame(self.group.format) for message in self.messages)

    def newly_served(self) -> list[int]:
        """Return the members that were sent it since the last call."""
        served = self._addresses[self._kept : self._at]
        self._kept = self._at
        return [address for address in served if address in self.group.members]

    @property
    def is_done(self) -> bool:
        return self._at >= len(self._addresses)

    def withdraw(self, address: int) -> bool:
        """Leave this member out from now on; return whether it was still to be written to."""
        if self._waiting is None:
            self._waiting = set(self._addresses[self._at :])
        if address not in self._waiting:
            return False
        self._waiting.discard(address)
        self._gone.add(address)
        return True

    def write_some(self) -> int:
        """Write to the next few; returns to how many."""
        addresses = self._addresses[self._at : self._at + AT_ONCE]
        self._at += AT_ONCE
        self._waiting = None
        if self._gone:
            addresses = [one for one in addresses if one not in self._gone]
        for address, sent in write_to_all(addresses, self.data):
            member = self.group.members[address]
            try:
                member.push(self.data[sent:])
            except Exception:  # the others must get the rest of theirs
                member.fail()
        return len(addresses)


def write_to_all(descriptors: Sequence[int], data: bytes) -> list[tuple[int, int]]:
    """Write to each socket what it takes at once; returns those that did not take all, with how much.

    What is no descriptor (a negative number) takes nothing. Nor does a socket that fails: whoever owns it
    finds out by writing the rest.
    """
    short, size, write = [], len(data), os.write
    for descriptor in descriptors:
        sent = 0
        if descriptor >= 0:
            try:
                sent = write(descriptor, data)
            except OSError:
                pass
        if sent != size:
            short.append((descriptor, sent))
    return short


class Round:
    """One round of writing to all groups. `messages` are in the order in which they are to be written.

    Invariant: each member that a group has when the round begins is in one of its parts until the round
    ends; nobody becomes a member meanwhile. So a message that comes later can be taken in: members that
    have not been written to yet are sent it with the rest, the others are written to once more at the end.
    """

    def __init__(
        self, messages: list[Pending], groups: Iterable[Group], wrote: Callable[[Part, int], None]
    ) -> None:
        self.messages: list[Pending] = []
        self._wrote = wrote
        self._parts: dict[Group, list[Part]] = {}
        self._first: deque[Part] = deque()  # to those who have been sent nothing in this round
        self._again: deque[Part] = deque()
        self.take_in(messages, groups)

    @property
    def is_done(self) -> bool:
        return not self._first and not self._again

    @property
    def takes_more(self) -> bool:
        """Tell whether some member has been sent nothing yet; otherwise the round would never end."""
        return bool(self._first)

    def take_in(self, messages: list[Pending], groups: Iterable[Group]) -> None:
        """Write these too. `groups` are those that follow any of them."""
        self.messages = sorted([*self.messages, *messages], key=lambda one: one.priority)
        new = [group for group in groups if group.members and group not in self._parts]
        for group in groups:
            if group in self._parts:
                self._extend(self._parts[group], messages)
        parts = sorted((Part(group, messages) for group in new), key=lambda part: part.priority)
        self._first.extend(parts)
        self._parts.update((part.group, [part]) for part in parts)

    def _extend(self, parts: list[Part], messages: list[Pending]) -> None:
        """Extend a group's parts: the first goes to all members, the others to those served before."""
        for part in parts:
            part.take_in(messages)
        if served := parts[0].newly_served():
            again = Part(parts[0].group, messages, served)
            parts.append(again)
            self._again.append(again)

    def withdraw(self, group: Group, address: int) -> int | None:
        """Leave this member of the group out from now on.

        Returns the number of the newest message that it has been sent; None: it was not to be written to.
        """
        for part in self._parts.get(group, ()):
            if part.withdraw(address):
                return part.after
        return None

    def write_until(self, end_s: float, now: Callable[[], float]) -> None:
        """Write on until everything is written or the time has come."""
        while waiting := self._first or self._again:
            while not waiting[0].is_done:
                self._wrote(waiting[0], waiting[0].write_some())
                if now() >= end_s:
                    return
            waiting.popleft()
