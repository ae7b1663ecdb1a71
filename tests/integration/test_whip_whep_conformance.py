"""The WHIP and WHEP conformance suite against a real server, with its media worker and all its options.

`make conformance-whip-whep` runs this too, with the tests that wait for consent to expire, and shows
what the suite tells.
"""

import asyncio
import os
import re
import sys
from pathlib import Path

import pytest

from showcaller.testing.serving import ServeProcess

SUITE = Path(__file__).parents[1] / "conformance_whip_whep"
SCHEDULE = Path(__file__).parents[2] / "schedules" / "systems-scale-winter-2023.yaml"
EVENT = "systems-scale-winter-2023"
WITHIN_S = 240
SELECTED = os.environ.get("SHOWCALLER_CONFORMANCE", "not slow")  # as pytest's -m has it

# A RECOMMENDED of RFC 9725 §4.3 and WHEP §4.5 (OPTIONAL in §4.4.5 and §4.6.3).
BROKEN = {"test_ice.py::test_restart_is_supported"}
# What we don't do, and nobody has to: restarts, counter-offers, protocol extensions.
NOT_APPLICABLE = {
    "test_counter_offer.py::test_answer_to_a_counter_offer",
    "test_counter_offer.py::test_counter_offer",
    "test_counter_offer.py::test_direction_of_a_counter_offer",
    "test_counter_offer.py::test_malformed_answer_to_a_counter_offer",
    "test_counter_offer.py::test_validity_of_a_counter_offer",
    "test_ice.py::test_restart_has_a_new_etag",
    "test_ice.py::test_restart_is_answered",
    "test_ice.py::test_restart_keeps_the_ice_options",
    "test_ice.py::test_restart_outdates_the_old_etag",
    "test_setup.py::test_extensions",
}


@pytest.fixture
async def server(tmp_path):
    """The model event a minute before it begins: the doors of its first session are open."""
    options = ("--rehearse-from", "-1m", "--media-address", "127.0.0.1")
    turn = ("--ice-server", "turn:me:secret@turn.example:3478")
    async with ServeProcess(SCHEDULE, *options, *turn, data=tmp_path / "data") as process:
        yield process


async def run_suite(server):
    """What it wrote."""
    event = f"{server.url}/api/v1/events/{EVENT}"
    suite = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "pytest", str(SUITE), "-vv", "-p", "no:cacheprovider"),
        *("--whip", f"{event}/sessions/opening/whip", "--whep", f"{event}/stages/main/whep"),
        *("--whep-idle", f"{event}/sessions/ai-multi-tenancy/whep"),
        *("--token", server.token(EVENT, "producer"), "--stranger-token", server.token(EVENT)),
        *("-m", SELECTED),
        cwd=SUITE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await asyncio.wait_for(suite.communicate(), WITHIN_S)
    return output.decode()


def named(outcome, output):
    """Their names without parameters, by how they ended."""
    return set(re.findall(rf"^(test_\w+\.py::\w+)\[.*\] {outcome}", output, re.MULTILINE))


async def test_ours_conforms(server):
    output = await run_suite(server)
    print(output)
    assert named("(?:FAILED|ERROR)", output) == BROKEN, output
    assert named("SKIPPED", output) == NOT_APPLICABLE, output
    assert len(named("PASSED", output)) > 60, output
    assert server.complaints() == []
