"""The measurements of several processes as one answer, read back by Prometheus' own parser."""

import string

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from showcaller.workers.measurements import Measurements, merge

TEXTS = st.text(st.characters(codec="utf-8"), max_size=8)


def measured(shared, counted, observed=()):
    """Return what a process's registry gives out: a gauge, a labelled counter, a histogram."""
    registry = CollectorRegistry()
    Gauge("shared", 'A \\ "gauge"\nof two lines', registry=registry).set(shared)
    counter = Counter("counted", "A counter", ["kind", "of"], registry=registry)
    for kind, value in counted.items():
        counter.labels(kind, "} x").inc(value)
    histogram = Histogram("observed", "A histogram", registry=registry, buckets=(1, 2))
    for value in observed:
        histogram.observe(value)
    return generate_latest(registry).decode()


def samples_of(text, **label):
    return sorted(
        (family.name, family.documentation, family.type, one.name, labels, one.value)
        for family in text_string_to_metric_families(text)
        for one in family.samples
        for labels in [sorted((one.labels | label).items())]
    )


one_process = st.builds(
    measured,
    st.floats(allow_nan=False),
    st.dictionaries(TEXTS, st.floats(0, 1e9), max_size=3),
    st.lists(st.floats(0, 3), max_size=3),
)


@given(st.dictionaries(st.sampled_from([*string.digits, "supervisor"]), one_process))
def test_nothing_is_lost_added_or_changed_but_the_label(texts):
    expected = []
    for name, text in texts.items():
        expected += samples_of(text, **{"worker": name} if name.isdecimal() else {})
    assert samples_of(merge(texts)) == sorted(expected)


@given(st.lists(one_process, min_size=1, max_size=3))
def test_each_family_is_described_once(texts):
    merged = merge({str(number): text for number, text in enumerate(texts)})
    helped = [line.split(" ")[2] for line in merged.split("\n") if line.startswith("# HELP ")]
    assert len(helped) == len(set(helped))


async def test_any_worker_tells_the_measurements_of_all(tmp_path):
    async with (
        Measurements(tmp_path, "0") as zero,
        Measurements(tmp_path, "1") as one,
    ):
        zero.publish()
        assert b'worker="0"' in await zero.gather()
        assert b'worker="1"' not in await zero.gather()
        one.publish()
        both = await zero.gather()
        assert both.count(b'python_info{worker="') == 2
        assert await one.gather() == both or b'worker="1"' in await one.gather()
    assert await one.gather() == b""  # who is gone is left out


async def test_a_replacement_takes_the_name_over(tmp_path):
    old, new = CollectorRegistry(), CollectorRegistry()
    Gauge("age", "Age", registry=old).set(2)
    Gauge("age", "Age", registry=new).set(1)
    async with Measurements(tmp_path, "0", old) as before:
        before.publish()
        assert b'age{worker="0"} 2.0' in await before.gather()
        async with Measurements(tmp_path, "0", new) as after:
            after.publish()
            assert await before.gather() == await after.gather()
            assert b'age{worker="0"} 1.0' in await after.gather()
