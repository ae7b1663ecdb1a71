"""Pictures of the product in use, from the running demo: `make pictures`.

Each page, on a desktop and on a phone, light and dark, goes to a folder that is not kept; those that README
and docs show go to docs/pictures too.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import av
from playwright.async_api import Browser, Page, async_playwright

ROOT = Path(__file__).parents[1]
SHOWN = ROOT / "docs" / "pictures"  # what README and docs show
EVENT = "systems-scale-winter-2023"
TALK = "ai-multi-tenancy"
SIZES = {"desktop": (1280, 800), "phone": (390, 844)}
THEMES = ("light", "dark")
LARGEST_BYTES = 250_000
READY_TIMEOUT_MS = 240_000  # the talk starts some 80 s after the demo; then people ask
BROWSER_ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--no-first-run",
    "--hide-scrollbars",
    "--force-color-profile=srgb",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
)


class Subject(NamedTuple):
    """A page, who opens it, and what is there when it is worth a picture."""

    name: str
    role: str
    path: str
    ready: str


SUBJECTS = (
    Subject("agenda", "attendee", "", ".session[data-state='live']"),
    Subject("watch", "attendee", f"watch/{TALK}", "#screen[data-state='live']"),
    Subject("moderate", "moderator", "moderate", ".q"),
    Subject("produce", "producer", "produce", ".publication"),
    Subject("speak", "producer", f"speak/{TALK}", "#title:not(:empty)"),
)
KEPT = ("watch-desktop-light", "moderate-desktop-light", "produce-desktop-light")


@asynccontextmanager
async def running_demo() -> AsyncIterator[str]:
    """The address of the demo's server."""
    command = (sys.executable, "-m", "showcaller.cli", "demo", "--port", "0")
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    try:
        printed = (await process.stdout.readuntil(b"Ctrl-C")).decode()
        yield re.findall(r"^ +Open (http\S+)/demo$", printed, re.MULTILINE)[0]
    finally:
        process.terminate()
        await process.wait()


async def opened(browser: Browser, url: str, subject: Subject, size: str) -> Page:
    width, height = SIZES[size]
    context = await browser.new_context(
        viewport={"width": width, "height": height},
        locale="en-US",
        timezone_id="America/Los_Angeles",
        reduced_motion="reduce",
        has_touch=size == "phone",
        is_mobile=size == "phone",
        permissions=["camera", "microphone"],
    )
    page = await context.new_page()
    page.set_default_timeout(READY_TIMEOUT_MS)
    await page.goto(f"{url}/demo/{subject.role}")
    await page.locator("#who:not(:empty)").wait_for()
    await page.goto(f"{url}/e/{EVENT}/{subject.path}")
    return page


async def under_way(browser: Browser, url: str) -> None:
    """Wait until the talk is on, seen, asked about and voted for."""
    page = await opened(browser, url, SUBJECTS[1], "desktop")
    await page.locator("#state", has_text="Live").wait_for()
    await page.locator("#questions .question").nth(4).wait_for()
    await page.locator("#on-air").wait_for()
    await page.context.close()


async def take(page: Page, subject: Subject, size: str, folder: Path) -> None:
    if subject.name == "speak":
        await page.get_by_label("Test card").check(force=True)
    await page.locator(subject.ready).first.wait_for()
    await page.locator("#connection[data-state=connected]").wait_for()
    await asyncio.sleep(1.5)  # until pictures play
    for theme in THEMES:
        await page.emulate_media(color_scheme=theme, reduced_motion="reduce")
        name = f"{subject.name}-{size}-{theme}"
        raw = await page.screenshot(type="png", animations="disabled")
        (folder / f"{name}.png").write_bytes(raw)
        print(f"{name}: {len(raw) // 1000} kB", flush=True)


def shrink(source: Path, target: Path) -> None:
    """The same picture with 256 colours of its own. Raises `SystemExit` if it is still large."""
    graph = av.filter.Graph()
    with av.open(str(source)) as picture:
        frame = next(picture.decode(video=0))
        start = graph.add_buffer(template=picture.streams.video[0])
        copies, palette, applied, end = (
            graph.add("split"),
            graph.add("palettegen", "stats_mode=single"),
            graph.add("paletteuse", "dither=none"),
            graph.add("buffersink"),
        )
        start.link_to(copies)
        copies.link_to(palette, 1)
        copies.link_to(applied, 0)
        palette.link_to(applied, 0, 1)
        applied.link_to(end)
        graph.configure()
        start.push(frame)
        start.push(None)
        reduced = end.pull()
    encoder = av.CodecContext.create("png", "w")
    encoder.width, encoder.height, encoder.pix_fmt = reduced.width, reduced.height, "pal8"
    encoder.time_base = Fraction(1, 1)
    encoder.options = {"compression_level": "9", "pred": "none"}
    body = b"".join(bytes(packet) for packet in (*encoder.encode(reduced), *encoder.encode(None)))
    if len(body) > LARGEST_BYTES:
        raise SystemExit(f"{target.name} has {len(body)} bytes, more than {LARGEST_BYTES}")
    target.write_bytes(body)


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=ROOT / "build" / "pictures")
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    SHOWN.mkdir(exist_ok=True)
    executable = shutil.which("chromium") or shutil.which("chromium-browser")
    async with async_playwright() as playwright, running_demo() as url:
        browser = await playwright.chromium.launch(
            executable_path=executable, args=list(BROWSER_ARGUMENTS)
        )
        await under_way(browser, url)
        for subject in SUBJECTS:
            for size in SIZES:
                page = await opened(browser, url, subject, size)
                await take(page, subject, size, folder)
                await page.context.close()
        await browser.close()
    for name in KEPT:
        shrink(folder / f"{name}.png", SHOWN / f"{name}.png")


if __name__ == "__main__":
    asyncio.run(main())
