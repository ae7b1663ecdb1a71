"""The look of an event in its schedule: colours that can be read, pictures that are there."""

import re
from pathlib import Path

import pytest

from showcaller.schedule_file import pictures_of, read_schedule
from showcaller.schedule_file.brand import MAX_PICTURE_BYTES, THEMES, contrast_of, mixed

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 20
STYLE = Path(__file__).parents[3] / "server/showcaller/web/assets/base.css"


def read(tmp_path, brand="", photo=""):
    path = tmp_path / "event.yaml"
    path.write_text(
        "event: {id: e, title: E, time_zone: UTC}\ndays: [{date: 2040-05-01}]\n"
        f"speakers: [{{id: ada, name: Ada{photo and f', photo: {photo}'}}}]\nbrand: {{{brand}}}\n"
        'sessions: [{id: a, title: A, starts: "09:00", minutes: 5, speakers: [ada]}]\n'
    )
    schedule, found = read_schedule(path, file_name="event.yaml")
    return schedule, {one.field: one.message for one in found}


def test_colours_that_can_be_read_are_taken(tmp_path):
    schedule, found = read(tmp_path, 'light: "#0D5C63", dark: "#7fd0d3"')
    assert found == {}
    assert (schedule.brand.light, schedule.brand.dark) == ("#0d5c63", "#7fd0d3")


@pytest.mark.parametrize(
    ("brand", "field", "part"),
    [
        ('light: "#7fd0d3"', "brand.light", "take a darker one"),
        ('dark: "#0d5c63"', "brand.dark", "take a lighter one"),
        ("light: teal", "brand.light", "is no colour"),
        ("logo: gone.png", "brand.logo", "can't be read"),
        ("logo: /etc/hostname", "brand.logo", "beside the schedule"),
        ("logo: ../logo.png", "brand.logo", "beside the schedule"),
        ("cover: event.yaml", "brand.cover", "no PNG, JPEG or WebP"),
    ],
)
def test_what_would_not_do_is_reported_at_its_field(tmp_path, brand, field, part):
    schedule, found = read(tmp_path, brand)
    assert schedule is None
    assert part in found[field]


def test_pictures_beside_the_schedule_are_found(tmp_path):
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures/ada.png").write_bytes(PNG)
    schedule, found = read(tmp_path, photo="pictures/ada.png")
    assert found == {}
    assert pictures_of(schedule, tmp_path) == {"pictures/ada.png": PNG}


def test_a_picture_that_is_too_large_is_refused(tmp_path):
    (tmp_path / "logo.png").write_bytes(PNG + b"\0" * MAX_PICTURE_BYTES)
    _, found = read(tmp_path, "logo: logo.png")
    assert "make it smaller" in found["brand.logo"]


def test_contrast_is_that_of_wcag():
    assert contrast_of("#000000", "#ffffff") == pytest.approx(21)
    assert contrast_of("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)
    assert mixed("#ff0000", "#0000ff", 0.5) == "#800080"


def test_the_grounds_are_those_of_the_pages_style():
    light, dark = STYLE.read_text().split("@media (prefers-color-scheme: dark)")[:2]
    for text, theme in ((light, "light"), (dark, "dark")):
        for name, colour in THEMES[theme]._asdict().items():
            assert re.search(rf"--{name}: (#\w+);", text)[1] == colour
