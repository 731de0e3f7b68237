"""Elastic: the webhook connector of Kibana's rules and of Watcher, and ElastAlert.

Sources: https://www.elastic.co/guide/en/kibana/current/rule-action-variables.html,
https://www.elastic.co/guide/en/elasticsearch/reference/current/actions-webhook.html
and https://elastalert2.readthedocs.io/en/latest/alerts.html#http-post-2
All of them send what people write into a template: fields that its variables suggest are known here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any, Final

from opsknight.api.limits import excess
from opsknight.api.parse import scrub
from opsknight.api.providers.provider import Context, Provider, Said, each
from opsknight.api.reading import (
    by_path,
    inner,
    instant,
    is_list,
    is_object,
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
from opsknight.domain.model.event import Action, Event, Malformed, Severity, Unreadable

SLUG: Final = "elastic"
MAX_ALERTS: Final = 1000


def _asking(action: Action, words: str) -> dict[str, Action]:
    return dict.fromkeys(words.split(", "), action)


_ACTIONS: Final[Mapping[str, Action]] = {
    **_asking(Action.TRIGGER, "create, created, trigger, triggered, open, active, alert, firing, fired, default, new"),
    **_asking(Action.TRIGGER, "threshold met, query matched, warning, critical, error, threshold.fired, no data"),
    **_asking(Action.TRIGGER, "metrics.threshold.fired, metrics.threshold.warning, metrics.threshold.nodata"),
    **_asking(Action.TRIGGER, "metrics.inventory threshold.fired, logs.threshold.fired, threshold met.warning"),
    **_asking(Action.TRIGGER, "xpack.uptime.alerts.actiongroups.monitorstatus, slo.burnrate.alert, slo.burnrate.high"),
    **_asking(Action.TRIGGER, "xpack.synthetics.alerts.actiongroups.monitorstatus, slo.burnrate.medium"),
    **_asking(Action.ACKNOWLEDGE, "acknowledge, acknowledged, ack"),
    **_asking(Action.RESOLVE, "resolve, resolved, recovered, recovery, ok, close, closed, inactive, untracked"),
}
_QUIET: Final = frozenset(
    ("muted", "snoozed", "paused", "disabled", "suppressed", "flapping", "maintenance", "throttled")
)
_STATE_NAMES: Final = (
    "contextstate, alertactiongroup, actiongroup, alertactiongroupname, actiongroupname, eventtype, eventaction,"
    " action, kibanaalertactiongroup, alertstatus, kibanaalertstatus, alertstate, contextalertstate, status, state,"
    " messagetype"
)
_STATE: Final = _STATE_NAMES.split(", ")
"""Kibana's own word for what happened first: the others are written into templates by hand.

Rules about Elasticsearch itself fire and resolve in one group of actions: there the state of their context tells.
"""
_ASKED: Final = frozenset(("trigger", "acknowledge", "resolve"))
"""What a watch's template may put into “event”; in a log's line, which ElastAlert sends whole, it says anything."""

_TITLE_NAMES: Final = (
    "title, rulename, kibanaalertrulename, alertsubject, subject, summary, shortdescription, contexttitle, name,"
    " alertname, rule, metadataname, watchid, contextreason, reason, alertreason, contextmessage, message, alerttext,"
    " text, description, ruleinfo, alertinfo, contextinfo, entitydisplayname, statemessage"
)
_TITLE: Final = _TITLE_NAMES.split(", ")
_GIVEN_NAMES: Final = (
    "dedupkey, incidentkey, alertid, kibanaalertinstanceid, kibanaalertid, watchid, id, kibanaalertuuid, alertuuid"
)
_GIVEN: Final = _GIVEN_NAMES.split(", ")
"""A watch before the id beside it, which is that of its run and new each time."""
_RULE: Final = ("ruleid", "kibanaalertruleuuid", "kibanaalertruleid", "rulename", "kibanaalertrulename", "rule")
_SEVERITY: Final = (
    "severity",
    "alertseverity",
    "kibanaalertseverity",
    "priority",
    "level",
    "contextseverity",
    "metadataseverity",
)
_GROUP: Final = ("contextgroup", "group", "alertgroup")
_SOURCE: Final = ("host", "hostname", "contexthostname", "contexthost", "source", *_GROUP, "server")
_URL: Final = (
    ("contextalertdetailsurl", "Alert"),
    ("alertdetailsurl", "Alert"),
    ("kibanaalerturl", "Alert"),
    ("ruleurl", "Rule"),
    ("contextlink", "Kibana"),
    ("contextviewinappurl", "Kibana"),
    ("viewinappurl", "Kibana"),
    ("kibanalink", "Kibana"),
    ("url", "Kibana"),
    ("link", "Kibana"),
)
_AT: Final = ("timestamp", "date", "contexttimestamp", "contextdate", "executiontime", "triggertriggeredtime")
_STARTED: Final = ("kibanaalertstart", "alertstart", "startedat")
_TEXTS: Final = ("webhook_body", "payload", "body", "data", "ctx")
_DETAIL_NAMES: Final = (
    "description, reason, contextreason, message, contextmessage, alerttext, contextvalue, contextconditions, value,"
    " threshold, ruletype, rulespaceid, alertactiongroup, actiongroup, alertid, numhits, nummatches, kibanaalertreason,"
    " kibanaalertruledescription, alertflapping"
)
_DETAILS: Final = _DETAIL_NAMES.split(", ")
_UNRENDERED: Final = re.compile(r"\{\{\{?[^{}]*\}?\}\}")


def normalise(payload: Any, context: Context) -> Sequence[Event | Unreadable]:
    """Return the event of one rule's alert, or of each in a list of alerts (Kibana's security rules).

    The dedup key is the rule with the alert's id in Kibana, which is what it is grouped by, else the
    id that the template gives, else rule and title.

    Raises:
        Malformed: it is neither an object nor a list of such, or says nothing.
    """
    if is_list(payload) and payload and is_object(payload[0]):
        return each(_few(payload), partial(_made, payload={}), what="Alert", context=context)
    if not is_object(payload):
        raise Malformed("The Elastic payload is not a JSON object.")
    if context.may_exceed and (reason := excess(payload)):
        return [Unreadable(reason)]
    alerts: Any = inner(payload, "context").get("alerts") or payload.get("alerts")
    alerts = _summed_up(alerts) if is_object(alerts) else alerts
    if is_list(alerts) and alerts and is_object(alerts[0]):
        return each(_few(alerts), partial(_made, payload=payload), what="Alert", context=context)
    event = _made(payload, payload={})
    return [] if event is None else [event]


def _summed_up(alerts: Said) -> list[Any]:
    """Return the alerts of a summary, which tells of the new, the ongoing and the recovered ones apart, or of all."""
    groups: dict[str, Any] = {name: inner(alerts, name).get("data") for name in ("new", "ongoing", "recovered", "all")}
    listed = {name: data for name, data in groups.items() if is_list(data)}
    over = [{"kibana.alert.status": "recovered"} | one for one in listed.get("recovered", ()) if is_object(one)]
    return [*listed.get("new", ()), *listed.get("ongoing", ()), *over] or listed.get("all", [])


def _few(alerts: list[Any]) -> list[Any]:
    if len(alerts) > MAX_ALERTS:
        raise Malformed(f"The Elastic payload holds more than {MAX_ALERTS:,} alerts; let the rule run for each alert.")
    return alerts


def _made(alert: Said, *, payload: Said) -> Event | None:
    """Return the event of one alert with what stands around it, None where its state pages nobody."""
    said = _fields(payload) | _fields(alert)
    state = _state(said)
    if state in _QUIET:
        return None
    title = one_line(_first(said, _TITLE))
    if not title:
        if (event := unknown_shape(SLUG, alert)) is not None:
            return event
        raise Malformed("The Elastic payload has no title, rule name or message; put {{rule.name}} into it as “title”.")
    known = (severity_of(text(said.get(name))) for name in _SEVERITY)
    started = (at for name in _STARTED if (at := instant(said.get(name))) is not None)
    details = {name: said[name] for name in _DETAILS if said.get(name) not in (None, "", [], {})}
    links = {one.href: one for name, words in _URL if (one := link(said.get(name), words=words)) is not None}
    is_known = state in _ACTIONS or not state
    return Event(
        action=_ACTIONS.get(state, Action.TRIGGER),
        dedup_key=scoped(SLUG, _identity(said, title)),
        title=title,
        severity=next((severity for severity in known if severity is not None), _by_state(state)),
        source=_first(said, _SOURCE),
        component=_first(said, ("service", "servicename", "contextservice")),
        occurred_at=next((at for name in _AT if (at := instant(said.get(name))) is not None), None),
        started_at=next(started, None),
        tags=_tags(said.get("ruletags") or said.get("kibanaalertruletags") or said.get("tags")),
        links=tuple(links.values())[:5],
        details=details if is_known else details | {"unknown_status": state},
    )


def _fields(payload: Said) -> Said:
    """Return the fields by plain names: those of the texts and objects that a template wraps them in, too.

    Variables that stayed as they were count only where nothing else says what is wrong.
    """
    document = {name: value for name, value in payload.items() if name != "_id"}  # which is new each time
    fields = by_path(document, deep=5)
    for name in _TEXTS:
        for path, value in by_path(inner(payload, name) or _parsed(payload.get(name))).items():
            fields.setdefault(path, value)
    for name in ("ruleinfo", "alertinfo", "contextinfo"):
        wrapped: Any = _parsed(fields.get(name))
        for path, value in by_path(wrapped).items():
            fields.setdefault(name.removesuffix("info") + path, value)
    filled = {path: said for path, said in fields.items() if not _is_unrendered(said)}
    return filled if any(text(filled.get(path)) for path in _TITLE) else fields


def _is_unrendered(value: Any) -> bool:
    return isinstance(value, str) and _UNRENDERED.fullmatch(value.strip()) is not None


def _parsed(value: Any) -> Any:
    if not isinstance(value, str) or not value.lstrip().startswith("{"):
        return None
    try:
        parsed = scrub(json.loads(value))
    except (ValueError, RecursionError):
        return None
    return None if excess(parsed) else parsed


def _state(said: Said) -> str:
    """Return the first word about the state that is known, else the first."""
    words = [found for name in _STATE if (found := word(said.get(name)))]
    words += [asked] if (asked := word(said.get("event"))) in _ASKED else []
    return next((one for one in words if one in _ACTIONS or one in _QUIET), words[0] if words else "")


def _first(said: Said, names: Iterable[str]) -> str:
    return next((found for name in names if (found := text(said.get(name)))), "")


def _identity(said: Said, title: str) -> str:
    """Return the rule with the alert. Kibana before 7.14 called them alertId and alertInstanceId."""
    rule, given = _first(said, _RULE), _first(said, _GIVEN)
    if instance := _first(said, ("alertinstanceid",)):
        rule, given = rule or given, instance
    if given:
        return given if not rule or rule == given else f"{rule}:{given}"
    if rule:
        return ":".join(("rule", rule, *filter(None, (_first(said, _GROUP),))))
    return stable("title", title, _first(said, _SOURCE))


def _by_state(state: str) -> Severity:
    """Return how bad it is by the group of actions, which some rules have two of."""
    if state.endswith((" critical", ".critical")) or state == "critical":
        return Severity.CRITICAL
    return Severity.WARNING if state == "warning" or state.endswith(".warning") else Severity.ERROR


def _tags(value: Any) -> dict[str, str]:
    """Return tags out of a list or text of "env:prod" or "env=prod"."""
    listed: list[Any] = value if is_list(value) else text(value).split(",") if isinstance(value, str) else []
    return texts([one.replace("=", ":", 1) if ":" not in one else one for one in listed if isinstance(one, str)])


_TEMPLATE: Final = """\
{address}

{
  "event_action": "trigger",
  "title": "{{rule.name}}",
  "rule": {"id": "{{rule.id}}", "name": "{{rule.name}}", "url": "{{rule.url}}", "tags": "{{rule.tags}}"},
  "alert": {"id": "{{alert.id}}", "actionGroup": "{{alert.actionGroup}}"},
  "severity": "error",
  "reason": "{{context.reason}}",
  "message": "{{context.message}}",
  "alertDetailsUrl": "{{context.alertDetailsUrl}}",
  "date": "{{date}}"
}

For “Recovered”, a second action of the rule with the same body and "event_action": "resolve"."""

PROVIDER: Final = Provider(
    slug=SLUG,
    label="Elastic",
    docs_url="https://www.elastic.co/guide/en/kibana/current/webhook-action-type.html",
    normalise=normalise,
    where="Stack Management → Connectors → Create connector → Webhook: the address as URL, method POST; then an action "
    "of each rule with that connector and the rest as body, run on status changes. ElastAlert: http_post2_url",
    setup=_TEMPLATE,
    sample={
        "event_action": "trigger",
        "title": "OpsKnight test: Kibana can reach OpsKnight",
        "rule": {"id": "opsknight-test", "name": "OpsKnight test", "url": "", "tags": ""},
        "alert": {"id": "test", "actionGroup": "default"},
        "severity": "info",
        "reason": "",
        "message": "",
        "alertDetailsUrl": "",
        "date": "2026-01-01T00:00:00.000Z",
    },
    retries_429=False,
)
