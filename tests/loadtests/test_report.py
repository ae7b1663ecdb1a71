"""The HTML report: whole, self-contained, and unbroken by whatever stands in a result."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from showcaller_load import json_out, report
from showcaller_load.results import (
    VERSION,
    Check,
    Fault,
    Finding,
    GeneratorUse,
    Machine,
    Percentiles,
    ProcessSample,
    Result,
    Second,
)

from .made_results import made_result

VERDICTS = ("pass", "fail", "invalid", "stopped")
EVIL = "</script><script>alert(1)</script><img src=x onerror=alert(1)>\"'&<b>"
VOID = {"meta", "link", "br", "img"}


class Page(HTMLParser):
    """Every element with its attributes; fails on one that is not closed."""

    def __init__(self, html):
        super().__init__()
        self.elements, self.texts, self.open = [], [], []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)

    def text(self):
        return re.sub(r"\s+", " ", " ".join(self.texts))

    def all(self, tag):
        return [attrs for name, attrs in self.elements if name == tag]


def nothing_happened(**changes):
    """A run that was stopped before its first second."""
    fields = {
        "seconds": [],
        "processes": [],
        "faults": [],
        "findings": [],
        "finding_counts": {},
        "generators": [],
        "machines": [],
        "latencies": {},
        "histograms": {},
        "checks": [],
        "totals": {},
        "took_s": 0.0,
    }
    return made_result("stopped", **(fields | changes))


@pytest.mark.parametrize("verdict", VERDICTS)
def test_the_verdict_comes_first_in_words_and_shape(verdict):
    html = report.html(made_result(verdict))
    page = Page(html)
    headings = re.findall(r"<h[12][^>]*>([^<]+)", html)
    assert headings[:2] == ["session-starting", report.HEADLINES[verdict]]
    assert 'class="shape"' in html
    for reason in made_result(verdict).why:
        assert reason in page.text()


def test_an_invalid_run_says_what_to_change():
    text = Page(report.html(made_result("invalid"))).text()
    assert "says nothing about the server" in text
    assert "What to change" in text
    assert "! the bottleneck" in text
    assert "What to change" not in Page(report.html(made_result("fail"))).text()


@pytest.mark.parametrize("verdict", VERDICTS)
def test_nothing_is_loaded_from_outside(verdict):
    html = report.html(made_result(verdict))
    page = Page(html)
    policy = next(meta["content"] for meta in page.all("meta") if "http-equiv" in meta)
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    addresses = [
        value
        for _, attrs in page.elements
        for name, value in attrs.items()
        if name in ("src", "href", "action", "srcset", "data")
    ]
    assert addresses == ["data:,"]
    assert "@import" not in html
    assert "url(" not in html


def test_no_attribute_holds_style_or_script():
    for _, attrs in Page(report.html(made_result("fail"))).elements:
        assert not any(name == "style" or name.startswith("on") for name in attrs)


def test_whatever_comes_from_outside_is_escaped():
    machine = Machine(host=EVIL, cores=1, cpu_model=EVIL, memory_gib=1.0, kernel=EVIL, python=EVIL)
    finding = Finding(kind="lost", attendee=EVIL, channel=EVIL, offset=1, detail=EVIL)
    plain = made_result("fail")
    result = made_result(
        "fail",
        scenario=EVIL,
        scenario_yaml=EVIL,
        target=EVIL,
        started_at=EVIL,
        why=[EVIL],
        machines=[machine],
        findings=[finding],
        faults=[Fault(t_s=1.0, what=EVIL)],
        generators=[msgspec.structs.replace(plain.generators[0], host=EVIL)],
        processes=[msgspec.structs.replace(plain.processes[0], name=EVIL)],
        checks=[msgspec.structs.replace(plain.checks[0], name=EVIL, unit=EVIL, meaning=EVIL)],
        tool_version=EVIL,
    )
    html = report.html(result)
    page = Page(html)
    assert len(page.all("script")) == 1
    assert page.all("img") == []
    assert page.all("b") == [{}]  # the number of the fault
    assert page.text().count("alert(1)") > 15


@settings(max_examples=30, deadline=None)
@given(st.text(), st.text())
def test_any_text_leaves_the_page_whole(name, yaml):
    Page(report.html(nothing_happened(scenario=name, scenario_yaml=yaml)))


def test_ids_are_unique_and_plots_are_named():
    page = Page(report.html(made_result("fail")))
    ids = [attrs["id"] for _, attrs in page.elements if "id" in attrs]
    assert len(ids) == len(set(ids))
    plots = [attrs for attrs in page.all("svg") if attrs.get("role") == "img"]
    assert len(plots) == 10
    for attrs in plots:
        assert set(attrs["aria-labelledby"].split()) <= set(ids)


def test_each_plot_over_time_has_its_table():
    html = report.html(made_result("pass"))
    figures = re.findall(r"<figure>.*?</figure>", html, re.DOTALL)
    over_time = [figure for figure in figures if "percentiles-title" not in figure]
    assert len(over_time) == 9
    assert all('class="figures"' in figure and "<tbody><tr" in figure for figure in over_time)


def test_faults_are_numbered_and_marked_in_every_plot():
    html = report.html(made_result("pass"))
    assert "worker 2 killed (SIGKILL)" in html
    assert html.count('class="mark"') == 2 * 9  # the first two faults share a mark


def test_what_was_not_measured_says_why():
    text = Page(report.html(nothing_happened())).text()
    for why in (
        "The scenario sets no limits.",
        "No fault was made in this run.",
        "No second of the run was over.",
        "Attendees sent no commands",
        "Nothing was broadcast",
        "processes were not sampled",
        "metrics were not read",
        "Nothing was timed",
        "No attendee synchronised its clock",
        "No generator reported.",
        "No machine reported.",
    ):
        assert why in text, why


def test_findings_are_counted_and_named():
    text = Page(report.html(made_result("fail"))).text()
    assert "412 lost" in text
    assert "The first 3 of 414." in text
    for words in ("a-17", "session/talk", "812", "never came"):
        assert words in text


def test_a_limit_of_at_least_reads_so():
    text = Page(report.html(made_result("pass"))).text()
    assert "≥ 150" in text
    assert "≤ 1\u00a0s" in report.html(made_result("pass"))


def test_more_processes_than_can_be_told_apart_are_left_out_and_counted():
    sample = made_result().processes[0]
    many = [
        msgspec.structs.replace(sample, name=f"worker {n}", pid=n + 1, cpu_share=n / 20)
        for n in range(12)
    ]
    html = report.html(made_result(processes=many))
    assert "The 8 that used the most; 4 more were." in html
    cpu = re.search(r'<ul class="legend">((?:(?!</ul>).)*worker 11.*?)</ul>', html, re.DOTALL)[1]
    assert cpu.count("<li>") == 8
    assert "worker 3<" not in cpu


def test_a_long_run_makes_no_huge_page():
    html = report.html(made_result(length_s=7200))
    assert len(html) < 1_500_000


# On disk ------------------------------------------------------------------------------------------


def test_json_and_html_lie_side_by_side_and_the_json_gives_the_html_again(tmp_path):
    result = made_result("fail")
    json_path, html_path = json_out.write(result, tmp_path / "new" / "run")
    assert (json_path.name, html_path.name) == ("result.json", "report.html")
    assert json_out.read(json_path) == result
    assert report.html(json_out.read(json_path)) == html_path.read_text(encoding="utf-8")


def test_json_is_plain_and_versioned(tmp_path):
    path, _ = json_out.write(made_result(), tmp_path)
    found = json.loads(path.read_bytes())
    assert found["version"] == VERSION
    assert found["verdict"] == "pass"
    assert found["seconds"][20]["deliveries"] > 0


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no result of showcaller-load"),
        ("[]", "no result of showcaller-load"),
        ('{"version": 99}', "of version 99; this showcaller-load reads 1"),
        ('{"version": 1}', "missing required field"),
        ('{"version": "1"}', "no result"),
    ],
)
def test_what_is_no_result_is_refused_with_a_reason(tmp_path, text, why):
    path = tmp_path / "result.json"
    path.write_text(text)
    with pytest.raises(json_out.Unreadable, match=why):
        json_out.read(path)


def test_a_field_that_no_version_knows_is_refused(tmp_path):
    data = json.loads(made_result().to_json()) | {"surprise": 1}
    with pytest.raises(msgspec.ValidationError, match="surprise"):
        Result.from_json(json.dumps(data))


def documented_fields():
    """Return the field names that loadtests/README.md has of `result.json`."""
    readme = (Path(__file__).parents[2] / "loadtests" / "README.md").read_text(encoding="utf-8")
    part = readme.partition("### `result.json`")[2].partition("\n## ")[0]
    return set(re.findall(r"`([a-z0-9_]+)`", part))


@pytest.mark.parametrize(
    "of",
    [Result, Second, ProcessSample, Fault, Finding, Check, Percentiles, GeneratorUse, Machine],
    ids=lambda of: of.__name__,
)
def test_every_field_of_the_json_is_documented(of):
    assert set(of.__struct_fields__) <= documented_fields()
