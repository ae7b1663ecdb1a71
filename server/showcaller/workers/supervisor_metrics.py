"""The metrics of a supervisor itself."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge


class SupervisorMetrics:
    """Gauges and counters of their own registry: the default one is a worker's."""

    def __init__(self, workers: int = 0) -> None:
        self.registry = CollectorRegistry()
        self.missing = Gauge(
            "showcaller_workers_missing", "Workers that do not serve", registry=self.registry
        )
        self.missing.set(workers)
        self.restarts = Counter(
            "showcaller_worker_restarts",
            "Workers started in place of dead ones",
            registry=self.registry,
        )
        self.rolls = Counter(
            "showcaller_rolling_restarts", "Rolling restarts", ["outcome"], registry=self.registry
        )
        for outcome in ("done", "given_up"):
            self.rolls.labels(outcome)  # from zero, so that the first one shows
