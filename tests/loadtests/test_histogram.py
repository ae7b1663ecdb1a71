"""Histograms: small errors, and adding up in any order."""

import math

from hypothesis import given
from hypothesis import strategies as st
from showcaller_load.histogram import Histogram

TIMES_MS = st.floats(min_value=0.002, max_value=1e6)


def histogram_of(values):
    histogram = Histogram()
    for value in values:
        histogram.add(value)
    return histogram


@given(st.lists(TIMES_MS, min_size=1), st.sampled_from([0.5, 0.95, 0.99, 1.0]))
def test_a_quantile_is_wrong_by_at_most_one_percent(values, share):
    exact = sorted(values)[max(1, math.ceil(share * len(values))) - 1]

    found = histogram_of(values).quantile_ms(share)

    assert abs(found - exact) <= 0.0101 * exact


@given(st.lists(TIMES_MS), st.lists(TIMES_MS), st.lists(TIMES_MS))
def test_parts_add_up_to_the_whole_in_any_grouping(first, second, third):
    left = histogram_of(first)
    left.merge(histogram_of(second))
    left.merge(histogram_of(third))
    right = histogram_of(second)
    right.merge(histogram_of(third))
    right.merge(histogram_of(first))
    whole = histogram_of(first + second + third)

    assert left.counts == right.counts == whole.counts
    assert left.max_ms == right.max_ms == whole.max_ms


@given(st.lists(TIMES_MS, min_size=1))
def test_buckets_hold_every_value_below_their_upper_bounds(values):
    buckets = histogram_of(values).buckets()

    assert sum(count for _, count in buckets) == len(values)
    assert max(values) <= buckets[-1][0] * 1.000001
    assert [upper for upper, _ in buckets] == sorted(upper for upper, _ in buckets)


def test_without_values_everything_is_zero():
    found = Histogram().percentiles()

    assert (found.count, found.p50_ms, found.p99_ms, found.max_ms) == (0, 0.0, 0.0, 0.0)


def test_what_is_too_short_to_measure_still_counts():
    histogram = histogram_of([0.0, -1.0, 0.0005])

    assert histogram.count == 3
    assert histogram.quantile_ms(0.99) <= 0.001
