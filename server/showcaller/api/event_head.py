"""The head of an event's pages: what search engines, shared links and home screens are told of it."""

from __future__ import annotations

import json
from html import escape
from urllib.parse import quote

from ..domain.schedule import Schedule

MARK = "<!-- event -->"  # where it goes in a page
TITLES = {
    "access": "Access",
    "captions": "Captions",
    "moderate": "Moderate",
    "onair": "On air",
    "produce": "Produce",
    "questions": "Questions",
    "speak": "Speak",
}
DESCRIPTION_CHARS = 300


def with_head(html: str, event: Schedule, page: str, base_url: str) -> str:
    """Return a page's HTML with its title and description. `base_url`: where people reach it; "": unknown."""
    name = TITLES.get(page)
    title = f"{name} – {event.title}" if name else event.title
    head = html.replace("<title>Showcaller</title>", f"<title>{escape(title)}</title>", 1)
    return head.replace(MARK, "\n".join(_tags(event, base_url)), 1)


def _tags(event: Schedule, base_url: str) -> list[str]:
    place = quote(event.event_id, safe="")
    summary = " ".join(event.summary.split())[:DESCRIPTION_CHARS]
    tags = [
        f'<link rel="manifest" href="/e/{place}/manifest.webmanifest">',
        *(_meta("name", "description", summary) if summary else ()),
        *_meta("property", "og:type", "website"),
        *_meta("property", "og:title", event.title),
        *(_meta("property", "og:description", summary) if summary else ()),
    ]
    if base_url:
        tags += _meta("property", "og:url", f"{base_url}/e/{place}/")
        if event.brand.cover:
            path = f"/api/v1/events/{place}/pictures/{quote(event.brand.cover)}"
            tags += _meta("property", "og:image", base_url + path)
    return tags


def _meta(kind: str, name: str, content: str) -> list[str]:
    return [f'<meta {kind}="{name}" content="{escape(content)}">']


def manifest(event: Schedule) -> bytes:
    """Return what a home screen needs of the event (W3C, Web Application Manifest)."""
    icons = [
        {"src": "/assets/icon.svg", "sizes": "any", "type": "image/svg+xml"},
        {"src": "/assets/icon-192.png", "sizes": "192x192", "type": "image/png"},
        {"src": "/assets/icon-512.png", "sizes": "512x512", "type": "image/png"},
    ]
    start = f"/e/{quote(event.event_id, safe='')}/"
    described = {
        "name": event.title,
        "short_name": event.title[:30],
        "id": start,
        "start_url": start,
        "scope": start,
        "display": "standalone",
        "background_color": "#f6f5f1",
        "theme_color": event.brand.light or "#0d5c63",
        "icons": icons,
    }
    return json.dumps(described, ensure_ascii=False).encode()
