"""The check that this machine can have so many sockets at all; if not, it says exactly what to raise."""

from __future__ import annotations

import resource
from pathlib import Path

from showcaller.errors import ConfigError

from .scenario import Scenario

SPARE_FILES = 300
PORTS = Path("/proc/sys/net/ipv4/ip_local_port_range")
OPEN_FILES = Path("/proc/sys/fs/file-max")


def check_capacity(scenario: Scenario, *, is_own: bool, agents: int) -> None:
    """Raises `ConfigError`. `is_own`: the server runs here too."""
    sockets = scenario.audience.size
    if is_own:
        _check_server(sockets, scenario.server.workers)
        _check_open_files(2 * sockets)
    elif not agents:
        _check_ports(sockets)
        _check_open_files(sockets)


def _check_server(sockets: int, workers: int) -> None:
    """The kernel shares connections out among workers, but not evenly."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = SPARE_FILES + (sockets if workers == 1 else round(1.5 * sockets / workers))
    if hard != resource.RLIM_INFINITY and hard < needed:
        raise ConfigError(
            f"{sockets:,} sockets on {workers} workers need {needed:,} open files in each server "
            f"process, and `ulimit -Hn` is {hard:,}: raise it (`nofile` in /etc/security/limits.conf, "
            "`LimitNOFILE=` of systemd), set more `workers` in the scenario, or --audience smaller"
        )


def _check_open_files(needed: int) -> None:
    if OPEN_FILES.exists() and int(OPEN_FILES.read_text()) < needed:
        raise ConfigError(f"this machine opens too few files: sysctl -w fs.file-max={needed * 2}")


def _check_ports(sockets: int) -> None:
    """Refuse more sockets than there can be connections from one address to one port."""
    if not PORTS.exists():
        return
    low, high = map(int, PORTS.read_text().split())
    if high - low + 1 < sockets:
        raise ConfigError(
            f"{sockets:,} connections to one port need as many local ports; here are "
            f'{high - low + 1:,}: sysctl -w net.ipv4.ip_local_port_range="1024 65535", or more machines '
            "(--agent)"
        )
