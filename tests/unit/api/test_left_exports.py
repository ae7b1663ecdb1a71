# ruff: noqa: F811 (tests take the fixture by its name)
"""Files of what an event left: registrations, questions and attendance as files."""

from __future__ import annotations

import csv
import io

from hypothesis import given
from hypothesis import strategies as st

from showcaller import system
from showcaller.api.left_exports import EXPORTS, attendance, questions, registrations, written
from showcaller.show.attendance import Attendance, Sample, attended, read_samples, sample_of

from ..show.desk import ADA, BOB, MO, PRO, desk  # noqa: F401 (desk is a fixture)

COLUMNS = {export.name: export.columns for export in EXPORTS}


async def test_questions_tell_votes_and_replies_and_no_anonymous_author(desk):
    open_, shy = await desk.ask(ADA), await desk.ask(ADA, anonymous=True)
    await desk.do(BOB, "question.vote", question=open_, on=True)
    await desk.do(MO, "question.reply", question=open_, text="=1+1")
    gone = await desk.ask(BOB)
    await desk.do(MO, "question.erase", question=gone)
    first, second = await questions(desk.event)
    assert (first["author"], first["votes"], first["reply"]) == ("Ada", 1, "=1+1")
    assert (second["question"], second["author"], second["anonymous"]) == (shy, "", True)
    assert ADA.person not in str(second)
    [row, _] = csv.DictReader(io.StringIO(written(COLUMNS["questions"], [first, second])))
    assert row["reply"] == "'=1+1"


async def test_registrations_tell_who_came_and_what_became_of_them(desk):
    for person, at_ms in (("ada", 1_000), ("bob", 2_000)):
        note = {"person": person, "token": "t", "expires_at_ms": 9, "address": ""}
        desk.event.audit.admitted("registration", at_ms, **note)
        desk.event.audit.admitted("renewal", at_ms, **note)
    await desk.event.names.put("ada", "Ada")
    await desk.do(PRO, "person.erase", person="bob")
    bob, ada = await registrations(desk.event)
    assert (bob["person"], bob["name"], bob["erased"]) == ("bob", "", True)
    assert (ada["name"], ada["registered_ms"], ada["banned"]) == ("Ada", 1_000, False)
    assert set(ada) == set(COLUMNS["registrations"])


async def test_attendance_is_sampled_by_one_node_and_told_by_session(desk):
    event = desk.event
    here, elsewhere = Attendance(event), Attendance(event)
    await here.sample()
    assert await read_samples(event) == []  # nobody was there
    for sockets, present in ((10, {"talk": 8}), (4, {"talk": 2, "open": 2})):
        event.audience.count(sockets, present, system.monotonic_s())
        await here.sample()
    await event.log.acquire_lease("attendance", event.audience.node, 60_000)
    event.audience.node = "another"
    await elsewhere.sample()
    whole, talk, last = await attendance(event)
    assert (whole["session"], whole["peak"], whole["average"]) == ("", 10, 7)
    assert (talk["session"], talk["peak"], talk["average"], talk["minutes"]) == ("talk", 8, 5, 2)
    assert (last["session"], last["minutes"]) == ("open", 1)
    assert set(talk) == set(COLUMNS["attendance"])


def test_a_sample_takes_sessions_that_have_somebody():
    levels = {"sockets": 3, "session:a": 2, "session:b": 0}
    assert sample_of(levels, 7) == Sample(at_ms=7, sockets=3, sessions={"a": 2})


@given(st.lists(st.integers(0, 50)))
def test_the_average_is_over_the_minutes_in_which_somebody_was_there(counts):
    told = attended(enumerate(counts))
    there = [count for count in counts if count]
    assert (told is None) == (not there)
    if told is not None:
        assert (told.peak, told.minutes) == (max(there), len(there))
        assert counts[told.peak_ms] == told.peak
        assert 1 <= told.average <= told.peak
        assert told.first_ms <= told.peak_ms <= told.last_ms
