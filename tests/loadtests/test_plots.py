"""Plots are honest: nice axes, gaps that stay gaps, peaks that thinning keeps."""

import math
import re
import xml.etree.ElementTree as ET
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from showcaller_load import plots, units
from showcaller_load.plots import Line, Mark

VALUES = st.one_of(st.none(), st.floats(0, 1e9, allow_nan=False))
WHOLE = st.lists(VALUES, max_size=3000).map(
    lambda values: [(float(at), value) for at, value in enumerate(values)]
)


@pytest.mark.parametrize(
    ("top", "ticks"),
    [
        (0, [0, 1]),
        (4, [0, 1, 2, 3, 4]),
        (15, [0, 5, 10, 15]),
        (1000, [0, 500, 1000]),
        (2046, [0, 1000, 2000, 3000]),
        (0.013, [0, 0.005, 0.01, 0.015]),
    ],
)
def test_linear_axes_have_round_ticks(top, ticks):
    assert plots.linear([0, top]).ticks == pytest.approx(ticks)


@given(st.lists(st.floats(0, 1e12, allow_nan=False), max_size=20))
def test_a_linear_axis_holds_all_its_values_with_few_ticks(values):
    scale = plots.linear(values)
    assert all(0 <= scale.share(value) <= 1 + 1e-9 for value in values)
    assert 2 <= len(scale.ticks) <= 6


@given(st.lists(st.floats(0, 1e9, allow_nan=False), max_size=20))
def test_a_logarithmic_axis_holds_all_its_values(values):
    scale = plots.logarithmic(values, 0.1)
    assert all(-1e-9 <= scale.share(value) <= 1 + 1e-9 for value in values)
    assert len(scale.ticks) >= 3


@pytest.mark.parametrize(
    ("end_s", "step_s"), [(0.3, 1), (6, 1), (100, 30), (600, 120), (3600, 600), (86400, 14400)]
)
def test_time_axes_tick_at_times_that_people_say(end_s, step_s):
    ticks = plots.times(end_s).ticks
    assert ticks[:2] == [0, step_s][: len(ticks)]
    assert ticks[-1] <= max(end_s, 1)


@given(WHOLE, st.integers(2, 50))
def test_thinning_keeps_extremes_and_order(points, buckets):
    thinned = plots.thin(points, buckets)
    values = [value for _, value in points if value is not None]
    kept = [value for _, value in thinned if value is not None]
    assert len(kept) <= 2 * buckets
    assert (max(kept), min(kept)) == (max(values), min(values)) if values else not kept
    assert [x for x, _ in thinned] == sorted(x for x, _ in thinned)
    assert {(x, y) for x, y in thinned if y is not None} <= set(points)


@given(WHOLE)
def test_thinning_never_joins_what_a_gap_parts(points):
    for (before, left), (after, right) in pairwise(plots.thin(points, 7)):
        if left is not None and right is not None:
            assert None not in [y for x, y in points if before < x < after]


def test_a_gap_parts_the_line_and_a_point_alone_is_a_dot():
    x, y = plots.times(10), plots.linear([10])
    lines, dots = plots.paths([(0, 1), (1, 2), (2, None), (3, 4), (4, None)], x, y)
    assert (lines.count("M"), lines.count("L")) == (1, 1)
    assert dots == "M300.0 240.0h0"


def test_holes_between_samples_become_gaps():
    points = [(0.0, 1.0), (1.0, 1.0), (9.0, 1.0)]
    assert plots.break_at_holes(points, 3.5) == [*points[:2], (5.0, None), points[2]]


def drawn_plot(**changes):
    lines = [Line("p50", [(0.5, 3), (1.5, None), (2.5, 9)]), Line("<p99>", [(0.5, 30)])]
    fields = {
        "marks": [Mark(1.0, "1"), Mark(1.02, "2"), Mark(4.0, "3")],
        "show_x": units.clock,
        "show_y": units.milliseconds,
        "limit": 20,
    }
    return plots.plot(
        "name",
        'A "title" <b>',
        "description",
        lines,
        plots.times(5),
        plots.linear([30]),
        **(fields | changes),
    )


def test_a_plot_is_well_formed_and_says_what_it_is():
    root = ET.fromstring(drawn_plot())
    assert root.get("role") == "img"
    named = [root.find(f".//*[@id='{name}']") for name in root.get("aria-labelledby").split()]
    assert [part.text for part in named] == ['A "title" <b>', "description"]


def test_marks_too_close_to_tell_apart_share_a_label():
    root = ET.fromstring(drawn_plot())
    assert [text.text for text in root.findall(".//g[@class='mark']/text")] == ["1–2", "3"]


def test_a_limit_out_of_sight_is_not_drawn():
    assert "limit" in drawn_plot()
    assert "limit" not in drawn_plot(limit=2000)


def test_coordinates_have_two_decimals_at_most():
    assert max(len(found) for found in re.findall(r"\d+\.(\d+)", drawn_plot())) <= 2


def test_rows_group_seconds_and_show_their_range():
    line = Line("x", [(t + 0.5, float(t)) for t in range(100)])
    rows = plots.rows([line], 100, most=20)
    assert [(row.from_s, row.to_s) for row in rows[:2]] == [(0, 5), (5, 10)]
    assert rows[1].ranges == ((5.0, 9.0),)
    html = plots.table(rows, [line], units.number)
    assert "<td>5 to 9</td>" in html and "0:05–0:10" in html


@given(st.floats(0.01, 1e7), st.integers(1, 80))
def test_a_table_never_has_more_rows_than_asked_for(end_s, most):
    line = Line("x", [(end_s * n / 50, 1.0) for n in range(50)])
    assert len(plots.rows([line], end_s, most)) <= most + 1


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0, "0"),
        (12345, "12,345"),
        (12345.6, "12,300"),
        (87.04, "87"),
        (8.75, "8.75"),
        (0.0871, "0.087"),
        (None, "–"),
        (math.nan, "–"),
        (math.inf, "–"),
    ],
)
def test_numbers_have_three_digits_that_count(value, shown):
    assert units.number(value) == shown


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (units.milliseconds(0.84), "0.84 ms"),
        (units.milliseconds(2140), "2.14 s"),
        (units.milliseconds(None), "–"),
        (units.memory(1536.0), "1.5 GiB"),
        (units.percent(0.873), "87 %"),
        (units.percent(0.0042), "0.4 %"),
        (units.percent(None), "–"),
        (units.with_unit(0.5, "s"), "500 ms"),
        (units.with_unit(201, "/s"), "201 /s"),
        (units.with_unit(None, "cores"), "–"),
        (units.with_unit(7, ""), "7"),
        (units.with_unit(0.5, "share"), "50 %"),
        (units.with_unit(10, "MiB"), "10 MiB"),
        (units.clock(61), "1:01"),
        (units.clock(-3), "−0:03"),
        (units.count(1, "join"), "1 join"),
        (units.count(1200, "join"), "1,200 joins"),
    ],
)
def test_figures_are_written_in_their_units(shown, expected):
    assert shown.replace(units.SPACE, " ") == expected
