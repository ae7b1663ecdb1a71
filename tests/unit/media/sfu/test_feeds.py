"""The ingests that a worker's stages and previews show."""

from __future__ import annotations

from pathlib import Path

import pytest

from showcaller.media.egress import choose
from showcaller.media.sfu.feeds import FACE, PREVIEW, Feeds, stage_of
from showcaller.media.sfu.ingests import Ingests
from showcaller.media.sfu.pacer import Pacer
from showcaller.testing.media_by_hand import KEY_PICTURE, OPUS, VP8, Clock, Noted, Speaker

OFFER = Path(__file__).parents[1] / "sdp/offers/chromium-publisher.sdp"


class Worker:
    """Feeds, and publications of the session "talk"."""

    def __init__(self):
        self.clock, self.egress = Clock(), choose("python")
        self.ingests = Ingests(self.egress, lambda session, now_s: None)
        pacer = Pacer(lambda again: None, self.clock)
        self.feeds = Feeds(self.ingests, self.egress, pacer, Noted())

    @property
    def now_s(self):
        return self.clock.now_s

    def speaker(self, name, source="main"):
        speaker = Speaker(self.clock, self.egress, OFFER, name=name, source=source)
        self.ingests.own[name] = speaker.ingest
        self.speak(speaker)
        return speaker

    def speak(self, *speakers, seconds=0.1):
        for _ in range(round(seconds * 10)):
            for speaker in speakers:
                speaker.send(VP8, 1, KEY_PICTURE)
                speaker.send(OPUS, 2, level=30)
            self.clock.now_s += 0.1

    def stage(self, session="talk"):
        feed = self.feeds.open("main", self.now_s)
        feed.lead_to(session)
        self.feeds.lead_all(self.now_s)
        return feed


@pytest.fixture
def worker():
    worker = Worker()
    yield worker
    for feed in worker.feeds:
        feed.end()


def test_a_stage_shows_the_session_that_it_was_led_to(worker):
    speaker = worker.speaker("p")
    assert worker.stage("another").picture is None
    assert worker.stage().picture is speaker.ingest
    assert worker.feeds.shown_on(speaker.ingest) == ["main"]


def test_only_feeds_of_the_room_follow_what_happens_there(worker):
    feed = worker.stage()
    speaker = worker.speaker("p")
    worker.feeds.lead_room("another", worker.now_s)
    assert feed.picture is None
    worker.feeds.lead_room("talk", worker.now_s)
    assert feed.picture is speaker.ingest


def test_what_a_producer_chooses_and_takes_back_waits_for_nothing(worker):
    camera, slides = worker.speaker("camera"), worker.speaker("deck", "slides")
    feed = worker.stage()
    worker.feeds.choose(feed, "deck", worker.now_s)
    assert feed.picture is slides.ingest
    worker.feeds.choose(feed, "", worker.now_s)
    assert feed.picture is camera.ingest


def test_a_better_source_that_comes_by_itself_must_be_steady_first(worker):
    slides = worker.speaker("deck", "slides")
    feed = worker.stage()
    camera = worker.speaker("camera")
    worker.feeds.lead(feed, worker.now_s)
    assert feed.picture is slides.ingest
    worker.speak(slides, camera, seconds=4)
    worker.feeds.lead(feed, worker.now_s)
    assert feed.picture is camera.ingest


def test_what_a_producer_chose_is_replaced_while_it_is_silent(worker):
    camera, spare = worker.speaker("camera"), worker.speaker("second", "spare")
    feed = worker.stage()
    worker.feeds.choose(feed, "second", worker.now_s)
    worker.speak(camera, seconds=2)
    worker.feeds.lead(feed, worker.now_s)
    assert feed.picture is camera.ingest
    worker.speak(camera, spare)
    worker.feeds.lead(feed, worker.now_s)
    assert feed.picture is spare.ingest


def test_a_preview_shows_its_publication_and_is_no_stage(worker):
    worker.speaker("camera")
    spare = worker.speaker("spare", "spare")
    feed = worker.feeds.open(PREVIEW + "spare", worker.now_s)
    assert (feed.picture, feed.sound) == (spare.ingest, spare.ingest)
    assert stage_of(feed) == ""
    assert worker.feeds.stages == []
    assert worker.feeds.shown_on(spare.ingest) == []


def test_a_face_is_shown_only_while_its_sound_goes_with_slides(worker):
    camera = worker.speaker("camera")
    worker.speaker("deck", "slides")
    feed, face = worker.stage(), worker.feeds.open(FACE + "main", worker.now_s)
    assert face.picture is None  # the camera is the stage's own picture
    worker.feeds.choose(feed, "deck", worker.now_s)
    assert (face.picture, face.sound) == (camera.ingest, None)
    worker.feeds.choose(feed, "", worker.now_s)
    assert face.picture is None
    assert stage_of(face) == ""
    assert worker.feeds.stages == [feed]


def test_a_feed_that_was_closed_is_another_one_when_it_is_opened_again(worker):
    feed = worker.stage()
    assert worker.feeds.open("main", worker.now_s) is feed
    assert worker.feeds.close("main") is feed
    assert worker.feeds.get("main") is None
    assert worker.feeds.close("main") is None
    assert worker.feeds.open("main", worker.now_s) is not feed
    feed.end()
