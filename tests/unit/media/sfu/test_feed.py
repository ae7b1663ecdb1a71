"""The feed of a stage: sources that come, change and end, as one viewer receives them."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from showcaller.media.contract.calls import PictureShown
from showcaller.media.egress import choose
from showcaller.media.rtp.rtcp import KeyframeRequest
from showcaller.media.sfu.feed import NEW_FOR_S, SOUND_WAITS_S, WAIT_FOR_KEYFRAME_S, Feed
from showcaller.media.sfu.pacer import Pacer
from showcaller.testing.media_by_hand import (
    DELTA_PICTURE,
    KEY_PICTURE,
    OPUS,
    VP8,
    Audience,
    Clock,
    Noted,
    Speaker,
)

OFFERS = Path(__file__).parents[1] / "sdp/offers"
VIDEO, AUDIO = 70, 80


@pytest.fixture
def clock():
    return Clock()


class Stage:
    def __init__(self, clock):
        self.clock, self.egress = clock, choose("python")
        pacer = Pacer(lambda again: None, clock)
        self.noted = Noted()
        self.feed = Feed("main", self.egress, pacer, self.noted)
        self.audiences = []
        self.shown = ()

    def speaker(self, name, **more):
        offer = OFFERS / "chromium-publisher.sdp"
        speaker = Speaker(self.clock, self.egress, offer, name=name, listener=self, **more)
        speaker.mark = bytes([len(name)])
        return speaker

    def audience(self, offer="chromium-viewer.sdp"):
        name = f"v{len(self.audiences)}"
        audience = Audience(self.clock, self.egress, OFFERS / offer, name)
        self.audiences.append(audience)
        self.feed.add(audience.viewer, self.clock.now_s)
        return audience

    def show(self, picture, sound=None):
        """`sound`: whose, where it is not the picture's."""
        sound = sound or picture
        self.shown = picture and picture.ingest, sound and sound.ingest
        self.feed.show(*self.shown, self.clock.now_s)

    def on_ingest_changed(self, ingest, now_s):
        if ingest in self.shown:
            self.feed.show(*self.shown, now_s)

    def on_ingest_packet(self, ingest, data):
        """Nobody borrows it."""

    def picture(self, speaker, *, key=False):
        speaker.send(VP8, 1, (KEY_PICTURE if key else DELTA_PICTURE) + speaker.mark)
        self.clock.now_s += 0.04

    def packets_sent(self):
        return self.feed.quality.quality(self.feed.counts()).packets_sent

    def close(self):
        self.feed.end()
        for audience in self.audiences:
            audience.close()


@pytest.fixture
def stage(clock):
    stage = Stage(clock)
    yield stage
    stage.close()


def marks(packets):
    """Return whose pictures they are."""
    return [packet.payload[5] for packet in packets]


def no_seam(packets):
    assert all((new.sequence - old.sequence) & 0xFFFF == 1 for old, new in pairwise(packets))
    assert all(
        0 < (new.timestamp - old.timestamp) & 0xFFFFFFFF < 1 << 31 for old, new in pairwise(packets)
    )


def test_the_old_source_goes_on_until_the_new_ones_keyframe(stage):
    one, two = stage.speaker("a"), stage.speaker("bb")
    viewer = stage.audience()
    stage.show(one)
    stage.picture(one, key=True)
    stage.picture(two, key=True)  # it has published for a while
    stage.show(two)
    for _ in range(3):
        stage.picture(two)
        stage.picture(one)
    stage.picture(two, key=True)
    stage.picture(one)
    stage.picture(two)
    seen = viewer.packets(VIDEO)
    assert marks(seen) == [1, 1, 1, 1, 2, 2]
    no_seam(seen)
    assert stage.feed.quality.splices == 2
    assert two.asked.reports  # a keyframe was asked for at once


def test_a_change_that_is_taken_back_before_it_began_was_none(stage):
    one, two = stage.speaker("a"), stage.speaker("bb")
    viewer = stage.audience()
    stage.show(one)
    stage.picture(one, key=True)
    stage.show(two)
    stage.picture(one)
    stage.show(one)
    stage.picture(one, key=True)
    stage.picture(two, key=True)
    stage.picture(one)
    seen = viewer.packets(VIDEO)
    assert set(marks(seen)) == {1}
    no_seam(seen)


def test_late_packets_of_the_old_source_do_not_come_after_the_new_one(stage):
    one, two = stage.speaker("a"), stage.speaker("bb")
    viewer = stage.audience()
    stage.show(one)
    stage.picture(one, key=True)
    stage.show(two)
    stage.picture(two, key=True)
    for _ in range(5):
        stage.picture(one)
    stage.picture(two)
    seen = viewer.packets(VIDEO)
    assert marks(seen) == [1, 2, 2]
    no_seam(seen)


def test_slides_have_the_speakers_sound(stage):
    camera, slides = stage.speaker("a"), stage.speaker("bb", source="slides")
    viewer = stage.audience()
    stage.show(camera)
    stage.picture(camera, key=True)
    camera.send(OPUS, 2, level=30)
    stage.show(slides, camera)
    stage.picture(slides, key=True)
    stage.picture(camera)
    slides.send(OPUS, 2, level=30)
    for _ in range(3):
        camera.send(OPUS, 2, level=30)
    assert marks(viewer.packets(VIDEO)) == [1, 2]
    camera.send(OPUS, 2, level=30)
    assert len(viewer.packets(AUDIO)) == 1  # what came before was read with the pictures


def test_sound_changes_with_the_picture_and_does_not_wait_for_ever(stage):
    one, two = stage.speaker("a"), stage.speaker("bb")
    viewer = stage.audience()

    def sounds(speaker):
        viewer.packets(AUDIO)
        speaker.send(OPUS, 2, level=30)
        return len(viewer.packets(AUDIO))

    stage.show(one)
    stage.picture(one, key=True)
    assert sounds(one) == 1
    two.send(OPUS, 2, level=30)
    stage.show(two)
    assert (sounds(one), sounds(two)) == (1, 0)
    stage.clock.now_s += SOUND_WAITS_S + 0.1
    stage.feed.tick(stage.clock.now_s)
    assert (sounds(two), sounds(one)) == (1, 0)


def test_a_viewer_without_the_codec_of_the_picture_is_told_and_hears(stage, tmp_path):
    one = stage.speaker("a")
    offer = (OFFERS / "chromium-viewer.sdp").read_text()
    without = tmp_path / "offer.sdp"
    without.write_text(offer.replace("VP8/90000", "VP7/90000"))
    poor, rich = stage.audience(without), stage.audience()
    assert stage.feed.picture_for(poor.viewer) == PictureShown()
    stage.show(one)
    stage.picture(one, key=True)
    one.send(OPUS, 2, level=30)
    one.send(OPUS, 2, level=30)
    assert stage.feed.picture_for(poor.viewer) == PictureShown(codec="VP8", playable=False)
    assert stage.feed.picture_for(rich.viewer) == PictureShown(codec="VP8", playable=True)
    assert poor.packets(VIDEO) == []
    one.send(OPUS, 2, level=30)
    assert len(poor.packets(AUDIO)) == 1


def test_a_talk_may_be_sound_alone(stage):
    one = stage.speaker("a")
    viewer = stage.audience()
    stage.show(one)
    one.send(OPUS, 2, level=30)
    stage.clock.now_s += SOUND_WAITS_S + 0.1  # the picture that was negotiated never comes
    stage.feed.tick(stage.clock.now_s)
    one.send(OPUS, 2, level=30)
    assert len(viewer.packets(AUDIO)) >= 1
    assert stage.feed.layer_of(viewer.viewer) == "none"


def test_who_comes_in_the_middle_begins_with_the_newest_keyframe(stage):
    one = stage.speaker("a")
    stage.show(one)
    stage.picture(one, key=True)
    for _ in range(5):
        stage.picture(one)
    viewer = stage.audience()
    assert stage.noted.behind == [viewer.viewer]
    while viewer.viewer.catching_up():
        viewer.viewer.step(stage.clock.now_s)
        stage.clock.now_s += 0.005
    stage.picture(one)
    seen = viewer.packets(VIDEO)
    assert len(seen) == 7
    assert not seen[0].payload[1] & 1  # a keyframe (RFC 7741 §4.3)
    no_seam(seen)


def test_who_comes_long_after_a_keyframe_begins_with_it_and_another_is_asked_for(stage):
    one = stage.speaker("a")
    stage.show(one)
    stage.picture(one, key=True)
    stage.clock.now_s += 20
    stage.picture(one)
    before = len(one.asked.of(KeyframeRequest))
    viewer = stage.audience()
    assert viewer.viewer.catching_up()
    assert len(one.asked.of(KeyframeRequest)) == before + 1


def test_a_newcomer_that_lost_its_keyframe_is_sent_it_again_and_the_speaker_not_asked(stage):
    """Firefox drops what comes before it can decrypt, and an encoder may give keyframes when it likes."""
    one = stage.speaker("a")
    stage.show(one)
    stage.picture(one, key=True)
    stage.picture(one)
    viewer = stage.audience()
    while viewer.viewer.catching_up():
        viewer.viewer.step(stage.clock.now_s)
    stage.picture(one)
    before = len(one.asked.of(KeyframeRequest))
    stage.feed.wants_keyframe(viewer.viewer, stage.clock.now_s)
    while viewer.viewer.catching_up():
        viewer.viewer.step(stage.clock.now_s)
    stage.picture(one)
    seen = viewer.packets(VIDEO)
    assert [bool(packet.payload[1] & 1) for packet in seen] == [
        *(False, True, True),
        *(False, True, True, True),
    ]
    no_seam(seen)
    assert len(one.asked.of(KeyframeRequest)) == before
    stage.clock.now_s += NEW_FOR_S + 0.1
    stage.feed.wants_keyframe(viewer.viewer, stage.clock.now_s)
    assert not viewer.viewer.catching_up()
    assert len(one.asked.of(KeyframeRequest)) == before + 1


def test_where_nothing_was_shown_the_past_is_sent_after_half_a_second(stage):
    """A producer puts on a source whose keyframe is old: better late pictures than none."""
    one = stage.speaker("a")
    viewer = stage.audience()
    stage.picture(one, key=True)
    stage.picture(one)
    stage.show(one)
    stage.clock.now_s += WAIT_FOR_KEYFRAME_S + 0.1
    stage.feed.tick(stage.clock.now_s)
    assert stage.noted.behind == [viewer.viewer]
    while viewer.viewer.catching_up():
        viewer.viewer.step(stage.clock.now_s)
        stage.clock.now_s += 0.005
    assert len(viewer.packets(VIDEO)) == 2


def test_a_session_begins_its_counts_anew(stage):
    one = stage.speaker("a")
    stage.audience()
    stage.feed.lead_to("first")
    stage.show(one)
    stage.picture(one, key=True)
    assert stage.packets_sent() == 1
    stage.feed.lead_to("second")
    assert stage.packets_sent() == 0
    stage.picture(one)
    assert stage.packets_sent() == 1
    assert stage.feed.quality.quality(stage.feed.counts()).viewers == 1


def test_nothing_on_the_stage_keeps_the_viewers_place(stage):
    one, two = stage.speaker("a"), stage.speaker("bb")
    viewer = stage.audience()
    stage.show(one)
    stage.picture(one, key=True)
    stage.show(None)
    stage.picture(one)
    stage.show(two)
    stage.picture(two, key=True)
    seen = viewer.packets(VIDEO)
    assert marks(seen) == [1, 2]
    no_seam(seen)
