"""The moments at which there is too much to do, and no more."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from showcaller.gateway.load import LATE_S, PROBES, PUNCTUAL_S, RELIEF, Load
from showcaller.gateway.memory_limit import limit_bytes, resident_bytes

GIB = 1 << 30


def noting(load, *lags_s, memory=0):
    for lag_s in lags_s:
        load.note(lag_s, memory)
    return load.why


def test_a_long_turn_or_two_are_no_overload():
    load = Load()
    assert noting(load, 0, 0, 30.0, 0, 30.0, 0, 0, 0) == ""
    assert load.stall_s == 30.0


def test_a_stall_is_forgotten_after_some_probes():
    load = Load()
    noting(load, 30.0, *[0.01] * PROBES)
    assert load.stall_s == 0.01


def test_lasting_lag_is_an_overload_until_it_is_well_below():
    load = Load()
    assert noting(load, *[LATE_S] * PROBES) == "lag"
    assert noting(load, *[LATE_S - 0.01] * PROBES) == "lag"
    assert noting(load, *[PUNCTUAL_S - 0.01] * PROBES) == ""
    assert noting(load, *[LATE_S - 0.01] * PROBES) == ""


def test_memory_counts_until_there_is_some_room_again():
    load = Load(memory_limit_bytes=GIB)
    assert noting(load, 0, memory=GIB - 1) == ""
    assert noting(load, 0, memory=GIB) == "memory"
    assert noting(load, 0, memory=int(GIB * RELIEF) + 1) == "memory"
    assert noting(load, 0, memory=int(GIB * RELIEF) - 1) == ""


@given(st.lists(st.floats(0, 10), max_size=60))
def test_a_change_of_load_is_logged_once(lags_s):
    load, told = Load(), []
    load._tell = lambda: told.append(load.why)
    for lag_s in lags_s:
        load.note(lag_s, 0)
    assert all(before != after for before, after in zip(["", *told], told, strict=False))


def test_the_memory_of_this_process_is_known_and_below_its_limit():
    assert 10 << 20 < resident_bytes() < limit_bytes(0, processes=1)


@pytest.mark.parametrize("processes", [1, 4])
def test_the_limit_is_what_the_operator_says_or_a_part_of_what_there_is(processes):
    assert limit_bytes(300, processes) == 300 << 20
    assert limit_bytes(0, processes) * processes == pytest.approx(limit_bytes(0, 1))
