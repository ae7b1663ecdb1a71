"""The addresses that media sockets are bound to, and those that answers name."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Sequence
from typing import NamedTuple

import ifaddr

from ...errors import ConfigError


class Addresses(NamedTuple):
    """Local addresses `bound`, and those `advertised` in answers in their place (empty: none).

    `followed`: they are all that this machine has, and change when those do.
    """

    bound: tuple[str, ...]
    advertised: tuple[str, ...] = ()
    followed: bool = False


def choose_addresses(wanted: Sequence[str]) -> Addresses:
    """Bind what is ours of `wanted`; behind a NAT bind everything and advertise `wanted`.

    With nothing wanted: all addresses of this machine, or loopback if it has no other. Raises
    `ConfigError` for what is no IP address.
    """
    for address in wanted:
        _check(address)
    if not wanted:
        return Addresses(of_this_machine(), followed=True)
    if all(_is_ours(address) for address in wanted):
        return Addresses(tuple(wanted))
    anything = {":" in address: "::" if ":" in address else "0.0.0.0" for address in wanted}
    return Addresses(tuple(anything.values()), tuple(wanted))


def _check(address: str) -> None:
    try:
        ipaddress.ip_address(address)
    except ValueError:
        raise ConfigError(f"the media address {address!r} is not an IP address") from None


def _is_ours(address: str) -> bool:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((address, 0))
        except OSError:
            return False
    return True


def of_this_machine() -> tuple[str, ...]:
    """Return the addresses that others may reach this machine at; loopback if there is none."""
    found: list[str] = []
    for adapter in ifaddr.get_adapters():
        for ip in adapter.ips:
            text, scope = (ip.ip, 0) if isinstance(ip.ip, str) else (ip.ip[0], ip.ip[2])
            if not ipaddress.ip_address(text).is_loopback and scope == 0 and _is_ours(text):
                found.append(text)
    loopback = "127.0.0.1" if _is_ours("127.0.0.1") else "::1"
    return tuple(found) or (loopback,)
