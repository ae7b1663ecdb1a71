"""A page's styles in one file and its modules in another, each named by its content.

Both are made from the page's HTML and what its modules import. Their names change with their content, so
browsers and caches keep them for good.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import quote

from ..bundling.linking import link
from ..bundling.script_modules import Module, read_module
from ..bundling.script_text import UnreadableScript
from .prepared import digest, prepare
from .static_files import StaticFile

NAME = re.compile(r"(?P<page>[\w-]+)\.(?P<digest>[0-9a-f]{24})\.(?P<kind>css|js|js\.map)")
_ENTRY = re.compile(r'<script type="module" src="([^"]+)"')
_STYLE = re.compile(r'<link rel="stylesheet" href="([^"]+)">\n?')
_ICON = re.compile(r'(<link rel="icon" href=)"/assets/([^"]+\.svg)"')
_TYPES = {"css": "text/css", "js": "text/javascript", "js.map": "application/json"}
_BEFORE_STYLES = re.compile(r"@import|@charset|@namespace")  # these would have to come first


class Part(NamedTuple):
    """One file, and the digest that its name has."""

    digest: str
    file: StaticFile


class Page(NamedTuple):
    """A page's HTML, its parts by kind, and what a browser fetches together with it: a `Link` header."""

    html: str
    parts: Mapping[str, Part]
    link: str


def entries_of(html: str) -> list[str]:
    """Return the addresses of the modules that a page begins with."""
    return _ENTRY.findall(html)


class PageMaker:
    """Makes pages of `files`, by address. What was read of a module serves all pages."""

    def __init__(self, files: Mapping[str, StaticFile]) -> None:
        self._files = files
        self._modules: dict[str, Module] = {}

    def make(self, name: str, html: str) -> Page:
        """Return the page `name` in parts. Raises `UnreadableScript` where its modules can't be linked."""
        parts: dict[str, Part] = {}
        links: list[str] = []
        styles, entries = _STYLE.findall(html), entries_of(html)
        if styles:
            parts["css"] = _part("css", self._styles(styles))
            address = _address(name, "css", parts["css"])
            html = _put_first(_STYLE, f'<link rel="stylesheet" href="{address}">\n', html)
            links.append(f"<{address}>; rel=preload; as=style")
        if entries:
            parts |= self._script(name, entries)
            address = _address(name, "js", parts["js"])
            html = html.replace(f'src="{entries[0]}"', f'src="{address}"')
            links.append(f"<{address}>; rel=modulepreload")
        return Page(_ICON.sub(self._with_icon, html), parts, ", ".join(links))

    def _styles(self, addresses: list[str]) -> bytes:
        sheets = [self._files[address].text for address in addresses]
        if any(_BEFORE_STYLES.search(sheet) for sheet in sheets):
            raise UnreadableScript(f"one of {addresses} has a rule that must come first")
        return "\n".join(sheets).encode()

    def _script(self, name: str, entries: list[str]) -> dict[str, Part]:
        if len(entries) > 1:
            raise UnreadableScript(f"{name} begins with {len(entries)} modules")
        script = link(entries, self._module)
        mapped = _part("js.map", script.map)
        text = f"{script.text}//# sourceMappingURL={_address(name, 'js.map', mapped)}\n"
        return {"js": _part("js", text.encode()), "js.map": mapped}

    def _module(self, address: str) -> Module:
        if address not in self._files:
            raise UnreadableScript(f"there is no module {address}")
        if address not in self._modules:
            try:
                self._modules[address] = read_module(self._files[address].text)
            except UnreadableScript as error:
                raise UnreadableScript(f"{address}: {error}") from error
        return self._modules[address]

    def _with_icon(self, found: re.Match[str]) -> str:
        """Return the icon itself in place of its address: it is smaller than a request for it."""
        icon = quote(self._files[f"/assets/{found[2]}"].text.strip(), safe="/:=' ")
        return f'{found[1]}"data:image/svg+xml,{icon}"'


def _part(kind: str, body: bytes) -> Part:
    return Part(digest(body), StaticFile(prepare(body), _TYPES[kind]))


def _address(name: str, kind: str, part: Part) -> str:
    return f"/assets/{name}.{part.digest}.{kind}"


def _put_first(pattern: re.Pattern[str], text: str, html: str) -> str:
    """Return HTML with `text` where the pattern is found first, and nothing where it is found again."""
    first = pattern.search(html)
    assert first is not None
    rest = pattern.sub("", html[first.end() :])
    return html[: first.start()] + text + rest
