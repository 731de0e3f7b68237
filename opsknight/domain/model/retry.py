"""When a notification that did not go through is tried again, and when the next contact method starts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import StrEnum

from opsknight.domain.model.event import Urgency

DELAYS = tuple(timedelta(seconds=s) for s in (1, 2, 4, 8, 15, 30))
"""After the first, second, … failed attempt; the last one repeats."""
JITTER = 0.2
"""A delay is spread over this part of itself, to either side."""
RETRY_AFTER_CAP = timedelta(seconds=60)
LONGEST_S = 10**9
"""What is asked for beyond that is as good as never."""
NOT_REACHED_AFTER = 6


class Why(StrEnum):
    """The named reason of a decision."""

    TRANSIENT = "transient failure"
    RETRY_AFTER = "the provider said when to come back"
    RETRY_AFTER_CAPPED = "the provider said to come back later than we wait"
    POSSIBLE_REPEAT = "perhaps sent: one resend, marked as a possible repeat"
    ELSEWHERE = "another carrier has not tried it"
    STILL_AMBIGUOUS = "perhaps sent twice: not sent again"


@dataclass(frozen=True, slots=True)
class RetryAt:
    """Try the same notification again at `due_at`.

    `next_method_now` starts the person's next contact method meanwhile; `not_reached` says that
    this method counts as not having reached the person for its step.
    """

    due_at: datetime
    why: Why
    next_method_now: bool = False
    not_reached: bool = False


@dataclass(frozen=True, slots=True)
class GiveUp:
    """The notification has ended and nothing follows it."""

    why: Why


Next = RetryAt | GiveUp


def retry_delay(failures: int, *, jitter: float) -> timedelta:
    """Return how long to wait after failed attempt number `failures` (counted from 1).

    1, 2, 4, 8, 15, 30 s, then 30 s each time, times 1 ± JITTER; `jitter` is a random number in [0, 1).

    Raises:
        ValueError: failures is below 1.
    """
    if failures < 1:
        raise ValueError(f"attempts are counted from 1, not {failures}")
    delay = DELAYS[min(failures, len(DELAYS)) - 1]
    return delay * (1 - JITTER + 2 * JITTER * jitter)


def retry_after(header: str | None, *, at: datetime) -> timedelta | None:
    """Return the span that a Retry-After header asks for, or None where it says nothing usable.

    Seconds and HTTP dates are understood; a negative number, a date gone by and garbage are None.
    Not capped. Source: RFC 9110, section 10.2.3.
    """
    text = (header or "").strip()
    if text.isascii() and text.isdigit():
        return timedelta(seconds=min(int(text[:10]), LONGEST_S))
    try:
        when = parsedate_to_datetime(text)
    except (ValueError, OverflowError):  # a year of twenty digits
        return None
    when = when if when.tzinfo else when.replace(tzinfo=UTC)
    return when - at if when > at else None


def after_transient(
    failures: int,
    *,
    urgency: Urgency,
    at: datetime,
    jitter: float,
    wanted_after: timedelta | None = None,
    elsewhere: bool = False,
) -> RetryAt:
    """Return what follows a transient failure or a timeout, the `failures`-th of its notification.

    It is tried again for as long as the page is wanted. For high urgency the next contact method
    starts after the first failure; for any, once six failures made this one count as not reached,
    or when the provider wants more patience (`wanted_after`, its Retry-After) than RETRY_AFTER_CAP.
    Where another carrier takes it now (`elsewhere`), nobody's patience is asked for.
    """
    not_reached = failures >= NOT_REACHED_AFTER
    if elsewhere:
        return RetryAt(at, Why.ELSEWHERE, urgency is Urgency.HIGH or not_reached, not_reached)
    too_long = wanted_after is not None and wanted_after > RETRY_AFTER_CAP
    starts_next = urgency is Urgency.HIGH or not_reached or too_long
    if wanted_after is None:
        return RetryAt(at + retry_delay(failures, jitter=jitter), Why.TRANSIENT, starts_next, not_reached)
    why = Why.RETRY_AFTER_CAPPED if too_long else Why.RETRY_AFTER
    # "At once" is for who asks once: we would ask all night, as fast as both can.
    wait = max(DELAYS[0], min(wanted_after, RETRY_AFTER_CAP))
    return RetryAt(at + wait, why, starts_next, not_reached)


def after_ambiguous(*, at: datetime, resent: bool, urgency: Urgency) -> RetryAt | GiveUp:
    """Return what follows an attempt that was perhaps sent and whose provider cannot be asked.

    One resend at once, marked as a possible repeat; after that it stays ambiguous.
    """
    if resent:
        return GiveUp(Why.STILL_AMBIGUOUS)
    return RetryAt(at, Why.POSSIBLE_REPEAT, next_method_now=urgency is Urgency.HIGH)
