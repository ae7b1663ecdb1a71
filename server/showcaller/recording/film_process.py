"""The process that makes a film: its own, since it reads and writes for seconds, and gone with its node."""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from pathlib import Path

import msgspec

from ..processes import die_with_parent
from .film import make_film
from .film_plan import FilmJob
from .place import storage_at

_NICE = 10  # live pictures come first


def main() -> None:
    job = msgspec.json.decode(sys.stdin.buffer.read(), type=FilmJob)
    die_with_parent(job.parent)
    os.nice(_NICE)
    storage = storage_at(job.store)
    with asyncio.Runner() as runner, tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "film.mp4")
        make_film(job.film, lambda name: runner.run(storage.get(name)), str(path))
        runner.run(storage.put_file(job.name, path))
        runner.run(storage.close())


if __name__ == "__main__":
    main()
