"""Hearing a heartbeat: a ping is kept, moves its deadline, and opens or ends an incident."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from opsknight.domain.commands.authority import require
from opsknight.domain.commands.beating import clear, hold_heartbeat, report, settle
from opsknight.domain.model.heartbeat import (
    PINGS_KEPT,
    Heartbeat,
    Signal,
    Silence,
    State,
    heard,
    says_nothing_new,
)
from opsknight.domain.model.ledger import Fact
from opsknight.domain.model.permission import Need
from opsknight.domain.queries.heartbeats import value
from opsknight.domain.store.tables import HeartbeatRow
from opsknight.domain.store.unit_of_work import UnitOfWork

_KEEP = text("""
    INSERT INTO heartbeat_pings (heartbeat_id, slot, number, at, signal, exit_code, duration_s, sender, body)
    VALUES (:heartbeat_id, :slot, :number, :at, :signal, :exit_code, :duration_s, :sender, :body)
    ON CONFLICT (heartbeat_id, slot) DO UPDATE SET number = excluded.number, at = excluded.at,
        signal = excluded.signal, exit_code = excluded.exit_code, duration_s = excluded.duration_s,
        sender = excluded.sender, body = excluded.body
""")


@dataclass(frozen=True, slots=True)
class Ping:
    """What was said, by which program or address, and with which text; all of it fit to be stored."""

    signal: Signal
    exit_code: int | None = None
    sender: str = ""
    body: str = ""


async def hear(uow: UnitOfWork, heartbeat_id: UUID, ping: Ping) -> bool:
    """Take a ping; return whether it said anything new. The unit's actor is the heartbeat.

    A success resolves what its silence had opened, a fail opens an incident at once; both also in a
    pause, except that a fail then opens nothing.

    Raises:
        NotFound: the heartbeat was deleted meanwhile.
    """
    await require(uow, Need.SEND_EVENTS)
    row = await hold_heartbeat(uow, heartbeat_id)
    at = max(uow.now, row.last_ping_at or uow.now)  # of two pings at once the later to be locked may be the older
    before = value(row)
    if says_nothing_new(before, ping.signal, last_ping_at=row.last_ping_at, at=at):
        return False
    after = heard(before, ping.signal, at=at)
    duration_s = None
    if ping.signal is not Signal.START and before.started_at is not None:
        duration_s = row.last_duration_s = (at - before.started_at).total_seconds()
    await _keep(uow, row, ping, at=at, duration_s=duration_s)
    row.last_ping_at = at
    await settle(uow, row, after)
    incident_id = None
    if ping.signal is Signal.SUCCESS:
        incident_id = await clear(uow, row)
    elif ping.signal is Signal.FAIL and after.paused_until is None:
        incident_id = await report(uow, row, Silence.FAILED, _details(ping))
    _tell(uow, row, before, after, ping, incident_id)
    return True


async def _keep(uow: UnitOfWork, row: HeartbeatRow, ping: Ping, *, at: datetime, duration_s: float | None) -> None:
    row.pings += 1
    values = {"heartbeat_id": row.id, "slot": row.pings % PINGS_KEPT, "number": row.pings, "at": at}
    said = {"signal": ping.signal, "exit_code": ping.exit_code, "sender": ping.sender, "body": ping.body}
    await uow.session.execute(_KEEP, {**values, **said, "duration_s": duration_s})


def _details(ping: Ping) -> dict[str, Any]:
    details: dict[str, Any] = {}
    if ping.exit_code is not None:
        details["exit code"] = ping.exit_code
    if ping.body:
        details["message"] = ping.body
    return details


def _tell(
    uow: UnitOfWork, row: HeartbeatRow, before: Heartbeat, after: Heartbeat, ping: Ping, incident_id: UUID | None
) -> None:
    subject = f"heartbeat:{row.id}"
    if after.state is State.DOWN and before.state is not State.DOWN:
        reason = "it failed" if ping.exit_code is None else f"it failed with exit code {ping.exit_code}"
        uow.record(Fact.HEARTBEAT_DOWN, incident_id=incident_id, subject=subject, name=row.name, reason=reason)
    elif before.state is State.NEW:
        uow.record(Fact.HEARTBEAT_UP, subject=subject, name=row.name)
    elif before.state is State.DOWN and after.state is State.UP:
        uow.record(Fact.HEARTBEAT_UP, incident_id=incident_id, subject=subject, name=row.name, again=True)
