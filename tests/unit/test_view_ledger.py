"""The checker of views finds each kind of difference: one view is meddled with in every way."""

import copy

import pytest

from showcaller.testing.view_ledger import View, ViewLedger, differences
from showcaller_client.follower import Update

QUESTIONS = "session/opening/questions"


def snapshot(channel, items, levels=None, *, reset=False):
    return Update(channel=channel, kind="snapshot", put=items, levels=levels or {}, reset=reset)


def announcement(id):
    events = ({"type": "announcement", "id": id, "text": id, "session": None},)
    return Update(channel="announcements", kind="change", put={id: {"text": id}}, events=events)


def ledger_of(*updates):
    ledger = ViewLedger(None, ("announcements", QUESTIONS))
    for update in updates:
        ledger.views[update.channel].take(update)
    return ledger


STORY = (
    snapshot("announcements", {"a": {"text": "a"}}),
    snapshot(QUESTIONS, {"q": {"text": "Why?"}}, {"q": 1}),
    announcement("b"),
    announcement("c"),
    Update(channel=QUESTIONS, kind="levels", levels={"q": 2}),
)
TRUTH = (
    snapshot("announcements", {id: {"text": id} for id in "abc"}),
    snapshot(QUESTIONS, {"q": {"text": "Why?"}}, {"q": 2}),
)


def found(*updates):
    return differences("one", ledger_of(*updates), ledger_of(*TRUTH))


def test_who_was_shown_everything_differs_in_nothing():
    assert found(*STORY) == []


def test_who_was_reset_need_not_have_been_shown_what_was_before():
    lost = announcement("phantom")
    again = snapshot("announcements", {id: {"text": id} for id in "ab"}, reset=True)
    assert found(*STORY[:2], lost, again, announcement("c"), STORY[4]) == []
    assert ledger_of(*STORY[:2], lost, again).resets == 1


def test_a_snapshot_without_a_reset_excuses_nothing():
    over = snapshot("announcements", {id: {"text": id} for id in "abc"})
    assert found(*STORY[:3], over, STORY[4]) == [
        "one: one-shots doubled [], missed ['c'], of another log []"
    ]


@pytest.mark.parametrize(
    ("meddle", "said"),
    [
        (lambda story: story.pop(2), "missed ['b']"),
        (lambda story: story.insert(3, story[2]), "doubled ['b']"),
        (lambda story: story.insert(2, story.pop(3)), "one-shots doubled [], missed []"),
        (
            lambda story: story.insert(2, announcement("phantom")),
            "announcements differs in ['phantom']",
        ),
        (lambda story: story.insert(2, announcement("phantom")), "of another log ['phantom']"),
        (lambda story: story.pop(4), "levels of session/opening/questions are {'q': 1}"),
        (lambda story: story.pop(0), "announcements differs in ['a']"),
    ],
)
def test_every_way_to_meddle_with_a_view_is_found(meddle, said):
    story = list(copy.deepcopy(STORY))
    meddle(story)
    assert said in "\n".join(found(*story))


def test_a_view_forgets_what_was_removed():
    view = View()
    view.take(snapshot("c", {"a": 1, "b": 2}, {"a": 3}))
    view.take(Update(channel="c", kind="change", put={"b": 4}, remove=("a",)))
    view.take(Update(channel="c", kind="levels", levels={"a": None, "b": 5}))
    assert (view.items, view.levels) == ({"b": 4}, {"b": 5})
