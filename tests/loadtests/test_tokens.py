"""Tokens of people: handed out in a file, or minted."""

import pytest
from showcaller_load.tokens import Handed, Minted

from showcaller.errors import ConfigError
from showcaller.testing.serving import SECRET
from showcaller.tokens import Tokens


@pytest.fixture
def handed(tmp_path):
    minted = Minted(SECRET, "e")
    people = [*minted.take(3, "attendee"), *minted.take(1, "moderator")]
    path = tmp_path / "tokens"
    path.write_text("\n".join(one.token for one in people))
    return Handed(path), people


def test_minted_tokens_are_good_for_their_event():
    one = Minted(SECRET, "e").take(1, "producer")[0]

    principal = Tokens(SECRET).verify(one.token, "e")

    assert (principal.person, principal.roles) == (one.person, {"producer"})


def test_handed_tokens_are_given_by_role_and_once_each(handed):
    source, people = handed

    assert source.take(2, "attendee") == people[:2]
    assert source.take(1, "moderator") == people[3:]
    assert source.take(1, "attendee") == people[2:3]


def test_it_is_said_how_many_are_missing(handed):
    source, _ = handed

    with pytest.raises(ConfigError, match="has 3 more tokens of attendees; 2,000 are needed"):
        source.take(2_000, "attendee")
    with pytest.raises(ConfigError, match="0 more tokens of producers; 1 are needed"):
        source.take(1, "producer")


def test_what_is_no_token_is_named(tmp_path):
    path = tmp_path / "tokens"
    path.write_text("a.b.c")

    with pytest.raises(ConfigError, match="token 1 is no token"):
        Handed(path)
