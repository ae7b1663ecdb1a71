"""Every error that Showcaller raises on purpose, as one tree, and its two translations.

    ShowcallerError
    ├── YourFault                 the caller can mend it
    │   ├── BadInput              400  a field is wrong; says which
    │   ├── Unauthenticated       401  no valid token
    │   │   ├── TokenExpired      401  get a new one and come back
    │   │   └── TokenNotYet       401  come back with the same one after `retry_after_s`
    │   ├── Forbidden             403  a valid token that may not do this
    │   │   └── Banned            403  this person or token was shut out
    │   ├── NotFound              404
    │   ├── Refused               409  the event's state does not allow it; `code` says why
    │   │   └── TooLate           409  its own deadline has passed: it was not done
    │   ├── TooEarly              409  come back after `retry_after_s`
    │   ├── TooLarge              413
    │   ├── PreconditionFailed    412  what it says to have seen is out of date
    │   ├── Unsupported           415
    │   ├── Unprocessable         422  well-formed, but can't be served as a whole
    │   ├── PreconditionRequired  428  must say what it has seen
    │   └── RateLimited           429  come back after `retry_after_s`
    ├── OurFault                  the caller can only try again
    │   ├── Unavailable           503  a part is down, overloaded or draining
    │   │   └── Stalled           503  it waited while this process stood still: it was not done
    │   ├── Full                  503  no room for one more; come back after `retry_after_s`
    │   ├── StorageFull           507
    │   └── Damaged               500  the log can't be read: a backup has to be restored
    └── ConfigError               start-up: what to set, and where

`problem()` and `close_for()` are the only places where an error becomes HTTP problem+json (RFC 9457)
or a WebSocket close code (RFC 6455 §7.4; our own are in 4000–4999).
"""

from __future__ import annotations

import errno
import math
import socket
from typing import Any, NamedTuple


class ShowcallerError(Exception):
    """Base of all. `code` is stable and for machines; the message is for people.

    `retry_after_s`: when this caller may come back, where it is known. `inside`: what only operators may
    know, such as a server's address.
    """

    code = "error"
    http_status = 500
    retry = False
    default_retry_after_s: float | None = None

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        field: str | None = None,
        retry_after_s: float | None = None,
        inside: str = "",
    ) -> None:
        super().__init__(message)
        self.message = message
        self.inside = inside
        self.field = field
        self.retry_after_s = retry_after_s
        if code is not None:
            self.code = code

    @property
    def for_operators(self) -> str:
        """The message for logs and the terminal: with what no client is told."""
        return f"{self.message}: {self.inside}" if self.inside else self.message

    @property
    def come_back_s(self) -> float | None:
        """The seconds after which it helps to ask again: as was said, else as is usual for such an error."""
        return self.default_retry_after_s if self.retry_after_s is None else self.retry_after_s


class YourFault(ShowcallerError):
    """The caller can mend it."""

    http_status = 400


class BadInput(YourFault):
    """A field is missing, of the wrong type or out of range; `field` is its path."""

    code = "bad_input"


class Unauthenticated(YourFault):
    """There is no token, or it is not valid here."""

    code = "bad_token"
    http_status = 401


class TokenExpired(Unauthenticated):
    """The token was valid once. Get a new one and come back. `person` and `name` are its holder's."""

    code = "token_expired"
    person = ""
    name = ""


class TokenNotYet(Unauthenticated):
    """The token will be valid. Come back with it after `retry_after_s`."""

    code = "token_not_yet"
    retry = True


class Forbidden(YourFault):
    """The token is valid and does not allow this."""

    code = "forbidden"
    http_status = 403


class Banned(Forbidden):
    """The person was banned or the token revoked."""

    code = "banned"


class NotFound(YourFault):
    code = "not_found"
    http_status = 404


class Refused(YourFault):
    """The event's state does not allow the command; `code` is the fold's verdict."""

    code = "refused"
    http_status = 409


class TooLate(Refused):
    """The command's own deadline has passed. It was not done, and will not be."""

    code = "too_late"


class TooEarly(YourFault):
    """Not yet: come back after `retry_after_s`."""

    code = "too_early"
    http_status = 409
    retry = True


class TooLarge(YourFault):
    code = "too_large"
    http_status = 413


class Unsupported(YourFault):
    """The body's media type or the offer's codecs are none that we take."""

    code = "unsupported"
    http_status = 415


class Unprocessable(YourFault):
    """It is well-formed, but can't be served as a whole: an offer without any of our codecs."""

    code = "unprocessable"
    http_status = 422


class PreconditionFailed(YourFault):
    """The `If-Match` names an older state of the resource."""

    code = "stale"
    http_status = 412


class PreconditionRequired(YourFault):
    """Say with `If-Match` which state of the resource this is about."""

    code = "precondition_required"
    http_status = 428


class RateLimited(YourFault):
    """Too many in too short a time: come back after `retry_after_s`."""

    code = "rate_limited"
    http_status = 429
    retry = True


class OurFault(ShowcallerError):
    """The caller can only try again."""

    retry = True


class Unavailable(OurFault):
    """A part is down, overloaded or draining."""

    code = "unavailable"
    http_status = 503
    default_retry_after_s = 1.0


class Stalled(Unavailable):
    """It waited while this process stood still and is not done: others may have decided meanwhile."""

    code = "stalled"


class Full(OurFault):
    """There is no room for one more; those who are in are served."""

    code = "full"
    http_status = 503
    default_retry_after_s = 1.0


class StorageFull(OurFault):
    """The disk or Redis takes no more writes; reading goes on."""

    code = "storage_full"
    http_status = 507
    default_retry_after_s = 10.0


class Damaged(OurFault):
    """The log can't be read, and trying again can't help. The message says what to do."""

    code = "damaged"
    retry = False


class ConfigError(ShowcallerError):
    """A setting is missing or wrong. The message says what to set."""

    code = "config"


# What may have passed when it is tried again: a full disk, a busy port, a name server that is away.
_PASSING = frozenset(
    {
        *(errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.ENOMEM, errno.EBUSY),
        *(errno.EMFILE, errno.ENFILE, errno.EADDRINUSE, socket.EAI_AGAIN),
    }
)


def at_start(message: str, error: OSError) -> ShowcallerError:
    """Return what a start ends with for `error`: `ConfigError` if trying again can't help."""
    text = f"{message}: {error.strerror or error}"
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return StorageFull(text)
    return Unavailable(text) if error.errno in _PASSING else ConfigError(text)


class Close(NamedTuple):
    """A WebSocket close: the code tells the client whether to come back."""

    code: int
    reason: str


# Come back: at once or after the delay in the reason (`retry_after_ms=…`).
CLOSE_GOING_AWAY = 1012  # service restart (drain)
CLOSE_TRY_LATER = 1013  # overload
CLOSE_SLOW = 4000  # did not keep up: resume
CLOSE_SILENT = 4001  # no sign of life within ten heartbeats
CLOSE_RESUME = 4002  # this node can't vouch for what was sent: resume
CLOSE_TOKEN_EXPIRED = 4003  # get a new token, then come back
CLOSE_TOKEN_NOT_YET = 4004  # come back with the same token after the delay in the reason
# Do not come back with the same token or the same behaviour.
CLOSE_TOO_LARGE = 1009
CLOSE_BAD_TOKEN = 4500
CLOSE_BANNED = 4501
CLOSE_AUTH_DEADLINE = 4502
CLOSE_BAD_MESSAGE = 4503
CLOSE_FLOOD = 4504
CLOSE_TOO_MANY_OF_YOURS = 4505  # a newer connection of the same person took its place

_CLOSE_BY_ERROR: tuple[tuple[type[ShowcallerError], int], ...] = (
    (TokenExpired, CLOSE_TOKEN_EXPIRED),
    (TokenNotYet, CLOSE_TOKEN_NOT_YET),
    (Unauthenticated, CLOSE_BAD_TOKEN),
    (Banned, CLOSE_BANNED),
    (Forbidden, CLOSE_BAD_TOKEN),
    (TooLarge, CLOSE_TOO_LARGE),
    (RateLimited, CLOSE_FLOOD),
    (BadInput, CLOSE_BAD_MESSAGE),
    (OurFault, CLOSE_TRY_LATER),
)


def close_for(error: ShowcallerError) -> Close:
    """The WebSocket close that ends a connection for `error`."""
    reason = error.code
    if error.retry_after_s is not None:
        reason = f"{reason} retry_after_ms={math.ceil(error.retry_after_s * 1000)}"
    for kind, code in _CLOSE_BY_ERROR:
        if isinstance(error, kind):
            return Close(code, reason)
    return Close(1011, reason)


def problem(error: ShowcallerError) -> dict[str, Any]:
    """The body of an `application/problem+json` answer (RFC 9457) for `error`."""
    body: dict[str, Any] = {
        "type": f"urn:showcaller:error:{error.code}",
        "title": error.code.replace("_", " "),
        "status": error.http_status,
        "detail": error.message,
        "code": error.code,
        "retry": error.retry,
    }
    if error.field is not None:
        body["field"] = error.field
    if error.come_back_s is not None:
        body["retry_after_s"] = math.ceil(error.come_back_s)
    return body
