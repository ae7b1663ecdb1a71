"""Tokens: who a person is to an event, as a JWT (RFC 7519) that this server or the organiser signed.

The algorithm is pinned per key and never read from the token (RFC 8725 §3.1). `exp`, `aud` (the event),
`sub` (the person) and `roles` are required.

PyJWT says what is valid. Tokens just as `mint` makes them, nearly all, are recognised without it in a
tenth of the time; whatever differs in anything goes to PyJWT.
"""

from __future__ import annotations

import binascii
import hmac
from base64 import urlsafe_b64decode
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import jwt
import msgspec
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from msgspec import structs

from . import system
from .domain.ids import PersonId, SessionId, StageId
from .domain.people import ROLES, Principal, Role
from .errors import BadInput, ConfigError, TokenExpired, TokenNotYet, Unauthenticated

ISSUER = "showcaller"
MIN_SECRET_BYTES = 32  # HS256 wants a key as long as its output (RFC 7518 §3.2)
LEEWAY_S = 60  # clocks of nodes and issuers differ; `iat` is no limit at all (RFC 7519 §4.1.6)
ASK_AGAIN_S = 60  # at the latest, with a token that is not valid yet
MAX_PERSON_CHARS = 128
END_OF_TIME_MS = 253_402_300_799_000  # the end of the year 9999
_REQUIRED = ["exp", "aud", "sub"]
_HEADER_WE_MINT = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9"  # {"alg":"HS256","typ":"JWT"}


class _Claims(msgspec.Struct, forbid_unknown_fields=True):
    """The claims that `mint` puts into a token, and no others."""

    iss: str
    aud: str
    sub: str
    jti: str
    iat: int
    exp: int
    roles: list[str]
    name: str = ""
    sessions: list[str] = []
    stages: list[str] = []
    auth_time: int = 0


_decode_claims = msgspec.json.Decoder(_Claims).decode


class OrganiserKey:
    """The public key of the organiser's own token issuer; its type pins the algorithm."""

    def __init__(self, pem: bytes) -> None:
        try:
            self.key = load_pem_public_key(pem)
        except ValueError as error:
            raise ConfigError(f"the issuer key is no PEM public key: {error}") from error
        self.algorithm = self._algorithm()

    def _algorithm(self) -> str:
        if isinstance(self.key, rsa.RSAPublicKey) and self.key.key_size >= 2048:
            return "RS256"
        if isinstance(self.key, ec.EllipticCurvePublicKey) and self.key.curve.name == "secp256r1":
            return "ES256"
        if isinstance(self.key, ed25519.Ed25519PublicKey):
            return "EdDSA"
        raise ConfigError("the issuer key must be RSA (2048 bits or more), P-256 or Ed25519")

    @classmethod
    def read(cls, path: Path) -> OrganiserKey:
        try:
            return cls(path.read_bytes())
        except OSError as error:
            raise ConfigError(f"can't read the issuer key: {error}") from error


class OtherSecret(NamedTuple):
    """A secret that the server does not sign with, whose tokens it takes until `until_ms` (wall time)."""

    text: str
    until_ms: int


class Tokens:
    """Mints tokens with the server's secret; verifies those, the organiser's, and those of `other`."""

    def __init__(
        self,
        secret: str,
        organiser: OrganiserKey | None = None,
        *,
        other: OtherSecret | None = None,
    ) -> None:
        for text in (secret, other.text if other else secret):
            if len(text.encode()) < MIN_SECRET_BYTES:
                raise ConfigError(f"the secret must have at least {MIN_SECRET_BYTES} bytes")
        self._secret = secret
        self._organiser = organiser
        self._other = other

    def fingerprints(self) -> list[str]:
        """Return what tells the secrets apart whose tokens are good here, and gives none away."""
        secrets = [self._secret, *([self._other.text] if self._other else [])]
        digests = (
            hmac.digest(one.encode(), b"showcaller: which secret", "sha256") for one in secrets
        )
        return [digest.hex()[:16] for digest in digests]

    def address_keys(self) -> list[bytes]:
        """Return a key for addresses that expire, of each secret whose tokens are good; ours first."""
        secrets = [self._secret, *([self._other.text] if self._other else [])]
        about = b"showcaller: addresses that expire"
        return [hmac.digest(one.encode(), about, "sha256") for one in secrets]

    def node_keys(self) -> tuple[bytes, ...]:
        """Return a key by which nodes know one another, of each secret whose tokens are good; ours first."""
        secrets = [self._secret, *([self._other.text] if self._other else [])]
        about = b"showcaller: one node to another"
        return tuple(hmac.digest(one.encode(), about, "sha256") for one in secrets)

    def mint(
        self,
        event_id: str,
        person: str,
        roles: Iterable[str],
        *,
        token: str,
        now_ms: int,
        ttl_s: int,
        name: str = "",
        sessions: Iterable[str] = (),
        stages: Iterable[str] = (),
        first_ms: int | None = None,
    ) -> str:
        """A token for `person`, valid `ttl_s` seconds from `now_ms`; `token` is its `jti`.

        `first_ms`: when the first of the tokens was made that it renews, if it renews one.
        """
        claims: dict[str, Any] = {
            "iss": ISSUER,
            "aud": event_id,
            "sub": person,
            "jti": token,
            "iat": now_ms // 1000,
            "exp": now_ms // 1000 + ttl_s,
            "roles": sorted(_known_roles(roles)),
        }
        if name:
            claims["name"] = name
        if sessions := sorted(sessions):
            claims["sessions"] = sessions
        if stages := sorted(stages):
            claims["stages"] = stages
        if first_ms is not None:  # so that revoking all tokens of a time reaches their descendants
            claims["auth_time"] = first_ms // 1000
        return jwt.encode(claims, self._secret, algorithm="HS256")

    def verify(self, text: str, event_id: str, now_ms: int | None = None) -> Principal:
        """Return who holds the token `text` at `now_ms` (this machine's time if left out).

        Raises `TokenExpired`, `TokenNotYet`, `Unauthenticated`.
        """
        now_ms = system.wall_ms() if now_ms is None else now_ms
        try:
            return self._verify(text, event_id, self._secret, now_ms / 1000)
        except (TokenExpired, TokenNotYet):  # so it is authentic
            raise
        except Unauthenticated:
            other = self._other
            if other is None or now_ms >= other.until_ms:
                raise
        who = self._verify(text, event_id, other.text, now_ms / 1000)
        return structs.replace(who, expires_at_ms=min(who.expires_at_ms, other.until_ms))

    def _verify(self, text: str, event_id: str, secret: str, now_s: float) -> Principal:
        """Verify as `verify` does, with `secret` for ours."""
        minted = _recognise(text, event_id, secret, now_s)
        if minted is not None:
            return _minted(minted)
        try:
            claims = self._decode(text, event_id, secret)
            expires_s, begins_s = int(claims["exp"]), int(claims.get("nbf", 0))
        except (
            jwt.PyJWTError,
            ValueError,
            TypeError,
            OverflowError,
        ):  # the last: a time is Infinity
            raise Unauthenticated("your token is not valid for this event") from None
        if expires_s <= now_s - LEEWAY_S:
            raise _expired(claims)
        if begins_s > now_s + LEEWAY_S:
            raise _not_yet(begins_s - now_s)
        return _principal(*_checked(claims))

    @staticmethod
    def is_ours(text: str) -> bool:
        """Tell whether a token that was verified is one of this server's own."""
        return bool(jwt.get_unverified_header(text).get("alg") == "HS256")

    def _decode(self, text: str, event_id: str, secret: str) -> dict[str, Any]:
        # The header only picks between our two keys; each key has its one algorithm.
        ours = self.is_ours(text)
        if not ours and self._organiser is None:
            raise jwt.InvalidAlgorithmError("no key for this algorithm")
        key: Any = secret if ours or not self._organiser else self._organiser.key
        algorithm = "HS256" if ours or not self._organiser else self._organiser.algorithm
        claims: dict[str, Any] = jwt.decode(
            text,
            key,
            algorithms=[algorithm],
            audience=event_id,
            issuer=ISSUER if ours else None,
            # Times are compared with server time, not with this machine's.
            options={
                "require": _REQUIRED,
                "verify_iat": False,
                "verify_exp": False,
                "verify_nbf": False,
            },
        )
        return claims


def _recognise(text: str, event_id: str, secret: str, now_s: float) -> _Claims | None:
    """The claims, if this is beyond doubt a token that `mint` made for the event and that is good now."""
    signed, _, signature = text.rpartition(".")
    header, _, payload = signed.partition(".")
    if header != _HEADER_WE_MINT:
        return None
    try:
        right = hmac.digest(secret.encode(), signed.encode(), "sha256")
        if not hmac.compare_digest(right, _unpadded(signature)):
            return None
        claims = _decode_claims(_unpadded(payload))
    except (ValueError, binascii.Error, msgspec.MsgspecError):
        return None
    good = now_s < claims.exp and (claims.iss, claims.aud) == (ISSUER, event_id)
    return claims if good else None


def _minted(claims: _Claims) -> Principal:
    return _principal(
        claims.sub,
        claims.jti,
        claims.name,
        claims.roles,
        claims.sessions,
        claims.stages,
        claims.exp,
        claims.auth_time or claims.iat,
    )


def _expired(claims: dict[str, Any]) -> TokenExpired:
    """Return the refusal of an authentic token that was valid once, with whose it was."""
    error = TokenExpired("your token has expired: get a new one")
    person, name = claims["sub"], claims.get("name", "")
    if _texts([person, name]):
        error.person, error.name = person[:MAX_PERSON_CHARS], name[:100]
    return error


def _not_yet(early_s: float) -> TokenNotYet:
    """Return the refusal of an authentic token whose `nbf` is so far ahead."""
    wait_s = early_s - LEEWAY_S
    return TokenNotYet(
        "your token is not valid yet: come back later, or have its issuer's clock checked",
        retry_after_s=min(max(wait_s, 1), ASK_AGAIN_S),
    )


def _known_roles(roles: Iterable[str]) -> frozenset[Role]:
    found: set[Role] = set()
    for role in roles:
        match = _ROLES.get(role)
        if match is None:
            raise BadInput(f"there is no role {role!r}: use {', '.join(ROLES)}", field="roles")
        found.add(match)
    return frozenset(found)


_ROLES: dict[str, Role] = {role: role for role in ROLES}


def _unpadded(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _checked(
    claims: dict[str, Any],
) -> tuple[str, str, str, list[str], list[str], list[str], int, int]:
    person, token, name = claims["sub"], claims.get("jti", ""), claims.get("name", "")
    roles, sessions = claims.get("roles", []), claims.get("sessions", [])
    stages = claims.get("stages", [])
    if not all(map(_texts, (roles, sessions, stages, [person, token, name]))):
        raise Unauthenticated("your token's claims are not of the right types")
    if (exp_s := int(claims["exp"])) * 1000 > END_OF_TIME_MS:
        raise Unauthenticated("your token's `exp` is no time in seconds: it is too far ahead")
    issued_s = claims.get("auth_time", claims.get("iat", 0))
    known = isinstance(issued_s, int | float) and 0 <= issued_s * 1000 <= END_OF_TIME_MS
    return person, token, name, roles, sessions, stages, exp_s, int(issued_s) if known else 0


def _principal(
    person: str,
    token: str,
    name: str,
    roles: list[str],
    sessions: list[str],
    stages: list[str],
    exp_s: int,
    issued_s: int,
) -> Principal:
    if not (roles and 0 < len(person) <= MAX_PERSON_CHARS):
        raise Unauthenticated("your token names no person or no roles")
    try:
        known = _known_roles(roles)
    except BadInput as error:
        raise Unauthenticated(f"your token is not valid: {error.message}") from None
    return Principal(
        person=PersonId(person),
        roles=known,
        token=token,
        expires_at_ms=exp_s * 1000,
        issued_ms=issued_s * 1000,
        sessions=frozenset(map(SessionId, sessions)),
        stages=frozenset(map(StageId, stages)),
        name=name[:100],
    )


def _texts(values: Any) -> bool:
    return isinstance(values, list) and all(map(_is_text, values))


def _is_text(value: Any) -> bool:
    """JSON can say half a surrogate pair, which no message could be encoded with."""
    return isinstance(value, str) and not any("\ud800" <= char <= "\udfff" for char in value)


def bearer(authorization: str | None) -> str:
    """The token of an `Authorization: Bearer …` header (RFC 6750 §2.1). Raises `Unauthenticated`."""
    scheme, _, token = (authorization or "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Unauthenticated("send your token as `Authorization: Bearer …`", code="no_token")
    return token.strip()
