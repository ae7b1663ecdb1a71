"""The controller's questions to a server over HTTP: its metrics, its events, and the log at the end."""

from __future__ import annotations

from typing import Any, Self

import aiohttp

from showcaller.errors import ConfigError, Unavailable

from .processes import Metrics, read_metrics

PATIENCE_S = 2.0
EXPORT_S = 300.0
EXPORT_SILENT_S = 60.0


class Api:
    """`async with Api(url) as api:`"""

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")

    async def __aenter__(self) -> Self:
        self._http = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(PATIENCE_S))
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.close()

    async def metrics(self) -> Metrics | None:
        """Return the metrics; None while the server does not answer, or hides them (as behind a proxy)."""
        try:
            async with self._http.get(f"{self._url}/metrics") as answer:
                return read_metrics(await answer.text()) if answer.status == 200 else None
        except (aiohttp.ClientError, TimeoutError, ValueError):
            return None

    async def events(self) -> list[str]:
        """Return the ids of the events that are served. Raises `Unavailable`."""
        found = await self._json("/api/v1/events")
        return [event["id"] for event in found["events"]]

    async def sessions(self, event: str) -> list[dict[str, Any]]:
        """The event's sessions as the agenda shows them. Raises `Unavailable`."""
        found = await self._json(f"/api/v1/events/{event}")
        items = found.get("items", found)
        return [item for key, item in items.items() if key.startswith("session:")]

    async def export(self, event: str, token: str) -> list[bytes]:
        """Return the event's log, a line for each fact.

        Raises `ConfigError` where the token gets none, `Unavailable` where the server gives none.
        """
        headers = {"Authorization": f"Bearer {token}"}
        try:
            async with self._http.get(
                f"{self._url}/api/v1/events/{event}/export",
                headers=headers,
                timeout=aiohttp.ClientTimeout(EXPORT_S, sock_read=EXPORT_SILENT_S),
            ) as answer:
                if answer.status != 200:
                    kind = Unavailable if answer.status >= 500 else ConfigError
                    raise kind(f"the export was answered with {answer.status}")
                return (await answer.read()).splitlines()
        except (aiohttp.ClientError, TimeoutError) as error:
            raise Unavailable(f"the export failed: {error}") from error

    async def _json(self, path: str) -> dict[str, Any]:
        try:
            async with self._http.get(self._url + path) as answer:
                answer.raise_for_status()
                found: dict[str, Any] = await answer.json()
                return found
        except (TimeoutError, aiohttp.ClientError) as error:
            raise Unavailable(f"{self._url}{path} can't be read: {error}") from error
