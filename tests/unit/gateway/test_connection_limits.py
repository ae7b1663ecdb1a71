import re

from hypothesis import given
from hypothesis import strategies as st

from showcaller.domain.people import Principal
from showcaller.gateway.connection_limits import ConnectionLimits, drain_slots_s, within_files
from showcaller.gateway.load import Load
from showcaller.gateway.slots import JITTER_S, RETURNS_PER_S, SOONEST_S


def wait_ms(close):
    return int(re.search(r"retry_after_ms=(\d+)$", close.reason)[1])


def overloaded():
    load = Load(memory_limit_bytes=1000)
    load.note(0.0, 1000)
    return load


def test_connections_are_accepted_up_to_the_limit():
    limits = ConnectionLimits(2, Load())
    assert limits.refusal(1, 0.0) is None
    assert limits.refusal(2, 0.0).code == 1013
    assert limits.refusal(1, 0.0, crowded=True).code == 1013
    assert limits.http_refusal(0.0) is None


def someone(*roles):
    return Principal(person="p", roles=frozenset(roles or ("attendee",)), token="", expires_at_ms=0)


def test_an_address_has_so_many_places_and_no_more():
    limits = ConnectionLimits(1_000, Load(), per_address=20)
    assert limits.has_place_for(someone(), 500, 19)
    assert not limits.has_place_for(someone(), 500, 20)
    assert limits.has_place_for(someone("speaker"), 500, 20)


def test_when_all_places_are_taken_some_are_left_for_addresses_that_have_few():
    limits = ConnectionLimits(1_000, Load())
    assert not limits.has_place_for(someone(), 1_000, 10)
    assert limits.has_place_for(someone(), 1_000, 9)
    assert limits.has_place_for(someone(), 1_000, 9, sent_away=True)
    assert not limits.has_place_for(someone(), 1_050, 0)


def test_the_places_of_newcomers_are_for_want_of_room_and_not_of_time():
    limits = ConnectionLimits(100, overloaded())
    assert not limits.has_place_for(someone(), 100, 0, sent_away=True)
    assert not ConnectionLimits(100, Load()).has_place_for(someone(), 99, 0, sent_away=True)
    assert limits.has_place_for(someone("producer"), 100, 0, sent_away=True)


@given(st.integers(1, 30_000), st.integers(0, 40_000))
def test_strangers_have_what_is_free_and_always_a_little(places, taken):
    limits = ConnectionLimits(places, Load())
    assert limits.stranger_places(taken) >= max(1, places - taken)
    assert limits.stranger_places(taken) <= max(places - taken, 1 + places // 8)


def test_nobody_is_let_in_while_there_is_too_much_to_do():
    limits = ConnectionLimits(100, overloaded())
    close, refused = limits.refusal(0, 0.0), limits.http_refusal(0.0)
    assert close.code == 1013
    assert close.reason.startswith("overload retry_after_ms=1")
    assert (refused.http_status, refused.code) == (503, "overload")
    assert refused.retry_after_s > SOONEST_S  # a slot of its own


def test_clients_that_were_sent_away_come_back_at_a_flat_rate():
    limits = ConnectionLimits(0, Load())
    waits = sorted(wait_ms(limits.refusal(5, 0.0)) for _ in range(RETURNS_PER_S))
    assert waits[0] >= SOONEST_S * 1000
    assert waits[-1] - waits[0] >= 1000 - JITTER_S * 1000


def test_while_draining_nobody_is_told_to_come_back_before_its_end():
    limits = ConnectionLimits(100, Load())
    limits.begin_drain(50.0)
    for now_s, left_ms in ((40.0, 10_000), (49.0, 1_000), (60.0, 1_000)):
        close = limits.refusal(0, now_s)
        assert close.code == 1013
        assert left_ms <= wait_ms(close) <= left_ms + JITTER_S * 1000 + 2


@given(st.integers(0, 500), st.floats(0, 60))
def test_slots_of_a_drain_are_even_and_within_it(count, spread_s):
    slots_s = drain_slots_s(count, spread_s)
    assert len(slots_s) == count
    assert slots_s == sorted(slots_s)
    assert all(0 <= slot_s <= spread_s for slot_s in slots_s)
    if spread_s > 1:
        assert len(set(slots_s)) == count


@given(st.integers(1, 100_000), st.integers(20, 2_000_000))
def test_connections_leave_some_files_for_answers(wanted, files):
    most = within_files(wanted, files)
    assert 1 <= most <= wanted
    assert most + min(2_000, files / 5) <= files
    if files >= wanted + 2_000 and files >= 10_000:
        assert most == wanted


def test_unlimited_files_limit_no_connections():
    assert within_files(20_000, float("inf")) == 20_000
