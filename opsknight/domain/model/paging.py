"""Paging a person: which messages they get, over which contact method, and when."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from opsknight.domain.model.event import Urgency

PUSH = "push"
APART = timedelta(minutes=1)
"""Between one contact method and the next, where a person has no rules."""


@dataclass(frozen=True, slots=True)
class ContactMethod:
    """A person's address on a channel; it is usable when it was verified and is not switched off."""

    id: int
    channel: str
    verified: bool
    disabled: bool = False

    @property
    def usable(self) -> bool:
        """Whether a page may be sent to it."""
        return self.verified and not self.disabled


@dataclass(frozen=True, slots=True)
class Rule:
    """A person's wish: for this urgency, this contact method, so long after the page."""

    urgency: Urgency
    contact_method_id: int
    delay: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True)
class Planned:
    """One notification to be made; `position` orders them within the page, from 0."""

    contact_method_id: int
    channel: str
    due_at: datetime
    position: int


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
RULES_UNUSABLE = "own notification rules name no usable contact method: every verified one instead"


def plan(
    methods: Sequence[ContactMethod], rules: Iterable[Rule], *, urgency: Urgency, at: datetime, active: bool = True
) -> Plan:
    """Return what a person is sent for a page of `urgency` that is due `at`.

    By the person's rules for that urgency; without any, every usable method: push at once, the
    rest one minute apart. Rules that name only unusable methods never keep a page back.
    """
    usable = {method.id: method for method in methods if method.usable}
    if not active or not usable:
        return Plan((), _unreachable(methods, active=active))
    wishes = [rule for rule in rules if rule.urgency is urgency]
    timed = [(at + rule.delay, usable[rule.contact_method_id]) for rule in wishes if rule.contact_method_id in usable]
    if timed:
        return Plan(_in_order(timed), BY_RULES)
    return Plan(_in_order(_by_default(usable.values(), at=at)), RULES_UNUSABLE if wishes else BY_DEFAULT)


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


def _in_order(timed: Iterable[tuple[datetime, ContactMethod]]) -> tuple[Planned, ...]:
    by_time = sorted(timed, key=lambda pair: (pair[0], pair[1].channel != PUSH, pair[1].id))
    return tuple(
        Planned(contact_method_id=method.id, channel=method.channel, due_at=due_at, position=position)
        for position, (due_at, method) in enumerate(by_time)
    )
