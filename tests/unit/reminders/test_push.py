"""Web Push: messages that one browser reads, and push services that may be asked."""

from __future__ import annotations

import http_ece
import pytest
from hypothesis import given
from hypothesis import strategies as st

from showcaller.errors import ConfigError
from showcaller.reminders.push_message import PushKey, encrypt
from showcaller.reminders.push_sender import PushSender
from showcaller.reminders.push_services import PushServices, origin_of
from showcaller.reminders.results import again_after_s
from showcaller.reminders.words import Told
from showcaller.show.reminder_settings import Subscription
from showcaller.testing.push_service import PushBrowser, PushService, unpadded, vapid_key

TOLD = Told(title="Berths", body="Starts in 5 min", path="/e/x/watch/y", tag="x/y")


def subscribed(browser):
    return Subscription(endpoint=browser.endpoint, **browser.subscription["keys"])


@given(st.binary(min_size=1, max_size=3_000))
def test_only_the_browser_reads_what_it_is_sent(text):
    browser, other = PushBrowser("https://a.example/1"), PushBrowser("https://a.example/2")
    body = encrypt(text, **browser.subscription["keys"])
    assert text not in body or len(text) < 4
    with pytest.raises(http_ece.ECEException):
        other.receive(body)


A_KEY = PushBrowser("https://a.example/1").subscription["keys"]["p256dh"]
WRONG_KEYS = {
    "nothing": ("", ""),
    "no base64": ("not base64!", "AAAA"),
    "a point on no curve": (unpadded(b"\x04" + bytes(64)), unpadded(bytes(16))),
    "a short secret": (A_KEY, unpadded(bytes(15))),
}


@pytest.mark.parametrize("wrong", WRONG_KEYS)  # by name: a key is another one in each process
def test_keys_that_are_none_are_told(wrong):
    p256dh, auth = WRONG_KEYS[wrong]
    with pytest.raises(ValueError):
        encrypt(b"x", p256dh=p256dh, auth=auth)


def test_another_kind_of_key_is_refused_with_how_to_make_one():
    with pytest.raises(ConfigError, match="openssl ecparam"):
        PushKey.read(b"no key", "mailto:a@b.example")


@pytest.mark.parametrize(
    ("endpoint", "allowed"),
    [
        ("https://fcm.googleapis.com/fcm/send/abc", True),
        ("https://fcm.googleapis.com:443/x", True),
        ("https://web.push.apple.com/QF", True),
        ("https://wns2-par02p.notify.windows.com/w/?token=x", True),
        ("https://updates.push.services.mozilla.com/wpush/v2/g", True),
        ("https://push.example.org:8443/x", True),  # listed below
        ("https://push.example.org/x", False),
        ("http://fcm.googleapis.com/x", False),
        ("https://fcm.googleapis.com:8443/x", False),
        ("https://fcm.googleapis.com.evil.example/x", False),
        ("https://evil.example/fcm.googleapis.com", False),
        ("https://user@fcm.googleapis.com/x", False),
        ("https://evil.example\\@fcm.googleapis.com/", False),
        ("https://push.apple.com/x", False),
        ("https://a.b.push.apple.com/x", False),
        ("https://evilpush.apple.com.evil.example/x", False),
        ("https://127.0.0.1/x", False),
        ("https://[::1]/x", False),
        ("https://169.254.169.254/latest", False),
        ("https://2130706433/x", False),
        ("file:///etc/passwd", False),
        ("https://fcm.googleapis.com/" + "x" * 1_000, False),
        ("https://fcm.googleapis.com/\r\nX: y", False),
        ("", False),
    ],
)
def test_only_listed_push_services_are_asked(endpoint, allowed):
    assert PushServices(["https://push.example.org:8443"]).allow(endpoint) is allowed


@given(st.text(max_size=200))
def test_whatever_is_no_address_of_a_listed_service_is_not_allowed(text):
    assert not PushServices().allow(text)
    assert not PushServices().allow(f"https://{text}.evil.example/")
    assert origin_of(text) is None or "://" in text


@pytest.mark.parametrize(
    ("status", "result", "asked"),
    [
        (201, "sent", 1),
        (410, "gone", 1),
        (404, "gone", 1),
        (400, "refused", 1),
        (301, "refused", 1),
    ],
)
async def test_a_push_service_is_asked_and_taken_at_its_word(status, result, asked):
    async with PushService() as service:
        service.status = status
        sender = PushSender(
            PushKey.read(vapid_key(), "mailto:a@b.example"), PushServices([service.origin])
        )
        browser = service.browser()
        assert await sender.send(subscribed(browser), TOLD) == result
        await sender.close()
    assert service.asked == asked
    assert [one["title"] for one in browser.received] == (["Berths"] if status == 201 else [])


async def test_the_service_knows_the_sender_and_how_long_to_keep_the_message():
    async with PushService() as service:
        key = PushKey.read(vapid_key(), "mailto:agenda@example.org")
        sender = PushSender(key, PushServices([service.origin]))
        await sender.send(subscribed(service.browser()), TOLD)
        await sender.close()
    (headers,) = service.headers
    claims = service.claims(headers["Authorization"])
    assert (claims["sub"], claims["k"]) == ("mailto:agenda@example.org", key.public)
    assert headers["TTL"] == "600"
    assert len(headers["Topic"]) <= 32


async def test_nothing_is_sent_where_it_is_not_allowed():
    async with PushService() as service:
        sender = PushSender(PushKey.read(vapid_key(), "mailto:a@b.example"), PushServices())
        assert await sender.send(subscribed(service.browser()), TOLD) == "refused"
        await sender.close()
    assert service.asked == 0


def test_tries_are_few_and_pauses_short():
    assert [again_after_s(tries) for tries in (1, 2, 3)] == [1.0, 5.0, None]
    assert again_after_s(1, 20.0) == 20.0
    assert again_after_s(1, 3_600.0) is None
