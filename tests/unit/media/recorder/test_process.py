"""The recorder's process is there soon after one before it died."""

import subprocess
import sys

LOADED = "import showcaller.media.recorder.process, sys; print(*sys.modules)"


def test_a_recorder_starts_without_the_libraries_of_connections_that_it_does_not_have():
    answer = subprocess.run(
        [sys.executable, "-c", LOADED], capture_output=True, text=True, check=True
    )
    assert {"aiohttp", "aiortc", "av", "OpenSSL"} & set(answer.stdout.split()) == set()
