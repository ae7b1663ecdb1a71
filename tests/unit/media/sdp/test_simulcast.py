"""The layers of a picture that are taken of an offer (RFC 8853)."""

import pytest

from .stored import BROWSER, agreed, answered, read


@pytest.mark.parametrize(
    ("simulcast", "rids"),
    [
        ("send h;m;l", ("h", "m", "l")),
        ("send l;m;h", ("l", "m", "h")),
        ("send ~h;m", ("h", "m")),
        ("send h,m;l", ("h", "l")),
        ("recv l send h;m", ("h", "m")),
        ("recv h;m;l", ()),
        ("send h;unknown;l", ("h", "l")),
        ("send", ()),
        ("", ()),
    ],
)
def test_layers_are_those_offered_in_their_order(simulcast, rids):
    video = agreed(BROWSER, ("simulcast:send h;m;l", f"simulcast:{simulcast}"))["video"]
    assert video.rids == rids


def test_layers_are_answered():
    """RFC 8853 §5.3.2, RFC 8851 §6.3"""
    offer = read(BROWSER).replace("a=rid:m send", "a=rid:m send pt=96,63,98;max-width=640")
    lines = answered(offer, "publish").splitlines()
    assert [line for line in lines if line.startswith(("a=rid", "a=simulcast"))] == [
        "a=rid:h recv",
        "a=rid:m recv pt=96,98;max-width=640",
        "a=rid:l recv",
        "a=simulcast:recv h;m;l",
    ]


def test_a_layer_of_a_codec_that_is_left_out_is_left_out():
    assert agreed(BROWSER, ("a=rid:m send", "a=rid:m send pt=118"))["video"].rids == ("h", "l")


def test_three_layers_at_most():
    assert agreed("obs-simulcast-publisher")["video"].rids == ("0", "1", "2")


def test_layers_that_packets_cannot_name_are_left_out():
    changed = agreed(BROWSER, ("sdes:rtp-stream-id", "sdes:x"))
    assert changed["video"].rids == ()
    assert agreed("gstreamer-publisher")["video"].rids == ()
