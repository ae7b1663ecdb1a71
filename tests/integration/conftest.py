"""Real servers for the tests of this folder."""

from pathlib import Path

import pytest

from showcaller.testing.serving import ServeProcess

SCHEDULE = Path(__file__).parents[2] / "schedules" / "systems-scale-winter-2023.yaml"


@pytest.fixture
def schedule_path():
    return SCHEDULE


@pytest.fixture
async def server(tmp_path):
    """The model event in rehearsal, two minutes before the first session, on SQLite."""
    options = ("--rehearse-from", "-2m")
    async with ServeProcess(SCHEDULE, *options, data=tmp_path / "data") as process:
        yield process
