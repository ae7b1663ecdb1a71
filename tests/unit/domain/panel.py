"""Live Q&A for tests, told as facts. `mod` is pre-moderated, `open` is not; both take questions."""

from __future__ import annotations

from showcaller.domain import facts, question_folds
from showcaller.domain.questions import Questions
from showcaller.domain.runsheet import RunSheet
from showcaller.domain.schedule import QaPolicy
from showcaller.testing.schedules import schedule, session

PLAN = schedule(
    session("mod", 540, 560),
    session("open", 560, 580, qa=QaPolicy(pre_moderation=False)),
)
ACTIONS = {
    "edit": lambda q: facts.QuestionEdited(question=q, person="ada", text="Edited"),
    "withdraw": lambda q: facts.QuestionWithdrawn(question=q, person="ada"),
    "approve": lambda q: facts.QuestionApproved(question=q, by="mo"),
    "reject": lambda q: facts.QuestionRejected(question=q, by="mo", reason="Twice"),
    "return": lambda q: facts.QuestionReturned(question=q, by="mo"),
    "push": lambda q: facts.QuestionPushed(question=q, by="mo"),
    "pull": lambda q: facts.QuestionPulled(question=q, by="mo"),
    "answer": lambda q: facts.QuestionAnswered(question=q, by="mo"),
    "reply": lambda q: facts.QuestionReplied(question=q, by="mo", text="So."),
    "clarify": lambda q: facts.QuestionClarified(question=q, by="mo", text="Why, then?"),
    "label": lambda q: facts.QuestionLabelled(question=q, by="mo", label="Later", on=True),
    "pin": lambda q: facts.QuestionPinned(question=q, by="mo", on=True),
    "send": lambda q: facts.QuestionSent(question=q, by="mo", on=True),
    "claim": lambda q: facts.QuestionClaimed(question=q, by="mo"),
    "erase": lambda q: facts.QuestionErased(question=q, by="mo"),
}


class Panel:
    """Folds facts; `do("push", "q1")` is short for the fact of that name."""

    def __init__(self):
        self.questions = Questions()
        self.sheet, _ = RunSheet.start(facts.RunStarted(run="r", salt="s", schedule=PLAN), 0)
        for run in self.sheet.sessions.values():
            run.qa_open = True

    def fold(self, fact, at_ms=1_000):
        return question_folds.apply(self.questions, fact, at_ms, self.sheet)

    def ask(self, question="q1", *, session="mod", person="ada", **more):
        return self.fold(
            facts.QuestionAsked(
                question=question, session=session, person=person, text="Why?", **more
            )
        )

    def do(self, action, question="q1", at_ms=1_000):
        outcome = self.fold(ACTIONS[action](question), at_ms)
        return outcome.refused.code if outcome.refused else "ok"

    def vote(self, *votes, at_ms=2_000, given_ms=(), keys=()):
        fact = facts.VotesCast(votes=votes, given_ms=given_ms, keys=keys)
        return question_folds.apply(self.questions, fact, at_ms, self.sheet)

    def state(self, question="q1"):
        return self.questions.get(question).state

    def votes(self, question="q1"):
        return self.questions.tally(self.questions.get(question))


def panel_with(state):
    """Return a panel whose question `q1` of Ada is in `state`."""
    ways = {
        "pending": (),
        "approved": ("approve",),
        "rejected": ("reject",),
        "on_air": ("push",),
        "answered": ("push", "answer"),
        "withdrawn": ("withdraw",),
        "erased": ("erase",),
    }
    panel = Panel()
    panel.ask()
    for action in ways[state]:
        assert panel.do(action) == "ok"
    assert panel.state() == state
    return panel


LEADS = {
    "pending": {
        "edit": "pending",
        "withdraw": "withdrawn",
        "approve": "approved",
        "reject": "rejected",
        "push": "on_air",
        "reply": "pending",
        "erase": "erased",
    },
    "approved": {
        "withdraw": "withdrawn",
        "return": "pending",
        "reject": "rejected",
        "push": "on_air",
        "answer": "answered",
        "reply": "approved",
        "erase": "erased",
    },
    "rejected": {
        "withdraw": "withdrawn",
        "return": "pending",
        "reject": "rejected",
        "approve": "approved",
        "erase": "erased",
    },
    "on_air": {
        "withdraw": "withdrawn",
        "pull": "approved",
        "answer": "answered",
        "push": "wrong_state",
        "reply": "on_air",
        "erase": "erased",
    },
    "answered": {
        "withdraw": "withdrawn",
        "return": "pending",
        "approve": "approved",
        "push": "on_air",
        "reply": "answered",
        "erase": "erased",
    },
    "withdrawn": {"erase": "erased"},
    "erased": dict.fromkeys(ACTIONS, "not_found"),
}
for _state in ("pending", "approved", "rejected", "on_air", "answered"):
    LEADS[_state] |= dict.fromkeys(("clarify", "label", "pin", "send", "claim"), _state)
