"""What Microsoft's security services tell through Azure: alerts of Defender for Cloud, and incidents of Sentinel.

Sources: https://learn.microsoft.com/azure/defender-for-cloud/continuous-export and
https://learn.microsoft.com/azure/sentinel/playbook-triggers-actions (what a playbook hands on)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeAlias

from opsknight.api.reading import asked, first, inner, instant, kept, link, one_line, scoped, severity_of
from opsknight.domain.model.event import Action, Event, Severity

Said: TypeAlias = dict[str, Any]
SLUG: Final = "azure"

_STATES: Final[Mapping[str, Action]] = {
    "new": Action.TRIGGER,
    "active": Action.TRIGGER,
    "closed": Action.RESOLVE,
    "resolved": Action.RESOLVE,
    "dismissed": Action.RESOLVE,
}
_OF_ALERT: Final = ("Description", "Intent", "RemediationSteps", "AlertType", "ProductName")
_OF_INCIDENT: Final = ("description", "incidentNumber", "classification", "providerName", "owner")


def read(payload: Said) -> list[Event] | None:
    """Return the event of an alert or an incident, none of one whose state pages nobody; None for anything else."""
    incident = inner(payload, "object", "properties")
    if number := first(incident, ("incidentNumber",)):
        return _incident(incident, first(inner(payload, "object"), ("id", "name")) or number)
    if (given := first(payload, ("SystemAlertId",))) and first(payload, ("AlertDisplayName",)):
        return _alert(payload, given)
    return None


def _alert(said: Said, given: str) -> list[Event]:
    """Return the event of an alert of Defender for Cloud."""
    state = asked(_STATES, said.get("Status"))
    if state.action is None:
        return []
    found = link(said.get("AlertUri"), words="Alert")
    event = Event(
        action=state.action,
        dedup_key=scoped(SLUG, f"security:{given}"),
        title=one_line(first(said, ("AlertDisplayName",))),
        severity=severity_of(said.get("Severity")) or Severity.ERROR,
        source=first(said, ("CompromisedEntity",)),
        component=first(said, ("ProductName",)) or "Defender for Cloud",
        occurred_at=instant(said.get("TimeGeneratedUtc") or said.get("TimeGenerated")),
        started_at=instant(said.get("StartTimeUtc")),
        links=() if found is None else (found,),
        details=state.marked(kept(said, _OF_ALERT)),
    )
    return [event]


def _incident(said: Said, given: str) -> list[Event]:
    """Return the event of an incident of Sentinel."""
    state = asked(_STATES, said.get("status"))
    if state.action is None:
        return []
    found = link(said.get("incidentUrl"), words="Incident")
    event = Event(
        action=state.action,
        dedup_key=scoped(SLUG, f"security:{given}"),
        title=one_line(first(said, ("title",))) or "Sentinel incident",
        severity=severity_of(said.get("severity")) or Severity.ERROR,
        component="Sentinel",
        occurred_at=instant(said.get("lastModifiedTimeUtc") or said.get("createdTimeUtc")),
        links=() if found is None else (found,),
        details=state.marked(kept(said, _OF_INCIDENT)),
    )
    return [event]
