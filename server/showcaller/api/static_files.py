"""Files of ours as they are served, from memory."""

from __future__ import annotations

import mimetypes
from pathlib import Path
from typing import NamedTuple

from .prepared import Prepared, digest


class StaticFile(NamedTuple):
    """One file as it is served."""

    prepared: Prepared
    content_type: str

    @property
    def body(self) -> bytes:
        return self.prepared.body

    @property
    def text(self) -> str:
        return self.body.decode()


def read_folder(folder: Path) -> dict[str, StaticFile]:
    """Every file below `folder` by its relative path."""
    return {
        path.relative_to(folder).as_posix(): _read(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def _read(path: Path) -> StaticFile:
    if path.suffix == ".js":  # what the host's registry says of it varies; modules need this one
        content_type = "text/javascript"
    else:
        content_type = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    body = path.read_bytes()  # compressed when it is first asked for
    return StaticFile(Prepared(body, digest(body)), content_type)
