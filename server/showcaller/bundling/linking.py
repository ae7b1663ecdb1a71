"""Modules linked into one script, which is evaluated as they would be (ECMA-262 §16.2.1.5).

Each module becomes a function that is called at once, in the order of evaluation, and returns what it
exports; importers take these as constants. So names of different modules never meet. Exports that change once
their module was evaluated, and modules that import themselves by way of others, are refused: then a constant
is as good as a live binding.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable
from typing import NamedTuple

from .script_modules import Import, Module
from .script_text import UnreadableScript
from .source_map import Place, source_map

Read = Callable[[str], Module]  # the module at an address; raises `UnreadableScript`


class Script(NamedTuple):
    """A script and its source map."""

    text: str
    map: bytes


def link(entries: Iterable[str], read: Read) -> Script:
    """Link what a page begins with, by address, and all that these import. Raises `UnreadableScript`."""
    modules = _in_order(entries, read)
    _check_names(modules)
    numbers = {address: number for number, address in enumerate(modules)}
    lines: list[str] = []
    places: list[Place | None] = []
    for address, module in modules.items():
        at = numbers[address]
        _add(lines, places, [_head(at, address, module, numbers)], None)
        for line in module.lines:
            _add(lines, places, line.text.split("\n"), (at, line.line))
        _add(lines, places, [_foot(address, module, numbers)], None)
    return Script("\n".join(lines) + "\n", source_map(modules, places))


def _add(lines: list[str], places: list[Place | None], more: list[str], at: Place | None) -> None:
    lines += more
    places += [at and (at[0], at[1] + number) for number in range(len(more))]


def _in_order(entries: Iterable[str], read: Read) -> dict[str, Module]:
    """Return all modules in the order in which they are evaluated: each after those that it imports."""
    found: dict[str, Module] = {}
    waiting: list[str] = []

    def visit(address: str) -> None:
        if address in waiting:
            raise UnreadableScript(f"{address} imports itself by way of {waiting[-1]}")
        if address in found:
            return
        module = read(address)
        # Those beside it would not wait for it (§16.2.1.5.3.1). What imports nothing may hold them up.
        if module.awaits and waiting and module.order:
            raise UnreadableScript(f"{address} awaits something, and is imported by {waiting[-1]}")
        waiting.append(address)
        for specifier in module.order:
            visit(resolve(specifier, address))
        waiting.pop()
        found[address] = module

    for entry in entries:
        visit(entry)
    return found


def resolve(specifier: str, importer: str) -> str:
    """Return the address that a specifier means in a module. Raises `UnreadableScript` for a bare one."""
    if not specifier.startswith(("/", "./", "../")):
        raise UnreadableScript(f"{importer} imports {specifier!r}, which is no address")
    return posixpath.normpath(posixpath.join(posixpath.dirname(importer), specifier))


def _check_names(modules: dict[str, Module]) -> None:
    """Refuse a name that is taken of a module which does not export it."""
    exported = {
        address: {*module.exports, *(ours for one in module.passed_on for _, ours in one.names)}
        for address, module in modules.items()
    }
    for address, module in modules.items():
        for one in (*module.imports, *module.passed_on):
            theirs = resolve(one.specifier, address)
            for name, _ in one.names:
                if name not in exported[theirs]:
                    raise UnreadableScript(f"{theirs} does not export {name}, as {address} wants")


def _head(at: int, address: str, module: Module, numbers: dict[str, int]) -> str:
    call = "await (async () => {" if module.awaits else "(() => {"
    taken = "".join(_taken(one, address, numbers) for one in module.imports)
    return f"const ${at} = {call}{taken}"


def _taken(one: Import, address: str, numbers: dict[str, int]) -> str:
    theirs = f"${numbers[resolve(one.specifier, address)]}"
    names = ", ".join(a if a == b else f"{a}: {b}" for a, b in one.names)
    if one.whole:
        return f" const {one.whole} = {theirs};"
    return f" const {{ {names} }} = {theirs};" if names else ""


def _foot(address: str, module: Module, numbers: dict[str, int]) -> str:
    exported = [*module.exports]
    for one in module.passed_on:
        theirs = f"${numbers[resolve(one.specifier, address)]}"
        exported += [f"{ours}: {theirs}.{name}" for name, ours in one.names]
    return f"return {{ {', '.join(exported)} }}; }})();" if exported else "})();"
