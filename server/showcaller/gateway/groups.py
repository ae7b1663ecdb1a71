"""Groups of connections that follow the same channels in the same format.

Most of an audience follows the same few channels, so a flush puts the bytes together once for each group
and not for each connection, and a connection costs one entry however many channels it follows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..protocol.codec import Format
from .subscriber import Subscriber


class Group:
    """One group. `members` are written to together, by their address; others are in `size` only."""

    __slots__ = ("channels", "format", "members", "size")

    def __init__(self, channels: frozenset[str], format: Format) -> None:
        self.channels = channels
        self.format: Format = format
        self.members: dict[int, Subscriber] = {}
        self.size = 0


class Groups:
    """All groups that somebody is in. The empty set of channels has none."""

    def __init__(self) -> None:
        self._groups: dict[tuple[Format, frozenset[str]], Group] = {}
        self._by_channel: dict[str, set[Group]] = {}

    def following(self, channels: Iterable[str]) -> set[Group]:
        """Return the groups that follow any of the channels."""
        found: set[Group] = set()
        for channel in channels:
            found.update(self._by_channel.get(channel, ()))
        return found

    def is_followed(self, channel: str) -> bool:
        return channel in self._by_channel

    def counts(self) -> Iterator[tuple[str, int]]:
        """Yield each channel with the number of its followers."""
        for channel, groups in self._by_channel.items():
            yield channel, sum(group.size for group in groups)

    def join(self, channels: frozenset[str], format: Format) -> Group:
        """Return the group of these channels, one at least, with one more in it."""
        group = self._groups.get((format, channels))
        if group is None:
            group = self._groups[format, channels] = Group(channels, format)
            for channel in channels:
                self._by_channel.setdefault(channel, set()).add(group)
        group.size += 1
        return group

    def leave(self, group: Group) -> None:
        """Take one connection out of the group."""
        group.size -= 1
        if group.size:
            return
        del self._groups[group.format, group.channels]
        for channel in group.channels:
            groups = self._by_channel[channel]
            groups.discard(group)
            if not groups:
                del self._by_channel[channel]
