"""The pieces that a report is put together from."""

from __future__ import annotations

from collections.abc import Sequence

from . import plots, units
from .charts import Chart
from .markup import Child, Markup, element


def section(title: str, *children: Child) -> Markup:
    return element("section", element("h2", title), *children)


def empty(why: str) -> Markup:
    return element("p", why, class_="empty")


def table(headings: Sequence[tuple[str, str]], rows: Sequence[Sequence[Child]]) -> Markup:
    """`headings`: (name, class). The first cell of a row names it; on a phone rows become blocks."""
    head = [element("th", name, scope="col", class_=kind or None) for name, kind in headings]
    body = [
        element(
            "tr",
            [
                element("th", cell, scope="row")
                if (name, kind) == headings[0]
                else element("td", cell, class_=kind or None, data_label=name)
                for (name, kind), cell in zip(headings, row, strict=True)
            ],
        )
        for row in rows
    ]
    table = element(
        "table", element("thead", element("tr", head)), element("tbody", body), class_="stack"
    )
    return element("div", table, class_="wide")


def badge(kind: str, text: str) -> Markup:
    return element("span", text, class_=f"badge {kind}")


def listed(name: str, lines: Sequence[str]) -> Child:
    return element(name, [element("li", line) for line in lines]) if lines else ()


def figure(chart: Chart, end_s: float, marks: Sequence[plots.Mark]) -> Markup:
    """One plot over time with its table; where nothing was measured, why."""
    caption = [element("h3", chart.title), element("p", chart.meaning, class_="meaning")]
    if chart.is_empty:
        return element("div", caption[0], empty(chart.empty), class_="nothing")
    rows = plots.rows(chart.lines, end_s)
    return element(
        "figure",
        element("figcaption", caption),
        plots.legend(chart.lines),
        plots.plot(
            chart.name,
            chart.title,
            f"{chart.meaning} The figures are in the table below the plot.",
            chart.lines,
            plots.times(end_s),
            chart.scale(),
            show_x=units.clock,
            show_y=chart.show,
            marks=marks,
            limit=chart.limit,
        ),
        element(
            "details",
            element("summary", "Figures"),
            element("div", plots.table(rows, chart.lines, chart.show), class_="wide"),
        ),
    )
