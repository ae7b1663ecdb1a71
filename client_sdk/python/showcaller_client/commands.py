"""The commands of PROTOCOL.md §6 as methods."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, Literal

Result = dict[str, Any]


class Commands(ABC):
    """The commands that people give. Each method raises `Refused` when the server says no."""

    @abstractmethod
    async def command(
        self,
        name: str,
        args: Mapping[str, Any] | None = None,
        *,
        key: str | None = None,
        timeout_s: float = 30.0,
    ) -> Result:
        """Any command by its name."""

    @abstractmethod
    def now_given_ms(self) -> int:
        """Return when a command that is made now was given: server time, later than at every call before."""

    async def ask(self, session: str, text: str, *, anonymous: bool = False) -> Result:
        """Ask; `{"question": id, "state": "pending" | "approved"}`."""
        args = {"session": session, "text": text, "anonymous": anonymous}
        return await self.command("question.ask", args)

    async def edit(self, question: str, text: str) -> None:
        """Change a question of one's own while it is pending."""
        await self.command("question.edit", {"question": question, "text": text})

    async def withdraw(self, question: str) -> None:
        """Take back a question of one's own."""
        await self.command("question.withdraw", {"question": question})

    async def vote(self, question: str, on: bool = True) -> Result:
        """Vote for a question, or take the vote back; `{"question", "on", "votes"}`."""
        args = {"question": question, "on": on, "given_ms": self.now_given_ms()}
        return await self.command("question.vote", args)

    async def vote_in_poll(
        self, poll: str, *, options: Sequence[int] = (), words: Sequence[str] = ()
    ) -> Result:
        """Choose options by their places, or say words; neither takes the vote back.

        `{"poll", "options", "words"}`: what was counted.
        """
        given_ms = self.now_given_ms()
        args = {"poll": poll, "options": list(options), "words": list(words), "given_ms": given_ms}
        return await self.command("poll.vote", args)

    async def rate(self, session: str, stars: int, comment: str = "") -> None:
        """Say what one thought of a session that is over, in place of what one said before."""
        await self.command("session.rate", {"session": session, "stars": stars, "comment": comment})

    async def say(self, session: str, text: str) -> Result:
        """Say something in a session's chat; `{"message"}`: its id."""
        return await self.command("chat.say", {"session": session, "text": text})

    async def delete_message(
        self, session: str, message: str, *, all_of_author: bool = False
    ) -> None:
        """Delete a message of one's own; moderators any, or all that its author said there."""
        args = {"session": session, "message": message, "all_of_author": all_of_author}
        await self.command("chat.delete", args)

    async def invite_guest(self, session: str, *, days: int = 7) -> Result:
        """Make a link for somebody without an account who speaks in the session.

        `{"code", "person", "token", "expires_at_ms"}`: the link is `…/speak/SESSION#code=CODE`, and `token`
        revokes it.
        """
        return await self.command("guest.invite", {"session": session, "days": days})

    async def slow_chat(self, session: str, seconds: int) -> None:
        """Have everybody wait so long between two messages; 0: no longer than elsewhere."""
        await self.command("chat.slow", {"session": session, "seconds": seconds})

    async def switch_chat(self, session: str, on: bool) -> None:
        """Open or close a session's chat."""
        await self.command("chat.open" if on else "chat.close", {"session": session})

    async def caption(
        self, session: str, language: str, text: str, *, from_ms: int = 0, to_ms: int = 0
    ) -> Result:
        """Say a line of captions, now or at times of the server; `{"caption"}`: its id."""
        args = {"session": session, "language": language, "text": text}
        return await self.command("caption.say", args | {"from_ms": from_ms, "to_ms": to_ms})

    async def correct_caption(self, session: str, language: str, caption: str, text: str) -> None:
        """Have a line of captions read otherwise; without text it is taken out."""
        args = {"session": session, "language": language, "caption": caption, "text": text}
        await self.command("caption.correct", args)

    async def make_poll(self, session: str, draft: Mapping[str, Any]) -> Result:
        """Make a draft of a poll (`Draft` of PROTOCOL.md §4); `{"poll"}`: its id."""
        return await self.command("poll.make", {"session": session, "draft": dict(draft)})

    async def edit_poll(self, poll: str, draft: Mapping[str, Any]) -> None:
        """Change a draft of a poll."""
        await self.command("poll.edit", {"poll": poll, "draft": dict(draft)})

    async def plan_poll(
        self,
        poll: str,
        anchor: Literal["doors_open", "started", "ended"] | None,
        minutes: int = 0,
    ) -> None:
        """Have the clock open a draft so many minutes after that; None: it waits for a hand again."""
        plan = {"anchor": anchor, "minutes": minutes} if anchor else None
        await self.command("poll.plan", {"poll": poll, "plan": plan})

    async def open_poll(self, poll: str) -> None:
        await self.command("poll.open", {"poll": poll})

    async def close_poll(self, poll: str) -> None:
        await self.command("poll.close", {"poll": poll})

    async def show_results(self, poll: str, on: bool = True) -> None:
        """Show everybody how people voted, or hide it."""
        await self.command("poll.show", {"poll": poll, "on": on})

    async def hide_word(self, poll: str, word: str, on: bool = True) -> None:
        """Take a word out of a word cloud, or put it back."""
        await self.command("poll.hide_word", {"poll": poll, "word": word, "on": on})

    async def delete_poll(self, poll: str) -> None:
        """Delete a poll with all its votes."""
        await self.command("poll.delete", {"poll": poll})

    async def react(self, session: str, reaction: str) -> None:
        """Show how a session feels: `clap`, `heart`, `laugh`, `wow` or `party`."""
        await self.command("reaction.send", {"session": session, "reaction": reaction})

    async def star(self, session: str, on: bool = True) -> None:
        """Put a session into one's own agenda, or take it out again."""
        await self.command("session.star", {"session": session, "on": on})

    async def own_calendar(self) -> str:
        """Return the secret path of one's own calendar, which needs no token."""
        return str((await self.command("calendar.show"))["path"])

    async def renew_calendar(self) -> str:
        """End that path, and return the one in its place."""
        return str((await self.command("calendar.renew"))["path"])

    async def approve(self, question: str) -> None:
        await self.command("question.approve", {"question": question})

    async def reject(self, question: str, reason: str = "") -> None:
        await self.command("question.reject", {"question": question, "reason": reason})

    async def put_back(self, question: str) -> None:
        """Have a question that was approved or rejected reviewed again."""
        await self.command("question.return", {"question": question})

    async def reject_all(
        self, question: str, of: Literal["person", "address"], *, ban: bool = False
    ) -> Result:
        """Reject all that wait for an answer, of its author or of all who asked over the same address.

        With `ban` those who asked them are shut out too. Returns `{"rejected", "banned"}`: how many.
        """
        args = {"question": question, "of": of, "ban": ban}
        return await self.command("question.reject_all", args)

    async def push(self, question: str) -> None:
        """Put a question on air; the one before it becomes answered."""
        await self.command("question.push", {"question": question})

    async def pull(self, question: str) -> None:
        """Take a question off air; it stays approved."""
        await self.command("question.pull", {"question": question})

    async def answered(self, question: str) -> None:
        await self.command("question.answered", {"question": question})

    async def reply(self, question: str, text: str) -> None:
        """Answer in writing; an empty text removes the reply."""
        await self.command("question.reply", {"question": question, "text": text})

    async def clarify(self, question: str, text: str) -> None:
        """Put a question more clearly; what was asked is kept, and giving it restores it."""
        await self.command("question.clarify", {"question": question, "text": text})

    async def label(self, question: str, label: str, on: bool = True) -> None:
        """Stick a label on a question, or take it off."""
        await self.command("question.label", {"question": question, "label": label, "on": on})

    async def pin(self, question: str, on: bool = True) -> None:
        """Have a question stand before all others, or do so no more."""
        await self.command("question.pin", {"question": question, "on": on})

    async def send_to_speaker(self, question: str, on: bool = True) -> None:
        """Show a question to the session's speakers, or do so no more."""
        await self.command("question.send", {"question": question, "on": on})

    async def claim(self, question: str, *, take_over: bool = False) -> Result:
        """Take a question in hand for two minutes, or for two more; `{"until_ms"}`.

        Raises `Refused` (`claimed`) while another one has it, unless you mean to take it over.
        """
        args = {"question": question, "take_over": take_over}
        return await self.command("question.claim", args)

    async def release(self, question: str) -> None:
        """Let go of a question that one has in hand."""
        await self.command("question.release", {"question": question})

    async def ban(self, person: str, *, reason: str = "", minutes: int | None = None) -> Result:
        """Shut somebody out, for so many minutes or until they are let in; `{"holds"}`."""
        return await self.command("person.ban", _term(person, reason, minutes))

    async def unban(self, person: str) -> None:
        """Let somebody in again."""
        await self.command("person.unban", {"person": person})

    async def silence(self, person: str, *, reason: str = "", minutes: int | None = None) -> None:
        """Keep somebody from asking; they may watch and vote, and see the reason."""
        await self.command("person.silence", _term(person, reason, minutes))

    async def unsilence(self, person: str) -> None:
        """Let somebody ask again."""
        await self.command("person.unsilence", {"person": person})

    async def merge(self, question: str, into: str) -> None:
        """Have a question count for another one that says the same, with its votes."""
        await self.command("question.merge", {"question": question, "into": into})

    async def unmerge(self, question: str) -> None:
        """Have a merged question count for itself again."""
        await self.command("question.unmerge", {"question": question})

    async def announce(
        self,
        text: str,
        *,
        session: str | None = None,
        at_ms: int | None = None,
        to: str | None = None,
    ) -> Result:
        """Announce to everybody, or `to` a session's `audience` or `speakers`; now, or at a show time."""
        args = {"text": text, "session": session, "at_ms": at_ms, "to": to}
        given = {name: value for name, value in args.items() if value is not None}
        return await self.command("announcement.make", given)


def _term(person: str, reason: str, minutes: int | None) -> dict[str, Any]:
    length = {} if minutes is None else {"minutes": minutes}
    return {"person": person, "reason": reason, **length}
