"""The facts that commands about captions make."""

from __future__ import annotations

from ..domain import facts
from ..domain.ids import CaptionId
from ..errors import BadInput
from . import command_args as a
from .call import Call

MAX_CAPTION_GRAPHEMES = 300
MAX_CAPTION_MS = 60_000


def said(call: Call, args: a.SayCaptionArgs, caption: CaptionId) -> facts.CaptionSaid:
    """Return the fact of a line. Raises `BadInput`."""
    if args.to_ms and not 0 < args.to_ms - args.from_ms <= MAX_CAPTION_MS:
        why = "to_ms must be after from_ms, and at most a minute; both are server time"
        raise BadInput(why, field="to_ms")
    return facts.CaptionSaid(
        caption=caption,
        session=args.session,
        person=call.by,
        language=args.language,
        text=a.cleaned(args.text, MAX_CAPTION_GRAPHEMES),
        from_ms=args.from_ms,
        to_ms=args.to_ms,
    )


def corrected(call: Call, args: a.CorrectCaptionArgs) -> facts.CaptionCorrected:
    """Return the fact of a line that reads otherwise, or is taken out. Raises `BadInput`."""
    removed = not args.text.strip()
    return facts.CaptionCorrected(
        caption=args.caption,
        session=args.session,
        language=args.language,
        text="" if removed else a.cleaned(args.text, MAX_CAPTION_GRAPHEMES),
        by=call.by,
        removed=removed,
    )
