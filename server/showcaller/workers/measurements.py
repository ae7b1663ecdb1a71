"""The measurements of all workers, as one answer in Prometheus' text format (version 0.0.4).

Each process gives its own text to whoever connects to its Unix socket in a folder that only we may enter. So
whichever worker is asked over the one port can answer for all.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from prometheus_client import REGISTRY, CollectorRegistry

from .. import metrics

ASK_WITHIN_S = 1.0
_SUFFIX = ".sock"


class Measurements:
    """The measurements of one worker. Entering opens a socket in `folder`; `publish` gives it its name.

    A name that is a number becomes the label `worker`; any other name's samples get no label. Who publishes
    under a name that is taken, as a worker's replacement does, has it from then on.
    """

    def __init__(self, folder: Path, name: str, registry: CollectorRegistry = REGISTRY) -> None:
        self._folder = folder
        self._name = name
        self._registry = registry
        self._unnamed = folder / f"{name}-{os.getpid()}"
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_unix_server(self._answer, self._unnamed)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()

    def publish(self) -> None:
        self._unnamed.replace(self._folder / f"{self._name}{_SUFFIX}")

    async def gather(self) -> bytes:
        """Return everybody's measurements. A worker that does not answer is left out."""
        paths = sorted(self._folder.glob(f"*{_SUFFIX}"))
        answers = await asyncio.gather(*map(_ask, paths))
        return merge({p.stem: text for p, text in zip(paths, answers, strict=True)}).encode()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            writer.write(await metrics.written(self._registry))
            writer.close()
            await writer.wait_closed()


async def _ask(path: Path) -> str:
    with contextlib.suppress(OSError, TimeoutError):
        async with asyncio.timeout(ASK_WITHIN_S):
            reader, writer = await asyncio.open_unix_connection(path)
            try:
                return (await reader.read()).decode()
            finally:
                writer.close()
    return ""


def merge(texts: Mapping[str, str]) -> str:
    """Return one text of those that `generate_latest` made: each family once, with the samples of all."""
    families: dict[str, tuple[list[str], list[str]]] = {}  # name → its comments, its samples
    for name, text in texts.items():
        _collect(text, f'worker="{name}"' if name.isdecimal() else "", families)
    lines = [line for comments, samples in families.values() for line in (*comments, *samples)]
    return "".join(f"{line}\n" for line in lines)


def _collect(text: str, label: str, families: dict[str, tuple[list[str], list[str]]]) -> None:
    comments: list[str] = []
    samples: list[str] = []
    is_first = True
    for line in filter(None, text.split("\n")):
        if line.startswith("# HELP "):
            family = line.split(" ", 3)[2]
            is_first = family not in families
            comments, samples = families.setdefault(family, ([], []))
        if not line.startswith("#"):
            samples.append(_labelled(line, label))
        elif is_first:
            comments.append(line)


def _labelled(sample: str, label: str) -> str:
    if not label:
        return sample
    name, brace, rest = sample.partition("{")
    if brace and " " not in name:
        return f"{name}{{{label},{rest}"
    name, _, value = sample.partition(" ")
    return f"{name}{{{label}}} {value}"
