"""A run's result on disk: `result.json` for machines and `report.html` for people."""

from __future__ import annotations

from pathlib import Path

import msgspec

from . import report
from .results import VERSION, Result

JSON_NAME, HTML_NAME = "result.json", "report.html"


class Unreadable(Exception):
    """The file is no result that this version reads; the message says why."""


class _Versioned(msgspec.Struct):
    version: int


def write(result: Result, folder: Path) -> tuple[Path, Path]:
    """Write both into `folder`, which is made if need be; returns the paths of JSON and HTML."""
    folder.mkdir(parents=True, exist_ok=True)
    json_path, html_path = folder / JSON_NAME, folder / HTML_NAME
    json_path.write_bytes(result.to_json() + b"\n")
    html_path.write_text(report.html(result), encoding="utf-8")
    return json_path, html_path


def read(path: Path) -> Result:
    """Raises `Unreadable`, and `OSError` where the file can't be opened."""
    data = path.read_bytes()
    try:
        version = msgspec.json.decode(data, type=_Versioned).version
        if version != VERSION:
            raise Unreadable(
                f"{path} is a result of version {version}; this showcaller-load reads {VERSION}"
            )
        return Result.from_json(data)
    except msgspec.DecodeError as error:
        raise Unreadable(f"{path} is no result of showcaller-load: {error}") from error
