"""`showcaller token` beside a running server, which it asks when its sessions end."""

import asyncio
import re
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner

from showcaller.cli import main
from showcaller.testing.serving import SECRET, ServeProcess


@pytest.fixture
def tomorrow(tmp_path):
    """A schedule whose only session ends tomorrow at 10:00 UTC, and that end in ms."""
    start = datetime.now(UTC).replace(hour=9, minute=0, second=0, microsecond=0) + timedelta(days=1)
    path = tmp_path / "event.yaml"
    path.write_text(
        f"event: {{id: ev, title: E, time_zone: UTC}}\ndays:\n  - {{date: {start:%Y-%m-%d}}}\n"
        f'sessions:\n  - {{id: a, title: A, starts: "{start:%Y-%m-%dT%H:%M}", minutes: 60}}\n'
    )
    return path, start + timedelta(hours=1)


async def minted(*words):
    call = ["token", *words, "--role", "speaker", "--session", "a", "--secret", SECRET]
    return await asyncio.to_thread(CliRunner().invoke, main, call, catch_exceptions=False)


async def test_links_that_end_before_their_session_are_warned_of(tomorrow, tmp_path):
    path, end = tomorrow
    left_h = (end - datetime.now(UTC)).total_seconds() / 3600
    async with ServeProcess(path, "--media-workers", "0", data=tmp_path / "data") as server:
        short = await minted("ev", "--url", server.url, "--hours", str(left_h - 0.1))
        assert f"session 'a' ends only at {end:%Y-%m-%d} 10:00 UTC" in short.stderr
        link = re.compile(rf"{re.escape(server.url)}/e/ev/speak/a#code=[a-z2-9]{{12}}\n")
        assert link.fullmatch(short.stdout)
        enough = await minted("ev", "--url", server.url, "--hours", str(left_h + 0.1))
        assert "warning" not in enough.stderr
        assert "has no event 'other'" in (await minted("other", "--url", server.url)).stderr
    away = await minted("ev", "--url", server.url)
    assert away.exit_code == 0
    assert "warning" not in away.stderr
    assert "#token=" in away.stdout  # nobody is there to make it short
