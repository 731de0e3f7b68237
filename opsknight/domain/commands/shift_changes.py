"""Changes of shift while incidents go on: who comes on call is paged, who goes is asked to hand over.

Who was on call at the last look is kept for each schedule; what differs at the next is a change of
shift, whether a handoff, an override or an edit made it. A handoff is looked at when it happens,
everything else LOOK_AGAIN later at most.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, bindparam, text
from sqlalchemy.dialects.postgresql import JSONB

from opsknight.domain.commands.outbox import Outbox, Page
from opsknight.domain.commands.steps import RECENT
from opsknight.domain.model.event import Urgency
from opsknight.domain.model.everyone import Everyone, everyone
from opsknight.domain.model.ledger import Fact, people_to_say
from opsknight.domain.model.notification import PageKind
from opsknight.domain.model.on_call_reason import on_call_on, where
from opsknight.domain.model.schedule import Schedule, on_call, shifts
from opsknight.domain.model.speech import Part, Sentence, to_say
from opsknight.domain.queries import escalations as reading
from opsknight.domain.store.unit_of_work import UnitOfWork

LOOK_AGAIN: Final = timedelta(seconds=30)
STEP: Final = 100
"""Schedules, and incidents of each kind, that one unit of work looks after at most."""

IS_NEW: Final = """
    EXISTS (SELECT FROM schedules s WHERE NOT EXISTS (SELECT FROM on_call_seen o WHERE o.schedule_id = s.id))
"""
IS_DUE: Final = f"{IS_NEW} OR EXISTS (SELECT FROM on_call_seen WHERE look_at <= :now)"
_KNOW_ALL: Final = text("""
    INSERT INTO on_call_seen (schedule_id, user_ids, look_at)
    SELECT s.id, '[]', :now FROM schedules s
    WHERE NOT EXISTS (SELECT FROM on_call_seen o WHERE o.schedule_id = s.id) ON CONFLICT DO NOTHING
""")
_DUE: Final = text("""
    SELECT schedule_id, user_ids FROM on_call_seen WHERE look_at <= :now
    ORDER BY look_at, schedule_id LIMIT :limit FOR UPDATE SKIP LOCKED
""")
_SEEN: Final = text("""
    UPDATE on_call_seen SET user_ids = :user_ids, look_at = :look_at WHERE schedule_id = :schedule_id
""").bindparams(bindparam("user_ids", type_=JSONB))
# Whom one look could not reach, the next ones of the same change pass over: so they get to whoever comes after.
_NOT_TRIED: Final = """NOT EXISTS (
        SELECT FROM facts f JOIN on_call_seen o ON o.schedule_id = c.schedule_id
        WHERE f.incident_id = i.id AND f.at >= o.look_at AND f.kind = 'not paged' AND f.actor = 'timer:shift_change'
            AND f.data ->> 'user_id' = CAST(c.user_id AS text))
"""
# The newest page of the generation tells on which step an incident waits, until the safety net's first round after the
# last one; what that pages for waits on none.
# Who stands in for a newcomer (`goes_to`, else the newcomer) may have it, or have answered it, already.
_WAITING: Final = text(f"""
    SELECT i.id, i.generation, i.urgency, i.must_acknowledge, w.step, w.lap, c.schedule_id, c.user_id,
        i.policy -> 'steps' -> CAST(w.step AS integer) AS asks
    FROM unnest(CAST(:schedules AS bigint[]), CAST(:users AS bigint[]), CAST(:goes_to AS bigint[]))
        c (schedule_id, user_id, goes_to)
    JOIN incidents i ON i.status <> 'resolved' AND i.status = 'open' AND i.policy IS NOT NULL
    JOIN timers t ON t.subject = i.id AND t.generation = i.generation AND (t.kind = 'escalation'
        OR t.kind = 'safety_net' AND NOT EXISTS (SELECT FROM pages p WHERE p.incident_id = i.id
            AND p.generation = i.generation AND p.kind = 'safety_net'))
    CROSS JOIN LATERAL (
        SELECT p.step, p.lap FROM pages p
        WHERE p.incident_id = i.id AND p.generation = i.generation AND p.kind = 'page'
        ORDER BY p.created_at DESC, p.id DESC LIMIT 1) w
    WHERE i.policy -> 'steps' -> CAST(w.step AS integer) -> 'targets'
            @> jsonb_build_array(jsonb_build_object('kind', 'schedule', 'id', c.schedule_id))
        AND NOT EXISTS (SELECT FROM pages p WHERE p.incident_id = i.id AND p.generation = i.generation
            AND p.lap = w.lap AND p.step = w.step AND p.kind = 'page'
            AND (c.user_id IN (p.user_id, p.for_user_id) OR c.goes_to = p.user_id))
        AND NOT coalesce(CAST(i.must_acknowledge ->> 'generation' AS integer) = i.generation
            AND i.must_acknowledge -> 'answered'
                ?| ARRAY[CAST(c.user_id AS text), CAST(c.goes_to AS text)], false)
        AND {_NOT_TRIED}
        AND (NOT coalesce(CAST(i.policy -> 'steps' -> CAST(w.step AS integer) ->> 'round_robin' AS boolean), false)
            OR EXISTS (SELECT FROM pages p WHERE p.incident_id = i.id AND p.generation = i.generation
                AND p.lap = w.lap AND p.step = w.step AND p.kind = 'page'
                AND coalesce(p.for_user_id, p.user_id) = ANY(:gone)))
    ORDER BY i.service_id, i.id LIMIT :limit FOR NO KEY UPDATE OF i
""")  # noqa: S608  # words of ours
_MUST: Final = text("UPDATE incidents SET must_acknowledge = :must WHERE id = :id").bindparams(
    bindparam("must", type_=JSONB)
)
_OWNED: Final = text(f"""
    SELECT i.id, i.generation, i.urgency, c.schedule_id, c.user_id
    FROM unnest(CAST(:schedules AS bigint[]), CAST(:users AS bigint[])) c (schedule_id, user_id)
    JOIN incidents i ON i.status <> 'resolved' AND i.status = 'acknowledged' AND i.assignee_id = c.user_id
        AND jsonb_path_exists(i.policy, '$.steps[*].targets[*] ? (@.kind == "schedule" && @.id == $id)',
            jsonb_build_object('id', c.schedule_id))
    WHERE NOT EXISTS (SELECT FROM pages p WHERE p.incident_id = i.id AND p.generation = i.generation
        AND p.kind = 'hand_over' AND p.user_id = c.user_id)
        AND {_NOT_TRIED}
    ORDER BY i.service_id, i.id LIMIT :limit FOR NO KEY UPDATE OF i
""")  # noqa: S608  # words of ours


@dataclass(frozen=True, slots=True)
class _Change:
    """Who came and who went on one schedule; `why` says of those on call what has put them there."""

    schedule: Schedule
    now: tuple[int, ...]
    came: tuple[int, ...]
    gone: tuple[int, ...]
    why: Mapping[int, Sentence]
    look_at: datetime


async def know_all(uow: UnitOfWork) -> int:
    """Have schedules that are new looked at by `follow`; return 0, as it is `follow` that does something then."""
    await uow.session.execute(_KNOW_ALL, {"now": uow.now})
    return 0


async def follow(uow: UnitOfWork) -> int:
    """Look at the schedules that are due, and page for what has changed; return how much was looked at for it.

    STEP or more means that more may be left: the schedules are looked at again then, and count as seen only
    when every incident was looked at for everybody who came and went.
    """
    rows = (await uow.session.execute(_DUE, {"now": uow.now, "limit": STEP})).all()
    if not rows:
        return 0
    schedules = await reading.schedules(uow.session, [row.schedule_id for row in rows], since=uow.now - RECENT)
    known = [row for row in rows if row.schedule_id in schedules]
    changes = {row.schedule_id: _change(schedules[row.schedule_id], row.user_ids, uow.now) for row in known}
    done = 0
    if any(change.came or change.gone for change in changes.values()):
        concerned = {user for change in changes.values() for user in (*change.came, *change.gone, *change.now)}
        outbox = Outbox(uow.now, await reading.people(uow.session, concerned))
        done = max(await _page_who_came(uow, outbox, changes), await _ask_who_went(uow, outbox, changes))
        await outbox.write(uow)
    if done < STEP:
        await uow.session.execute(
            _SEEN,
            [
                {
                    "schedule_id": row.schedule_id,
                    "user_ids": list(changes[row.schedule_id].now) if row.schedule_id in changes else [],
                    "look_at": changes[row.schedule_id].look_at if row.schedule_id in changes else uow.now + LOOK_AGAIN,
                }
                for row in rows
            ],
        )
    return done


def _change(schedule: Schedule, before: Sequence[int], now: datetime) -> _Change:
    on = on_call(schedule, now)
    users = tuple(dict.fromkeys(shift.user_id for shift in on))
    soon = [shift.start_at for shift in shifts(schedule, now, now + LOOK_AGAIN) if shift.start_at > now]
    return _Change(
        schedule=schedule,
        now=users,
        came=tuple(user for user in users if user not in before),
        gone=tuple(user for user in before if user not in users),
        why={shift.user_id: on_call_on(schedule, shift) for shift in on},
        look_at=min((now + LOOK_AGAIN, *(shift.end_at for shift in on), *soon)),
    )


async def _page_who_came(uow: UnitOfWork, outbox: Outbox, changes: Mapping[int, _Change]) -> int:
    """Page who has come on call for what waits on their step; return how much was looked at, paged or not."""
    key = _pairs(outbox, ((schedule_id, change.came) for schedule_id, change in changes.items()))
    goes_to = [outbox.goes_to(PageKind.PAGE, user) for user in key["users"]]
    gone = [user for change in changes.values() for user in change.gone]
    values = {**key, "goes_to": goes_to, "gone": gone, "limit": STEP}
    found = (await uow.session.execute(_WAITING, values)).all()
    seen, must = set[tuple[Any, int]](), dict[UUID, Everyone]()
    for row in found:
        if (row.id, row.user_id) in seen:
            continue
        seen.add((row.id, row.user_id))
        why = changes[row.schedule_id].why[row.user_id]
        page = _a_page(uow, row, PageKind.PAGE, why, step=row.step, lap=row.lap)
        if page_newcomer(uow, outbox, page, row.user_id, where=where(why)) and row.asks.get("everyone"):
            share = must.get(row.id) or everyone(row.must_acknowledge, row.generation)
            waiting = dict.fromkeys((*share.waiting, outbox.goes_to(PageKind.PAGE, row.user_id)))
            must[row.id] = share.asked(tuple(waiting))
    if must:
        await uow.session.execute(_MUST, [{"id": one, "must": share.to_json()} for one, share in must.items()])
    return len(found)


def page_newcomer(uow: UnitOfWork, outbox: Outbox, page: Page, user_id: int, *, where: str) -> bool:
    """Plan the page of somebody who has come on call `where`, and tell of it; return whether they can be reached."""
    if not _add(uow, outbox, page, user_id):
        return False
    about: dict[str, Any] = {"incident_id": page.incident_id, "actor": "timer:shift_change"}
    name, goes_to = outbox.people[user_id].name, outbox.goes_to(PageKind.PAGE, user_id)
    uow.record(Fact.CAME_ON_CALL, **about, user=name, user_id=user_id, reason=where)
    if goes_to != user_id:
        uow.record(Fact.STOOD_IN, **about, user=name, user_id=user_id, by=outbox.people[goes_to].name)
    if page.incident_id is not None and (until := outbox.held.get((page.incident_id, goes_to))) is not None:
        wait_s = (until - uow.now).total_seconds()
        uow.record(Fact.HELD, **about, user=outbox.people[goes_to].name, user_id=goes_to, for_s=wait_s)
    return True


async def _ask_who_went(uow: UnitOfWork, outbox: Outbox, changes: Mapping[int, _Change]) -> int:
    """Ask who has gone off call to hand over what they own of the schedule's incidents, once each.

    Returns how much was looked at, asked or not.
    """
    key = _pairs(outbox, ((schedule_id, change.gone) for schedule_id, change in changes.items()))
    found = (await uow.session.execute(_OWNED, {**key, "limit": STEP})).all()
    seen = set[tuple[Any, int]]()
    for row in found:
        if (row.id, row.user_id) in seen:
            continue
        seen.add((row.id, row.user_id))
        change = changes[row.schedule_id]
        now = people_to_say([outbox.people[user].name for user in change.now if user in outbox.people])
        its: dict[str, Part] = {"people": now, "schedule": change.schedule.name}
        after = (
            to_say("{people} are on call on {schedule} now", **its)
            if len(change.now) > 1
            else to_say("{people} is on call on {schedule} now", **its)
        )
        if _add(uow, outbox, _a_page(uow, row, PageKind.HAND_OVER, after), row.user_id):
            about: dict[str, Any] = {"incident_id": row.id, "actor": "timer:shift_change"}
            name = outbox.people[row.user_id].name
            uow.record(Fact.HAND_OVER_ASKED, **about, user=name, user_id=row.user_id, reason=after.english)
    return len(found)


def _a_page(uow: UnitOfWork, row: Row[Any], kind: PageKind, why: Sentence, *, step: int = 0, lap: int = 0) -> Page:
    return Page(
        incident_id=row.id,
        generation=row.generation,
        kind=kind,
        user_id=row.user_id,
        reason=why,
        urgency=Urgency(row.urgency),
        due_at=uow.now,
        step=step,
        lap=lap,
        gather=True,
        once=kind is PageKind.HAND_OVER,
    )


def _add(uow: UnitOfWork, outbox: Outbox, page: Page, user_id: int) -> bool:
    refused = outbox.add(page)
    if refused is not None:
        name = outbox.people[user_id].name
        about: dict[str, Any] = {"incident_id": page.incident_id, "actor": "timer:shift_change", "user": name}
        uow.record(Fact.NOT_PAGED, **about, user_id=user_id, reason=refused)
    return refused is None


def _pairs(outbox: Outbox, of_schedules: Iterable[tuple[int, tuple[int, ...]]]) -> dict[str, list[int]]:
    pairs = [(schedule_id, user) for schedule_id, users in of_schedules for user in users if user in outbox.people]
    return {"schedules": [schedule_id for schedule_id, _ in pairs], "users": [user for _, user in pairs]}
