"""The look of an event: its colours, which must be readable on every page, and its pictures."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import yaml

from ..domain.schedule import Brand, Schedule
from .diagnostics import Report
from .fields import Fields

MIN_CONTRAST = 4.5  # of text (WCAG 2.2, 1.4.3)
MAX_PICTURE_BYTES = 1 << 20
MAX_PATH_CHARS = 200
WASH_SHARE = 0.12  # of the colour, over the card: behind text in the same colour
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
_TYPES = {
    "image/png": re.compile(rb"\x89PNG\r\n\x1a\n"),
    "image/jpeg": re.compile(rb"\xff\xd8\xff"),
    "image/webp": re.compile(rb"RIFF....WEBP", re.DOTALL),
}


class Theme(NamedTuple):
    """The grounds that text in an event's colour stands on, as the pages' style has them."""

    paper: str
    card: str
    sunken: str


THEMES = {
    "light": Theme("#f6f5f1", "#fffefb", "#eeece5"),
    "dark": Theme("#101315", "#181c1f", "#0b0d0f"),
}


def read_brand(node: yaml.Node | None, folder: Path | None, report: Report) -> Brand:
    """Return the `brand` section. Pictures are looked for in `folder`; None: nowhere."""
    if node is None:
        return Brand()
    with Fields(node, "brand", report) as fields:
        return Brand(
            light=_colour(fields, "light"),
            dark=_colour(fields, "dark"),
            logo=read_picture(fields, "logo", folder),
            cover=read_picture(fields, "cover", folder),
        )


def _colour(fields: Fields, key: str) -> str:
    """Return a colour that can be read on the grounds of the theme `key`; "" if it is left out or wrong."""
    text = fields.raw(key)
    if text is None:
        return ""
    if not _COLOUR.fullmatch(text):
        fields.error(key, f'"{text[:40]}" is no colour: write it as "#0d5c63"')
        return ""
    theme = THEMES[key]
    grounds = {**theme._asdict(), "a tint of itself": mixed(text, theme.card, WASH_SHARE)}
    contrast, ground = min((contrast_of(text, other), name) for name, other in grounds.items())
    if contrast < MIN_CONTRAST:
        darker = "darker" if key == "light" else "lighter"
        fields.error(
            key,
            f"{text} can't be read well on {ground} of the {key} theme: its contrast is "
            f"{contrast:.1f}, at least {MIN_CONTRAST} is needed; take a {darker} one",
        )
    return text.lower()


# Pictures ----------------------------------------------------------------------------------------


def read_picture(fields: Fields, key: str, folder: Path | None) -> str:
    """Return the path of a picture beside the schedule; "" if it is left out or can't be shown."""
    text = fields.raw(key)
    if text is None:
        return ""
    path = PurePosixPath(text)
    if path.is_absolute() or ".." in path.parts or not path.name or len(text) > MAX_PATH_CHARS:
        fields.error(
            key, "must be the path of a file beside the schedule, such as pictures/ada.jpg"
        )
        return ""
    if folder is None:
        return str(path)
    try:
        with (folder / path).open("rb") as file:
            data = file.read(MAX_PICTURE_BYTES + 1)
    except OSError as error:
        fields.error(key, f"can't be read: {error.strerror}")
        return ""
    if type_of(data) is None:
        fields.error(key, "is no PNG, JPEG or WebP picture")
    elif len(data) > MAX_PICTURE_BYTES:
        fields.error(key, f"has more than {MAX_PICTURE_BYTES >> 20} MiB: make it smaller")
    return str(path)


def type_of(data: bytes) -> str | None:
    """Return the media type of a picture by its first bytes; None: it is none that pages show."""
    return next((kind for kind, magic in _TYPES.items() if magic.match(data)), None)


def pictures_of(schedule: Schedule, folder: Path) -> dict[str, bytes]:
    """Return the pictures that a schedule names, by path below `folder`, as far as they can be read."""
    named = {schedule.brand.logo, schedule.brand.cover, *(one.photo for one in schedule.speakers)}
    found: dict[str, bytes] = {}
    for name in sorted(named - {""}):
        try:
            data = (folder / name).read_bytes()
        except OSError:
            continue
        if type_of(data) is not None and len(data) <= MAX_PICTURE_BYTES:
            found[name] = data
    return found


# Contrast ----------------------------------------------------------------------------------------


def contrast_of(one: str, other: str) -> float:
    """Return the contrast ratio of two colours (WCAG 2.2, "contrast ratio"), from 1 to 21."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def mixed(colour: str, ground: str, share: float) -> str:
    """Return so much of `colour` over `ground`, as `color-mix(in srgb, …)` makes it."""
    pairs = zip(_channels(colour), _channels(ground), strict=True)
    return "#" + "".join(f"{round(a * share + b * (1 - share)):02x}" for a, b in pairs)


def _luminance(colour: str) -> float:
    """Return the relative luminance (WCAG 2.2, "relative luminance")."""
    parts = [channel / 255 for channel in _channels(colour)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _channels(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)
