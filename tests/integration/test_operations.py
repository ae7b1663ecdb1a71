"""`deploy/OPERATIONS.md` and the alerts speak of what there is: options, metrics, alerts."""

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import aiohttp
import yaml
from prometheus_client import generate_latest

from showcaller.cli import main
from showcaller.testing.serving import ServeProcess
from showcaller.workers.supervisor_metrics import SupervisorMetrics

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "deploy/OPERATIONS.md").read_text()
RULES = yaml.safe_load((ROOT / "deploy/alerts.yaml").read_text())["groups"][0]["rules"]
METRIC = re.compile(r"showcaller_[a-z_]+")


async def served_metrics(server):
    """Of a worker, and of a supervisor of workers; names as queries write them."""
    async with aiohttp.ClientSession() as http, http.get(server.url + "/metrics") as answer:
        text = await answer.text() + generate_latest(SupervisorMetrics().registry).decode()
    lines = text.splitlines()
    kinds = dict(line.split()[2:4] for line in lines if line.startswith("# TYPE showcaller_"))
    return {name: kind for name, kind in kinds.items() if not name.endswith("_created")}


async def test_every_metric_is_documented_and_alerts_use_no_other(server):
    metrics = await served_metrics(server)
    documented = dict(re.findall(r"^\| `(showcaller_\w+)[^`]*` \| (\w+) \|", TEXT, re.MULTILINE))
    assert documented == metrics
    parts = {f"{name}_{part}" for name in metrics for part in ("bucket", "count", "sum")}
    for rule in RULES:
        assert set(METRIC.findall(rule["expr"])) <= metrics.keys() | parts, rule["alert"]


def test_every_alert_has_its_section_and_no_section_lacks_its_alert():
    sections = re.findall(r"^### (Showcaller\w+)$", TEXT, re.MULTILINE)
    assert sections == [rule["alert"] for rule in RULES]
    assert set(re.findall(r"\*(Showcaller\w+)\*", TEXT)) <= set(sections)


def test_every_option_is_documented_with_its_variable():
    for option in main.commands["serve"].params:
        if option.param_type_name == "option" and not option.hidden:
            assert f"`{option.opts[0]}`" in TEXT
            assert f"`SHOWCALLER_SERVE_{option.name.upper()}`" in TEXT
    known = {name for option in main.commands["serve"].params for name in option.opts}
    table = re.findall(r"^\| (`--.*?) \|", TEXT, re.MULTILINE)
    assert {name for row in table for name in re.findall(r"`(--[a-z-]+)`", row)} <= known


def test_every_action_of_the_logs_is_documented():
    logged = set()
    for path in (ROOT / "server/showcaller").rglob("*.py"):
        if path.parent.name not in ("demo", "testing"):
            logged.update(re.findall(r'action(?:": |=)"([a-z_.]+)"', path.read_text()))
    rows = re.findall(r"^\| (`[a-z]+\.[a-z_]+`.*?) \|", TEXT, re.MULTILINE)
    assert {name for row in rows for name in re.findall(r"`([a-z_.]+)`", row)} == logged


def test_the_files_use_only_variables_that_exist():
    known = {f"SHOWCALLER_SERVE_{o.name.upper()}" for o in main.commands["serve"].params}
    for name in ("compose.yaml", "Dockerfile", "showcaller.service"):
        used = re.findall(r"SHOWCALLER_SERVE_\w+", (ROOT / "deploy" / name).read_text())
        assert set(used) <= known, name


def test_compose_gives_each_node_a_port_that_nginx_knows():
    services = yaml.safe_load((ROOT / "deploy/compose.yaml").read_text())["services"]
    nodes = [one for name, one in services.items() if name.startswith("node-")]
    ports = {node["environment"]["SHOWCALLER_SERVE_PORT"] for node in nodes}
    nginx = (ROOT / "deploy/nginx.conf").read_text()
    assert ports == set(re.findall(r"server 127\.0\.0\.1:(\d+)", nginx))
    for node in nodes:
        drain_s = float(node["environment"]["SHOWCALLER_SERVE_DRAIN_TIMEOUT_S"])
        assert float(node["stop_grace_period"].removesuffix("s")) > drain_s


def run_documented(statement, database, backup=None):
    """Runs the statement that OPERATIONS.md gives to `sqlite3`, with this test's backup file."""
    sql = re.search(rf'showcaller\.sqlite3 "({statement} .*)"', TEXT)[1]
    with closing(sqlite3.connect(database)) as db, db:
        db.execute(re.sub("'/backup/.*'", f"'{backup}'", sql))


async def test_backup_and_restore_as_documented(schedule_path, tmp_path):
    event, backup = "systems-scale-winter-2023", tmp_path / "backup.sqlite3"
    options = ("--rehearse-from", "-2m")

    async def agenda(http, server):
        async with http.get(f"{server.url}/api/v1/events/{event}") as answer:
            return await answer.json()

    async with aiohttp.ClientSession() as http:
        async with ServeProcess(schedule_path, *options, data=tmp_path / "a") as server:
            run_documented("VACUUM", tmp_path / "a/showcaller.sqlite3", backup=backup)
            lost = f"{server.url}/api/v1/events/{event}/commands/session.skip"
            bearer = {"Authorization": f"Bearer {server.token(event, 'producer')}"}
            async with http.post(lost, json={"session": "nitro"}, headers=bearer) as answer:
                assert answer.status == 200
            before = await agenda(http, server)
        (tmp_path / "b").mkdir()
        backup.rename(tmp_path / "b/showcaller.sqlite3")
        async with ServeProcess(schedule_path, *options, data=tmp_path / "b") as server:
            after = await agenda(http, server)
    assert before["items"]["session:nitro"]["state"] == "skipped"
    assert after["items"]["session:nitro"]["state"] == "upcoming"
    assert after["epoch"] != before["epoch"]
