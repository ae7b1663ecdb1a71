"""The findings of axe-core on every page, in both themes and in the states that people bring about."""

import pytest
from playwright.async_api import Page, expect

from showcaller.testing.page_faults import complaints
from showcaller.testing.serving import ServeProcess
from showcaller.testing.walk import Scene, open_scene
from showcaller.testing.walk_scenes import ANYBODY, ATTENDEE, DESKS, ON_AIR, SEEN, SPEAKER

pytestmark = pytest.mark.asyncio(loop_scope="module")

SCENES = (*ANYBODY, *SPEAKER, *ATTENDEE, *DESKS)
OUTAGE = [one for one in SCENES if one.name in ("agenda", "watch", "moderate", "produce", "speak")]


async def settled(page: Page) -> None:
    """Wait until the page shows its contents, which are hidden until they are whole."""
    await expect(page.locator("main[data-waiting]:not([hidden])")).to_have_count(0)
    await expect(page.locator("h1:visible").first).not_to_be_empty()


@pytest.fixture(scope="module")
def server(walk_server):
    return walk_server


async def walk_through(page: Page, server: ServeProcess, scene: Scene) -> dict[str, list[str]]:
    """Return the findings of each state that has any."""
    visit = await open_scene(page, server, scene)
    found = {f"{scene.name}, as it comes": await complaints(page)}
    for name, steps in scene.states:
        for step in steps:
            await step(visit)
        found[f"{scene.name}, {name}"] = await complaints(page)
    return {name: wrong for name, wrong in found.items() if wrong}


@pytest.mark.parametrize("scene", SCENES, ids=[scene.name for scene in SCENES])
async def test_nothing_is_wrong_in_any_state_of_a_page(new_page, server, scene: Scene):
    assert await walk_through(await new_page(), server, scene) == {}


async def test_nothing_is_wrong_while_somebody_is_on_air(new_page, server):
    found = await walk_through(await new_page(), server, ON_AIR)
    for scene in SEEN:
        found |= await walk_through(await new_page(), server, scene)
    assert found == {}


async def test_nothing_is_wrong_during_an_outage(new_page, server):
    """The last test: it stops the server."""
    visits = {scene.name: await open_scene(await new_page(), server, scene) for scene in OUTAGE}
    server.kill()
    await server.wait()
    found = {}
    for name, visit in visits.items():
        await expect(visit.page.locator("#connection")).to_have_attribute(
            "data-state", "reconnecting"
        )
        found[name] = await complaints(visit.page)
    assert {name: wrong for name, wrong in found.items() if wrong} == {}
