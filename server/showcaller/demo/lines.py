"""The names of the demo's people, what they ask, and what is answered to each of it."""

from __future__ import annotations

from typing import NamedTuple

NAMES = ("Amara", "Bruno", "Chiyo", "Dilnoza", "Emeka", "Freya", "Gael")

WELCOME = "Welcome! Ask your questions beside the video; the ones with most votes are taken first."


class Line(NamedTuple):
    """A question, and the reply in writing once it was answered on air."""

    question: str
    reply: str


GENERAL = (
    Line(
        "What would you build differently if you began today?",
        "Fewer services, and one queue instead of four. The seams cost us the most.",
    ),
    Line(
        "Which number on your dashboard do you look at first in the morning?",
        "The slowest one request in a thousand, by region. The average hides everything.",
    ),
    Line(
        "How large is the team that keeps this running?",
        "Nine people, two of them on call at a time, in two time zones.",
    ),
    Line(
        "What broke first when traffic doubled?",
        "The retries: clients that gave up too early doubled the traffic again.",
    ),
    Line(
        "How do you test this before it meets production?",
        "We replay a day of real traffic against each release, at twice the speed.",
    ),
    Line(
        "Which part of it do newcomers find hardest to understand?",
        "Who owns a piece of state at any moment. We draw it on the first day.",
    ),
    Line(
        "Is there something smaller companies can borrow from this?",
        "Yes: budgets for errors, and the habit of rehearsing failures. Neither needs our size.",
    ),
    Line(
        "What did you try that did not work?",
        "Predicting load from the calendar. A simple rule on the last ten minutes did better.",
    ),
)

ABOUT = {
    "opening": (
        Line(
            "Will the recordings be available afterwards?",
            "Yes, the organisers will tell all who registered where to find them.",
        ),
        Line(
            "Which talk should somebody new to large systems not miss?",
            "The one on deployments: it needs no background, and everybody deploys.",
        ),
        Line(
            "How did you choose the three themes?",
            "By what most of the proposals were about this year.",
        ),
    ),
    "ai-multi-tenancy": (
        Line(
            "How do you stop one tenant's burst from slowing everybody else on the accelerator?",
            "Each tenant has a share of time slices; what is left over is lent, and taken back within "
            "milliseconds.",
        ),
        Line(
            "Do you place inference and training jobs on the same machines?",
            "At night, yes: training fills what inference leaves, and yields at once.",
        ),
        Line(
            "What do you measure to decide that two workloads go well together?",
            "Memory bandwidth above all. Two jobs that both want it never share.",
        ),
        Line(
            "How much of the saving came from placement alone?",
            "About half. The rest came from letting idle tenants go.",
        ),
    ),
    "gpu-sharing": (
        Line(
            "Is memory or compute the scarcer resource when two jobs share a GPU?",
            "Memory: compute can be sliced in time, memory can't.",
        ),
        Line(
            "What happens to the neighbour when one of the sharing jobs crashes?",
            "It is restarted from its last checkpoint too. We are working on keeping it.",
        ),
        Line(
            "Do users know that they share, and do they mind?",
            "They see it in the price, and most choose it.",
        ),
    ),
    "aiops": (
        Line(
            "How often does the suggested root cause turn out to be right?",
            "It is among the first three in seven of ten incidents.",
        ),
        Line(
            "How do you keep engineers from trusting the machine too much?",
            "It always shows its evidence, and nothing is done without a person.",
        ),
        Line(
            "Where did you get labelled incidents to learn from?",
            "From years of reviews written by hand, and a month of cleaning them.",
        ),
    ),
    "conveyor": (
        Line(
            "How do you decide that a deployment must be rolled back?",
            "Its owners name the signals; two bad minutes in a row turn it back by themselves.",
        ),
        Line(
            "What share of the 100,000 deployments a week is stopped on the way?",
            "A few in a hundred, most of them at the first region.",
        ),
        Line(
            "Can a service opt out of continuous deployment?",
            "Yes, with a reason and a date at which it is asked again.",
        ),
    ),
    "livegraph": (
        Line(
            "How do you invalidate a cached query without knowing who subscribes to it?",
            "By the shape of the query: a change names the shapes that it may touch.",
        ),
        Line(
            "What happens to subscribers when a cache node restarts?",
            "They are asked to fetch again, spread over some seconds.",
        ),
        Line(
            "Which queries can't be made live at all?",
            "Those that sort by what is computed at reading. We poll them.",
        ),
    ),
    "async-computing": (
        Line(
            "How do you keep one tenant's backlog from delaying the others?",
            "Each has a queue of its own, and workers take from them in turn.",
        ),
        Line(
            "Is delivery at least once or exactly once, and who deduplicates?",
            "At least once. Each job carries a key, and its handler keeps the last ones.",
        ),
        Line(
            "How long may a job wait before somebody is paged?",
            "As long as its class says: from ten seconds to a day.",
        ),
    ),
    "nitro": (
        Line(
            "How do you restate a month of data without stopping the pipelines?",
            "Beside the old data: readers are switched over when both agree.",
        ),
        Line(
            "Is lineage declared by engineers or found by looking at the queries?",
            "Found, and engineers may correct it. Declared lineage was never up to date.",
        ),
        Line(
            "What if a restatement arrives while another one is running?",
            "They are merged if they are of the same table, else the later one waits.",
        ),
    ),
    "crane": (
        Line(
            "How do you hide the differences between clouds from service owners?",
            "They ask for a kind of machine, never for a cloud.",
        ),
        Line(
            "What was the hardest thing to move out of your own data centres?",
            "Storage that assumed a network without jitter.",
        ),
        Line(
            "How do you compare the cost of the same workload in two places?",
            "By a request served, with idle time and transfers in it.",
        ),
    ),
    "warehouse-recovery": (
        Line(
            "How often do you rehearse losing a whole region?",
            "Four times a year, for real, and once without telling anybody the day.",
        ),
        Line(
            "Which tables are recovered first, and who decides?",
            "Those that money depends on. Finance keeps the list.",
        ),
        Line(
            "How fresh is the copy in the other region?",
            "A quarter of an hour behind, as a rule.",
        ),
    ),
    "mobileconfig": (
        Line(
            "How do you reach phones that have been offline for weeks?",
            "They ask first thing when they are back, before anything else is shown.",
        ),
        Line(
            "What stops a bad value from reaching everybody at once?",
            "It goes to one phone in a thousand first, and crashes there turn it back.",
        ),
        Line(
            "Do two apps on one phone always agree on a value?",
            "No, and nothing may depend on it. We test with two that disagree.",
        ),
    ),
}

_REPLIES = {line.question: line.reply for lines in (GENERAL, *ABOUT.values()) for line in lines}


def questions_for(session: str) -> tuple[str, ...]:
    """Return the questions that may be asked in a session, the particular ones first."""
    return tuple(line.question for line in ABOUT.get(session, ()) + GENERAL)


def reply_to(question: str) -> str | None:
    """Return what is answered to a question of these; None to one of somebody else's."""
    return _REPLIES.get(question)
