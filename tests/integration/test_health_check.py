"""The health check of the image, against nodes with all settings that decide where they listen."""

import asyncio
import json
import os
import re
import sys
from pathlib import Path

import pytest
import yaml

from showcaller.cli import main
from showcaller.health import Address, address, words_of_serve
from showcaller.testing.certificates import make_pair
from showcaller.testing.serving import ServeProcess

DEPLOY = Path(__file__).parents[2] / "deploy"


def shipped_check():
    """The command in the Dockerfile, which compose.yaml has to repeat."""
    found = re.search(
        r"^HEALTHCHECK.*?CMD (\[.*?\])$", (DEPLOY / "Dockerfile").read_text(), re.S | re.M
    )
    return json.loads(found[1])


def test_compose_repeats_the_images_check_for_each_node_that_is_waited_for():
    services = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]
    waited = {
        name
        for service in services.values()
        for name, how in (service.get("depends_on") or {}).items()
        if how["condition"] == "service_healthy"
    }
    assert {"node-1", "node-2", "redis"} <= waited
    for name in waited:
        check = services[name]["healthcheck"]
        if name.startswith("node"):
            assert check["test"] == ["CMD", *shipped_check()]


async def outcome(**environment):
    program, *words = shipped_check()
    assert program == "python"
    env = {k: v for k, v in os.environ.items() if not k.startswith("SHOWCALLER_SERVE")}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, *words), env=env | environment, stdout=asyncio.subprocess.PIPE
    )
    said, _ = await process.communicate()
    return process.returncode, said.decode()


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "0.0.0.0", "::", "::1", "localhost"])
async def test_a_node_is_healthy_wherever_it_listens(schedule_path, tmp_path, host):
    options = ("--host", host, "--media-workers", "0")
    async with ServeProcess(schedule_path, *options, data=tmp_path) as server:
        where = {"SHOWCALLER_SERVE_HOST": host, "SHOWCALLER_SERVE_PORT": str(server.port)}
        assert await outcome(**where) == (0, "alive\n")
        proxy = {"http_proxy": "http://127.0.0.1:1", "HTTPS_PROXY": "http://127.0.0.1:1"}
        assert await outcome(**where, **proxy) == (0, "alive\n")
    status, said = await outcome(**where)
    assert (status, "not alive" in said) == (1, True)


async def test_a_node_that_serves_tls_is_healthy(schedule_path, tmp_path):
    make_pair(tmp_path)
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    tls = ("--tls-cert", str(certificate), "--tls-key", str(key), "--media-workers", "0")
    async with ServeProcess(schedule_path, *tls, data=tmp_path) as server:
        port = {"SHOWCALLER_SERVE_PORT": str(server.port)}
        assert (await outcome(**port, SHOWCALLER_SERVE_TLS_CERT=str(certificate)))[0] == 0
        assert (await outcome(**port))[0] == 1


RUN = ["/usr/local/bin/python3.11", "/usr/local/bin/showcaller", "serve", "/schedules/a.yaml"]


@pytest.mark.parametrize(
    ("command", "environment", "at"),
    [
        (RUN, {}, Address("127.0.0.1", 8080, False)),
        (RUN, {"SHOWCALLER_SERVE_PORT": ""}, Address("127.0.0.1", 8080, False)),
        (RUN, {"SHOWCALLER_SERVE_PORT": "9000"}, Address("127.0.0.1", 9000, False)),
        (
            [*RUN, "--port", "9000"],
            {"SHOWCALLER_SERVE_PORT": "1"},
            Address("127.0.0.1", 9000, False),
        ),
        ([*RUN, "--host=::", "--port=9000"], {}, Address("::1", 9000, False)),
        (
            [*RUN, "--tls-cert", "/c.pem", "--tls-key", "/k.pem"],
            {},
            Address("127.0.0.1", 8080, True),
        ),
        (
            ["/sbin/docker-init", "--", *RUN[1:], "--port", "81"],
            {},
            Address("127.0.0.1", 81, False),
        ),
        (
            ["python", "-m", "showcaller.cli", "serve", "--port", "81"],
            {},
            Address("127.0.0.1", 81, False),
        ),
        (["/sbin/init", "--port", "81"], {}, Address("127.0.0.1", 8080, False)),
        ([], {"SHOWCALLER_SERVE_HOST": "0.0.0.0"}, Address("127.0.0.1", 8080, False)),
    ],
)
def test_the_check_asks_where_serve_was_told_to_listen(command, environment, at):
    assert address(words_of_serve(command), environment) == at


def test_what_serve_takes_unless_told_otherwise_is_what_the_check_takes():
    unless_set = {option.name: option.default for option in main.commands["serve"].params}
    assert address([], {}) == Address(unless_set["host"], unless_set["port"], False)
