"""The results of polls as they are exported."""

from __future__ import annotations

import csv
import io
import json

import pytest

from showcaller.api.poll_exports import answers_table, result_of, votes_table
from showcaller.domain import facts
from showcaller.domain.poll import voter_of
from showcaller.domain.poll_draft import Choice, PollDraft
from showcaller.domain.state import State
from showcaller.testing.schedules import schedule, session

QUIZ = PollDraft(kind="quiz", text="=1+1", options=("a", "b"), right=(1,), anonymous=False)
WORDS = PollDraft(kind="words", text="Say", most=2, anonymous=True)
NAMES = {"zz-ada": "@Ada", "zz-bob": "Bob"}


def state_with(draft, *choices):
    """A poll in which Ada and then Bob chose so."""
    state = State(event_id="event")
    plan = schedule(session("talk", 10, 30, title="=TALK()"))
    for fact in (
        facts.RunStarted(run="r", salt="s", schedule=plan),
        facts.PollMade(poll="p1", session="talk", draft=draft, by="mo"),
        facts.PollOpened(poll="p1", by="mo"),
    ):
        state.apply(state.folded + 1, 1_000, fact)
    poll = state.polls.get("p1")
    for person, choice in zip(NAMES, choices, strict=False):
        voter = voter_of(poll, person, state.salt)
        vote = facts.PollVote(voter=voter, poll="p1", choice=choice)
        state.apply(state.folded + 1, 2_000, facts.PollVotesCast(votes=(vote,)))
    return state


def exported(draft, *choices):
    state = state_with(draft, *choices)
    return result_of(state, state.polls.get("p1"), NAMES.get)


def test_a_named_poll_tells_who_chose_what():
    result = exported(QUIZ, Choice((1,)), Choice((0,)))
    assert result["answers"] == [
        {"answer": "a", "votes": 1, "right": False},
        {"answer": "b", "votes": 1, "right": True},
    ]
    votes = [(vote["person"], vote["name"], vote["answers"]) for vote in result["votes"]]
    assert votes == [("zz-ada", "@Ada", ["b"]), ("zz-bob", "Bob", ["a"])]


def test_an_anonymous_poll_tells_nobodys_vote():
    result = exported(WORDS, Choice(words=("one", "two")), Choice(words=("one",)))
    assert [(a["answer"], a["votes"]) for a in result["answers"]] == [("one", 2), ("two", 1)]
    told = json.dumps(result) + answers_table([result]) + votes_table([result])
    assert not any(word in told for word in ("zz-", "Ada", "Bob", "v_"))
    assert list(csv.DictReader(io.StringIO(votes_table([result])))) == []


@pytest.mark.parametrize("table", [answers_table, votes_table])
def test_no_cell_is_a_formula_to_a_spreadsheet(table):
    line = next(csv.DictReader(io.StringIO(table([exported(QUIZ, Choice((1,)))]))))
    assert (line["title"], line["text"]) == ("'=TALK()", "'=1+1")
    assert line.get("name", "'@Ada") == "'@Ada"
