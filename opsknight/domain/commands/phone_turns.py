"""Whose turn it is of messages to phone numbers that were sent something about the same service a moment ago.

What waits is not dropped: it is told of by the next message to that number. A text and the call that follows it are
no rivals: a page that the number has had on one channel is held back on another only by what went on that one.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, select, text
from sqlalchemy.dialects.postgresql import insert

from opsknight.domain.commands.holding import NO_SERVICE, Hold
from opsknight.domain.model.notification import PageKind
from opsknight.domain.model.phone_turn import APART, PHONES, Turn, held_until, waits
from opsknight.domain.model.retry import NOT_REACHED_AFTER
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
        AND status = 'queued'
""")
# What arrived, or may have: what surely did not go through, and what is tried again, disturbed nobody.
_SENT_HERE: Final = text("""
    SELECT DISTINCT ON (m.address, coalesce(i.service_id, 0))
        m.address, coalesce(i.service_id, 0) AS service_id, n.page_id, a.started_at
    FROM contact_methods m
    JOIN notifications n ON n.contact_method_id = m.id AND n.channel = :channel
        AND n.channel IN ('sms', 'voice', 'whatsapp') AND n.attempts > 0
        AND (n.finished_at IS NULL OR n.finished_at > :since)
    JOIN pages p ON p.id = n.page_id AND p.kind = ANY(:kinds)
    JOIN attempts a ON a.notification_id = n.id AND a.started_at > :since AND a.outcome NOT IN ('retry', 'failed')
    LEFT JOIN incidents i ON i.id = n.incident_id
    WHERE m.channel = :channel AND m.address = ANY(:numbers)
    ORDER BY m.address, coalesce(i.service_id, 0), a.started_at DESC
""")
_WAITING: Final = [kind.value for kind in PageKind if waits(kind)]
_TOLD: Final = text("""
    SELECT n.page_id, m.address FROM notifications n JOIN contact_methods m ON m.id = n.contact_method_id
    WHERE n.page_id = ANY(:pages) AND n.channel <> :channel AND n.channel IN ('sms', 'voice', 'whatsapp')
        AND m.address = ANY(:numbers) AND (n.attempts > 0 OR n.status = 'bundled')
""")


@dataclass(frozen=True, slots=True)
class Turns:
    """What goes now, what is to wait, and the contact methods for which something waits: it goes with what goes."""

    going: Sequence[Row[Any]]
    held: Sequence[Hold] = ()
    joined: frozenset[int] = frozenset()


async def take(uow: UnitOfWork, rows: Sequence[Row[Any]]) -> Turns:
    """Say of the wanted `rows` of one channel whose turn it is; the caller holds the others back.

    Costs nothing where the channel goes to no phone.
    """
    if not rows or rows[0].channel not in PHONES:
        return Turns(list(rows))
    numbers = sorted({row.address for row in rows if row.address})
    await uow.session.execute(_HOLD_NUMBERS, {"space": _LOCKS, "numbers": numbers})
    going, held, taken = _divided(rows, await _lately(uow, rows, numbers), at=uow.now)
    if taken:
        await _write(uow, taken)
    key = {"methods": [row.contact_method_id for row in going], "channel": rows[0].channel}
    waiting = set((await uow.session.execute(_WITH_HELD, key)).scalars()) if going else set[int]()
    return Turns(going, held, frozenset(waiting | {hold.row.contact_method_id for hold in held}))


_Key = tuple[str, int]


@dataclass(frozen=True, slots=True)
class _Lately:
    """The turns of some numbers, what each was sent last on this channel, and which pages it has had by another."""

    turns: Mapping[_Key, Turn]
    here: Mapping[_Key, Turn]
    told: Collection[tuple[UUID, str]]


async def _lately(uow: UnitOfWork, rows: Sequence[Row[Any]], numbers: Sequence[str]) -> _Lately:
    found = await uow.session.execute(select(PhoneTurnRow).where(PhoneTurnRow.number.in_(numbers)))
    turns = {(row.number, row.service_id): Turn(row.page_id, row.at) for row in found.scalars()}
    key = {"channel": rows[0].channel, "numbers": numbers, "since": uow.now - APART}
    here = await uow.session.execute(_SENT_HERE, {**key, "kinds": _WAITING})
    told = await uow.session.execute(_TOLD, {**key, "pages": [row.page_id for row in rows]})
    return _Lately(
        turns,
        {(row.address, row.service_id): Turn(row.page_id, row.started_at) for row in here},
        {(row.page_id, row.address) for row in told},
    )


def _divided(
    rows: Sequence[Row[Any]], lately: _Lately, *, at: datetime
) -> tuple[list[Row[Any]], list[Hold], dict[_Key, Turn]]:
    """Return what goes, what waits and until when, and whose turns these are now; in the order of `rows`."""
    going: list[Row[Any]] = []
    held: list[Hold] = []
    taken: dict[_Key, Turn] = {}
    here = dict(lately.here)
    for row in rows:
        if not row.address or not waits(PageKind(row.kind)) or _had_its_turn(row):
            going.append(row)
            continue
        key = (row.address, row.service_id or NO_SERVICE)
        told = (row.page_id, row.address) in lately.told
        last = taken.get(key) or lately.turns.get(key)
        until = held_until(here.get(key), *(() if told else (last,)), page_id=row.page_id, at=at)
        if until is not None:
            held.append(Hold(row, until, _reason(row)))
            continue
        going.append(row)
        here[key] = Turn(row.page_id, at)
        if not told and (last is None or last.page_id != row.page_id):  # more of one page takes no turn from others
            taken[key] = Turn(row.page_id, at)
    return going, held, taken


def _had_its_turn(row: Row[Any]) -> bool:
    """Say whether a message goes by its own retries: until its step has seen that it does not go through.

    Then it is one of many that come when the carrier is back, and asks for a turn like them. What was perhaps sent
    is made sure of.
    """
    return row.attempts > 0 and (row.perhaps > 0 or row.retries < NOT_REACHED_AFTER)


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
