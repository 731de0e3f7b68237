"""Azure Monitor's action groups: the common alert schema, and the schemas of single services before it.

Sources: https://learn.microsoft.com/azure/azure-monitor/alerts/alerts-common-schema
and https://learn.microsoft.com/azure/azure-monitor/alerts/alerts-non-common-schema-definitions
What the service hooks of Azure DevOps send is read as well, and alerts of Defender for Cloud and Sentinel.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote

from opsknight.api import azure_devops, azure_security
from opsknight.api.limits import excess
from opsknight.api.providers.provider import Context, Provider, Said, each
from opsknight.api.reading import (
    first,
    inner,
    instant,
    is_list,
    is_object,
    kept,
    link,
    one_line,
    scoped,
    severity_of,
    stable,
    text,
    texts,
    word,
)
from opsknight.api.unknown import unknown_shape
from opsknight.domain.model.event import Action, Event, Link, Malformed, Severity, Unreadable

SLUG: Final = "azure"
MAX_EVENTS: Final = 1_000
_VALIDATION: Final = "Microsoft.EventGrid.SubscriptionValidationEvent"

_ACTIONS: Final[Mapping[str, Action]] = {
    "fired": Action.TRIGGER,
    "activated": Action.TRIGGER,
    "acknowledged": Action.ACKNOWLEDGE,
    "resolved": Action.RESOLVE,
    "deactivated": Action.RESOLVE,
    "closed": Action.RESOLVE,
}
_QUIET: Final = frozenset(("suppressed", "disabled", "in progress", "inprogress", "paused", "muted"))
_SEVERITIES: Final[Mapping[str, Severity]] = {
    **dict.fromkeys(("sev0", "0", "critical"), Severity.CRITICAL),
    **dict.fromkeys(("sev1", "1", "error"), Severity.ERROR),
    **dict.fromkeys(("sev2", "2", "warning"), Severity.WARNING),
    **dict.fromkeys(("sev3", "3", "informational", "sev4", "4", "verbose"), Severity.INFO),
}
_HEALTH: Final = frozenset(("resourcehealth", "resource health", "servicehealth", "service health"))
"""Services whose every change is a “Fired” of its own; what it is about and whether it is over stands inside."""

_COSTS: Final = frozenset(("costalerts", "cost alerts"))
"""Services that only tell what is spent: a budget has neither a condition nor a severity."""

_ACTIVITIES: Final = "activity log"
"""How the services begin that tell what somebody did; its properties are nobody's tags."""

_SCALED: Final = frozenset(("scale in", "scale out"))
"""What autoscale did of itself; “Activated” says no more than that."""

_LOG_LINKS: Final = (
    "LinkToFilteredSearchResultsUI", "LinkToSearchResults", "linkToFilteredSearchResultsUI", "linkToSearchResultsUI",
)  # fmt: skip
_ALERT_PAGE: Final = "https://portal.azure.com/#blade/Microsoft_Azure_Monitoring/AlertDetailsTemplateBlade/alertId/"
"""Before an alert's id: its own page in the portal."""

_OF_BUDGET: Final = ("BudgetType", "NotificationThresholdAmount", "SubscriptionName", "AccountName", "DepartmentName")
_OF_COSTS: Final = (
    "Scope",
    "ThresholdType",
    "BudgetThreshold",
    "SpentAmount",
    "ForecastedTotalForPeriod",
    "BudgetType",
)
_OF_CONTEXT_NAMES: Final = (
    "conditionType, condition, SearchQuery, ResultCount, Threshold, Operator, status, annotations, expression,"
    " expressionValue"
)
_OF_CONTEXT: Final = _OF_CONTEXT_NAMES.split(", ")
_OF_ACTIVITY_NAMES: Final = "operationName, caller, status, level, eventSource, subStatus, correlationId"
_OF_ACTIVITY: Final = _OF_ACTIVITY_NAMES.split(", ")
_OF_HEALTH_NAMES: Final = "title, currentHealthStatus, cause, service, region, incidentType, trackingId, stage"
_OF_HEALTH: Final = _OF_HEALTH_NAMES.split(", ")
_OF_RULE_NAMES: Final = (
    "description, conditionType, condition, resourceType, resourceRegion, resourceGroupName, details, oldCapacity,"
    " newCapacity"
)
_OF_RULE: Final = _OF_RULE_NAMES.split(", ")


def normalise(payload: Any, context: Context) -> Sequence[Event | Unreadable]:
    """Return the event of one alert, in whichever schema it comes; of each in a list, as Event Grid sends them.

    The dedup key is the alert's id in the common schema, else the rule with the resource and
    dimensions that it fired for; for an activity, the resource and the operation.

    Raises:
        Malformed: it is neither object nor list, or none of Azure's schemas and says nothing.
    """
    if is_list(payload) and payload:
        if len(payload) > MAX_EVENTS:
            raise Malformed(f"The Azure payload holds more than {MAX_EVENTS:,} events; send fewer at once.")
        return each(payload, _of_a_grid, what="Event", context=context)
    if not is_object(payload):
        raise Malformed("The Azure Monitor payload is not a JSON object.")
    if context.may_exceed and (reason := excess(payload)):
        return [Unreadable(reason)]
    event = _one(payload)
    return [] if event is None else [event]


def _of_a_grid(element: Said) -> Event | None:
    """Return the event of one of Event Grid's, which come in a list; None of the one that only confirms a webhook."""
    return None if text(element.get("eventType")) == _VALIDATION else _one(element)


def _one(payload: Said) -> Event | None:
    """Return the event of one alert, None of what pages nobody.

    Raises:
        Malformed: it is none of Azure's schemas, and says nothing.
    """
    told = azure_devops.read(payload) if azure_devops.is_hook(payload) else None
    if told is None:
        told = azure_security.read(payload)
    if told is not None:
        return next(iter(told), None)
    data = inner(payload, "data") or inner(payload, "properties") or payload
    if essentials := inner(data, "essentials"):
        return _common(essentials, inner(data, "alertContext") or inner(data, "context"), data)
    if activity := inner(data, "context", "activityLog"):
        return _activity(activity, data)
    if rule := inner(payload, "context") or inner(data, "context"):
        return _metric(rule, data if "context" in data else payload)
    if text(data.get("AlertRuleName")) or text(data.get("alertRuleName")):
        return _log(data)
    if text(data.get("BudgetName")):
        return _budget(data)
    if (event := unknown_shape(SLUG, payload)) is None:
        raise Malformed("The Azure Monitor payload is none that an action group sends; enable the common alert schema.")
    return event


def _common(essentials: Said, context: Said, data: Said) -> Event | None:
    """Return the event of the common alert schema (or of a smart detector, which is close to it)."""
    condition = word(essentials.get("monitorCondition"))
    service = word(essentials.get("monitoringService") or essentials.get("monitorService"))
    if service in _HEALTH:
        return _activity(context, data, essentials)
    if service in _COSTS:
        return _cost(essentials, context)
    if condition in _QUIET:
        return None
    action = _ACTIONS.get(condition, Action.TRIGGER)
    targets, items = _listed(essentials, "alertTargetIDs"), _listed(essentials, "configurationItems")
    rule, description = first(essentials, ("alertRule", "alertRuleName")), first(essentials, ("description",))
    target = targets[0] if targets else first(essentials, ("targetResource",))
    identity = first(essentials, ("alertId", "originAlertId")) or stable(rule, *sorted(targets), target)
    fired_at = instant(essentials.get("firedDateTime") or essentials.get("startDateTime"))
    own: Said = {} if service.startswith(_ACTIVITIES) else inner(context, "properties")
    details = kept(
        essentials, ("description", "monitoringService", "signalType", "alertTargetIDs", "investigationLink")
    )
    return Event(
        action=action,
        dedup_key=scoped(SLUG, identity),
        title=one_line((_last(rule) if rule.startswith("/") else rule) or description) or "Azure Monitor alert",
        severity=_severity(essentials.get("severity")),
        source=(items[0] if items else "") or _last(target) or first(essentials, ("targetResourceName",)),
        component=first(essentials, ("monitoringService", "monitorService")),
        occurred_at=instant(essentials.get("resolvedDateTime")) if action is Action.RESOLVE else fired_at,
        started_at=fired_at,
        tags=_tags(context) | texts(inner(data, "customProperties") or own),
        links=_links(essentials.get("investigationLink") or _page(essentials), *_found(context)),
        details=_with_unknown(details | kept(context, _OF_CONTEXT), condition),
    )


def _cost(essentials: Said, context: Said) -> Event:
    """Return the event of a budget that is spent, or will be, up to one of its thresholds; it has no recovery."""
    about = inner(context, "AlertData")
    budget, scope = first(about, ("BudgetName",)), first(about, ("Scope",))
    threshold, description = first(about, ("NotificationThresholdAmount",)), first(essentials, ("description",))
    return Event(
        action=Action.TRIGGER,
        dedup_key=scoped(SLUG, first(essentials, ("alertId",)) or f"budget:{stable(scope, budget, threshold)}"),
        title=one_line(description or f"Budget {budget}: {first(about, ('SpentAmount',))} spent"),
        severity=Severity.WARNING,
        source=budget,
        component="Budget",
        occurred_at=instant(essentials.get("firedDateTime")),
        links=_links(_page(essentials)),
        details=kept(about, _OF_COSTS),
    )


def _metric(rule: Said, data: Said) -> Event | None:
    """Return the event of a metric alert in the schema of its own, and of the classic one before it."""
    status = word(data.get("status"))
    if status in _QUIET:
        return None
    name, resource = first(rule, ("name",)), first(rule, ("resourceId", "resourceName"))
    dimensions = sorted(_dimensions(rule))
    if not (identity := first(rule, ("id",)) or name):
        raise Malformed("The Azure Monitor alert has neither an id nor a name.")
    key = stable(identity.casefold(), resource.casefold(), *(part for pair in dimensions for part in pair))
    scaled = first(data, ("operation",)) if word(data.get("operation")) in _SCALED else ""
    return Event(
        action=_ACTIONS.get(status, Action.TRIGGER),
        dedup_key=scoped(SLUG, f"{_last(identity)}:{key}"),
        title=one_line(": ".join(one for one in (name or _last(identity), scaled) if one)) or "Azure Monitor alert",
        severity=Severity.INFO if scaled else _severity(rule.get("severity")),
        source=first(rule, ("resourceName",)) or _last(resource),
        component=first(rule, ("resourceType",)),
        occurred_at=instant(rule.get("timestamp")),
        tags=texts(inner(data, "properties")),
        links=_links(rule.get("portalLink")),
        details=_with_unknown(kept(rule, _OF_RULE), status),
    )


def _log(said: Said) -> Event:
    """Return the event of a log search in the schema of its own; it has no recovery."""
    rule = first(said, ("AlertRuleName", "alertRuleName"))
    where = first(said, ("ResourceId", "WorkspaceId", "ApplicationId"))
    dimensions = sorted(_pairs(said.get("Dimensions")))
    key = stable(rule, where.casefold(), *(part for pair in dimensions for part in pair))
    return Event(
        action=Action.TRIGGER,
        dedup_key=scoped(SLUG, f"{rule}:{key}"),
        title=one_line(rule) or "Azure log alert",
        severity=_severity(said.get("Severity")),
        source=_last(where),
        component=first(said, ("AlertType",)),
        occurred_at=instant(said.get("SearchIntervalEndtimeUtc")),
        tags=dict(dimensions),
        links=_links(*(said.get(name) for name in _LOG_LINKS)),
        details=kept(
            said, ("Description", "SearchQuery", "ResultCount", "AlertThresholdOperator", "AlertThresholdValue")
        ),
    )


def _budget(said: Said) -> Event:
    """Return the event of a budget that is spent up to one of its thresholds; it has no recovery."""
    name, threshold = text(said.get("BudgetName")), text(said.get("NotificationThresholdAmount"))
    where = first(said, ("SubscriptionId", "BillingAccountId", "EnrollmentNumber"))
    spent, budget, unit = (text(said.get(part)) for part in ("SpendingAmount", "Budget", "Unit"))
    return Event(
        action=Action.TRIGGER,
        dedup_key=scoped(SLUG, f"budget:{stable(where, name, threshold)}"),
        title=one_line(f"Budget {name}: {spent} of {budget} {unit} spent"),
        severity=Severity.WARNING,
        source=first(said, ("ResourceGroup", "SubscriptionName")),
        component="Budget",
        details=kept(said, _OF_BUDGET),
    )


def _activity(activity: Said, data: Said, essentials: Said | None = None) -> Event | None:
    """Return the event of an activity log alert: something done, or the health of a resource or a service."""
    said, about = essentials or {}, inner(activity, "properties")
    source = first(said, ("monitoringService",)) or first(activity, ("eventSource",))
    is_health = word(source) in _HEALTH
    statuses = [word(one) for one in (activity.get("status"), about.get("stage"))] if is_health else []
    status = "resolved" if "resolved" in statuses else next((one for one in statuses if one), "")
    if status in _QUIET:
        return None
    targets = _listed(said, "alertTargetIDs")
    resource = first(activity, ("resourceId",)) or (targets[0] if targets else "")
    operation = first(activity, ("operationName",))
    what = first(about, ("trackingId",)) or ("" if is_health else operation)
    if not (what or resource or source):
        raise Malformed("The Azure activity log alert has neither a resource nor an operation.")
    title = (
        first(about, ("title", "recommendationName"))
        or first(said, ("alertRule",))
        or first(activity, ("description",))
        or operation
    )
    return Event(
        action=Action.RESOLVE if status == "resolved" else Action.TRIGGER,
        dedup_key=scoped(
            SLUG, f"activity:{stable(word(source), what, '' if about.get('trackingId') else resource.casefold())}"
        ),
        title=one_line(title) or "Azure activity",
        severity=severity_of(about.get("severity"))
        or _severity(said.get("severity") if said else activity.get("level")),
        source=first(about, ("service",)) or _last(resource),
        component=source,
        occurred_at=instant(activity.get("eventTimestamp")),
        tags=texts(inner(data, "customProperties") or inner(data, "properties")),
        details=kept(activity, _OF_ACTIVITY) | kept(about, _OF_HEALTH) | kept(said, ("alertRule", "alertId")),
    )


def _severity(value: Any) -> Severity:
    return _SEVERITIES.get(text(value).casefold(), Severity.ERROR)


def _with_unknown(details: dict[str, object], status: str) -> dict[str, object]:
    return details if status in _ACTIONS else details | {"unknown_status": status or "none"}


def _listed(said: Said, name: str) -> list[str]:
    values: Any = said.get(name)
    return [found for one in values if (found := text(one))] if is_list(values) else []


def _last(resource: str) -> str:
    """Return the name at the end of a resource's id."""
    return resource.rstrip("/").rpartition("/")[2]


def _tags(context: Said) -> dict[str, str]:
    """Return the labels of a Prometheus rule, and the dimensions that a metric or a log search fired for."""
    of_all: Any = inner(context, "condition").get("allOf")
    conditions = [one for one in of_all if is_object(one)] if is_list(of_all) else []
    dimensions = {name: value for one in conditions for name, value in _pairs(one.get("dimensions"))}
    return dimensions | texts(inner(context, "labels"))


def _dimensions(rule: Said) -> Iterator[tuple[str, str]]:
    of_all: Any = inner(rule, "condition").get("allOf")
    for one in of_all if is_list(of_all) else ():
        if is_object(one):
            yield from (
                (f"{text(one.get('metricName'))}.{name}", value) for name, value in _pairs(one.get("dimensions"))
            )


def _pairs(dimensions: Any) -> Iterator[tuple[str, str]]:
    for one in dimensions if is_list(dimensions) else ():
        if is_object(one) and text(one.get("name")):
            yield text(one["name"]), text(one.get("value"))


def _page(essentials: Said) -> str:
    alert = first(essentials, ("alertId",))
    return _ALERT_PAGE + quote(alert, safe="") if alert.startswith("/subscriptions/") else ""


def _found(context: Said) -> Iterator[Any]:
    """Yield where a log search is found, newer rules name it in their conditions."""
    of_all: Any = inner(context, "condition").get("allOf")
    for place in (context, *(one for one in (of_all if is_list(of_all) else ()) if is_object(one))):
        yield next((said for name in _LOG_LINKS if (said := place.get(name))), None)


def _links(portal: Any, *others: Any) -> tuple[Link, ...]:
    found = (link(portal, words="Portal"), *(link(one, words="Search") for one in others))
    return tuple(one for one in found if one is not None)[:3]


PROVIDER: Final = Provider(
    slug=SLUG,
    label="Azure Monitor",
    docs_url="https://learn.microsoft.com/azure/azure-monitor/alerts/action-groups#webhook",
    normalise=normalise,
    where="Monitor → Alerts → Action groups → Create → Actions → Webhook: paste it as URI and enable the common alert "
    "schema",
    sample={
        "schemaId": "azureMonitorCommonAlertSchema",
        "data": {
            "essentials": {
                "alertId": "/subscriptions/0/providers/Microsoft.AlertsManagement/alerts/opsknight-test",
                "alertRule": "OpsKnight test",
                "severity": "Sev4",
                "signalType": "Metric",
                "monitorCondition": "Fired",
                "monitoringService": "Platform",
                "alertTargetIDs": ["/subscriptions/0/resourcegroups/test/providers/test/test"],
                "configurationItems": ["test"],
                "originAlertId": "0",
                "firedDateTime": "2026-01-01T00:00:00Z",
                "description": "Azure Monitor can reach OpsKnight",
                "essentialsVersion": "1.0",
                "alertContextVersion": "1.0",
            },
            "alertContext": {},
        },
    },
)
