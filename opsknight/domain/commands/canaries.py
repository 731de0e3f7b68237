"""Canaries: one page to nobody a minute by each channel that has one, what became of the last, and of blind spells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import text

from opsknight.crypto import new_id
from opsknight.domain.commands.alone import tell_admins
from opsknight.domain.model.canary import OWN, Flight, LatePage, Spell, blind, note
from opsknight.domain.model.channel import face
from opsknight.domain.model.ledger import Fact
from opsknight.domain.model.notification import PageKind
from opsknight.domain.queries.canaries import newest_taken
from opsknight.domain.store.unit_of_work import UnitOfWork

KEPT: Final = timedelta(days=1)
"""How long what became of a canary is known; the pages themselves go with it."""
APART: Final = timedelta(seconds=50)
"""Canaries of one channel are so far apart at least: a minute, and what the clocks of several workers differ by."""
MANY: Final = 500
WORTH_TELLING: Final = timedelta(seconds=30)
"""Messages of a blind spell that were less late are not named."""

_SETTLE: Final = text("""
    UPDATE canaries c SET outcome = n.status, taken_at = a.finished_at
    FROM notifications n LEFT JOIN LATERAL (
        SELECT finished_at FROM attempts WHERE notification_id = n.id AND outcome = 'accepted' LIMIT 1) a ON true
    WHERE c.outcome = '' AND n.id = c.notification_id AND n.finished_at IS NOT NULL
    RETURNING c.channel, c.due_at, c.taken_at, c.outcome
""")
_HOMES: Final = text("""
    INSERT INTO contact_methods (channel, address, label, verified_at, created_at)
    SELECT channel, address, 'Canary', :now, :now
    FROM unnest(CAST(:channels AS text[]), CAST(:addresses AS text[])) w (channel, address)
    ON CONFLICT (coalesce(team_id, 0), channel, address) WHERE user_id IS NULL
        DO UPDATE SET disabled_at = NULL, disabled_reason = '' WHERE contact_methods.disabled_at IS NOT NULL
""")
_IN_TURN: Final = text("SELECT pg_advisory_xact_lock(hashtext('opsknight canaries'))")
_READY: Final = text("""
    SELECT m.id, m.channel FROM contact_methods m
    JOIN unnest(CAST(:channels AS text[]), CAST(:addresses AS text[])) w (channel, address)
        ON w.channel = m.channel AND w.address = m.address
    WHERE m.user_id IS NULL AND m.team_id IS NULL AND NOT EXISTS (
        SELECT FROM canaries c WHERE c.contact_method_id = m.id
            AND (c.outcome = '' OR m.channel <> :own AND c.due_at > :lately))
    ORDER BY m.id
""")
_PAGE: Final = text("""
    INSERT INTO pages (id, generation, step, lap, kind, reason, due_at, created_at)
    VALUES (:page_id, 0, 0, 0, 'canary', 'a canary', :now, :now)
""")
_NOTIFY: Final = text("""
    INSERT INTO notifications (id, page_id, generation, contact_method_id, channel, urgency, position, status, due_at,
        created_at)
    VALUES (:id, :page_id, 0, :method_id, :channel, 'low', 0, 'queued', :now, :now)
""")
_RELEASED: Final = text("""
    INSERT INTO canaries (notification_id, contact_method_id, channel, due_at) VALUES (:id, :method_id, :channel, :now)
""")
# The newest that was taken tells since when we were blind, however long that is.
_OLD: Final = text("""
    SELECT notification_id FROM canaries c WHERE due_at < :before AND NOT (taken_at IS NOT NULL AND NOT EXISTS (
        SELECT FROM canaries later
        WHERE later.channel = c.channel AND later.taken_at IS NOT NULL AND later.due_at > c.due_at))
    ORDER BY due_at LIMIT :many
""")
_FORGET: Final = (
    text("DELETE FROM attempts WHERE notification_id = ANY(:ids)"),
    text("""
        WITH gone AS (DELETE FROM notifications WHERE id = ANY(:ids) RETURNING page_id)
        SELECT page_id FROM gone
    """),
    text("DELETE FROM canaries WHERE notification_id = ANY(:ids)"),
)
_FORGET_PAGES: Final = text("DELETE FROM pages WHERE id = ANY(:ids)")
_SPELL: Final = text("""
    INSERT INTO blind_spells (from_at, to_at) VALUES (:from_at, :to_at) ON CONFLICT (from_at) DO NOTHING
    RETURNING from_at
""")
# Late as its own text says it: what its page was late when it was written, and what the message waited then. One
# that was bundled went out with its carrier.
_LATE: Final = text("""
    SELECT number, title, service, name, channel, late FROM (
        SELECT i.number, i.title, s.name AS service, u.name, n.channel, n.due_at - paged.late AS due_at,
            paged.late + greatest(tried.at - n.due_at, interval '0') AS late
        FROM notifications n
        JOIN pages p ON p.id = n.page_id
        CROSS JOIN LATERAL (SELECT greatest(p.created_at - p.due_at, interval '0') AS late) paged
        CROSS JOIN LATERAL (
            SELECT min(started_at) AS at FROM attempts WHERE notification_id = coalesce(n.bundled_into, n.id)) tried
        JOIN incidents i ON i.id = n.incident_id
        JOIN services s ON s.id = i.service_id
        LEFT JOIN users u ON u.id = n.user_id
        WHERE n.id > :since AND n.due_at >= :from_at AND tried.at IS NOT NULL) told
    WHERE due_at >= :from_at AND due_at < :to_at AND late > :worth
    ORDER BY late DESC LIMIT :many
""")


async def release(uow: UnitOfWork, addresses: Mapping[str, str], *, discreet: bool = False) -> Sequence[Spell]:
    """Send a canary by each channel of `addresses` whose last one has ended; return blind spells that ended since.

    However many workers do so, each channel has one a minute, for they may cost money; our own costs nothing, and is
    sent by each, so that none is missed when a worker starts anew. The spells are written down and told to the
    admins, once each, with the pages that were late because of them: these by their services where it is `discreet`.
    """
    before = await newest_taken(uow.session, OWN)
    ended = (await uow.session.execute(_SETTLE)).all()
    spells = [
        spell
        for row in ended
        if row.channel == OWN and (spell := blind(before, Flight(row.due_at, row.taken_at, row.outcome))) is not None
    ]
    await _release(uow, {OWN: OWN, **addresses})
    await _forget(uow)
    for spell in spells:
        await _tell(uow, spell, discreet=discreet)
    return spells


async def _release(uow: UnitOfWork, addresses: Mapping[str, str]) -> None:
    wanted = {"channels": list(addresses), "addresses": list(addresses.values())}
    await uow.session.execute(_IN_TURN)
    await uow.session.execute(_HOMES, {**wanted, "now": uow.now})
    rows = [
        {"id": new_id(), "page_id": new_id(), "method_id": row.id, "channel": row.channel, "now": uow.now}
        for row in await uow.session.execute(_READY, {**wanted, "own": OWN, "lately": uow.now - APART})
    ]
    for statement in (_PAGE, _NOTIFY, _RELEASED) if rows else ():
        await uow.session.execute(statement, rows)


async def _forget(uow: UnitOfWork) -> None:
    old = (await uow.session.execute(_OLD, {"before": uow.now - KEPT, "many": MANY})).scalars().all()
    if not old:
        return
    attempts, messages, flights = _FORGET
    await uow.session.execute(attempts, {"ids": list(old)})
    pages = (await uow.session.execute(messages, {"ids": list(old)})).scalars().all()
    await uow.session.execute(_FORGET_PAGES, {"ids": list(pages)})
    await uow.session.execute(flights, {"ids": list(old)})


async def _tell(uow: UnitOfWork, spell: Spell, *, discreet: bool = False) -> None:
    key = {"from_at": spell.from_at, "to_at": spell.to_at}
    if (await uow.session.execute(_SPELL, key)).first() is None:
        return
    late = await _late_pages(uow, spell, discreet=discreet)
    lasted_s = (spell.to_at - spell.from_at).total_seconds()
    uow.record(Fact.BLIND, subject="opsknight", for_s=lasted_s, reason=note(spell, late))
    await tell_admins(uow, PageKind.BLIND, lambda: note(spell, late))


async def _late_pages(uow: UnitOfWork, spell: Spell, *, discreet: bool) -> Sequence[LatePage]:
    key = {"from_at": spell.from_at, "to_at": spell.to_at, "worth": WORTH_TELLING, "many": MANY}
    rows = await uow.session.execute(_LATE, {**key, "since": _since(spell.from_at)})
    return [
        LatePage(row.number, row.service if discreet else row.title, row.name or "", face(row.channel).word, row.late)
        for row in rows
    ]


def _since(at: datetime) -> UUID:
    """Return an id below those of all messages that can have been due after `at`: delays last a day at most."""
    return UUID(int=int((at - timedelta(days=1)).timestamp() * 1000) << 80)
