"""One message to one contact method: when it is still wanted, and what the provider made of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Final, TypeAlias

from opsknight.domain.model import drill
from opsknight.domain.model.incident import Status


class PageKind(StrEnum):
    """Why one person is reached. Those from `test` on belong to no incident."""

    PAGE = "page"
    ASSIGNED = "assigned"
    STILL_ON_IT = "still_on_it"
    SAFETY_NET = "safety_net"
    HELP = "help"
    HAND_OVER = "hand_over"
    JOINED = "joined"
    WATCH = "watch"
    TEST = "test"
    DRILL = "drill"
    CONFIRM = "confirm"
    CODE = "code"
    SHIFT = "shift"
    GAP = "gap"
    OFFER = "offer"
    READINESS = "readiness"
    BLIND = "blind"
    CANARY = "canary"
    REPLY = "reply"
    CHECK = "check"
    SILENT = "silent"
    DISK = "disk"


ASKED_FOR: Final = frozenset({PageKind.TEST, PageKind.CONFIRM, PageKind.CODE})
"""Pages that a person asked for about themselves."""
AHEAD: Final = frozenset({PageKind.SHIFT, PageKind.GAP, PageKind.READINESS})
"""What is told before it matters: a shift that begins, a time in which nobody is on call, who is not ready for it."""
TOLD: Final = AHEAD | {PageKind.OFFER, PageKind.BLIND, PageKind.REPLY, PageKind.SILENT, PageKind.DISK}
"""Messages that carry their own words as their page's reason."""
ALONE: Final = ASKED_FOR | TOLD | {PageKind.CANARY, PageKind.CHECK}
"""Pages of no incident: no escalation, always wanted. A drill is none of these: it ends as soon as it is answered."""
TO_THE_OWNER: Final = frozenset({PageKind.STILL_ON_IT, PageKind.HAND_OVER, PageKind.JOINED})
"""Messages to whoever has acknowledged the incident."""
UNASKED: Final = ALONE | {PageKind.WATCH}
"""What waits for no answer: it is tried a few times and not all night."""
PAGING: Final = frozenset({PageKind.PAGE, PageKind.ASSIGNED, PageKind.SAFETY_NET})
"""Pages of an open incident that wait for an acknowledge."""
WAITS_FOR_ANSWER: Final = PAGING | TO_THE_OWNER | {PageKind.HELP}
"""Pages that whoever had one may acknowledge the incident by, whatever their role."""
AT_ONCE: Final = frozenset({PageKind.STILL_ON_IT, PageKind.ASSIGNED})
"""What goes on to others in five minutes unless its person acts: no rule of theirs keeps its first message so long."""
HELD_IN_QUIET_HOURS: Final = PAGING | {PageKind.HELP, PageKind.JOINED, PageKind.HAND_OVER, PageKind.WATCH}
"""What of low urgency waits for the end of quiet hours. A question that has to be answered in time, and what is told
before it matters, do not."""


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
    AWAY = "away"


@dataclass(frozen=True, slots=True)
class Sent:
    """The provider took the message; `provider_id` is its own name for it, where it gives one.

    `carrier` says which of several providers of a channel it was, and `country` where it goes, as two
    letters; both are empty where a channel has one provider and knows no countries. So in every outcome.
    `cost` is what it costs in `currency`, None where nobody says.
    """

    provider_id: str = ""
    detail: str = ""
    carrier: str = ""
    country: str = ""
    cost: Decimal | None = None
    currency: str = ""


@dataclass(frozen=True, slots=True)
class Retry:
    """Surely not sent, and worth another try; `after` is what the provider asked for, if it did.

    `elsewhere` says that another carrier has not tried this message: it does so now, without a wait.
    """

    reason: str
    fault: Fault = Fault.PROVIDER
    after: timedelta | None = None
    carrier: str = ""
    country: str = ""
    elsewhere: bool = False


@dataclass(frozen=True, slots=True)
class Failed:
    """Refused for good. `gone` says that the address itself is dead and must not be tried again.

    `elsewhere` says that it is this carrier's refusal alone, and that another tries the message now.
    """

    reason: str
    fault: Fault = Fault.PROVIDER
    gone: bool = False
    carrier: str = ""
    country: str = ""
    elsewhere: bool = False


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """Perhaps sent: it was handed over, and no answer came back."""

    reason: str
    fault: Fault = Fault.TIMEOUT
    carrier: str = ""
    country: str = ""


Outcome: TypeAlias = Sent | Retry | Failed | Ambiguous

LATE: Final = timedelta(seconds=60)
"""A message later than this says by how much."""


@dataclass(frozen=True, slots=True)
class Situation:
    """What the sender knows when it reads a notification's incident again, just before the call.

    `answered` says that this person has acknowledged where everyone must or in a drill, has answered a call for
    help, or watches the incident no more.
    """

    kind: PageKind
    generation: int
    user_id: int | None
    status: Status | None = None
    incident_generation: int | None = None
    assignee_id: int | None = None
    answered: bool = False
    paged_at: datetime | None = None
    acknowledged_at: datetime | None = None
    now: datetime | None = None


def unwanted(now: Situation) -> str | None:
    """Return why a notification must not be sent any more, in words for the timeline, or None.

    A page speaks for one generation of an open incident; a question to the owner for that of an
    acknowledged one; a call for help until it is answered, or somebody acknowledges after it; a drill
    until it is answered, or over.
    """
    if now.kind in ALONE:
        return None
    if now.kind is PageKind.DRILL:
        return drill.wanted_no_more(paged_at=now.paged_at, now=now.now, answered=now.answered)
    if now.kind is PageKind.HELP:
        return _help_unwanted(now)
    if now.kind is PageKind.WATCH:
        return "this person watches it no more" if now.answered else None
    wanted = Status.ACKNOWLEDGED if now.kind in TO_THE_OWNER else Status.OPEN
    if now.status is not wanted:
        return f"the incident is {now.status}" if now.status else "the incident is gone"
    if now.incident_generation != now.generation:
        return "paging started anew in the meantime"
    if (now.kind is PageKind.ASSIGNED or now.kind in TO_THE_OWNER) and now.assignee_id != now.user_id:
        return "somebody else owns the incident now"
    return "this person has acknowledged" if now.answered else None


def _help_unwanted(now: Situation) -> str | None:
    if now.status in (None, Status.RESOLVED):
        return "the incident is resolved" if now.status else "the incident is gone"
    if now.answered:
        return "this person has answered"
    since = now.acknowledged_at
    if now.status is Status.ACKNOWLEDGED and since is not None and now.paged_at is not None and since > now.paged_at:
        return "the incident was acknowledged"
    return None


def unreachable(
    kind: PageKind, *, active: bool, known: bool, verified: bool, disabled_because: str | None
) -> str | None:
    """Return why a contact method cannot be used, in words for the timeline, or None.

    Only the message that confirms a contact method, or carries its code, goes to one that is not verified.
    """
    if not active:
        return "the account is deactivated"
    if not known:
        return "the contact method was removed"
    if disabled_because is not None:
        return disabled_because or "the contact method is switched off"
    if not verified and kind not in (PageKind.CONFIRM, PageKind.CODE):
        return "the contact method is not verified"
    return None


def late_by(
    *,
    page_due_at: datetime,
    paged_at: datetime,
    due_at: datetime,
    now: datetime,
    first_tried_at: datetime | None = None,
) -> timedelta | None:
    """Return how late a message is when it is handed over `now`, or None below LATE.

    Late is what the page itself was late, and what its notification waited past its due time; of one that was tried
    in vain since the first try, however often a time was set for another.
    """
    since = due_at if first_tried_at is None else min(due_at, first_tried_at)
    late = max(paged_at - page_due_at, timedelta()) + max(now - since, timedelta())
    return late if late > LATE else None
