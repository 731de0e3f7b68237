"""Heartbeats as people arrange them: made, changed, paused until a stated end, resumed and deleted."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select

from opsknight.crypto import new_id
from opsknight.domain.commands import timers
from opsknight.domain.commands.authority import require, require_for_service
from opsknight.domain.commands.beating import has_open_alert, hold_heartbeat, settle
from opsknight.domain.commands.live_services import live_service
from opsknight.domain.model.event import Urgency
from opsknight.domain.model.heartbeat import BadRhythm, Rhythm, check, paused, replanned, resumed
from opsknight.domain.model.ledger import Fact, span
from opsknight.domain.model.permission import Need
from opsknight.domain.queries.heartbeats import value
from opsknight.domain.store.tables import HeartbeatRow
from opsknight.domain.store.unit_of_work import UnitOfWork
from opsknight.errors import Conflict, Invalid

MAX_NAME: Final = 100
KEY_BYTES: Final = 16
LONGEST_PAUSE: Final = timedelta(days=90)
"""A pause lasts no longer: what is never expected again is deleted."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a heartbeat shall be."""

    service_id: int
    name: str
    rhythm: Rhythm
    urgency: Urgency = Urgency.HIGH


@dataclass(frozen=True, slots=True)
class Done:
    """Which heartbeat was changed, and the sentence that says how."""

    id: UUID
    sentence: str


async def create(uow: UnitOfWork, plan: Plan, *, heartbeat_id: UUID | None = None) -> Done:
    """Make a heartbeat with keys of its own; nothing is missed before its first ping.

    `heartbeat_id` is chosen by whoever may have to try again.

    Raises:
        Invalid: the name or the rhythm cannot be used, or there is no such service.
        Conflict: the service has a heartbeat of that name.
    """
    await require(uow, Need.CONFIGURE)
    heartbeat_id = heartbeat_id or new_id()
    name = await _checked(uow, plan, besides=heartbeat_id)
    await require_for_service(uow, plan.service_id)
    waits = Done(heartbeat_id, f"“{name}” waits for its first ping; from then on its silence opens an incident.")
    if await uow.session.get(HeartbeatRow, heartbeat_id) is not None:
        return waits  # the first try was committed
    row = HeartbeatRow(
        id=heartbeat_id,
        service_id=plan.service_id,
        name=name,
        key=secrets.token_hex(KEY_BYTES),
        badge_key=secrets.token_hex(10),
        urgency=plan.urgency.value,
        **_columns(plan.rhythm),
        state="new",
        pings=0,
        created_at=uow.now,
    )
    uow.session.add(row)
    await uow.session.flush()
    _configured(uow, row)
    return waits


async def change(uow: UnitOfWork, heartbeat_id: UUID, plan: Plan) -> Done:
    """Make a heartbeat what `plan` says; its keys stay. With another rhythm a whole turn of it begins now.

    Raises:
        NotFound: there is no such heartbeat.
        Invalid: the name or the rhythm cannot be used, or there is no such service.
        Conflict: the name is taken, or it should move to another service while its incident is open.
    """
    await require(uow, Need.CONFIGURE)
    row = await hold_heartbeat(uow, heartbeat_id)
    name = await _checked(uow, plan, besides=row.id)
    for service_id in {row.service_id, plan.service_id}:
        await require_for_service(uow, service_id)
    if plan.service_id != row.service_id and await has_open_alert(uow, row):
        raise Conflict(f"“{row.name}” has an open incident in its service; resolve that first, then move it.")
    before, was = value(row), Plan(row.service_id, row.name, value(row).rhythm, Urgency(row.urgency))
    row.service_id, row.name, row.urgency = plan.service_id, name, plan.urgency.value
    if before.rhythm != plan.rhythm:
        for column, to in _columns(plan.rhythm).items():
            setattr(row, column, to)
        await settle(uow, row, replanned(before, plan.rhythm, at=uow.now))
    if was != replace(plan, name=name):
        _configured(uow, row)
    return Done(row.id, f"“{name}” is changed; pings are expected {plan.rhythm.words()}.")


async def delete(uow: UnitOfWork, heartbeat_id: UUID) -> Done:
    """Remove a heartbeat with its pings. An incident of it that is open stays, for a person to resolve.

    Raises:
        NotFound: there is no such heartbeat.
    """
    await require(uow, Need.CONFIGURE)
    row = await hold_heartbeat(uow, heartbeat_id)
    await require_for_service(uow, row.service_id)
    left = " Its incident is still open: nothing resolves it any more but a person."
    sentence = f"Deleted “{row.name}”." + (left if await has_open_alert(uow, row) else "")
    await timers.disarm_heartbeat(uow, row.id)
    _configured(uow, row, how=" (deleted)")
    await uow.session.delete(row)
    return Done(heartbeat_id, sentence)


async def make_key(uow: UnitOfWork, heartbeat_id: UUID) -> Done:
    """Give a heartbeat a new key to ping with; the one it had stays live as the former one.

    Raises:
        NotFound: there is no such heartbeat.
        Conflict: it has a former key still.
    """
    await require(uow, Need.CONFIGURE)
    row = await hold_heartbeat(uow, heartbeat_id)
    await require_for_service(uow, row.service_id)
    if row.former_key is not None:
        raise Conflict(f"“{row.name}” has two live keys already; end the former one before you make a new one.")
    row.former_key, row.key = row.key, secrets.token_hex(KEY_BYTES)
    uow.record(Fact.KEY_MADE, subject=_subject(row), name=f"the heartbeat {row.name}")
    return Done(row.id, f"“{row.name}” has a new address, and the former one works until you end it.")


async def end_former_key(uow: UnitOfWork, heartbeat_id: UUID) -> Done:
    """Hear nothing any more that pings with the former key.

    Raises:
        NotFound: there is no such heartbeat.
        Conflict: it has only one key.
    """
    await require(uow, Need.CONFIGURE)
    row = await hold_heartbeat(uow, heartbeat_id)
    await require_for_service(uow, row.service_id)
    if row.former_key is None:
        raise Conflict(f"“{row.name}” has one key only: the former one was ended before, or there never was one.")
    row.former_key = None
    uow.record(Fact.KEY_ENDED, subject=_subject(row), name=f"the heartbeat {row.name}")
    return Done(row.id, f"The former address of “{row.name}” has ended: a job that still pings it is not heard.")


async def pause(uow: UnitOfWork, heartbeat_id: UUID, *, until: datetime) -> Done:
    """Expect nothing from a heartbeat before `until`; then it has a whole turn of its rhythm to report.

    Raises:
        NotFound: there is no such heartbeat.
        Invalid: the end is past, or further away than LONGEST_PAUSE.
    """
    await require(uow, Need.RESPOND)
    lasts = until - uow.now
    if not timedelta(0) < lasts <= LONGEST_PAUSE:
        raise Invalid(f"Say an end that is still to come and at most {LONGEST_PAUSE.days} days away.")
    row = await hold_heartbeat(uow, heartbeat_id)
    if row.paused_until != until:
        await settle(uow, row, paused(value(row), until=until))
        told: dict[str, Any] = {"name": row.name, "for_s": lasts.total_seconds(), "until": until.isoformat()}
        uow.record(Fact.HEARTBEAT_PAUSED, subject=_subject(row), **told)
    return Done(row.id, f"“{row.name}” is paused for {span(lasts.total_seconds())}; its silence pages nobody.")


async def resume(uow: UnitOfWork, heartbeat_id: UUID) -> Done:
    """End a pause now.

    Raises:
        NotFound: there is no such heartbeat.
    """
    await require(uow, Need.RESPOND)
    row = await hold_heartbeat(uow, heartbeat_id)
    before = value(row)
    if before.paused_until is None:
        return Done(row.id, f"“{row.name}” is not paused.")
    await settle(uow, row, resumed(before, at=uow.now))
    uow.record(Fact.HEARTBEAT_RESUMED, subject=_subject(row), name=row.name)
    return Done(row.id, f"Resumed “{row.name}”; pings are expected {before.rhythm.words()} from now on.")


async def _checked(uow: UnitOfWork, plan: Plan, *, besides: UUID | None = None) -> str:
    """Return the name as it is stored, having made sure that the plan can be kept."""
    name = " ".join(plan.name.split())
    if not name:
        raise Invalid("A heartbeat needs a name: say what must report, such as “Nightly backup”.")
    if len(name) > MAX_NAME:
        raise Invalid(f"The name has {len(name)} characters; {MAX_NAME} are allowed.")
    try:
        check(plan.rhythm, at=uow.now)
    except BadRhythm as refusal:
        raise Invalid(str(refusal)) from refusal
    if await live_service(uow, plan.service_id) is None:
        raise Invalid("There is no such service; choose one from the list.")
    taken = select(HeartbeatRow.id).where(HeartbeatRow.service_id == plan.service_id, HeartbeatRow.name == name)
    found = await uow.session.scalar(taken)
    if found is not None and found != besides:
        raise Conflict(f"The service has a heartbeat called “{name}” already; choose another name.")
    return name


def _columns(rhythm: Rhythm) -> dict[str, object]:
    period_s = None if rhythm.period is None else int(rhythm.period.total_seconds())
    grace_s = int(rhythm.grace.total_seconds())
    return {"period_s": period_s, "cron": rhythm.cron, "zone": rhythm.zone, "grace_s": grace_s}


def _configured(uow: UnitOfWork, row: HeartbeatRow, *, how: str = "") -> None:
    uow.record(Fact.CONFIGURED, subject=_subject(row), name=f"the heartbeat {row.name}{how}")


def _subject(row: HeartbeatRow) -> str:
    return f"heartbeat:{row.id}"
