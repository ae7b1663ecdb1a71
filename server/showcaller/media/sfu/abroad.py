"""Other nodes, as a media worker knows them: it lends to their workers, and borrows from them."""

from __future__ import annotations

import ssl
from collections.abc import Callable

from ...errors import Unavailable
from ..contract.calls import Lender
from ..contract.statistics import Statistics
from ..transport.transport import Transports
from .borrowed import Changed
from .far_branch import FarBranch
from .far_trunk import FarTrunk
from .ingests import Ingests
from .node_identity import contexts
from .trunk import Trunk


class Abroad:
    """The worker `name` among those of other nodes, once `open` has told it how they know one another."""

    def __init__(
        self,
        name: str,
        trunk: Trunk,
        transports: Transports,
        ingests: Ingests,
        changed: Changed,
        parted: Callable[[str], None],
    ) -> None:
        self.far_trunk = FarTrunk(name, trunk, transports)
        self._name = name
        self._trunk = trunk
        self._transports = transports
        self._ingests = ingests
        self._changed = changed
        self._parted = parted
        self._missed_before = 0
        self._connects: ssl.SSLContext | None = None

    async def open(self, keys: tuple[bytes, ...]) -> Lender:
        """Lend to whoever holds one of the keys; return where. Raises `Unavailable`."""
        listens, self._connects = contexts(keys)
        port = await self.far_trunk.listen(listens)
        hosts = tuple(host for host, _ in self._transports.candidates)
        return Lender(self._name, hosts, port)

    async def borrow(self, stage: str, lender: Lender) -> None:
        """Borrow what is published to the stage. Raises `Unavailable` if no packets come."""
        if self._connects is None:
            raise Unavailable("this media worker knows no other nodes", retry_after_s=1)
        egress = self._ingests.egress
        branch = FarBranch(stage, lender, egress, self._changed, self._trunk, self._on_parted)
        await branch.connect(self._connects)
        if (before := self._ingests.far(stage)) is not None:
            self._missed_before += before.reception.lost
        self._ingests.follow(branch)

    def count(self, statistics: Statistics) -> None:
        """Add what was lent and borrowed."""
        spans = self.far_trunk.spans
        statistics.branches = len(spans)
        statistics.packets_lent, statistics.packets_lent_again = self.far_trunk.counts(*spans)
        missed = sum(branch.reception.lost for branch in self._ingests.all_far())
        statistics.packets_missed = self._missed_before + missed

    async def close(self) -> None:
        """Lend nothing any more."""
        await self.far_trunk.close()

    def _on_parted(self, branch: FarBranch) -> None:
        if self._ingests.far(branch.stage) is branch:
            self._missed_before += branch.reception.lost
            self._ingests.part(branch.stage)
            self._parted(branch.stage)
