"""Health: the process lives (`/healthz`), may get traffic (`/readyz`), and tells its metrics (`/metrics`)."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable

from aiohttp import web
from prometheus_client import REGISTRY
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from .. import metrics as measured
from .. import system
from ..http.answers import json_answer

Readiness = Callable[[], list[str]]  # what keeps this node from serving; empty when it is ready
Risks = Callable[[], list[str]]  # what may cost acknowledged facts though it is ready
Measured = Callable[[], Awaitable[bytes]]  # in Prometheus' text format

RECENT_S = 0.5
READINESS: web.AppKey[Readiness] = web.AppKey("readiness")
RISKS: web.AppKey[Risks] = web.AppKey("risks")
MEASUREMENTS: web.AppKey[Measured] = web.AppKey("measurements")
_RECENT: web.AppKey[Recent] = web.AppKey("recent measurements")


async def healthz(request: web.Request) -> web.Response:
    return json_answer({"status": "alive"}, Cache_Control="no-store")


async def readyz(request: web.Request) -> web.Response:
    missing = request.app[READINESS]()
    if missing:
        return json_answer({"status": "not ready", "because": missing}, status=503, Retry_After="1")
    risks = request.app[RISKS]()
    answer = {"status": "ready", "risks": risks} if risks else {"status": "ready"}
    return json_answer(answer, Cache_Control="no-store")


class Recent:
    """Measurements of a moment ago, for all who ask at once: measuring takes 10 ms."""

    def __init__(self, measure: Measured) -> None:
        self._measure = measure
        self._since_s = -math.inf
        self._measuring: asyncio.Future[bytes] | None = None

    async def get(self, now_s: float) -> bytes:
        """Return measurements of the last `RECENT_S` before `now_s`, or new ones."""
        if self._measuring is None or now_s - self._since_s >= RECENT_S:
            self._since_s = now_s
            self._measuring = asyncio.ensure_future(self._measure())
        return await asyncio.shield(self._measuring)


async def metrics(request: web.Request) -> web.Response:
    body = await request.app[_RECENT].get(system.monotonic_s())
    return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_LATEST})


async def _measure_anew(app: web.Application) -> None:
    app[_RECENT] = Recent(app[MEASUREMENTS])


async def own_measurements() -> bytes:
    """Return what this process measures."""
    return await measured.written(REGISTRY)


def register(app: web.Application) -> None:
    app.on_startup.append(_measure_anew)
    app.router.add_get("/healthz", healthz)
    app.router.add_get("/readyz", readyz)
    app.router.add_get("/metrics", metrics)
