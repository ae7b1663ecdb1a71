#!/bin/sh
# aiohttp 3.14.5 ends "async for" over a WebSocket alike, whether the server closed it or the connection broke.
#
# websockets 17.4 raises in the loop if no close frame came. aiohttp's just ends, so a feed that broke in the middle looks
# complete to whoever does not ask for close_code. And that one is 1000, a normal end, for a close frame without a code, where
# RFC 6455, 7.1.5, has 1005 and websockets says so: "reconnect unless 1000" stays away from a server that gave no reason.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check aiohttp==3.14.5 websockets==17.4

cat >"$folder/program.py" <<'PROGRAM'
import asyncio

import aiohttp
import websockets
from websockets.asyncio.server import serve


async def speak(connection):
    """Say one thing, and go as the path tells."""
    await connection.send("one")
    match connection.request.path:
        case "/closed":
            await connection.close(1000)
        case "/no_code":
            connection.transport.write(b"\x88\x00")
            await connection.wait_closed()
        case "/broken":
            connection.transport.close()


async def by_aiohttp(address):
    async with aiohttp.ClientSession() as session, session.ws_connect(address) as connection:
        heard = [message.data async for message in connection]
        return f"heard {heard}, no error, {connection.close_code}"


async def by_websockets(address):
    heard = []
    async with websockets.connect(address) as connection:
        try:
            async for message in connection:
                heard.append(message)
            error = "no error"
        except websockets.ConnectionClosedError as raised:
            error = type(raised).__name__
        return f"heard {heard}, {error}, {connection.close_code}"


async def main():
    async with serve(speak, "127.0.0.1", 0) as server:
        address = "ws://127.0.0.1:{}".format(server.sockets[0].getsockname()[1])
        for end in ("closed", "no_code", "broken"):
            print(f"{end}: aiohttp {await by_aiohttp(f'{address}/{end}')}")
            print(f"{end}: websockets {await by_websockets(f'{address}/{end}')}")


asyncio.run(main())
PROGRAM
cat >"$folder/seen" <<'SEEN'
closed: aiohttp heard ['one'], no error, 1000
closed: websockets heard ['one'], no error, 1000
no_code: aiohttp heard ['one'], no error, 1000
no_code: websockets heard ['one'], no error, 1005
broken: aiohttp heard ['one'], no error, 1006
broken: websockets heard ['one'], ConnectionClosedError, 1006
SEEN

cd "$folder"
TZ=UTC "$folder/env/bin/python" program.py >output
cat output
diff seen output >&2 || { echo "this has changed: the lines with < were seen, those with > came now" >&2; exit 1; }
