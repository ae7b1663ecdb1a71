"""Health: the process lives (`/healthz`), may get traffic (`/readyz`), and tells its metrics (`/metrics`)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from aiohttp import web
from prometheus_client import REGISTRY, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from ..http.answers import json_answer

Readiness = Callable[[], list[str]]  # what keeps this node from serving; empty when it is ready
Measured = Callable[[], Awaitable[bytes]]  # in Prometheus' text format

READINESS: web.AppKey[Readiness] = web.AppKey("readiness")
MEASUREMENTS: web.AppKey[Measured] = web.AppKey("measurements")


async def healthz(request: web.Request) -> web.Response:
    return json_answer({"status": "alive"}, Cache_Control="no-store")


async def readyz(request: web.Request) -> web.Response:
    missing = request.app[READINESS]()
    if missing:
        return json_answer({"status": "not ready", "because": missing}, status=503, Retry_After="1")
    return json_answer({"status": "ready"}, Cache_Control="no-store")


async def metrics(request: web.Request) -> web.Response:
    return web.Response(
        body=await request.app[MEASUREMENTS](), headers={"Content-Type": CONTENT_TYPE_LATEST}
    )


async def own_measurements() -> bytes:
    """Return what this process measures."""
    return generate_latest(REGISTRY)


def register(app: web.Application) -> None:
    app.router.add_get("/healthz", healthz)
    app.router.add_get("/readyz", readyz)
    app.router.add_get("/metrics", metrics)
