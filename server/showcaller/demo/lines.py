"""The names of the demo's people, and what they say."""

from __future__ import annotations

NAMES = ("Amara", "Bruno", "Chiyo", "Dilnoza", "Emeka", "Freya", "Gael")

WELCOME = "Welcome! Ask your questions beside the video; the ones with most votes are taken first."

REPLIES = (
    "Answered on air just now.",
    "The speakers will come back to this in the hallway.",
    "Yes. There is a slide about it near the end.",
)

GENERAL = (
    "What would you build differently if you began today?",
    "Which number on your dashboard do you look at first in the morning?",
    "How large is the team that keeps this running?",
    "What broke first when traffic doubled?",
    "How do you test this before it meets production?",
    "Which part of it do newcomers find hardest to understand?",
    "Is there something smaller companies can borrow from this?",
    "What did you try that did not work?",
)

ABOUT = {
    "opening": (
        "Will the recordings be available afterwards?",
        "Which talk should somebody new to large systems not miss?",
        "How did you choose the three themes?",
    ),
    "ai-multi-tenancy": (
        "How do you stop one tenant's burst from slowing everybody else on the accelerator?",
        "Do you place inference and training jobs on the same machines?",
        "What do you measure to decide that two workloads go well together?",
        "How much of the saving came from placement alone?",
    ),
    "gpu-sharing": (
        "Is memory or compute the scarcer resource when two jobs share a GPU?",
        "What happens to the neighbour when one of the sharing jobs crashes?",
        "Do users know that they share, and do they mind?",
    ),
    "aiops": (
        "How often does the suggested root cause turn out to be right?",
        "How do you keep engineers from trusting the machine too much?",
        "Where did you get labelled incidents to learn from?",
    ),
    "conveyor": (
        "How do you decide that a deployment must be rolled back?",
        "What share of the 100,000 deployments a week is stopped on the way?",
        "Can a service opt out of continuous deployment?",
    ),
    "livegraph": (
        "How do you invalidate a cached query without knowing who subscribes to it?",
        "What happens to subscribers when a cache node restarts?",
        "Which queries can't be made live at all?",
    ),
    "async-computing": (
        "How do you keep one tenant's backlog from delaying the others?",
        "Is delivery at least once or exactly once, and who deduplicates?",
        "How long may a job wait before somebody is paged?",
    ),
    "nitro": (
        "How do you restate a month of data without stopping the pipelines?",
        "Is lineage declared by engineers or found by looking at the queries?",
        "What if a restatement arrives while another one is running?",
    ),
    "crane": (
        "How do you hide the differences between clouds from service owners?",
        "What was the hardest thing to move out of your own data centres?",
        "How do you compare the cost of the same workload in two places?",
    ),
    "warehouse-recovery": (
        "How often do you rehearse losing a whole region?",
        "Which tables are recovered first, and who decides?",
        "How fresh is the copy in the other region?",
    ),
    "mobileconfig": (
        "How do you reach phones that have been offline for weeks?",
        "What stops a bad value from reaching everybody at once?",
        "Do two apps on one phone always agree on a value?",
    ),
}


def questions_for(session: str) -> tuple[str, ...]:
    """Return the questions that may be asked in a session, the particular ones first."""
    return ABOUT.get(session, ()) + GENERAL
