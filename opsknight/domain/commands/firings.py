"""What firings read before they decide, and what they write in the end: both set-wise, for many incidents at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from opsknight.domain.commands import silences
from opsknight.domain.commands.in_vain import CARRIED_BY, MAY_ARRIVE
from opsknight.domain.commands.outbox import Outbox
from opsknight.domain.model.escalation import Policy
from opsknight.domain.model.event import Urgency
from opsknight.domain.model.everyone import Everyone, everyone
from opsknight.domain.model.incident import Incident, Status, Verb, transition
from opsknight.domain.model.ledger import Fact
from opsknight.domain.model.silencing import Silence
from opsknight.domain.queries import escalations as reading
from opsknight.domain.queries.policies import policies as policies_now
from opsknight.domain.store.claims import ClaimedTimer
from opsknight.domain.store.rows import columns
from opsknight.domain.store.unit_of_work import UnitOfWork

SENT_AT_ONCE = timedelta(seconds=2)
"""A message that is due so soon after its page is one that is sent at once, also where it waits for others."""
BEGUN_WITHIN = timedelta(seconds=5)
"""What is due so lately is not taken for forgotten."""

_HOLD = text("""
    SELECT i.id, i.title, i.status, i.urgency, i.generation, i.version, i.assignee_id, i.until, i.next_step, i.lap,
           i.policy, i.must_acknowledge, i.priority, coalesce(i.policy_id, s.policy_id) AS policy_id, s.team_id,
           s.support_hours
    FROM incidents i JOIN services s ON s.id = i.service_id
    WHERE i.id = ANY(:ids) ORDER BY i.service_id, i.id FOR NO KEY UPDATE OF i
""")
_STILL_OURS = text("SELECT id, fence FROM timers WHERE id = ANY(:ids) ORDER BY id FOR UPDATE")
_LAPS = text("""
    SELECT p.incident_id, min(p.created_at) FROM pages p JOIN incidents i
        ON i.id = p.incident_id AND i.generation = p.generation AND i.lap = p.lap
    WHERE p.incident_id = ANY(:ids) AND p.kind = 'page' GROUP BY p.incident_id
""")
_ASKED = text("""
    SELECT p.incident_id, max(p.lap) FROM pages p JOIN incidents i
        ON i.id = p.incident_id AND i.generation = p.generation
    WHERE p.incident_id = ANY(:ids) AND p.kind = 'still_on_it' GROUP BY p.incident_id
""")
_REACHED = text(f"""
    SELECT DISTINCT p.incident_id FROM pages p JOIN incidents i
        ON i.id = p.incident_id AND i.generation = p.generation
    JOIN notifications own ON own.page_id = p.id
    JOIN notifications n ON n.id = {CARRIED_BY}
    WHERE p.incident_id = ANY(:ids) AND p.kind IN ('page', 'assigned') AND {MAY_ARRIVE}
""")  # noqa: S608  # words of ours
# The lap in whose middle the incident stands, or the one that is over.
_IN_VAIN = text(f"""
    SELECT p.incident_id FROM pages p JOIN incidents i ON i.id = p.incident_id AND i.generation = p.generation
        AND p.lap = CASE i.next_step WHEN 0 THEN i.lap - 1 ELSE i.lap END
    LEFT JOIN notifications own ON own.page_id = p.id
    LEFT JOIN notifications n ON n.id = {CARRIED_BY} AND {MAY_ARRIVE}
    WHERE p.incident_id = ANY(:ids) AND p.kind = 'page' GROUP BY p.incident_id HAVING count(n.id) = 0
""")  # noqa: S608  # words of ours
_REARM = text("""
    UPDATE timers t SET kind = r.kind, generation = r.generation, due_at = r.due_at, gather = r.gather,
        lease_until = NULL, worker = NULL, fence = t.fence + 1, attempts = 0, last_error = ''
    FROM unnest(CAST(:id AS uuid[]), CAST(:kind AS text[]), CAST(:generation AS integer[]),
        CAST(:due_at AS timestamptz[]), CAST(:gather AS boolean[])) r (id, kind, generation, due_at, gather)
    WHERE t.id = r.id
""")
_DROP = text("DELETE FROM timers WHERE id = ANY(:ids)")
_ADVANCE = text("""
    UPDATE incidents i SET next_step = r.next_step, lap = r.lap, policy = coalesce(i.policy, CAST(r.policy AS jsonb)),
        must_acknowledge = CAST(r.must_acknowledge AS jsonb)
    FROM unnest(CAST(:id AS uuid[]), CAST(:next_step AS integer[]), CAST(:lap AS integer[]), CAST(:policy AS text[]),
        CAST(:must_acknowledge AS text[])) r (id, next_step, lap, policy, must_acknowledge)
    WHERE i.id = r.id
""")
_MOVE = text("""
    UPDATE incidents SET status = :status, generation = :generation, version = :version, assignee_id = :assignee_id,
        until = :until, next_step = :next_step, lap = :lap, updated_at = :now, undo = NULL,
        acknowledged_at = CASE WHEN :status = 'acknowledged' THEN acknowledged_at END,
        policy = CASE WHEN :anew THEN NULL ELSE policy END
    WHERE id = :id
""")
_REST = text("""
    UPDATE incidents SET status = 'suppressed', until = :until, version = :version, updated_at = :now, undo = NULL
    WHERE id = :id
""")
_ON_ITS_WAY = {"at_once": SENT_AT_ONCE, "begun_within": BEGUN_WITHIN}
# A page that quiet hours hold whole is still told when they end, once: nobody else has told that person of it. What
# we hold back ourselves goes with the next message there, and what was due a moment ago is on its way.
_SUPERSEDE_EARLIER = text("""
    UPDATE notifications n SET status = 'superseded', finished_at = :now, reason = 'a later step was paged'
    FROM pages p WHERE p.id = n.page_id AND n.incident_id = ANY(:ids) AND n.status = 'queued' AND n.attempts = 0
        AND p.kind = 'page' AND p.created_at < :now AND NOT n.held
        AND (n.due_at > p.created_at + :at_once OR n.due_at + :begun_within < :now)
        AND (n.held_until IS NULL OR n.held_until <= :now
            OR EXISTS (SELECT FROM notifications o WHERE o.page_id = n.page_id AND o.attempts > 0)
            OR EXISTS (SELECT FROM pages later WHERE later.incident_id = p.incident_id
                AND later.generation = p.generation AND later.kind = 'page' AND later.user_id = p.user_id
                AND later.created_at > p.created_at))
""")

# What a round of the safety net still tries, the next one tries again: else the tries would grow all night.
_SUPERSEDE_ROUND = text("""
    UPDATE notifications n SET status = 'superseded', finished_at = :now, reason = 'the safety net paged again'
    FROM pages p WHERE p.id = n.page_id AND n.incident_id = :id AND :user_id IN (n.user_id, p.for_user_id)
        AND n.status = 'queued' AND p.kind = 'safety_net' AND p.created_at < :now
""")


@dataclass(slots=True)
class Held:
    """One incident whose timer fires, with all that the decision needs.

    `support_hours` are those of its service as they are stored: only a condition reads them. `asked` is
    how often its owner was asked “still on it?” in this generation, `was_reached` whether a step
    of it has paged somebody by a message that may have arrived, `in_vain` whether this lap, or the one that
    is over where a new one begins, has paged and none of its messages arrived; each is known only where
    its timer needs it.
    """

    timer: ClaimedTimer
    incident: Incident
    policy: Policy
    has_snapshot: bool
    team_id: int
    priority: str | None
    support_hours: object
    everyone: Everyone
    lap_started_at: datetime | None
    asked: int
    was_reached: bool
    in_vain: bool


@dataclass(frozen=True, slots=True)
class Rest:
    """How an incident rests on: under another silence, for a rule's pause, or until a person resolves it."""

    held: Held
    silence: Silence | None = None
    paused_until: datetime | None = None
    before: str = ""

    @property
    def until(self) -> datetime | None:
        """When that ends: an instant, or None where something else ends it."""
        return self.paused_until if self.silence is None else self.silence.until


@dataclass(slots=True)
class Outcome:
    """What all firings of the unit write in the end."""

    rearm: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    drop: list[UUID] = field(default_factory=list[UUID])
    advance: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    move: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    stepped: list[UUID] = field(default_factory=list[UUID])
    caught: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    rest: list[Rest] = field(default_factory=list[Rest])


async def hold(uow: UnitOfWork, timers: Sequence[ClaimedTimer]) -> list[Held]:
    """Lock the incidents, then their timers, and keep those that are still as they were claimed."""
    ids = [timer.subject for timer in timers]
    rows = {row.id: row for row in await uow.session.execute(_HOLD, {"ids": ids})}
    fences: dict[UUID, int] = dict(
        (await uow.session.execute(_STILL_OURS, {"ids": [timer.id for timer in timers]})).all()
    )
    laps: dict[UUID, datetime] = dict((await uow.session.execute(_LAPS, {"ids": ids})).all())
    asking = [timer.subject for timer in timers if timer.kind == "ack_timeout"]
    asked: dict[UUID, int] = dict((await uow.session.execute(_ASKED, {"ids": asking})).all()) if asking else {}
    caught = [timer.subject for timer in timers if timer.kind == "safety_net"]
    reached = set((await uow.session.execute(_REACHED, {"ids": caught})).scalars()) if caught else set[UUID]()
    later = [
        row.id
        for row in rows.values()
        if (row.next_step > 0 or row.lap > 0) and row.status == "open" and row.id not in caught
    ]
    in_vain = set((await uow.session.execute(_IN_VAIN, {"ids": later})).scalars()) if later else set[UUID]()
    wanted = {row.policy_id for row in rows.values() if row.policy is None}
    policies: Mapping[int, Policy] = await policies_now(uow.session, wanted) if wanted else {}
    held: list[Held] = []
    for timer in timers:
        row = rows.get(timer.subject)
        if row is None or fences.get(timer.id) != timer.fence:
            continue
        held.append(
            Held(
                timer=timer,
                incident=_incident(row),
                policy=reading.snapshot(row.policy, policies.get(row.policy_id)),
                has_snapshot=row.policy is not None,
                team_id=row.team_id,
                priority=row.priority,
                support_hours=row.support_hours,
                everyone=everyone(row.must_acknowledge, row.generation),
                lap_started_at=laps.get(row.id),
                asked=asked.get(row.id, 0),
                was_reached=row.id in reached,
                in_vain=row.id in in_vain,
            )
        )
    return held


async def write(uow: UnitOfWork, out: Outcome, outbox: Outbox) -> None:
    """Write all that the firings decided."""
    if out.move:
        await uow.session.execute(_MOVE, out.move)
    if out.advance:
        await uow.session.execute(_ADVANCE, columns(out.advance, plain=("policy", "must_acknowledge")))
    if out.rearm:
        await uow.session.execute(_REARM, columns(out.rearm))
    await outbox.write(uow)
    if out.stepped:
        await uow.session.execute(_SUPERSEDE_EARLIER, {"ids": out.stepped, "now": uow.now, **_ON_ITS_WAY})
    if out.caught:
        await uow.session.execute(_SUPERSEDE_ROUND, [{**each, "now": uow.now} for each in out.caught])
    if out.drop:
        await uow.session.execute(_DROP, {"ids": out.drop})


async def rest_on(uow: UnitOfWork, out: Outcome) -> None:
    """Let incidents rest on; those of which no alert fires until a person resolves them."""
    for rest in out.rest:
        incident, until, timer_id = rest.held.incident, rest.until, rest.held.timer.id
        after = transition(incident, Verb.SUPPRESS, until=until)
        values = {"id": incident.id, "until": until, "version": after.version, "now": uow.now}
        await uow.session.execute(_REST, values)
        if until is None:
            await uow.session.execute(_DROP, {"ids": [timer_id]})
        else:
            kind = "pause" if rest.silence is None else "suppress_end"
            timer = {"id": timer_id, "kind": kind, "generation": after.generation, "due_at": until}
            await uow.session.execute(_REARM, columns([{**timer, "gather": False}]))
        if rest.silence is not None:
            await silences.keep(uow, incident.id, rest.silence, paused_until=rest.paused_until)
        elif until is not None:
            await silences.wait_on(uow, incident.id, before=rest.before, until=until)
        else:
            why = "its alerts have cleared; a person resolves it"
            uow.record(Fact.SUPPRESSED, incident_id=incident.id, reason=why)


def _incident(row: Row[Any]) -> Incident:
    return Incident(
        id=row.id,
        title=row.title,
        status=Status(row.status),
        urgency=Urgency(row.urgency),
        generation=row.generation,
        version=row.version,
        assignee_id=row.assignee_id,
        until=row.until,
        next_step=row.next_step,
        lap=row.lap,
    )
