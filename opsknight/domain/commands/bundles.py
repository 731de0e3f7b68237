"""Messages that go together: what a person is sent late, or because much woke at once, is one message.

One notification carries the others to the same contact method; they are `bundled` into it, and each
of its incidents shows that. When the carrier is not sent after all, they wait again, each on its own; when it
is in vain, so are they (`opsknight.domain.commands.in_vain`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, text

from opsknight.domain.model.attempt import Other
from opsknight.domain.model.event import Severity
from opsknight.domain.model.ledger import Fact
from opsknight.domain.model.notification import LATE, PAGING, PageKind, late_by
from opsknight.domain.model.retry import NOT_REACHED_AFTER
from opsknight.domain.store.unit_of_work import UnitOfWork

MANY: Final = 500
OPEN = "open"

# What others are sending at the same instant is left to them. Only what is still wanted joins: the rest is superseded.
# What was tried joins once its step has seen that it does not go through, and is not waited for: until then it has
# its own retries, by which the next contact method starts. Nor does what was never tried join a retry.
_GATHERING: Final = """
    WITH carriers AS (
        SELECT * FROM unnest(CAST(:ids AS uuid[]), CAST(:users AS bigint[]), CAST(:methods AS bigint[]),
            CAST(:channels AS text[]), CAST(:urgencies AS text[]), CAST(:families AS text[]), CAST(:tried AS bool[]))
            c (id, user_id, method_id, channel, urgency, family, tried)
    ), found AS (
        SELECT c.id AS carrier_id, c.family, n.id, n.attempts, n.due_at AS since
        FROM carriers c
        JOIN notifications n ON n.channel = c.channel AND n.finished_at IS NULL AND n.attempts = 0 AND NOT c.tried
            AND n.urgency IN ('low', c.urgency) AND {due}
            AND n.contact_method_id = c.method_id AND n.user_id IS NOT DISTINCT FROM c.user_id
        UNION ALL
        SELECT c.id, c.family, n.id, n.attempts, least(n.due_at, tried.first_at)
        FROM carriers c
        JOIN notifications n ON n.channel = c.channel AND n.finished_at IS NULL AND n.attempts > 0
            AND n.urgency IN ('low', c.urgency)
            AND n.contact_method_id = c.method_id AND n.user_id IS NOT DISTINCT FROM c.user_id
        JOIN LATERAL (SELECT min(started_at) AS first_at, count(*) FILTER (WHERE outcome = 'retry') AS retries,
                bool_and(outcome IN ('retry', 'failed')) AS surely FROM attempts WHERE notification_id = n.id) tried
            ON tried.surely AND tried.retries >= :tries
    ), joining AS (
        SELECT n.id, f.carrier_id
        FROM found f
        JOIN notifications n ON n.id = f.id AND n.finished_at IS NULL AND n.attempts = f.attempts
        JOIN pages p ON p.id = n.page_id
        JOIN incidents i ON i.id = n.incident_id AND i.generation = n.generation
        WHERE n.id <> ALL(CAST(:ids AS uuid[])) AND n.status IN ('queued', 'sending')
            AND (n.id = ANY(CAST(:ours AS uuid[])) OR n.lease_until IS NULL OR n.lease_until <= :now)
            AND ({held}n.gather OR greatest(p.created_at - p.due_at, interval '0') + (:now - f.since) > :late)
            AND CASE WHEN p.kind IN ('hand_over', 'still_on_it') THEN f.family = p.kind AND i.status = 'acknowledged'
                    AND i.assignee_id = coalesce(p.for_user_id, n.user_id)
                WHEN p.kind = 'watch' THEN f.family = 'watch'
                ELSE f.family = 'open' AND i.status = 'open' AND p.kind IN ('page', 'assigned', 'safety_net')
                    AND (p.kind <> 'assigned' OR i.assignee_id = coalesce(p.for_user_id, n.user_id)) END
        ORDER BY n.id FOR NO KEY UPDATE OF n SKIP LOCKED
    ), carrying AS (
        UPDATE notifications n SET gather = true WHERE n.id IN (SELECT carrier_id FROM joining)
    ), along AS (
        UPDATE notifications n SET bundled_into = j.carrier_id
        FROM joining j WHERE n.bundled_into = j.id AND n.status = 'bundled'
    )
    UPDATE notifications n SET status = 'bundled', finished_at = :now, bundled_into = j.carrier_id, gather = true,
        held = false, reason = '', lease_until = NULL, worker = NULL
    FROM joining j WHERE n.id = j.id
    RETURNING n.id, n.incident_id, n.bundled_into
"""
_GATHER: Final = text(_GATHERING.format(due="n.due_at <= :now", held=""))
# Of phones it is what is held back, too, that goes with the next message. Only there: others are found by their time.
_GATHER_HELD: Final = text(
    _GATHERING.format(due="(n.due_at <= :now OR n.held)", held="n.held OR n.id = ANY(CAST(:waiting AS uuid[])) OR ")
)
_OTHERS: Final = text("""
    SELECT DISTINCT ON (array_position(ARRAY['critical', 'error', 'warning', 'info'], i.severity), i.number,
            b.bundled_into, CASE p.kind WHEN 'watch' THEN b.id END)
        b.bundled_into, b.due_at, (SELECT min(a.started_at) FROM attempts a WHERE a.notification_id = b.id)
            AS first_tried_at, i.number, i.title, i.severity, s.name AS service, p.due_at AS page_due_at,
        p.created_at AS paged_at, CASE p.kind WHEN 'watch' THEN p.reason ELSE '' END AS told
    FROM notifications b
    JOIN notifications c ON c.id = b.bundled_into
    JOIN pages p ON p.id = b.page_id
    JOIN incidents i ON i.id = b.incident_id AND i.generation = b.generation
    JOIN services s ON s.id = i.service_id
    WHERE b.bundled_into = ANY(:ids) AND b.status = 'bundled' AND (p.kind = 'watch' OR b.incident_id <> c.incident_id)
        AND (p.kind = 'watch'
            OR i.status = CASE WHEN p.kind IN ('hand_over', 'still_on_it') THEN 'acknowledged' ELSE 'open' END)
        AND (p.kind NOT IN ('assigned', 'hand_over', 'still_on_it')
            OR i.assignee_id = coalesce(p.for_user_id, b.user_id))
    ORDER BY array_position(ARRAY['critical', 'error', 'warning', 'info'], i.severity), i.number, b.bundled_into,
        CASE p.kind WHEN 'watch' THEN b.id END, b.due_at
""")
"""Each incident once, as the first of its messages had it; of a watched one, all that is told."""
_SETTLE: Final = text("""
    WITH carried AS (
        SELECT b.id, c.status IN ('superseded', 'failed', 'bundled') AS alone
        FROM notifications b JOIN notifications c ON c.id = b.bundled_into
        WHERE b.status = 'bundled' AND b.gather AND (c.status IN ('accepted', 'delivered', 'seen', 'superseded',
            'failed', 'bundled') OR (c.status = 'ambiguous' AND c.finished_at IS NOT NULL))
        ORDER BY b.id LIMIT :many FOR NO KEY UPDATE OF b SKIP LOCKED
    )
    UPDATE notifications n SET gather = carried.alone, status = CASE WHEN carried.alone THEN 'queued' ELSE n.status END,
        finished_at = CASE WHEN NOT carried.alone THEN n.finished_at END,
        bundled_into = CASE WHEN NOT carried.alone THEN n.bundled_into END
    FROM carried, contact_methods m
    WHERE n.id = carried.id AND m.id = n.contact_method_id
    RETURNING n.id, n.incident_id, n.channel, n.user_id, m.label, carried.alone,
        (SELECT u.name FROM users u WHERE u.id = n.user_id) AS name
""")


_APART: Final = frozenset({PageKind.HAND_OVER, PageKind.STILL_ON_IT, PageKind.WATCH})
"""What goes together with its own kind alone."""
_TOGETHER: Final = PAGING | _APART


def gathers(row: Row[Any], uow: UnitOfWork, joined: Collection[int] = ()) -> bool:
    """Return whether a message that surely never went out goes together with others that are due.

    `joined` are the contact methods for which something is held back.
    """
    if row.perhaps or PageKind(row.kind) not in _TOGETHER:
        return False
    return row.gather or late(row, uow) is not None or row.contact_method_id in joined


def late(row: Row[Any], uow: UnitOfWork) -> timedelta | None:
    """Return how late a message that was read is when it goes now, None where it is on time."""
    return late_by(
        page_due_at=row.page_due_at,
        paged_at=row.paged_at,
        due_at=row.due_at,
        first_tried_at=row.first_tried_at,
        now=uow.now,
    )


async def gather(
    uow: UnitOfWork, rows: Sequence[Row[Any]], *, waiting: Sequence[Row[Any]] = (), joined: Collection[int] = ()
) -> Collection[UUID]:
    """Bundle what goes together of the wanted `rows`, and whatever else is due there; return all that goes so.

    `waiting` is what is to be held back, and goes with what is sent to the same of the contact methods `joined`.
    The first of each address carries the others: the most urgent of those that are due the longest.
    """
    carriers: dict[tuple[int, str], Row[Any]] = {}
    for row in rows:
        if gathers(row, uow, joined):
            family = row.kind if PageKind(row.kind) in _APART else OPEN
            carriers.setdefault((row.contact_method_id, family), row)
    if not carriers:
        return frozenset()
    by_id = {row.id: row for row in carriers.values()}
    key = {
        "ids": list(by_id),
        "users": [row.user_id for row in carriers.values()],
        "methods": [method_id for method_id, _ in carriers],
        "families": [family for _, family in carriers],
        "channels": [row.channel for row in carriers.values()],
        "urgencies": [row.urgency for row in carriers.values()],
        "tried": [row.attempts > 0 for row in carriers.values()],
        "tries": NOT_REACHED_AFTER,
        "ours": [row.id for row in (*rows, *waiting)],
        "now": uow.now,
        "late": LATE,
    }
    statement = (_GATHER_HELD, {**key, "waiting": [row.id for row in waiting]}) if joined else (_GATHER, key)
    bundled = (await uow.session.execute(*statement)).all()
    for each in bundled:
        carrier = by_id[each.bundled_into]
        uow.record(
            Fact.BUNDLED,
            incident_id=each.incident_id,
            channel=carrier.channel,
            label=carrier.label or "",
            user=carrier.user_name,
            user_id=carrier.user_id,
            notification_id=str(each.id),
            into=str(carrier.id),
            number=carrier.number,
        )
    return {each.id for each in bundled}


async def others(uow: UnitOfWork, ids: Collection[UUID]) -> Mapping[UUID, tuple[Other, ...]]:
    """Return what each of the notifications `ids` carries besides its own incident, worst first."""
    found: dict[UUID, tuple[Other, ...]] = {}
    for row in await uow.session.execute(_OTHERS, {"ids": list(ids)}) if ids else ():
        severity = Severity(row.severity)
        other = Other(row.number, row.title, severity, row.service, late(row, uow), row.told)
        found[row.bundled_into] = (*found.get(row.bundled_into, ()), other)
    return found


async def settle(uow: UnitOfWork) -> int:
    """See what became of carriers: where one was not sent, let what it carried wait again; return how many do."""
    rows = (await uow.session.execute(_SETTLE, {"many": MANY})).all()
    alone = [row for row in rows if row.alone]
    for row in alone:
        uow.record(
            Fact.UNBUNDLED,
            incident_id=row.incident_id,
            channel=row.channel,
            label=row.label,
            user=row.name,
            user_id=row.user_id,
            notification_id=str(row.id),
        )
    return len(alone)
