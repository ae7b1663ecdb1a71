"""The output of the commands, and the codes that they end with."""

import threading
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import jwt
import pytest
from click.testing import CliRunner

from showcaller import system
from showcaller.api.commands import export_line
from showcaller.broker.base import Entry
from showcaller.broker.connect import connect
from showcaller.cli import main
from showcaller.domain import facts
from showcaller.domain.ids import EventId, PersonId
from showcaller.domain.state import State
from showcaller.testing.day import SCHEDULE
from showcaller.testing.schedules import schedule, session
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


def test_a_speaker_gets_one_link_to_all_sessions():
    call = (
        "token",
        "event",
        "--role",
        "speaker",
        "--secret",
        SECRET,
        "--url",
        "https://x.invalid/",
    )
    for sessions, page in ((["a"], "speak/a"), (["a", "b"], "speak")):
        [link] = run(*call, *(f"--session={one}" for one in sessions)).stdout.split()
        assert link.partition("#")[0] == f"https://x.invalid/e/event/{page}"
    assert run(*call).exit_code == 2  # of no session


def test_a_stage_manager_gets_a_link_to_produce_and_needs_a_stage():
    named = ("token", "event", "--role", "stage_manager", "--secret", SECRET)
    minted = run(*named, "--stage", "main", "--stage", "side")
    who = Tokens(SECRET).verify(minted.stdout.strip(), "event")
    assert who.stages == {"main", "side"}
    assert who.manages("side") and not who.manages("attic")
    link = run(*named, "--stage", "main", "--url", "http://127.0.0.1:1").stdout
    assert link.startswith("http://127.0.0.1:1/e/event/produce#token=")
    assert run(*named).exit_code == 2
    assert run("token", "event", "--stage", "main", "--secret", SECRET).exit_code == 2


def test_a_token_from_a_folder_without_a_server_is_refused_and_makes_nothing(tmp_path):
    for options in ((), ("--data", "typo")):
        refused = run("token", "event", *options)
        assert refused.exit_code == 2
        assert refused.stdout == ""
        assert "--data" in refused.stderr and "--secret-file" in refused.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_token_is_signed_with_the_servers_secret(tmp_path, monkeypatch):
    (tmp_path / "data").mkdir()
    (tmp_path / "data/secret").write_text(SECRET + "\n")
    assert Tokens(SECRET).verify(run("token", "event").stdout.strip(), "event")
    elsewhere = {"SHOWCALLER_SERVE_DATA": str(tmp_path / "data")}
    monkeypatch.chdir("/")
    assert run("token", "event", env=elsewhere).exit_code == 0  # as in a container


def test_a_token_says_its_id_whose_it_is_and_until_when_it_is_valid():
    now_ms = system.wall_ms()
    minted = run("token", "event", "--hours", "2", "--secret", SECRET)
    which, until = minted.stderr.strip().splitlines()
    claims = jwt.decode(minted.stdout.strip(), options={"verify_signature": False})
    assert which == f"Token {claims['jti']} (its jti) of person {claims['sub']}."
    said = datetime.strptime(until, "Valid until %Y-%m-%d %H:%M UTC.")
    assert 0 <= now_ms / 1000 + 7200 - said.replace(tzinfo=UTC).timestamp() <= 60


@pytest.fixture
async def log(tmp_path):
    """A node's folder whose event, live, has its last session in ten days."""
    day_ms = 86_400_000
    starts_min = (system.wall_ms() + 10 * day_ms) // 60_000
    one = session("one", starts_min, starts_min + 20)
    plan = schedule(one, session("two", starts_min + 30, starts_min + 50))
    broker = connect(f"sqlite:{tmp_path / 'data' / 'showcaller.sqlite3'}")
    event = await broker.open("event")
    await event.append("run", facts.encode_fact(facts.RunStarted(run="r", salt="s", schedule=plan)))
    yield plan
    await broker.close()


@pytest.mark.parametrize(
    ("words", "doubt"),
    [
        (("--role", "speaker", "--session", "one"), "session 'one' ends only at"),
        (("--role", "producer"), "session 'two' ends only at"),
        (("--role", "producer", "--hours", "300"), None),
        (("--role", "speaker", "--session", "tow", "--hours", "300"), "no session 'tow'"),
    ],
)
def test_a_token_that_ends_too_early_is_warned_of_while_the_node_runs(log, words, doubt):
    minted = run("token", "event", *words, "--secret", SECRET)
    assert minted.exit_code == 0
    assert (doubt in minted.stderr) if doubt else ("warning" not in minted.stderr)
    other = run("token", "evnt", *words, "--secret", SECRET)
    assert "no event 'evnt'" in other.stderr


def test_an_export_from_nowhere_makes_nothing(tmp_path):
    assert run("export", "event", "--data", "typo").exit_code == 2
    assert not (tmp_path / "typo").exists()
    assert run("export", "event", "--url", "http://127.0.0.1:1").exit_code == 1


def test_messages_may_hold_brackets():
    refused = run("export", "[/red]", "--broker", "sqlite:here.sqlite3")
    assert refused.exit_code == 2
    assert "[/red]" in refused.stderr


class Elsewhere(BaseHTTPRequestHandler):
    """Sends whoever asks for an export to another host, and notes with what they come there."""

    def do_GET(self):
        if self.path == "/export":
            self.server.came_with = self.headers
            self.send_response(200)
        else:
            self.send_response(302)
            self.send_header("Location", f"http://localhost:{self.server.server_port}/export")
        self.end_headers()

    def log_message(self, *_):
        pass


def test_a_token_is_not_shown_to_where_a_server_sends_the_export():
    with ThreadingHTTPServer(("127.0.0.1", 0), Elsewhere) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        assert run("export", "event", "--url", url, "--token", "a.secret.token").exit_code == 0
        server.shutdown()
    assert "Authorization" not in server.came_with
