"""Rubbish for the SDP parser: `BadInput` or `Unprocessable`, never anything else, and the engine lives."""

from pathlib import Path

import pytest
from aiortc.sdp import SessionDescription
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from showcaller.errors import BadInput, Unprocessable
from showcaller.media.addresses import Addresses
from showcaller.media.aiortc_engine import AiortcEngine
from showcaller.media.sdp import read_fragment, read_offer

OFFERS = [
    path.read_text()
    for path in sorted((Path(__file__).parents[1] / "unit/media/offers").glob("*.sdp"))
]
REFUSED = (BadInput, Unprocessable)
LETTERS = st.text(st.characters(codec="utf-8"), max_size=30)


@st.composite
def bent_offers(draw):
    """A real offer with lines dropped, doubled, swapped, cut, or bent."""
    lines = draw(st.sampled_from(OFFERS)).splitlines()
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, len(lines) - 1))
        other = draw(st.integers(0, len(lines) - 1))
        match draw(st.integers(0, 5)):
            case 0:
                lines[at] = lines[other]
            case 1:
                lines.insert(at, lines[other])
            case 2 if len(lines) > 1:
                del lines[at]
            case 3:
                cut = draw(st.integers(0, len(lines[at])))
                lines[at] = lines[at][:cut] + draw(LETTERS) + lines[at][cut:]
            case 4:
                lines[at] = lines[at][: draw(st.integers(0, len(lines[at])))]
            case _:
                name = lines[at].partition(":")[0]
                lines[at] = f"{name}:{draw(LETTERS)}"
    return draw(st.sampled_from(["\n", "\r\n"])).join(lines)


ROLES = st.sampled_from(["publish", "view"])


@given(st.one_of(st.text(max_size=400), LETTERS.map(lambda t: f"v=0\nm={t}")), ROLES)
def test_any_text(text, role):
    with pytest.raises(REFUSED):
        read_offer(text, role)


@settings(max_examples=300)
@given(bent_offers(), ROLES)
def test_what_is_read_from_a_bent_offer_is_sound(text, role):
    """Whatever gets through is SDP that the stack parses without complaint."""
    try:
        offer = read_offer(text, role)
    except REFUSED:
        return
    parsed = SessionDescription.parse(offer.sdp)
    assert 1 <= len(parsed.media) <= 3
    assert all(media.ice.usernameFragment and media.dtls.fingerprints for media in parsed.media)
    again = read_offer(offer.sdp, role)  # what was rebuilt is read as it is
    assert sorted(again.sdp.splitlines()) == sorted(offer.sdp.splitlines())
    assert again[1:] == offer[1:]


@settings(max_examples=200)
@given(st.one_of(st.text(max_size=200), bent_offers()))
def test_any_fragment(text):
    try:
        fragment = read_fragment(text)
    except BadInput:
        return
    assert len(fragment.candidates) <= 40


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(text=bent_offers(), role=ROLES)
async def test_the_engine_lives(text, role):
    engine = AiortcEngine("w", Addresses(("127.0.0.1",)))
    try:
        if role == "publish":
            await engine.publish(session="s", person="p", offer=text)
        else:
            await engine.view(stage="s", person="p", offer=text)
    except REFUSED:
        assert engine._peers == {}
    finally:
        await engine.shut()
