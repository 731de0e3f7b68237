"""Messages that were sent are changed when their incident moves on: which are behind, and what each shows then.

Nothing is asked of who acknowledges: the ledger is read past a cursor, by one process at a time, and what its
facts leave behind is written down as work. A message that is accepted after its incident moved on is found by its
own fact. To change a message twice does no harm.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, text

from opsknight.domain.model.amendment import WITHIN, Amendment, Standing
from opsknight.domain.model.attempt import IncidentNow
from opsknight.domain.model.event import Severity, Urgency
from opsknight.domain.model.incident import Status
from opsknight.domain.model.notification import PageKind
from opsknight.domain.model.speech import ENGLISH
from opsknight.domain.queries import feed
from opsknight.domain.queries.feed import Cursor
from opsknight.domain.store.claims import ARMED
from opsknight.domain.store.unit_of_work import UnitOfWork

LEASE: Final = timedelta(seconds=30)
"""A message that is being changed is nobody else's so long."""

# Where a message sounds until it is answered, it ends as soon as its person is called no more, though the incident is
# open: paged anew or another's in a newer generation, acknowledged by them where others must too, or paged to whoever
# stands in for them since. `whose` has the generation in which they were told.
_OVER: Final = """
    n.channel = 'pushover' AND i.status = 'open' AND p.kind IN ('page', 'assigned', 'safety_net')
        AND (i.generation <> {whose}.generation
            OR coalesce((i.must_acknowledge ->> 'generation')::integer = {whose}.generation
                AND (i.must_acknowledge -> 'answered') ? CAST(n.user_id AS text), false)
            OR EXISTS (SELECT FROM pages s WHERE s.incident_id = i.id AND s.generation = {whose}.generation
                AND s.for_user_id = coalesce(p.for_user_id, n.user_id) AND s.user_id <> n.user_id
                AND s.created_at >= p.created_at))
"""
_CALLS_NO_MORE: Final = _OVER.format(whose="n")
# How the incident stands as far as a message shows it, and what a message showed when it was sent: pages are sent
# while it is open, questions to the owner while it is theirs. A call for help stands until all is over.
_STANDS: Final = f"""
    CASE WHEN {_CALLS_NO_MORE} THEN 'calls them no more' WHEN p.kind = 'help' AND i.status <> 'resolved' THEN 'open'
        WHEN i.status = 'acknowledged' THEN 'acknowledged:' || coalesce(i.assignee_id, 0) ELSE i.status END
"""
_SHOWN: Final = """
    CASE WHEN n.told <> '' THEN n.told
        WHEN p.kind IN ('still_on_it', 'hand_over', 'joined') THEN 'acknowledged:' || coalesce(n.user_id, 0)
        ELSE 'open' END
"""

_MINE = text("SELECT pg_try_advisory_xact_lock(hashtext('opsknight amends'))")
# A database that was restored into another cluster begins anew: its transactions count from elsewhere.
_CURSOR = text("""
    SELECT xid, seq FROM ledger_readers WHERE name = 'amends'
        AND xid <= pg_snapshot_xmax(pg_current_snapshot())::text::bigint
""")
_ADVANCE = text("""
    INSERT INTO ledger_readers (name, xid, seq) VALUES ('amends', :xid, :seq)
    ON CONFLICT (name) DO UPDATE SET xid = excluded.xid, seq = excluded.seq
""")
_CARRIES_MORE: Final = (
    "EXISTS (SELECT FROM notifications b WHERE b.bundled_into = n.id AND b.incident_id <> n.incident_id)"
)
"""Of a message, whether it told of other incidents too; two steps of one make no summary."""
_BEHIND = text(f"""
    INSERT INTO amendments (notification_id, channel, due_at)
    SELECT n.id, n.channel, :now FROM incidents i
    JOIN notifications n ON n.incident_id = i.id
    JOIN pages p ON p.id = n.page_id
    WHERE i.id = ANY(:ids) AND n.channel = ANY(:channels) AND n.status IN ('accepted', 'delivered', 'seen')
        AND n.finished_at > :since AND {_STANDS} <> {_SHOWN}
        AND NOT {_CARRIES_MORE}
    ON CONFLICT (notification_id) DO UPDATE SET due_at = excluded.due_at, tries = 0
""")  # noqa: S608  # our own words
# Of a summary, how all stand of which it told; what it shows is behind once none of them is open, and from then on
# whenever that changes.
_TOGETHER: Final = f"""
    JOIN LATERAL (
        SELECT count(*) > 1 AS several, bool_and(i.status <> 'open' OR {_OVER.format(whose="every")}) AS moved_on,
            'together ' || md5(string_agg(i.number || ' ' || i.status || ' ' || CASE WHEN i.status = 'acknowledged'
                THEN coalesce(i.assignee_id, 0) ELSE 0 END, ',' ORDER BY i.number)) AS told
        FROM (SELECT incident_id, max(generation) AS generation FROM (
                SELECT n.incident_id, n.generation UNION ALL SELECT b.incident_id, b.generation FROM notifications b
                WHERE b.bundled_into = n.id AND b.status = 'bundled') told GROUP BY incident_id) every
        JOIN incidents i ON i.id = every.incident_id
    ) together ON together.several AND together.told <> n.told AND (together.moved_on OR n.told <> '')
"""  # noqa: S608  # our own words
_BEHIND_TOGETHER = text(f"""
    INSERT INTO amendments (notification_id, channel, due_at)
    SELECT n.id, n.channel, :now
    FROM (SELECT DISTINCT coalesce(bundled_into, id) AS id FROM notifications WHERE incident_id = ANY(:ids)
        AND channel = ANY(:channels) AND status IN ('bundled', 'accepted', 'delivered', 'seen')) touched
    JOIN notifications n ON n.id = touched.id AND n.status IN ('accepted', 'delivered', 'seen')
        AND n.finished_at > :since AND {_CARRIES_MORE}
    JOIN pages p ON p.id = n.page_id AND p.kind IN ('page', 'assigned', 'safety_net')
    {_TOGETHER}
    ON CONFLICT (notification_id) DO UPDATE SET due_at = excluded.due_at, tries = 0
""")  # noqa: S608  # our own words
_SUMMARIES = text(f"""
    SELECT n.id, together.told, together.moved_on FROM notifications n JOIN pages p ON p.id = n.page_id {_TOGETHER}
    WHERE n.id = ANY(:ids) AND {_CARRIES_MORE}
""")  # noqa: S608  # our own words
_MEMBERS = text("""
    SELECT every.id, i.number, i.title, i.severity, s.name AS service, i.status, o.name AS owner
    FROM (SELECT id, incident_id FROM notifications WHERE id = ANY(:ids)
        UNION SELECT bundled_into, incident_id FROM notifications
            WHERE bundled_into = ANY(:ids) AND status = 'bundled') every
    JOIN incidents i ON i.id = every.incident_id
    JOIN services s ON s.id = i.service_id
    LEFT JOIN users o ON o.id = i.assignee_id
    ORDER BY array_position(ARRAY['critical', 'error', 'warning', 'info'], i.severity), i.number
""")
_DUE = text("SELECT DISTINCT channel FROM amendments WHERE channel = ANY(:channels) AND due_at <= :now")
_CLAIM = text(f"""
    WITH due AS (
        SELECT notification_id FROM amendments WHERE channel = :channel AND due_at <= :now AND {ARMED}
        ORDER BY due_at LIMIT :limit FOR UPDATE SKIP LOCKED
    )
    UPDATE amendments a SET due_at = :lease_until, tries = a.tries + 1
    FROM due WHERE a.notification_id = due.notification_id RETURNING a.notification_id
""")  # noqa: S608  # our own words
_READ = text(f"""
    SELECT n.id, a.due_at, a.tries, {_STANDS} AS told, {_CALLS_NO_MORE} AS over,
        p.kind, n.generation, n.user_id, u.name AS user_name, u.language,
        n.urgency,
        n.channel, {_CARRIES_MORE} AS is_summary,
        t.carrier, t.provider_id, i.id AS incident_id, i.number, i.title, i.severity, i.status,
        i.created_at AS opened_at, i.acknowledged_at, i.runbook_url, i.generation AS incident_generation,
        s.name AS service, o.name AS owner, m.address, m.secret
    FROM amendments a
    JOIN notifications n ON n.id = a.notification_id
    JOIN pages p ON p.id = n.page_id
    JOIN incidents i ON i.id = n.incident_id
    JOIN services s ON s.id = i.service_id
    JOIN contact_methods m ON m.id = n.contact_method_id AND m.disabled_at IS NULL
    LEFT JOIN users u ON u.id = n.user_id
    LEFT JOIN users o ON o.id = i.assignee_id
    LEFT JOIN LATERAL (SELECT carrier, provider_id FROM attempts WHERE notification_id = n.id
        AND outcome = 'accepted' ORDER BY number DESC LIMIT 1) t ON true
    WHERE a.notification_id = ANY(:ids) AND n.finished_at > :since
        AND ({_STANDS} <> {_SHOWN} OR {_CARRIES_MORE})
    ORDER BY a.notification_id
""")  # noqa: S608  # our own words
_DROP = text("DELETE FROM amendments WHERE notification_id = ANY(:ids)")
_TOLD = text("UPDATE notifications SET told = :told WHERE id = :id")
_DONE = text("DELETE FROM amendments WHERE notification_id = :id AND due_at = :due_at")
_LATER = text("UPDATE amendments SET due_at = :at WHERE notification_id = :id AND due_at = :due_at")


async def look(uow: UnitOfWork, *, channels: Collection[str]) -> bool:
    """Read the ledger on, and write down which messages of `channels` are behind; return whether there is more.

    Where another process is at it, nothing is done.
    """
    if not (await uow.session.execute(_MINE)).scalar_one():
        return False
    row = (await uow.session.execute(_CURSOR)).one_or_none()
    here = Cursor("", row.xid, row.seq) if row is not None else await feed.here(uow.session)
    entries = await feed.past(uow.session, here, since=uow.now - WITHIN)
    settled = [entry for entry in entries if entry.settled]
    last = settled[-1].cursor("") if settled else here
    if row is None or settled:
        await uow.session.execute(_ADVANCE, {"xid": last.xid, "seq": last.seq})
    await _write_down(uow, {entry.incident_id for entry in settled if entry.incident_id is not None}, channels)
    return len(settled) == feed.AT_ONCE


async def due(uow: UnitOfWork, *, channels: Collection[str]) -> Sequence[str]:
    """Return which of `channels` have messages to change now."""
    return (await uow.session.execute(_DUE, {"channels": list(channels), "now": uow.now})).scalars().all()


async def claim(uow: UnitOfWork, *, channel: str, limit: int) -> Sequence[Amendment]:
    """Lease at most `limit` messages of `channel` that are behind; what has caught up meanwhile is dropped."""
    values = {"channel": channel, "now": uow.now, "lease_until": uow.now + LEASE, "limit": limit}
    ids = list((await uow.session.execute(_CLAIM, values)).scalars())
    if not ids:
        return ()
    found = (await uow.session.execute(_READ, {"ids": ids, "since": uow.now - WITHIN})).all()
    claimed = [_amendment(row) for row in found if not row.is_summary]
    claimed += await _of_summaries(uow, [_amendment(row) for row in found if row.is_summary])
    of_no_use = set(ids) - {each.notification_id for each in claimed}
    if of_no_use:
        await uow.session.execute(_DROP, {"ids": list(of_no_use)})
    return claimed


async def _of_summaries(uow: UnitOfWork, claimed: Sequence[Amendment]) -> Sequence[Amendment]:
    """Return those of the summaries that are behind, with how all stand of which they told."""
    ids = [one.notification_id for one in claimed]
    found = (await uow.session.execute(_SUMMARIES, {"ids": ids})).all() if ids else ()
    told = {row.id: row for row in found}
    members: dict[UUID, list[Standing]] = {each: [] for each in told}
    for row in await uow.session.execute(_MEMBERS, {"ids": list(told)}) if told else ():
        severity, status = Severity(row.severity), Status(row.status)
        members[row.id].append(Standing(row.number, row.title, severity, row.service, status, row.owner or ""))
    return [
        replace(one, told=its.told, over=its.moved_on, all_of_them=tuple(members[one.notification_id]))
        for one in claimed
        if (its := told.get(one.notification_id)) is not None
    ]


async def done(uow: UnitOfWork, amendment: Amendment) -> None:
    """Note that the message shows how its incident stood; one that moved on meanwhile is behind again."""
    await uow.session.execute(_TOLD, {"id": amendment.notification_id, "told": amendment.told})
    await uow.session.execute(_DONE, {"id": amendment.notification_id, "due_at": amendment.due_at})
    await _write_down(uow, {amendment.incident.id}, [amendment.channel])


async def later(uow: UnitOfWork, amendment: Amendment, *, wait: timedelta | None) -> None:
    """Try again after `wait`; None leaves the message as it is."""
    key = {"id": amendment.notification_id, "due_at": amendment.due_at}
    if wait is None:
        await uow.session.execute(_DONE, key)
    else:
        await uow.session.execute(_LATER, {**key, "at": uow.now + wait})


async def _write_down(uow: UnitOfWork, incidents: Collection[UUID], channels: Collection[str]) -> None:
    if incidents and channels:
        values = {"ids": list(incidents), "channels": list(channels), "now": uow.now, "since": uow.now - WITHIN}
        await uow.session.execute(_BEHIND, values)
        await uow.session.execute(_BEHIND_TOGETHER, values)


def _amendment(row: Row[Any]) -> Amendment:
    return Amendment(
        notification_id=row.id,
        due_at=row.due_at,
        tries=row.tries,
        told=row.told,
        kind=PageKind(row.kind),
        generation=row.generation,
        user_id=row.user_id,
        user_name=row.user_name or "",
        urgency=Urgency(row.urgency),
        channel=row.channel,
        carrier=row.carrier or "",
        provider_id=row.provider_id or "",
        incident=IncidentNow(
            id=row.incident_id,
            number=row.number,
            title=row.title,
            severity=Severity(row.severity),
            service=row.service,
            status=Status(row.status),
            opened_at=row.opened_at,
            acknowledged_at=row.acknowledged_at,
            runbook_url=row.runbook_url,
        ),
        incident_generation=row.incident_generation,
        owner=row.owner or "",
        address=row.address,
        secret=row.secret or {},
        language=row.language or ENGLISH,
        over=row.over,
    )
