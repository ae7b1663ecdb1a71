"""aiortc as a client: `aiortc_client.py publish|watch URL TOKEN SECONDS CARD`."""

from __future__ import annotations

import asyncio
import json
import sys

import aiohttp

from showcaller.testing.media_peers import Publisher, Watcher


async def main(role: str, url: str, token: str, seconds: float) -> None:
    client = Publisher() if role == "publish" else Watcher()
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/sdp"}
    async with aiohttp.ClientSession(headers=headers) as http:
        async with http.post(url, data=await client.offer()) as answer:
            answer.raise_for_status()
            await client.accept(await answer.text())
        for _ in range(round(seconds)):
            await asyncio.sleep(1)
            if isinstance(client, Watcher):
                print(json.dumps(client.frames), flush=True)
    await client.close()


asyncio.run(main(*sys.argv[1:4], float(sys.argv[4])))
