"""Paging a person: which messages they get, over which contact method, and when."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from opsknight.domain.model.event import Urgency
from opsknight.domain.model.liveness import is_silent
from opsknight.domain.model.quiet_hours import NEVER, QuietHours
from opsknight.domain.model.speech import to_say

PUSH = "push"
APART = timedelta(minutes=1)
"""Between one contact method and the next, where a person has no rules."""


@dataclass(frozen=True, slots=True)
class ContactMethod:
    """A person's address on a channel; it is usable when it was verified and is not switched off.

    `heard_at` is when a device last gave a sign of life, None where none is due. `unset` says that nothing carries its
    channel, where that is known.
    """

    id: int
    channel: str
    verified: bool
    disabled: bool = False
    heard_at: datetime | None = None
    unset: bool = False

    @property
    def usable(self) -> bool:
        """Whether a page may be sent to it."""
        return self.verified and not self.disabled and not self.unset


@dataclass(frozen=True, slots=True)
class Rule:
    """A person's wish: for this urgency, this contact method, so long after the page."""

    urgency: Urgency
    contact_method_id: int
    delay: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True)
class Planned:
    """One notification to be made; `position` orders them within the page, from 0.

    `held_until` is the end of the quiet hours that hold it, or the whole page; without any it is None.
    """

    contact_method_id: int
    channel: str
    due_at: datetime
    position: int
    held_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """The notifications of one page in order of time, and the reason why they are these, or none."""

    notifications: tuple[Planned, ...]
    reason: str

    @property
    def reaches(self) -> bool:
        """Whether the person can be reached at all."""
        return bool(self.notifications)


DEACTIVATED = "the account is deactivated"
NO_METHOD = "no contact method"
NONE_VERIFIED = "no verified contact method"
ALL_DISABLED = "every contact method is switched off"
ROOM_OFF = "the channel is switched off"
ROOM_UNVERIFIED = "the channel has not taken a message yet"
POSTED = "posted in a channel that many read"
BY_RULES = "own notification rules"
BY_DEFAULT = "every verified contact method"
QUIET = to_say("it was held by quiet hours")
RULES_UNUSABLE = "own notification rules name no usable contact method: every verified one instead"


def plan(
    methods: Sequence[ContactMethod],
    rules: Iterable[Rule],
    *,
    urgency: Urgency,
    at: datetime,
    active: bool = True,
    quiet: QuietHours = NEVER,
    at_once: bool = False,
) -> Plan:
    """Return what a person is sent for a page of `urgency` that is due `at`.

    By the person's rules for that urgency; without any, every usable method: push at once, the
    rest one minute apart. Rules that name only unusable methods never keep a page back. What comes first on a
    device that is silent, or by a method that is not usable, is not waited for: the next method starts with it.
    Low urgency is held until the end of `quiet` hours, delays counting from there; high never. What has to be
    answered in time begins `at_once`, whatever delay its first message has.
    """
    usable = {method.id: method for method in methods if method.usable}
    if not active or not usable:
        return Plan((), _unreachable(methods, active=active))
    wishes = [rule for rule in rules if rule.urgency is urgency]
    hours = NEVER if urgency is Urgency.HIGH else quiet
    held = hours.until(at)
    start = held or at
    timed = [
        (start + rule.delay, usable[rule.contact_method_id]) for rule in wishes if rule.contact_method_id in usable
    ]
    reason = BY_RULES if timed else RULES_UNUSABLE if wishes else BY_DEFAULT
    begins = start if at_once else start + min((rule.delay for rule in wishes), default=timedelta())
    ordered = _past_the_silent(_begun(_sorted(timed or _by_default(usable.values(), at=start)), begins), at=at)
    holds = ((due_at, method, hours.until(due_at) or held) for due_at, method in ordered)
    return Plan(_in_order((max(due_at, until or due_at), method, until) for due_at, method, until in holds), reason)


def _unreachable(methods: Sequence[ContactMethod], *, active: bool) -> str:
    if not active:
        return DEACTIVATED
    if not methods:
        return NO_METHOD
    return ALL_DISABLED if any(method.verified for method in methods) else NONE_VERIFIED


def _by_default(methods: Iterable[ContactMethod], *, at: datetime) -> list[tuple[datetime, ContactMethod]]:
    ordered = sorted(methods, key=lambda method: (method.channel != PUSH, method.id))
    pushes = [method for method in ordered if method.channel == PUSH]
    others = [method for method in ordered if method.channel != PUSH]
    first = 1 if pushes else 0
    timed = [(at, method) for method in pushes]
    return timed + [(at + APART * (first + nth), method) for nth, method in enumerate(others)]


def _sorted(timed: Iterable[tuple[datetime, ContactMethod]]) -> list[tuple[datetime, ContactMethod]]:
    return sorted(timed, key=lambda pair: (pair[0], pair[1].channel != PUSH, pair[1].id))


def _begun(timed: list[tuple[datetime, ContactMethod]], at: datetime) -> list[tuple[datetime, ContactMethod]]:
    """Let the first start `at` that instant, where it would start later."""
    (first_at, method), *rest = timed
    return [(min(first_at, at), method), *rest]


def _past_the_silent(
    timed: list[tuple[datetime, ContactMethod]], *, at: datetime
) -> list[tuple[datetime, ContactMethod]]:
    """Let the first method that is not silent start when the silent ones before it do."""
    first = next((place for place, (_, method) in enumerate(timed) if not is_silent(method.heard_at, at=at)), 0)
    if first == 0:
        return timed
    return _sorted([*timed[:first], (timed[0][0], timed[first][1]), *timed[first + 1 :]])


def _in_order(timed: Iterable[tuple[datetime, ContactMethod, datetime | None]]) -> tuple[Planned, ...]:
    by_time = sorted(timed, key=lambda one: (one[0], one[1].channel != PUSH, one[1].id))
    return tuple(
        Planned(
            contact_method_id=method.id, channel=method.channel, due_at=due_at, position=position, held_until=held_until
        )
        for position, (due_at, method, held_until) in enumerate(by_time)
    )
