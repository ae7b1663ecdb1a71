"""The desk's commands: run sheet, announcements, people, sources."""

from __future__ import annotations

import pytest

from showcaller.domain import facts
from showcaller.domain.people import Principal
from showcaller.domain.quality import TalkQuality
from showcaller.domain.schedule import MINUTE_MS
from showcaller.domain.state import State
from showcaller.errors import (
    BadInput,
    Banned,
    Forbidden,
    NotFound,
    Refused,
)
from showcaller.show.commands import Commands

from .desk import ADA, BOB, MO, OPS, PRO, principal

# The producer, announcements, people --------------------------------------------------------------


async def test_a_delay_with_preview_and_undo(desk):
    delay = {"session": "open", "minutes": 5}
    preview = await desk.do(PRO, "session.preview_delay", **delay)
    (shift,) = preview["shifts"]
    assert shift["after_ms"] - shift["before_ms"] == 5 * MINUTE_MS
    done = await desk.do(PRO, "session.delay", if_revision=preview["revision"], **delay)
    with pytest.raises(Refused) as stale:
        await desk.do(PRO, "session.delay", if_revision=preview["revision"], **delay)
    assert stale.value.code == "stale_preview"
    assert await desk.do(PRO, "control.undo", control=done["control"]) == {}
    with pytest.raises(Refused) as undone:
        await desk.do(PRO, "control.undo", control=done["control"])
    assert undone.value.code == "cannot_undo"


async def test_edits_with_preview_and_undo(desk):
    move = {"session": "talk", "stage": "main", "starts_at_ms": 580 * MINUTE_MS}
    preview = await desk.do(PRO, "control.preview", command="session.move", args=move)
    (shift,) = preview["shifts"]
    assert (shift["session"], shift["after_ms"]) == ("talk", 580 * MINUTE_MS)
    moved = await desk.do(PRO, "session.move", if_revision=preview["revision"], **move)
    view = desk.event.channels.snapshot("agenda").items["session:talk"]
    assert (view.scheduled.start_ms, view.planned.start_ms) == (540 * MINUTE_MS, 580 * MINUTE_MS)
    await desk.do(PRO, "control.undo", control=moved["control"])
    await desk.do(PRO, "session.swap", session="talk", other="open")
    await desk.do(PRO, "session.cancel", session="talk", note=" Sue is ill. ")
    view = desk.event.channels.snapshot("session/talk").items["session"]
    assert (view.state, view.note) == ("skipped", "Sue is ill.")


async def test_an_inserted_break_has_channels_of_its_own_until_it_is_undone(desk):
    tea = {"stage": "main", "starts_at_ms": 560 * MINUTE_MS, "minutes": 10, "title": "Tea"}
    done = await desk.do(PRO, "break.insert", key="tea", **tea)
    assert await desk.do(PRO, "break.insert", key="tea", **tea) == done
    channel = f"session/{done['session']}"
    assert desk.event.channels.snapshot(channel).items["session"].title == "Tea"
    await desk.do(PRO, "control.undo", control=done["control"])
    assert "session" not in desk.event.channels.snapshot(channel).items
    assert f"session:{done['session']}" not in desk.event.channels.snapshot("agenda").items


async def test_somebody_new_speaks_and_is_named_in_the_event(desk):
    new = {"session": "talk", "speaker": "sue", "name": " Cyd  ", "company": "Crane works"}
    await desk.commands.run(PRO, "session.replace_speaker", new, "key")
    items = desk.event.channels.snapshot("agenda").items
    (guest,) = items["event"].speakers
    assert (guest.name, items["session:talk"].speakers) == ("Cyd", (guest.id,))
    with pytest.raises(BadInput, match="one of the two"):
        await desk.do(PRO, "session.replace_speaker", session="talk", speaker=guest.id)


@pytest.mark.parametrize(
    ("command", "args", "error"),
    [
        ("question.ask", {}, BadInput),
        ("session.move", {"session": "talk"}, BadInput),
        ("session.swap", {"session": "talk", "other": "none"}, NotFound),
        ("session.end", {"session": "talk"}, Refused),
    ],
)
async def test_what_can_not_be_previewed(desk, command, args, error):
    with pytest.raises(error):
        await desk.do(PRO, "control.preview", command=command, args=args)


async def test_an_impossible_delay_has_no_preview(desk):
    with pytest.raises(Refused) as refused:
        await desk.do(PRO, "session.preview_delay", session="talk", minutes=-60)
    assert refused.value.code == "wrong_state"


async def test_running_the_show_by_hand(desk):
    sheet = desk.event.state.runsheet
    await desk.do(PRO, "clock.hold")
    assert sheet.clock.held
    await desk.do(PRO, "clock.resume")
    started = await desk.do(PRO, "session.start", session="talk")
    assert started["control"].startswith("c_")
    await desk.do(PRO, "session.extend", session="talk", minutes=10)
    assert sheet.sessions["talk"].state == "live"
    await desk.do(PRO, "session.end", session="talk")
    await desk.do(PRO, "session.skip", session="open")
    assert (sheet.sessions["talk"].state, sheet.sessions["open"].state) == ("ended", "skipped")
    undo = desk.event.channels.snapshot("produce").items["undo"]
    assert (undo.name, undo.by) == ("skip", "Pro")


async def test_announcements(desk):
    channels = desk.event.channels
    now = await desk.do(MO, "announcement.make", text="Lunch")
    (shown,) = channels.snapshot("announcements").items.values()
    assert (shown.id, shown.by) == (now["announcement"], "Mo")
    later = await desk.do(MO, "announcement.make", text="Tea", at_ms=600 * MINUTE_MS)
    assert f"announcement:{later['announcement']}" in channels.snapshot("produce").items
    for made in (now, later):
        assert await desk.do(MO, "announcement.cancel", **made) == {}
    assert channels.snapshot("announcements").items == {}
    assert desk.event.state.announcements.due() == []


async def test_an_erased_person_loses_name_and_record_for_good(desk):
    question = await desk.ask()
    assert desk.event.channels.snapshot("session/open/questions").items[question].author == "Ada"
    await desk.do(PRO, "person.erase", person="ada")
    assert desk.event.channels.snapshot("session/open/questions").items[question].author is None
    await desk.ask()
    assert await desk.event.log.get_records("person", ["ada"]) == [None]


async def test_a_star_is_there_on_all_of_a_persons_devices_and_nobody_elses(desk):
    channels = desk.event.channels
    laptop, bobs = channels.open_own(ADA), channels.open_own(BOB)
    assert await desk.do(ADA, "session.star", session="talk", on=True) == {}
    assert channels.snapshot(laptop).items["favourite:talk"] is True
    phone = channels.open_own(ADA)
    assert channels.snapshot(phone).items["favourite:talk"] is True
    assert "favourite:talk" not in channels.snapshot(bobs).items
    await desk.do(ADA, "session.star", session="talk", on=False)
    assert "favourite:talk" not in channels.snapshot(laptop).items
    with pytest.raises(NotFound):
        await desk.do(ADA, "session.star", session="none", on=True)


async def test_erasing_a_person_takes_their_favourites_out_of_the_log(desk):
    await desk.do(ADA, "session.star", "k1", session="talk", on=True)
    await desk.do(BOB, "session.star", "k2", session="talk", on=True)
    await desk.do(ADA, "calendar.renew")
    claim = facts.RemindersClaimed(session="talk", reminder="soon", people=("ada", "bob"), node="n")
    await desk.event.append(claim, "claim")
    await desk.do(PRO, "person.erase", person="ada")
    entries = [facts.decode_fact(entry.data) for entry in await desk.event.log.read(0)]
    starred = [one.person for one in entries if isinstance(one, facts.SessionStarred)]
    assert starred == ["", "bob"]
    assert [one.people for one in entries if isinstance(one, facts.RemindersClaimed)] == [("bob",)]
    again = State(event_id="event")
    for offset, (entry, fact) in enumerate(
        zip(await desk.event.log.read(0), entries, strict=True), 1
    ):
        again.apply(offset, entry.at_ms, fact)
    assert again.favourites == desk.event.state.favourites


async def test_the_link_to_ones_calendar_is_ones_own_and_can_be_renewed(desk):
    first = await desk.do(ADA, "calendar.show")
    assert first["path"].startswith("/api/v1/events/event/calendars/")
    assert await desk.do(ADA, "calendar.show") == first != await desk.do(BOB, "calendar.show")
    renewed = await desk.do(ADA, "calendar.renew")
    assert renewed != first
    assert await desk.do(ADA, "calendar.show") == renewed


async def test_a_silence_keeps_from_asking_and_its_reason_goes_with_the_person(desk):
    await desk.do(MO, "person.silence", person="ada", reason="Secret reason", minutes=5)
    with pytest.raises(Refused) as refused:
        await desk.ask()
    assert refused.value.code == "silenced"
    assert not [e for e in await desk.event.log.read(0) if b"question.asked" in e.data]
    term = desk.event.channels.snapshot("desk").items["silenced:ada"]
    assert (term.reason, term.until_ms > desk.event.wall_ms()) == ("Secret reason", True)
    await desk.do(PRO, "person.erase", person="ada")
    assert not any(b"Secret" in entry.data for entry in await desk.event.log.read(0))
    await desk.do(MO, "person.unsilence", person="ada")
    await desk.ask()


async def test_a_claim_says_until_when_and_who(desk):
    question = await desk.ask()
    until_ms = (await desk.do(MO, "question.claim", question=question))["until_ms"]
    claim = desk.event.channels.snapshot("session/open/moderation").items[question].claim
    assert (claim.person, claim.name, claim.until_ms) == ("mo", "Mo", until_ms)
    with pytest.raises(Refused) as refused:
        await desk.do(PRO, "question.answered", question=question)
    assert refused.value.code == "claimed"
    await desk.do(PRO, "question.claim", question=question, take_over=True)
    await desk.do(PRO, "question.answered", question=question)


async def test_what_is_sent_to_the_speakers_is_shown_to_them(desk):
    question = await desk.ask()
    await desk.do(MO, "question.send", question=question, on=True)
    shown = desk.event.channels.snapshot("session/open/backstage").items
    assert shown[f"question:{question}"].text
    await desk.do(MO, "question.answered", question=question)
    assert not desk.event.channels.snapshot("session/open/backstage").items


async def test_a_name_that_can_not_be_shown_is_not_kept(desk):
    nameless = principal("nobody")
    odd = Principal(
        person="odd", roles=nameless.roles, token="t", expires_at_ms=0, name="\x1b[2J" * 20
    )
    await desk.ask(odd)
    assert desk.event.names.get("odd") == ""


# Sources ------------------------------------------------------------------------------------------


async def test_a_producer_chooses_a_source_once_however_often_it_is_sent(desk):
    await desk.do(PRO, "session.start", session="talk")
    fact = facts.PublicationStarted(session="talk", publication="p1", by="sue", source="spare")
    await desk.event.append(fact, "publication:p1:started")
    with pytest.raises(Forbidden):
        await desk.do(MO, "source.choose", session="talk", publication="p1")
    about = {"key": "k", "session": "talk", "publication": "p1"}
    first = await desk.do(PRO, "source.choose", **about)
    assert await desk.do(PRO, "source.choose", **about) == first
    sheet = desk.event.state.runsheet
    assert sheet.sessions["talk"].chosen == "p1"
    assert sheet.last_control().id == first["control"]
    with pytest.raises(NotFound):
        await desk.do(PRO, "source.choose", session="talk", publication="other")
    await desk.do(PRO, "control.undo", control=first["control"])
    assert sheet.sessions["talk"].chosen == ""


async def test_a_talk_is_measured_once_however_often_its_worker_says_so(desk):
    measured = facts.TalkMeasured(
        session="talk", stage="main", worker="w", quality=TalkQuality(viewers=3)
    )
    for _ in range(2):
        await desk.event.append(measured, "measured:w:talk:1")
    assert desk.event.state.runsheet.quality["talk"].viewers == 3


@pytest.mark.parametrize(
    ("registration", "holds"),
    [
        ("open", "until_they_register_again"),
        ("invite", "until_they_register_with_a_code"),
        ("closed", "for_good"),
    ],
)
async def test_a_ban_says_how_much_it_holds(desk, registration, holds):
    desk.commands = Commands(desk.event, registration=registration)
    assert await desk.do(MO, "person.ban", person="ada") == {"holds": holds}


async def test_a_moderator_bans_no_producer_that_has_come(desk):
    await desk.event.note_staff(PRO)
    with pytest.raises(Forbidden):
        await desk.do(MO, "person.ban", person="pro")
    other = principal("pru", "producer")
    assert await desk.do(other, "person.ban", person="pro")
    with pytest.raises(Banned):
        await desk.do(PRO, "clock.hold")


async def test_all_tokens_of_a_person_are_revoked_at_once(desk):
    await desk.do(OPS, "token.revoke", person="ada")
    with pytest.raises(Banned):
        await desk.ask()
    later = principal("ada", issued_ms=int(desk.event.wall_ms()) + 2_000)
    assert await desk.ask(later)


@pytest.mark.parametrize("args", [{}, {"token": "t", "person": "p"}])
async def test_what_to_revoke_is_a_token_or_a_person(desk, args):
    with pytest.raises(BadInput):
        await desk.do(PRO, "token.revoke", **args)


async def test_staff_is_noted_once_and_attendees_never(desk):
    for who in (MO, MO, ADA):
        await desk.event.note_staff(who)
    head = await desk.event.log.head()
    desk.event.note_staff_soon(MO)
    desk.event.note_staff_soon(ADA)
    assert desk.event.state.people.knows(MO)
    assert not desk.event.state.people.staff.get("ada")
    assert await desk.event.log.head() == head
