"""Texts that people write, made fit to keep and to show: `clean_text`.

Text is kept raw: whoever shows it encodes it for where it is shown (HTML, a terminal). Here only that is
refused or removed which could disturb text around it, or is more than was agreed.
"""

from __future__ import annotations

import unicodedata

import regex

_FORBIDDEN_CONTROL = regex.compile(r"[\p{Cc}--[\n\t]]", regex.V1)
# Unicode §5.8: CR LF, CR, vertical tab, form feed, NEL, line and paragraph separators.
_LINE_END = regex.compile("\r\n|[\r\v\f\x85\u2028\u2029]")
# UAX #9 §2: embeddings and overrides, which reach past their end; isolates can't.
_BIDI_EMBEDDING = regex.compile("[\u202a-\u202e]")
_BIDI_ISOLATE = regex.compile("[\u2066-\u2069]")
_POP_ISOLATE = "\u2069"
# Nothing of these is seen: spaces, format characters, fillers, the blank Braille pattern.
_INVISIBLE = regex.compile(r"[\s\p{Cf}\p{Default_Ignorable_Code_Point}\u2800]*+")
_GRAPHEME = regex.compile(r"\X")


class TextProblem(ValueError):
    """The text can't be taken. `code` is `bad_input` (empty, too long) or `bad_text` (its characters)."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def unify_line_ends(text: str) -> str:
    """Return `text` with a line feed for each line end that any tool writes."""
    unified: str = _LINE_END.sub("\n", text)
    return unified


def clean_text(text: str, *, max_graphemes: int, max_bytes: int) -> str:
    """Return `text` in NFC, trimmed, with balanced bidirectional isolates and no stronger bidi controls.

    `max_graphemes` counts what a reader calls characters (UAX #29), `max_bytes` is of UTF-8. Raises
    `TextProblem` only. Cleaning what was cleaned changes nothing.
    """
    text = text.strip()
    if len(text) > max_bytes:  # a bound for all that follows: a code point has a byte at least
        raise _too_long(max_graphemes)
    text = unify_line_ends(text)
    _refuse_bad_characters(text)
    text = _BIDI_EMBEDDING.sub("", text)
    text = "\n".join(_balance_isolates(line) for line in text.split("\n"))
    text = unicodedata.normalize("NFC", text).strip()
    if _INVISIBLE.fullmatch(text):
        raise TextProblem("bad_input", "the text is empty")
    if len(text.encode()) > max_bytes or _graphemes_exceed(text, max_graphemes):
        raise _too_long(max_graphemes)
    return text


def _too_long(max_graphemes: int) -> TextProblem:
    return TextProblem("bad_input", f"the text is too long: at most {max_graphemes} characters")


def _refuse_bad_characters(text: str) -> None:
    if _FORBIDDEN_CONTROL.search(text):
        raise TextProblem(
            "bad_text", "control characters other than line feed and tab can't be used"
        )
    try:
        text.encode()
    except UnicodeEncodeError:
        raise TextProblem(
            "bad_text", "the text is not valid Unicode: half a surrogate pair"
        ) from None


def _balance_isolates(line: str) -> str:
    """Return `line` with each isolate closed and no close too many.

    An isolate ends with its line (UAX #9 P1).
    """
    open_isolates = 0

    def keep(found: regex.Match[str]) -> str:
        nonlocal open_isolates
        if found.group() != _POP_ISOLATE:
            open_isolates += 1
        elif open_isolates == 0:
            return ""
        else:
            open_isolates -= 1
        return str(found.group())

    balanced: str = _BIDI_ISOLATE.sub(keep, line)
    return balanced + _POP_ISOLATE * open_isolates


def _graphemes_exceed(text: str, limit: int) -> bool:
    return len(text) > limit and sum(1 for _ in _GRAPHEME.finditer(text)) > limit
