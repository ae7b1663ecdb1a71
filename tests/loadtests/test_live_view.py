"""The live view on a real terminal emulation of rich's, and its plain lines in a pipe."""

import io

import pytest
from rich.console import Console
from showcaller_load import live_view
from showcaller_load.live_view import LiveView, PlainView, sparkline
from showcaller_load.results import Fault
from showcaller_load.scenario import Audience, Point, Scenario

from .made_results import KILLED_S, made_result

SCENARIO = Scenario(
    name="session [bold]starting",
    summary="",
    duration_s=100,
    settle_s=10,
    session="talk",
    questions=0,
    audience=Audience(grows=(Point(10, 2000),), channels=("agenda",)),
)


def console(width=100, height=40, terminal=True, encoding="utf-8"):
    file = io.TextIOWrapper(io.BytesIO(), encoding=encoding, write_through=True)
    return Console(
        file=file, width=width, height=height, force_terminal=terminal, _environ={"TERM": "xterm"}
    )


def written(console):
    console.file.flush()
    return console.file.buffer.getvalue().decode(console.file.encoding)


def replay(watcher, result, until_s=100):
    """Tell a watcher what a run would."""
    watcher.on_phase("running [it]")
    for second in result.seconds[:until_s]:
        for fault in result.faults:
            if int(fault.t_s) == second.t_s:
                watcher.on_fault(fault)
        watcher.on_second(second, [p for p in result.processes if int(p.t_s) == second.t_s])


def picture(until_s=60, **size):
    shown, run = console(terminal=False, **size), made_result()
    seen = live_view.Seen(SCENARIO)
    seen.phase = "running [it]"
    seen.faults += [fault for fault in run.faults if fault.t_s < until_s]
    for second in run.seconds[:until_s]:
        seen.add(second, [p for p in run.processes if int(p.t_s) == second.t_s])
    shown.print(live_view.picture(seen, shown))
    return written(shown)


def test_the_picture_tells_all_at_a_glance():
    shown = picture()
    for words in (
        "session [bold]starting",
        "1:00",
        "0:40 left",
        "running [it]",
        "2,000 of 2,000",
        "broadcast p99",
        "generator busy",
        "worker 2 (140)",
        "redis",
    ):
        assert words in shown, words
    assert "worker 2 (102)" not in shown  # it was killed


def test_the_newest_fault_stays_in_sight():
    assert "worker 2 killed (SIGKILL)" in picture(KILLED_S + 1)
    assert "no faults made so far" in picture(KILLED_S - 1)


@pytest.mark.parametrize("width", [60, 80, 100, 200])
def test_no_line_is_wider_than_the_terminal(width):
    lines = picture(width=width).splitlines()
    assert max(map(len, lines)) <= width


def test_before_the_first_second_there_is_a_picture_too():
    assert "0:00" in picture(0)


def test_a_low_terminal_shows_fewer_processes():
    assert "supervisor (100)" in picture(height=40)
    assert "supervisor (100)" not in picture(height=20)


def test_a_terminal_without_unicode_does_not_end_the_run():
    shown = console(encoding="ascii")
    with live_view.watching(SCENARIO, shown) as watcher:
        replay(watcher, made_result(), 3)
    assert "deliveries/s" in written(shown)


def test_the_terminal_is_redrawn_in_place_and_left_with_the_verdict():
    shown = console()
    with live_view.watching(SCENARIO, shown) as watcher:
        assert isinstance(watcher, LiveView)
        replay(watcher, made_result("fail"), 60)
        watcher.on_done(made_result("fail"))
    text = written(shown)
    assert "\x1b[2J" not in text  # clearing the screen would flicker
    assert text.count("\x1b[?25l") == text.count("\x1b[?25h") == 1  # the cursor is back
    assert "FAILED" in text
    assert "412 lost" in text


def test_the_terminal_is_given_back_when_a_run_breaks():
    shown = console()
    with pytest.raises(KeyboardInterrupt):
        with live_view.watching(SCENARIO, shown):
            raise KeyboardInterrupt
    assert written(shown).count("\x1b[?25h") == 1


def test_a_pipe_gets_plain_lines():
    shown = console(terminal=False)
    with live_view.watching(SCENARIO, shown) as watcher:
        assert isinstance(watcher, PlainView)
        replay(watcher, made_result(), 60)
        watcher.on_fault(Fault(t_s=61.0, what="[red]cut[/red]"))
        watcher.on_done(made_result())
    text = written(shown)
    lines = text.splitlines()
    assert "\x1b" not in text
    assert lines[0] == "0:00  running [it]"
    assert len([line for line in lines if "deliveries/s" in line]) == 12
    assert "1:01  fault: [red]cut[/red]" in lines
    assert any(line.startswith("PASSED") for line in lines)


@pytest.mark.parametrize(
    ("values", "top", "drawn"),
    [
        ([], None, ""),
        ([0, 0], None, "▁▁"),
        ([0, 7], None, "▁█"),
        ([None, 7], None, " █"),
        ([0.5], 1.0, "▅"),
        ([2.0], 1.0, "█"),
    ],
)
def test_a_sparkline_has_one_character_a_value(values, top, drawn):
    assert sparkline(values, top) == drawn
