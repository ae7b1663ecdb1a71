"""A real Chromium, and visitors who open pages of a real server in it.

Playwright keeps one event loop for its whole life, so modules that use `browser` share one loop for
their tests: `pytestmark = pytest.mark.asyncio(loop_scope="module")`.
"""

import shutil
from functools import partial
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, async_playwright, expect

from showcaller.testing.serving import ServeProcess
from showcaller.testing.walk import run_command
from showcaller.testing.walk_show import REHEARSE, prepare, walk_schedule

SCHEDULE = Path(__file__).parents[2] / "schedules" / "systems-scale-winter-2023.yaml"
EVENT = "systems-scale-winter-2023"
BROWSER_ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-quic",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
)
expect.set_options(timeout=15_000)  # a deadline, not a wait: busy machines need it

# Runs before any script of a page: keeps what the content security policy refused.
RECORD_VIOLATIONS = """
    window.violations = [];
    addEventListener("securitypolicyviolation", (event) => violations.push(event.violatedDirective));
"""


class Visitors:
    """Opens pages of one server, each in a browser profile of its own, and looks for their faults."""

    def __init__(self, browser: Browser, server: ServeProcess) -> None:
        self.browser = browser
        self.server = server
        self.faults: list[str] = []
        self.script = ""  # runs before any script of a page
        self._pages: list[Page] = []

    async def open(
        self,
        path: str,
        *roles: str,
        name: str = "",
        sessions: tuple[str, ...] = (),
        at: str = "",
    ) -> Page:
        """The page at `/e/EVENT/{path}`, for somebody with `roles`; without a token if none.

        `at`: the address of a proxy before the server.
        """
        fragment = ""
        if roles:
            token = self.server.token(EVENT, *roles, name=name, sessions=sessions)
            fragment = f"#token={token}"
        context = await self.browser.new_context(
            viewport={"width": 1280, "height": 900},
            locale="en-US",
            timezone_id="Europe/Paris",
            permissions=["camera", "microphone"],
        )
        page = await context.new_page()
        page.set_default_timeout(15_000)
        await page.add_init_script(RECORD_VIOLATIONS + self.script)
        page.on("pageerror", lambda error: self.faults.append(f"{path}: {error}"))
        page.on("dialog", lambda dialog: self.faults.append(f"{path}: dialog {dialog.message}"))
        await page.goto(f"{at or self.server.url}/e/{EVENT}/{path}{fragment}")
        self._pages.append(page)
        return page

    async def close(self) -> None:
        """Leave, and fail if any page threw an error or broke its own policy."""
        for page in self._pages:
            self.faults += [f"{page.url}: {one}" for one in await page.evaluate("violations")]
            await page.context.close()
        assert self.faults == []


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser():
    executable = shutil.which("chromium") or shutil.which("chromium-browser")
    assert executable, "these tests need Chromium: `make tools` installs it"
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=executable, args=list(BROWSER_ARGUMENTS)
        )
        yield browser
        await browser.close()


@pytest.fixture(scope="module")
def rehearsal() -> tuple[str, ...]:
    """Options of `serve`: how the model event is rehearsed. Modules may say otherwise."""
    return ("--rehearse-from", "09:04")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(tmp_path_factory, rehearsal):
    data = tmp_path_factory.mktemp("server") / "data"
    async with ServeProcess(SCHEDULE, *rehearsal, data=data) as process:
        yield process


@pytest_asyncio.fixture(loop_scope="module")
async def visitors(browser, server):
    visitors = Visitors(browser, server)
    yield visitors
    await visitors.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def walk_server(tmp_path_factory):
    """Return the server of the walk, in whose first talk people have asked and voted."""
    folder = tmp_path_factory.mktemp("walk")
    harbour = walk_schedule(SCHEDULE.parent, folder)
    options = (str(SCHEDULE), *REHEARSE)
    async with ServeProcess(harbour, *options, data=folder / "data") as process:
        await prepare(partial(run_command, process))
        yield process


@pytest_asyncio.fixture(loop_scope="module")
async def new_page(browser):
    """Open pages of profiles of their own, and look for their faults at the end."""
    faults: list[str] = []
    pages: list[Page] = []

    async def new_page() -> Page:
        pages.append(await _page(browser, faults))
        return pages[-1]

    yield new_page
    for page in pages:
        faults += await page.evaluate("violations")
        await page.context.close()
    assert faults == []


async def _page(browser, faults: list[str]) -> Page:
    context = await browser.new_context(
        viewport={"width": 1280, "height": 800},
        locale="en-US",
        timezone_id="Europe/Paris",
        reduced_motion="reduce",
        permissions=["camera", "microphone"],
    )
    page = await context.new_page()
    page.set_default_timeout(15_000)
    await page.add_init_script(RECORD_VIOLATIONS)
    page.on("pageerror", lambda error: faults.append(str(error)))
    return page
