"""A person's own contact methods: added, verified by a code that is sent there, named, tried and removed."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import delete, func, select

from opsknight.domain.commands.contact_methods import LABEL_AT_MOST, own, page, record_method
from opsknight.domain.model.channel import face, shown
from opsknight.domain.model.event import Urgency
from opsknight.domain.model.ledger import Fact
from opsknight.domain.model.notification import PageKind
from opsknight.domain.model.window import A_WINDOW, WINDOW
from opsknight.domain.store.tables import ContactMethodRow, NotificationRuleRow, PageRow, UserRow, VerificationRow
from opsknight.domain.store.unit_of_work import UnitOfWork
from opsknight.errors import Conflict, Invalid, NotFound

METHODS_AT_MOST: Final = 20
"""Contact methods of one person, browsers aside."""
CODE_LIVES: Final = timedelta(minutes=10)
TRIES: Final = 5
CODES_AN_HOUR: Final = 10
"""Codes that one person may have sent; a page is never counted, and never waits for one."""
_SKEW: Final = timedelta(days=1)
CodeOf = Callable[[UUID], str]
"""The code that the page of this id carries."""


@dataclass(frozen=True, slots=True)
class Done:
    """Which contact method was changed, the sentence that says how, and whether it is as was wished."""

    id: int
    sentence: str
    well: bool = True


async def add(
    uow: UnitOfWork, *, channel: str, address: str, label: str = "", secret: Mapping[str, str] | None = None
) -> Done:
    """Reach the acting person at `address`, which is as its channel reads it, once the code sent there was typed in.

    Raises:
        Conflict: they have it already.
        Invalid: they have too many, or asked for too many codes.
    """
    user_id = await own(uow)
    await uow.session.execute(select(UserRow.id).where(UserRow.id == user_id).with_for_update(key_share=True))
    theirs = ContactMethodRow.user_id == user_id
    same = select(ContactMethodRow).where(
        theirs, ContactMethodRow.channel == channel, ContactMethodRow.address == address
    )
    if (await uow.session.scalar(same)) is not None:
        raise Conflict("You have this contact method already; verify it, or switch it on again, where it is listed.")
    many = select(func.count()).where(theirs, ContactMethodRow.channel != "push")
    if (await uow.session.execute(many)).scalar_one() >= METHODS_AT_MOST:
        raise Invalid(f"You have {METHODS_AT_MOST} contact methods already; remove one that you do not use.")
    row = ContactMethodRow(
        user_id=user_id,
        channel=channel,
        address=address,
        label=_label(label),
        secret=dict(secret or {}),
        created_at=uow.now,
    )
    uow.session.add(row)
    await uow.session.flush()
    await record_method(uow, Fact.METHOD_ADDED, row)
    await _send(uow, row, user_id)
    return Done(row.id, f"A code is on its way to {_called(row)}; type it in to verify it.")


async def send_code(uow: UnitOfWork, method_id: int) -> Done:
    """Send another code; the one before does not count any more. What was switched off is tried anew by it.

    Raises:
        NotFound: they have no such contact method.
        Conflict: it is verified and on.
        Invalid: it verifies itself, or they asked for too many codes.
    """
    row = await _theirs(uow, method_id)
    if row.channel == WINDOW:
        raise Invalid("A native window verifies itself: add it again in that window, on this page.")
    if row.channel == "push":
        raise Invalid("A browser verifies itself: turn push off and on again on that device.")
    if row.verified_at is not None and row.disabled_at is None:
        raise Conflict(f"{_called(row)} is verified already.")
    row.verified_at, row.disabled_at, row.disabled_reason = None, None, ""
    await _send(uow, row, await own(uow))
    return Done(row.id, f"Another code is on its way to {_called(row)}.")


async def verify(uow: UnitOfWork, method_id: int, code: str, *, code_of: CodeOf) -> Done:
    """Let a contact method count where `code` is the one that was sent there; a wrong one is counted.

    Raises:
        NotFound: they have no such contact method.
    """
    row = await _theirs(uow, method_id)
    waiting = await uow.session.get(VerificationRow, method_id, with_for_update=True)
    if row.verified_at is not None and row.disabled_at is None:
        return Done(row.id, f"{_called(row)} is verified already.")
    if waiting is None or waiting.expires_at <= uow.now:
        return Done(row.id, "This code has expired. Have another one sent.", well=False)
    if waiting.tries >= TRIES:
        return Done(row.id, "There were too many wrong codes. Have another one sent.", well=False)
    waiting.tries += 1
    said = "".join(code.split()).replace("-", "")
    if not hmac.compare_digest(said.encode(), code_of(waiting.page_id).encode()):
        left = TRIES - waiting.tries
        more = f"{left} tries are left." if left > 1 else "One try is left." if left else "Have another one sent."
        return Done(row.id, f"This is not the code that was sent. {more}", well=False)
    row.verified_at = row.last_proof_at = uow.now
    await uow.session.delete(waiting)
    await record_method(uow, Fact.METHOD_VERIFIED, row)
    return Done(row.id, f"{_called(row)} is verified; pages reach you there.")


async def rename(uow: UnitOfWork, method_id: int, label: str) -> Done:
    """Give a contact method a name; an empty one lets it go by its address.

    Raises:
        NotFound: they have no such contact method.
    """
    row = await _theirs(uow, method_id)
    row.label = _label(label) or (A_WINDOW if row.channel == WINDOW else "")
    uow.record(
        Fact.CONFIGURED, subject=f"contact_method:{row.id}", name=f"the name of a contact method: {_called(row)}"
    )
    return Done(row.id, f"It is called {_called(row)} now.")


async def remove(uow: UnitOfWork, method_id: int) -> Done:
    """Forget a contact method and the notification rules that name it; says so where nothing is left that works.

    Raises:
        NotFound: they have no such contact method.
    """
    row = await _theirs(uow, method_id)
    name, user_id = _called(row), row.user_id
    await record_method(uow, Fact.METHOD_REMOVED, row)
    await uow.session.execute(delete(NotificationRuleRow).where(NotificationRuleRow.contact_method_id == row.id))
    await uow.session.delete(row)
    await uow.session.flush()
    working = select(func.count()).where(
        ContactMethodRow.user_id == user_id,
        ContactMethodRow.verified_at.is_not(None),
        ContactMethodRow.disabled_at.is_(None),
    )
    left = (await uow.session.execute(working)).scalar_one()
    warning = "" if left else " Nobody can reach you now: add another."
    return Done(method_id, f"{name} was removed.{warning}")


async def try_one(uow: UnitOfWork, method_id: int) -> Done:
    """Send a test page to one contact method.

    Raises:
        NotFound: they have no such contact method.
        Conflict: it is not verified, or switched off.
        Invalid: they asked for too much at once.
    """
    row = await _theirs(uow, method_id)
    if row.verified_at is None or row.disabled_at is not None:
        raise Conflict(f"{_called(row)} does not count yet: verify it first.")
    user_id = await own(uow)
    await _not_too_often(uow, user_id, PageKind.TEST)
    await page(uow, user_id, PageKind.TEST, [row], urgency=Urgency.HIGH, reason="asked for by themselves")
    return Done(row.id, f"A test page is on its way to {_called(row)}.")


async def _send(uow: UnitOfWork, row: ContactMethodRow, user_id: int) -> None:
    await _not_too_often(uow, user_id, PageKind.CODE)
    page_id = await page(uow, user_id, PageKind.CODE, [row], urgency=Urgency.HIGH, reason="a code was asked for")
    waiting = await uow.session.get(VerificationRow, row.id)
    if waiting is None:
        waiting = VerificationRow(contact_method_id=row.id)
        uow.session.add(waiting)
    waiting.page_id, waiting.expires_at, waiting.tries = page_id, uow.now + CODE_LIVES, 0
    await uow.session.flush()


async def _not_too_often(uow: UnitOfWork, user_id: int, kind: PageKind) -> None:
    since = uow.now - timedelta(hours=1)
    lately = UUID(int=int((since - _SKEW).timestamp() * 1000) << 80)  # ids rise with time: the primary key finds it
    sent = select(func.count()).where(
        PageRow.id > lately, PageRow.user_id == user_id, PageRow.kind == kind.value, PageRow.created_at > since
    )
    if (await uow.session.execute(sent)).scalar_one() >= CODES_AN_HOUR:
        raise Invalid(f"You had {CODES_AN_HOUR} of these within an hour; wait a while before the next.")


async def _theirs(uow: UnitOfWork, method_id: int) -> ContactMethodRow:
    user_id = await own(uow)
    row = await uow.session.get(ContactMethodRow, method_id, with_for_update=True)
    if row is None or row.user_id != user_id:
        raise NotFound("You have no such contact method; it may have been removed.")
    return row


def _label(label: str) -> str:
    return " ".join(label.split())[:LABEL_AT_MOST]


def _called(row: ContactMethodRow) -> str:
    return shown(row.channel, label=row.label, address=row.address) or face(row.channel).label
