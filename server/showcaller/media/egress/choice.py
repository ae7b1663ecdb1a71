"""The choice between the two egresses: the native one, where it was built and runs."""

from __future__ import annotations

import os

from .interface import Egress


def choose(preferred: str = "auto") -> Egress:
    """Return the egress called `native` or `python`; `auto`: native if it was built and finds OpenSSL.

    The environment's SHOWCALLER_MEDIA_EGRESS decides for `auto`. Raises `ValueError` for other names
    and `RuntimeError`, saying why, if the native egress was asked for and can't be had.
    """
    if preferred == "auto":
        preferred = os.environ.get("SHOWCALLER_MEDIA_EGRESS", "auto")
    if preferred not in ("auto", "native", "python"):
        raise ValueError(f"no such media egress: {preferred!r} (auto, native, python)")
    from .pure import PythonEgress

    if preferred == "python":
        return PythonEgress()
    try:
        from .native import NativeEgress

        return NativeEgress()
    except (ImportError, OSError) as error:
        if preferred == "native":
            raise RuntimeError(f"the native media egress can't be had: {error}") from error
        return PythonEgress()
