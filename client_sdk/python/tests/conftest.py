"""Lets the tests import the rigs beside them: `channel_model`, `scripted_server`, `cuttable_proxy`."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parent))
