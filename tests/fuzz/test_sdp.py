"""Rubbish for the SDP reader: `BadInput` or `Unprocessable`, nothing else; and every answer is sound."""

import re
from pathlib import Path

import pytest
from aiortc.sdp import SessionDescription
from hypothesis import given, settings
from hypothesis import strategies as st

from showcaller.errors import BadInput, Unprocessable
from showcaller.media.sdp.negotiation import Outgoing, answer, negotiate, restart_fragment
from showcaller.media.sdp.sdp import read_description, read_fragment
from showcaller.media.transport.parameters import Local

OFFERS = [
    path.read_text()
    for path in sorted((Path(__file__).parents[1] / "unit/media/sdp/offers").glob("*.sdp"))
]
REFUSED = (BadInput, Unprocessable)
LETTERS = st.text(st.characters(codec="utf-8"), max_size=30)
ROLES = st.sampled_from(["publish", "view"])
LOCAL = Local("LoCa", "p" * 24, ":".join(["AB"] * 32), "passive", (("192.0.2.1", 4000),))
OUTGOING = {"audio": Outgoing(11, 12), "video": Outgoing(21, 22)}
TRANSPORT = """a=ice-ufrag:abcd
a=ice-pwd:0123456789abcdef012345
a=fingerprint:sha-256 00:01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F
a=setup:actpass"""


@st.composite
def bent_offers(draw):
    """Draw a real offer with lines dropped, doubled, swapped, cut, or bent."""
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


@st.composite
def sound_offers(draw):
    """Draw an offer to view or to publish of any shape that standards allow: all of it must be taken."""
    kinds = draw(st.lists(st.sampled_from(["audio", "video", "application"]), unique=True))
    kinds = kinds if set(kinds) - {"application"} else [*kinds, "video"]
    mids = draw(
        st.lists(st.from_regex(r"[a-z0-9-]{1,16}", fullmatch=True), min_size=3, unique=True)
    )
    numbers = iter(draw(st.permutations([*range(35, 64), *range(96, 128)])))
    group = draw(st.permutations(mids[: len(kinds)]))
    lines = ["v=0", f"a=group:BUNDLE {' '.join(group)}", TRANSPORT]
    for kind, mid in zip(kinds, mids, strict=False):
        if kind == "application":
            lines += ["m=application 9 UDP/DTLS/SCTP webrtc-datachannel", f"a=mid:{mid}"]
        else:
            lines += draw(sections(kind, mid, numbers))
    return "\n".join(lines)


@st.composite
def sections(draw, kind, mid, numbers):
    usable = {"audio": ["opus/48000/2"], "video": ["VP8/90000", "H264/90000", "AV1/90000"]}[kind]
    others = ["red/90000", "telephone-event/8000", "H265/90000", "opus/16000"]
    codecs = draw(st.lists(st.sampled_from(others), max_size=4))
    codecs += draw(st.lists(st.sampled_from(usable), min_size=1, max_size=6))
    lines, formats = [f"a=mid:{mid}", "a=rtcp-mux", "a=sendrecv"], []
    for codec in draw(st.permutations(codecs)):
        number = next(numbers)
        formats.append(number)
        lines.append(f"a=rtpmap:{number} {codec}")
        if draw(st.booleans()):
            formats.append(next(numbers))
            lines += [f"a=rtpmap:{formats[-1]} rtx/90000", f"a=fmtp:{formats[-1]} apt={number}"]
    port = draw(st.sampled_from([9, 0, 50_000]))
    head = f"m={kind} {port} UDP/TLS/RTP/SAVPF {' '.join(map(str, draw(st.permutations(formats))))}"
    return [head, *draw(st.permutations(lines))]


def check_answer(offer, role):
    """Check what RFC 9429 §5.3.1 asks of any answer. Raise whatever `negotiate` does."""
    negotiated = negotiate(offer, role)
    text = answer(negotiated, LOCAL, outgoing=OUTGOING if role == "view" else {}, cname="cname")
    ours, theirs = read_description(text).sections, read_description(offer).sections
    assert [section.kind for section in ours] == [section.kind for section in theirs]
    assert [section.attributes.get("mid") for section in ours] == [
        section.attributes.get("mid", [])[:1] or None for section in theirs
    ]
    for our, their in zip(ours, theirs, strict=True):
        if our.port:
            assert set(map(int, our.formats)) <= set(map(int, their.formats))
            mapped = [value.split()[0] for value in our.attributes["rtpmap"]]
            assert sorted(mapped) == sorted(our.formats)
    live = [section for section in ours if section.port]
    grouped = re.findall(r"a=group:BUNDLE (.*)\r", text)
    assert len(live) == 1 or sorted(grouped[0].split()) == sorted(
        section.attributes["mid"][0] for section in live
    )
    assert text.count("a=end-of-candidates") == len(live)
    assert read_fragment(restart_fragment(LOCAL, negotiated.bundle)).ufrag == LOCAL.ufrag
    return text


@given(st.one_of(st.text(max_size=400), LETTERS.map(lambda t: f"v=0\nm={t}")), ROLES)
def test_any_text_is_refused_as_an_offer(text, role):
    with pytest.raises(REFUSED):
        negotiate(text, role)


@settings(max_examples=500)
@given(bent_offers(), ROLES)
def test_what_comes_of_a_bent_offer_is_sound(text, role):
    try:
        answered = check_answer(text, role)
    except REFUSED:
        return
    parsed = SessionDescription.parse(answered)  # by another's reader
    assert any(media.ice_candidates for media in parsed.media)


@settings(max_examples=200)
@given(sound_offers(), ROLES)
def test_every_sound_offer_is_answered(text, role):
    check_answer(text, role)


@settings(max_examples=200)
@given(st.one_of(st.text(max_size=200), bent_offers()))
def test_any_fragment_is_read_within_limits_or_refused(text):
    try:
        fragment = read_fragment(text)
    except BadInput:
        return
    assert len(fragment.candidates) <= 40
