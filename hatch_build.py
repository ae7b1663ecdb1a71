"""Builds the media egress while Showcaller is installed, if there is a C compiler; never fails without.

A wheel that holds it runs on this platform only; one without it, anywhere.
"""

from __future__ import annotations

import importlib.util
import sysconfig
from pathlib import Path
from types import ModuleType
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

EGRESS = "server/showcaller/media/egress"


class CustomBuildHook(BuildHookInterface):
    """For wheels, and for editable installations, where the library lies beside its source."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        build = _load(Path(self.root, EGRESS, "build.py"))
        self.app.display_info(build.build())
        if version == "editable" or not build.LIBRARY.exists():
            return
        platform = sysconfig.get_platform().replace("-", "_").replace(".", "_")
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-{platform}"
        build_data["artifacts"].append(f"/{EGRESS}/{build.LIBRARY.name}")  # git does not keep it


def _load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("egress_build", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
