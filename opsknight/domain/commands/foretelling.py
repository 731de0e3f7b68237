"""Telling people before it matters: whose shift begins, and who answers for a schedule that has gaps.

Of schedules that a policy asks, a few in each unit. What was told is kept, so that it is told once.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import Row, text

from opsknight.domain.commands.alone import aside
from opsknight.domain.commands.outbox import Outbox
from opsknight.domain.model import foretelling as model
from opsknight.domain.model.cron import zone_or_utc
from opsknight.domain.model.foretelling import Gap
from opsknight.domain.model.going_on_call import red
from opsknight.domain.model.handoff import told
from opsknight.domain.model.incident import Status
from opsknight.domain.model.ledger import Fact
from opsknight.domain.model.notification import PageKind
from opsknight.domain.model.schedule import OnCall
from opsknight.domain.model.speech import speaking
from opsknight.domain.queries import escalations as reading
from opsknight.domain.queries.escalations import Leads
from opsknight.domain.queries.going_on_call import checks_for
from opsknight.domain.queries.handoffs import left_for
from opsknight.domain.store.unit_of_work import UnitOfWork

STEP: Final = 20
"""Schedules in one unit of work: their shifts are computed on the loop."""
RECENT: Final = timedelta(days=62)
AGAIN_AFTER: Final = timedelta(days=28)
"""After so long the same gaps are told again."""
UTC: Final = ZoneInfo("UTC")
KEPT: Final = timedelta(days=90)
QUOTED: Final = 600
"""Characters of a handoff note that the reminder of a shift repeats; the whole is on the page."""

_ASKED: Final = text("""
    SELECT s.id, s.name, s.zone, s.team_id FROM schedules s
    WHERE s.id > :after AND s.deleted_at IS NULL AND EXISTS (
        SELECT FROM escalation_targets t JOIN escalation_steps e ON e.id = t.step_id
        JOIN escalation_policies p ON p.id = e.policy_id
        WHERE t.schedule_id = s.id AND p.deleted_at IS NULL)
    ORDER BY s.id LIMIT :limit
""")
_TELL: Final = text("""
    INSERT INTO told_ahead AS t (kind, schedule_id, user_id, what, told_at)
    VALUES (:kind, :schedule_id, :user_id, :what, :now)
    ON CONFLICT (kind, schedule_id, user_id, what) DO UPDATE SET told_at = excluded.told_at
        WHERE t.told_at < :again_before
    RETURNING 1
""")
_TOLD: Final = text("""
    SELECT schedule_id, user_id, what FROM told_ahead
    WHERE kind = 'gap' AND schedule_id = ANY(:schedules) AND told_at >= :again_before
""")
_TELL_GAPS: Final = text("""
    INSERT INTO told_ahead AS t (kind, schedule_id, user_id, what, told_at)
    SELECT 'gap', :schedule_id, :user_id, unnest(CAST(:what AS text[])), :now
    ON CONFLICT (kind, schedule_id, user_id, what) DO UPDATE SET told_at = excluded.told_at
        WHERE t.told_at < :again_before
    RETURNING 1
""")
# What was mended is forgotten: when it is there again, it is told again.
_MENDED: Final = text("""
    DELETE FROM told_ahead t
    WHERE t.kind = 'gap' AND t.schedule_id = ANY(:schedules) AND (t.what LIKE 'once %' OR t.what LIKE 'weekly %')
        AND NOT EXISTS (SELECT FROM unnest(CAST(:of AS bigint[]), CAST(:what AS text[])) k (of, what)
            WHERE k.of = t.schedule_id AND k.what = t.what)
""")
_FORGET: Final = text("DELETE FROM told_ahead WHERE told_at < :before")
_ZONES: Final = text("SELECT id, zone FROM users WHERE id = ANY(:ids)")
_OPEN: Final = text("""
    SELECT i.number, i.title, i.status, s.name AS service FROM incidents i JOIN services s ON s.id = i.service_id
    WHERE i.status <> 'resolved' AND EXISTS (
        SELECT FROM escalation_steps e JOIN escalation_targets t ON t.step_id = e.id
        WHERE e.policy_id = coalesce(i.policy_id, s.policy_id) AND t.schedule_id = :schedule_id)
    ORDER BY i.urgency, i.created_at DESC LIMIT 100
""")


async def announce_shifts(
    uow: UnitOfWork, *, after: int = 0, unset: Collection[str] = (), discreet: bool = False
) -> int | None:
    """Tell those whose shift begins soon, on the next STEP schedules after number `after`.

    `unset` are the channels that are not set up. It names services instead of titles where it is `discreet`.
    Returns the number of the last of them, None where there are no more. Somebody who cannot be reached is not told:
    those who answer for the schedule are.
    """
    rows, schedules = await _next(uow, after)
    coming = [(row, shift) for row in rows for shift in model.beginning(schedules[row.id], now=uow.now)]
    if coming:
        leads = await reading.leads(uow.session, {row.team_id for row, _ in coming})
        outbox = await _outbox(uow, leads, {shift.user_id for _, shift in coming}, unset=unset)
        zones = await _zones(uow, outbox)
        for row, shift in coming:
            if not await _announced(
                uow, outbox, row, shift, zones.get(shift.user_id, UTC), unset=unset, discreet=discreet
            ):
                await _warn(uow, outbox, row, shift, leads[row.team_id], zones)
        await outbox.write(uow)
    return rows[-1].id if len(rows) == STEP else None


async def warn_of_gaps(uow: UnitOfWork, *, after: int = 0) -> int | None:
    """Tell who answers for a schedule of its gaps to come, as `announce_shifts` goes through them.

    A gap is told once, and those that come at the same time of the week are told once in AGAIN_AFTER; what was mended
    and is there again is told again. Of the past nothing is told.
    """
    rows, schedules = await _next(uow, after)
    if after == 0:
        await uow.session.execute(_FORGET, {"before": uow.now - KEPT})
    found = {row.id: model.to_come(schedules[row.id], zone_or_utc(row.zone), now=uow.now) for row in rows}
    told = await _told_gaps(uow, found)
    coming = [row for row in rows if any(gap.start_at <= uow.now + model.AHEAD for gap in found[row.id])]
    if coming:
        leads = await reading.leads(uow.session, {row.team_id for row in coming})
        outbox = await _outbox(uow, leads, set())
        zones = await _zones(uow, outbox)
        for row in coming:
            for user_id in answering(outbox, leads[row.team_id]):
                mine = {what for schedule_id, user, what in told if (schedule_id, user) == (row.id, user_id)}
                new = [gap for gap in found[row.id] if mine.isdisjoint((gap.itself, gap.pattern))]
                words = partial(model.of_gaps, new, row.name, zones[user_id], schedules[row.id].names)
                await _tell_gaps(uow, outbox, row, user_id, new, words=words)
        await outbox.write(uow)
    return rows[-1].id if len(rows) == STEP else None


async def _told_gaps(uow: UnitOfWork, found: Mapping[int, Sequence[Gap]]) -> Collection[tuple[int, int, str]]:
    """Return which gaps were told of which schedule to whom, once those are forgotten that are there no more."""
    keys = [(number, what) for number, gaps in found.items() for gap in gaps for what in (gap.itself, gap.pattern)]
    of = {"schedules": list(found), "of": [number for number, _ in keys], "what": [what for _, what in keys]}
    await uow.session.execute(_MENDED, of)
    lately = {"schedules": list(found), "again_before": uow.now - AGAIN_AFTER}
    return {(row.schedule_id, row.user_id, row.what) for row in await uow.session.execute(_TOLD, lately)}


async def _tell_gaps(
    uow: UnitOfWork, outbox: Outbox, row: Row[Any], user_id: int, new: Sequence[Gap], *, words: Callable[[], str]
) -> None:
    """Put what is `new` to somebody into the outbox, where any of it is near."""
    if not any(gap.start_at <= uow.now + model.AHEAD for gap in new):
        return
    what = sorted({what for gap in new for what in (gap.itself, gap.pattern)})
    key = {"schedule_id": row.id, "user_id": user_id, "what": what, "now": uow.now}
    if (await uow.session.execute(_TELL_GAPS, {**key, "again_before": uow.now - AGAIN_AFTER})).first() is not None:
        _add(uow, outbox, row, user_id, PageKind.GAP, words=words)


async def _next(uow: UnitOfWork, after: int) -> tuple[Sequence[Row[Any]], Mapping[int, Any]]:
    rows = (await uow.session.execute(_ASKED, {"after": after, "limit": STEP})).all()
    return rows, await reading.schedules(uow.session, [row.id for row in rows], since=uow.now - RECENT)


async def _announced(
    uow: UnitOfWork,
    outbox: Outbox,
    row: Row[Any],
    shift: OnCall,
    zone: ZoneInfo,
    *,
    unset: Collection[str],
    discreet: bool,
) -> bool:
    """Tell somebody that their shift begins, with what must be mended before; return whether they can be told."""
    person, what = outbox.people.get(shift.user_id), shift.start_at.isoformat()
    if person is None or not person.can_be_reached:
        return False
    found_open = await _open(uow, row.id)
    open_now = [(one.number, one.service if discreet else one.title, Status(one.status)) for one in found_open]
    span = {"start_at": shift.start_at, "end_at": shift.end_at}
    with speaking(person.language):
        found = await checks_for(uow.session, shift.user_id, row.id, **span, at=uow.now, unset=unset)
        leaves = await left_for(uow.session, row.id, shift.user_id, start_at=shift.start_at, discreet=discreet)
        left = told(leaves, at_most=QUOTED)
    also = [*red(found), *left]
    words = partial(model.of_a_shift, shift, row.name, zone, now=uow.now, open_incidents=open_now, also=also)
    await _tell(uow, outbox, row, shift.user_id, PageKind.SHIFT, what=what, words=words)
    return True


async def _warn(
    uow: UnitOfWork, outbox: Outbox, row: Row[Any], shift: OnCall, leads: Leads, zones: Mapping[int, ZoneInfo]
) -> None:
    """Tell who answers for a schedule that somebody whose shift begins cannot be reached."""
    person, what = outbox.people.get(shift.user_id), shift.start_at.isoformat()
    name = person.name if person is not None else ""
    for user_id in answering(outbox, leads):
        words = partial(model.of_unreachable, name, shift, row.name, zones[user_id])
        await _tell(uow, outbox, row, user_id, PageKind.GAP, what=f"{shift.user_id} {what}", words=words)


async def _open(uow: UnitOfWork, schedule_id: int) -> Sequence[Row[Any]]:
    return (await uow.session.execute(_OPEN, {"schedule_id": schedule_id})).all()


async def _tell(
    uow: UnitOfWork, outbox: Outbox, row: Row[Any], user_id: int, kind: PageKind, *, what: str, words: Callable[[], str]
) -> None:
    """Put `words` into the outbox in the person's language, quietly, unless it was told before."""
    key = {"kind": kind.value, "schedule_id": row.id, "user_id": user_id, "what": what, "now": uow.now}
    if (await uow.session.execute(_TELL, {**key, "again_before": uow.now - AGAIN_AFTER})).first() is not None:
        _add(uow, outbox, row, user_id, kind, words=words)


def _add(
    uow: UnitOfWork, outbox: Outbox, row: Row[Any], user_id: int, kind: PageKind, *, words: Callable[[], str]
) -> None:
    with speaking(outbox.people[user_id].language):
        said = words()
    if outbox.add(aside(kind, user_id, said, at=uow.now)) is None:
        fact = Fact.SHIFT_ANNOUNCED if kind is PageKind.SHIFT else Fact.GAP_TOLD
        about: dict[str, Any] = {"subject": f"schedule:{row.id}", "name": row.name}
        uow.record(fact, **about, user=outbox.people[user_id].name, user_id=user_id, reason=words().splitlines()[0])


async def _outbox(
    uow: UnitOfWork, leads: Mapping[int, Leads], users: set[int], *, unset: Collection[str] = ()
) -> Outbox:
    answering = {user for one in leads.values() for user in (*one.managers, *one.admins)}
    return Outbox(uow.now, await reading.people(uow.session, users | answering, unset=unset))


def answering(outbox: Outbox, leads: Leads) -> tuple[int, ...]:
    """Return the reachable managers of a team; where there is none, the reachable admins."""
    for group in (leads.managers, leads.admins):
        reachable = tuple(user for user in group if user in outbox.people and outbox.people[user].can_be_reached)
        if reachable:
            return reachable
    return ()


async def _zones(uow: UnitOfWork, outbox: Outbox) -> Mapping[int, ZoneInfo]:
    rows = await uow.session.execute(_ZONES, {"ids": list(outbox.people)})
    return {row.id: zone_or_utc(row.zone) for row in rows}
