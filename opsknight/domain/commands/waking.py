"""Putting incidents to rest and waking them where no timer of theirs does it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, Final, TypeAlias
from uuid import UUID

from sqlalchemy import bindparam, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from opsknight.domain.commands import shift_changes, silences, timers
from opsknight.domain.commands.held import Held, hold, set_timer, settle, write
from opsknight.domain.model.event import Urgency
from opsknight.domain.model.incident import Status, Verb, transition
from opsknight.domain.model.ledger import Fact
from opsknight.domain.model.maintenance import Window
from opsknight.domain.model.silencing import Cause, Silence
from opsknight.domain.model.support_hours import BEGUN, SupportHours, begun
from opsknight.domain.model.timer import TimerKind
from opsknight.domain.queries.silencing import window_of
from opsknight.domain.store.tables import MaintenanceWindowRow
from opsknight.domain.store.unit_of_work import UnitOfWork

Sweep: TypeAlias = Callable[[UnitOfWork], Awaitable[int]]

STEP: Final = 100
"""Incidents that one unit of work changes at most."""
LATE_COMMITS: Final = timedelta(minutes=1)
"""For how long after support hours have begun, or a window was changed, it is looked again: what arrived before may be
stored after."""

_DUE = text(f"""
    SELECT EXISTS (SELECT FROM silences WHERE source_alert_id IS NOT NULL) OR EXISTS (SELECT FROM inhibitors),
        EXISTS (SELECT FROM services WHERE hours_begin_at <= :now),
        EXISTS (SELECT FROM flaps WHERE calm_at <= :now) OR EXISTS (SELECT FROM silences WHERE until <= :before),
        EXISTS (SELECT FROM maintenance_windows WHERE changed_at > :lately),
        {shift_changes.IS_NEW},
        {shift_changes.IS_DUE}
""")  # noqa: S608  # words of ours
_ENDED_SOURCES = text("""
    DELETE FROM inhibitors n USING alerts a WHERE a.id = n.alert_id AND a.status <> 'open'
""")
_LEFT_ALONE = text("""
    SELECT s.incident_id FROM silences s
    WHERE s.source_alert_id IS NOT NULL AND NOT EXISTS (
        SELECT FROM inhibitors n
        WHERE n.rule_id = s.rule_id AND n.equals = s.equals AND n.alert_id = s.source_alert_id)
    ORDER BY s.incident_id LIMIT :limit
""")
_TAKE = text("""
    DELETE FROM silences WHERE incident_id = :id AND source_alert_id IS NOT NULL RETURNING reason, until, paused_until
""")
_BEGINNING = text("""
    SELECT id, support_hours, hours_begin_at FROM services WHERE hours_begin_at <= :now
    ORDER BY id FOR NO KEY UPDATE SKIP LOCKED
""")
# What a rule has said, or a person by opening it or by arranging its heartbeat, counts while all that is open is so.
_QUIET = text("""
    SELECT i.id FROM incidents i CROSS JOIN LATERAL (
        SELECT bool_and(a.urgency_ruled OR a.integration_id IS NULL) AS all_alerts,
            bool_and(a.urgency_ruled OR a.integration_id IS NULL) FILTER (WHERE a.status || '' = 'open') AS open_ones
        FROM alerts a WHERE a.incident_id = i.id) said
    WHERE i.service_id = :service_id AND i.status <> 'resolved' AND i.highest_urgency = 'low'
        AND i.created_at < :begun_at AND NOT coalesce(said.open_ones, said.all_alerts, false)
    ORDER BY i.id LIMIT :limit
""")
_NEXT = text("UPDATE services SET hours_begin_at = :at WHERE id = :id")
_CALM = text("""
    DELETE FROM flaps WHERE (service_id, dedup_sha) IN (
        SELECT service_id, dedup_sha FROM flaps WHERE calm_at <= :now ORDER BY calm_at LIMIT :limit
        FOR UPDATE SKIP LOCKED)
    RETURNING incident_id, title, since
""")
_LONG_OVER = text("""
    DELETE FROM silences WHERE incident_id IN (
        SELECT s.incident_id FROM silences s WHERE s.until <= :before AND NOT EXISTS (
            SELECT FROM incidents i WHERE i.id = s.incident_id AND i.status = 'suppressed') LIMIT :limit)
""")
_OPEN_UNDER = text("""
    SELECT i.id FROM incidents i JOIN services s ON s.id = i.service_id
    WHERE i.status <> 'resolved' AND i.status = 'open' AND i.id > :after
        AND (CAST(:service_id AS bigint) IS NULL OR i.service_id = :service_id)
        AND (CAST(:team_id AS bigint) IS NULL OR s.team_id = :team_id)
    ORDER BY i.id LIMIT :limit
""")
_CHANGED_WINDOWS = select(MaintenanceWindowRow).where(MaintenanceWindowRow.changed_at > bindparam("lately"))
_JUDGE_ANEW = text("""
    UPDATE timers t SET due_at = :now, lease_until = NULL, worker = NULL, fence = t.fence + 1, attempts = 0
    FROM silences s
    WHERE s.window_id = :window_id AND s.until IS DISTINCT FROM :until AND t.subject = s.incident_id
        AND t.kind = 'suppress_end' AND t.dead_at IS NULL AND t.due_at > :now
    RETURNING 1
""")
_KEPT: Final = timedelta(days=1)


async def due(session: AsyncSession, *, now: datetime) -> Sequence[Sweep]:
    """Return the sweeps that have anything to look at; where nobody uses any of this, none ever has."""
    found = (await session.execute(_DUE, {"now": now, "before": now - _KEPT, "lately": now - LATE_COMMITS})).one()
    return [sweep for sweep, is_due in zip(SWEEPS, found, strict=True) if is_due]


async def rest_under_maintenance(uow: UnitOfWork, incident_id: UUID) -> None:
    """Put an incident to rest that has opened in this unit, where a window or another cause keeps it quiet."""
    standing = (await silences.judge(uow, [incident_id]))[incident_id]
    if standing.silence is not None:
        await _rest(uow, await hold(uow, incident_id), standing.silence)


async def rest_open_ones(uow: UnitOfWork, window: Window, *, limit: int) -> int:
    """Put what is open and would open quietly under `window` now to rest as well; return how many those are."""
    rested = 0
    for incident_id, silence in (await open_under(uow, window, limit=limit)).items():
        held = await hold(uow, incident_id)
        if held.before.status is Status.OPEN:
            await _rest(uow, held, silence)
            rested += 1
    return rested


async def open_under(uow: UnitOfWork, window: Window, *, limit: int) -> dict[UUID, Silence]:
    """Return the open incidents that would open quietly under `window` now, the oldest `limit` of them.

    Nobody has acknowledged them. What its conditions do not hold for is passed over, however many those are.
    """
    values: dict[str, Any] = {"service_id": window.service_id, "team_id": window.team_id, "limit": limit}
    under, after, is_last = dict[UUID, Silence](), UUID(int=0), False
    while len(under) < limit and not is_last:
        ids: Sequence[UUID] = (await uow.session.execute(_OPEN_UNDER, {**values, "after": after})).scalars().all()
        found = await silences.judge(uow, ids, only=(window,)) if ids else {}
        under |= {incident_id: one.silence for incident_id, one in found.items() if one.silence is not None}
        is_last, after = len(ids) < limit, ids[-1] if ids else after
    return dict(islice(under.items(), limit))


async def follow_windows(uow: UnitOfWork) -> int:
    """Have judged anew what was put to rest by a window as it was before it was changed lately; return how many."""
    rows = (await uow.session.scalars(_CHANGED_WINDOWS, {"lately": uow.now - LATE_COMMITS})).all()
    return sum([await judge_anew(uow, row) for row in rows])


async def judge_anew(uow: UnitOfWork, row: MaintenanceWindowRow) -> int:
    """Have judged at once what rests until another end than the window's: it rests until that, or wakes.

    Return how many those are.
    """
    running = window_of(row).now(uow.now)
    key = {"window_id": row.id, "until": None if running is None else running.end_at, "now": uow.now}
    return len((await uow.session.execute(_JUDGE_ANEW, key)).all())


async def wake_inhibited(uow: UnitOfWork) -> int:
    """Wake what was quiet for a source that is over, if it still fires and nothing else keeps it quiet."""
    await uow.session.execute(_ENDED_SOURCES)
    alone = (await uow.session.execute(_LEFT_ALONE, {"limit": STEP})).scalars().all()
    for incident_id in alone:
        held = await hold(uow, incident_id)
        taken = (await uow.session.execute(_TAKE, {"id": incident_id})).one_or_none()
        if taken is None or held.before.status is not Status.SUPPRESSED or held.before.until != taken.until:
            continue
        standing = (await silences.judge(uow, [incident_id]))[incident_id]
        if standing.silence is not None:
            await _rest(uow, held, standing.silence, paused_until=taken.paused_until)
        elif standing.firing and taken.paused_until is not None and taken.paused_until > uow.now:
            await _wait(uow, held, before=taken.reason, until=taken.paused_until)
        elif standing.firing:
            told = await settle(uow, held, transition(held.before, Verb.WAKE), Verb.WAKE)
            reason = f"{taken.reason}: that is over"
            uow.record(Fact.WOKEN, incident_id=incident_id, actor=Cause.INHIBITION.value, **told, reason=reason)
    await timers.go_together(uow, alone)
    return len(alone)


async def begin_support_hours(uow: UnitOfWork) -> int:
    """Raise what is quiet in services whose support hours have begun, each incident once; return how many."""
    done = 0
    for row in (await uow.session.execute(_BEGINNING, {"now": uow.now})).all():
        hours = SupportHours.from_json(row.support_hours)
        quiet: Sequence[UUID] = ()
        if hours.covers(uow.now):
            values = {"service_id": row.id, "begun_at": row.hours_begin_at, "limit": STEP}
            quiet = (await uow.session.execute(_QUIET, values)).scalars().all()
        for incident_id in quiet:
            await _raise(uow, await hold(uow, incident_id))
        await timers.go_together(uow, quiet)
        if not quiet and (uow.now - row.hours_begin_at >= LATE_COMMITS or not hours.covers(uow.now)):
            await uow.session.execute(_NEXT, {"id": row.id, "at": hours.next_begin(uow.now)})
        done += len(quiet)
    return done


async def calm(uow: UnitOfWork) -> int:
    """Say of which keys the flapping is over, and forget those that have been calm; return how many."""
    rows = (await uow.session.execute(_CALM, {"now": uow.now, "limit": STEP})).all()
    for row in rows:
        if row.since is not None:
            uow.record(Fact.FLAPPING_STOPPED, incident_id=row.incident_id, actor="flapping", title=row.title)
    await uow.session.execute(_LONG_OVER, {"before": uow.now - _KEPT, "limit": STEP})
    return len(rows)


async def _rest(uow: UnitOfWork, held: Held, silence: Silence, *, paused_until: datetime | None = None) -> None:
    after = transition(held.before, Verb.SUPPRESS, until=silence.until)
    if after is not held.before:
        await settle(uow, held, after, Verb.SUPPRESS)
        held.row.undo = None  # nobody's to take back: the window itself is ended instead
    await uow.session.flush()
    await silences.keep(uow, held.row.id, silence, paused_until=paused_until)


async def _wait(uow: UnitOfWork, held: Held, *, before: str, until: datetime) -> None:
    """Let an incident wait for the end of its pause, which what kept it quiet has not outlasted."""
    after = transition(held.before, Verb.SUPPRESS, until=until)
    await settle(uow, held, after, Verb.SUPPRESS)
    held.row.undo = None
    await uow.session.flush()
    await set_timer(uow, after, (TimerKind.PAUSE, until))
    await silences.wait_on(uow, after.id, before=before, until=until)


async def _raise(uow: UnitOfWork, held: Held) -> None:
    after = begun(held.before)
    told: dict[str, Any] = {}
    held.row.urgency = held.row.highest_urgency = Urgency.HIGH.value
    if after.status is Status.OPEN:
        told = await settle(uow, held, after, Verb.WAKE)
    else:
        write(uow, held.row, after)
        if after.status is Status.ACKNOWLEDGED:
            await set_timer(uow, after, held.wanted(after, at=uow.now))
    uow.record(Fact.RAISED, incident_id=after.id, actor="support_hours", urgency="high", reason=BEGUN, **told)


SWEEPS: Final[tuple[Sweep, ...]] = (
    wake_inhibited,
    begin_support_hours,
    calm,
    follow_windows,
    shift_changes.know_all,
    shift_changes.follow,
)
"""All that is swept for, as `_DUE` asks for it; each returns how much it did, STEP where more may be left."""
