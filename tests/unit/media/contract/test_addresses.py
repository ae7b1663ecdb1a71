"""The addresses that are bound, and those that clients are told."""

import ipaddress

import pytest

from showcaller.errors import ConfigError
from showcaller.media.contract import addresses
from showcaller.media.contract.addresses import Addresses, choose_addresses


def test_an_address_of_this_machine_is_bound():
    assert choose_addresses(["127.0.0.1"]) == Addresses(("127.0.0.1",))


def test_an_address_that_a_nat_has_is_advertised():
    outside = ["203.0.113.7", "2001:db8::7"]
    assert choose_addresses(outside) == Addresses(("0.0.0.0", "::"), tuple(outside))
    assert choose_addresses(outside[:1]).bound == ("0.0.0.0",)


def test_without_a_wish_all_of_this_machine_are_bound():
    bound, advertised, followed = choose_addresses([])
    assert followed
    assert bound and not advertised
    others = [ipaddress.ip_address(address) for address in bound if address != "127.0.0.1"]
    assert not any(address.is_loopback or address.is_link_local for address in others)


@pytest.mark.parametrize("wrong", ["localhost", "127.0.0.1:80", ""])
def test_what_is_no_address_is_refused_at_start(wrong):
    with pytest.raises(ConfigError, match="not an IP address"):
        choose_addresses([wrong])


def test_a_machine_without_ipv4_uses_its_other_loopback(monkeypatch):
    monkeypatch.setattr(addresses.ifaddr, "get_adapters", list)
    monkeypatch.setattr(addresses, "_is_ours", lambda address: address == "::1")
    assert choose_addresses([]).bound == ("::1",)
