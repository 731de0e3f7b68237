"""Native windows: a person's own are added and say that they are there, messages are put where they ask for them."""

from __future__ import annotations

import hmac
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import bindparam, func, select, text, update
from sqlalchemy.dialects.postgresql import JSONB

from opsknight.crypto import new_token, sha256
from opsknight.domain.commands.contact_methods import LABEL_AT_MOST, own, page, record_method
from opsknight.domain.model.event import Urgency
from opsknight.domain.model.ledger import Fact
from opsknight.domain.model.notification import PageKind
from opsknight.domain.model.window import A_WINDOW, NOTED_AGAIN_AFTER, WINDOW, Presence, is_open
from opsknight.domain.store.tables import ContactMethodRow, NotificationRow, UserRow
from opsknight.domain.store.unit_of_work import UnitOfWork
from opsknight.errors import Gone, Invalid

WINDOWS_AT_MOST: Final = 20
"""Windows of one person that may be on at once."""
GONE: Final = "This window alarms nobody any more. Add it again on the page Me, in the window itself."

_THERE: Final = text("""
    SELECT m.id, m.heard_at FROM contact_methods m JOIN users u ON u.id = m.user_id AND u.active
    WHERE m.channel = 'window' AND m.address = :address AND m.disabled_at IS NULL ORDER BY m.id DESC LIMIT 1
""")
# What is there already is the same message: a repeat after a lost answer shows nothing twice.
_PUT: Final = text("""
    INSERT INTO window_messages (id, contact_method_id, payload, created_at, expires_at)
    VALUES (:id, :method_id, :payload, :now, :expires_at) ON CONFLICT (id) DO NOTHING
""").bindparams(bindparam("payload", type_=JSONB))
_REPLACE: Final = text("""
    UPDATE window_messages SET payload = :payload, seq = DEFAULT, expires_at = :expires_at WHERE id = :id
""").bindparams(bindparam("payload", type_=JSONB))
_WITH: Final = text("SELECT EXISTS (SELECT FROM window_messages WHERE id = :id)")


@dataclass(frozen=True, slots=True)
class Added:
    """The contact method of a window, its secret, which is shown this once, and the sentence that says so."""

    contact_method_id: int
    token: str
    sentence: str


async def add(uow: UnitOfWork, device: str, *, label: str, session_id: bytes) -> Added:
    """Reach the acting person in the window that calls itself `device`; it counts once it has taken a first message.

    A window that was somebody else's is theirs no longer. It ends with the session `session_id`, in which it was
    added, when its person signs out there.

    Raises:
        Invalid: there are too many windows.
    """
    user_id = await own(uow)
    await uow.session.execute(select(UserRow.id).where(UserRow.id == user_id).with_for_update(key_share=True))
    same = select(ContactMethodRow).where(ContactMethodRow.channel == WINDOW, ContactMethodRow.address == device)
    row: ContactMethodRow | None = None
    for found in (await uow.session.scalars(same.with_for_update(key_share=True))).all():
        if found.user_id == user_id:
            row = found
        elif found.disabled_at is None:
            await _switch_off(uow, found, "somebody else added this window")
    if row is None or row.disabled_at is not None:
        await _refuse_too_many(uow, user_id)
    if row is None:
        row = ContactMethodRow(user_id=user_id, channel=WINDOW, address=device, created_at=uow.now)
        uow.session.add(row)
    token = new_token()
    row.secret = {"token": sha256(token).hex(), "session": session_id.hex()}
    row.label = " ".join(label.split())[:LABEL_AT_MOST] or A_WINDOW
    row.verified_at, row.disabled_at, row.disabled_reason = None, None, ""
    row.heard_at, row.silence_told_at = None, None  # it has not asked yet: only that proves that its token came there
    await uow.session.flush()
    await record_method(uow, Fact.METHOD_ADDED, row)
    await page(uow, user_id, PageKind.CONFIRM, [row], urgency=Urgency.LOW, reason="a native window was added")
    return Added(row.id, f"{row.id}.{token}", f"{row.label} was added; it counts once a first message has come here.")


async def heard(uow: UnitOfWork, token: str) -> tuple[int, bool]:
    """Note that the window with this token is there; return its contact method, and whether it was away before.

    What waited for it is due at once then.

    Raises:
        Gone: it is no contact method any more, or its person is not active.
    """
    row = await _of_token(uow, token)
    if row.heard_at is not None and uow.now - row.heard_at < NOTED_AGAIN_AFTER:
        return row.id, False
    row = await _of_token(uow, token, hold=True)  # only now: who has no token holds nobody up
    was_away = not is_open(row.heard_at, at=uow.now)
    if row.silence_told_at is not None:
        await record_method(uow, Fact.DEVICE_HEARD, row)
    row.heard_at, row.silence_told_at = uow.now, None
    if was_away:
        await _try_at_once(uow, row)
    return row.id, was_away


async def put(
    uow: UnitOfWork, address: str, message_id: UUID, payload: Mapping[str, Any], *, lasts: timedelta
) -> Presence:
    """Put a message where the window at `address` asks for it, where it is open; say how it was found."""
    there = (await uow.session.execute(_THERE, {"address": address})).one_or_none()
    if there is None:
        return Presence.GONE
    if not is_open(there.heard_at, at=uow.now):
        return Presence.CLOSED
    key = {"id": message_id, "method_id": there.id, "payload": dict(payload)}
    await uow.session.execute(_PUT, {**key, "now": uow.now, "expires_at": uow.now + lasts})
    return Presence.OPEN


async def replace(uow: UnitOfWork, message_id: UUID, payload: Mapping[str, Any], *, lasts: timedelta) -> None:
    """Have a message that was put say something else; one that is not there any more is left at that."""
    values = {"id": message_id, "payload": dict(payload), "expires_at": uow.now + lasts}
    await uow.session.execute(_REPLACE, values)


async def has(uow: UnitOfWork, message_id: UUID) -> bool:
    """Say whether a message was put."""
    return bool((await uow.session.execute(_WITH, {"id": message_id})).scalar_one())


async def end_with(uow: UnitOfWork, session_ids: Collection[bytes]) -> None:
    """Switch off the windows that were added in sessions whose people sign out."""
    theirs = select(ContactMethodRow).where(
        ContactMethodRow.channel == WINDOW,
        ContactMethodRow.disabled_at.is_(None),
        ContactMethodRow.secret["session"].astext.in_([session_id.hex() for session_id in session_ids]),
    )
    for row in (await uow.session.scalars(theirs.with_for_update(key_share=True))).all():
        await _switch_off(uow, row, "its person signed out there")


async def _switch_off(uow: UnitOfWork, row: ContactMethodRow, reason: str) -> None:
    row.disabled_at, row.disabled_reason, row.secret = uow.now, reason, {}
    await record_method(uow, Fact.METHOD_DISABLED, row, detail=reason)


async def _refuse_too_many(uow: UnitOfWork, user_id: int) -> None:
    on = select(func.count()).where(
        ContactMethodRow.user_id == user_id, ContactMethodRow.channel == WINDOW, ContactMethodRow.disabled_at.is_(None)
    )
    if (await uow.session.execute(on)).scalar_one() >= WINDOWS_AT_MOST:
        raise Invalid(f"You have {WINDOWS_AT_MOST} native windows already; remove one that you do not use.")


async def _of_token(uow: UnitOfWork, token: str, *, hold: bool = False) -> ContactMethodRow:
    number, _, secret = token.partition(".")
    row = None
    if number.isdecimal() and len(number) < len(str(2**63)):
        for_update = {"key_share": True} if hold else None
        row = await uow.session.get(ContactMethodRow, int(number), populate_existing=hold, with_for_update=for_update)
    if row is None or row.channel != WINDOW or row.disabled_at is not None:
        raise Gone(GONE)
    if not hmac.compare_digest(str(row.secret.get("token", "")), sha256(secret).hex()) or not await _active(uow, row):
        raise Gone(GONE)
    return row


async def _active(uow: UnitOfWork, row: ContactMethodRow) -> bool:
    return bool(await uow.session.scalar(select(UserRow.active).where(UserRow.id == row.user_id)))


async def _try_at_once(uow: UnitOfWork, row: ContactMethodRow) -> None:
    """Have what was tried in vain while the window was away go out now."""
    waiting = update(NotificationRow).where(
        NotificationRow.contact_method_id == row.id,
        NotificationRow.status == "queued",
        NotificationRow.attempts > 0,
        NotificationRow.finished_at.is_(None),
        NotificationRow.due_at > uow.now,
    )
    await uow.session.execute(waiting.values(due_at=uow.now).execution_options(synchronize_session=False))
