"""Entity tags (RFC 9110 §8.8.3) as they come back by way of proxies."""

from __future__ import annotations

import re
from collections.abc import Sequence

# A proxy that compresses a body marks its tag as weak (nginx) or adds to it (Apache, Jetty).
_TAG = re.compile(r'(?:W/)?"(?P<opaque>[^"]*?)(?:[-;]+(?:gzip|br|zstd|deflate))?"')


def as_we_gave_them(lines: Sequence[str]) -> str | None:
    """Return the tags of all `If-Match` lines as we once gave them; None without any.

    If-Match compares strongly (RFC 9110 §13.1.1), but what was compressed on its way is the same answer.
    """
    if not lines:
        return None
    return _TAG.sub(lambda found: f'"{found["opaque"]}"', ", ".join(lines))
