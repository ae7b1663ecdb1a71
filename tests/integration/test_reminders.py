"""Reminders by Web Push and by mail, from two nodes: a real push service, a real mail server, a restart."""

from __future__ import annotations

import re

import aiohttp

from showcaller.testing.mail_server import mail_server
from showcaller.testing.push_service import PushService, vapid_key
from showcaller.testing.redis_server import RedisServer
from showcaller.testing.serving import ServeProcess
from showcaller.testing.until import until

EVENT = "ev"
SCHEDULE = """
event: {id: ev, title: An event, time_zone: UTC}
days: [{date: 2040-05-01}]
stages: [{id: main, title: Main}, {id: side, title: Side}]
sessions:
  - {id: first, title: First, stage: main, starts: "09:00", minutes: 30}
  - {id: second, title: Second, stage: side, starts: "09:20", minutes: 30}
  - {id: third, title: Third, stage: side, starts: "10:20", minutes: 30}
"""


class Person:
    """Somebody who talks to one node."""

    def __init__(self, http, node, role="attendee"):
        self._http = http
        self.url = f"{node.url}/api/v1/events/{EVENT}"
        self._headers = {"Authorization": f"Bearer {node.token(EVENT, role, person=role)}"}

    async def ask(self, method, path, status=200, **json):
        body = {"json": json} if method == "POST" else {}
        async with self._http.request(
            method, f"{self.url}/{path}", headers=self._headers, **body
        ) as answer:
            assert answer.status == status, await answer.text()
            return await answer.json(content_type=None)

    async def command(self, name, **args):
        return await self.ask("POST", f"commands/{name}", **args)


async def test_two_nodes_remind_once_of_what_is_starred_and_follow_the_run_sheet(tmp_path):
    path, key = tmp_path / "event.yaml", tmp_path / "push.pem"
    path.write_text(SCHEDULE)
    key.write_bytes(vapid_key())
    async with (
        PushService() as service,
        mail_server() as (box, smtp),
        aiohttp.ClientSession() as http,
    ):
        options = (
            *("--rehearse-from", "-4m", "--media-workers", "0"),
            *("--push-key", str(key), "--push-contact", "mailto:agenda@example.org"),
            *("--push-service", service.origin),
            *("--smtp", smtp, "--mail-from", "agenda@example.org"),
        )
        with RedisServer() as redis:
            options = (*options, "--broker", redis.url)
            nodes = [ServeProcess(path, *options, data=tmp_path / name) for name in "ab"]
            async with nodes[0], nodes[1]:
                ada, producer = Person(http, nodes[0]), Person(http, nodes[1], "producer")
                browser = service.browser()

                offered = await ada.ask("GET", "reminders")
                assert (offered["mail_offered"], offered["push"]) == (True, [])
                await ada.ask("POST", "reminders/push", **browser.subscription)
                await ada.ask("POST", "reminders/mail", address="ada@example.net")
                await until(lambda: box.about("Reminders from An event"))
                link = re.search(r"#confirm-mail=(\S+)", box.mails[0].get_content())
                await ada.ask("POST", "reminders/mail/confirm", code=link[1])
                assert (await ada.ask("GET", "reminders"))["confirmed"] is True

                for session in ("first", "second"):  # only the first is near
                    await ada.command("session.star", session=session, on=True)
                await until(lambda: browser.received and box.about("First"))
                assert browser.received[0]["body"].startswith("Starts in ")

                await producer.command("session.start", session="first")
                await until(lambda: len(browser.received) == 2)
                assert browser.received[1]["body"] == "It begins now, Main"

                assert await nodes[0].stop() == 0
                await nodes[0].start()
                ada = Person(http, nodes[0])
                await producer.command("session.delay", session="second", minutes=-20)
                await until(lambda: len(browser.received) == 3)
                titles = [one["title"] for one in browser.received]
                assert titles == ["First", "First", "Second"]
                await until(lambda: box.about("Second"))
                (reminder,) = box.about("Second")
                assert len(box.mails) == 3

                stop = re.fullmatch(r"<http://[^/]+(/.+)>", reminder["List-Unsubscribe"])
                one_click = {"List-Unsubscribe": "One-Click"}
                async with http.post(nodes[1].url + stop[1], data=one_click) as answer:
                    assert answer.status == 200
                assert (await ada.ask("GET", "reminders"))["mail"] == ""
                await producer.command("person.erase", person="attendee")
                assert (await ada.ask("GET", "reminders"))["push"] == []
                for node in nodes:
                    assert stop[1].rpartition("/")[2] not in node.log_text()
                    assert browser.endpoint not in node.log_text()


async def test_addresses_that_nobody_may_be_reminded_at_are_refused(tmp_path):
    path, key = tmp_path / "event.yaml", tmp_path / "push.pem"
    path.write_text(SCHEDULE)
    key.write_bytes(vapid_key())
    options = (
        "--media-workers",
        "0",
        "--push-key",
        str(key),
        "--push-contact",
        "mailto:a@b.example",
    )
    async with (
        PushService() as service,
        ServeProcess(path, *options, data=tmp_path / "data") as node,
        aiohttp.ClientSession() as http,
    ):
        ada = Person(http, node)
        refused = await ada.ask(
            "POST", "reminders/push", status=400, **service.browser().subscription
        )
        assert refused["field"] == "endpoint"
        await ada.ask("POST", "reminders/mail", status=404, address="ada@example.net")
        await ada.ask("POST", "reminders/mail/confirm", status=404, code="YWRh.nothing")
        assert service.asked == 0
