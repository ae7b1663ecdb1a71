"""A server around `websockets.broadcast`, as its pages advise: uvloop, no compression, a set per channel.

A message is a map: `{"subscribe": [channel…]}` is answered with the same; `{"publish": channel, "data": …}`
goes to all who follow the channel.
"""

from __future__ import annotations

import asyncio
import json
import signal
from collections import defaultdict

import uvloop
from websockets.asyncio.server import ServerConnection, broadcast, serve

followers: defaultdict[str, set[ServerConnection]] = defaultdict(set)


async def handle(connection: ServerConnection) -> None:
    try:
        async for text in connection:
            message = json.loads(text)
            if "publish" in message:
                broadcast(followers[message["publish"]], json.dumps(message["data"]))
            else:
                for channel in message["subscribe"]:
                    followers[channel].add(connection)
                await connection.send(text)
    finally:
        for members in followers.values():
            members.discard(connection)


async def main() -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    async with serve(handle, "127.0.0.1", 0, compression=None, backlog=4096) as server:
        print(next(iter(server.sockets)).getsockname()[1], flush=True)
        await stop.wait()


if __name__ == "__main__":
    uvloop.run(main())
