"""Short links to the pages of a running server: a code in place of a token."""

from __future__ import annotations

import http.client
import json
import urllib.request
from urllib.parse import quote

PATIENCE_S = 3.0


def code_for(url: str, event: str, token: str) -> str | None:
    """Ask the server at `url` for a code that stands for `token`; None where it gives none."""
    address = f"{url.rstrip('/')}/api/v1/events/{quote(event, safe='')}/codes"
    headers = {"Authorization": f"Bearer {token}"}
    request = urllib.request.Request(address, method="POST", headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
            return str(json.load(answer)["code"])
    except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError):
        return None
