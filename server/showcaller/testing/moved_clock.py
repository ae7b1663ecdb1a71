"""`showcaller` on a machine whose wall clock a test sets: `python -m showcaller.testing.moved_clock serve …`.

The file that the environment variable names says by how many milliseconds the wall clock is off, at each
moment. The monotonic clock is the machine's.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

from .. import cli, system
from .serving import ServeProcess

VARIABLE = "SHOWCALLER_TESTING_CLOCK"


class _MovedTime:
    """The part of the module `time` that `system` uses."""

    monotonic = staticmethod(time.monotonic)

    def __init__(self, file: Path) -> None:
        self._file = file

    def time_ns(self) -> int:
        off_ms = int(self._file.read_text("ascii"))
        return time.time_ns() + off_ms * 1_000_000


class MovedServeProcess(ServeProcess):
    """A server whose wall clock is `off_ms` from the right time, and can be set."""

    program = ("-m", "showcaller.testing.moved_clock")

    def __init__(self, schedule: Path, *options: str, data: Path, off_ms: int = 0) -> None:
        data.mkdir(parents=True, exist_ok=True)
        self._file = data / "clock"
        self.set_clock(off_ms)
        super().__init__(schedule, *options, data=data, env={VARIABLE: str(self._file)})

    def set_clock(self, off_ms: int) -> None:
        """Have its wall clock be off by so much from now on."""
        new = self._file.with_suffix(".new")
        new.write_text(str(off_ms), "ascii")
        new.replace(self._file)


if __name__ == "__main__":
    vars(system)["time"] = _MovedTime(Path(os.environ[VARIABLE]))
    cli.main()
