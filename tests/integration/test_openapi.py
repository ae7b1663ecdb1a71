"""The API description matches what is served, both ways; and random calls find no server error."""

import asyncio
import os
import re
import sys
from pathlib import Path

from showcaller.api.openapi import description
from showcaller.app import Server
from showcaller.settings import Settings

HERE = Path(__file__).parent
METHODS = {"get", "post", "put", "patch", "delete", "options"}
MACHINES = ("/api/", "/healthz", "/readyz", "/metrics")  # the other routes are pages, for people
LIVE = "/api/v1/events/{}/live"  # answered before aiohttp


def documented():
    return {
        (method.upper(), nameless(path))
        for path, item in description()["paths"].items()
        for method in item
        if method in METHODS
    }


def nameless(path):
    return re.sub(r"\{\w+\}", "{}", path)


def test_every_route_is_documented_and_every_documented_one_served(schedule_path, tmp_path):
    server = Server(Settings(schedules=(schedule_path,), data=tmp_path, secret="x" * 32))
    routes = {
        (route.method, nameless(route.resource.canonical))
        for route in server.web_app().router.routes()
        if route.resource and route.resource.canonical.startswith(MACHINES)
        if not route.resource.canonical.endswith("/")  # taken as the one without
    }
    # aiohttp adds HEAD to each GET; OpenAPI leaves it implied.
    served = {(method, path) for method, path in routes if method != "HEAD"}
    assert served | {("GET", LIVE)} == documented()


async def test_random_calls_get_documented_answers(server):
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "schemathesis.cli", "run", f"{server.url}/api/v1/openapi.json"),
        *("--max-examples", os.environ.get("SHOWCALLER_FUZZ_EXAMPLES", "15"), "--seed", "1"),
        *("--phases", "examples,coverage,fuzzing", "--exclude-operation-id", "live"),
        *("--exclude-operation-id", "liveStream"),  # it would go on
        *("--checks", "not_a_server_error,content_type_conformance,status_code_conformance"),
        *("-H", f"Authorization: Bearer {server.token('systems-scale-winter-2023', 'producer')}"),
        cwd=HERE,
        env=os.environ | {"SCHEMATHESIS_HOOKS": "schemathesis_hooks", "PYTHONPATH": str(HERE)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    assert process.returncode == 0, output.decode()[-6000:]
