"""The faults of a page in a browser: what axe-core finds, and what stands out of the window."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.async_api import Page

AXE = Path(__file__).parents[3] / "client_sdk" / "js" / "node_modules" / "axe-core" / "axe.min.js"
# In the second theme only what depends on colours can be different.
RUN_AXE = """
    async ({ within, theme }) => {
      const options = { resultTypes: ["violations"], preload: false };
      if (theme === "dark") options.runOnly = ["color-contrast", "link-in-text-block"];
      const { violations } = await axe.run(document.querySelector(within) ?? document, options);
      const told = (id) => ({ target, failureSummary }) => `${id} ${target}: ${failureSummary}`;
      return violations.flatMap(({ id, nodes }) => nodes.map(told(id)));
    }
"""
DIALOG = "dialog[open]"  # covers the rest of the page, which was looked at before
# What stands beside the page, but for what scrolls in a box of its own or is cut there.
OUTSIDE = """
    () => {
      const boxed = (element) => {
        for (let box = element.parentElement; box !== document.body; box = box.parentElement)
          if (getComputedStyle(box).overflowX !== "visible") return true;
        return false;
      };
      const { scrollWidth } = document.scrollingElement;
      const found = scrollWidth > innerWidth ? [`page: ${scrollWidth}`] : [];
      for (const box of document.querySelectorAll("dialog[open], .stage-side")) // scroll downwards only
        if (box.scrollWidth > box.clientWidth + 1) found.push(`${box.id || box.className} is too wide`);
      for (const element of document.body.querySelectorAll("*")) {
        const { left, right, width } = element.getBoundingClientRect();
        const hidden = width <= 1 || !element.checkVisibility(); // or for screen readers only
        if (hidden || (right <= innerWidth + 1 && left >= -1) || boxed(element)) continue;
        const name = `${element.tagName}.${element.className}#${element.id}`;
        found.push(`${name}: ${Math.round(left)} to ${Math.round(right)}`);
      }
      return found;
    }
"""


async def complaints(page: Page) -> list[str]:
    """Return what axe finds wrong in both themes; in a dialog alone, if one is open."""
    assert AXE.exists(), "this test needs axe-core: `make test` installs it"
    if not await page.evaluate("'axe' in window"):
        await page.evaluate(AXE.read_text(encoding="utf-8"))
    found: list[str] = []
    for theme in ("light", "dark"):
        await page.emulate_media(color_scheme=theme, reduced_motion="reduce")
        told = await page.evaluate(RUN_AXE, {"within": DIALOG, "theme": theme})
        found += [f"{theme}: {one}" for one in told]
    return found
