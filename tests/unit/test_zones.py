"""Time zones: which copy of the data is taken, and what it says."""

import itertools
from datetime import UTC, datetime, timedelta

import pytest

from showcaller import zones


def folder_of(path, version, file="tzdata.zi"):
    path.mkdir(exist_ok=True)
    (path / file).write_text(version)
    return path


@pytest.mark.parametrize(
    ("name", "utc_hour"),
    [("America/Winnipeg", 15), ("America/Vancouver", 17), ("America/Edmonton", 16)],
)
def test_ten_in_december_2026_follows_the_law_of_that_year(name, utc_hour):
    local = datetime(2026, 12, 10, 10, tzinfo=zones.zone(name))
    assert local.astimezone(UTC).hour == utc_hour


@pytest.mark.parametrize(
    ("installed", "source"),
    [("2025b", "package"), ("2026f", "package"), ("2026g", "system"), ("2027a", "system")],
)
def test_the_newer_copy_is_taken(tmp_path, installed, source):
    copy = zones.installed(folder_of(tmp_path, f"# version {installed}\n# more"))
    package = zones.packaged()._replace(version="2026f")
    assert zones.newest(package, copy).source == source


def test_a_year_with_more_versions_than_letters_goes_on_after_z(tmp_path):
    versions = ["2025z", "2026a", "2026z", "2026za", "2026zb", "2027"]
    copies = [zones.ZoneData(version, tmp_path, "system") for version in versions]
    for older, newer in itertools.pairwise(copies):
        assert zones.newest(older, newer) is newer


def test_a_copy_tells_its_version_in_either_file_or_is_passed_over(tmp_path):
    assert zones.installed(folder_of(tmp_path / "a", "2026c\n", "+VERSION")).version == "2026c"
    assert zones.installed(folder_of(tmp_path / "b", "nothing of the kind")) is None
    assert zones.installed(tmp_path / "nowhere") is None


def test_each_name_names_a_zone():
    for name in zones.names():
        assert zones.zone(name).key == name


@pytest.mark.parametrize("name", ["localtime", "posixrules", "Factory", "tzdata.zi", "", "../UTC"])
def test_what_depends_on_the_host_is_no_name(name):
    with pytest.raises(ValueError, match="is no IANA time zone"):
        zones.zone(name)


def milliseconds(*parts):
    return int(datetime(*parts, tzinfo=UTC).timestamp() * 1000)


def test_offsets_change_at_the_instant_at_which_clocks_do():
    start, end = milliseconds(2027, 1, 1), milliseconds(2028, 1, 1)
    spring, autumn = milliseconds(2027, 3, 28, 1), milliseconds(2027, 10, 31, 1)
    assert zones.offsets("Europe/Berlin", start, end) == [
        (start, spring, 3600),
        (spring, autumn, 7200),
        (autumn, end, 3600),
    ]


@pytest.mark.parametrize("name", ["Africa/Casablanca", "Australia/Lord_Howe", "Asia/Kathmandu"])
def test_offsets_are_those_of_the_zone_at_every_hour(name):
    start = milliseconds(2026, 1, 1)
    spans = zones.offsets(name, start, milliseconds(2029, 1, 1))
    for span in spans:
        for at_ms in range(span.from_ms, span.until_ms, 3_600_000):
            local = datetime.fromtimestamp(at_ms / 1000, zones.zone(name))
            assert local.utcoffset() == timedelta(seconds=span.offset_s)
