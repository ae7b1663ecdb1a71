"""Modules taken apart."""

import pytest

from showcaller.bundling.script_modules import Import, read_module
from showcaller.bundling.script_text import UnreadableScript


def code(module):
    return "\n".join(line.text for line in module.lines)


def test_imports_are_taken_out_in_their_order():
    module = read_module(
        '/** @typedef {import("./no.js").T} T */\n'
        'import {\n  a, // the first\n  b as c,\n} from "./x.js";\n'
        'export { d, e as f } from "/y.js";\nimport "./z.js";\nimport * as all from "./w.js";\n'
        'const s = `import { no } from "no";`;\nx.import("no");'
    )
    assert module.imports == (
        Import("./x.js", (("a", "a"), ("b", "c"))),
        Import("./z.js"),
        Import("./w.js", whole="all"),
    )
    assert module.passed_on == (Import("/y.js", (("d", "d"), ("e", "f"))),)
    assert module.order == ("./x.js", "/y.js", "./z.js", "./w.js")
    assert code(module) == 'const s = `import { no } from "no";`;\nx.import("no");'


def test_exports_stay_as_declarations():
    module = read_module(
        "export function f() {}\nexport async function g() {}\nexport function* h() {}\n"
        "export class K {}\nexport const c = [1, 2].map((a, b) => a);\nexport {};"
    )
    assert module.exports == ("f", "g", "h", "K", "c")
    assert code(module).startswith("function f() {}\nasync function g() {}\nfunction* h() {}\n")
    assert "export" not in code(module)


@pytest.mark.parametrize(
    ("source", "awaits"),
    [
        ("const page = await open();", True),
        ("use(await open());", True),
        ("const s = `${await open()}`;", True),
        ("async function f() { await open(); }", False),
        ("const o = { await: 1 }; o.await;", False),
    ],
)
def test_it_is_known_whether_a_module_awaits(source, awaits):
    assert read_module(source).awaits is awaits


@pytest.mark.parametrize(
    "source",
    [
        "export default 1;",
        "export let n = 1;",
        "export var n = 1;",
        'export * from "./x.js";',
        "const a = 1;\nexport { a };",
        "export const a = 1, b = 2;",
        "export const { a } = b;",
        'import d from "./x.js";',
        'import { a } from "./x.json" with { type: "json" };',
        'const x = await import("./x.js");',
        'if (y) { import("./x.js"); }',
        "const here = import.meta.url;",
        "const $1 = 2;",
    ],
)
def test_what_can_not_be_linked_is_refused(source):
    with pytest.raises(UnreadableScript):
        read_module(source)
