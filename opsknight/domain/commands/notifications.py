"""Before a message is sent: read its incident again, and write that the attempt starts, in one transaction.

Afterwards either the message is surely not sent, or its attempt row says `started`: perhaps sent.
What became of it is written by `opsknight.domain.commands.outcomes`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from opsknight.crypto import new_id
from opsknight.domain.commands import bundles, holding, in_vain, outcomes, phone_turns
from opsknight.domain.model.attempt import Attempt, IncidentNow, Other
from opsknight.domain.model.burst import Bursts
from opsknight.domain.model.channel import room_name, shown
from opsknight.domain.model.event import Severity, Urgency
from opsknight.domain.model.full_hosts import NO_HOSTS, FullHosts
from opsknight.domain.model.incident import Status
from opsknight.domain.model.ledger import Fact
from opsknight.domain.model.notification import PageKind, Situation, unreachable, unwanted
from opsknight.domain.model.speech import ENGLISH, remembered
from opsknight.domain.store import claims
from opsknight.domain.store.unit_of_work import UnitOfWork

CUT_OFF = "the process ended during the call"

_COLUMNS = """
    SELECT n.id, n.fence, n.attempts, n.page_id, n.incident_id, n.generation, n.user_id, n.contact_method_id,
           n.channel, n.urgency, n.position, n.due_at, n.reason, p.kind, p.step, p.lap, p.reason AS why_paged,
           p.said AS said_paged, n.said,
           p.due_at AS page_due_at, p.created_at AS paged_at, p.for_user_id, u.name AS user_name, u.language, u.active,
           m.id AS method_id,
           m.address, m.secret, m.label, m.verified_at, m.disabled_at, m.disabled_reason, i.number, i.title,
           i.status AS incident_status, i.generation AS incident_generation, i.severity, i.assignee_id,
           i.created_at AS opened_at, i.runbook_url, i.acknowledged_at, s.name AS service,
           i.service_id, n.held, tried.retries, tried.perhaps, tried.cut_off, tried.tried_by,
           tried.refused_by, tried.first_tried_at, n.gather,
           CASE p.kind WHEN 'help' THEN EXISTS (SELECT FROM responders r
                   WHERE r.incident_id = n.incident_id AND r.user_id = n.user_id AND r.answer <> 'asked')
               WHEN 'watch' THEN NOT EXISTS (SELECT FROM watchers w
                   WHERE w.incident_id = n.incident_id AND w.user_id = n.user_id)
               WHEN 'drill' THEN EXISTS (SELECT FROM drill_people d
                   WHERE d.page_id = n.page_id AND d.acknowledged_at IS NOT NULL)
               WHEN 'page' THEN (i.must_acknowledge -> 'answered') ? CAST(n.user_id AS text)
                   AND (i.must_acknowledge ->> 'generation')::integer = n.generation END IS TRUE AS answered
    FROM notifications n
    JOIN pages p ON p.id = n.page_id
    LEFT JOIN users u ON u.id = n.user_id
    LEFT JOIN contact_methods m ON m.id = n.contact_method_id
    LEFT JOIN incidents i ON i.id = n.incident_id
    LEFT JOIN services s ON s.id = i.service_id
    CROSS JOIN LATERAL (
        SELECT count(*) FILTER (WHERE outcome = 'retry') AS retries,
               count(*) FILTER (WHERE outcome IN ('ambiguous', 'started')) AS perhaps,
               bool_or(outcome = 'started') IS TRUE AS cut_off, min(started_at) AS first_tried_at,
               array_agg(DISTINCT carrier) FILTER (WHERE carrier <> '' AND outcome <> 'accepted') AS tried_by,
               array_agg(DISTINCT carrier) FILTER (WHERE carrier <> '' AND outcome = 'failed') AS refused_by
        FROM attempts WHERE notification_id = n.id) tried
"""
_READ = text(f"""{_COLUMNS}
    WHERE n.id = ANY(:ids) AND n.status IN ('queued', 'sending', 'ambiguous') AND n.finished_at IS NULL
    ORDER BY n.id FOR NO KEY UPDATE OF n
""")
_READ_UNCONFIRMED = text(f"""{_COLUMNS}
    WHERE n.id = :id AND n.attempts > 0 AND n.finished_at IS NOT NULL AND (n.status IN ('accepted', 'ambiguous')
        OR :unproven AND n.status = 'delivered' AND (m.last_proof_at IS NULL OR m.last_proof_at < n.delivered_at))
    FOR NO KEY UPDATE OF n
""")
_START = text("""
    WITH starting AS (
        SELECT * FROM unnest(CAST(:ids AS uuid[]), CAST(:attempt_ids AS uuid[]), CAST(:numbers AS integer[]))
            AS t(id, attempt_id, number)
    ), written AS (
        INSERT INTO attempts (id, notification_id, number, worker, started_at)
        SELECT attempt_id, id, number, :worker, :now FROM starting
    )
    UPDATE notifications n SET status = 'sending', attempts = t.number FROM starting t WHERE n.id = t.id
""")
_CUT_OFF = text("""
    UPDATE attempts SET outcome = 'ambiguous', finished_at = :now, detail = :why
    WHERE notification_id = ANY(:ids) AND outcome = 'started'
""")
_SUPERSEDE = text("""
    UPDATE notifications SET status = 'superseded', finished_at = :now, lease_until = NULL, worker = NULL,
        reason = :reason WHERE id = :id
""")
_STARTED_LATER = text("UPDATE attempts SET started_at = :now WHERE id = :id AND outcome = 'started'")
_TAKE_BACK = text("""
    WITH gone AS (DELETE FROM attempts WHERE id = :attempt_id AND outcome = 'started' RETURNING notification_id)
    UPDATE notifications n SET attempts = n.attempts - 1, status = 'queued', lease_until = NULL, worker = NULL
    FROM gone WHERE n.id = gone.notification_id AND n.fence = :fence
""")
_TAKE_BACK_UNKNOWN = text("""
    WITH unknown AS (
        SELECT id FROM notifications WHERE id IN (
            SELECT id FROM notifications WHERE channel = :channel AND finished_at IS NULL AND attempts = 0
                AND worker = :worker AND lease_until > :now
            UNION ALL
            SELECT id FROM notifications WHERE channel = :channel AND finished_at IS NULL AND attempts > 0
                AND worker = :worker AND lease_until > :now)
            AND worker = :worker AND lease_until > :now AND id <> ALL(:known)
        FOR NO KEY UPDATE
    ), gone AS (
        DELETE FROM attempts a USING unknown u
        WHERE a.notification_id = u.id AND a.outcome = 'started' AND a.worker = :worker RETURNING a.notification_id
    )
    UPDATE notifications n SET status = 'queued', lease_until = NULL, worker = NULL,
        attempts = n.attempts - (SELECT count(*) FROM gone g WHERE g.notification_id = n.id)
    FROM unknown u WHERE n.id = u.id
""")


async def claim_and_begin(
    uow: UnitOfWork,
    *,
    channel: str,
    worker: int,
    limit: int,
    limit_low: int,
    bursts: Bursts | None = None,
    full: FullHosts = NO_HOSTS,
) -> Sequence[Attempt]:
    """Lease what is due on `channel` and begin an attempt for each message that is still wanted.

    `bursts` bounds how many reach one address at once; None does not. Nothing begins to a host that is `full`.
    """
    claimed = await claims.due_notifications(
        uow.session, now=uow.now, worker=worker, channel=channel, limit=limit, limit_low=limit_low, full=full
    )
    fences = {each.id: each.fence for each in claimed}
    return await begin(uow, fences, worker=worker, bursts=bursts) if claimed else ()


async def begin(
    uow: UnitOfWork, fences: Mapping[UUID, int], *, worker: int, bursts: Bursts | None = None
) -> Sequence[Attempt]:
    """Read the incidents of claimed notifications again; start an attempt for each that is still wanted.

    `fences` are the notifications, in the order to send, and the fence each was claimed with. Those
    not wanted are marked here and now: superseded when the incident needs nobody any more, failed when
    the address is of no use, bundled when they go together with another, queued again when too many went to
    their address a moment ago. An attempt that was cut off by
    the end of its process is ambiguous, and resent once.
    """
    found = {row.id: row for row in await _read(uow, list(fences))}
    rows = [found[one] for one, fence in fences.items() if one in found and found[one].fence == fence]
    cut_off = [row.id for row in rows if row.cut_off]
    if cut_off:
        await uow.session.execute(_CUT_OFF, {"ids": cut_off, "now": uow.now, "why": CUT_OFF})
    turns = await phone_turns.take(uow, [row for row in rows if not _why_unwanted(uow, row)])
    waiting, joined = [hold.row for hold in turns.held], turns.joined
    gone = await bundles.gather(uow, turns.going, waiting=waiting, joined=joined)
    await holding.hold_back(uow, [hold for hold in turns.held if hold.row.id not in gone], gather=False)
    wanted = await holding.spread(uow, [row for row in turns.going if row.id not in gone], bursts)
    await _supersede(uow, [row for row in rows if _why_unwanted(uow, row)])
    carried = await bundles.others(uow, [row.id for row in wanted if row.gather or bundles.gathers(row, uow, joined)])
    usable = [await _usable(uow, row, carried.get(row.id, ())) for row in wanted]
    starting = [attempt for attempt in usable if attempt is not None]
    if starting:
        await uow.session.execute(
            _START,
            {
                "ids": [attempt.notification_id for attempt in starting],
                "attempt_ids": [attempt.id for attempt in starting],
                "numbers": [attempt.number for attempt in starting],
                "worker": worker,
                "now": uow.now,
            },
        )
    return starting


async def begin_again(uow: UnitOfWork, attempt: Attempt) -> bool:
    """Read the incident once more for an attempt whose call did not begin in time; return whether it may.

    Where it may not, the attempt is taken back: it was surely not made.
    """
    rows = [row for row in await _read(uow, [attempt.notification_id]) if row.fence == attempt.fence]
    if not rows:
        return False
    if _why_unwanted(uow, rows[0]):
        await take_back(uow, attempt)
        await _supersede(uow, rows)
        return False
    await uow.session.execute(_STARTED_LATER, {"id": attempt.id, "now": uow.now})
    return True


async def take_back(uow: UnitOfWork, attempt: Attempt) -> None:
    """Undo an attempt whose call never began; whoever comes next may begin it."""
    await uow.session.execute(_TAKE_BACK, {"attempt_id": attempt.id, "fence": attempt.fence})


async def take_back_unknown(uow: UnitOfWork, *, channel: str, worker: int, known: Collection[UUID]) -> int:
    """Undo what `worker` began on `channel` without knowing it: its commit's confirmation was lost.

    `known` are the notifications whose calls it does have under way. The others were surely not
    sent, so they are due again at once rather than perhaps sent after their lease. Returns how many.
    """
    found = await uow.session.execute(
        _TAKE_BACK_UNKNOWN, {"channel": channel, "worker": worker, "now": uow.now, "known": list(known)}
    )
    return found.rowcount  # type: ignore[attr-defined]  # an UPDATE has it


async def unconfirmed(uow: UnitOfWork, notification_id: UUID, *, unproven: bool = False) -> Attempt | None:
    """Hold a notification that was sent, or perhaps sent, and of which nobody has heard since; return its attempt.

    None where there is none, or its message arrived, failed or is being sent. Its incident is held first, and those of
    what went together with it. With `unproven` also one that arrived, where that proved nothing.
    """
    await in_vain.hold(uow, [notification_id], carried=True)
    row = (await uow.session.execute(_READ_UNCONFIRMED, {"id": notification_id, "unproven": unproven})).one_or_none()
    return None if row is None else replace(_attempt(uow, row), number=row.attempts)


async def _read(uow: UnitOfWork, ids: Sequence[UUID]) -> Sequence[Row[Any]]:
    return (await uow.session.execute(_READ, {"ids": ids})).all()


def _why_unwanted(uow: UnitOfWork, row: Row[Any]) -> str | None:
    return unwanted(
        Situation(
            kind=PageKind(row.kind),
            generation=row.generation,
            user_id=row.for_user_id or row.user_id,
            status=Status(row.incident_status) if row.incident_status else None,
            incident_generation=row.incident_generation,
            assignee_id=row.assignee_id,
            answered=row.answered,
            paged_at=row.paged_at,
            acknowledged_at=row.acknowledged_at,
            now=uow.now,
        )
    )


async def _supersede(uow: UnitOfWork, rows: Sequence[Row[Any]]) -> None:
    if not rows:
        return
    reasons = {row.id: _why_unwanted(uow, row) or "" for row in rows}
    await uow.session.execute(_SUPERSEDE, [{"id": row.id, "now": uow.now, "reason": reasons[row.id]} for row in rows])
    for row in rows:
        outcomes.record(uow, Fact.SUPERSEDED, _attempt(uow, row), reason=reasons[row.id])


async def _usable(uow: UnitOfWork, row: Row[Any], others: tuple[Other, ...]) -> Attempt | None:
    """Return the attempt to start, or None where the address or the number of tries forbids it."""
    attempt = _attempt(uow, row, others)
    if row.cut_off and not await outcomes.was_cut_off(uow, attempt, why=CUT_OFF):
        return None
    refused = unreachable(
        attempt.kind,
        active=row.user_id is None or row.active,
        known=row.method_id is not None,
        verified=row.verified_at is not None,
        disabled_because=None if row.disabled_at is None else row.disabled_reason,
    )
    if refused is None:
        return attempt
    await outcomes.end_in_vain(uow, replace(attempt, number=row.attempts), detail=refused)
    return None


def _attempt(uow: UnitOfWork, row: Row[Any], others: tuple[Other, ...] = ()) -> Attempt:
    return Attempt(
        id=new_id(),
        number=row.attempts + 1,
        notification_id=row.id,
        fence=row.fence,
        page_id=row.page_id,
        kind=PageKind(row.kind),
        generation=row.generation,
        step=row.step,
        lap=row.lap,
        position=row.position,
        why_paged=remembered(row.said_paged, english=row.why_paged),
        why_now=remembered(row.said, english=row.reason) if row.attempts == 0 else "",
        held=row.held,
        channel=row.channel,
        contact_method_id=row.contact_method_id,
        label=shown(row.channel, label=row.label or "", address=row.address or ""),
        user_id=row.user_id,
        stands_in=row.for_user_id is not None,
        language=row.language or ENGLISH,
        user_name=row.user_name or room_name(row.channel, label=row.label or "", address=row.address or ""),
        urgency=Urgency(row.urgency),
        due_at=row.due_at,
        late=bundles.late(row, uow),
        retries=row.retries,
        perhaps=row.perhaps,
        incident=_incident(row),
        address=row.address or "",
        secret=row.secret or {},
        tried_by=frozenset(row.tried_by or ()),
        refused_by=frozenset(row.refused_by or ()),
        first_tried_at=row.first_tried_at,
        others=others,
    )


def _incident(row: Row[Any]) -> IncidentNow | None:
    if row.number is None:
        return None
    return IncidentNow(
        id=row.incident_id,
        number=row.number,
        title=row.title,
        severity=Severity(row.severity),
        service=row.service,
        status=Status(row.incident_status),
        opened_at=row.opened_at,
        acknowledged_at=row.acknowledged_at,
        runbook_url=row.runbook_url,
    )
