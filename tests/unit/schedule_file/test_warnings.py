"""Schedule files that can be read and are doubtful: what is warned of."""

from showcaller.schedule_file import format_diagnostics

from .texts import changed, good, read, warnings


def test_sessions_that_overlap_on_a_stage_are_warned_of():
    _, diagnostics = read(changed('"09:30"', '"09:20"') + "    speakers: [ada]\n")
    assert format_diagnostics(diagnostics) == (
        'test.yaml:14:13: warning: sessions[1].starts: overlaps on stage "main" '
        'with "first" (2023-12-13 09:00–09:30): both go on side by side'
    )


def test_in_an_hour_that_comes_twice_warnings_say_which():
    text = changed("Los_Angeles", "New_York").replace("2023-12-13", "2023-11-05")
    text = text.replace('"09:00"\n', '"01:30-04:00"\n').replace("minutes: 30", "minutes: 60", 1)
    text = text.replace('"09:30"', '"01:45-04:00"')
    found = [one.message for one in read(text)[1] if "overlaps" in one.message]
    assert found[0].startswith(
        'overlaps on stage "main" with "first" (2023-11-05 01:30-04:00–01:30-05:00)'
    )


def test_two_stages_may_run_side_by_side_but_not_one_speaker():
    text = changed("themes:", "stages: [{id: a, title: A}, {id: b, title: B}]\nthemes:")
    text = text.replace("title: First", "title: First\n    stage: a")
    text = text.replace("title: Second", "title: Second\n    stage: b").replace("09:30", "09:20")
    assert good(text)
    found = warnings(text + "    speakers: [ada]\n")
    assert list(found) == ["sessions[1].starts"]
    assert '"ada" also speaks at "first"' in found["sessions[1].starts"]


def test_sessions_outside_the_hours_of_every_day_are_warned_of():
    found = warnings(changed('"09:30"', '"11:45"'))
    assert "(2023-12-13 11:45–12:15) is outside" in found["sessions[1].starts"]
    found = warnings(changed('"09:30"', "2023-12-20T09:30"))
    assert "(2023-12-20 09:30–10:00) is outside" in found["sessions[1].starts"]


def test_a_day_may_end_after_midnight():
    text = changed('"12:00"', "2023-12-14T01:00")
    text = text.replace('"09:30"', '"23:45"').replace("minutes: 30", "minutes: 60")
    assert good(text)


def test_unknown_speakers_are_shown_by_their_id():
    text = changed("speakers: [ada]\n  - id: s", "speakers: [ada, bob]\n  - id: s")
    assert list(warnings(text)) == ["sessions[0].speakers[1]"]
    schedule, _ = read(text)
    assert [(s.id, s.name) for s in schedule.speakers] == [("ada", "Ada"), ("bob", "bob")]


def test_speakers_that_speak_nowhere_are_warned_of():
    found = warnings(changed("    speakers: [ada]\n", ""))
    assert found == {"speakers[0].id": '"ada" speaks nowhere'}
