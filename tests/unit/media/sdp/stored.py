"""Offers of browsers and encoders that are kept here, and what is agreed on them."""

from pathlib import Path

from showcaller.media.sdp.negotiation import Outgoing, answer, negotiate
from showcaller.media.transport.parameters import Local

OFFERS = Path(__file__).parent / "offers"
LOCAL = Local(
    "LoCa",
    "l0calpassword" * 2,
    ":".join(["AB"] * 32),
    "passive",
    (("192.0.2.1", 4000), ("2001:db8::1", 4000)),
)
OUTGOING = {"audio": Outgoing(11, 12), "video": Outgoing(21, 22)}
BROWSER = "chromium-simulcast-publisher"


def read(name):
    return (OFFERS / f"{name}.sdp").read_text()


VIEWER, PUBLISHER = read("chromium-viewer"), read("obs-publisher")


def role_of(name):
    return "publish" if name.endswith("publisher") else "view"


def agreed(name, *changes):
    """Negotiate a stored offer; return the media by kind, after (old, new) changes."""
    text = read(name)
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return {medium.kind: medium for medium in negotiate(text, role_of(name)).media}


def answered(text, role="view", local=LOCAL):
    outgoing = OUTGOING if role == "view" else {}
    return answer(negotiate(text, role), local, outgoing=outgoing, cname="cname")


def keys(medium):
    return [codec.key.partition("/")[2] for codec in medium.codecs]


def short(extensions):
    return {uri.rpartition(":")[2].rpartition("/")[2]: number for uri, number in extensions.items()}
