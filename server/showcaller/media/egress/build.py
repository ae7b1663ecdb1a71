"""Building the native egress: one C file, with nothing but a C compiler. Run it to build it anew.

Needs the standard library only: the installation runs it before anything else is there.
"""

from __future__ import annotations

import hashlib
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

SOURCE = Path(__file__).with_name("egress.c")
LIBRARY = SOURCE.with_name("libegress.so")


def digest() -> str:
    """Return the digest of the C source; a library says which one it was built from."""
    return hashlib.sha256(SOURCE.read_bytes()).hexdigest()


def compiler() -> list[str] | None:
    """Return the C compiler's command: $CC, or the first of cc, gcc and clang."""
    asked = shlex.split(os.environ.get("CC", ""))
    if asked:
        return asked if shutil.which(asked[0]) else None
    found = next(filter(shutil.which, ("cc", "gcc", "clang")), None)
    return [found] if found else None


def build(target: Path = LIBRARY) -> str:
    """Build the library; return one line that says how it went. A failure leaves no older library."""
    command = compiler()
    failure = "no C compiler" if command is None else _compile(command, target)
    if failure is None:
        return f"media egress: built {target.name}"
    target.unlink(missing_ok=True)
    return f"media egress: {failure}; the one in Python is used (about half as fast)"


def _compile(command: list[str], target: Path) -> str | None:
    new = target.with_suffix(f".{os.getpid()}")  # those who have the old one loaded keep it
    flags = ["-O2", "-std=gnu11", "-shared", "-fPIC", f'-DDIGEST="{digest()}"']
    libraries = ["-ldl"] if sys.platform == "linux" else []
    try:
        subprocess.run(
            [*command, *flags, "-o", new, SOURCE, *libraries],
            check=True,
            capture_output=True,
            text=True,
            timeout=120,
        )
        new.replace(target)
    except subprocess.CalledProcessError as error:
        lines = error.stderr.strip().splitlines() or [f"status {error.returncode}"]
        return f"{command[0]} failed ({lines[0]})"
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"{command[0]} failed ({error})"
    finally:
        new.unlink(missing_ok=True)
    return None


if __name__ == "__main__":
    print(build())
