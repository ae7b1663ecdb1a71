"""The end of a run: everybody's ledger, and the log. There is a result, whatever fails here."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import msgspec

from showcaller.errors import ConfigError, Unavailable

from . import orders
from .api import Api
from .generators import Generator
from .results import Watcher
from .truth import Truth, read_truth
from .verdict import Ledgers

WITNESSED_WITHIN_S = 30.0
AFTER_WITNESS_S = 0.5
HANDED_IN_WITHIN_S = 120.0


class Evidence:
    """Collects it. `broken`: what the deployment did not do; `doubts`: what the tool could not."""

    def __init__(self, generators: Sequence[Generator], watcher: Watcher) -> None:
        self.broken: list[str] = []
        self.doubts: list[str] = []
        self._generators = generators
        self._watcher = watcher

    def doubt(self, why: str) -> None:
        self.doubts.append(why)
        self._watcher.on_phase(why)

    def blame(self, why: str) -> None:
        self.broken.append(why)
        self._watcher.on_phase(why)

    async def bring_in_witness(self, token: str) -> None:
        """Have a newcomer join, whose view everybody else's is compared with."""
        first = self._generators[0]
        first.tell(orders.Witness(token=token))
        try:
            await first.wait_for(first.witnessed, WITNESSED_WITHIN_S, "brought in no witness")
            await asyncio.sleep(AFTER_WITNESS_S)
        except Unavailable as error:
            if first.failure is None:  # so the deployment let nobody in
                self.blame(f"nobody could join at the end: {error.message}")

    async def ledgers(self) -> list[Ledgers]:
        """Return those that were handed in whole."""
        for generator in self._generators:
            generator.tell(orders.Account())
        return [one.ledgers for one in self._generators if await self._has_handed_in(one)]

    async def _has_handed_in(self, generator: Generator) -> bool:
        try:
            what = "did not hand in its ledgers"
            await generator.wait_for(generator.handed_in, HANDED_IN_WITHIN_S, what)
        except Unavailable as error:
            self.doubt(f"{error.message}: its attendees are not judged")
            return False
        return True

    async def truth(self, api: Api, event: str, token: str) -> Truth | None:
        """Return what the log says; None when it can't be had."""
        try:
            lines = await api.export(event, token)
            return await asyncio.to_thread(read_truth, event, lines)
        except ConfigError as error:
            self.doubt(f"{error.message}: without the log nobody knows what was lost")
        except Unavailable as error:
            self.blame(f"{error.message}: the log could not be read at the end")
        except (ValueError, msgspec.MsgspecError) as error:
            self.blame(f"the export is no whole log: {error}")
        return None
