"""The ways on which people are reminded of what they starred."""

from __future__ import annotations

from .parts import AT_EVENT, EVENT, Spec, answer, json, operation, parameter, problems, ref

_AT = f"{AT_EVENT}/reminders"
_CODE = parameter("code", "As the mail has it")


def paths() -> Spec:
    return {
        _AT: {"parameters": [EVENT], "get": _show()},
        f"{_AT}/push": {"parameters": [EVENT], "post": _change("addPush", "PushSubscription")},
        f"{_AT}/push/forget": {"parameters": [EVENT], "post": _change("forgetPush", "Endpoint")},
        f"{_AT}/mail": {"parameters": [EVENT], "post": _change("addMail", "MailAddress")},
        f"{_AT}/mail/forget": {"parameters": [EVENT], "post": _forget_mail()},
        f"{_AT}/mail/confirm": {"parameters": [EVENT], "post": _confirm()},
        f"{_AT}/mail/stop/{{code}}": {"parameters": [EVENT, _CODE], "post": _stop()},
    }


def _ways() -> Spec:
    return {"200": answer("What is offered and chosen now", json(ref("Reminders")))}


def _show() -> Spec:
    answers = {**_ways(), **problems(401, 403, 404, 503)}
    return operation("getReminders", "What is offered, and what I chose", answers, token=True)


_SUMMARIES = {
    "addPush": "Remind me in this browser (W3C Push API)",
    "forgetPush": "Don't remind me in this browser any more",
    "addMail": "Remind me by mail, once the address is confirmed",
}


def _change(id: str, schema: str) -> Spec:
    answers = {**_ways(), **problems(400, 401, 403, 404, 413, 415, 429, 503, 507)}
    return operation(id, _SUMMARIES[id], answers, token=True, body=json(ref(schema)))


def _forget_mail() -> Spec:
    answers = {**_ways(), **problems(401, 403, 404, 503, 507)}
    return operation("forgetMail", "Don't remind me by mail any more", answers, token=True)


def _confirm() -> Spec:
    answers = {
        "200": answer("It is confirmed", json({"type": "object"})),
        **problems(400, 404, 413, 415, 503, 507),
    }
    body = json(ref("Confirmation"))
    return operation("confirmMail", "Confirm an address by its mail's code", answers, body=body)


def _stop() -> Spec:
    answers = {"200": answer("It is ended", json({"type": "object"})), **problems(404, 503, 507)}
    return operation("stopMail", "End mails to an address (RFC 8058)", answers)
