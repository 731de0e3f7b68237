"""The conditions of a step: on which incidents, and when, it asks anybody. An unmet one skips it at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from opsknight.domain.model.event import Urgency
from opsknight.domain.model.support_hours import SupportHours

PRIORITIES: Final = ("P1", "P2", "P3", "P4", "P5")


@dataclass(frozen=True, slots=True)
class Case:
    """What the conditions are judged by: an incident and its service at the instant when the step fires.

    `alerts` counts all that the incident has gathered, `support_hours` are its service's, if it has any.
    """

    at: datetime
    urgency: Urgency
    priority: str | None = None
    support_hours: SupportHours | None = None
    alerts: int = 1


@dataclass(frozen=True, slots=True)
class Conditions:
    """What is said must hold, all of it; what is not said does not matter.

    `support_hours` asks only inside (True) or only outside (False) of those of the service; a service
    without any is supported around the clock. `hours` are weekdays and times by the clock of their own zone.
    """

    urgency: Urgency | None = None
    priorities: tuple[str, ...] = ()
    support_hours: bool | None = None
    hours: SupportHours | None = None
    alerts_at_least: int = 0

    def unmet(self, case: Case) -> str | None:
        """Return the first condition that `case` does not meet, in words for the timeline, or None."""
        if self.urgency is not None and case.urgency is not self.urgency:
            return f"it asks only at {self.urgency} urgency"
        if self.priorities and case.priority not in self.priorities:
            has = f"the incident is {case.priority}" if case.priority else "the incident has no priority"
            return f"it asks only for {', '.join(self.priorities)}, {has}"
        inside = case.support_hours is None or case.support_hours.covers(case.at)
        if self.support_hours is not None and inside is not self.support_hours:
            return f"it asks only {'within' if self.support_hours else 'outside'} support hours"
        if self.hours is not None and not self.hours.covers(case.at):
            return f"it asks only {self.hours.words()}"
        if case.alerts < self.alerts_at_least:
            return f"it asks from {self.alerts_at_least} alerts on, the incident has {case.alerts}"
        return None

    def to_json(self) -> dict[str, Any]:
        """Return what is said as plain JSON."""
        said = {
            "urgency": None if self.urgency is None else self.urgency.value,
            "priorities": list(self.priorities) or None,
            "support_hours": self.support_hours,
            "hours": None if self.hours is None else self.hours.to_json(),
            "alerts_at_least": self.alerts_at_least or None,
        }
        return {name: value for name, value in said.items() if value is not None}

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> Conditions:
        """Return what `to_json` wrote."""
        return cls(
            urgency=Urgency(plain["urgency"]) if "urgency" in plain else None,
            priorities=tuple(plain.get("priorities", ())),
            support_hours=plain.get("support_hours"),
            hours=SupportHours.from_json(plain["hours"]) if "hours" in plain else None,
            alerts_at_least=plain.get("alerts_at_least", 0),
        )


ALWAYS: Final = Conditions()
