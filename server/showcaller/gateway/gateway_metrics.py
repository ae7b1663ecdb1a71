"""The gateway's counters in Prometheus' terms."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from ..errors import CLOSE_SLOW
from .gateway import Gateway
from .priority import Priority


class GatewayCollector(Collector):
    """A collector that reads the gateway when it is asked."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    def collect(self) -> Iterator[Metric]:
        now = self._gateway.counters
        yield GaugeMetricFamily(
            "showcaller_connections", "Live sockets of who signed in", value=now.connections
        )
        yield GaugeMetricFamily(
            "showcaller_streams", "Of these, streams over HTTP", value=now.streams
        )
        yield GaugeMetricFamily(
            "showcaller_strangers",
            "Connections of which nobody has signed in",
            value=len(self._gateway.strangers),
        )
        yield GaugeMetricFamily(
            "showcaller_waiting",
            "Who waits for a turn to come in",
            value=len(self._gateway.turnstile),
        )
        yield GaugeMetricFamily(
            "showcaller_overloaded",
            "Whether newcomers are sent away (1) or not (0)",
            value=bool(self._gateway.load.why),
        )
        for name, text, value in (
            ("accepted", "Live sockets accepted", now.accepted),
            ("sent_away", "Live sockets closed at once: draining or full", now.sent_away),
            ("gave_way", "Strangers closed to make room", now.gave_way),
            ("requests_refused", "HTTP requests of newcomers refused", now.requests_refused),
            ("upgrades_refused", "Upgrades refused", now.upgrades_refused),
            ("frames_received", "Frames from clients", now.frames_received),
            ("messages_sent", "Messages to clients", now.messages_sent),
            ("messages_coalesced", "Messages that shared a write", now.messages_coalesced),
            ("writes", "Writes that carried messages", now.writes),
            ("bytes_sent", "Bytes to clients", now.bytes_sent),
            ("catch_ups", "Channels resumed for sockets that fell behind", now.catch_ups),
            ("slow_closes", "Sockets closed since they did not keep up", now.closes[CLOSE_SLOW]),
        ):
            yield CounterMetricFamily(f"showcaller_{name}", text, value=value)
        shed = CounterMetricFamily(
            "showcaller_messages_shed", "Messages dropped for slow consumers", labels=["priority"]
        )
        for priority in Priority:
            shed.add_metric([priority.name.lower()], now.messages_shed[priority])
        yield shed
        closes = CounterMetricFamily("showcaller_closes", "Closes by code", labels=["code"])
        for code, count in now.closes.items():
            closes.add_metric([str(code)], count)
        yield closes
