"""The rights of each role, as the tables of `client_sdk/PROTOCOL.md` say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from showcaller.domain.people import ROLES, Principal
from showcaller.show.command_args import NoArgs
from showcaller.show.commands import COMMAND_NAMES, Commands, _Command, may_command
from showcaller.show.permissions import may_follow

PROTOCOL = (Path(__file__).parents[3] / "client_sdk" / "PROTOCOL.md").read_text()


def principal(*roles, sessions=(), stages=()):
    return Principal(
        person="p",
        roles=frozenset(roles),
        token="t",
        expires_at_ms=0,
        sessions=frozenset(sessions),
        stages=frozenset(stages),
    )


def table(heading):
    """The cells of the first table after `heading`, without its head."""
    rows = PROTOCOL.split(heading, 1)[1].split("\n\n|", 1)[1].split("\n\n", 1)[0].split("\n")[2:]
    return [[cell.strip() for cell in row.strip("| ").split(" | ")] for row in rows]


def roles_in(cell):
    if "everybody" in cell or "its author" in cell:
        return set(ROLES)
    words = {role: role.replace("_", " ") for role in ROLES}
    named = {role for role, word in words.items() if re.search(rf"\b{word}s?\b", cell)}
    only_theirs = re.search(r"stage managers? (in|for)", cell)  # in what is on their stages
    return named - {"speaker"} - ({"stage_manager"} if only_theirs else set())


CHANNELS = {re.sub("`", "", row[0]): roles_in(row[1]) for row in table("### Channels")}
COMMANDS = {
    name: roles_in(row[2]) - {"screen"}
    for row in table("## 6. Commands")
    for name in re.findall(r"`([a-z_.]+)`", row[0])
}


def test_the_protocol_tells_every_channel_and_command():
    assert len(CHANNELS) == 19
    assert set(COMMANDS) == COMMAND_NAMES


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("channel", CHANNELS)
def test_channels(channel, role):
    allowed = role in CHANNELS[channel]
    assert may_follow(principal(role), channel.replace("{id}", "talk")) == allowed


def test_speakers_are_backstage_in_their_own_sessions_only():
    speaker = principal("speaker", sessions=["talk"])
    assert may_follow(speaker, "session/talk/backstage")
    assert not may_follow(speaker, "session/other/backstage")
    assert not may_follow(principal("attendee", sessions=["talk"]), "session/talk/backstage")


@pytest.mark.parametrize("role", [role for role in ROLES if role != "stage_manager"])
@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_commands(name, role):
    assert may_command(principal(role), name, "talk", MAIN) == (role in COMMANDS[name])


MAIN, BOTH = frozenset({"main"}), frozenset({"main", "side"})
FOR_ALL = {"control.preview"}  # which looks at the command that it previews


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_commands_of_a_stage_manager(name):
    manager = principal("stage_manager", stages=["main"], sessions=["talk"])
    everybodys = "attendee" in COMMANDS[name]
    assert may_command(manager, name, "talk", MAIN) == ("stage_manager" in COMMANDS[name])
    for stages in (frozenset(), frozenset({"side"}), BOTH):
        assert may_command(manager, name, "talk", stages) == (everybodys or name in FOR_ALL)
    of_none = principal("stage_manager")
    assert may_command(of_none, name, "talk", MAIN) == (everybodys or name in FOR_ALL)


def test_a_stage_manager_gives_no_command_about_the_whole_event():
    theirs = {name for name, roles in COMMANDS.items() if "stage_manager" in roles}
    assert not theirs & {"clock.hold", "clock.resume", "schedule.accept", "catch_up.set"}
    assert not theirs & {"person.ban", "person.erase", "token.revoke", "recording.delete"}
    assert {"session.start", "session.end", "session.extend", "control.undo"} <= theirs


def test_stage_managers_follow_their_stage_alone():
    stages = {"talk": "main", "aside": "side"}.get
    manager = principal("stage_manager", stages=["main"])
    assert may_follow(manager, "stage/main/produce", stages)
    assert may_follow(manager, "session/talk/backstage", stages)
    assert not may_follow(manager, "stage/side/produce", stages)
    assert not may_follow(manager, "session/aside/backstage", stages)
    assert not may_follow(manager, "session/gone/backstage", stages)
    assert not may_follow(principal("attendee", stages=["main"]), "stage/main/produce", stages)


def test_a_speaker_replies_in_their_own_sessions():
    speaker = principal("speaker", sessions={"talk"})
    assert may_command(speaker, "question.reply", "talk")
    assert not may_command(speaker, "question.reply", "other")
    assert not may_command(speaker, "question.reply", None)
    assert not may_command(speaker, "question.push", "talk")
    assert not may_command(principal("attendee", sessions={"talk"}), "question.reply", "talk")


@pytest.mark.parametrize("channel", ["", "person/p", "session/talk/secrets", "agenda/x", "Agenda"])
def test_nobody_follows_what_the_protocol_does_not_know(channel):
    assert not may_follow(principal(*ROLES), channel)


def test_without_a_role_there_are_no_rights():
    assert not may_follow(principal(), "agenda")
    assert not may_command(principal(), "question.ask")


def test_no_command_is_made_without_the_roles_that_may_give_it():
    with pytest.raises(TypeError, match="roles"):
        _Command(args=NoArgs, run=Commands.react)


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_is_for_some_role(name):
    assert any(may_command(principal(role), name) for role in ROLES)


def test_nobody_may_give_an_unknown_command():
    assert not may_command(principal(*ROLES), "event.delete")
