"""The address that a request came from: one spelling for one person's line."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

UNKNOWN = "unknown"
HOME_PREFIX = (
    64  # IPv6: a line is given at least so much, and a device goes through its addresses at will
)
_WITH_PORT = re.compile(r"\[(?P<v6>[^\]]+)\](?::\d{1,5})?|(?P<v4>[\d.]+):\d{1,5}")


def client_address(peer: str | None, forwarded: Sequence[str], *, behind_proxy: bool) -> str:
    """Return the address that a request is counted under; IPv6 ones by their network.

    `forwarded` are the lines of X-Forwarded-For. Of all lines together only the last entry is the proxy's
    own (it adds either to the line or a line); what stands before it, the client may have written. Where that
    entry is no address, the proxy's own counts.
    """
    if behind_proxy and forwarded:
        told = _normal(forwarded[-1].rpartition(",")[2])
        if told is not None:
            return told
    return _normal(peer or "") or UNKNOWN


@lru_cache(maxsize=4096)  # of one address come many requests
def _normal(text: str) -> str | None:
    """Return an address without its port, in one spelling; None for what is none."""
    bare = text.strip().strip('"')
    if found := _WITH_PORT.fullmatch(bare):
        bare = found["v6"] or found["v4"]
    try:
        address = ip_address(bare)
    except ValueError:
        return None
    if isinstance(address, IPv6Address):
        return _network(address)
    return str(address)


def _network(address: IPv6Address) -> str:
    """Return an IPv6 address's network; an IPv4 one in its notation (RFC 4291 §2.5.5.2) as itself."""
    mapped: IPv4Address | None = address.ipv4_mapped
    if mapped is not None:
        return str(mapped)
    without_zone = IPv6Address(int(address))
    return str(ip_network((without_zone, HOME_PREFIX), strict=False))
