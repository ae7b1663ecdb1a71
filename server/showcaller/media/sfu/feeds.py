"""The feeds of a worker, one for each of its stages and previews, led to the ingests they show."""

from __future__ import annotations

from collections.abc import Iterator

from ..egress import Egress
from .feed import Feed, FeedListener
from .ingest import Ingest
from .ingests import Ingests
from .pacer import Pacer
from .program import choose_picture, choose_sound

# Begin the names of feeds that are no stages; a stage's id has no colon.
PREVIEW = "preview:"
FACE = "face:"


class Feeds:
    """Feeds by name: a stage's id, `FACE` and a stage's id, or `PREVIEW` and an ingest's resource."""

    def __init__(
        self, ingests: Ingests, egress: Egress, pacer: Pacer, listener: FeedListener
    ) -> None:
        self._ingests = ingests
        self._egress = egress
        self._pacer = pacer
        self._listener = listener
        self._feeds: dict[str, Feed] = {}

    def __iter__(self) -> Iterator[Feed]:
        return iter(list(self._feeds.values()))

    def get(self, name: str) -> Feed | None:
        """Return the feed of that name, if there is one."""
        return self._feeds.get(name)

    def open(self, name: str, now_s: float) -> Feed:
        """Return the feed of that name, which may be new."""
        feed = self._feeds.get(name)
        if feed is None:
            feed = self._feeds[name] = Feed(name, self._egress, self._pacer, self._listener)
            self.lead(feed, now_s)
        return feed

    def close(self, name: str) -> Feed | None:
        """Forget the feed of that name and return it; its viewers and lanes are the caller's."""
        return self._feeds.pop(name, None)

    @property
    def stages(self) -> list[Feed]:
        """All but the previews and faces."""
        return [feed for feed in self._feeds.values() if stage_of(feed)]

    def shown_on(self, ingest: Ingest) -> list[str]:
        """Return the stages whose picture is that ingest's."""
        return [feed.name for feed in self.stages if feed.picture is ingest]

    # Leading ----------------------------------------------------------------------------------

    def lead_all(self, now_s: float) -> None:
        """Lead each feed to what should be on it now."""
        for feed in self:
            self.lead(feed, now_s)

    def lead_room(self, session: str, now_s: float) -> None:
        """Lead the feeds that show a session to what should be on them now."""
        for feed in self:
            if feed.session == session:
                self.lead(feed, now_s)

    def choose(self, feed: Feed, publication: str, now_s: float) -> None:
        """Put on the stage what a producer chose; "": what suits best.

        A choice, or its being taken back, waits for nothing: what comes need not have been steady.
        """
        showing = "" if feed.chosen != publication else _showing(feed)
        feed.chosen = publication
        self._show(feed, showing, now_s)

    def lead(self, feed: Feed, now_s: float) -> None:
        """Lead a feed to what should be on it now."""
        if stage_of(feed):
            self._show(feed, _showing(feed), now_s)
        elif feed.name.startswith(FACE):
            feed.show(face_beside(self._feeds.get(feed.name.removeprefix(FACE))), None, now_s)
        else:
            shown = self._ingests.own.get(feed.name.removeprefix(PREVIEW))
            feed.show(shown, shown, now_s)

    def _show(self, feed: Feed, showing: str, now_s: float) -> None:
        room = [p for p in self._ingests.room(feed.session) if p.live]
        contenders = [ingest.contender(now_s) for ingest in room]
        picture = choose_picture(contenders, feed.chosen, showing)
        picture = picture or choose_picture(contenders, feed.chosen, _showing(feed))
        sound = choose_sound(contenders, picture)
        by_resource = {ingest.resource: ingest for ingest in room}
        feed.show(by_resource.get(picture), by_resource.get(sound), now_s)
        if (face := self._feeds.get(FACE + feed.name)) is not None:
            self.lead(face, now_s)


def stage_of(feed: Feed) -> str:
    """Return the stage's id; "" if the feed is a preview or a face."""
    return "" if feed.name.startswith((PREVIEW, FACE)) else feed.name


def face_beside(stage: Feed | None) -> Ingest | None:
    """Return the ingest with the face to show beside a stage's slides: of who is heard with them."""
    if stage is None or stage.picture is None or stage.picture.source != "slides":
        return None
    speaker = stage.sound
    return speaker if speaker is not stage.picture and speaker and speaker.has_video else None


def _showing(feed: Feed) -> str:
    return feed.picture.resource if feed.picture else ""
