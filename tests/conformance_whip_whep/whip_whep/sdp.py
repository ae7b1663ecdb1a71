"""SDP that a server wrote, read for its attributes."""

from __future__ import annotations

from typing import NamedTuple

DIRECTIONS = ("sendrecv", "sendonly", "recvonly", "inactive")


class Part(NamedTuple):
    """The session's part (`line` is `v=0`) or a media section (`line` is its `m=` line)."""

    line: str
    lines: list[str]

    @property
    def kind(self) -> str:
        return self.line.removeprefix("m=").partition(" ")[0]

    @property
    def port(self) -> int:
        return int(self.line.split()[1].partition("/")[0])

    @property
    def formats(self) -> list[str]:
        return self.line.split()[3:]

    def has(self, name: str) -> bool:
        return f"a={name}" in self.lines or bool(self.values(name))

    def value(self, name: str) -> str:
        """The first such attribute's value, or nothing."""
        return next(iter(self.values(name)), "")

    def values(self, name: str) -> list[str]:
        prefix = f"a={name}:"
        return [line.removeprefix(prefix) for line in self.lines if line.startswith(prefix)]


class Sdp(NamedTuple):
    session: Part
    sections: list[Part]

    def values(self, name: str) -> list[str]:
        """Of the session and of all sections."""
        return [value for part in (self.session, *self.sections) for value in part.values(name)]

    def of(self, section: Part, name: str) -> str:
        """A section's value; what it does not say itself, the session may say for it."""
        return section.value(name) or self.session.value(name)

    def direction(self, section: Part) -> str:
        for part in (section, self.session):
            if found := [name for name in DIRECTIONS if f"a={name}" in part.lines]:
                return found[0]
        return "sendrecv"

    @property
    def flowing(self) -> list[Part]:
        """The sections that were not rejected (RFC 8843: port 0 with bundle-only is not)."""
        return [part for part in self.sections if part.port or part.has("bundle-only")]

    @property
    def bundled(self) -> list[str]:
        groups = [group.split() for group in self.session.values("group")]
        return next((group[1:] for group in groups if group[0] == "BUNDLE"), [])


def read_sdp(text: str) -> Sdp:
    """Raises `AssertionError` for what is none."""
    lines = text.replace("\r\n", "\n").rstrip("\n").split("\n")
    assert lines[0] == "v=0", f"this is no SDP: {text[:200]!r}"
    session = Part(lines[0], [])
    sections: list[Part] = []
    for line in lines[1:]:
        assert line[1:2] == "=", f"this line is no SDP: {line!r}"
        if line.startswith("m="):
            sections.append(Part(line, []))
        else:
            (sections[-1] if sections else session).lines.append(line)
    return Sdp(session, sections)
