"""Handing on what is still to come for somebody who is not to be disturbed from now on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Row, bindparam, text
from sqlalchemy.dialects.postgresql import JSONB

from opsknight.domain.commands.outbox import Outbox, Page
from opsknight.domain.model.event import Urgency
from opsknight.domain.model.everyone import everyone
from opsknight.domain.model.ledger import Fact
from opsknight.domain.model.notification import PageKind
from opsknight.domain.model.speech import Sentence, Written, remembered
from opsknight.domain.model.standing_in import GOES_ELSEWHERE, of_whom
from opsknight.domain.queries import escalations as reading
from opsknight.domain.store.unit_of_work import UnitOfWork

# What is under way ends as it ends, and is not tried again; what was bundled and not sent yet is still to come. The
# conditions are those of the outbox's indexes.
_WAITING: Final = """
    SELECT id FROM notifications WHERE user_id = :user_id AND finished_at IS NULL AND attempts = 0
    UNION ALL SELECT id FROM notifications WHERE user_id = :user_id AND finished_at IS NULL AND attempts > 0
    UNION ALL SELECT id FROM notifications WHERE user_id = :user_id AND status = 'bundled' AND gather
"""
# Incidents before their notifications, in the order in which everybody locks them.
_HOLD: Final = text(f"""
    SELECT i.id, i.must_acknowledge FROM incidents i
    WHERE i.status = 'open' AND EXISTS (SELECT FROM notifications n JOIN pages p ON p.id = n.page_id
        WHERE n.incident_id = i.id AND n.generation = i.generation AND n.id IN ({_WAITING}) AND p.kind = ANY(:kinds))
    ORDER BY i.service_id, i.id FOR NO KEY UPDATE
""")  # noqa: S608  # words of ours
_PAGES: Final = text(f"""
    SELECT p.id, p.incident_id, p.generation, p.step, p.lap, p.kind, p.reason, p.said, p.for_user_id,
        i.urgency, i.must_acknowledge
    FROM pages p JOIN incidents i ON i.id = p.incident_id
    WHERE EXISTS (SELECT FROM notifications n WHERE n.page_id = p.id AND n.incident_id = i.id AND n.id IN ({_WAITING}))
        AND p.incident_id = ANY(:ids) AND p.generation = i.generation AND i.status = 'open'
        AND p.kind = ANY(:kinds)
    ORDER BY p.id
""")  # noqa: S608  # words of ours
_WITHDRAW: Final = text("""
    WITH withdrawn AS (
        UPDATE notifications SET status = 'superseded', finished_at = :now, lease_until = NULL, worker = NULL,
            gather = false, bundled_into = NULL, reason = :reason
        WHERE page_id = ANY(:pages) AND user_id = :user_id AND (status = 'bundled' AND gather
            OR status IN ('queued', 'ambiguous') AND finished_at IS NULL)
        RETURNING incident_id)
    SELECT incident_id, count(*) AS messages FROM withdrawn GROUP BY incident_id
""")
_ASKED: Final = text("""
    SELECT incident_id, generation, step, lap, kind, user_id FROM pages
    WHERE incident_id = ANY(:ids) AND kind = ANY(:kinds)
""")
_MUST: Final = text("UPDATE incidents SET must_acknowledge = :must WHERE id = :id").bindparams(
    bindparam("must", type_=JSONB)
)


async def hand_on(uow: UnitOfWork, user_id: int) -> bool:
    """Page whoever stands in for a person instead of sending them what is still to come; return whether anything was.

    That is what waits for an acknowledge of an open incident. Who is asked there already is not paged once more. A
    message that is being handed over at this instant may still arrive. Where nobody can stand in, all stays theirs.
    """
    key: dict[str, Any] = {"user_id": user_id, "kinds": [kind.value for kind in GOES_ELSEWHERE]}
    ids = [row.id for row in await uow.session.execute(_HOLD, key)]
    if not ids:
        return False
    pages = (await uow.session.execute(_PAGES, {**key, "ids": ids})).all()
    outbox = Outbox(
        uow.now, await reading.people(uow.session, {user_id, *(row.for_user_id or user_id for row in pages)})
    )
    asked = {tuple(row) for row in await uow.session.execute(_ASKED, {**key, "ids": ids})}
    moved = {row.id: row for row in pages if _moves(outbox, row, user_id, asked)}
    if not moved:
        return False
    await outbox.write(uow)
    reason = f"{outbox.people[user_id].name} is not to be disturbed"
    gone = {"pages": list(moved), "user_id": user_id, "now": uow.now, "reason": reason}
    withdrawn = {row.incident_id: row.messages for row in await uow.session.execute(_WITHDRAW, gone)}
    for row in moved.values():
        _tell(uow, outbox, row, user_id, withdrawn=withdrawn.get(row.incident_id, 0))
    await _let_them_answer(uow, outbox, list(moved.values()), user_id)
    return True


def _moves(outbox: Outbox, row: Row[Any], user_id: int, asked: set[tuple[Any, ...]]) -> bool:
    """Plan a page for who gets it instead of `user_id`, unless they are `asked`; return whether anybody does."""
    whose, kind = row.for_user_id or user_id, PageKind(row.kind)
    goes_to = outbox.goes_to(kind, whose)
    if goes_to == user_id:
        return False
    step = (row.incident_id, row.generation, row.step, row.lap, row.kind, goes_to)
    if step in asked:
        return True
    asked.add(step)
    page = Page(
        incident_id=row.incident_id,
        generation=row.generation,
        kind=kind,
        user_id=whose,
        reason=_reason(row),
        urgency=Urgency(row.urgency),
        due_at=outbox.now,
        step=row.step,
        lap=row.lap,
    )
    return outbox.add(page) is None


def _reason(row: Row[Any]) -> Sentence | Written:
    """Return why the person whose page it is was paged, whoever got it."""
    said = remembered(row.said, english=row.reason)
    if row.for_user_id is not None:
        said = of_whom(said)
    return said if isinstance(said, Sentence) else Written(said)


def _tell(uow: UnitOfWork, outbox: Outbox, row: Row[Any], user_id: int, *, withdrawn: int) -> None:
    whose, name = row.for_user_id or user_id, outbox.people[user_id].name
    goes_to = outbox.goes_to(PageKind(row.kind), whose)
    about: dict[str, Any] = {"incident_id": row.incident_id, "withdrawn": withdrawn}
    if goes_to == whose:
        reason = f"{name}, who stood in for them, is not to be disturbed either"
        uow.record(Fact.PAGED, **about, user=outbox.people[whose].name, user_id=whose, reason=reason)
    else:
        user = outbox.people[whose].name
        uow.record(Fact.STOOD_IN, **about, user=user, user_id=whose, by=outbox.people[goes_to].name)
    until = outbox.held.pop((row.incident_id, goes_to), None)
    if until is not None:
        wait_s = (until - uow.now).total_seconds()
        name = outbox.people[goes_to].name
        uow.record(Fact.HELD, incident_id=row.incident_id, user=name, user_id=goes_to, for_s=wait_s)


async def _let_them_answer(uow: UnitOfWork, outbox: Outbox, moved: Sequence[Row[Any]], user_id: int) -> None:
    """Where everyone must acknowledge, let it be who is paged now who must."""
    for row in moved:
        share = everyone(row.must_acknowledge, row.generation)
        after = share.instead(user_id, outbox.goes_to(PageKind(row.kind), row.for_user_id or user_id))
        if after is not share:
            await uow.session.execute(_MUST, {"id": row.incident_id, "must": after.to_json()})
