"""Schedule files for tests: a small one, ways to change it, and what reading it says."""

from datetime import datetime
from pathlib import Path

from showcaller import zones
from showcaller.schedule_file import format_diagnostics, read_schedule

SCHEDULES = Path(__file__).parents[3] / "schedules"
MODEL = SCHEDULES / "systems-scale-winter-2023.yaml"
HARBOUR = SCHEDULES / "harbour-conf-2026.yaml"

SMALL = """
event: {id: small, title: Small, time_zone: America/Los_Angeles}
days: [{date: 2023-12-13, starts: "09:00", ends: "12:00"}]
themes: [{id: berths, title: Berths}]
speakers: [{id: ada, name: Ada}]
sessions:
  - id: first
    title: First
    starts: "09:00"
    minutes: 30
    speakers: [ada]
  - id: second
    title: Second
    starts: "09:30"
    minutes: 30
"""


def read(text):
    return read_schedule(text, file_name="test.yaml")


def good(text):
    schedule, diagnostics = read(text)
    assert diagnostics == []
    return schedule


def errors(text):
    schedule, diagnostics = read(text)
    found = {d.field: d.message for d in diagnostics if d.severity == "error"}
    assert (schedule is None) == bool(found)
    return found


def warnings(text):
    schedule, diagnostics = read(text)
    assert schedule is not None, format_diagnostics(diagnostics)
    return {d.field: d.message for d in diagnostics}


def changed(old, new, text=SMALL):
    assert old in text
    return text.replace(old, new, 1)


def first_with(line):
    """Return `SMALL`, whose first session has `line` as well."""
    return changed("    title: First\n", f"    title: First\n    {line}\n")


def local(at_ms, zone="America/Los_Angeles"):
    return datetime.fromtimestamp(at_ms / 1000, zones.zone(zone)).strftime("%Y-%m-%d %H:%M%z")


def on(date, starts, text=SMALL):
    """Return `SMALL` with its second session at `starts` on `date`, and hours that fit."""
    text = changed(', starts: "09:00", ends: "12:00"', "", text)
    return text.replace("2023-12-13", date).replace('"09:30"', starts)
