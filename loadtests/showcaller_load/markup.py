"""HTML and SVG that can't be broken by what stands in it: text is escaped unless it is `Markup`."""

from __future__ import annotations

import html
from collections.abc import Iterable

VOID = {"br", "hr", "img", "input", "link", "meta"}


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


Child = str | Iterable["Child"]


def text(child: Child) -> Markup:
    """Escape a string; join what is a list of children."""
    if isinstance(child, Markup):
        return child
    if isinstance(child, str):
        return Markup(html.escape(child, quote=True))
    return Markup("".join(text(part) for part in child))


def element(name: str, /, *children: Child, **attributes: str | float | bool | None) -> Markup:
    """One element. `class_` is `class`, `_` becomes `-`; None and False leave an attribute out."""
    opening = f"<{name}{''.join(_attribute(*pair) for pair in attributes.items())}>"
    if name in VOID:
        return Markup(opening)
    return Markup(f"{opening}{''.join(text(child) for child in children)}</{name}>")


def _attribute(name: str, value: str | float | bool | None) -> str:
    if value is None or value is False:
        return ""
    name = name.rstrip("_").replace("_", "-")
    if value is True:
        return f" {name}"
    shown = value if isinstance(value, str) else _short(value)
    return f' {name}="{html.escape(shown, quote=True)}"'


def _short(value: float) -> str:
    """A coordinate: two decimals are a fiftieth of what anybody sees."""
    return f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
