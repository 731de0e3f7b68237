"""Taking the last verb back, within five seconds, by the one who did it.

An undo restores what people see and the remaining wait of its timer. Generations never go
back: where the verb had begun a new one and the incident becomes open again, a newer one
begins, and what had never been attempted moves into it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from opsknight.domain.model.incident import IllegalTransition, Incident, Status, Verb

UNDO_WITHIN = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Undo:
    """What an incident was before `verb`, and who may have it back until UNDO_WITHIN after `at`.

    `version` is the one that the verb made and `fired_step`, `fired_lap` what it left due next:
    a difference shows that something happened since. `timer` and `wait_s` are the timer that
    ran before and what remained of it; `alerts` are those that the verb resolved or took back. `policy` and
    `must_acknowledge`, as the row has them, are what paging went by that the verb began anew.
    """

    verb: Verb
    actor: str
    at: datetime
    version: int
    fired_step: int
    fired_lap: int
    status: Status
    assignee_id: int | None
    until: datetime | None
    generation: int
    next_step: int
    lap: int
    timer: str | None = None
    wait_s: float = 0.0
    alerts: tuple[UUID, ...] = ()
    policy: Any = None
    must_acknowledge: Any = None

    def to_json(self) -> dict[str, Any]:
        """Return it as plain JSON for the incident's row."""
        plain = asdict(self)
        plain["at"] = self.at.isoformat()
        plain["until"] = self.until.isoformat() if self.until else None
        plain["alerts"] = [str(alert) for alert in self.alerts]
        return plain

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> Undo:
        """Return what `to_json` wrote."""
        until = plain["until"]
        read: dict[str, Any] = {
            **plain,
            "verb": Verb(plain["verb"]),
            "status": Status(plain["status"]),
            "at": datetime.fromisoformat(plain["at"]),
            "until": datetime.fromisoformat(until) if until else None,
            "alerts": tuple(UUID(alert) for alert in plain["alerts"]),
        }
        return cls(**read)


def remembered(
    before: Incident,
    after: Incident,
    verb: Verb,
    *,
    actor: str,
    at: datetime,
    timer: str | None,
    wait_s: float,
    alerts: tuple[UUID, ...] = (),
    policy: Any = None,
    must_acknowledge: Any = None,
) -> Undo:
    """Return what an undo of `verb` needs to know."""
    return Undo(
        verb=verb,
        actor=actor,
        at=at,
        version=after.version,
        fired_step=after.next_step,
        fired_lap=after.lap,
        status=before.status,
        assignee_id=before.assignee_id,
        until=before.until,
        generation=before.generation,
        next_step=before.next_step,
        lap=before.lap,
        timer=timer,
        wait_s=wait_s,
        alerts=alerts,
        policy=policy,
        must_acknowledge=must_acknowledge,
    )


def undone(incident: Incident, undo: Undo | None, *, actor: str, at: datetime) -> Incident:
    """Return `incident` as it was before the verb that `undo` remembers.

    Raises:
        IllegalTransition: there is nothing to take back, it was another's, the five seconds are
            over, the incident changed since, or the escalation has paged somebody already.
    """
    if undo is None or at > undo.at + UNDO_WITHIN:
        raise IllegalTransition(_cannot(incident, "nothing was done to it in the last 5 seconds"))
    if undo.actor != actor:
        raise IllegalTransition(_cannot(incident, "only the one who did it can take it back"))
    if undo.version != incident.version:
        raise IllegalTransition(_cannot(incident, f"it changed since and is {incident.status} now"))
    fired = (incident.next_step, incident.lap) != (undo.fired_step, undo.fired_lap)
    keeps_step = undo.verb is Verb.ESCALATE and fired
    if keeps_step and undo.status is Status.OPEN:
        raise IllegalTransition(_cannot(incident, "the next step has been paged already"))
    reopens_generation = undo.status is Status.OPEN and undo.generation != incident.generation
    return replace(
        incident,
        status=undo.status,
        assignee_id=undo.assignee_id,
        until=undo.until,
        version=incident.version + 1,
        generation=incident.generation + reopens_generation,
        next_step=incident.next_step if keeps_step else undo.next_step,
        lap=incident.lap if keeps_step else undo.lap,
    )


def _cannot(incident: Incident, why: str) -> str:
    return f"Cannot undo on “{incident.title}”: {why}."
