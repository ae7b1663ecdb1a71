"""The report of a run: one HTML page that needs nothing else, for the people who decide by it."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence
from importlib import resources

from . import charts, plots, units
from .markup import Child, Markup, element
from .parts import badge, empty, figure, listed, section, table
from .results import Check, Finding, GeneratorUse, Percentiles, Result
from .verdict_words import HEADLINES, KINDS, LATENCIES, is_least, summary, what_to_change

CLASSES = {"pass": "pass", "fail": "fail", "invalid": "doubt", "stopped": "doubt"}
LIMIT_HEADINGS = [
    ("Figure", ""),
    ("Measured", "n"),
    ("Limit", "n"),
    ("Result", ""),
    ("What it is", "meaning"),
]
SIGNS = {
    "pass": ("M24 2a22 22 0 1 1 0 44a22 22 0 1 1 0-44z", "M14 25l7 7 13-15"),
    "fail": ("M15 2h18l13 13v18l-13 13h-18l-13-13v-18z", "M16 16l16 16M32 16l-16 16"),
    "invalid": ("M24 3l22 41h-44z", "M24 19v11M24 37v.01"),
    "stopped": ("M4 4h40v40h-40z", "M18 16v16M30 16v16"),
}


def html(result: Result) -> str:
    """The whole page."""
    style, script = _resource("report.css"), _resource("report.js")
    policy = f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; img-src data:"
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=policy),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("link", rel="icon", href="data:,"),
        element("title", f"{HEADLINES[result.verdict]}: {result.scenario} · showcaller-load"),
        element("style", Markup(style)),
    )
    body = element(
        "body",
        _header(result),
        element("main", _sections(result)),
        _footer(result),
        element("script", Markup(script)),
    )
    return "<!doctype html>\n" + element("html", head, body, lang="en") + "\n"


def _resource(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"


def _header(result: Result) -> Markup:
    about = [
        f"against {result.target}",
        f"began {_instant(result.started_at)}",
        f"took {units.clock(result.took_s)} min",
        " + ".join(machine.host for machine in result.machines),
    ]
    return element(
        "header",
        element("p", "Showcaller load test", class_="kicker"),
        element("h1", result.scenario),
        element("ul", [element("li", line) for line in about if line], class_="about"),
    )


def _instant(iso: str) -> str:
    """`2026-11-23T20:01:07Z` as people write it."""
    return re.sub(r"^(\d{4}-\d\d-\d\d)T(\d\d:\d\d(:\d\d)?)[\d.]*(Z|\+00:00)$", r"\1, \2 UTC", iso)


def _sections(result: Result) -> list[Markup]:
    return [
        _verdict(result),
        _key_figures(result),
        _checks(result.checks),
        _timeline(result),
        _latencies(result),
        _findings(result),
        _clock(result),
        _generators(result),
        _machines(result),
        _scenario(result),
    ]


def _verdict(result: Result) -> Markup:
    shape, sign = SIGNS[result.verdict]
    return element(
        "section",
        element(
            "svg",
            element("path", class_="shape", d=shape),
            element("path", class_="sign", d=sign),
            viewBox="0 0 48 48",
            aria_hidden="true",
        ),
        element("h2", HEADLINES[result.verdict]),
        element("p", summary(result)),
        listed("ul", result.why),
        _advice(what_to_change(result)),
        class_=f"verdict {CLASSES[result.verdict]}",
    )


def _advice(lines: Sequence[str]) -> Child:
    return (element("h3", "What to change"), listed("ul", lines)) if lines else ()


def _key_figures(result: Result) -> Markup:
    return element(
        "section",
        element(
            "dl", [_key_figure(*figure) for figure in charts.key_figures(result)], class_="keys"
        ),
        class_="keys-frame",
        aria_label="Key figures",
    )


def _key_figure(name: str, value: str, more: str) -> Markup:
    return element(
        "div",
        element("dt", name),
        element("dd", value, class_="value"),
        element("dd", more, class_="more"),
    )


def _checks(checks: Sequence[Check]) -> Markup:
    held_to = [check for check in checks if check.ok is not None]
    others = [check for check in checks if check.ok is None and check.value is not None]
    return section(
        "Checks",
        table(LIMIT_HEADINGS, [_check_row(check) for check in held_to])
        if held_to
        else empty("The scenario sets no limits."),
        _other_figures(others) if others else (),
    )


def _check_row(check: Check) -> list[Child]:
    return [
        element("code", check.name),
        units.with_unit(check.value, check.unit) if check.value is not None else "not measured",
        f"{'≥' if is_least(check) else '≤'} {units.with_unit(check.limit, check.unit)}",
        badge("pass", "✓ held") if check.ok else badge("fail", "✕ failed"),
        check.meaning,
    ]


def _other_figures(checks: Sequence[Check]) -> Markup:
    rows: list[list[Child]] = [
        [element("code", check.name), units.with_unit(check.value, check.unit), check.meaning]
        for check in checks
    ]
    return element(
        "details",
        element("summary", f"{units.count(len(checks), 'more figure')}, without limits"),
        table([("Figure", ""), ("Measured", "n"), ("What it is", "meaning")], rows),
    )


def _timeline(result: Result) -> Markup:
    end_s, marks = charts.end_s(result), charts.marks(result)
    faults = sorted(result.faults, key=lambda fault: fault.t_s)
    made = [
        element(
            "li", element("b", mark.label), element("span", units.clock(fault.t_s)), " ", fault.what
        )
        for mark, fault in zip(marks, faults, strict=True)
    ]
    return element(
        "section",
        element("h2", "The run"),
        element(
            "p",
            "All plots share one time axis, in minutes and seconds since the first socket was wanted.",
        ),
        element("ul", made, class_="faults") if made else empty("No fault was made in this run."),
        [figure(chart, end_s, marks) for chart in charts.timeline(result)],
        class_="timeline",
        data_end=end_s,
    )


def _latencies(result: Result) -> Markup:
    headings = [
        ("Latency", ""),
        ("Count", "n"),
        ("p50", "n"),
        ("p95", "n"),
        ("p99", "n"),
        ("max", "n"),
        ("What it is", "meaning"),
    ]
    rows = [
        _latency_row(LATENCIES[key], result.latencies[key])
        for key in LATENCIES
        if key in result.latencies and result.latencies[key].count
    ]
    if not rows:
        return section(
            "Latencies", empty("Nothing was timed: no broadcast, command or join came to its end.")
        )
    return section("Latencies", table(headings, rows), _distribution(charts.distribution(result)))


def _latency_row(words: tuple[str, str], found: Percentiles) -> list[Child]:
    times = (found.p50_ms, found.p95_ms, found.p99_ms, found.max_ms)
    return [words[0], units.number(found.count), *map(units.milliseconds, times), words[1]]


def _distribution(lines: Sequence[plots.Line]) -> Child:
    if not lines:
        return empty("The result holds no histograms.")
    meaning = (
        "How long all but the slowest took; each further tick is ten times rarer. "
        "Both axes are logarithmic."
    )
    return element(
        "figure",
        element(
            "figcaption",
            element("h3", "By percentile"),
            element("p", meaning, class_="meaning"),
        ),
        plots.legend(lines),
        plots.plot(
            "percentiles",
            "Latencies by percentile",
            f"{meaning} The table above has the percentiles.",
            lines,
            charts.percentiles(lines),
            plots.logarithmic([value for line in lines for value in line.values], 0.1),
            show_x=charts.show_percentile,
            show_y=units.milliseconds,
            height=260,
        ),
    )


def _findings(result: Result) -> Markup:
    total = sum(result.finding_counts.values())
    counts = [
        element("li", badge("fail" if found else "none", f"{found:,} {words[0]}"))
        for kind, words in KINDS.items()
        for found in [result.finding_counts.get(kind, 0)]
    ]
    kinds = [(element("dt", name), element("dd", meaning)) for name, meaning in KINDS.values()]
    return section(
        "Lost, doubled, out of order",
        element("ul", counts, class_="counts"),
        _findings_table(result.findings, total),
        element(
            "details",
            element("summary", "What these words mean"),
            element("dl", kinds, class_="kinds"),
        ),
    )


def _findings_table(findings: Sequence[Finding], total: int) -> Child:
    if not findings:
        return empty("Every attendee's ledger agrees with what was acknowledged.")
    headings = [
        ("Attendee", ""),
        ("What", ""),
        ("Channel or command", ""),
        ("Offset", "n"),
        ("Detail", "detail"),
    ]
    rows = [
        [
            finding.attendee,
            badge("fail", KINDS[finding.kind][0]),
            element("code", finding.channel),
            units.number(finding.offset),
            finding.detail,
        ]
        for finding in findings
    ]
    more = f"The first {len(findings):,} of {total:,}." if total > len(findings) else ""
    return (table(headings, rows), element("p", more, class_="meaning") if more else ())


def _clock(result: Result) -> Markup:
    title = "Clock error"
    found = result.latencies.get("clock")
    if found is None or not found.count:
        return section(title, empty("No attendee synchronised its clock in this scenario."))
    text = (
        f"{units.count(found.count, 'estimate')} of the server's clock, by attendees whose own "
        f"clocks were wrong on purpose: half were wrong by at most "
        f"{units.milliseconds(found.p50_ms)}, 99 % by at most {units.milliseconds(found.p99_ms)}, "
        f"the worst by {units.milliseconds(found.max_ms)}."
    )
    return section(title, element("p", text))


def _generators(result: Result) -> Markup:
    headings = [
        ("Generator", ""),
        ("Sockets", "n"),
        ("Busiest second", "n"),
        ("Late p99", "n"),
        ("", ""),
    ]
    end_s = charts.end_s(result)
    text = (
        "What the load generators needed themselves. A run in which one was the bottleneck says "
        "nothing about the server."
    )
    health = (
        table(headings, [_generator_row(use) for use in result.generators])
        if result.generators
        else empty("No generator reported.")
    )
    return element(
        "section",
        element("h2", "The generators' own health"),
        element("p", text),
        health,
        figure(charts.generators(result), end_s, charts.marks(result)),
        class_="timeline",
        data_end=end_s,
    )


def _generator_row(use: GeneratorUse) -> list[Child]:
    busy = charts.is_bottleneck(use)
    return [
        f"{use.host}, pid {use.pid}",
        units.number(use.sockets),
        units.percent(use.busy_max),
        units.milliseconds(use.late_p99_ms),
        badge("doubt", "! the bottleneck") if busy else badge("pass", "✓ had room"),
    ]


def _machines(result: Result) -> Markup:
    headings = [
        ("Host", ""),
        ("Cores for it", "n"),
        ("Memory", "n"),
        ("Processor", ""),
        ("Kernel", ""),
        ("Python", ""),
    ]
    rows: list[list[Child]] = [
        [
            machine.host,
            units.number(machine.cores),
            f"{units.number(machine.memory_gib)}{units.SPACE}GiB",
            machine.cpu_model,
            machine.kernel,
            machine.python,
        ]
        for machine in result.machines
    ]
    return section("Machines", table(headings, rows) if rows else empty("No machine reported."))


def _scenario(result: Result) -> Markup:
    again = f"--audience {result.audience} --duration {result.duration_s:g}s"
    also = (
        ""
        if result.target.startswith("showcaller serve")
        else ", with --url and what lets people in"
    )
    return section(
        "The scenario",
        element("p", f"Save the text below as scenario.yaml, and run it again{also}:"),
        element("pre", element("code", f"showcaller-load run scenario.yaml {again}"), tabindex="0"),
        element("pre", element("code", result.scenario_yaml), tabindex="0"),
    )


def _footer(result: Result) -> Markup:
    text = (
        f"showcaller-load {result.tool_version}. result.json beside this page has every figure, "
        f"in version {result.version} of its format."
    )
    return element("footer", text)
