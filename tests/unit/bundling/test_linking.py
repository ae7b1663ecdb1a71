"""Modules linked into one script: it does what they would do."""

import json
import random
import shutil
import subprocess

import pytest

from showcaller.bundling.linking import link
from showcaller.bundling.script_modules import read_module
from showcaller.bundling.script_text import UnreadableScript

GRAPHS, MODULES = 30, 8
COMPARE = """
const graphs = Number(process.argv[2]), differing = [];
for (let graph = 0; graph < graphs; graph += 1) {
  const logs = [];
  for (const entry of [`./${graph}/m0.js`, `./${graph}.linked.js`]) {
    globalThis.log = [];
    await import(entry).catch((error) => log.push(String(error)));
    logs.push(log);
  }
  if (JSON.stringify(logs[0]) !== JSON.stringify(logs[1])) differing.push({ graph, logs });
  if (logs[0].length < 2) differing.push({ graph, logs });
}
console.log(JSON.stringify(differing));
"""


def linked(sources, entry="/m0.js"):
    return link([entry], lambda address: read_module(sources[address]))


class Graph:
    """Random modules, each of which imports later ones and tells what it sees in `log`."""

    def __init__(self, seed):
        self._random = random.Random(seed)
        self._exports = {}
        self.sources = {}
        for number in reversed(range(MODULES)):
            self.sources[f"/m{number}.js"] = self._module(number)

    def _module(self, number):
        lines, uses = [], []
        for other in self._random.sample(
            range(number + 1, MODULES), k=min(3, MODULES - 1 - number)
        ):
            line, used = self._import(other)
            lines.append(line)
            uses += used
        name = f"x{number}"
        declared = self._random.choice(DECLARATIONS).replace("NAME", name)
        passed = [name]
        if number + 1 < MODULES and self._random.random() < 0.3:
            theirs = self._random.choice(self._exports[number + 1])
            lines.append(f'export {{ {theirs} as y{number} }} from "./m{number + 1}.js";')
            passed.append(f"y{number}")
        self._exports[number] = passed
        awaits = "await null;\n" if not number and self._random.random() < 0.5 else ""
        told = "".join(
            f'log.push([{number}, "{use}", String({use}), typeof {use}]);\n' for use in uses
        )
        private = f'const own = {number}; let shared = `${{own}} // ${{/[`"]/.source}}`;\n'
        body = f"log.push([{number}, shared, typeof this]);\nhoisted();\n"
        body += "function hoisted() { log.push(own) }\n"
        if self._random.random() < 0.05:
            body += f'throw new Error("{number}");\n'
        self._random.shuffle(lines)
        return "\n".join(lines) + "\n" + private + declared + "\n" + awaits + body + told

    def _import(self, other):
        names = self._exports[other]
        kind = self._random.choice(("names", "whole", "renamed", "nothing"))
        if kind == "nothing":
            return f'import "./m{other}.js";', []
        if kind == "whole":
            return f'import * as all{other} from "./m{other}.js";', [
                f"all{other}.{one}" for one in names
            ]
        if kind == "renamed":
            listed = ", ".join(f"{one} as {one}_too" for one in names)
            return f'import {{ {listed} }} from "./m{other}.js";', [f"{one}_too" for one in names]
        return f'import {{ {", ".join(names)} }} from "./m{other}.js";', list(names)


DECLARATIONS = (
    "export function NAME() { return own; } /* import { a } from 'b'; */",
    "export class NAME { static own = own; #hidden = 1; }",
    "export const NAME = [own, 2].map((a, b) => a / b / 1);",
    "export async function NAME() { await own; }",
    "// export const NAME = 1;\nexport const NAME = (() => /\\/[/*]/)();",
)


def test_random_modules_do_the_same_linked(tmp_path):
    for seed in range(GRAPHS):
        sources = Graph(seed).sources
        folder = tmp_path / str(seed)
        folder.mkdir()
        for address, source in sources.items():
            (folder / address.lstrip("/")).write_text(source)
        (tmp_path / f"{seed}.linked.js").write_text(linked(sources).text)
    (tmp_path / "package.json").write_text('{"type": "module"}')
    (tmp_path / "compare.js").write_text(COMPARE)
    node = shutil.which("node")
    assert node, "Node.js is needed: it is what the tests of the JavaScript SDK run on"
    run = subprocess.run(
        [node, "compare.js", str(GRAPHS)], cwd=tmp_path, capture_output=True, timeout=60, check=True
    )
    assert json.loads(run.stdout) == []


def test_modules_are_linked_once_and_after_those_that_they_import():
    sources = {
        "/m0.js": 'import { b } from "./b/b.js";\nimport { a } from "./a.js";\nuse(a, b);',
        "/a.js": "export const a = 1;",
        "/b/b.js": 'import { a } from "../a.js";\nexport const b = a;',
    }
    assert linked(sources).text == (
        "const $0 = (() => {\nconst a = 1;\nreturn { a }; })();\n"
        "const $1 = (() => { const { a } = $0;\nconst b = a;\nreturn { b }; })();\n"
        "const $2 = (() => { const { b } = $1; const { a } = $0;\nuse(a, b);\n})();\n"
    )
    assert json.loads(linked(sources).map)["mappings"] == ";AAAA;;;ACCA;;;ACCA;"


@pytest.mark.parametrize(
    ("imported", "says"),
    [
        ('import "./m0.js";', "by way of"),
        ('import "./b.js"; await null;', "awaits"),
        ("export const other = 1;", "does not export"),
        ('import { a } from "lodash";', "no address"),
    ],
)
def test_what_would_differ_is_refused(imported, says):
    sources = {"/m0.js": 'import { a } from "./a.js";', "/a.js": imported}
    with pytest.raises(UnreadableScript, match=says):
        linked(sources)


def test_what_imports_nothing_may_await_before_all_others():
    sources = {
        "/m0.js": 'import { a } from "./a.js"; use(a);',
        "/a.js": "export const a = await null;",
    }
    assert linked(sources).text.startswith("const $0 = await (async () => {\n")
