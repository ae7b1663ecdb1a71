"""Other people's WebRTC that `make interop` tries.

A client is a program that is given a role (`publish` or `watch`), a URL, a token, seconds, and the path of a
test card in VP8. One that watches prints each second, as JSON, how much of picture and sound has come.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).parent
BUILD_S = 3_600


class Unavailable(Exception):
    """A client can't be had here; the text says why."""


class Client(NamedTuple):
    """`key` names it for `prepare.sh`; in `command`, `{built}` stands for the folder of what was built."""

    key: str
    name: str
    command: tuple[str, ...]
    publishes: bool = True
    watches: bool = True
    by_tcp: bool = False

    def prepare(self, built: Path) -> Client:
        """Build it; return it with its release and where it is. Raises `Unavailable`."""
        command = "sh", str(HERE / "prepare.sh"), self.key, str(built)
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=BUILD_S,
            env={**os.environ, "PYTHON": sys.executable},
        )
        if done.returncode:
            print(done.stderr, file=sys.stderr, flush=True)
            raise Unavailable((done.stderr.strip().splitlines() or ["could not be built"])[-1])
        return self._replace(
            name=f"{self.name} {done.stdout.split()[-1]}",
            command=tuple(word.format(built=built) for word in self.command),
        )


CLIENTS = (
    Client("chromium", "Chromium", (sys.executable, "browser_client.py", "chromium")),
    Client("firefox", "Firefox", (sys.executable, "browser_client.py", "firefox")),
    Client("aiortc", "aiortc", (sys.executable, "aiortc_client.py")),
    Client("pion", "pion", ("{built}/pion",)),
    Client("pion_tcp", "pion by TCP", ("env", "NETWORK=tcp", "{built}/pion_tcp"), by_tcp=True),
    Client("pion_4_0", "pion", ("{built}/pion_4_0",)),
    Client("str0m", "str0m", ("{built}/rust/debug/str0m",)),
    Client("webrtc_rs", "webrtc-rs", ("{built}/rust/debug/webrtc_rs",)),
    Client("werift", "werift", ("node", "{built}/javascript/werift_client.mjs")),
    Client(
        "node_datachannel",
        "node-datachannel",
        ("node", "{built}/javascript/node_datachannel_client.mjs"),
    ),
    Client("webrtcbin", "GStreamer's webrtcbin", ("/usr/bin/python3", "gstreamer_client.py")),
    Client("ffmpeg", "FFmpeg's whip, of PyAV", (sys.executable, "ffmpeg_client.py"), watches=False),
)
