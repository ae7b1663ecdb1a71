"""A schedule file that is edited while a real server runs."""

from __future__ import annotations

import shutil

import aiohttp

from showcaller.domain.schedule_diff import offer_id
from showcaller.schedule_file import read_schedule
from showcaller.testing.serving import ServeProcess
from showcaller.testing.until import until

from .conftest import SCHEDULE

EVENT = "systems-scale-winter-2023"


async def test_an_edited_file_counts_once_a_producer_accepts_it(tmp_path):
    path = tmp_path / "event.yaml"
    shutil.copy(SCHEDULE, path)
    options = ("--rehearse-from", "-2m", "--media-workers", "0")
    async with ServeProcess(path, *options, data=tmp_path / "data") as server:
        path.write_text("event: [half a file")
        text = SCHEDULE.read_text().replace("title: Opening", "title: Good morning")
        path.write_text(text)
        edited, _ = read_schedule(text, file_name="edited")
        head = {"Authorization": f"Bearer {server.token(EVENT, 'producer')}"}
        url = f"{server.url}/api/v1/events/{EVENT}"
        async with aiohttp.ClientSession(headers=head) as http:

            async def accepted():
                order = {"offer": offer_id(edited)}
                async with http.post(f"{url}/commands/schedule.accept", json=order) as answer:
                    return answer.status == 200

            async def titles():
                async with http.get(url) as answer:
                    items = (await answer.json())["items"]
                return [one.get("title") for key, one in items.items() if key.startswith("session")]

            assert "Good morning" not in await titles()
            await until(accepted)
            assert "Good morning" in await titles()
