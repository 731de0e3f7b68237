"""What would happen: the whole future of an incident that nobody acknowledges, by what pages when it does happen.

The same firings decide, on an instant that is set forward from one timer to the next. Nothing is written:
the unit of work is never committed, and holds no row.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from opsknight.crypto import new_id
from opsknight.domain.commands.escalations import Firing
from opsknight.domain.commands.firings import SENT_AT_ONCE, Held
from opsknight.domain.commands.outbox import Outbox, Page
from opsknight.domain.commands.shift_changes import page_newcomer
from opsknight.domain.commands.steps import RECENT, Steps
from opsknight.domain.model.escalation import Policy, TargetKind
from opsknight.domain.model.event import Urgency
from opsknight.domain.model.everyone import Everyone
from opsknight.domain.model.incident import Incident, Status
from opsknight.domain.model.ledger import Fact
from opsknight.domain.model.notification import PageKind
from opsknight.domain.model.on_call_reason import on_call_on, where
from opsknight.domain.model.schedule import Schedule, on_call, shifts
from opsknight.domain.model.support_hours import BEGUN, SupportHours, begun
from opsknight.domain.queries import escalations as reading
from opsknight.domain.queries.escalations import Leads, Reachable
from opsknight.domain.queries.rooms import Room
from opsknight.domain.store.claims import ClaimedTimer
from opsknight.domain.store.unit_of_work import UnitOfWork

AHEAD: Final = timedelta(days=7)
MOST_FIRINGS: Final = 120
_INSTANT: Final = timedelta(microseconds=1)
ALERTS: Final = 1
"""Of an event that is looked at alone."""
ROUNDS_OF_THE_NET: Final = 3
"""After so many it only repeats itself, every half an hour."""


@dataclass(frozen=True, slots=True)
class Case:
    """An incident that could be: what its service and its event would make of it when it is first paged."""

    title: str
    urgency: Urgency
    policy: Policy
    team_id: int
    opens_at: datetime
    priority: str | None = None
    support_hours: SupportHours | None = None
    gets_loud: bool = False
    """Whether its service pages loudly in its support hours, and so this once they begin: nobody has said otherwise."""


@dataclass(slots=True)
class Message:
    """One message to one contact method; `cut_by` is when a later firing takes it back unsent, and which.

    Quiet hours hold it until `held_until`.
    """

    user_id: int | None
    channel: str
    contact_method_id: int
    due_at: datetime
    kind: PageKind
    cut_by: tuple[datetime, str] | None = None
    held_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Fired:
    """What one firing would do: the facts that it would record, and the messages that it would plan.

    `step` and `lap` are those that paged somebody; of a firing that reached nobody, those that it began with.
    `goes_round` says that the rounds of the safety net between it and the one before are left out.
    """

    at: datetime
    kind: str
    step: int
    lap: int
    facts: tuple[Mapping[str, Any], ...]
    messages: tuple[Message, ...]
    goes_round: bool = False


@dataclass(slots=True)
class Future:
    """Every firing in order of time, the people and rooms in it, and whether that is all there is to tell."""

    fired: list[Fired] = field(default_factory=list[Fired])
    people: Mapping[int, Reachable] = field(default_factory=dict[int, Reachable])
    rooms: Mapping[int, Room] = field(default_factory=dict[int, Room])
    goes_on: bool = False


async def foresee(uow: UnitOfWork, case: Case) -> Future:
    """Return what `case` leads to as long as nobody acknowledges it, up to some rounds of the safety net.

    Everything is read once, as it is now; `uow` is left with another instant and must not be used for more.
    """
    uow.now = case.opens_at
    steps = await Steps.of_policies(uow, [case.policy], takes_turns=False)
    leads = await reading.leads(uow.session, {case.team_id})
    named = {target.id for step in case.policy.steps for target in step.targets if target.kind is TargetKind.USER}
    managers = {user for of_team in leads.values() for user in (*of_team.managers, *of_team.admins)}
    people = await reading.people(uow.session, named | managers | steps.everybody_ever())
    asked = {target.id for step in case.policy.steps for target in step.targets if target.kind is TargetKind.SCHEDULE}
    schedules: Mapping[int, Schedule] = {}
    if asked:
        schedules = await reading.schedules(uow.session, asked, since=case.opens_at - RECENT)
    return _played(uow, case, steps, leads, people, schedules)


def _played(
    uow: UnitOfWork,
    case: Case,
    steps: Steps,
    leads: Mapping[int, Leads],
    people: Mapping[int, Reachable],
    schedules: Mapping[int, Schedule],
) -> Future:
    future, held, rounds = Future(people=people, rooms=steps.known_rooms), _held(case), 0
    steps.suppose_alerts({held.incident.id: ALERTS})
    waits, ends_at, loud_at = _Waits(), case.opens_at + AHEAD, _loud_at(case)
    goes_round = False
    while len(future.fired) < MOST_FIRINGS:
        uow.now = held.timer.due_at
        firing = Firing(uow, people, steps, leads, {}, many=False)
        before = held.incident
        firing.fire(held)
        one = _fired(uow, held.timer.kind, before, firing, goes_round=goes_round)
        _cut(future.fired, one, stepped=bool(firing.out.stepped), net=bool(firing.out.caught))
        future.fired.append(one)
        rounds += held.timer.kind == "safety_net"
        following = _next(held, firing, one)
        waits.note(firing)
        if waits.asked and (following.timer.kind == "escalation" or not rounds):
            until = min(following.timer.due_at, ends_at, loud_at or ends_at)
            future.fired += _newcomers(uow, held, waits, people, schedules, until=until)
        goes_round = rounds == ROUNDS_OF_THE_NET
        if loud_at is not None and (goes_round or loud_at <= following.timer.due_at):
            uow.now, waits, rounds = loud_at, _Waits(), 0
            following, loud_at = _raised(uow, following, future.fired), None
        elif goes_round or following.timer.due_at > ends_at:
            break
        held = following
    future.goes_on = True
    return future


def _loud_at(case: Case) -> datetime | None:
    """Return when support hours begin for what is quiet until then, None where that is not to be foreseen."""
    if case.support_hours is None or not case.gets_loud or case.urgency is Urgency.HIGH:
        return None
    at = case.support_hours.next_begin(case.opens_at)
    return None if at is None or at > case.opens_at + AHEAD else at


def _raised(uow: UnitOfWork, held: Held, fired: Sequence[Fired]) -> Held:
    """Return the incident loud and from its first step at the unit's instant, as `waking.begin_support_hours` does."""
    for message in (one for each in fired for one in _unsent(each, uow.now)):
        message.cut_by = uow.now, "the beginning of support hours"
    uow.record(Fact.RAISED, incident_id=held.incident.id, actor="support_hours", urgency="high", reason=BEGUN)
    after = begun(held.incident)
    return replace(
        held,
        timer=_timer(after.id, "escalation", uow.now, generation=after.generation),
        incident=after,
        everyone=Everyone(after.generation),
        lap_started_at=None,
        asked=0,
        was_reached=False,
    )


def _held(case: Case) -> Held:
    incident_id = new_id()
    return Held(
        timer=_timer(incident_id, "escalation", case.opens_at),
        incident=Incident(
            id=incident_id, title=case.title, status=Status.OPEN, urgency=case.urgency, generation=1, version=1
        ),
        policy=case.policy,
        has_snapshot=True,
        team_id=case.team_id,
        priority=case.priority,
        support_hours=None if case.support_hours is None else case.support_hours.to_json(),
        everyone=Everyone(1),
        lap_started_at=None,
        asked=0,
        was_reached=False,
        in_vain=False,
    )


def _timer(incident_id: UUID, kind: str, due_at: datetime, *, generation: int = 1) -> ClaimedTimer:
    return ClaimedTimer(
        id=incident_id, kind=kind, subject=incident_id, generation=generation, due_at=due_at, fence=1, attempts=0
    )


@dataclass(slots=True)
class _Waits:
    """On which step the incident waits, and whom that has asked: who comes on call there is paged as well."""

    step: int = 0
    lap: int = 0
    asked: set[int] = field(default_factory=set[int])

    def note(self, firing: Firing) -> None:
        """Take in what was paged now."""
        for page in firing.outbox.pages:
            if page["kind"] != PageKind.PAGE.value:
                continue
            if (page["step"], page["lap"]) != (self.step, self.lap):
                self.step, self.lap, self.asked = page["step"], page["lap"], set()
            self.asked |= {page["user_id"], page["for_user_id"]} - {None}


def _newcomers(
    uow: UnitOfWork,
    held: Held,
    waits: _Waits,
    people: Mapping[int, Reachable],
    schedules: Mapping[int, Schedule],
    *,
    until: datetime,
) -> Iterator[Fired]:
    """Yield what each change of shift before `until` would do, by the rules of `shift_changes`."""
    step = held.policy.steps[waits.step]
    ours = [schedules[one.id] for one in step.targets if one.kind is TargetKind.SCHEDULE and one.id in schedules]
    begin = {one.start_at for schedule in ours for one in shifts(schedule, uow.now, until)}
    for at in sorted(at for at in begin if uow.now < at < until):
        uow.now, outbox = at, Outbox(at, people)
        for schedule in ours:
            before = {one.user_id for one in on_call(schedule, at - _INSTANT)}
            now = {one.user_id: on_call_on(schedule, one) for one in on_call(schedule, at)}
            if step.round_robin and not (before - now.keys()) & waits.asked:
                continue
            for user in now.keys() - before - waits.asked:
                goes_to = outbox.goes_to(PageKind.PAGE, user) if user in people else user
                if user not in people or goes_to in waits.asked:
                    continue
                page = Page(
                    incident_id=held.incident.id,
                    generation=held.incident.generation,
                    kind=PageKind.PAGE,
                    user_id=user,
                    reason=now[user],
                    urgency=held.incident.urgency,
                    due_at=at,
                    step=waits.step,
                    lap=waits.lap,
                    gather=True,
                )
                if page_newcomer(uow, outbox, page, user, where=where(now[user])):
                    waits.asked |= {user, goes_to}
        if facts := tuple(uow.take_facts()):
            yield Fired(at, "shift_change", waits.step, waits.lap, facts, _messages(outbox))


def _fired(uow: UnitOfWork, kind: str, before: Incident, firing: Firing, *, goes_round: bool) -> Fired:
    of_page = {row["id"]: row for row in firing.outbox.pages}
    paged = next(iter(of_page.values()), {"step": before.next_step, "lap": before.lap})
    facts, messages = tuple(uow.take_facts()), _messages(firing.outbox)
    return Fired(uow.now, kind, paged["step"], paged["lap"], facts, messages, goes_round)


def _messages(outbox: Outbox) -> tuple[Message, ...]:
    of_page = {row["id"]: row for row in outbox.pages}
    return tuple(
        Message(
            user_id=of_page[row["page_id"]]["user_id"],
            channel=row["channel"],
            contact_method_id=row["contact_method_id"],
            due_at=row["due_at"],
            kind=PageKind(of_page[row["page_id"]]["kind"]),
            held_until=row["held_until"],
        )
        for row in outbox.messages
    )


def _cut(earlier: list[Fired], now: Fired, *, stepped: bool, net: bool) -> None:
    """Take back what earlier firings planned and had not begun to send, as the engine does."""
    asked_again = {message.user_id for message in now.messages}
    for fired in earlier:
        told = {message.user_id for message in fired.messages if message.due_at < now.at}
        for message in _waiting(fired, now.at):
            if message.due_at <= fired.at + SENT_AT_ONCE:
                continue  # it is on its way
            kept = message.held_until is not None and message.held_until > now.at and message.user_id not in told
            by_step = stepped and message.kind is PageKind.PAGE and (not kept or message.user_id in asked_again)
            by_round = net and message.kind is PageKind.SAFETY_NET and message.user_id in asked_again
            if by_step or by_round:
                message.cut_by = now.at, f"step {now.step + 1}" if by_step else "the next round of the safety net"


def _waiting(fired: Fired, at: datetime) -> Iterator[Message]:
    yield from (message for message in fired.messages if message.cut_by is None and message.due_at >= at)


def _unsent(fired: Fired, at: datetime) -> Iterator[Message]:
    """Yield what waits at `at` for its time, or for the end of quiet hours."""
    due = ((message, message.held_until or message.due_at) for message in fired.messages)
    yield from (message for message, sent_at in due if message.cut_by is None and sent_at >= at)


def _next(held: Held, firing: Firing, one: Fired) -> Held:
    """Return the incident as the engine would find it when the timer fires that was armed now."""
    moved, timer = firing.out.advance[-1], firing.out.rearm[-1]
    incident = replace(held.incident, next_step=moved["next_step"], lap=moved["lap"])
    laps = {page["lap"] for page in firing.outbox.pages if page["kind"] == PageKind.PAGE.value}
    started_at = held.lap_started_at if incident.lap == held.incident.lap else None
    return replace(
        held,
        timer=_timer(incident.id, timer["kind"], timer["due_at"], generation=incident.generation),
        incident=incident,
        lap_started_at=started_at or (one.at if incident.lap in laps else None),
        was_reached=held.was_reached or bool(laps),
    )
