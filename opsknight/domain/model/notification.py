"""One message to one contact method: when it is still wanted, and what the provider made of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final, TypeAlias

from opsknight.domain.model.incident import Status


class PageKind(StrEnum):
    """Why one person is reached. The last two belong to no incident."""

    PAGE = "page"
    ASSIGNED = "assigned"
    STILL_ON_IT = "still_on_it"
    SAFETY_NET = "safety_net"
    TEST = "test"
    CONFIRM = "confirm"


ALONE: Final = frozenset({PageKind.TEST, PageKind.CONFIRM})
"""Pages that a person asked for about themselves: no incident, no escalation, always wanted."""


class Fault(StrEnum):
    """What kind of thing went wrong with a provider; the names of the metric's label."""

    DNS = "dns"
    REFUSED = "refused"
    RESET = "reset"
    TIMEOUT = "timeout"
    CERTIFICATE = "certificate"
    TLS = "tls"
    THROTTLED = "throttled"
    PROVIDER = "provider"
    ADDRESS = "address"
    SETTINGS = "settings"


@dataclass(frozen=True, slots=True)
class Sent:
    """The provider took the message; `provider_id` is its own name for it, where it gives one."""

    provider_id: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Retry:
    """Surely not sent, and worth another try; `after_s` is what the provider asked for, if it did."""

    reason: str
    fault: Fault = Fault.PROVIDER
    after_s: float | None = None


@dataclass(frozen=True, slots=True)
class Failed:
    """Refused for good. `gone` says that the address itself is dead and must not be tried again."""

    reason: str
    fault: Fault = Fault.PROVIDER
    gone: bool = False


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """Perhaps sent: it was handed over, and no answer came back."""

    reason: str
    fault: Fault = Fault.TIMEOUT


Outcome: TypeAlias = Sent | Retry | Failed | Ambiguous

NO_RECEIPT_AFTER: Final = timedelta(seconds=20)
"""A push without a sign of life for this long starts the next contact method."""
RESENDS_AFTER_AMBIGUOUS: Final = 1
"""How often a perhaps-sent message is sent again, marked as a possible repeat."""
AMBIGUOUS_AGAIN: Final = "Perhaps sent twice; the provider never confirmed either."


@dataclass(frozen=True, slots=True)
class Situation:
    """What the sender knows when it reads a notification's incident again, just before the call."""

    kind: PageKind
    generation: int
    user_id: int
    user_active: bool
    status: Status | None
    incident_generation: int | None
    assignee_id: int | None


def unwanted(now: Situation) -> str | None:
    """Return why a notification must not be sent any more, in words for the timeline, or None.

    A page speaks for one generation of an open incident; the question “still on it?” for the owner
    of an acknowledged one.
    """
    if not now.user_active:
        return "The person is no longer active."
    if now.kind in ALONE:
        return None
    wanted = Status.ACKNOWLEDGED if now.kind is PageKind.STILL_ON_IT else Status.OPEN
    if now.status is not wanted:
        return f"The incident is {now.status}."
    if now.incident_generation != now.generation:
        return "Paging started anew in the meantime."
    if now.kind in (PageKind.ASSIGNED, PageKind.STILL_ON_IT) and now.assignee_id != now.user_id:
        return "Somebody else owns the incident now."
    return None
