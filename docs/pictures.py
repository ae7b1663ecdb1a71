"""Pictures of all pages in all their states: `make pictures`.

The walk's scenes, which tests look at too, and the demo in use: each on a desktop and on a phone, light and
dark, goes to a folder that is not kept; those that README and docs show go to docs/pictures too.
`ARGS="--only walk"` leaves the demo out, which needs two minutes until there is something to see;
`--only shown` takes nothing but those that are shown.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import shutil
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from fractions import Fraction
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import av
from playwright.async_api import Browser, Page, async_playwright
from playwright.async_api import Error as PlaywrightError

from showcaller.testing.serving import ServeProcess
from showcaller.testing.walk import Scene, open_scene, run_command
from showcaller.testing.walk_scenes import ANYBODY, ATTENDEE, DESKS, ON_AIR, SEEN, SPEAKER
from showcaller.testing.walk_show import REHEARSE, prepare, walk_schedule

ROOT = Path(__file__).parents[1]
SHOWN = ROOT / "docs" / "pictures"  # what README and docs show
EVENT = "systems-scale-winter-2023"
TALK = "ai-multi-tenancy"
SIZES = {"desktop": (1280, 800), "phone": (390, 844)}
THEMES = ("light", "dark")
LARGEST_BYTES = 250_000
STEP_TIMEOUT_MS = 6_000
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
SHOWN_NAMES = ("watch-desktop", "moderate-desktop", "produce-desktop")
KEPT = tuple(f"{name}-light" for name in SHOWN_NAMES)


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


async def new_page(browser: Browser, size: str) -> Page:
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
    return await context.new_page()


async def opened(browser: Browser, url: str, subject: Subject, size: str) -> Page:
    page = await new_page(browser, size)
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
    await shoot(page, f"{subject.name}-{size}", folder)


async def shoot(page: Page, name: str, folder: Path) -> None:
    for theme in THEMES:
        await page.emulate_media(color_scheme=theme, reduced_motion="reduce")
        raw = await page.screenshot(type="png", animations="disabled")
        (folder / f"{name}-{theme}.png").write_bytes(raw)
    print(name, flush=True)


async def play(page: Page, server: ServeProcess, scene: Scene, size: str, folder: Path) -> None:
    """Take a scene's page as it comes and in each of its states, but for what a phone doesn't offer."""
    page.set_default_timeout(STEP_TIMEOUT_MS)
    visit = await open_scene(page, server, scene)
    await shoot(page, f"walk-{scene.name}-{size}", folder)
    for name, steps in scene.states:
        try:
            for step in steps:
                await step(visit)
        except PlaywrightError:
            print(f"walk-{scene.name}-{name} is not on a {size}", flush=True)
            continue
        await shoot(page, f"walk-{scene.name}-{name}-{size}", folder)


async def walk(browser: Browser, size: str, folder: Path) -> None:
    """Play all scenes on a server of their own."""
    with TemporaryDirectory() as kept:
        data = Path(kept)
        options = (str(ROOT / "schedules" / f"{EVENT}.yaml"), *REHEARSE)
        harbour = walk_schedule(ROOT / "schedules", data)
        async with ServeProcess(harbour, *options, data=data / "data") as server:
            await prepare(partial(run_command, server))
            for scene in (*ANYBODY, *SPEAKER, *ATTENDEE, *DESKS):
                page = await new_page(browser, size)
                await play(page, server, scene, size, folder)
                await page.context.close()
            on_air = await new_page(browser, size)
            await play(on_air, server, ON_AIR, size, folder)
            for scene in SEEN:
                page = await new_page(browser, size)
                await play(page, server, scene, size, folder)
                await page.context.close()
            await on_air.context.close()


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


async def demo(browser: Browser, folder: Path, wanted: Callable[[str], bool]) -> None:
    """Take the demo's pages of these names; what README and docs show is kept there."""
    SHOWN.mkdir(exist_ok=True)
    async with running_demo() as url:
        await under_way(browser, url)
        for subject in SUBJECTS:
            for size in (one for one in SIZES if wanted(f"{subject.name}-{one}")):
                page = await opened(browser, url, subject, size)
                await take(page, subject, size, folder)
                await page.context.close()
    for name in KEPT:
        shrink(folder / f"{name}.png", SHOWN / f"{name}.png")


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=ROOT / "build" / "pictures")
    parser.add_argument("--only", choices=("walk", "demo", "shown"))
    parser.add_argument("--size", choices=tuple(SIZES), action="append")
    asked = parser.parse_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    executable = shutil.which("chromium") or shutil.which("chromium-browser")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=executable, args=list(BROWSER_ARGUMENTS)
        )
        if asked.only in (None, "walk"):
            for size in asked.size or SIZES:
                await walk(browser, size, asked.folder)
        if asked.only != "walk":
            await demo(
                browser, asked.folder, lambda name: asked.only != "shown" or name in SHOWN_NAMES
            )
        await browser.close()


if __name__ == "__main__":
    asyncio.run(main())
