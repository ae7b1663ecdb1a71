"""The runner of one event's reminders on this node: plan → claim → send.

What is due, and whose it is, the fold says (`domain/favourites.py`). A node claims people by a fact and
reminds those whom the fold gave it. A claim is never sent again: whoever dies with it reminds nobody twice.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

from .. import metrics, system
from ..broker.base import Entry
from ..domain import facts
from ..domain.facts import Reminder
from ..domain.favourites import due_reminders
from ..domain.ids import PersonId, SessionId
from ..domain.outcome import Outcome
from ..errors import ShowcallerError
from ..protocol.messages import ServerMessage, Since
from ..show.live_event import LiveEvent
from ..show.mail_links import mail_code, stop_path
from ..show.reminder_settings import ReminderRecords, ReminderSettings, Subscription
from .mail_sender import Letter, MailSender
from .push_sender import PushSender
from .results import Result
from .words import Told, told

log = logging.getLogger(__name__)

LOOK_EVERY_S = 1.0
CLAIMED_AT_ONCE = 200  # people of a claim: as many are lost with a node that dies
FINISH_WITHIN_S = 2.0  # when this node stops
MOST_UNDER_WAY = 20_000  # reminders of this node; what is more is dropped, and counted


class ReminderRunner:
    """Reminds people of one event. Without `push` or `mail` nobody is reminded that way."""

    def __init__(
        self,
        event: LiveEvent,
        *,
        push: PushSender | None,
        mail: MailSender | None,
        base_url: Callable[[], str],
    ) -> None:
        self._event = event
        self._push = push
        self._mail = mail
        self._base_url = base_url
        self._node = system.random_id("node")
        self._records = ReminderRecords(event.log)
        self._under_way: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Remind people until cancelled. No error ends it."""
        self._event.add_listener(self)
        try:
            while True:
                try:
                    await self._claim_due()
                except ShowcallerError as error:
                    waits = {"action": "reminder.waits", "error": error.for_operators}
                    log.warning("reminders wait for the log", extra=waits)
                await asyncio.sleep(LOOK_EVERY_S)
        finally:
            self._event.remove_listener(self)
            await self._finish()

    async def _finish(self) -> None:
        """Send what is under way: it is claimed, and no other node will."""
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=FINISH_WITHIN_S)
        for task in self._under_way:
            task.cancel()

    async def _claim_due(self) -> None:
        sheet = self._event.state.runsheet
        if sheet is None:
            return
        show_ms = sheet.clock.show_at(self._event.wall_ms())
        for due in list(self._event.state.favourites.due(sheet, show_ms)):
            for first in range(0, len(due.people), CLAIMED_AT_ONCE):
                fact = facts.RemindersClaimed(
                    session=due.session,
                    reminder=due.reminder,
                    people=tuple(due.people[first : first + CLAIMED_AT_ONCE]),
                    node=self._node,
                )
                await self._event.append(fact, system.random_id("remind"))

    # EventListener --------------------------------------------------------------------------------

    def on_folded(self, entry: Entry, fact: facts.Fact, outcome: Outcome) -> None:
        mine = isinstance(fact, facts.RemindersClaimed) and fact.node == self._node
        if mine and isinstance(fact, facts.RemindersClaimed) and outcome.reminded:
            self._spawn(self._remind(fact.session, fact.reminder, list(outcome.reminded)))

    def on_message(self, channel: str, message: ServerMessage) -> None:
        pass

    def on_new_epoch(self, before: Since) -> None:
        pass

    def on_reset(self) -> None:
        pass

    # Sending --------------------------------------------------------------------------------------

    async def _remind(self, session: SessionId, reminder: Reminder, people: list[PersonId]) -> None:
        words = self._words(session, reminder)
        if words is None:  # it was moved away, or this node stood still
            return
        for person, settings in zip(people, await self._records.read(people), strict=True):
            for push in settings.push if self._push is not None else ():
                self._start("push", partial(self._send_push, person, push, words))
            if self._mail is not None and settings.confirmed and reminder == "soon":
                self._start("mail", partial(self._send_mail, person, settings, words))

    def _words(self, session: SessionId, reminder: Reminder) -> Told | None:
        """Return what to tell; None when that makes no sense any more."""
        sheet = self._event.state.runsheet
        if sheet is None:
            return None
        show_ms = sheet.clock.show_at(self._event.wall_ms())
        if reminder not in due_reminders(sheet, session, show_ms):
            return None
        return told(sheet, sheet.sessions[session], reminder, show_ms)

    def _start(self, way: str, send: Callable[[], Coroutine[Any, Any, Result]]) -> None:
        if len(self._under_way) >= MOST_UNDER_WAY:
            metrics.REMINDERS.labels(way, "dropped").inc()
            return
        self._spawn(self._count(way, send()))

    async def _count(self, way: str, sending: Coroutine[Any, Any, Result]) -> None:
        metrics.REMINDERS.labels(way, await sending).inc()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._under_way.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._under_way.discard(task)
        if not task.cancelled() and (error := task.exception()):
            failed = {"action": "reminder.failed"}
            log.error("a reminder could not be sent", exc_info=error, extra=failed)

    async def _send_push(self, person: PersonId, to: Subscription, words: Told) -> Result:
        assert self._push is not None
        result = await self._push.send(to, words)
        if result == "gone":
            await self._records.change(person, lambda known: known.without_push(to.endpoint))
        return result

    async def _send_mail(self, person: PersonId, settings: ReminderSettings, words: Told) -> Result:
        assert self._mail is not None
        base_url, state = self._base_url(), self._event.state
        code = mail_code(state, "stop", person, settings.mail)
        text = (
            f"{words.title}\n{words.body}\n\nWatch: {base_url}{words.path}\n\n"
            "You starred it and asked for reminders by mail. To get no more of them:\n"
            f"{base_url}/e/{state.event_id}/#stop-mail={code}\n"
        )
        stop = base_url + stop_path(state, code)
        letter = Letter(settings.mail, f"{words.title}: {words.body}", text, stop)
        return await self._mail.send(letter)
