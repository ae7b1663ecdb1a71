"""The clients of `make interop`, and its verdicts."""

from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "loadtests" / "interop"


@pytest.fixture
def run(monkeypatch):
    monkeypatch.syspath_prepend(str(FOLDER))
    import run

    return run


def verdict(run, pictures):
    count = run.Count()
    for number in pictures:
        count.note(number)
    return count.verdict()


def test_each_client_can_be_prepared(run):
    script = (FOLDER / "prepare.sh").read_text("utf-8")
    assert [c.key for c in run.CLIENTS if f"\n{c.key})" not in script] == []


def test_a_picture_that_goes_on_is_ok(run):
    assert verdict(run, range(0, 70 * 25, 25)) == "ok"


def test_a_picture_that_stands_for_as_long_as_is_borne_is_ok(run):
    assert verdict(run, [*range(1, 31), *[30] * 5, *range(31, 66)]) == "ok"


def test_a_picture_that_stands_for_longer_is_told_with_its_second(run):
    assert verdict(run, [*range(1, 41), *[40] * 19, 41, 42]) == "stood for 19 s from second 39 on"


def test_no_picture_at_all_is_told(run):
    assert verdict(run, [0] * 70) == "no picture"


def test_a_client_that_ends_is_told(run):
    assert verdict(run, range(30)) == "ended after 30 s"
