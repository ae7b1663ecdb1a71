"""A note that tells whether a database's file is as the last process left it when it stopped.

The note, beside the file, says which file that was and when it was last changed (inode and ctime, which no
program sets as it likes). So it is not true of a file that a process wrote to and did not close, nor of
one that was copied, cut or put back. `is_as_left` takes the note away: it counts once.
"""

from __future__ import annotations

import contextlib
from pathlib import Path


def leave(path: Path) -> None:
    """Note how the file is, now that it is closed. Where that can't be noted, the next start does without."""
    with contextlib.suppress(OSError):
        _note(path).write_text(_description(path), encoding="utf-8")


def is_as_left(path: Path) -> bool:
    """Tell whether nobody has changed the file since `leave`."""
    try:
        noted = _note(path).read_text(encoding="utf-8")
        _note(path).unlink()
        return noted == _description(path)
    except (OSError, UnicodeDecodeError):
        return False


def _description(path: Path) -> str:
    found = path.stat()
    return f"{found.st_dev} {found.st_ino} {found.st_size} {found.st_ctime_ns}\n"


def _note(path: Path) -> Path:
    return path.with_name(f"{path.name}-left")
