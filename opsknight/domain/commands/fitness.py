"""Telling of who is on call soon and not ready for it: the person, once a day, and after a day their lead."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import Row, text

from opsknight.domain.commands.foretelling import answering
from opsknight.domain.commands.outbox import Outbox, Page
from opsknight.domain.model import fitness as model
from opsknight.domain.model.cron import zone_or_utc
from opsknight.domain.model.event import Urgency
from opsknight.domain.model.fitness import Item, Mends, Somebody
from opsknight.domain.model.ledger import Fact
from opsknight.domain.model.notification import PageKind
from opsknight.domain.model.speech import Written, speaking
from opsknight.domain.queries import escalations as reading
from opsknight.domain.queries.escalations import Leads
from opsknight.domain.queries.fitness import Ground, on_call_soon
from opsknight.domain.store.unit_of_work import UnitOfWork

# What is red no more keeps when it was told: somebody who flaps is told once a day all the same.
_OVER: Final = text("""
    UPDATE readiness_reds r SET since = NULL WHERE r.since IS NOT NULL AND NOT EXISTS (
        SELECT FROM unnest(CAST(:users AS bigint[]), CAST(:items AS text[])) s (user_id, item)
        WHERE s.user_id = r.user_id AND s.item = r.item)
""")
_RED: Final = text("""
    INSERT INTO readiness_reds AS r (user_id, item, since)
    SELECT user_id, item, :now FROM unnest(CAST(:users AS bigint[]), CAST(:items AS text[])) s (user_id, item)
    ON CONFLICT (user_id, item) DO UPDATE SET since = excluded.since WHERE r.since IS NULL
""")
_REDS: Final = text("SELECT user_id, item, since, told_at, lead_told_at FROM readiness_reds WHERE since IS NOT NULL")
_TOLD: Final = text("UPDATE readiness_reds SET told_at = :now WHERE user_id = ANY(:users) AND since IS NOT NULL")
_LEAD_TOLD: Final = text("""
    UPDATE readiness_reds r SET lead_told_at = :now
    FROM unnest(CAST(:users AS bigint[]), CAST(:items AS text[])) s (user_id, item)
    WHERE s.user_id = r.user_id AND s.item = r.item
""")
_ZONES: Final = text("SELECT id, zone FROM users WHERE id = ANY(:ids)")

_Reds = Mapping[tuple[int, str], Row[Any]]
_Found = Sequence[tuple[Somebody, Sequence[Item]]]


async def tell(uow: UnitOfWork, ground: Ground) -> int:
    """Tell what is red, to whom it is due, by whatever their rules send first; return how many were told.

    A lead is told at once of what the person cannot mend, or cannot be told of.
    """
    found: _Found = [
        (one, reds)
        for one in await on_call_soon(uow.session, ground, at=uow.now)
        if (reds := model.to_be_told(model.items(one, now=uow.now)))
    ]
    rows = await _kept(uow, found)
    if not found:
        return 0
    leads = await reading.leads(uow.session, {turn.team_id for one, _ in found for turn in one.turns})
    asked = {user for its in leads.values() for user in (*its.managers, *its.admins)}
    users = asked | {one.user_id for one, _ in found}
    outbox = Outbox(uow.now, await reading.people(uow.session, users, unset=ground.unset))
    told = await _tell_people(uow, outbox, found, rows)
    told += await _tell_leads(uow, outbox, found, rows, leads)
    await outbox.write(uow)
    return told


async def _kept(uow: UnitOfWork, found: _Found) -> _Reds:
    """Keep since when each thing is red, and return that with when it was told."""
    pairs = [(one.user_id, item.name) for one, reds in found for item in reds]
    key = {"users": [user_id for user_id, _ in pairs], "items": [name for _, name in pairs], "now": uow.now}
    await uow.session.execute(_OVER, key)
    await uow.session.execute(_RED, key)
    return {(row.user_id, row.item): row for row in await uow.session.execute(_REDS)}


async def _tell_people(uow: UnitOfWork, outbox: Outbox, found: _Found, rows: _Reds) -> int:
    told: list[int] = []
    for one, reds in found:
        own = [item for item in reds if item.mends is Mends.THEY]
        before = max((at for item in reds if (at := rows[one.user_id, item.name].told_at)), default=None)
        if not own or not _again(before, uow.now) or not model.may_be_told(one, now=uow.now):
            continue
        if _send(uow, outbox, one.user_id, partial(model.to_person, one, own, now=uow.now)):
            told.append(one.user_id)
    if told:
        await uow.session.execute(_TOLD, {"users": told, "now": uow.now})
    return len(told)


async def _tell_leads(uow: UnitOfWork, outbox: Outbox, found: _Found, rows: _Reds, leads: Mapping[int, Leads]) -> int:
    zones = await _zones(uow, outbox)
    by_lead: dict[int, list[tuple[Somebody, Sequence[Item]]]] = {}
    for one, reds in found:
        deaf = not outbox.people[one.user_id].can_be_reached
        due = [item for item in reds if _for_lead(rows[one.user_id, item.name], item, uow.now, deaf=deaf)]
        if due:
            for user_id in _leads_of(one, outbox, leads):
                if model.may_hear(zones[user_id], one, now=uow.now):
                    by_lead.setdefault(user_id, []).append((one, due))
    told: set[tuple[int, str]] = set()
    count = 0
    for user_id, its in by_lead.items():
        if _send(uow, outbox, user_id, partial(model.to_lead, its, zones[user_id], now=uow.now)):
            count += 1
            told |= {(one.user_id, item.name) for one, due in its for item in due}
    if told:
        key = {"users": [user_id for user_id, _ in told], "items": [name for _, name in told], "now": uow.now}
        await uow.session.execute(_LEAD_TOLD, key)
    return count


def _for_lead(row: Row[Any], item: Item, now: datetime, *, deaf: bool) -> bool:
    """Say whether a lead is due to be told of one thing; `deaf` says that its person cannot be."""
    long_enough = row.since <= now - model.AGAIN_AFTER
    return (deaf or item.mends is Mends.LEAD or long_enough) and _again(row.lead_told_at, now)


def _again(told_at: datetime | None, now: datetime) -> bool:
    return told_at is None or told_at <= now - model.AGAIN_AFTER


def _leads_of(one: Somebody, outbox: Outbox, leads: Mapping[int, Leads]) -> Sequence[int]:
    """Return who answers for somebody's turns, without themselves."""
    found: dict[int, None] = {}
    for turn in one.turns:
        its = leads[turn.team_id]
        others = Leads(
            tuple(user for user in its.managers if user != one.user_id),
            tuple(user for user in its.admins if user != one.user_id),
        )
        found |= dict.fromkeys(answering(outbox, others))
    return list(found)


def _send(uow: UnitOfWork, outbox: Outbox, user_id: int, words: Callable[[], str]) -> bool:
    """Put `words` into the outbox in the person's language, quietly; return whether they can be reached."""
    with speaking(outbox.people[user_id].language):
        said = words()
    page = Page(
        incident_id=None,
        generation=0,
        kind=PageKind.READINESS,
        user_id=user_id,
        reason=Written(said),
        urgency=Urgency.LOW,
        due_at=uow.now,
        once=True,
    )
    if outbox.add(page) is not None:
        return False
    uow.record(Fact.READINESS_TOLD, user=outbox.people[user_id].name, user_id=user_id, reason=words().splitlines()[0])
    return True


async def _zones(uow: UnitOfWork, outbox: Outbox) -> Mapping[int, ZoneInfo]:
    return {row.id: zone_or_utc(row.zone) for row in await uow.session.execute(_ZONES, {"ids": list(outbox.people)})}
