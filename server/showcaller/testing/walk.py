"""The walk through all pages: scenes of states that people bring about, for accessibility and for pictures.

A scene is a page that somebody opens; each of its states follows from the one before by a few steps, which
are what a person does (`click`, `fill`, `press`) or what somebody else does (`command`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import aiohttp

from .serving import ServeProcess
from .walk_show import EVENT, PEOPLE

if TYPE_CHECKING:
    from playwright.async_api import Page


class Visit:
    """Somebody's page, and the server behind it."""

    def __init__(self, page: Page, server: ServeProcess, url: str) -> None:
        self.page = page
        self.server = server
        self.url = url


DEMO = Path(__file__).parents[1] / "web" / "pages" / "demo.html"
Step = Callable[[Visit], Awaitable[object]]


class State(NamedTuple):
    name: str
    steps: tuple[Step, ...]


class Scene(NamedTuple):
    """`path` is one of the event; with a slash before it, of the server. No `person`: nobody is signed in."""

    name: str
    person: str
    path: str
    ready: str  # a selector: then the page is whole
    states: tuple[State, ...] = ()


def state(name: str, *steps: Step) -> State:
    return State(name, steps)


def click(selector: str) -> Step:
    return lambda visit: visit.page.locator(selector).first.click()


def hover(selector: str) -> Step:
    return lambda visit: visit.page.locator(selector).first.hover()


def fill(selector: str, text: str) -> Step:
    return lambda visit: visit.page.locator(selector).first.fill(text)


def choose(selector: str, value: str) -> Step:
    return lambda visit: visit.page.locator(selector).first.select_option(value)


def check(selector: str) -> Step:
    """Choose a radio button or a box, whose label may lie above it."""
    return lambda visit: visit.page.locator(selector).first.check(force=True)


def focus(selector: str) -> Step:
    return lambda visit: visit.page.locator(selector).first.focus()


def press(*keys: str) -> Step:
    async def step(visit: Visit) -> None:
        for key in keys:
            await visit.page.keyboard.press(key)

    return step


def unfold(selector: str) -> Step:
    """Open a box that is folded on a phone."""
    return lambda visit: visit.page.locator(selector).evaluate("(box) => { box.open = true; }")


def see(selector: str) -> Step:
    """Wait until it is shown."""
    return lambda visit: visit.page.locator(selector).first.wait_for(state="visible")


def gone(selector: str) -> Step:
    """Wait until nothing like it is shown."""
    return lambda visit: visit.page.locator(selector).first.wait_for(state="hidden")


def command(person: str, name: str, /, **args: Any) -> Step:
    """Have somebody else do it."""
    return lambda visit: run_command(visit.server, person, name, **args)


def open_guests_link(session: str) -> Step:
    """Open a link that was made for a guest of the session."""

    async def step(visit: Visit) -> None:
        link = await run_command(visit.server, "paula", "guest.invite", session=session)
        code = link["code"]
        await visit.page.goto("about:blank")
        await visit.page.goto(f"{visit.url}/e/{EVENT}/speak/{session}#code={code}")

    return step


def edit_schedule(old: str, new: str) -> Step:
    """Have somebody edit the file that the server was started with."""

    async def step(visit: Visit) -> None:
        file = visit.server.schedule
        text = await asyncio.to_thread(file.read_text, "utf-8")
        await asyncio.to_thread(file.write_text, text.replace(old, new), "utf-8")

    return step


async def run_command(
    server: ServeProcess, person: str, name: str, /, **args: Any
) -> dict[str, Any]:
    """Run a command as this person. Raises `RuntimeError` with the answer if it is refused."""
    url = f"{server.url}/api/v1/events/{EVENT}/commands/{name}"
    headers = {"Authorization": f"Bearer {token_of(server, person)}"}
    async with aiohttp.request("POST", url, json=args, headers=headers) as answer:
        if not answer.ok:
            raise RuntimeError(f"{name}: {answer.status} {await answer.text()}")
        body: dict[str, Any] = await answer.json()
        return body


def token_of(server: ServeProcess, person: str) -> str:
    """Return a token of one of the walk's people."""
    who = PEOPLE[person]
    name = person.capitalize()
    return server.token(
        EVENT, who.role, person=f"p_{person}", name=name, sessions=who.sessions, stages=who.stages
    )


async def open_scene(page: Page, server: ServeProcess, scene: Scene) -> Visit:
    """Open the scene's page and wait until it is whole."""
    at = scene.path if scene.path.startswith("/") else f"/e/{EVENT}/{scene.path}"
    fragment = f"#token={token_of(server, scene.person)}" if scene.person else ""
    if scene.path == "/demo":  # a page of the demo alone, which has no script
        await page.route(
            "**/demo", lambda route: route.fulfill(path=DEMO, content_type="text/html")
        )
    await page.goto(f"{server.url}{at}{fragment}")
    await page.locator(scene.ready).first.wait_for(state="visible")
    await page.locator("main[data-waiting]:not([hidden])").wait_for(state="detached")
    return Visit(page, server, server.url)
