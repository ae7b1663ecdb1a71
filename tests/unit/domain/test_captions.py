"""Captions: lines by language, corrected or taken out, and bounded memory."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from showcaller.domain import captions, facts
from showcaller.domain.schedule import MINUTE_MS
from showcaller.domain.state import State
from showcaller.testing.schedules import schedule, session

PLAN = schedule(
    session("talk", 540, 560, captions=("en", "de")),
    session("next", 560, 580, captions=("en",)),
    session("plain", 580, 600),
)
AT_MS = 541 * MINUTE_MS


class Story:
    """An event whose first talk has begun."""

    def __init__(self):
        self.state = State(event_id="event")
        self.fold(facts.RunStarted(run="run", salt="s", schedule=PLAN))
        self.fold(facts.SessionStarted(session="talk", control="c", by="p_x"))

    def fold(self, fact):
        return self.state.apply(self.state.folded + 1, AT_MS, fact)

    def say(self, line, text="Hello", talk="talk", language="en", **times):
        fact = facts.CaptionSaid(
            caption=line, session=talk, person="p_c", language=language, text=text, **times
        )
        return self.fold(fact).refused

    def correct(self, line, text="", language="en", removed=None):
        removed = not text if removed is None else removed
        fact = facts.CaptionCorrected(
            caption=line, session="talk", language=language, text=text, by="p_c", removed=removed
        )
        return self.fold(fact).refused

    def delete_recording(self, person=None):
        return self.fold(facts.RecordingDeleted(session="talk", by="p_x", person=person))

    def texts(self, language="en"):
        return [one.text for one in self.state.captions.lines("talk", language).values()]


@pytest.fixture
def story():
    return Story()


def test_lines_are_taken_where_the_schedule_wants_them_once_something_is_said(story):
    assert story.say("1", talk="plain") == captions.NO_CAPTIONS
    assert story.say("1", language="fr") == captions.NO_CAPTIONS
    assert story.say("1", talk="next") == captions.EARLY
    assert story.say("1", talk="nowhere").code == "not_found"
    assert story.say("1") is None
    assert story.say("1").code == "wrong_state"
    assert story.say("1", language="de") is None
    story.fold(facts.SessionEnded(session="talk", control="end", by="p_x"))
    assert story.say("2", "What came late") is None


def test_a_line_without_times_is_said_as_it_comes(story):
    story.say("now")
    story.say("timed", from_ms=AT_MS - 3_000, to_ms=AT_MS - 1_000)
    now, timed = story.state.captions.lines("talk", "en").values()
    assert (now.from_ms, now.to_ms) == (AT_MS, AT_MS + captions.READ_MS)
    assert (timed.from_ms, timed.to_ms) == (AT_MS - 3_000, AT_MS - 1_000)


LINES = st.sampled_from("abc")
ACTS = st.one_of(
    st.tuples(LINES, st.sampled_from(["en", "de"]), st.just("say")),
    st.tuples(LINES, st.sampled_from(["en", "de"]), st.sampled_from(["", "Better"])),
)


@given(st.lists(ACTS, max_size=30))
def test_a_line_is_as_it_was_corrected_last_in_its_own_place(acts):
    story, there = Story(), {"en": {}, "de": {}}
    for line, language, act in acts:
        lines = there[language]
        if act == "say":
            assert (story.say(line, line, language=language) is None) == (line not in lines)
            lines.setdefault(line, line)
            continue
        assert (story.correct(line, act, language) is None) == (line in lines)
        if act and line in lines:
            lines[line] = act
        else:
            lines.pop(line, None)
    for language, lines in there.items():
        assert story.texts(language) == list(lines.values())
    assert State.load(b"".join(story.state.dump())) == story.state


def test_a_talk_keeps_its_newest_lines_of_whatever_language(story, monkeypatch):
    monkeypatch.setattr(captions, "KEPT_A_TALK", 5)
    for number in range(7):
        story.say(f"en{number}", str(number))
    story.say("de", "Hallo", language="de")
    assert (story.texts("en"), story.texts("de")) == (["3", "4", "5", "6"], ["Hallo"])


def test_of_all_talks_the_one_that_is_silent_for_longest_gives_way(story, monkeypatch):
    monkeypatch.setattr(captions, "KEPT_IN_ALL", 3)
    for number in range(3):
        story.say(f"{number}", str(number))
    story.fold(facts.SessionEnded(session="talk", control="end", by="p_x"))
    story.fold(facts.SessionStarted(session="next", control="c2", by="p_x"))
    offset = story.state.folded + 1
    for more in range(2):
        fact = facts.CaptionSaid(
            caption=f"n{more}", session="next", person="p_c", language="en", text="Next"
        )
        story.state.apply(offset + more, AT_MS + 1, fact)
    assert story.texts() == ["2"]
    assert len(story.state.captions.lines("next", "en")) == 2


def test_a_deleted_recording_takes_its_captions_along_for_good():
    story, told = Story(), Story()
    for other, text in ((story, "Secret"), (told, "")):
        other.say("1", text)
        other.say("2", text)
        other.correct("1", text, removed=False)
        other.delete_recording(person="p_ada")
        assert len(other.texts()) == 2
        other.delete_recording()
        assert other.texts() == []
        assert other.say("3") == captions.DELETED
    assert story.state.digest() == told.state.digest()  # as the log is after it was emptied
