"""The sections of a schedule file about what comes before and after: consents, certificate, last words."""

from __future__ import annotations

import yaml

from ..domain.schedule import CertificatePolicy, Consent, Ending
from .diagnostics import Report
from .fields import Element, Fields
from .sections import SUMMARY_CHARS, TITLE_CHARS, Ids, read_links, read_web_address

CONSENT_CHARS = 500
MAX_CONSENTS = 10
_DAY_MIN = 1_440


def read_consents(elements: list[Element], report: Report) -> tuple[Consent, ...]:
    """Return what people are asked to agree to when they sign in, each id once."""
    found: list[Consent] = []
    ids = Ids()
    for element in elements:
        with Fields(element.node, element.path, report) as fields:
            if fields.is_mapping:
                found.append(
                    Consent(
                        id=ids.read(fields),
                        text=fields.text("text", max_chars=CONSENT_CHARS, required=True),
                        url=read_web_address(fields, "url"),
                        version=fields.text("version", max_chars=40) or "1",
                        required=fields.flag("required", True),
                    )
                )
    return tuple(found)


def read_ending(node: yaml.Node | None, report: Report) -> Ending:
    """Return what the pages say once the event is over; nothing of the organiser's without the section."""
    if node is None:
        return Ending()
    with Fields(node, "ending", report) as fields:
        text = fields.text("text", max_chars=SUMMARY_CHARS, lines=True)
        return Ending(text=text, links=read_links(fields))


def read_certificate(node: yaml.Node | None, report: Report) -> CertificatePolicy | None:
    """Return for whom there is a certificate; None: for nobody."""
    if node is None:
        return None
    with Fields(node, "certificate", report) as fields:
        minutes = fields.integer("min_minutes", 1, 60 * _DAY_MIN, 0)
        percent = fields.integer("min_percent", 1, 100, 0)
        if fields.has("min_minutes") == fields.has("min_percent"):
            fields.error("min_minutes", "must stand there, or `min_percent`: one of the two")
        return CertificatePolicy(
            min_minutes=minutes,
            min_percent=percent,
            title=fields.text("title", max_chars=TITLE_CHARS),
            text=fields.text("text", max_chars=CONSENT_CHARS),
        )
