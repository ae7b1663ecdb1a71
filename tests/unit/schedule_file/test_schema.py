"""The schema of schedule files and their documentation: both say what the reader takes."""

import json
import re

import jsonschema_rs
import pytest
import yaml

from .texts import (
    HARBOUR,
    MODEL,
    SCHEDULES,
    SMALL,
    changed,
    errors,
    first_with,
    good,
)


class _Yaml12(yaml.SafeLoader):
    """YAML as editors read it: dates and times of day are text."""


_Yaml12.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in rules if not tag.endswith(("timestamp", ":int"))]
    for first, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Yaml12.add_implicit_resolver(
    "tag:yaml.org,2002:int", re.compile(r"-?(?:0|[1-9][0-9]*)$"), list("-0123456789")
)


def schema():
    return json.loads((SCHEDULES / "schedule.schema.json").read_text())


def as_editors_read(text):
    return yaml.load(text, _Yaml12)


def examples():
    readme = (SCHEDULES / "README.md").read_text()
    return re.findall(r"```yaml\n(.*?)```", readme, re.DOTALL)


def test_the_example_of_the_documentation_is_sound():
    (example,) = examples()
    assert good(example)


def test_the_schema_accepts_what_the_reader_accepts():
    validator = jsonschema_rs.validator_for(schema())
    for text in (SMALL, MODEL.read_text(), HARBOUR.read_text(), *examples()):
        validator.validate(as_editors_read(text))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("sessions:", "sesions:"),
        ("id: small", "id: Small Event"),
        ("title: Small", "title: 1984"),
        ("2023-12-13", "13.12.2023"),
        ("{id: ada, name: Ada}", "{id: ada}"),
        ("title: First", "kind: tlak\n    title: F"),
        ("title: First", "qa: maybe\n    title: F"),
        ('"09:30"', '"9.30"'),
        ("minutes: 30", "minutes: 12.5"),
        ("minutes: 30", 'minutes: 30\n    ends: "10:00"'),
        ("minutes: 30", ""),
    ],
)
def test_the_schema_refuses_wrong_shapes(old, new):
    """Only the reader knows what fields mean together."""
    text = changed(old, new)
    assert errors(text)
    assert not jsonschema_rs.validator_for(schema()).is_valid(as_editors_read(text))


def test_the_schema_knows_exactly_the_readers_fields():
    whole = changed("themes:", "stages: [{id: main, title: M}]\nthemes:") + (
        "qa: {enabled: true}\ncues: {doors_open_min: 1}\noverrun: {policy: wait}\n"
        'brand: {light: "#0d5c63"}\nconsents: [{id: a, text: A}]\nending: {text: E}\n'
        "certificate: {text: C}\n"
    )
    for name, at in {
        "event": "event: {",
        "day": "days: [{",
        "titled": "stages: [{",
        "speaker": "speakers: [{",
        "cues": "cues: {",
        "brand": "brand: {",
        "overrun": "overrun: {",
        "consent": "consents: [{",
        "ending": "ending: {",
        "certificate": "certificate: {",
    }.items():
        for field in schema()["$defs"][name]["properties"]:
            found = errors(changed(at, f"{at}{field}: [[]], ", whole))
            assert not any("no such field" in message for message in found.values()), field
    for field in schema()["$defs"]["session"]["properties"]:
        found = errors(first_with(f"{field}: [[]]"))
        assert not any("no such field" in message for message in found.values()), field


def test_the_documentation_names_every_field():
    readme = (SCHEDULES / "README.md").read_text()
    for name, definition in schema()["$defs"].items():
        for field in definition.get("properties", {}):
            assert f"`{field}`" in readme, (name, field)
