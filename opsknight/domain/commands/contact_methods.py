"""A person's own ways to be reached: browsers that take pushes, and a test page to all of them."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import delete, exists, func, select, update
from sqlalchemy.orm import aliased

from opsknight.domain.commands.alone import page_alone
from opsknight.domain.commands.authority import require
from opsknight.domain.model.channel import shown
from opsknight.domain.model.event import Urgency
from opsknight.domain.model.ledger import Fact, people
from opsknight.domain.model.notification import PageKind
from opsknight.domain.model.permission import Need
from opsknight.domain.model.web_address import refusal
from opsknight.domain.queries.people import name_of
from opsknight.domain.store.tables import ContactMethodRow, NotificationRuleRow, PageRow, UserRow
from opsknight.domain.store.unit_of_work import UnitOfWork
from opsknight.errors import Conflict, Invalid, SignInRequired

PUSH: Final = "push"
BROWSERS_AT_MOST: Final = 20
"""Browsers of one person that may be on at once."""
LABEL_AT_MOST: Final = 80
TEST_AGAIN_AFTER: Final = timedelta(seconds=10)
_SKEW: Final = timedelta(days=1)
"""How far the clock that makes ids may differ from the database's."""
A_BROWSER: Final = "A browser"
_POINT_BYTES: Final = 65
_AUTH_BYTES: Final = 16


@dataclass(frozen=True, slots=True)
class Subscription:
    """What a browser gives out to be pushed to. Source: Push API, PushSubscription.toJSON()."""

    endpoint: str
    p256dh: str
    auth: str


@dataclass(frozen=True, slots=True)
class Subscribed:
    """The contact method of a browser, whether it counts already, and the sentence that says so."""

    contact_method_id: int
    verified: bool
    sentence: str


@dataclass(frozen=True, slots=True)
class TestPage:
    """A test page that is on its way, and to what."""

    page_id: UUID
    to: tuple[str, ...]
    sentence: str


async def subscribe(
    uow: UnitOfWork,
    subscription: Subscription,
    *,
    label: str,
    replaces: str | None = None,
    allow_private: bool = False,
) -> Subscribed:
    """Reach the acting person at this browser; it counts once a confirming push was accepted.

    A browser that is known and works stays as it is. One that belonged to somebody else is theirs
    no longer: whoever signed in last has it. `replaces` is the address that the browser gave up;
    what was said about that one holds for the new one.

    Raises:
        Invalid: the address or the keys cannot be used, or there are too many browsers.
    """
    user_id = await own(uow)
    _check(subscription, allow_private=allow_private)
    # One at a time: two tabs of the same person register the same browser at the same moment.
    await uow.session.execute(select(UserRow.id).where(UserRow.id == user_id).with_for_update(key_share=True))
    label = " ".join(label.split())[:LABEL_AT_MOST] or A_BROWSER
    await _take_from_others(uow, subscription.endpoint, user_id)
    row = await _row_of(uow, user_id, subscription.endpoint)
    keys = {"p256dh": subscription.p256dh, "auth": subscription.auth}
    if row is not None and row.verified_at is not None and row.disabled_at is None and row.secret == keys:
        await _rename(uow, row, label)
        row.heard_at, row.silence_told_at = uow.now, None
        return Subscribed(row.id, verified=True, sentence=f"{label} is one of your contact methods already.")
    await _refuse_too_many(uow, user_id)
    if row is None:
        row = ContactMethodRow(user_id=user_id, channel=PUSH, address=subscription.endpoint, created_at=uow.now)
        uow.session.add(row)
    row.secret, row.label = keys, label
    row.verified_at, row.disabled_at, row.disabled_reason = None, None, ""
    row.heard_at, row.silence_told_at = uow.now, None
    await uow.session.flush()
    if replaces is not None and replaces != subscription.endpoint:
        await _replace(uow, user_id, replaces, by=row)
    await record_method(uow, Fact.METHOD_ADDED, row)
    await page(uow, user_id, PageKind.CONFIRM, [row], urgency=Urgency.LOW, reason="a browser was added")
    return Subscribed(row.id, verified=False, sentence=f"{label} was added; a confirming push is on its way.")


async def unsubscribe(uow: UnitOfWork, endpoint: str) -> bool:
    """Switch off the acting person's browser at `endpoint`, and forget its keys; return whether it was on."""
    user_id = await own(uow)
    row = await _row_of(uow, user_id, endpoint)
    if row is None or row.disabled_at is not None:
        return False
    _switch_off(uow, row, "push was turned off on this device")
    await record_method(uow, Fact.METHOD_REMOVED, row)
    return True


async def page_me(uow: UnitOfWork) -> TestPage:
    """Send a test page to every usable contact method of the acting person, all at once.

    Raises:
        Conflict: there is none, or a test page went out a moment ago.
    """
    user_id = await own(uow)
    usable = (
        select(ContactMethodRow)
        .where(
            ContactMethodRow.user_id == user_id,
            ContactMethodRow.verified_at.is_not(None),
            ContactMethodRow.disabled_at.is_(None),
        )
        .order_by(ContactMethodRow.channel != PUSH, ContactMethodRow.id)
    )
    methods = (await uow.session.execute(usable)).scalars().all()
    if not methods:
        raise Conflict(
            "Nothing to page: you have no verified contact method."
            " Turn push on, or sign in by a link that is mailed to you: that verifies your address."
        )
    lately = UUID(int=int((uow.now - _SKEW).timestamp() * 1000) << 80)  # ids rise with time: the primary key finds it
    recent = exists().where(
        PageRow.id > lately,
        PageRow.user_id == user_id,
        PageRow.kind == PageKind.TEST,
        PageRow.created_at > uow.now - TEST_AGAIN_AFTER,
    )
    if (await uow.session.execute(select(recent))).scalar_one():
        raise Conflict("A test page went out a moment ago; give it ten seconds.")
    page_id = await page(uow, user_id, PageKind.TEST, methods, urgency=Urgency.HIGH, reason="asked for by themselves")
    to = tuple(_name(method) for method in methods)
    return TestPage(page_id, to, f"A test page is on its way to {people(list(to))}.")


async def own(uow: UnitOfWork) -> int:
    """Return who acts, where they may change their own contact methods.

    Raises:
        SignInRequired: nobody is signed in.
    """
    await require(uow, Need.OWN_METHODS)
    if uow.user_id is None:
        raise SignInRequired("Sign in to change contact methods.")
    return uow.user_id


def _check(subscription: Subscription, *, allow_private: bool) -> None:
    refused = refusal(subscription.endpoint, allow_private=allow_private)
    if refused is not None:
        raise Invalid(f"This browser's push service cannot be used: {refused}")
    point, auth = _bytes(subscription.p256dh), _bytes(subscription.auth)
    if len(point) != _POINT_BYTES or point[0] != 4 or len(auth) != _AUTH_BYTES:
        raise Invalid("This browser's push keys cannot be used; turn push off and on again.")


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return b""


async def _row_of(uow: UnitOfWork, user_id: int, endpoint: str) -> ContactMethodRow | None:
    statement = select(ContactMethodRow).where(
        ContactMethodRow.user_id == user_id, ContactMethodRow.channel == PUSH, ContactMethodRow.address == endpoint
    )
    return (await uow.session.execute(statement.with_for_update(key_share=True))).scalar_one_or_none()


async def _take_from_others(uow: UnitOfWork, endpoint: str, user_id: int) -> None:
    statement = select(ContactMethodRow).where(
        ContactMethodRow.channel == PUSH,
        ContactMethodRow.address == endpoint,
        ContactMethodRow.user_id != user_id,
        ContactMethodRow.disabled_at.is_(None),
    )
    for row in (await uow.session.execute(statement.with_for_update(key_share=True))).scalars():
        _switch_off(uow, row, "somebody else signed in with this browser")
        await record_method(uow, Fact.METHOD_DISABLED, row, detail=row.disabled_reason)


async def _refuse_too_many(uow: UnitOfWork, user_id: int) -> None:
    on = select(func.count()).where(
        ContactMethodRow.user_id == user_id, ContactMethodRow.channel == PUSH, ContactMethodRow.disabled_at.is_(None)
    )
    if (await uow.session.execute(on)).scalar_one() >= BROWSERS_AT_MOST:
        raise Invalid(f"You have {BROWSERS_AT_MOST} browsers already; turn push off on one that you do not use.")


async def _rename(uow: UnitOfWork, row: ContactMethodRow, label: str) -> None:
    if row.label == label:
        return
    row.label = label
    uow.record(Fact.CONFIGURED, subject=f"contact_method:{row.id}", name=f"the name of a contact method: {label}")


async def _replace(uow: UnitOfWork, user_id: int, endpoint: str, *, by: ContactMethodRow) -> None:
    """Let the new browser address take the old one's place, in the person's notification rules too."""
    old = await _row_of(uow, user_id, endpoint)
    if old is None:
        return
    twin = aliased(NotificationRuleRow)
    same = exists().where(
        twin.contact_method_id == by.id,
        twin.urgency == NotificationRuleRow.urgency,
        twin.delay_s == NotificationRuleRow.delay_s,
    )
    of_old = NotificationRuleRow.contact_method_id == old.id
    await uow.session.execute(
        update(NotificationRuleRow)
        .where(of_old, ~same)
        .values(contact_method_id=by.id)
        .execution_options(synchronize_session=False)
    )
    await uow.session.execute(delete(NotificationRuleRow).where(of_old).execution_options(synchronize_session=False))
    if old.disabled_at is None:
        _switch_off(uow, old, "the browser replaced it")
        await record_method(uow, Fact.METHOD_DISABLED, old, detail=old.disabled_reason)


def _switch_off(uow: UnitOfWork, row: ContactMethodRow, reason: str) -> None:
    row.disabled_at, row.disabled_reason, row.secret = uow.now, reason, {}


async def page(
    uow: UnitOfWork,
    user_id: int,
    kind: PageKind,
    methods: Sequence[ContactMethodRow],
    *,
    urgency: Urgency,
    reason: str,
) -> UUID:
    """Page a person about no incident, due now on each of `methods`, and write that down."""
    page_id = await page_alone(uow, kind, methods, user_id=user_id, urgency=urgency, reason=reason)
    uow.record(Fact.PAGED, user=await name_of(uow.session, user_id), user_id=user_id, reason=reason)
    return page_id


async def record_method(
    uow: UnitOfWork, fact: Fact, row: ContactMethodRow, *, detail: str = "", for_s: float | None = None
) -> None:
    """Write a fact about a person's contact method."""
    user = await name_of(uow.session, row.user_id)
    label = shown(row.channel, label=row.label, address=row.address)
    span: dict[str, Any] = {} if for_s is None else {"for_s": for_s}
    uow.record(fact, channel=row.channel, label=label, user=user, user_id=row.user_id, detail=detail, **span)


def _name(method: ContactMethodRow) -> str:
    return shown(method.channel, label=method.label, address=method.address) or A_BROWSER
