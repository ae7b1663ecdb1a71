"""What the commands print, and the codes that they end with."""

import stat

import pytest
from click.testing import CliRunner

from showcaller.api.commands import export_line
from showcaller.broker.base import Entry
from showcaller.cli import main
from showcaller.domain import facts
from showcaller.domain.ids import EventId, PersonId
from showcaller.domain.state import State
from showcaller.testing.day import SCHEDULE
from showcaller.tokens import Tokens

SECRET = "x" * 32
ADA = PersonId("ada")


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """No command may touch the folder that the tests are run from."""
    monkeypatch.chdir(tmp_path)


def run(*args, **more):
    return CliRunner().invoke(main, [str(arg) for arg in args], catch_exceptions=False, **more)


def exported_run():
    """A node's state, and the export of its log; the second hold is refused."""
    log = [
        facts.RunStarted(run="r", salt="secret", schedule=SCHEDULE),
        facts.ClockHeld(by=ADA),
        facts.ClockHeld(by=ADA),
        facts.PersonBanned(person=ADA, by=ADA),
    ]
    state = State(event_id=EventId("event"))
    lines = []
    for offset, fact in enumerate(log, 1):
        state.apply(offset, offset * 1000, fact)
        entry = Entry(offset, f"k{offset}", offset * 1000, facts.encode_fact(fact))
        lines.append(export_line(entry))
    return state, b"".join(lines)


def test_a_replayed_export_has_the_digest_of_the_node_that_wrote_it():
    state, export = exported_run()
    replayed = run("replay", "-", input=export)
    assert replayed.exit_code == 0
    assert state.digest() in replayed.stdout
    assert "4 (1 refused)" in replayed.stdout


def test_a_replay_of_other_facts_has_another_digest():
    state, export = exported_run()
    shorter = b"".join(export.splitlines(keepends=True)[:-1])
    assert state.digest() not in run("replay", "-", input=shorter).stdout


@pytest.mark.parametrize("export", [b"", b"rubbish\n", b'{"offset": 2, "at_ms": 0}\n'])
def test_what_is_no_export_is_not_replayed(export):
    refused = run("replay", "-", input=export)
    assert refused.exit_code == 2
    assert "error:" in refused.stderr


def test_a_token_is_what_the_server_takes():
    minted = run("token", "event", "--role", "producer", "--person", ADA, "--secret", SECRET)
    who = Tokens(SECRET).verify(minted.stdout.strip(), "event")
    assert (who.person, who.roles) == (ADA, {"producer"})


def test_a_speaker_gets_a_link_to_each_session():
    call = ("token", "event", "--role", "speaker", "--secret", SECRET, "--url", "https://x.org/")
    links = run(*call, "--session", "a", "--session", "b").stdout.split()
    assert [link.partition("#")[0] for link in links] == [
        "https://x.org/e/event/speak/a",
        "https://x.org/e/event/speak/b",
    ]
    assert run(*call).exit_code == 2  # of no session


def test_a_token_that_made_the_secret_says_so(tmp_path):
    first, second = run("token", "event"), run("token", "event")
    assert "data/secret" in first.stderr
    assert stat.S_IMODE((tmp_path / "data/secret").stat().st_mode) == 0o600
    assert second.stderr == ""


def test_an_export_from_nowhere_makes_nothing(tmp_path):
    assert run("export", "event", "--data", "typo").exit_code == 2
    assert not (tmp_path / "typo").exists()
    assert run("export", "event", "--url", "http://127.0.0.1:1").exit_code == 1


def test_messages_may_hold_brackets():
    refused = run("export", "[/red]", "--broker", "sqlite:here.sqlite3")
    assert refused.exit_code == 2
    assert "[/red]" in refused.stderr
