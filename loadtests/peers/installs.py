"""Puts the peers' servers where they can run: `build/peers`, from the registries of Go and npm."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
BUILD = HERE.parents[1] / "build" / "peers"

Command = list[str | Path]


class Absent(Exception):
    """The reason why a peer can't take part."""


def centrifuge() -> Command:
    """The server around the Centrifuge library, compiled."""
    program = BUILD / "centrifuge"
    _need("go")
    _run("go", "build", "-o", program, ".", folder=HERE / "centrifuge")
    return [program]


def centrifugo() -> Command:
    """Centrifugo itself, if somebody installed it."""
    return [_need("centrifugo")]


def socketio() -> Command:
    """The Socket.IO server with its packages."""
    node, _ = _need("node"), _need("npm")
    folder = BUILD / "socketio"
    folder.mkdir(parents=True, exist_ok=True)
    for file in ("package.json", "package-lock.json", "server.js"):
        shutil.copy(HERE / "socketio" / file, folder)
    if not (folder / "node_modules" / "socket.io").is_dir():
        _run("npm", "ci", "--silent", "--no-audit", "--no-fund", folder=folder)
    return [node, "--expose-gc", folder / "server.js"]


def websockets() -> Command:
    if importlib.util.find_spec("websockets") is None:
        raise Absent("the Python package websockets is not installed")
    return [sys.executable, HERE / "broadcast_server.py"]


def livekit() -> Command:
    """LiveKit's server, compiled."""
    return [_go_program("github.com/livekit/livekit-server/cmd/server@v1.11.0", "server")]


def mediamtx() -> Command:
    """MediaMTX, if somebody installed it; its module may be compiled too, where it is to be had."""
    if found := shutil.which("mediamtx"):
        return [found]
    return [_go_program("github.com/bluenviron/mediamtx@latest", "mediamtx")]


def janus() -> Command:
    """Janus, a package of many systems."""
    return [_need("janus")]


def janus_plugins() -> Path:
    """The folder of `plugins` and `transports` that belongs to it."""
    for folder in (*Path("/usr/lib").glob("*/janus"), Path("/usr/lib/janus")):
        if (folder / "plugins" / "libjanus_streaming.so").exists():
            return folder
    raise Absent("the plugins of janus are not where packages put them")


def redis_server() -> None:
    _need("redis-server")


def _go_program(module: str, name: str) -> Path:
    program = BUILD / "go" / name
    if not program.exists():
        _need("go")
        _run("go", "install", module, folder=HERE, env={"GOBIN": str(program.parent)})
    return program


def _need(program: str) -> str:
    if (found := shutil.which(program)) is None:
        raise Absent(f"{program} is not installed")
    return found


def _run(*command: str | Path, folder: Path, env: dict[str, str] | None = None) -> None:
    BUILD.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        command,
        cwd=folder,
        env=os.environ | (env or {}),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        last = (done.stderr.strip() or "no reason given").splitlines()[-1]
        raise Absent(f"`{command[0]} {command[1]}` failed: {last}")
