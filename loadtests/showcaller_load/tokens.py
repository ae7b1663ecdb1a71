"""Sources of the people's tokens: minted with the deployment's secret, or handed out in a file."""

from __future__ import annotations

import base64
from collections import deque
from pathlib import Path
from typing import NamedTuple, Protocol

import msgspec

from showcaller import system
from showcaller.errors import ConfigError
from showcaller.tokens import Tokens

TTL_S = 24 * 3600


class Pass(NamedTuple):
    """A person's id, and the token that lets them in."""

    person: str
    token: str


class TokenSource(Protocol):
    def take(self, count: int, role: str) -> list[Pass]:
        """Return `count` people who were not taken before. Raises `ConfigError` when there are too few."""


class Minted:
    def __init__(self, secret: str, event: str) -> None:
        self._tokens = Tokens(secret)
        self._event = event

    def take(self, count: int, role: str) -> list[Pass]:
        return [self._mint(role) for _ in range(count)]

    def _mint(self, role: str) -> Pass:
        person = system.random_id("load")
        token = self._tokens.mint(
            self._event,
            person,
            (role,),
            token=system.random_id("t"),
            now_ms=system.wall_ms(),
            ttl_s=TTL_S,
            name=f"A {role}",
        )
        return Pass(person, token)


class _Claims(msgspec.Struct):
    sub: str
    roles: list[str]


class Handed:
    """Tokens from a file, one a line; what each may do is read in it, and verified by the server."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._left: dict[str, deque[Pass]] = {}
        try:
            lines = path.read_text(encoding="utf-8").split()
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"can't read the tokens in {path}: {error}") from error
        for number, line in enumerate(lines, 1):
            claims = _claims(line, f"{path}, token {number}")
            for role in claims.roles:
                self._left.setdefault(role, deque()).append(Pass(claims.sub, line))

    def take(self, count: int, role: str) -> list[Pass]:
        left = self._left.get(role, deque())
        if len(left) < count:
            raise ConfigError(
                f"{self._path} has {len(left):,} more tokens of {role}s; {count:,} are needed: add "
                "some (`showcaller token`), or give --secret-file"
            )
        return [left.popleft() for _ in range(count)]


def _claims(token: str, where: str) -> _Claims:
    try:
        part = token.split(".")[1]
        data = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
        return msgspec.json.decode(data, type=_Claims)
    except (IndexError, ValueError, msgspec.DecodeError) as error:
        raise ConfigError(f"{where} is no token: {error}") from error
