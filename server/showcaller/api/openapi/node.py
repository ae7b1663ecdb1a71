"""The description of what a node says of itself."""

from __future__ import annotations

from .parts import OBJECT, Spec, answer, json, operation, text


def paths() -> Spec:
    return {
        "/api/v1/openapi.json": {"get": _described("openapi", "This description", "It")},
        "/healthz": {"get": _described("healthz", "Is this process alive?", "Yes")},
        "/readyz": {"get": _readiness()},
        "/metrics": {"get": _metrics()},
    }


def _described(id: str, summary: str, says: str) -> Spec:
    return operation(id, summary, {"200": answer(says, json(OBJECT))})


def _readiness() -> Spec:
    described = _described("readyz", "May this node get traffic?", "Yes")
    described["responses"]["503"] = answer("Not now; it says why", json(OBJECT))
    return described


def _metrics() -> Spec:
    answers = {"200": answer("Metrics", text("text/plain"))}
    return operation("metrics", "What it measures, for Prometheus", answers)
