import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

const read = (path) => readFileSync(new URL(`../../../../${path}`, import.meta.url), "utf8");
const css = read("server/showcaller/web/assets/base.css");
const blocks = [...css.matchAll(/:root \{([^}]*)\}/g)].map(([, body]) => Object.fromEntries([...body.matchAll(/(--[\w-]+): (#[0-9a-f]{6});/g)].map(([, name, value]) => [name, value])));
const themes = { light: blocks[0], dark: { ...blocks[0], ...blocks[1] } };

/** Relative luminance (WCAG 2.2). */
function luminance(colour) {
  const [r, g, b] = [1, 3, 5].map((at) => {
    const share = parseInt(colour.slice(at, at + 2), 16) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(one, other) {
  const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
}

/** Rows of the table in docs/pages.md: on what, what, the least, light, dark. */
const rows = [...read("docs/pages.md").matchAll(/^\| `([\w-]+)` on `([\w-]+)` \|[^|]*\| ([\d.]+) \| ([\d.]+) \| ([\d.]+) \|$/gm)];

test("the page of design has the contrasts that the colours have, and each is enough", () => {
  assert.ok(rows.length >= 20);
  for (const [, ink, paper, least, light, dark] of rows) {
    for (const [theme, told] of [["light", light], ["dark", dark]]) {
      const is = contrast(themes[theme][`--${ink}`], themes[theme][`--${paper}`]);
      assert.equal(is.toFixed(1), told, `${ink} on ${paper}, ${theme}`);
      assert.ok(is >= Number(least), `${ink} on ${paper}, ${theme}: ${is}`);
    }
  }
});
