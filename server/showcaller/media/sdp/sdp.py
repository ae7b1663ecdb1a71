"""Offers and fragments as text, read liberally: lines into sections, attributes and candidates.

Nothing that a stranger wrote is passed on unread. Rubbish raises `BadInput`; what is well-formed but
can't be served is for `negotiation.py` to refuse.
"""

from __future__ import annotations

import ipaddress
import re
from typing import Literal, NamedTuple

from ...errors import BadInput

Role = Literal["publish", "view"]
Attributes = dict[str, list[str]]  # values by name, in their order; "" where there is none

MAX_CANDIDATES = 40  # of one offer or fragment
MAX_LINES = 2_000

_ANY_CASE = re.ASCII | re.IGNORECASE
_TOKEN = r"[!#-'*+\-.0-9A-Z^-~]+"  # RFC 8866 §9
_STRICT = {  # what a connection hangs on; anything else that is not well-formed is passed over
    "ice-ufrag": re.compile(r"[A-Z0-9+/]{4,256}", _ANY_CASE),
    "ice-pwd": re.compile(r"[A-Z0-9+/]{22,256}", _ANY_CASE),
    "fingerprint": re.compile(r"sha-\d{1,3} [0-9A-F]{2}(?::[0-9A-F]{2}){15,63}", _ANY_CASE),
    "setup": re.compile(r"actpass|active|passive"),
    "mid": re.compile(_TOKEN, _ANY_CASE),
}
_MEDIA_LINE = re.compile(
    r"m=(audio|video|application) (\d{1,5}) ([A-Z]+(?:/[A-Z]+)*) ([\w-]+(?: [\w-]+)*) ?", re.ASCII
)
_CANDIDATE = re.compile(
    r"[A-Z0-9+/-]{1,64} 1 udp \d{1,10} ([0-9A-F.:]{2,45}) (\d{1,5}) typ (?:host|srflx|prflx|relay)"
    r"(?: [\w.:+/-]+)*",
    _ANY_CASE,
)


class Section(NamedTuple):
    """A media section: its line's words, and its attributes."""

    kind: str  # audio | video | application
    port: int
    protocol: str
    formats: tuple[str, ...]
    attributes: Attributes


class Description(NamedTuple):
    """A whole description: its own attributes, and its media sections."""

    session: Attributes
    sections: tuple[Section, ...]


class Fragment(NamedTuple):
    """A trickled fragment (RFC 8840): the credentials that it names, and candidates (all is bundled)."""

    ufrag: str | None
    pwd: str | None
    candidates: list[str]


def read_description(text: str) -> Description:
    """Read an offer. Raises `BadInput`."""
    lines = _lines(text)
    if lines[0].rstrip() != "v=0":
        raise BadInput("this is not SDP: it does not begin with v=0 (RFC 8866 §5.1)")
    starts = [at for at, line in enumerate(lines) if line.startswith("m=")]
    ends = [*starts[1:], len(lines)]
    session = _attributes(lines[: starts[0]] if starts else lines)
    sections = [_section(lines[at:end]) for at, end in zip(starts, ends, strict=bool(starts))]
    return Description(session, tuple(sections))


def _lines(text: str) -> list[str]:
    lines = text.replace("\r\n", "\n").rstrip("\n").split("\n")
    if len(lines) > MAX_LINES:
        raise BadInput(f"this SDP has more than {MAX_LINES} lines")
    if "" in lines or lines != "\n".join(lines).splitlines():
        raise BadInput("this is not SDP: it has empty lines or control characters")
    return lines


def _section(lines: list[str]) -> Section:
    found = _MEDIA_LINE.fullmatch(lines[0])
    if found is None:
        raise BadInput("a media line (m=) is not well-formed or of an unknown kind")
    kind, port, protocol, formats = found.groups()
    return Section(kind, int(port), protocol, tuple(formats.split()), _attributes(lines[1:]))


def _attributes(lines: list[str]) -> Attributes:
    attributes: Attributes = {}
    for line in lines:
        if line[:2] == "a=":
            name, _, value = line[2:].partition(":")
            attributes.setdefault(name, []).append(value)
    for name, pattern in _STRICT.items():
        if not all(pattern.fullmatch(value) for value in attributes.get(name, ())):
            raise BadInput(f"a={name} is not well-formed", field=name)
    return attributes


def is_usable_candidate(value: str) -> bool:
    """Return whether the value of `a=candidate:` is a UDP address that we may try.

    Names (`….local`, behind which browsers hide addresses) and TCP are not: such a peer is found when it
    connects to us (RFC 8445 §7.3.1.3).
    """
    found = _CANDIDATE.fullmatch(value)
    if found is None or not 0 < int(found.group(2)) < 65_536:
        return False
    try:
        ipaddress.ip_address(found.group(1))
    except ValueError:
        return False
    return True


def read_fragment(text: str) -> Fragment:
    """Read a PATCH's body, `application/trickle-ice-sdpfrag`. Raises `BadInput`."""
    lines = _lines(text)
    if not all(re.match(r"[a-z]=.", line) for line in lines):
        raise BadInput("this is no SDP fragment (RFC 8840 §9)")
    attributes = _attributes(lines)
    candidates = [value for value in attributes.get("candidate", ()) if is_usable_candidate(value)]
    ufrag, pwd = (next(iter(attributes.get(name, ())), None) for name in ("ice-ufrag", "ice-pwd"))
    return Fragment(ufrag, pwd, candidates[:MAX_CANDIDATES])
