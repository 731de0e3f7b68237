"""The life of an incident: one table of moves, one function that decides.

Used alike by the web page, the API, monitors, acknowledge links and timers.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from opsknight.domain.model.event import Urgency


class Status(StrEnum):
    """Where an incident stands."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    SNOOZED = "snoozed"
    SUPPRESSED = "suppressed"
    RESOLVED = "resolved"


class Verb(StrEnum):
    """What can be done to an incident."""

    ACKNOWLEDGE = "acknowledge"
    UNACKNOWLEDGE = "unacknowledge"
    SNOOZE = "snooze"
    WAKE = "wake"
    SUPPRESS = "suppress"
    RESOLVE = "resolve"
    REOPEN = "reopen"
    REASSIGN = "reassign"
    ESCALATE = "escalate"


class IllegalTransition(ValueError):
    """A verb that the incident's present status does not allow; the text is for a person."""


@dataclass(frozen=True, slots=True)
class Incident:
    """What people respond to. `until` is when a snooze or a person's suppress ends.

    `next_step` is the index of the step that fires next, or PAGE_ASSIGNEE when the person it
    was reassigned to is paged first. `generation` fences everything that was planned before.
    """

    id: UUID
    title: str
    status: Status
    urgency: Urgency
    generation: int = 1
    version: int = 1
    assignee_id: int | None = None
    until: datetime | None = None
    next_step: int = 0
    lap: int = 0


PAGE_ASSIGNEE = -1

_O, _A, _Z, _P, _R = Status.OPEN, Status.ACKNOWLEDGED, Status.SNOOZED, Status.SUPPRESSED, Status.RESOLVED
_MOVES: dict[tuple[Status, Verb], Status] = {
    **{(s, Verb.ACKNOWLEDGE): _A for s in (_O, _A, _Z, _P)},
    (_A, Verb.UNACKNOWLEDGE): _O,
    **{(s, Verb.SNOOZE): _Z for s in (_O, _A, _Z)},
    (_Z, Verb.WAKE): _O,
    (_P, Verb.WAKE): _O,
    **{(s, Verb.SUPPRESS): _P for s in (_O, _A, _Z, _P)},
    **{(s, Verb.RESOLVE): _R for s in Status},
    (_R, Verb.REOPEN): _O,
    **{(s, Verb.REASSIGN): _O for s in (_O, _A, _Z, _P)},
    **{(s, Verb.ESCALATE): _O for s in (_O, _A, _Z, _P)},
}
_TIMED = (Verb.SNOOZE, Verb.SUPPRESS)


def transition(
    incident: Incident, verb: Verb, *, by: int | None = None, to: int | None = None, until: datetime | None = None
) -> Incident:
    """Return `incident` after `verb`, or the very same object when nothing changes.

    `by` is the user who acts (None for monitors and timers), `to` the new assignee of a
    reassign, `until` the end of a snooze or suppress.

    Raises:
        IllegalTransition: the present status does not allow the verb.
    """
    status = _MOVES.get((incident.status, verb))
    if status is None:
        raise IllegalTransition(_refusal(incident, verb))
    if verb is Verb.REASSIGN:
        return _reassigned(incident, by=by, to=to)
    if verb is Verb.ESCALATE:
        return _escalated(incident)
    if status is incident.status and (verb not in _TIMED or until == incident.until):
        return incident
    return replace(
        incident,
        status=status,
        version=incident.version + 1,
        generation=incident.generation + (status is Status.OPEN),
        assignee_id=_owner_after(incident, verb, by),
        until=until if verb in _TIMED else None,
        next_step=0 if status is Status.OPEN else incident.next_step,
        lap=0 if status is Status.OPEN else incident.lap,
    )


def allowed(status: Status) -> frozenset[Verb]:
    """Return the verbs that `status` does not refuse."""
    return frozenset(verb for (before, verb) in _MOVES if before is status)


def raised(incident: Incident, urgency: Urgency) -> Incident:
    """Return `incident` with a higher urgency than it ever had: a new generation from step one.

    A snoozed or acknowledged incident becomes open; a suppressed one only carries the urgency.
    """
    status = incident.status if incident.status is Status.SUPPRESSED else Status.OPEN
    started_anew = status is Status.OPEN
    return replace(
        incident,
        urgency=urgency,
        status=status,
        version=incident.version + 1,
        generation=incident.generation + started_anew,
        until=incident.until if status is Status.SUPPRESSED else None,
        next_step=0 if started_anew else incident.next_step,
        lap=0 if started_anew else incident.lap,
    )


def _owner_after(incident: Incident, verb: Verb, by: int | None) -> int | None:
    if verb is Verb.ACKNOWLEDGE:
        return by if by is not None else incident.assignee_id
    return None if verb in (Verb.UNACKNOWLEDGE, Verb.REOPEN) else incident.assignee_id


def _reassigned(incident: Incident, *, by: int | None, to: int | None) -> Incident:
    if to is None:
        raise IllegalTransition(f"Cannot reassign “{incident.title}”: say to whom.")
    if to == by:
        if incident.assignee_id == to and incident.status is Status.ACKNOWLEDGED:
            return incident
        return replace(
            incident, status=Status.ACKNOWLEDGED, assignee_id=to, version=incident.version + 1, until=None
        )
    if incident.assignee_id == to and incident.status is Status.OPEN and incident.next_step == PAGE_ASSIGNEE:
        return incident
    return replace(
        incident,
        status=Status.OPEN,
        assignee_id=to,
        version=incident.version + 1,
        generation=incident.generation + 1,
        until=None,
        next_step=PAGE_ASSIGNEE,
        lap=0,
    )


def _escalated(incident: Incident) -> Incident:
    """Return it open with its next step due now; the step goes on after the last that fired."""
    return replace(
        incident,
        status=Status.OPEN,
        assignee_id=None,
        version=incident.version + 1,
        generation=incident.generation + (incident.status is not Status.OPEN),
        until=None,
    )


def _refusal(incident: Incident, verb: Verb) -> str:
    now = "already resolved" if incident.status is Status.RESOLVED else f"{incident.status} now"
    return f"Cannot {verb} “{incident.title}”: it is {now}."
