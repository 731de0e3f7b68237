"""Links by which a calendar program reads who is on call: made, noted as read, and revoked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import func, select, update

from opsknight.crypto import new_token, sha256
from opsknight.domain.commands.authority import require, require_configuring
from opsknight.domain.model.ledger import Fact
from opsknight.domain.model.permission import Need
from opsknight.domain.store.tables import CalendarFeedRow, ScheduleRow, TeamRow, UserRow
from opsknight.domain.store.unit_of_work import UnitOfWork
from opsknight.errors import Conflict, Forbidden, Invalid, NotFound

MAX_NAME: Final = 100
LINKS_AT_MOST: Final = 50
"""Links of one person that may live at once."""
NOTED_AFTER: Final = timedelta(minutes=5)
"""A link in use is noted at most this often, so that reading hardly writes."""
_AGENT_KEPT: Final = 200
_NO_LINK: Final = "There is no such calendar link."


@dataclass(frozen=True, slots=True)
class Plan:
    """What a link shall show: the shifts of a schedule or of a team, of the maker's own where neither is said."""

    name: str
    schedule_id: int | None = None
    team_id: int | None = None
    with_gaps: bool = False


@dataclass(frozen=True, slots=True)
class Made:
    """The new link's number and token, which is told once and never again."""

    id: int
    token: str
    sentence: str


async def make(uow: UnitOfWork, plan: Plan) -> Made:
    """Make a link; whoever has it sees those shifts without a sign-in, until it is revoked or its maker leaves.

    Raises:
        Invalid: the name cannot be used, both a schedule and a team are named, or there is no such one.
        Conflict: the person has too many links.
    """
    await require(uow, Need.SEE)
    await require(uow, Need.SIGNED_IN)
    user_id = uow.user_id or 0
    name, of = _checked_name(plan.name), await _of(uow, plan, user_id)
    live = select(func.count()).where(CalendarFeedRow.made_by == user_id, CalendarFeedRow.revoked_at.is_(None))
    if (await uow.session.execute(live)).scalar_one() >= LINKS_AT_MOST:
        raise Conflict(f"You have {LINKS_AT_MOST} calendar links; revoke one that nobody reads any more.")
    token = new_token()
    row = CalendarFeedRow(
        token_sha=sha256(token),
        name=name,
        user_id=user_id if plan.schedule_id is None and plan.team_id is None else None,
        schedule_id=plan.schedule_id,
        team_id=plan.team_id,
        with_gaps=plan.with_gaps,
        made_by=user_id,
        created_at=uow.now,
    )
    uow.session.add(row)
    await uow.session.flush()
    did = f"made the calendar link “{name}” to {of}"
    uow.record(Fact.CALENDAR_LINK_MADE, subject=_subject(row.id), did=did, name=name, of=of)
    return Made(row.id, token, f"Made the calendar link “{name}” to {of}. Copy it now: it is not shown again.")


async def revoke(uow: UnitOfWork, feed_id: int) -> str:
    """End a link, and return the sentence that says so.

    It is one's own, or of a schedule or team whose team one manages; admins end every link.

    Raises:
        NotFound: there is no such link, or it is somebody else's.
    """
    await require(uow, Need.SEE)
    row = await uow.session.scalar(select(CalendarFeedRow).where(CalendarFeedRow.id == feed_id).with_for_update())
    if row is None or row.revoked_at is not None:
        raise NotFound(_NO_LINK)
    if row.made_by != uow.user_id:
        await _require_for_others(uow, row)
    row.revoked_at = uow.now
    of = await _of(uow, Plan(row.name, row.schedule_id, row.team_id), row.user_id or 0)
    did = f"revoked the calendar link “{row.name}” to {of}"
    uow.record(Fact.CALENDAR_LINK_REVOKED, subject=_subject(row.id), did=did, name=row.name, of=of)
    return f"Revoked the calendar link “{row.name}”; programs that read it find nothing there now."


async def note_read(uow: UnitOfWork, feed_id: int, *, agent: str) -> None:
    """Note that a calendar program has read a link; no fact, for nothing was decided."""
    read = update(CalendarFeedRow).where(CalendarFeedRow.id == feed_id)
    await uow.session.execute(read.values(read_at=uow.now, read_by=agent[:_AGENT_KEPT]))


def note_due(read_at: datetime | None, *, now: datetime) -> bool:
    """Say whether a link last noted at `read_at` should be noted again."""
    return read_at is None or now - read_at >= NOTED_AFTER


async def _require_for_others(uow: UnitOfWork, row: CalendarFeedRow) -> None:
    """Return when the actor may revoke what somebody else made; who may not must not know that it is there."""
    team_id = row.team_id
    if row.schedule_id is not None:
        team_id = await uow.session.scalar(select(ScheduleRow.team_id).where(ScheduleRow.id == row.schedule_id))
    try:
        if team_id is None:
            await require(uow, Need.ADMINISTER)
        else:
            await require_configuring(uow, team_id)
    except Forbidden as refusal:
        raise NotFound(_NO_LINK) from refusal


def _checked_name(said: str) -> str:
    name = " ".join(said.split())
    if not name:
        raise Invalid("A calendar link needs a name: say who reads it, such as “My phone”.")
    if len(name) > MAX_NAME:
        raise Invalid(f"The name has {len(name)} characters; {MAX_NAME} are allowed.")
    return name


async def _of(uow: UnitOfWork, plan: Plan, user_id: int) -> str:
    """Return in words whose shifts a link shows."""
    if plan.schedule_id is not None and plan.team_id is not None:
        raise Invalid("A link shows a schedule or a team; say one of them, or neither for your own shifts.")
    if plan.schedule_id is not None:
        found = await uow.session.scalar(select(ScheduleRow.name).where(ScheduleRow.id == plan.schedule_id))
        words = f"the schedule {found}"
    elif plan.team_id is not None:
        found = await uow.session.scalar(select(TeamRow.name).where(TeamRow.id == plan.team_id))
        words = f"the schedules of {found}"
    else:
        found = await uow.session.scalar(select(UserRow.name).where(UserRow.id == user_id))
        words = f"the shifts of {found}"
    if found is None:
        raise Invalid("There is no such schedule or team; choose one from the list.")
    return words


def _subject(feed_id: int) -> str:
    return f"calendar_feed:{feed_id}"
