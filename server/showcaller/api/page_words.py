"""The languages of the pages: what their head needs to choose one, and the catalogues that it leads to.

A catalogue is a JSON file, `web/assets/words/{language}.json`: English text → text, or its plural forms.
English is the text in the source. Each is served under a name made of its content.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from html import escape
from typing import NamedTuple

from ..bundling.script_text import code_lines, tokens
from .prepared import digest, prepare
from .static_files import StaticFile

CHOOSER = '<script src="/assets/language.js"></script>'  # where a page's head chooses its language
NAME = re.compile(r"words/(?P<language>[a-z]+)\.(?P<digest>[0-9a-f]{24})\.json")
_SOURCE = re.compile(r"words/([a-z]+)\.json")
_NOSCRIPT = re.compile(r"<noscript><p( class=\"[^\"]*\")?>([^<]+)</p></noscript>")
_RIGHT_TO_LEFT = frozenset(("ar", "fa", "he", "ur"))


class Catalogue(NamedTuple):
    """The texts of one language, and the file that pages fetch."""

    words: Mapping[str, str | Mapping[str, str]]
    digest: str
    file: StaticFile


def catalogues_of(assets: Mapping[str, StaticFile]) -> dict[str, Catalogue]:
    """Return the catalogues among the assets, by language."""
    found = {}
    for name, file in assets.items():
        if named := _SOURCE.fullmatch(name):
            words = json.loads(file.text)
            body = json.dumps(words, ensure_ascii=False, separators=(",", ":")).encode()
            kept = StaticFile(prepare(body), "application/json")
            found[named[1]] = Catalogue(words, digest(body), kept)
    return found


def chooser_of(source: str) -> str:
    """Return the script that chooses the language, without its comments."""
    return "\n".join(line.text for line in code_lines(tokens(source)))


def integrity_of(script: str) -> str:
    """Return what a policy says to allow exactly this script (CSP3 §2.3.1)."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"


def with_languages(html: str, chooser: str, catalogues: Mapping[str, Catalogue]) -> str:
    """Return a page that chooses its language, and that has what is read without scripts in all of them."""
    addresses = "".join(
        f' data-{language}="/assets/words/{language}.{one.digest}.json"'
        for language, one in catalogues.items()
    )
    html = html.replace(CHOOSER, f"<script{addresses}>{chooser}</script>")
    return _NOSCRIPT.sub(lambda found: _in_all(found, catalogues), html)


def _in_all(found: re.Match[str], catalogues: Mapping[str, Catalogue]) -> str:
    """Return a text for those without scripts, in each language: nothing can choose one for them."""
    attributes, text = found[1] or "", found[2]
    said = [f"<p{attributes}>{text}</p>"]
    for language, one in catalogues.items():
        words = one.words.get(text)
        if isinstance(words, str):
            dir_ = "rtl" if language in _RIGHT_TO_LEFT else "ltr"
            said.append(f'<p{attributes} lang="{language}" dir="{dir_}">{escape(words)}</p>')
    return f"<noscript>{''.join(said)}</noscript>"
