"""The store of a recording's objects: put, get, list, delete.

An object is put once, whole or not at all, and never changes. Names are steps with `/` between them.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple, Protocol, TypeVar

from .. import system
from ..errors import BadInput, NotFound, Unavailable

_UNFINISHED = ".unfinished-"  # begins the names of files that are still written

T = TypeVar("T")


class StoredObject(NamedTuple):
    """An object as listings tell of it."""

    name: str
    size_bytes: int


class Storage(Protocol):
    """A store of immutable objects. Everything raises `Unavailable` while it can't be reached, or is full."""

    async def put(self, name: str, data: bytes) -> None:
        """Store an object, whole or not at all; a second time only with the same bytes."""
        ...

    async def get(self, name: str) -> bytes:
        """Return an object. Raises `NotFound`."""
        ...

    async def list_below(self, folder: str) -> list[StoredObject]:
        """Return all objects below a folder, at any depth, by name; none where there is no such folder."""
        ...

    async def delete_below(self, folder: str) -> int:
        """Delete all objects below a folder for good; return how many there were."""
        ...

    async def put_file(self, name: str, path: Path) -> None:
        """Store a file that is large, as `put` does; it may be moved away."""
        ...

    async def size(self, name: str) -> int:
        """Return an object's size in bytes. Raises `NotFound`."""
        ...

    async def read(self, name: str, start: int, size: int) -> bytes:
        """Return a piece of an object. Raises `NotFound`."""
        ...

    async def close(self) -> None:
        """Let go of what it holds."""
        ...


class FolderStorage:
    """Objects as files below the folder `root`, which is made when it is needed.

    A file is written beside its place, to the disk, and then moved there: a reader never sees half of one,
    whenever the writer dies.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    async def put(self, name: str, data: bytes) -> None:
        await _in_thread(lambda: self._put(self._path(name), data))

    async def get(self, name: str) -> bytes:
        data = await _in_thread(lambda: _read(self._path(name)))
        if data is None:
            raise NotFound(f"there is no recorded object {name!r}")
        return data

    async def list_below(self, folder: str) -> list[StoredObject]:
        return await _in_thread(lambda: sorted(self._files(self._path(folder))))

    async def delete_below(self, folder: str) -> int:
        return await _in_thread(lambda: self._delete(self._path(folder)))

    async def put_file(self, name: str, path: Path) -> None:
        await _in_thread(lambda: self._put_file(self._path(name), path))

    async def size(self, name: str) -> int:
        return await _in_thread(lambda: _there(self._path(name), _size))

    async def read(self, name: str, start: int, size: int) -> bytes:
        return await _in_thread(
            lambda: _there(self._path(name), lambda at: _piece(at, start, size))
        )

    async def close(self) -> None:
        """Do nothing: files are closed after each use."""

    def _path(self, name: str) -> Path:
        """Return the place of an object or a folder. Raises `BadInput` for names that lead elsewhere."""
        return self._root.joinpath(*steps_of(name))

    @staticmethod
    def _put(path: Path, data: bytes) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_name(_UNFINISHED + system.random_hex(8))
        try:
            with unfinished.open("xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            unfinished.replace(path)
        except OSError:
            unfinished.unlink(missing_ok=True)
            raise

    @staticmethod
    def _put_file(path: Path, file: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_name(_UNFINISHED + system.random_hex(8))
        try:
            shutil.copyfile(file, unfinished)
            unfinished.replace(path)
        except OSError:
            unfinished.unlink(missing_ok=True)
            raise

    def _files(self, folder: Path) -> Iterator[StoredObject]:
        """Return what is there; what is deleted meanwhile may be left out."""
        for place, _, files in os.walk(folder):
            for file in files:
                if not file.startswith(_UNFINISHED):
                    with contextlib.suppress(FileNotFoundError):
                        path = Path(place, file)
                        name = path.relative_to(self._root).as_posix()
                        yield StoredObject(name, path.stat().st_size)

    def _delete(self, folder: Path) -> int:
        count = sum(1 for _ in self._files(folder))
        with contextlib.suppress(FileNotFoundError):
            shutil.rmtree(folder)
        return count


def steps_of(name: str) -> list[str]:
    """Return the steps of a name. Raises `BadInput` for names that lead elsewhere."""
    steps = name.split("/")
    if any(not step or step.startswith(".") or "\0" in step for step in steps):
        raise BadInput(f"{name!r} can't be the name of a recorded object")
    return steps


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
        return None


def _there(path: Path, read: Callable[[Path], T]) -> T:
    """Return what `read` finds at a path. Raises `NotFound`."""
    try:
        return read(path)
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
        raise NotFound(f"there is no recorded object {path.name!r}") from None


def _size(path: Path) -> int:
    return path.stat().st_size


def _piece(path: Path, start: int, size: int) -> bytes:
    with path.open("rb") as file:
        file.seek(start)
        return file.read(size)


async def _in_thread(work: Callable[[], T]) -> T:
    """Do it off the event loop. Raises `Unavailable` for what the system refuses, such as a full disk."""
    try:
        return await asyncio.to_thread(work)
    except OSError as error:
        raise Unavailable(
            f"recordings can't be stored or read: {error.strerror}; look at the folder and its disk",
            code="storage_unavailable",
        ) from error
