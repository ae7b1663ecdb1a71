"""Messages on their way to many: what is to be written, and the writing itself, a slice at a time."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence

from ..protocol.codec import Format, encode
from ..protocol.messages import Change, Levels, ServerMessage, Since
from .groups import Group
from .lanes import Lane, lane_of

AT_ONCE = 128  # sockets written to between two looks at the clock


class Pending:
    """A published message. Messages are numbered in the order in which they were published."""

    __slots__ = ("_frames", "before", "channel", "lane", "message", "number")

    def __init__(self, number: int, channel: str, message: ServerMessage, before: Since) -> None:
        self.number = number
        self.channel = channel
        self.lane: Lane = lane_of(channel)
        self.message = message
        self.before = before  # who is not sent this message resumes from here
        self._frames: dict[Format, bytes] = {}

    def frame(self, format: Format) -> bytes:
        """The message as a finished frame: encoded once for each format that somebody wants."""
        frame = self._frames.get(format)
        if frame is None:
            frame = self._frames[format] = encode(self.message, format)
        return frame


class Marks:
    """Up to where everything was published on each channel (PROTOCOL.md §4)."""

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
    """What one group is to be sent, and to whom it has not been sent yet."""

    __slots__ = ("_addresses", "_at", "_gone", "_waiting", "data", "group", "lane", "messages")

    def __init__(self, group: Group, messages: Iterable[Pending]) -> None:
        wanted = [message for message in messages if message.channel in group.channels]
        self.group = group
        self.lane = wanted[0].lane
        self.messages = len(wanted)
        self.data = b"".join(message.frame(group.format) for message in wanted)
        self._addresses = list(group.members)
        self._at = 0
        self._gone: set[int] = set()
        self._waiting: set[int] | None = None  # made when it is asked for

    @property
    def is_done(self) -> bool:
        return self._at >= len(self._addresses)

    def withdraw(self, address: int) -> bool:
        """Don't write to this one any more. Returns whether it was still to be written to."""
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
    """All that is written in one go. `messages` are in the order in which they are to be written."""

    def __init__(
        self, messages: list[Pending], groups: Iterable[Group], wrote: Callable[[Part, int], None]
    ) -> None:
        self.messages = messages
        self.after = min(message.number for message in messages) - 1
        self.upto = max(message.number for message in messages)
        self._wrote = wrote
        made = [Part(group, messages) for group in groups if group.members]
        made.sort(key=lambda part: part.lane)
        self._parts = {part.group: part for part in made}

    @property
    def is_done(self) -> bool:
        return not self._parts

    def withdraw(self, group: Group, address: int) -> bool:
        """Don't write to this member of the group any more. Returns whether it was to be."""
        part = self._parts.get(group)
        return part is not None and part.withdraw(address)

    def write_until(self, end_s: float, now: Callable[[], float]) -> None:
        """Write on until everything is written or the time has come."""
        while self._parts:
            group, part = next(iter(self._parts.items()))
            while not part.is_done:
                self._wrote(part, part.write_some())
                if now() >= end_s:
                    return
            del self._parts[group]
