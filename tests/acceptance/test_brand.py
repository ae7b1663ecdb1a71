"""The look of an event, by its schedule, in a real browser: colours, logo, cover, photos, title, print."""

import struct
import zlib

import pytest
import pytest_asyncio
from playwright.async_api import expect

from showcaller.testing.serving import ServeProcess

from .test_accessibility import complaints

pytestmark = pytest.mark.asyncio(loop_scope="module")

ACCENT = {"light": "rgb(122, 31, 92)", "dark": "rgb(240, 168, 212)"}
SCHEDULE = """
event: {id: ev, title: Harbour Day, time_zone: UTC, summary: Ships and cranes.}
brand: {light: "#7a1f5c", dark: "#f0a8d4", logo: logo.png, cover: cover.png}
days: [{date: 2040-05-01}]
speakers: [{id: ada, name: Ada, photo: pictures/ada.png}]
sessions: [{id: a, title: A talk, starts: "09:00", minutes: 60, speakers: [ada]}]
"""


def png(width: int, height: int) -> bytes:
    """Return a picture of one grey."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        checked = kind + data
        return struct.pack(">I", len(data)) + checked + struct.pack(">I", zlib.crc32(checked))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress((b"\0" + b"\x80" * width) * height)
    parts = chunk(b"IHDR", head), chunk(b"IDAT", rows), chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("brand")
    (folder / "pictures").mkdir()
    for name, size in {
        "logo.png": (64, 32),
        "cover.png": (80, 20),
        "pictures/ada.png": (8, 8),
    }.items():
        (folder / name).write_bytes(png(*size))
    path = folder / "event.yaml"
    path.write_text(SCHEDULE)
    async with ServeProcess(path, "--media-workers", "0", data=folder / "data") as process:
        yield process


async def test_an_event_looks_as_its_schedule_says(browser, server):
    page = await browser.new_page()
    await page.goto(f"{server.url}/e/ev/")
    assert await page.title() == "Harbour Day"
    for picture in ("#bar .logo", "#cover img", ".who-speaks .photo"):
        await expect(page.locator(picture)).to_be_visible()
        await page.wait_for_function(
            "name => document.querySelector(name).naturalWidth > 0", arg=picture
        )
    assert await complaints(page) == []
    for theme, accent in ACCENT.items():
        await page.emulate_media(color_scheme=theme)
        await expect(page.locator("#calendar")).to_have_css("color", accent)
    await page.close()


async def test_print_has_the_agenda_and_nothing_to_use(browser, server):
    page = await browser.new_page()
    await page.goto(f"{server.url}/e/ev/")
    await expect(page.locator("[data-session]")).to_be_visible()
    await page.emulate_media(media="print")
    await expect(page.get_by_role("heading", name="A talk")).to_be_visible()
    await expect(page.locator("#join")).to_be_hidden()
    await expect(page.get_by_role("button")).to_have_count(0)
    await page.close()
