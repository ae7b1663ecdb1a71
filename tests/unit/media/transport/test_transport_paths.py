"""The way to a client: what shows that it is alive, and where its packets go when it moves."""

import pytest

from showcaller.media.transport.ice import CONSENT_S, MAX_PATHS, QUIET_S
from showcaller.media.transport.transport import (
    HOLD_S,
)
from showcaller.system import monotonic_s
from showcaller.testing.until import until

from .conftest import RECEIVER_REPORT, rtp


@pytest.mark.parametrize("kind", ["rtp", "rtcp"])
async def test_who_sends_media_but_no_more_checks_stays_connected(transports, join, kind):
    client = await join(connect=True)
    path = client.transport.path
    for number in range(1, 6):
        _let_time_pass(client.transport, CONSENT_S - 1)
        report = RECEIVER_REPORT + number.to_bytes(4)
        sent = client.protect(rtp(number)) if kind == "rtp" else client.protect_rtcp(report)
        client.send(sent)
        heard = client.notes.packets if kind == "rtp" else client.notes.reports
        await until(lambda heard=heard, number=number: len(heard) == number)
        transports.sweep(monotonic_s())
        assert not client.notes.closed
        assert monotonic_s() - client.transport.ice.paths[path] < HOLD_S  # nobody may take it
    _let_time_pass(client.transport, CONSENT_S + 1)
    transports.sweep(monotonic_s())
    assert client.notes.closed == ["consent_expired"]


async def test_what_is_not_authentic_is_no_sign_of_life(transports, join):
    client = await join(connect=True)
    taken = client.protect(rtp(1))
    client.send(taken)
    await until(lambda: client.notes.packets)
    _let_time_pass(client.transport, CONSENT_S + 1)
    before = transports.refused
    forged = [taken, rtp(2) + bytes(16), taken[:-1] + bytes([taken[-1] ^ 1]), RECEIVER_REPORT]
    for datagram in forged:  # the first is what it sent, once more
        client.send(datagram)
    await until(lambda: transports.refused == before + len(forged))
    transports.sweep(monotonic_s())
    assert client.notes.closed == ["consent_expired"]


def _let_time_pass(transport, seconds):
    transport.ice.consent_s -= seconds
    for path in transport.ice.paths:
        transport.ice.paths[path] -= seconds


async def test_the_path_follows_the_nominated_check(join):
    client = await join(connect=True)
    home = client.transport.path
    late = client.protect(rtp(1))
    old = client.udp
    await client.move()
    await client.check(nominate=False)
    assert client.notes.paths == [] and client.transport.path == home
    await client.check()
    (moved,) = client.notes.paths
    assert (
        moved == client.transport.path == (home.descriptor, client.udp.get_extra_info("sockname"))
    )
    client.send(client.protect(rtp(2)))
    old.sendto(late, client.server)
    await until(lambda: len(client.notes.packets) == 2)
    assert set(client.notes.packets) == {rtp(1), rtp(2)}


async def test_media_from_elsewhere_moves_the_path_once_nothing_comes_from_there(join):
    client = await join(connect=True)
    old, home = client.udp, client.transport.path
    await client.move()
    await client.check()
    away = client.transport.path
    for number, quiet_s, expected in ((1, QUIET_S - 1, away), (2, 2.0, home)):
        client.transport.ice.paths[away] -= quiet_s
        old.sendto(client.protect(rtp(number)), client.server)
        await until(lambda number=number: len(client.notes.packets) == number)
        assert client.transport.path == expected
    assert client.notes.paths == [away, home]


async def test_few_addresses_of_a_client_are_kept(transports, join):
    client = await join(connect=True)
    first = client.udp
    for _ in range(MAX_PATHS + 4):
        await client.move()
        await client.check()
    assert len(client.transport.ice.paths) == len(transports._by_path) == MAX_PATHS
    before = transports.refused
    first.sendto(client.protect(rtp(1)), client.server)
    await until(lambda: transports.refused == before + 1)
    client.transport.close()
    assert not transports._by_path and not transports._by_ufrag


async def test_a_check_that_another_sends_again_moves_nothing(transports, join):
    client = await join(connect=True)
    heard = client.request()
    client.send(heard)
    await until(lambda: client.replies.qsize() == 1)
    home = client.transport.path
    thief = await join()
    thief.udp.sendto(heard, client.server)
    await until(lambda: transports.refused == 1)
    assert client.transport.path == home and thief.received_bytes == 0


async def test_an_address_in_use_can_not_be_taken_over(transports, join):
    client = await join(connect=True)
    thief = await join()
    client.udp.sendto(thief.request(), client.server)  # as if the thief forged the address
    await until(lambda: transports.refused == 1)
    client.send(client.protect(rtp(1)))
    await until(lambda: client.notes.packets == [rtp(1)])
    path = client.transport.path
    client.transport.ice.paths[path] -= HOLD_S + 1  # silent: a NAT gave it to somebody else
    client.udp.sendto(thief.request(), client.server)
    await until(lambda: thief.transport.path == path)
    client.transport.close()
    assert transports._by_path == {path: thief.transport}


async def test_an_ice_restart_keeps_the_path_until_a_check_uses_it(transports, join):
    client = await join(connect=True)
    home, old = client.transport.path, client.local
    old_ufrag, client.ufrag = client.ufrag, "theirsanew"
    new = client.transport.restart("theirsanew", "p" * 32)
    assert new.ufrag != old.ufrag and new.pwd != old.pwd
    assert new._replace(ufrag=old.ufrag, pwd=old.pwd) == old
    client.ufrag = old_ufrag
    await client.check()  # the old ones still work
    client.send(client.protect(rtp(1)))
    await until(lambda: client.notes.packets == [rtp(1)])
    client.local, client.ufrag = new, "theirsanew"
    await client.move()
    await client.check(nominate=False)
    assert client.transport.path == home
    await client.check()
    assert client.transport.path != home and client.notes.paths == [client.transport.path]
    assert len(transports._by_ufrag) == 1
    refused = transports.refused
    client.local, client.ufrag = old, old_ufrag
    client.send(client.request())
    await until(lambda: transports.refused == refused + 1)
    client.send(client.protect(rtp(2)))
    await until(lambda: client.notes.packets == [rtp(1), rtp(2)])


async def test_a_restart_that_no_check_used_gives_way_to_the_next(transports, join):
    client = await join(connect=True)
    client.transport.restart("first", "p" * 32)
    client.local = client.transport.restart("second", "p" * 32)
    client.ufrag = "second"
    assert len(transports._by_ufrag) == 2
    await client.check()
    assert set(transports._by_ufrag) == {client.local.ufrag.encode()}


async def test_before_a_nomination_dtls_is_answered_where_it_comes_from(join):
    client = await join()
    await client.check(nominate=False)
    await client.move()
    await client.check(nominate=False)
    await client.shake_hands()
    await until(lambda: client.transport.connected)
    assert client.transport.path.address == client.udp.get_extra_info("sockname")
