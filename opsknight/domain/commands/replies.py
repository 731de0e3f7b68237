"""What people answer by phone or mail: each once, and what is said to it, which is not a page.

An answer is begun before it is acted on and ended afterwards; one that was begun and never ended is acted on
again when its carrier brings it again: what was done of it is known by its key, and not done twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from sqlalchemy import ColumnElement, select, text, update
from sqlalchemy.dialects.postgresql import insert

from opsknight.domain.commands.alone import page_alone
from opsknight.domain.commands.contact_methods import record_method
from opsknight.domain.model.event import Urgency
from opsknight.domain.model.ledger import Fact
from opsknight.domain.model.notification import PageKind
from opsknight.domain.model.stopped import STOP_MARK, STOPPED
from opsknight.domain.queries.people import name_of
from opsknight.domain.store.tables import ContactMethodRow, PhoneAnswerRow
from opsknight.domain.store.unit_of_work import UnitOfWork

HELP_AGAIN_AFTER: Final = timedelta(hours=1)
TOLD_AT_MOST: Final = 20
"""Answers to one number in an hour: two machines that answer each other end there."""

_TOLD: Final = text("""
    SELECT count(*) FILTER (WHERE told <> '') AS told, count(*) FILTER (WHERE told <> '' AND NOT understood) AS helped
    FROM phone_answers WHERE number = :number AND at > :since
""")


@dataclass(frozen=True, slots=True)
class Name:
    """What one answer is called: by its carrier, and by the carrier's own name for it; and from which number it is.

    An answer by mail has no number; who wrote it stands for one.
    """

    carrier: str
    provider_id: str
    number: str


async def begin(uow: UnitOfWork, name: Name) -> str | None:
    """Note that an answer came in; return what was said to it where it came before and is done, else None."""
    values = {"carrier": name.carrier, "provider_id": name.provider_id, "number": name.number, "at": uow.now}
    await uow.session.execute(insert(PhoneAnswerRow).values(values).on_conflict_do_nothing())
    return (await uow.session.execute(select(PhoneAnswerRow.told).where(*_called(name)))).scalar_one()


async def end(
    uow: UnitOfWork,
    name: Name,
    *,
    channel: str,
    user_id: int | None,
    sentence: str,
    understood: bool,
    by_message: bool = True,
) -> bool:
    """Note what became of an answer and send `sentence` back, unless that would be too much; return whether it is.

    Where another has noted it meanwhile, which had the same answer brought to it, nothing is said once more.
    What was not understood is answered once per number and hour, and TOLD_AT_MOST is the most for anything.
    Without `by_message` the caller says it: on the phone, for instance.
    """
    key = {"number": name.number, "since": uow.now - HELP_AGAIN_AFTER}
    before = (await uow.session.execute(_TOLD, key)).one()
    too_much = before.told >= TOLD_AT_MOST or (not understood and before.helped > 0)
    told = "" if too_much or user_id is None else sentence
    done = update(PhoneAnswerRow).where(*_called(name), PhoneAnswerRow.told.is_(None))
    done = done.values(told=told, understood=understood).execution_options(synchronize_session=False)
    noted = (await uow.session.execute(done)).rowcount  # type: ignore[attr-defined]  # an UPDATE has it
    if not noted:
        return False
    if not told or user_id is None or not by_message:
        return bool(told)
    return await _send(uow, user_id, channel=channel, number=name.number, sentence=told)


def _called(name: Name) -> tuple[ColumnElement[bool], ...]:
    return PhoneAnswerRow.carrier == name.carrier, PhoneAnswerRow.provider_id == name.provider_id


async def stop(uow: UnitOfWork, *, channel: str, number: str) -> int:
    """Switch off every contact method of the number on the channel; return how many that were."""
    rows = [row for row in await _methods(uow, channel, number) if row.disabled_at is None]
    for row in rows:
        row.disabled_at, row.disabled_reason = uow.now, STOPPED
        await record_method(uow, Fact.METHOD_DISABLED, row, detail=STOPPED)
    return len(rows)


async def start(uow: UnitOfWork, *, channel: str, number: str) -> int:
    """Switch on again what was switched off by a STOP; return how many that were."""
    rows = [
        row
        for row in await _methods(uow, channel, number)
        if row.disabled_at is not None and row.disabled_reason.startswith(STOP_MARK)
    ]
    for row in rows:
        row.disabled_at, row.disabled_reason = None, ""
        await record_method(uow, Fact.METHOD_VERIFIED, row, detail="START")
    return len(rows)


async def _methods(uow: UnitOfWork, channel: str, number: str) -> Sequence[ContactMethodRow]:
    statement = (
        select(ContactMethodRow)
        .where(ContactMethodRow.channel == channel, ContactMethodRow.address == number)
        .order_by(ContactMethodRow.id)
        .with_for_update(key_share=True)
    )
    return (await uow.session.execute(statement)).scalars().all()


async def _send(uow: UnitOfWork, user_id: int, *, channel: str, number: str, sentence: str) -> bool:
    """Put a message that answers into the outbox; return whether there is a way for it."""
    method = next((row for row in await _methods(uow, channel, number) if _takes(row, user_id)), None)
    return method is not None and await _say(uow, method, user_id, sentence)


async def say(uow: UnitOfWork, contact_method_id: int, *, user_id: int, sentence: str) -> bool:
    """Put a message that answers a person into the outbox, to one contact method; return whether that takes any."""
    method = await uow.session.get(ContactMethodRow, contact_method_id)
    return method is not None and _takes(method, user_id) and await _say(uow, method, user_id, sentence)


def _takes(method: ContactMethodRow, user_id: int) -> bool:
    return method.user_id == user_id and method.disabled_at is None and method.verified_at is not None


async def _say(uow: UnitOfWork, method: ContactMethodRow, user_id: int, sentence: str) -> bool:
    await page_alone(uow, PageKind.REPLY, [method], user_id=user_id, urgency=Urgency.HIGH, reason=sentence)
    uow.record(Fact.PAGED, user=await name_of(uow.session, user_id), user_id=user_id, reason="an answer to theirs")
    return True
