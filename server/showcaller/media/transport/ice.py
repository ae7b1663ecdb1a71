"""The lite side of ICE (RFC 8445) for one client: its valid addresses, and the one in use.

A lite agent never checks; it replies to the client's checks. The path is the one that the newest
authentic check nominated. Regular nomination (§8.1.1) allows nothing else; Chrome towards a lite agent
nominates exactly what it uses, and nominates anew when it roams. Clients that nominate everything
(RFC 5245's aggressive nomination) receive on all that they nominated, so the newest does as well there
as the one of the highest priority, and never is one that died. A path from which nothing comes any more is
left for one that lives: what comes from elsewhere shows no consent to be sent to there (RFC 7675).

Pure: time comes with every call.
"""

from __future__ import annotations

from collections import deque
from math import inf
from typing import NamedTuple

from . import stun
from .parameters import Path

CONSENT_S = 30.0  # RFC 7675 §5.1
QUIET_S = 10.0  # browsers check the path in use each five seconds, receivers report as often
MAX_PATHS = 16  # of one client: its addresses times ours, twice while ICE restarts
_REMEMBERED_CHECKS = 32  # more than a minute of a browser's


class Credentials(NamedTuple):
    """The names and password of one generation's checks; an ICE restart makes a new one."""

    ufrag: str
    pwd: str
    remote_ufrag: str

    def sign(self, check: stun.Check) -> bool:
        """Return whether the check names both ends of this generation."""
        return check.username == f"{self.ufrag}:{self.remote_ufrag}".encode()


class Agent:
    """Our agent towards one client. `path` is where to send, None before any check was valid."""

    def __init__(self, credentials: Credentials, now_s: float) -> None:
        self.credentials = credentials
        self.pending: Credentials | None = None  # of an ICE restart that no check has used yet
        self.path: Path | None = None
        self.nominated = False
        self.consent_s = now_s  # the client's last sign of life
        self.paths: dict[Path, float] = {}  # valid ones, and when each was last used
        self._checks: deque[bytes] = deque(maxlen=_REMEMBERED_CHECKS)

    def answer(self, data: bytes, check: stun.Check, path: Path, now_s: float) -> bytes | None:
        """Return the reply to a check; None if it is not authentic, and so not to be answered."""
        credentials = self._credentials_of(check)
        if credentials is None or not stun.authentic(data, check, credentials.pwd.encode()):
            return None
        if path not in self.paths and check.transaction in self._checks:
            return None  # somebody else sends again what the client sent: STUN itself can't tell
        self._checks.append(check.transaction)
        if check.unknown:
            return stun.refusal(check, stun.UNKNOWN_ATTRIBUTE, credentials.pwd.encode())
        if check.controlled:  # a lite agent can't take the other role (§6.1.1): the client must
            return stun.refusal(check, stun.ROLE_CONFLICT, credentials.pwd.encode())
        self._use(credentials)
        self._validate(path, check.nominates, now_s)
        return stun.success(check, path.address, credentials.pwd.encode())

    def _credentials_of(self, check: stun.Check) -> Credentials | None:
        if self.credentials.sign(check):
            return self.credentials
        return self.pending if self.pending and self.pending.sign(check) else None

    def _use(self, credentials: Credentials) -> None:
        """End the old credentials once a check has new ones; the path stays until another is nominated."""
        if credentials is self.pending:
            self.credentials, self.pending = self.pending, None

    def _validate(self, path: Path, nominates: bool, now_s: float) -> None:
        self._note_alive(path, now_s)
        if nominates or self.path is None:
            self.path = path
        self.nominated = self.nominated or nominates

    def note_media(self, path: Path, now_s: float) -> None:
        """Take authentic media or RTCP from a valid path for a sign of life, as a check is.

        Consent (RFC 7675 §5) is asked for by whoever sends; many clients only send checks until they
        are connected, and say by their SRTP and SRTCP that they are still there.
        """
        if path in self.paths:
            self._note_alive(path, now_s)

    def _note_alive(self, path: Path, now_s: float) -> None:
        """Leave the path in use for this one if nothing has come from there for `QUIET_S`."""
        self.consent_s = self.paths[path] = now_s
        if self.path and now_s - self.paths.get(self.path, -inf) > QUIET_S:
            self.path = path

    def prefer(self, path: Path) -> None:
        """Use the valid path that the client itself uses, until one is nominated."""
        if not self.nominated and path in self.paths:
            self.path = path

    def lose(self, path: Path) -> None:
        """Forget a path that has ended, a closed TCP connection; leave it for the one that was used last."""
        self.paths.pop(path, None)
        if path == self.path and self.paths:
            self.path = max(self.paths, key=self.paths.__getitem__)

    def drop_old(self, now_s: float) -> list[Path]:
        """Forget paths beyond `MAX_PATHS`, and those unchecked for `CONSENT_S`; never the one in use."""
        others = sorted((p for p in self.paths if p != self.path), key=self.paths.__getitem__)
        surplus = len(self.paths) - MAX_PATHS
        dropped = [
            path
            for number, path in enumerate(others)
            if number < surplus or now_s - self.paths[path] > CONSENT_S
        ]
        for path in dropped:
            del self.paths[path]
        return dropped
