"""An incident held for a change: locked, checked, written, with its one timer and its outbox set right.

What every verb has in common. Invariant I2 holds when `settle` returns: the incident has the one
timer that its status calls for, and no message waits that it does not want any more.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    BindParameter,
    Delete,
    Select,
    String,
    Update,
    any_,
    bindparam,
    func,
    inspect,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY, Insert
from sqlalchemy.dialects.postgresql import UUID as UUIDS
from sqlalchemy.orm.attributes import set_committed_value

from opsknight.domain.commands import timers
from opsknight.domain.model.escalation import Policy
from opsknight.domain.model.event import Urgency
from opsknight.domain.model.incident import Incident, Status, Verb, still_the_same
from opsknight.domain.model.link import LIVES
from opsknight.domain.model.notification import PageKind
from opsknight.domain.model.speech import later, say
from opsknight.domain.model.timer import TimerKind, wanted
from opsknight.domain.model.undo import remembered
from opsknight.domain.queries.people import name_of
from opsknight.domain.store.tables import IncidentRow, NotificationRow, PageRow, ServiceRow
from opsknight.domain.store.unit_of_work import UnitOfWork
from opsknight.errors import Conflict, NotFound, Stale

TAKEN_BACK = "what asked for it was taken back"
_WENT_TO_SLEEP = {
    Status.OPEN: "the incident is paged anew",
    Status.ACKNOWLEDGED: "the incident was acknowledged",
    Status.SNOOZED: "the incident was snoozed",
    Status.SUPPRESSED: "the incident was suppressed",
    Status.RESOLVED: "the incident was resolved",
}


_STANDS = {
    Status.OPEN: later("it is open now"),
    Status.ACKNOWLEDGED: later("it is acknowledged now"),
    Status.SNOOZED: later("it is snoozed now"),
    Status.SUPPRESSED: later("it is suppressed now"),
    Status.RESOLVED: later("it is resolved now"),
}
_YOURS = {
    Status.OPEN: later("it is open now, yours"),
    Status.ACKNOWLEDGED: later("it is acknowledged now, yours"),
    Status.SNOOZED: later("it is snoozed now, yours"),
    Status.SUPPRESSED: later("it is suppressed now, yours"),
}
_WITH = {
    Status.OPEN: later("it is open now, with {name}"),
    Status.ACKNOWLEDGED: later("it is acknowledged now, with {name}"),
    Status.SNOOZED: later("it is snoozed now, with {name}"),
    Status.SUPPRESSED: later("it is suppressed now, with {name}"),
}


@dataclass(frozen=True, slots=True)
class Message:
    """What somebody had before them who pressed a link or button: of which generation, and from when.

    `sent_at` is told of buttons, which live no longer than links do; a link knows its own end.
    """

    generation: int
    sent_at: datetime | None = None


@dataclass(slots=True)
class Held:
    """A locked incident: its row, what it was before the verb, its timer and what its service says."""

    row: IncidentRow
    before: Incident
    timer: tuple[TimerKind, datetime] | None
    ack_timeouts_s: dict[Urgency, int | None]

    def wanted(self, after: Incident, *, at: datetime) -> tuple[TimerKind, datetime] | None:
        """Return the timer that `after` needs from `at` on."""
        timeout_s = self.ack_timeouts_s[after.urgency]
        return wanted(
            after,
            at=at,
            ack_timeout=None if timeout_s is None else timedelta(seconds=timeout_s),
            net_lap=None if self.row.policy is None else Policy.from_json(self.row.policy).net_lap,
        )


async def hold(uow: UnitOfWork, incident_id: UUID, *, service_too: bool = False) -> Held:
    """Lock an incident and read what a verb needs to decide.

    `service_too` locks its service first: for verbs that open alerts, which must be one at a time
    within a service, and in none that is archived. The others leave the service free, so that clicks do not queue
    up behind it.

    Raises:
        NotFound: there is no such incident.
        Conflict: its service is archived, and `service_too`.
    """
    if service_too:
        of_incident = select(IncidentRow.service_id).where(IncidentRow.id == incident_id).scalar_subquery()
        service = select(ServiceRow).where(ServiceRow.id == of_incident).with_for_update(key_share=True)
        its = await uow.session.scalar(service.execution_options(populate_existing=True))
        if its is not None and its.archived_at is not None:
            raise Conflict(f"“{its.name}” is archived: bring it back under Services first, then open this again.")
    found = (await uow.session.execute(_HOLD, {"id": incident_id})).one_or_none()
    if found is None:
        raise NotFound(say("There is no such incident; it may have been removed after its retention."))
    row, high_s, low_s = found
    timer = await timers.armed(uow, incident_id)  # read after the lock was won: whoever held it may have moved it
    return Held(row, value(row), timer, {Urgency.HIGH: high_s, Urgency.LOW: low_s})


def value(row: IncidentRow) -> Incident:
    """Return a row as the model knows it."""
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


async def check_seen(
    uow: UnitOfWork,
    held: Held,
    verb: Verb,
    *,
    version: int | None = None,
    message: Message | None = None,
) -> None:
    """Refuse a verb that was chosen on an outdated view, unless it still does what was meant.

    Screens say the `version` they showed, links and buttons the `message` they came with, others neither.

    Raises:
        Stale: it changed meanwhile.
    """
    before = held.before
    if message is not None and message.generation != before.generation:
        stands = await standing(uow, before)
        raise Stale(
            say("“{title}” was paged anew since this message was sent: {stands}.", title=before.title, stands=stands)
        )
    if message is not None and message.sent_at is not None and uow.now - message.sent_at >= LIVES:
        stands = await standing(uow, before)
        raise Stale(
            say(
                "This message about “{title}” is more than a day old, so nothing was done: {stands}."
                " Open OpsKnight to act.",
                title=before.title,
                stands=stands,
            )
        )
    if version is not None and version != before.version and not still_the_same(before, verb):
        stands = await standing(uow, before)
        raise Stale(say("“{title}” changed while you were looking: {stands}.", title=before.title, stands=stands))


async def standing(uow: UnitOfWork, incident: Incident) -> str:
    """Return in words how an incident stands, and with whom."""
    if incident.status is Status.RESOLVED or incident.assignee_id is None:
        return say(_STANDS[incident.status])
    if incident.assignee_id == uow.user_id:
        return say(_YOURS[incident.status])
    return say(_WITH[incident.status], name=await name_of(uow.session, incident.assignee_id))


async def settle(
    uow: UnitOfWork, held: Held, after: Incident, verb: Verb, *, alerts: tuple[UUID, ...] = ()
) -> dict[str, Any]:
    """Write `after`, arm what it needs and withdraw what it does not want; remember how to take it back.

    `alerts` are those that the verb resolved or took back. Returns what the fact should tell
    besides: how many messages were withdrawn.
    """
    write(uow, held.row, after)
    held.row.undo = _undo(uow, held, after, verb, alerts)
    if after.generation != held.before.generation and verb is not Verb.ESCALATE:
        held.row.policy = None  # copied anew when paging starts
    timer = held.wanted(after, at=uow.now)
    if verb is Verb.ESCALATE and after.generation == held.before.generation:
        await set_timer(uow, after, timer)
        return {}  # the step that fires withdraws what it replaces
    stops_help = after.status in (Status.ACKNOWLEDGED, Status.RESOLVED)  # then nothing is handed over any more
    withdrawn = await _rest(uow, held.row, after, timer, _why(verb, after), help_too=stops_help)
    return {"withdrawn": withdrawn} if withdrawn else {}


def write(uow: UnitOfWork, row: IncidentRow, after: Incident) -> None:
    """Bring a row to what the model decided, with the instants that follow from its status."""
    status = after.status
    row.status, row.generation, row.version = status.value, after.generation, after.version
    row.assignee_id, row.until = after.assignee_id, after.until
    row.next_step, row.lap = after.next_step, after.lap
    row.updated_at = uow.now
    if status is Status.OPEN:
        row.acknowledged_at = None
    elif status is Status.ACKNOWLEDGED and row.acknowledged_at is None:
        row.acknowledged_at = uow.now
    row.resolved_at = uow.now if status is Status.RESOLVED else None


async def set_timer(uow: UnitOfWork, incident: Incident, timer: tuple[TimerKind, datetime] | None) -> None:
    """Give `incident` exactly this timer, or none."""
    if timer is None:
        await timers.disarm(uow, incident.id)
        return
    urgent, (kind, due_at) = incident.urgency is Urgency.HIGH, timer
    await timers.arm(uow, kind, incident.id, generation=incident.generation, due_at=due_at, urgent=urgent)


async def withdraw(
    uow: UnitOfWork, incident_id: UUID, reason: str, *, user_id: int | None = None, help_too: bool = True
) -> int:
    """Supersede every queued message about the incident, or those to one person; return how many.

    Not `help_too`: those that ask somebody to help go on. Those that tell a watcher what was always do.
    One whose provider is being called is left to its sender, which reads the incident again.
    """
    values = _withdrawn_for(uow, incident_id, reason, help_too=help_too)
    return await uow.session.scalar(_WITHDRAW, {**values, "user": user_id}) or 0


async def _rest(
    uow: UnitOfWork,
    row: IncidentRow,
    incident: Incident,
    timer: tuple[TimerKind, datetime] | None,
    reason: str,
    *,
    help_too: bool,
) -> int:
    """Write the row, and do both in one statement: most of the time of a click is spent on the way to the database."""
    moved = _written(row)
    if uow.session.new or any(one is not row for one in uow.session.dirty):
        await uow.session.flush()  # the alerts that a verb resolves
    values = {**_withdrawn_for(uow, incident.id, reason, help_too=help_too), **moved, "user": None}
    if moved:
        values["moved_id"] = incident.id
    statement = _withdrawing_and(frozenset(moved), arms=timer is not None)
    if timer is None:
        return await uow.session.scalar(statement, {**values, "timer_subject": incident.id}) or 0
    urgent, (kind, due_at) = incident.urgency is Urgency.HIGH, timer
    armed = timers.armed_with(
        kind, incident.id, generation=incident.generation, due_at=due_at, urgent=urgent, now=uow.now
    )
    return await uow.session.scalar(statement, {**values, **armed}) or 0


def _written(row: IncidentRow) -> dict[str, object]:
    """Return what is changed of a row, by `to_` and its column; whoever takes it writes it, and the row is clean."""
    unmodified = inspect(row).unmodified
    moved: dict[str, object] = {name: getattr(row, name) for name in _COLUMNS if name not in unmodified}
    for name, to in moved.items():
        set_committed_value(row, name, to)
    return {f"to_{name}": to for name, to in moved.items()}


def _withdrawn_for(uow: UnitOfWork, incident_id: UUID, reason: str, *, help_too: bool) -> dict[str, object]:
    left = [PageKind.WATCH.value] if help_too else [PageKind.WATCH.value, PageKind.HELP.value]
    return {"incident": incident_id, "at": uow.now, "why": reason, "left": left}


def _withdrawing(*besides: Insert | Update | Delete) -> Select[int]:
    """Return the statement of `withdraw`, which does what is `besides` as well."""
    incident, user = bindparam("incident", type_=UUIDS), bindparam("user", type_=BigInteger)
    left = PageRow.kind == any_(bindparam("left", type_=ARRAY(String)))
    going_on = select(PageRow.id).where(PageRow.incident_id == incident, left)
    withdrawn = (
        update(NotificationRow)
        .where(
            NotificationRow.incident_id == incident,
            NotificationRow.status == "queued",
            or_(user.is_(None), NotificationRow.user_id == user),
            NotificationRow.page_id.not_in(going_on),
        )
        .values(
            status="superseded", finished_at=bindparam("at"), reason=bindparam("why"), lease_until=None, worker=None
        )
        .returning(NotificationRow.id)
        .cte("withdrawn")
    )
    counted = select(func.count()).select_from(withdrawn)
    return counted.add_cte(*(each.cte() for each in besides)) if besides else counted


@cache
def _withdrawing_and(moved: frozenset[str], *, arms: bool) -> Select[int]:
    """Return the statement of `_rest` for the columns that are `moved`; made once, which takes longer than to ask."""
    columns: dict[str, BindParameter[Any]] = {name.removeprefix("to_"): bindparam(name) for name in sorted(moved)}
    row = update(IncidentRow).where(IncidentRow.id == bindparam("moved_id", type_=UUIDS)).values(columns)
    return _withdrawing(*([row] if columns else []), timers.ARM if arms else timers.DISARM)


_HOLD: Final = (
    select(IncidentRow, ServiceRow.ack_timeout_high_s, ServiceRow.ack_timeout_low_s)
    .join(ServiceRow, ServiceRow.id == IncidentRow.service_id)
    .where(IncidentRow.id == bindparam("id"))
    .with_for_update(of=IncidentRow, key_share=True)
    .execution_options(populate_existing=True)
)
_COLUMNS: Final = tuple(inspect(IncidentRow).column_attrs.keys())
_WITHDRAW: Final = _withdrawing()
"""Made once: to make one takes longer than to ask it."""


def _undo(uow: UnitOfWork, held: Held, after: Incident, verb: Verb, alerts: tuple[UUID, ...]) -> dict[str, Any] | None:
    """Return how to take the verb back; only a person's can be."""
    if uow.user_id is None:
        return None
    kind, due_at = held.timer or (None, uow.now)
    anew = held.before.status is Status.OPEN and after.generation != held.before.generation
    return remembered(
        held.before,
        after,
        verb,
        actor=uow.actor,
        at=uow.now,
        timer=kind,
        wait_s=max(0.0, (due_at - uow.now).total_seconds()),
        alerts=alerts,
        policy=held.row.policy if anew else None,
        must_acknowledge=held.row.must_acknowledge if anew else None,
    ).to_json()


def _why(verb: Verb, after: Incident) -> str:
    return "the incident was reassigned" if verb is Verb.REASSIGN else _WENT_TO_SLEEP[after.status]
