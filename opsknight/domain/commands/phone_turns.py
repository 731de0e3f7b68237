"""Holding messages to a phone number back that was sent something about the same service a moment ago.

What is held back is not dropped: it is told of by the next message to that number.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, select, text
from sqlalchemy.dialects.postgresql import insert

from opsknight.domain.commands.holding import NO_SERVICE, Hold, hold_back
from opsknight.domain.model.notification import PageKind
from opsknight.domain.model.phone_turn import PHONES, Turn, held_until, waits
from opsknight.domain.model.speech import Sentence, to_say
from opsknight.domain.store.tables import PhoneTurnRow
from opsknight.domain.store.unit_of_work import UnitOfWork

_LOCKS: Final = 0x0B6
"""The first half of the lock of each number: two workers decide about one number one after the other."""

_HOLD_NUMBERS: Final = text("""
    SELECT pg_advisory_xact_lock(:space, key) FROM (
        SELECT DISTINCT hashtext(number) AS key FROM unnest(CAST(:numbers AS text[])) n (number) ORDER BY key) k
""")
_WITH_HELD: Final = text("""
    SELECT DISTINCT contact_method_id FROM notifications WHERE contact_method_id = ANY(:methods)
        AND channel = :channel AND channel IN ('sms', 'voice', 'whatsapp') AND held AND finished_at IS NULL
        AND attempts = 0
""")


async def take(uow: UnitOfWork, rows: Sequence[Row[Any]]) -> tuple[list[Row[Any]], frozenset[int]]:
    """Return those of the wanted `rows` of one channel whose turn it is, and hold the others back.

    With them come the contact methods for which something is held back: it goes with what is sent there now.
    Costs nothing where the channel goes to no phone.
    """
    if not rows or rows[0].channel not in PHONES:
        return list(rows), frozenset()
    numbers = sorted({row.address for row in rows if row.address})
    await uow.session.execute(_HOLD_NUMBERS, {"space": _LOCKS, "numbers": numbers})
    found = await uow.session.execute(select(PhoneTurnRow).where(PhoneTurnRow.number.in_(numbers)))
    turns = {(row.number, row.service_id): Turn(row.page_id, row.at) for row in found.scalars()}
    going, held, taken = _divided(rows, turns, at=uow.now)
    if taken:
        await _write(uow, taken)
    await hold_back(uow, held, gather=False)
    methods = [row.contact_method_id for row in going]
    key = {"methods": methods, "channel": rows[0].channel}
    return going, frozenset((await uow.session.execute(_WITH_HELD, key)).scalars()) if going else frozenset()


_Key = tuple[str, int]


def _divided(
    rows: Sequence[Row[Any]], turns: dict[_Key, Turn], *, at: datetime
) -> tuple[list[Row[Any]], list[Hold], dict[_Key, Turn]]:
    """Return what goes, what waits and until when, and whose turns these are now; in the order of `rows`."""
    going: list[Row[Any]] = []
    held: list[Hold] = []
    taken: dict[_Key, Turn] = {}
    for row in rows:
        if row.attempts or not row.address or not waits(PageKind(row.kind)):
            going.append(row)  # a message that did not go through had its turn
            continue
        key = (row.address, row.service_id or NO_SERVICE)
        last = taken.get(key) or turns.get(key)
        until = held_until(last, page_id=row.page_id, at=at)
        if until is not None:
            held.append(Hold(row, until, _reason(row)))
            continue
        going.append(row)
        if last is None or last.page_id != row.page_id:  # more of one page takes no turn from others
            taken[key] = Turn(row.page_id, at)
    return going, held, taken


async def _write(uow: UnitOfWork, taken: dict[_Key, Turn]) -> None:
    statement = insert(PhoneTurnRow).values(
        [{"number": n, "service_id": s, "page_id": turn.page_id, "at": turn.at} for (n, s), turn in taken.items()]
    )
    new = {"page_id": statement.excluded.page_id, "at": statement.excluded.at}
    await uow.session.execute(
        statement.on_conflict_do_update(index_elements=["number", "service_id"], set_=new),
        execution_options={"synchronize_session": False},
    )


def _reason(row: Row[Any]) -> Sentence:
    if not row.service:
        return to_say(
            "held back for a minute at most: its number was sent a message a moment ago, and the next tells all"
        )
    return to_say(
        "held back for a minute at most: its number was sent a message about {service} a moment ago, and the next"
        " tells all",
        service=row.service,
    )
