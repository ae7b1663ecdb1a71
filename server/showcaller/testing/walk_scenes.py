"""The scenes of the walk, in the order in which they can be played on one server."""

from __future__ import annotations

from .walk import (
    Scene,
    Step,
    check,
    choose,
    click,
    command,
    edit_schedule,
    fill,
    focus,
    gone,
    hover,
    open_guests_link,
    press,
    see,
    state,
    unfold,
)
from .walk_show import AHEAD, LAST, LIVE, OTHER, OVER

TOO_LONG = "a" * 600
NO_MATCH = "nothing has these words"
WAITS = "#pending .q:has-text('How long did it take')"
ROW = f"tr[data-session='{LAST}']"
ON = f"tr[data-session='{LIVE}']"


def on_card(key: str, shows: str) -> tuple[Step, ...]:
    """A moderator's key on a question that waits, and the dialog that it opens."""
    return (press("Escape"), focus(WAITS), press(key), see(shows))


def on_row(key: str, shows: str, row: str = ROW) -> tuple[Step, ...]:
    """A producer's key on a session, and the dialog that it opens."""
    return (focus(f"{row} th a"), press(key), see(shows))


ANYBODY = (
    Scene("home", "", "/", "[data-event]"),
    Scene("demo", "", "/demo", ".doors"),
    Scene("missing", "", "/nowhere", "h1"),
    Scene("nowhere", "ada", "nowhere", "h1"),
    Scene(
        "join",
        "",
        "",
        "#agenda [data-session]:visible",
        (
            state(
                "no-name",
                click("#join-summary"),
                fill("#name", " "),
                click("#registration .primary"),
                see("#registration .error:not(:empty)"),
            ),
            state("link", click("#join-card summary"), see("#own-token")),
        ),
    ),
    Scene("join-watch", "", f"watch/{LIVE}", "#registration"),
    Scene("speakers", "", "speakers", "#speakers li"),
    Scene("speaker", "ada", "speakers/marta-oliveira", "#biography p"),
    Scene("no-speaker", "ada", "speakers/nobody", "main.instead h1"),
)
ATTENDEE = (
    Scene(
        "agenda",
        "ada",
        "",
        "#agenda [data-session]:visible",
        (
            state("list", check("#as-list"), see("#sessions .session")),
            state(
                "starred", click(f"[data-session='{AHEAD}'] .star"), see("[data-starred='true']")
            ),
            state("theme", unfold("#filters"), click("#themes .chip"), hover("#themes .chip")),
            state("mine", click("#themes .chip"), click("#mine")),
            state("nothing", fill("#words", NO_MATCH), see("#none")),
            state(
                "reminders",
                click("#show-all"),
                click("#own-calendar summary"),
                see("#own-calendar .card"),
            ),
            state("identity", press("Escape"), click("#who"), see(".me .card")),
        ),
    ),
    Scene("watch-before", "ada", f"watch/{AHEAD}", "#poster"),
    Scene("watch-after", "ada", f"watch/{OVER}", "#poster"),
    Scene("no-talk", "ada", "watch/nothing", "main.instead h1"),
    Scene(
        "watch",
        "ada",
        f"watch/{LIVE}",
        "#on-air",
        (
            state("no-vote", click("#polls .primary"), see("#polls .error:not(:empty)")),
            state(
                "voted", check("#polls input"), click("#polls .primary"), see("#polls .poll-bar")
            ),
            state("earlier", click("#polls-earlier summary"), see("#polls-earlier-list .poll-bar")),
            state(
                "too-long",
                fill("#ask-text", TOO_LONG),
                click("#ask-send"),
                see("#ask-error:not(:empty)"),
            ),
            state(
                "similar",
                fill("#ask-text", "Does the crane slow down alone, or does the driver decide?"),
                see("#ask-similar"),
            ),
            state(
                "editing",
                fill("#ask-text", ""),
                click("#own-list .edit:visible"),
                see("#ask-cancel"),
            ),
            state("found", click("#ask-cancel"), fill("#q-words", NO_MATCH), see("#no-questions")),
            state("identity", fill("#q-words", ""), click("#who"), see(".me .card")),
            state(
                "silenced",
                press("Escape"),
                command(
                    "mary", "person.silence", person="p_ada", reason="One at a time", minutes=5
                ),
                see("#silenced"),
            ),
            state("answered", command("mary", "person.unsilence", person="p_ada"), see("#ask")),
        ),
    ),
    Scene("questions", "bela", f"questions/{LIVE}", "#questions .question"),
)
DESKS = (
    Scene(
        "moderate",
        "mary",
        "moderate",
        "#session",
        (
            state("board", choose("#session", LIVE), see(WAITS)),
            state("chosen", click(f"{WAITS} .asked"), see(f"{WAITS} .actions")),
            state("more", click(f"{WAITS} .further summary")),
            *(
                state(name, *on_card(key, f"#{name}[open]"))
                for key, name in (
                    ("w", "reject"),
                    ("t", "clarify"),
                    ("m", "merge"),
                    ("g", "labels"),
                    ("q", "silence"),
                    ("b", "remove"),
                    ("n", "reject-all"),
                    ("x", "erase"),
                )
            ),
            state("rejected", press("Escape"), focus(WAITS), press("r"), see("#add-reason")),
            state("reason", click("#add-reason"), see("#reject[open]")),
            state("undone", press("Escape"), press("z"), see(WAITS)),
            state("reply", focus("#approved .q"), press("e"), see("#reply[open]")),
            state(
                "boxes",
                press("Escape"),
                click("#announce-box summary"),
                click("#banned-box summary"),
                click("#keys-box summary"),
                click("details.folded summary"),
                see("#keys"),
            ),
            state(
                "polls",
                click("#announce-box summary"),
                click("#keys-box summary"),
                click("#polls-box summary"),
                see("#poll-desk [data-poll]"),
            ),
            state("poll-editor", click("#poll-desk h3 + button"), see(".poll-edit[open]")),
            state(
                "poll-wrong",
                fill("#poll-text", "Which?"),
                click(".poll-edit .primary"),
                see(".poll-edit .error:not(:empty)"),
            ),
            state("beside", press("Escape"), choose("#add-session", OTHER), see(".lane + .lane")),
            state("nothing", fill("#words", NO_MATCH), gone(".lane .q")),
        ),
    ),
    Scene(
        "produce",
        "paula",
        "produce",
        ROW,
        (
            state("filters", check("#view-columns"), hover("#to-live")),
            state("keys", check("#view-list"), click("details.keys summary")),
            state("extend", *on_row("e", "#extend[open]", ON)),
            state(
                "extend-wrong",
                fill("#extend-minutes", "-119"),
                press("Enter"),
                see("#extend-error:not(:empty)"),
            ),
            state("delay", press("Escape"), *on_row("d", "#delay tbody tr")),
            *(
                state(name, press("Escape"), *on_row(key, "#edit[open]"))
                for key, name in (
                    ("m", "move"),
                    ("w", "swap"),
                    ("p", "speaker"),
                    ("b", "break"),
                    ("c", "cancel"),
                )
            ),
            state("signal", press("Escape"), *on_row("g", "#edit[open]", ON)),
            state("guest", press("Escape"), *on_row("i", "#guest[open]")),
            state("guest-link", click("#guest .primary"), see("#guest-link")),
            state(
                "catch-up", press("Escape"), click("#catch-up"), see("#catch-up-dialog tbody tr")
            ),
            state(
                "offer",
                press("Escape"),
                edit_schedule("title: Lines off", "title: Lines off, and thanks"),
                click("#offer"),
                see("#offer-dialog tbody tr"),
            ),
            state(
                "armed",
                press("Escape"),
                focus(f"{ROW} th a"),
                press("s"),
                see(f"{ROW} [data-armed]"),
            ),
            state(
                "told",
                focus(f"{ROW} th a"),
                press("k", "k"),
                see(f"{ROW} .told-here[data-tone='ok']"),
            ),
            state("undone", click("#undo"), see("#note:not(:empty)")),
            state("held", click("#hold"), see("#clock-label")),
            state("nothing", click("#hold"), fill("#words", NO_MATCH), see("#none")),
        ),
    ),
    Scene("produce-stage", "sam", "produce", "[data-session]"),
    Scene(
        "access",
        "paula",
        "access",
        "#links tr",
        (state("armed", click("#links button"), see("#links [data-armed]")),),
    ),
    Scene(
        "history",
        "paula",
        "history",
        "#entries tr",
        (state("nothing", fill("#words", NO_MATCH), see("#none")),),
    ),
    Scene("organise", "paula", "organise", "#roles tr"),
    Scene("captions", "cora", "captions", "#talks li"),
    Scene(
        "captioner",
        "cora",
        f"captions/{LIVE}",
        "#caption-form",
        (
            state("no-words", press("Tab"), click("#caption-send")),
            state(
                "written",
                fill("#caption-text", "The wind is measured twice a second."),
                press("Enter"),
                see(".caption-line"),
            ),
            state("correcting", click(".caption-line button"), see("#caption-cancel")),
        ),
    ),
    Scene("not-yours", "ada", "produce", "main.instead h1"),
    Scene("on-air", "screen", "on-air/quay", ".plate:visible"),
    Scene("on-air-refused", "", "on-air/quay", "#problem"),
)
SPEAKER = (
    Scene(
        "speak",
        "teun",
        f"speak/{LIVE}",
        ".backstage-line",
        (
            state("source", check("#sources [value='card']"), see("#switches")),
            state("silent", click("#mute"), click("#dark")),
            state("agreed", check("#consent-yes"), see("#consent-text:has-text('live')")),
            state("told", click(".backstage-line button"), gone(".backstage-line")),
        ),
    ),
    Scene(
        "speak-late",
        "aiko",
        f"speak/{OTHER}",
        "#count",
        (
            state(
                "wrap-up",
                command("paula", "session.extend", session=OTHER, minutes=-38),
                see("#head:not([data-tone=''])"),
            ),
        ),
    ),
    Scene(
        "speak-guest",
        "",
        f"speak/{LIVE}",
        "main.instead h1",
        (
            state("name", open_guests_link(LIVE), see("#guest-name")),
            state(
                "no-name",
                fill("#guest-name", " "),
                click(".sign-in .primary"),
                see(".sign-in .error:not(:empty)"),
            ),
        ),
    ),
    Scene("speak-other", "teun", f"speak/{OTHER}", "main.instead h1"),
    Scene("speak-before", "teun", "speak/simulating-a-port", "#count"),
)
# With somebody on air: these need a media worker.
ON_AIR = Scene(
    "speak-on-air",
    "teun",
    f"speak/{LIVE}",
    "#sources",
    (
        state(
            "on-air", check("#sources [value='card']"), click("#go"), see("#tally[data-state='on']")
        ),
        state("leaving", click("#leave"), see("#leave[data-armed]")),
    ),
)
SEEN = (
    Scene(
        "watch-live",
        "chiara",
        f"watch/{LIVE}",
        "#screen[data-state='live']",
        (
            state("quality", hover("#screen"), see("#controls"), focus("#quality")),
            state("figures", click("#figures-box summary")),
        ),
    ),
    Scene("produce-live", "paula", "produce", ".publication"),
    Scene("moderate-live", "nan", "moderate", "#session"),
)
