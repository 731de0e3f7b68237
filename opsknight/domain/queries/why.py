"""Why somebody was paged for an incident, or was not. Instants are epoch seconds."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypedDict
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from opsknight.domain.model.cron import zone_or_utc
from opsknight.domain.model.escalation import Policy, TargetKind
from opsknight.domain.model.explanation import Case, Message, Page, Rota, Told, explain
from opsknight.domain.model.ledger import Fact, sentence
from opsknight.domain.model.on_call_reason import is_of, is_of_a_shift
from opsknight.domain.model.schedule import OnCall, Schedule
from opsknight.domain.queries import escalations as reading
from opsknight.domain.queries.duties import duties, on_call_at
from opsknight.domain.queries.pages import PageLine, pages
from opsknight.domain.queries.people import actor_names
from opsknight.domain.queries.policies import policies
from opsknight.domain.store.tables import FactRow, IncidentRow, ServiceRow, TimerRow, UserRow
from opsknight.errors import NotFound

FACTS_AT_MOST: Final = 1000
_INSTANT: Final = timedelta(microseconds=1)
_STEPPED: Final = (Fact.STEP_FIRED, Fact.STEP_SKIPPED)


class LinkLine(TypedDict):
    """One link of the chain."""

    at: float
    kind: str
    sentence: str


class WhyLine(TypedDict):
    """The answer for one person: whether anything was sent to them, in short, and the chain behind it, oldest first."""

    user: str
    user_id: int
    paged: bool
    summary: str
    chain: list[LinkLine]


async def why(session: AsyncSession, incident_id: UUID, *, user_id: int, viewer_id: int, at: datetime) -> WhyLine:
    """Return why a person was or was not paged for an incident, told to the viewer in the viewer's zone.

    Of a very long story, what its FACTS_AT_MOST newest facts say. `at` is now.

    Raises:
        NotFound: there is no such incident, or no such person.
    """
    rows = await session.execute(
        select(UserRow.id, UserRow.name, UserRow.zone).where(UserRow.id.in_([user_id, viewer_id]))
    )
    users = {row.id: row for row in rows}
    if user_id not in users:
        raise NotFound("There is no such person; choose one from the list.")
    incident = await _incident(session, incident_id)
    facts = await _facts(session, incident_id, incident.created_at)
    known = await policies(session, [incident.current_policy])
    policy = reading.snapshot(incident.policy, known.get(incident.current_policy))
    ids = {target.id for step in policy.steps for target in step.targets if target.kind is TargetKind.SCHEDULE}
    schedules = await reading.schedules(session, ids)
    due = select(TimerRow.due_at).where(TimerRow.subject == incident_id, TimerRow.kind == "escalation")
    lines = [line for line in reversed(await pages(session, incident_id)) if line["kind"] != "watch"]
    had = await _had(session, ids, lines)
    case = Case(
        user_id=user_id,
        user=users[user_id].name,
        you=user_id == viewer_id,
        zone=zone_or_utc(users[viewer_id].zone if viewer_id in users else "UTC"),
        status=incident.status,
        policy=policy,
        rotas=await _rotas(session, policy, schedules, facts, at=at),
        facts=facts,
        pages=[_page(line, had) for line in lines],
        next_step=incident.next_step if policy.step_at(incident.next_step, incident.lap) else None,
        due_at=await session.scalar(due.where(TimerRow.dead_at.is_(None)).limit(1)),
    )
    told = explain(case)
    return WhyLine(
        user=case.user,
        user_id=user_id,
        paged=told.paged,
        summary=told.summary,
        chain=[LinkLine(at=one.at.timestamp(), kind=one.kind, sentence=one.sentence) for one in told.chain],
    )


async def _incident(session: AsyncSession, incident_id: UUID) -> Any:
    current = func.coalesce(IncidentRow.policy_id, ServiceRow.policy_id).label("current_policy")
    about = select(
        IncidentRow.status, IncidentRow.created_at, IncidentRow.policy, IncidentRow.next_step, IncidentRow.lap, current
    )
    found = about.join(ServiceRow, ServiceRow.id == IncidentRow.service_id).where(IncidentRow.id == incident_id)
    row = (await session.execute(found)).one_or_none()
    if row is None:
        raise NotFound("There is no such incident; it may have been removed after its retention.")
    return row


async def _facts(session: AsyncSession, incident_id: UUID, opened_at: datetime) -> Sequence[Told]:
    place = (FactRow.at, FactRow.xid, FactRow.seq)
    newest = (
        select(FactRow.at, FactRow.kind, FactRow.actor, FactRow.data)
        .where(FactRow.incident_id == incident_id, FactRow.at >= opened_at)
        .order_by(*(column.desc() for column in place))
        .limit(FACTS_AT_MOST)
    )
    rows = list(reversed((await session.execute(newest)).all()))
    names = await actor_names(session, {row.actor for row in rows})
    return [
        Told(row.at, row.kind, sentence(row.kind, names[row.actor], row.data), names[row.actor], row.data)
        for row in rows
    ]


async def _rotas(
    session: AsyncSession, policy: Policy, schedules: Mapping[int, Schedule], facts: Sequence[Told], *, at: datetime
) -> Mapping[int, Rota]:
    """Return who was on call by each schedule when its step fired, or at the end of the story where it never did."""
    fired = {int(fact.get("step") or 0): fact.at for fact in facts if fact.kind in _STEPPED}
    ended = next((fact.at for fact in reversed(facts) if fact.kind in (Fact.ACKNOWLEDGED, Fact.RESOLVED)), at)
    when: dict[int, datetime] = {}
    for number, step in enumerate(policy.steps, 1):
        for target in step.targets:
            if target.kind is TargetKind.SCHEDULE:
                when.setdefault(target.id, fired.get(number, ended))
    then = {key: (await on_call_at(session, [key], when[key]))[key][1] for key in schedules if key in when}
    ids = {shift.user_id for shifts in then.values() for shift in shifts}
    named = await session.execute(select(UserRow.id, UserRow.name).where(UserRow.id.in_(ids)))
    names = {row.id: row.name for row in named}
    return {
        key: Rota(
            schedules[key].name,
            tuple((shift.user_id, names.get(shift.user_id, "somebody"), shift.layer) for shift in shifts),
            schedules[key].members,
        )
        for key, shifts in then.items()
    }


async def _had(session: AsyncSession, ids: Collection[int], lines: Sequence[PageLine]) -> Sequence[tuple[str, OnCall]]:
    """Return who was on call from the first of the pages to the last, as it was recorded, and by which schedule."""
    paged_at = [datetime.fromtimestamp(line["at"], UTC) for line in lines]
    if not paged_at:
        return []
    known = await duties(session, ids, min(paged_at), max(paged_at) + _INSTANT)
    return [(schedule.name, shift) for schedule, shifts in known.values() for shift in shifts]


def _page(line: PageLine, had: Sequence[tuple[str, OnCall]]) -> Page:
    paged_at = datetime.fromtimestamp(line["at"], UTC)
    return Page(
        user_id=line["user_id"],
        user=line["user"],
        at=paged_at,
        reason=line["reason"],
        step=line["step"],
        kind=line["kind"],
        chosen_by=line["chosen_by"],
        until=_until(line, had, paged_at),
        messages=tuple(
            Message(one["channel"], one["status"], one["sentence"], len(one["attempts"]), _instant(one["held_until"]))
            for one in line["notifications"]
        ),
    )


def _until(line: PageLine, had: Sequence[tuple[str, OnCall]], paged_at: datetime) -> datetime | None:
    """Return when the shift ended for which somebody was paged, None where they were not paged for a shift."""
    if line["step"] is None or not is_of_a_shift(line["reason"]):
        return None
    whose = line["for_user_id"] or line["user_id"]
    theirs = [(name, one) for name, one in had if one.user_id == whose and one.start_at <= paged_at < one.end_at]
    # A schedule that has another name since is not named by the reason; that they were on call by it still tells.
    named = [one for name, one in theirs if is_of(line["reason"], name)]
    return next((one.end_at for one in named or [one for _, one in theirs]), None)


def _instant(epoch: float | None) -> datetime | None:
    return None if epoch is None else datetime.fromtimestamp(epoch, UTC)
