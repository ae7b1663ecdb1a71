"""A secret is changed node by node: nobody is refused on the way, and the old one ends when it should."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp

from showcaller import system
from showcaller.testing.redis_server import RedisServer
from showcaller.testing.serving import ServeProcess
from showcaller.tokens import Tokens

EVENT = "systems-scale-winter-2023"
PATH = f"/api/v1/events/{EVENT}/tokens"
SECRETS = {
    name: f"the {name} secret of these tests, of 32 bytes and more" for name in ("old", "new")
}


def token(secret: str) -> str:
    return Tokens(SECRETS[secret]).mint(
        EVENT, "p_ada", ["attendee"], token="t", now_ms=system.wall_ms(), ttl_s=3600
    )


async def renewed(node: ServeProcess, text: str) -> str:
    """A newer token for `text`; "" if the node refuses it."""
    headers = {"Authorization": f"Bearer {text}"}
    async with aiohttp.ClientSession(node.url) as http, http.post(PATH, headers=headers) as answer:
        return str((await answer.json())["token"]) if answer.status == 201 else ""


async def test_nobody_is_refused_while_a_secret_is_changed(
    schedule_path: Path, tmp_path: Path
) -> None:
    for name, text in SECRETS.items():
        (tmp_path / name).write_text(text)
    later = f"{datetime.now(UTC) + timedelta(hours=1):%Y-%m-%dT%H:%MZ}"

    def node(signs: str, takes: str, until: str = later) -> ServeProcess:
        options = (
            "--secret-file",
            str(tmp_path / signs),
            "--also-secret-file",
            str(tmp_path / takes),
        )
        broker = ("--broker", redis.url, "--rehearse-from", "-2m", "--media-workers", "0")
        env = {"SHOWCALLER_SECRET": ""}
        every = (*options, "--also-until", until, *broker)
        return ServeProcess(schedule_path, *every, data=tmp_path / f"{signs}-{until}", env=env)

    with RedisServer() as redis:
        async with node("old", "new") as first, node("new", "old") as second:
            for given in ("old", "new"):
                for one in (first, second):
                    newer = await renewed(one, token(given))
                    assert newer
                    assert await renewed(first, newer) and await renewed(second, newer)
            (said,) = second.log_lines("secret.also")
            assert 0 < said["until_ms"] - system.wall_ms() <= 3_600_000
            assert "secret of these tests" not in first.log_text() + second.log_text()
        async with node("new", "old", "2020-01-01T00:00Z") as third:
            assert await renewed(third, token("new"))
            assert not await renewed(third, token("old"))
