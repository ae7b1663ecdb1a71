"""Events, their agenda, and the tokens of those who take part."""

from __future__ import annotations

from .parts import (
    AT_EVENT,
    EVENT,
    OBJECT,
    Spec,
    answer,
    json,
    operation,
    parameter,
    problems,
    ref,
    text,
)

_PATH = parameter("path", "As the agenda's `brand` and `speakers` have it")

_SPEAKER = parameter("speaker", "The speaker's id, as the agenda has it")
_CODE = parameter(
    "code", "As the command `calendar.show` tells it to the person whose calendar it is"
)

_CERTIFIED = parameter("code", "The code on the certificate")


def paths() -> Spec:
    return {
        "/api/v1/events": {"get": _events()},
        AT_EVENT: {"parameters": [EVENT], "get": _agenda()},
        f"{AT_EVENT}/agenda.ics": {"parameters": [EVENT], "get": _calendar()},
        f"{AT_EVENT}/calendars/{{code}}.ics": {
            "parameters": [EVENT, _CODE],
            "get": _own_calendar(),
        },
        f"{AT_EVENT}/speakers/{{speaker}}": {"parameters": [EVENT, _SPEAKER], "get": _speaker()},
        f"{AT_EVENT}/certificate": {"parameters": [EVENT], "get": _certificate()},
        f"{AT_EVENT}/certificates/{{code}}": {
            "parameters": [EVENT, _CERTIFIED],
            "get": _certified(),
        },
        f"{AT_EVENT}/pictures/{{path}}": {"parameters": [EVENT, _PATH], "get": _picture()},
        f"{AT_EVENT}/registrations": {"parameters": [EVENT], "post": _registration()},
        f"{AT_EVENT}/tokens": {"parameters": [EVENT], "post": _renewal(), "get": _tokens()},
        f"{AT_EVENT}/codes": {"parameters": [EVENT], "post": _code()},
        f"{AT_EVENT}/codes/use": {"parameters": [EVENT], "post": _use()},
    }


def _events() -> Spec:
    answers = {"200": answer("What they are, when, and what is on", json(ref("Events")))}
    return operation("listEvents", "The events served here", answers)


def _agenda() -> Spec:
    return operation(
        "getAgenda",
        "The agenda with its live state: the items of channel `agenda`",
        {
            "200": answer("The newest", json(ref("Agenda")), ETag="Of its items"),
            "304": answer("You have the newest"),
            **problems(404, 503),
        },
    )


def _calendar() -> Spec:
    answers = {
        "200": answer("iCalendar", text("text/calendar"), ETag="Of what it shows"),
        "304": answer("You have the newest"),
        **problems(400, 404, 429, 503),
    }
    return operation("getCalendar", "The agenda as a calendar (RFC 5545)", answers)


def _own_calendar() -> Spec:
    answers = {
        "200": answer("iCalendar", text("text/calendar"), ETag="Of what it shows"),
        "304": answer("You have the newest"),
        **problems(400, 404, 503),
    }
    return operation("getOwnCalendar", "Somebody's favourites as a calendar (RFC 5545)", answers)


def _speaker() -> Spec:
    answers = {
        "200": answer("What the schedule says", json(OBJECT), ETag="Of what it says"),
        "304": answer("You have it"),
        **problems(404),
    }
    return operation("getSpeaker", "A speaker with their biography and links", answers)


def _certificate() -> Spec:
    answers = {
        "200": answer("What was attended, and the certificate's code", json(OBJECT)),
        **problems(401, 403, 404, 503),
    }
    return operation("getCertificate", "One's own certificate of attendance", answers, token=True)


def _certified() -> Spec:
    answers = {
        "200": answer("Whose it is, and what they attended", json(OBJECT)),
        **problems(404, 503),
    }
    return operation("checkCertificate", "The check of a certificate, for whoever has it", answers)


def _picture() -> Spec:
    picture = {"image/*": {"schema": {"type": "string", "format": "binary"}}}
    answers = {
        "200": answer("A PNG, JPEG or WebP", picture, ETag="Of what it shows"),
        "304": answer("You have it"),
        **problems(404),
    }
    return operation("getPicture", "A picture that the schedule names", answers)


def _registration() -> Spec:
    return operation(
        "register",
        "Become an attendee",
        {
            "201": answer("Your token", json(ref("Token"))),
            **problems(400, 403, 404, 413, 415, 429, 503, 507),
        },
        body=json(ref("Registration")),
    )


def _renewal() -> Spec:
    answers = {"201": answer("The newer token", json(ref("Token"))), **problems(401, 403, 404)}
    return operation("renewToken", "A newer token with the same rights", answers, token=True)


def _tokens() -> Spec:
    return operation(
        "listTokens",
        "The staff's tokens that were used, or those of one person (producers, ops)",
        {
            "200": answer("Tokens, newest first", json(OBJECT)),
            **problems(401, 403, 404, 503),
        },
        token=True,
        parameters=[_PERSON],
    )


_PERSON: Spec = {
    "name": "person",
    "in": "query",
    "required": False,
    "description": "Whose, attendees too",
    "schema": {"type": "string"},
}


def _code() -> Spec:
    return operation(
        "makeCode",
        "A code for a short link, which stands for your token",
        {"201": answer("The code", json(ref("Code"))), **problems(401, 403, 404, 429, 503, 507)},
        token=True,
    )


def _use() -> Spec:
    return operation(
        "useCode",
        "The token that a code stands for, in the browser that uses it first",
        {
            "201": answer("The token", json(ref("Token"))),
            **problems(400, 403, 404, 409, 413, 415, 429, 503, 507),
        },
        body=json(ref("CodeUse")),
    )
