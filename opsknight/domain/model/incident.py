"""The life of an incident: one table of moves, one function that decides.

Used alike by the web page, the API, monitors, acknowledge links and timers. What can be taken
back within seconds is in `opsknight.domain.model.undo`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from opsknight.domain.model.event import Urgency
from opsknight.domain.model.speech import later, say


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
    reassign, `until` the end of a snooze or suppress; only a rule's suppress has none.
    Acknowledging another's incident changes nothing: see `owned_by_another`.

    Raises:
        IllegalTransition: the present status does not allow the verb, or it lacks `to` or `until`.
    """
    status = _MOVES.get((incident.status, verb))
    if status is None:
        raise IllegalTransition(_refusal(incident, verb))
    if verb is Verb.ACKNOWLEDGE:
        return _acknowledged(incident, by=by)
    if verb is Verb.REASSIGN:
        return _reassigned(incident, by=by, to=to)
    if verb is Verb.ESCALATE:
        return _escalated(incident)
    if verb is Verb.SNOOZE and until is None:
        raise IllegalTransition(f"Cannot snooze “{incident.title}”: say until when.")
    if status is incident.status and (verb not in _TIMED or until == incident.until):
        return incident
    if status is Status.OPEN:
        return _opened_anew(incident)
    return replace(incident, status=status, version=incident.version + 1, until=until if verb in _TIMED else None)


def allowed(status: Status) -> frozenset[Verb]:
    """Return the verbs that `status` does not refuse."""
    return frozenset(verb for (before, verb) in _MOVES if before is status)


def owned_by_another(incident: Incident, *, by: int | None) -> bool:
    """Return whether somebody else than `by` has acknowledged it, so that `by` may only take it over."""
    return incident.status is Status.ACKNOWLEDGED and incident.assignee_id is not None and incident.assignee_id != by


def still_the_same(incident: Incident, verb: Verb) -> bool:
    """Return whether `verb` from a screen that saw an older version would still do what its user meant.

    So it is for a resolve, and for an acknowledge of what nobody has put to sleep meanwhile:
    open becomes acknowledged, and acknowledged by another only names the owner.
    """
    if verb is Verb.ACKNOWLEDGE:
        return incident.status in (Status.OPEN, Status.ACKNOWLEDGED)
    return verb is Verb.RESOLVE


def kept_quiet(incident: Incident) -> Incident:
    """Return a resolved incident suppressed until its alerts resolve: not for an instant open, so nobody is paged.

    Raises:
        IllegalTransition: it is not resolved.
    """
    if incident.status is not Status.RESOLVED:
        raise IllegalTransition(f"Cannot keep “{incident.title}” quiet: it is {incident.status} now.")
    return replace(incident, status=Status.SUPPRESSED, version=incident.version + 1, until=None)


def raised(incident: Incident, urgency: Urgency) -> Incident:
    """Return `incident` with a higher urgency than it ever had: a new generation from step one.

    A snoozed or acknowledged incident becomes open and has no owner; a suppressed or resolved
    one only carries the urgency. The caller knows the highest urgency that it has had.
    """
    if incident.status in (Status.SUPPRESSED, Status.RESOLVED):
        return carrying(incident, urgency)
    owner = incident.assignee_id if incident.status is Status.OPEN else None
    return replace(_opened_anew(incident), urgency=urgency, assignee_id=owner)


def carrying(incident: Incident, urgency: Urgency) -> Incident:
    """Return `incident` with another urgency and nothing else changed: nobody is paged for it now."""
    return replace(incident, urgency=urgency, version=incident.version + 1)


def _opened_anew(incident: Incident) -> Incident:
    """Return it open and nobody's, in a new generation that pages from the first step."""
    return replace(
        incident,
        status=Status.OPEN,
        version=incident.version + 1,
        generation=incident.generation + 1,
        assignee_id=None,
        until=None,
        next_step=0,
        lap=0,
    )


def _acknowledged(incident: Incident, *, by: int | None) -> Incident:
    """Return it acknowledged by `by`; a monitor's acknowledge has no owner and takes none away."""
    if incident.status is Status.ACKNOWLEDGED and (by is None or incident.assignee_id is not None):
        return incident
    return replace(incident, status=Status.ACKNOWLEDGED, assignee_id=by, version=incident.version + 1, until=None)


def _reassigned(incident: Incident, *, by: int | None, to: int | None) -> Incident:
    """Return it with `to`: acknowledged when they take it themselves, else open and paging them first."""
    if to is None:
        raise IllegalTransition(f"Cannot reassign “{incident.title}”: say to whom.")
    has_it = incident.assignee_id == to and incident.status in (Status.ACKNOWLEDGED, Status.OPEN)
    if has_it and (incident.status is Status.ACKNOWLEDGED or to != by):
        return incident
    if to == by:
        return replace(incident, status=Status.ACKNOWLEDGED, assignee_id=to, version=incident.version + 1, until=None)
    return replace(_opened_anew(incident), assignee_id=to, next_step=PAGE_ASSIGNEE)


def _escalated(incident: Incident) -> Incident:
    """Return it open with its next step due now; the step goes on after the last that fired."""
    return replace(
        incident,
        status=Status.OPEN,
        assignee_id=None,
        version=incident.version + 1,
        generation=incident.generation + (incident.status is not Status.OPEN),
        until=None,
        next_step=max(incident.next_step, 0),
    )


def _refusal(incident: Incident, verb: Verb) -> str:
    if incident.status is Status.RESOLVED:
        return say(_RESOLVED_ALREADY[verb], title=incident.title)
    return f"Cannot {verb} “{incident.title}”: it is {incident.status} now."  # only a screen asks for these


_RESOLVED_ALREADY = {
    Verb.ACKNOWLEDGE: later("Cannot acknowledge “{title}”: it is already resolved."),
    Verb.UNACKNOWLEDGE: later("Cannot unacknowledge “{title}”: it is already resolved."),
    Verb.SNOOZE: later("Cannot snooze “{title}”: it is already resolved."),
    Verb.WAKE: later("Cannot wake “{title}”: it is already resolved."),
    Verb.SUPPRESS: later("Cannot suppress “{title}”: it is already resolved."),
    Verb.REASSIGN: later("Cannot reassign “{title}”: it is already resolved."),
    Verb.ESCALATE: later("Cannot escalate “{title}”: it is already resolved."),
}
