"""The parameters that two ends of one media connection tell one another: credentials, keys, paths."""

from __future__ import annotations

from typing import NamedTuple


class Remote(NamedTuple):
    """The client's side of ICE (RFC 8445) and DTLS (RFC 5763), as its offer says it."""

    ufrag: str
    pwd: str
    fingerprints: tuple[tuple[str, str], ...]  # (hash algorithm, value), RFC 8122
    setup: str  # actpass | active | passive; we are passive unless the offer is passive


class Local(NamedTuple):
    """Our side of one connection, as the answer says it."""

    ufrag: str
    pwd: str
    fingerprint: str  # the value of our certificate's SHA-256
    setup: str  # active | passive
    candidates: tuple[tuple[str, int], ...]  # (address, UDP port), most preferred first
    tcp_candidates: tuple[tuple[str, int], ...] = ()  # likewise, for ICE over TCP (RFC 6544)


class Path(NamedTuple):
    """The way of datagrams to the client: the socket's descriptor and the address for sendto.

    Below 0 it is the number of an outlet: a TCP connection.
    """

    descriptor: int
    address: tuple[str, int] | tuple[str, int, int, int]
