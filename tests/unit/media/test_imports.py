"""Packets never meet the event loop that serves people: the WebRTC stack lives in the workers only."""

import subprocess
import sys


def test_the_serving_process_loads_no_webrtc_stack():
    code = "import sys, showcaller.app; print(*sys.modules, sep='\\n')"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert "showcaller.media.node.service" in loaded
    assert {"aiortc", "aioice", "av", "pylibsrtp"}.isdisjoint(loaded)
