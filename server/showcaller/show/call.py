"""A command on its way to the log, and what it comes to."""

from __future__ import annotations

from typing import Any, NamedTuple

from ..domain.ids import PersonId
from ..domain.outcome import Refusal
from ..domain.people import Principal
from ..errors import Forbidden, NotFound, Refused, YourFault
from .limits import Sender
from .live_event import Within

_ERRORS: dict[str, type[YourFault]] = {"not_found": NotFound, "forbidden": Forbidden}

Result = dict[str, Any]


class Call(NamedTuple):
    """A command on its way. The same `key` always makes the same fact, with the same ids."""

    who: Principal
    name: str
    key: str
    within: Within  # when its fact may be appended
    came_from: str = ""  # the address that the sender is counted under, if it is known

    @property
    def sender(self) -> Sender:
        """The sender as limits know them: staff are limited as persons only."""
        return Sender(self.by, "" if self.who.is_staff else self.came_from)

    @property
    def by(self) -> PersonId:
        return self.who.person


def raise_if(refused: Refusal | None) -> None:
    """Raise what a client is told of a refusal, if there is one."""
    if refused is not None:
        raise _ERRORS.get(refused.code, Refused)(refused.message, code=refused.code)
