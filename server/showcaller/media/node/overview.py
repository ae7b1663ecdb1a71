"""The measurements of all nodes' workers, as this node knows them: each tells the others every other second.

A report replaces its node's last one, so a worker that is gone is gone with the next; a node that was
not heard for a while is gone as a whole.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Set

import msgspec
from msgspec import Struct

from ... import system
from ...broker.base import EventLog
from ...domain.ids import StageId
from ...errors import OurFault
from ..contract.statistics import PublicationStatistics, StageStatistics, Statistics, by_stage
from .recording import RecorderLine
from .refusals import RefusedPublisher, together

log = logging.getLogger(__name__)

TELL_EVERY_S = 2.0
HEARD_FOR_S = 8.0  # what it told is shown for so long
FRESH_FOR_S = 3.0  # and for so long it counts as one that may be given a stage
ENDED_KEPT = 1_000
TOPIC = "media-statistics"


class WorkerReport(Struct, frozen=True, kw_only=True):
    """One worker, with the stages that it has by its lease."""

    worker: str
    statistics: Statistics

    @property
    def viewers(self) -> int:
        return sum(stage.viewers for stage in self.statistics.stages)

    def viewers_of(self, stage: str) -> int:
        return sum(one.viewers for one in self.statistics.stages if one.stage == stage)


class NodeReport(Struct, frozen=True, kw_only=True):
    node: str
    workers: list[WorkerReport]
    refused: list[RefusedPublisher] = []
    recorder: RecorderLine | None = None


class WorkerLine(Struct, frozen=True, kw_only=True):
    """A worker as producers see it."""

    worker: str
    node: str
    egress: str
    port: int
    load: float
    viewers: int


class MediaOverview(Struct, frozen=True, kw_only=True):
    """The answer to `GET …/media`, over all nodes."""

    workers: list[WorkerLine]
    publications: list[PublicationStatistics]
    stages: list[StageStatistics]
    refused: list[RefusedPublisher]  # publishers that were turned away of late
    recorders: list[RecorderLine]


def of_stages(
    every: MediaOverview, stages: Set[StageId], stage_of: Callable[[str], StageId | None]
) -> MediaOverview:
    """Return what concerns these stages; `stage_of` tells that of a session."""
    return MediaOverview(
        workers=every.workers,
        publications=[one for one in every.publications if stage_of(one.session) in stages],
        stages=[one for one in every.stages if one.stage in stages],
        refused=[one for one in every.refused if stage_of(one.session) in stages],
        recorders=[
            msgspec.structs.replace(
                one,
                sessions=tuple(name for name in one.sessions if stage_of(name) in stages),
                gaps=tuple(gap for gap in one.gaps if stage_of(gap.session) in stages),
            )
            for one in every.recorders
        ],
    )


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(NodeReport).decode


class Overview:
    """Keeps the newest report of each node; tells this one's, which `own`, `refused` and `recorder` make."""

    def __init__(
        self,
        event_log: EventLog,
        node: str,
        own: Callable[[], list[WorkerReport]],
        refused: Callable[[], list[RefusedPublisher]],
        recorder: Callable[[], RecorderLine | None] = lambda: None,
    ) -> None:
        self._log = event_log
        self._node = node
        self._own = own
        self._refused = refused
        self._recorder = recorder
        self._heard: dict[str, tuple[NodeReport, float]] = {}
        self._ended: dict[str, None] = {}  # workers, the last ones last
        self._unsubscribe: Callable[[], None] | None = None

    async def listen(self) -> None:
        """Hear the other nodes from now on. Raises `Unavailable`: then call it again."""
        if self._unsubscribe is None:
            self._unsubscribe = await self._log.subscribe(TOPIC, self._hear)

    def stop(self) -> None:
        if self._unsubscribe is not None:
            self._unsubscribe()

    async def tell(self) -> None:
        """Tell the other nodes what this one has. What is lost, the next report mends."""
        report = self._report()
        try:
            await self._log.publish(TOPIC, _encode(report))
        except OurFault as error:
            log.debug(error.message, extra={"action": "media.untold"})

    def elsewhere(self) -> list[WorkerReport]:
        """Return the workers of other nodes that were heard of just now."""
        return [worker for report in self._others(FRESH_FOR_S) for worker in report.workers]

    def serving(self, stage: str) -> list[str]:
        """Return one worker of each other node that has viewers of the stage."""
        found = []
        for report in self._others(HEARD_FOR_S):
            found += [one.worker for one in report.workers if one.viewers_of(stage)][:1]
        return found

    def note_ended(self, worker: str) -> None:
        """Remember that a worker of ours has ended, so that calls to what it had fail at once."""
        self._ended[worker] = None
        if len(self._ended) > ENDED_KEPT:
            del self._ended[next(iter(self._ended))]

    def has_ended(self, worker: str) -> bool:
        """Tell whether the worker is known to have ended, here or elsewhere."""
        return worker in self._ended

    def forget(self, worker: str) -> None:
        """Leave out the node of a worker that did not answer, until it is heard of again."""
        for node, (report, _) in list(self._heard.items()):
            if any(one.worker == worker for one in report.workers):
                del self._heard[node]

    def everything(self) -> MediaOverview:
        """Return what all nodes measured, this one as it is now."""
        reports = [self._report(), *self._others(HEARD_FOR_S)]
        every = [worker.statistics for report in reports for worker in report.workers]
        return MediaOverview(
            workers=[_line(report.node, worker) for report in reports for worker in report.workers],
            publications=[one for statistics in every for one in statistics.publications],
            stages=by_stage(one for statistics in every for one in statistics.stages),
            refused=together(one for report in reports for one in report.refused),
            recorders=[report.recorder for report in reports if report.recorder],
        )

    def _report(self) -> NodeReport:
        return NodeReport(
            node=self._node,
            workers=self._own(),
            refused=self._refused(),
            recorder=self._recorder(),
        )

    def _others(self, within_s: float) -> Iterable[NodeReport]:
        now_s = system.monotonic_s()
        for node, (_, heard_s) in list(self._heard.items()):
            if heard_s < now_s - HEARD_FOR_S:
                del self._heard[node]
        return [report for report, heard_s in self._heard.values() if heard_s > now_s - within_s]

    def _hear(self, data: bytes) -> None:
        try:
            report = _decode(data)
        except msgspec.MsgspecError:
            log.warning("a report can't be read", extra={"action": "media.bad_message"})
            return
        if report.node != self._node:
            before, _ = self._heard.get(report.node, (report, 0.0))
            for worker in _names(before) - _names(report):
                self.note_ended(worker)
            self._heard[report.node] = report, system.monotonic_s()


def _names(report: NodeReport) -> set[str]:
    return {worker.worker for worker in report.workers}


def _line(node: str, report: WorkerReport) -> WorkerLine:
    statistics = report.statistics
    return WorkerLine(
        worker=report.worker,
        node=node,
        egress=statistics.egress,
        port=statistics.port,
        load=round(statistics.load, 3),
        viewers=report.viewers,
    )
