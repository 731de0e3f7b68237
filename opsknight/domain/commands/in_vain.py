"""A message was in vain, and all that went together with it: the next step of each of their incidents follows.

For each incident it is as if its own message had been in vain alone. What went together shares its carrier's
fate while it is `bundled`, and is marked failed with it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import text

from opsknight.domain.model.attempt import Attempt
from opsknight.domain.model.escalation import LAP_AT_LEAST
from opsknight.domain.model.ledger import Fact
from opsknight.domain.model.notification import PAGING, PageKind
from opsknight.domain.model.retry import NOT_REACHED_AFTER
from opsknight.domain.store.unit_of_work import UnitOfWork

WHY: Final = "every message failed"
MAY_ARRIVE: Final = f"""n.status <> 'failed'
    AND NOT (n.status = 'ambiguous' AND n.finished_at IS NOT NULL)
    AND NOT (n.status IN ('queued', 'sending') AND {NOT_REACHED_AFTER} <= (
        SELECT count(*) FROM attempts a WHERE a.notification_id = n.id AND a.outcome = 'retry'))"""  # noqa: S608
"""Of a message `n`, which is its own carrier or what it went together with: somebody may be reached by it yet."""
CARRIED_BY: Final = "CASE WHEN own.status = 'bundled' THEN own.bundled_into ELSE own.id END"
"""The message that tells what the message `own` would tell."""

# Incidents before notifications, and in the order in which everybody holds several: whoever escalates holds them.
_HOLD: Final = text("""
    SELECT 1 FROM incidents WHERE id IN (
        SELECT incident_id FROM notifications WHERE id = ANY(CAST(:ids AS uuid[]))
        UNION SELECT incident_id FROM notifications
            WHERE :carried AND bundled_into = ANY(CAST(:ids AS uuid[])) AND status = 'bundled')
    ORDER BY service_id, id FOR NO KEY UPDATE
""")
# Of a message that was not sent yet, what is not wanted any more is left: it waits again, and is superseded.
_CARRIED: Final = text("""
    SELECT b.id, b.incident_id, b.page_id, b.generation, p.kind, p.step, p.lap, b.attempts > 0 AS tried
    FROM notifications b
    JOIN pages p ON p.id = b.page_id
    JOIN incidents i ON i.id = b.incident_id
    WHERE b.bundled_into = :id AND b.status = 'bundled' AND (NOT b.gather OR i.generation = b.generation
        AND (p.kind = 'watch'
            OR i.status = CASE WHEN p.kind IN ('hand_over', 'still_on_it') THEN 'acknowledged' ELSE 'open' END)
        AND (p.kind NOT IN ('assigned', 'hand_over', 'still_on_it')
            OR i.assignee_id = coalesce(p.for_user_id, b.user_id)))
    ORDER BY b.id FOR NO KEY UPDATE OF b
""")
_FAIL: Final = text("""
    UPDATE notifications SET status = 'failed', finished_at = :now, reason = :reason, gather = false
    WHERE id = ANY(CAST(:ids AS uuid[]))
""")
# A page keeps the generation in which it was made, also where an undo let its messages wait on in a newer one.
_STEPS_IN_VAIN: Final = text(f"""
    SELECT k.page_id FROM unnest(CAST(:page_ids AS uuid[]), CAST(:generations AS integer[])) k (page_id, generation)
    WHERE NOT EXISTS (
        SELECT 1 FROM pages mine
        JOIN pages p ON (p.incident_id, p.generation, p.lap, p.step, p.kind)
            = (mine.incident_id, mine.generation, mine.lap, mine.step, mine.kind)
        JOIN notifications own ON own.page_id = p.id
        JOIN notifications n ON n.id = {CARRIED_BY}
        WHERE mine.id = k.page_id AND {MAY_ARRIVE}
    ) AND NOT EXISTS (
        SELECT 1 FROM pages p JOIN pages mine ON mine.id = k.page_id
        WHERE p.incident_id = mine.incident_id AND p.generation IN (mine.generation, k.generation)
            AND p.created_at > mine.created_at AND p.kind IN ('page', 'assigned', 'safety_net')
            AND (p.lap, p.step, p.kind) <> (mine.lap, mine.step, mine.kind)
    )
""")  # noqa: S608  # words of ours
_ESCALATE_NOW: Final = text(f"""
    UPDATE timers t SET due_at = least(t.due_at, greatest(:now, CASE
            WHEN t.kind = 'escalation' AND i.next_step = 0 AND EXISTS (
                SELECT FROM pages p JOIN notifications own ON own.page_id = p.id
                JOIN notifications n ON n.id = {CARRIED_BY}
                WHERE p.incident_id = i.id AND p.generation = i.generation AND p.lap = k.lap AND p.kind = 'page'
                    AND {MAY_ARRIVE}
            ) THEN
                (SELECT min(created_at) FROM pages WHERE incident_id = i.id AND generation = i.generation
                    AND lap = k.lap AND kind = 'page') + :lap_at_least END))
    FROM incidents i
    JOIN unnest(CAST(:page_ids AS uuid[]), CAST(:incident_ids AS uuid[]), CAST(:generations AS integer[]),
        CAST(:laps AS integer[]), CAST(:kinds AS text[])) k (page_id, incident_id, generation, lap, kind)
        ON k.incident_id = i.id AND k.generation = i.generation
    WHERE i.status = 'open' AND t.subject = i.id
        AND t.kind IN ('escalation', 'safety_net') AND t.dead_at IS NULL AND t.due_at > :now
        AND (k.kind <> 'safety_net' OR k.lap = (i.policy->>'repeats')::integer + 1)
    RETURNING k.page_id
""")  # noqa: S608  # words of ours


@dataclass(frozen=True, slots=True)
class _Told:
    """One message that told of an incident, and of which step that was."""

    id: UUID
    incident_id: UUID
    page_id: UUID
    generation: int
    kind: PageKind
    step: int
    lap: int
    tried: bool = False


async def hold(uow: UnitOfWork, ids: Collection[UUID], *, carried: bool) -> None:
    """Hold the incidents of these notifications and, if `carried`, of all that goes together with them."""
    await uow.session.execute(_HOLD, {"ids": list(ids), "carried": carried})


async def follow(uow: UnitOfWork, attempt: Attempt, fact: Fact, *, detail: str) -> None:
    """Record `fact` for all that goes together with `attempt`, and go on where a whole step was in vain.

    Its own fact is the caller's. With a message that has failed for good, what it carries has, too.
    """
    if attempt.incident is None:
        return
    carried = await _carried(uow, attempt)
    if fact is Fact.NOT_REACHED:  # of what joined because it did not go through itself, that is told already
        carried = [one for one in carried if not one.tried]
    if carried and fact is Fact.FAILED:
        await uow.session.execute(_FAIL, {"ids": [one.id for one in carried], "now": uow.now, "reason": detail[:1000]})
    for one in carried:
        uow.record(
            fact,
            incident_id=one.incident_id,
            channel=attempt.channel,
            label=attempt.label,
            user=attempt.user_name,
            user_id=attempt.user_id,
            attempt=attempt.number,
            notification_id=str(one.id),
            detail=detail,
        )
    own = _Told(
        attempt.notification_id,
        attempt.incident.id,
        attempt.page_id,
        attempt.generation,
        attempt.kind,
        attempt.step,
        attempt.lap,
    )
    await _escalate(uow, attempt, [one for one in (own, *carried) if one.kind in PAGING])


async def _carried(uow: UnitOfWork, attempt: Attempt) -> Sequence[_Told]:
    rows = await uow.session.execute(_CARRIED, {"id": attempt.notification_id})
    return [
        _Told(row.id, row.incident_id, row.page_id, row.generation, PageKind(row.kind), row.step, row.lap, row.tried)
        for row in rows
    ]


async def _escalate(uow: UnitOfWork, attempt: Attempt, told: Sequence[_Told]) -> None:
    """Make the next step due now where every message of one was in vain and no later step fired.

    A policy that starts its next lap keeps to the lap's least length, but where all of this one was in vain:
    then the safety net is due. Of that only the first round is cut short: the later ones come again every half
    an hour, whatever becomes of them.
    """
    steps = {"page_ids": [one.page_id for one in told], "generations": [one.generation for one in told]}
    found = await uow.session.execute(_STEPS_IN_VAIN, steps) if told else None
    in_vain = set(found.scalars()) if found is not None else set[UUID]()
    of = {one.page_id: one for one in told if one.page_id in in_vain}
    if not of:
        return
    key = {
        "page_ids": list(of),
        "incident_ids": [one.incident_id for one in of.values()],
        "generations": [one.generation for one in of.values()],
        "laps": [one.lap for one in of.values()],
        "kinds": [one.kind.value for one in of.values()],
    }
    moved = await uow.session.execute(_ESCALATE_NOW, {**key, "now": uow.now, "lap_at_least": LAP_AT_LEAST})
    for one in sorted((of[page_id] for page_id in moved.scalars()), key=lambda one: one.id):
        if one.kind is PageKind.PAGE:
            uow.record(Fact.STEP_SKIPPED, incident_id=one.incident_id, step=one.step + 1, reason=WHY)
        else:
            uow.record(
                Fact.NOT_PAGED,
                incident_id=one.incident_id,
                user=attempt.user_name,
                user_id=attempt.user_id,
                reason=WHY,
            )
