"""Watching an incident: who does is told what became of it, quietly, and is never asked for anything.

A message to a watcher is no page that reaches somebody: escalation goes on as if there were none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, delete, select, text

from opsknight.domain.commands import still_on_it
from opsknight.domain.commands.authority import require
from opsknight.domain.commands.held import hold
from opsknight.domain.commands.incidents import Done
from opsknight.domain.commands.outbox import Outbox, Page
from opsknight.domain.model.event import Urgency
from opsknight.domain.model.ledger import Fact
from opsknight.domain.model.notification import PageKind
from opsknight.domain.model.permission import Need
from opsknight.domain.model.speech import Written, speaking
from opsknight.domain.model.watching import APART, FORGOTTEN_AFTER, TOLD, Told, news, words
from opsknight.domain.queries import escalations as reading
from opsknight.domain.queries.people import actor_names
from opsknight.domain.store.tables import WatcherRow
from opsknight.domain.store.unit_of_work import UnitOfWork
from opsknight.errors import Forbidden

STEP: Final = 200
"""Facts that one unit of work tells at most."""

# Whom somebody was told of lately waits, so that what happens meanwhile goes into one message. Only settled facts are
# read: in the order of the ledger none of them can still come before the last.
_NEWS: Final = text("""
    SELECT w.incident_id, w.user_id, w.told_kind, i.generation, f.xid::text AS xid, f.seq, f.kind, f.at, f.actor,
        f.data,
        (SELECT count(*) FROM pages p
            WHERE p.incident_id = w.incident_id AND p.kind = 'watch' AND p.user_id = w.user_id) AS times
    FROM watchers w JOIN incidents i ON i.id = w.incident_id JOIN facts f ON f.incident_id = w.incident_id
    WHERE NOT EXISTS (SELECT FROM watchers o WHERE o.user_id = w.user_id AND o.told_at > :told_since)
        AND f.at >= w.began_at - interval '1 hour' AND (f.xid, f.seq) > (w.told_xid, w.told_seq)
        AND f.kind = ANY(:kinds) AND f.xid < pg_snapshot_xmin(pg_current_snapshot())
    ORDER BY w.user_id, w.incident_id, f.xid, f.seq LIMIT :limit FOR NO KEY UPDATE OF w SKIP LOCKED
""")
_TOLD: Final = text("""
    UPDATE watchers SET told_xid = CAST(CAST(:xid AS text) AS xid8), told_seq = :seq, told_kind = :kind,
        told_at = CASE WHEN :told THEN :now ELSE told_at END
    WHERE incident_id = :incident_id AND user_id = :user_id
""")
_FORGET: Final = text("""
    DELETE FROM watchers w USING incidents i
    WHERE i.id = w.incident_id AND i.status = 'resolved' AND i.resolved_at < :before
""")


async def watch(uow: UnitOfWork, incident_id: UUID) -> Done:
    """Keep the acting person informed of an incident from now on.

    Raises:
        Forbidden: nobody acts who could be told.
    """
    await require(uow, Need.SEE)
    if uow.user_id is None:
        raise Forbidden("Only a person can watch an incident: a machine has nobody to tell.")
    held = await hold(uow, incident_id)
    await still_on_it.answer(uow, held)
    title = held.before.title
    if await _mine(uow, incident_id):
        return Done(held.before, f"You watch “{title}” already.", changed=False)
    uow.session.add(WatcherRow(incident_id=incident_id, user_id=uow.user_id, began_at=uow.now))
    uow.record(Fact.WATCHED, incident_id=incident_id)
    you = (await reading.people(uow.session, [uow.user_id]))[uow.user_id]
    if not you.can_be_reached:
        return Done(held.before, f"You watch “{title}”, but cannot be told: verify a contact method under Me.")
    return Done(held.before, f"You watch “{title}”: you are told, quietly, what becomes of it.")


async def unwatch(uow: UnitOfWork, incident_id: UUID) -> Done:
    """Tell the acting person no more of an incident; what waits to be sent to them for it is not sent."""
    await require(uow, Need.SEE)
    held = await hold(uow, incident_id)
    await still_on_it.answer(uow, held)
    title = held.before.title
    if not await _mine(uow, incident_id):
        return Done(held.before, f"You do not watch “{title}”.", changed=False)
    mine = (WatcherRow.incident_id == incident_id, WatcherRow.user_id == uow.user_id)
    await uow.session.execute(delete(WatcherRow).where(*mine))
    uow.record(Fact.UNWATCHED, incident_id=incident_id)
    return Done(held.before, f"You watch “{title}” no more.")


async def tell(uow: UnitOfWork) -> int:
    """Tell watchers what became of their incidents since they were told; return how many facts that were.

    One message a person and incident, with all that happened; those of one person go together. STEP or more means
    that more is left.
    """
    await uow.session.execute(_FORGET, {"before": uow.now - FORGOTTEN_AFTER})
    key = {"kinds": sorted(TOLD), "told_since": uow.now - APART, "limit": STEP}
    rows = (await uow.session.execute(_NEWS, key)).all()
    if not rows:
        return 0
    names = await actor_names(uow.session, {row.actor for row in rows})
    outbox = Outbox(uow.now, await reading.people(uow.session, {row.user_id for row in rows}))
    told: dict[UUID, list[str]] = {}
    for found in _by_watcher(rows):
        if _tell(outbox, found, names):
            told.setdefault(found[0].incident_id, []).append(outbox.people[found[0].user_id].name)
    await outbox.write(uow)
    pages = {(page["incident_id"], page["user_id"]) for page in outbox.pages}
    await uow.session.execute(
        _TOLD, [_place(found[-1], uow, told=_key(found[-1]) in pages) for found in _by_watcher(rows)]
    )
    for incident_id, people in told.items():
        uow.record(Fact.WATCHERS_TOLD, incident_id=incident_id, people=people)
    return len(rows)


async def _mine(uow: UnitOfWork, incident_id: UUID) -> bool:
    mine = select(WatcherRow.user_id).where(WatcherRow.incident_id == incident_id, WatcherRow.user_id == uow.user_id)
    return await uow.session.scalar(mine) is not None


def _by_watcher(rows: Sequence[Row[Any]]) -> list[list[Row[Any]]]:
    found: dict[tuple[UUID, int], list[Row[Any]]] = {}
    for row in rows:
        found.setdefault(_key(row), []).append(row)
    return list(found.values())


def _key(row: Row[Any]) -> tuple[UUID, int]:
    return row.incident_id, row.user_id


def _tell(outbox: Outbox, rows: Sequence[Row[Any]], names: Mapping[str, str]) -> bool:
    """Put what one watcher is told of one incident into the outbox; return whether there was anything to send."""
    first = rows[0]
    facts = [Told(row.kind, row.at, row.actor, names[row.actor], row.data) for row in rows]
    worth = news(facts, watcher_id=first.user_id, last_told=first.told_kind)
    if not worth:
        return False
    with speaking(outbox.people[first.user_id].language):
        said = words(worth)
    page = Page(
        incident_id=first.incident_id,
        generation=first.generation,
        kind=PageKind.WATCH,
        user_id=first.user_id,
        reason=Written(said),
        urgency=Urgency.LOW,
        due_at=outbox.now,
        lap=first.times,  # which message it is: no two of them are the same page
        gather=True,
        once=True,
    )
    return outbox.add(page) is None


def _place(row: Row[Any], uow: UnitOfWork, *, told: bool) -> dict[str, Any]:
    """Return up to where a watcher has been told."""
    place = {"xid": row.xid, "seq": row.seq, "kind": row.kind, "told": told, "now": uow.now}
    return {**place, "incident_id": row.incident_id, "user_id": row.user_id}
