"""`python -m showcaller.health`: the health check of a container, with nothing but the standard library.

Ask the node in this container whether it is alive (`/healthz`), at the address that its `serve` was told: by
the command of process 1, else by the environment. Exit with 0 if it is, with 1 and the reason if not.
"""

from __future__ import annotations

import argparse
import http.client
import os
import ssl
import sys
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

TIMEOUT_S = 3.0
FIRST_PROCESS = Path("/proc/1/cmdline")
_DEFAULT_HOST, _DEFAULT_PORT = "127.0.0.1", "8080"
_EVERY_ADDRESS = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}
_PROGRAMS = frozenset({"showcaller", "showcaller.cli"})


class Address(NamedTuple):
    host: str
    port: int
    is_tls: bool


def address(words: Sequence[str], environment: Mapping[str, str]) -> Address:
    """Return where `serve` with these `words` listens. An option goes before its variable, as there."""
    options = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    for option, default in (("host", _DEFAULT_HOST), ("port", _DEFAULT_PORT), ("tls-cert", "")):
        variable = f"SHOWCALLER_SERVE_{option.upper().replace('-', '_')}"
        options.add_argument(f"--{option}", default=environment.get(variable) or default)
    told, _ = options.parse_known_args(list(words))
    return Address(_EVERY_ADDRESS.get(told.host, told.host), int(told.port), bool(told.tls_cert))


def words_of_serve(command: Sequence[str]) -> Sequence[str]:
    """Return what follows `showcaller serve` in a process's command; nothing where it is no such process."""
    for place, (program, word) in enumerate(pairwise(command)):
        if Path(program).name in _PROGRAMS and word == "serve":
            return command[place + 2 :]
    return ()


def is_alive(at: Address) -> bool:
    """Return whether the node answers. Raises `OSError`, `http.client.HTTPException`."""
    connection = _connection(at)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    finally:
        connection.close()


def _connection(at: Address) -> http.client.HTTPConnection:
    if not at.is_tls:
        return http.client.HTTPConnection(at.host, at.port, timeout=TIMEOUT_S)
    # It is our own node, on this machine, and its certificate is for the name that people know.
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return http.client.HTTPSConnection(at.host, at.port, timeout=TIMEOUT_S, context=context)


def _command_of_first_process() -> list[str]:
    try:
        return FIRST_PROCESS.read_text(errors="replace").split("\0")
    except OSError:
        return []


def main() -> int:
    try:
        at = address(words_of_serve(_command_of_first_process()), os.environ)
        alive = is_alive(at)
    except (OSError, ValueError, http.client.HTTPException) as error:
        print(f"not alive: {error}")
        return 1
    print("alive" if alive else "not alive: another answer than 200")
    return 0 if alive else 1


if __name__ == "__main__":
    sys.exit(main())
