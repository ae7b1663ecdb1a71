"""A real S3 server in a process of its own: moto's, on a free port, with one bucket."""

from __future__ import annotations

import asyncio
import sys

import aiohttp

from .free_ports import free_port
from .until import until

BUCKET = "recordings"


class S3Server:
    """`async with S3Server() as s3:` serves; `environment` is how clients find it."""

    async def __aenter__(self) -> S3Server:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.environment = {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": "key",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_REGION": "us-east-1",
        }
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        await until(self._has_bucket, 60)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.end()

    async def end(self) -> None:
        """End it: nothing answers any more."""
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()

    async def _has_bucket(self) -> bool:
        try:
            async with aiohttp.ClientSession() as http, http.put(f"{self.url}/{BUCKET}") as answer:
                return answer.status == 200
        except aiohttp.ClientError:
            return False
