"""Under which address a request is counted."""

from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from showcaller.http.addresses import client_address

PROXY = "10.0.0.1"


def told(*lines):
    return client_address(PROXY, lines, behind_proxy=True)


def test_without_a_proxy_nothing_that_a_client_writes_counts():
    assert client_address("192.0.2.7", ["203.0.113.9"], behind_proxy=False) == "192.0.2.7"


@pytest.mark.parametrize(
    "lines",
    [
        ["203.0.113.9"],
        ["198.51.100.1, 203.0.113.9"],
        ["198.51.100.1", "203.0.113.9"],  # HAProxy adds a line of its own
        ["198.51.100.1, 198.51.100.2", "198.51.100.3,203.0.113.9 "],
    ],
)
def test_the_last_entry_of_all_lines_is_the_proxys(lines):
    assert told(*lines) == "203.0.113.9"


@pytest.mark.parametrize(
    ("written", "address"),
    [
        ("203.0.113.9:50000", "203.0.113.9"),
        (" 203.0.113.9 ", "203.0.113.9"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("[::FFFF:203.0.113.9]:443", "203.0.113.9"),
        ("::ffff:cb00:7109", "203.0.113.9"),
        ("2001:db8:1:2::1", "2001:db8:1:2::/64"),
        ("2001:DB8:1:2:0:0:0:1", "2001:db8:1:2::/64"),
        ("2001:0db8:0001:0002:ffff::9", "2001:db8:1:2::/64"),
        ("[2001:db8:1:2::1]", "2001:db8:1:2::/64"),
        ("[2001:db8:1:2::1]:50000", "2001:db8:1:2::/64"),
        ('"[2001:db8:1:2::1]:50000"', "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
    ],
)
def test_one_person_is_written_one_way(written, address):
    assert told(written) == address
    assert client_address(written, [], behind_proxy=False) == address


@pytest.mark.parametrize(
    "written", ["", "unknown", "unix:", "_hidden", "198.51.100.1, ", "1.2.3", "x:1"]
)
def test_what_is_no_address_counts_as_the_proxys_own(written):
    assert told(written) == PROXY


def test_a_peer_without_an_address_has_one_count():
    assert client_address(None, [], behind_proxy=True) == client_address("", [], behind_proxy=False)


@given(st.integers(0, 2**32 - 1).map(IPv4Address), st.integers(0, 65_535))
def test_neither_port_nor_notation_makes_another_person(address, port):
    assert told(f"{address}:{port}") == told(f"::ffff:{address}") == told(str(address))


@given(
    st.integers(0, 2**128 - 1).map(IPv6Address), st.integers(0, 2**64 - 1), st.integers(0, 65_535)
)
def test_neither_does_the_rest_of_an_ipv6_address(address, rest, port):
    if address.ipv4_mapped is None:
        other = IPv6Address(int(address) >> 64 << 64 | rest)
        if other.ipv4_mapped is None:
            assert told(f"[{other}]:{port}") == told(address.exploded)


@given(st.text())
def test_any_text_is_taken(text):
    assert told(text)
