"""What SolarWinds alert actions post (Orion, SolarWinds Platform), and the webhooks of its Observability and AppOptics.

Sources: https://documentation.solarwinds.com/en/success_center/orionplatform/content/core-send-a-get-or-post-request.htm
(the body is the user's, made of variables), https://thwack.solarwinds.com/ (Alerting variables) and
https://documentation.solarwinds.com/en/success_center/observability/content/configure/configure-notification-webhook.htm
and https://documentation.solarwinds.com/en/success_center/appoptics/content/kb/alert/notification_services/webhook.htm
and, for bodies that were made for others, https://docs.ilert.com/inbound-integrations/solarwinds,
https://docs.datadoghq.com/integrations/solarwinds/ and https://github.com/splunk/public-o11y-docs (Splunk On-Call)
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any, Final

from opsknight.api.limits import excess
from opsknight.api.parse import parse
from opsknight.api.providers.provider import Context, Provider, Said
from opsknight.api.reading import (
    QUIET,
    first,
    flat,
    is_object,
    link,
    rest,
    scoped,
    severity_of,
    stable,
    text,
    titled,
    word,
    zoned_instant,
)
from opsknight.api.unknown import unknown_shape
from opsknight.domain.model.event import Action, Event, Link, Malformed, Severity, Unreadable

SLUG: Final = "solarwinds"

_ACTIONS: Final[Mapping[str, Action]] = {
    "alert": Action.TRIGGER,
    "create": Action.TRIGGER,
    "created": Action.TRIGGER,
    "trigger": Action.TRIGGER,
    "triggered": Action.TRIGGER,
    "active": Action.TRIGGER,
    "open": Action.TRIGGER,
    "firing": Action.TRIGGER,
    "problem": Action.TRIGGER,
    "down": Action.TRIGGER,
    "warning": Action.TRIGGER,
    "critical": Action.TRIGGER,
    "acknowledge": Action.ACKNOWLEDGE,
    "acknowledged": Action.ACKNOWLEDGE,
    "acknowledgement": Action.ACKNOWLEDGE,
    "resolve": Action.RESOLVE,
    "resolved": Action.RESOLVE,
    "reset": Action.RESOLVE,
    "clear": Action.RESOLVE,
    "cleared": Action.RESOLVE,
    "close": Action.RESOLVE,
    "closed": Action.RESOLVE,
    "recovery": Action.RESOLVE,
    "recovered": Action.RESOLVE,
    "up": Action.RESOLVE,
    "ok": Action.RESOLVE,
}
_SEVERITIES: Final[Mapping[str, Severity]] = {
    "critical": Severity.CRITICAL,
    "2": Severity.CRITICAL,
    "serious": Severity.ERROR,
    "3": Severity.ERROR,
    "warning": Severity.WARNING,
    "1": Severity.WARNING,
    "notice": Severity.INFO,
    "4": Severity.INFO,
    "informational": Severity.INFO,
    "information": Severity.INFO,
    "0": Severity.INFO,
}
"""By word and by Orion's number, which does not rise with how bad it is."""

_ACTION: Final = (
    "actiontype", "action", "eventtype", "eventaction", "ilerteventtype", "messagetype", "notificationtype",
    "alertstatus", "status", "state",
)  # fmt: skip
_TRUE: Final = frozenset(("true", "yes", "1"))
_SEVERITY: Final = ("severity", "alertseverity", "messagetype")
_TITLE: Final = (
    "alertmessage", "message", "title", "summary", "ilerteventsummary", "entitydisplayname", "statemessage",
    "alertname", "alertrule", "name", "subject",
)  # fmt: skip
_NAME: Final = ("alertname", "name", "alertdefname", "alertrule")
_NODE: Final = ("nodename", "node", "nodecaption", "hostname", "host", "entityname", "relatednodecaption", "ipaddress")
_OBJECT: Final = ("objectname", "entitycaption", "interfacename", "object", "objecttype", "entitytype")
_AT: Final = ("timestamp", "time", "datetime", "timeofalert")
_SINCE: Final = ("alerttriggertime", "triggertime", "triggereddatetime", "triggeredat")
_OVER: Final = ("resetat", "clearedat")
_LINKS: Final = (
    ("alertdetailsurl", "Monitor"), ("alerturl", "Monitor"), ("ilerturl", "Monitor"), ("url", "Monitor"),
    ("link", "Monitor"),
    ("nodedetailsurl", "Node"), ("runbookurl", "Runbook"), ("alertrunbookurl", "Runbook"),
    ("knowledgebaseurl", "Runbook"),
)  # fmt: skip
_SHOWN: Final = frozenset(
    (*_ACTION, *_SEVERITY, *_NODE, "alertmessage", "ilerteventsummary", *(name for name, _ in _LINKS))
)

_CLEARED: Final = frozenset(("normal", "auto", "manual"))
"""How AppOptics says that an alert is over."""
_UNRENDERED: Final = re.compile(r"\$\{[^{}]*\}")
_OBJECT_ID: Final = re.compile(r"(?:AAT:|[?&]ObjID=|[?&]AlertObjectID=)(\d{1,12})", re.IGNORECASE)


def normalise(payload: Any, context: Context) -> Sequence[Event | Unreadable]:
    """Return the one event of `payload`.

    The dedup key is the alert's object id, which is one for an alert and what it is about; else
    the alert's id, which every node shares that it fires for, with the node.

    Raises:
        Malformed: nothing in it says what is wrong.
    """
    if not is_object(payload):
        raise Malformed("The SolarWinds payload is not a JSON object and no form; paste the body into the action.")
    if context.may_exceed and (reason := excess(payload)):
        return [Unreadable(reason)]
    payload = _opened(payload)
    said = flat(payload, unrendered=_UNRENDERED)
    node, title = first(said, _NODE), first(said, _TITLE)
    identity = _identity(said, node)
    if not identity or not (title or node):
        return [_unknown(payload)]
    action, unknown = _action(said)
    if action is None:
        return []
    name, since = first(said, _NAME), _instant(said, _SINCE)
    return [
        Event(
            action=action,
            dedup_key=scoped(SLUG, identity),
            title=titled(title, f"Alert on {node}", otherwise="SolarWinds alert"),
            severity=_severity(said),
            source=node,
            component=first(said, _OBJECT),
            occurred_at=_instant(said, _AT) or (since if action is Action.TRIGGER else _instant(said, _OVER)),
            started_at=since,
            tags={"alert": name} if name else {},
            links=_links(said),
            details=rest(payload, _SHOWN, unrendered=_UNRENDERED) | ({"unknown_status": unknown} if unknown else {}),
        )
    ]


def _opened(payload: Said) -> Said:
    """Return what AppOptics puts into “payload”, an object or JSON in a form, with the host and whether it is over."""
    wrapped: Any = payload.get("payload")
    if isinstance(wrapped, str) and wrapped.lstrip().startswith("{"):
        with suppress(Malformed):
            wrapped = parse(wrapped.encode(errors="replace")).payload
    said = wrapped if is_object(wrapped) and "alert" in wrapped and not excess(wrapped) else payload
    violations = said.get("violations")
    added = {"node": next(iter(violations))} if is_object(violations) and violations else {}
    if word(said.get("clear")) in _CLEARED:
        added["action"] = "clear"
    return added | {name.strip(): value for name, value in said.items()}  # a form of one field a line


def _unknown(payload: Said) -> Event:
    event = unknown_shape(SLUG, payload)
    if event is None:
        raise Malformed("The SolarWinds payload names no alert; send AlertID, NodeName and AlertMessage in its body.")
    return event


def _identity(said: Said, node: str) -> str:
    if given := first(said, ("dedupkey", "incidentkey", "ilertincidentkey", "alertobjectid", "entityid")):
        return f"object:{given}"
    for field in ("acknowledgeurl", "alertdetailsurl", "alerturl"):
        if found := _OBJECT_ID.search(text(said.get(field))[:2048]):
            return f"object:{found[1]}"
    subject = first(said, _OBJECT)
    if alert := first(said, ("alertid", "alertdefid", "alertactiveid", "id")):
        return ":".join(("alert", alert, *(one for one in (node, subject) if one)))
    name = first(said, _NAME) or first(said, _TITLE)
    return stable(name, node, subject) if name and node else ""


def _action(said: Said) -> tuple[Action | None, str]:
    """Return what is asked for, None for what pages nobody, and the word that is not known. The first given decides.

    Datadog's body for a reset action differs from that of the trigger by “reset” alone.
    """
    if _is(said, "reset") or word(text(said.get("isactive"))) == "false":
        return Action.RESOLVE, ""
    asked = next((one for name in _ACTION if (one := word(said.get(name)))), "")
    if asked in QUIET:
        return None, ""
    if not asked and _instant(said, _OVER) is not None:
        return Action.RESOLVE, ""
    if asked and asked not in _ACTIONS:
        return Action.TRIGGER, asked
    action = _ACTIONS.get(asked, Action.TRIGGER)
    is_acknowledged = word(text(said.get("acknowledged"))) == "acknowledged" or any(
        _is(said, name) for name in ("acknowledged", "isacknowledged")
    )
    return Action.ACKNOWLEDGE if is_acknowledged and action is Action.TRIGGER and not asked else action, ""


def _is(said: Said, name: str) -> bool:
    return word(text(said.get(name))) in _TRUE


def _instant(said: Said, names: Sequence[str]) -> datetime | None:
    return next((at for name in names if (at := zoned_instant(said.get(name))) is not None), None)


def _severity(said: Said) -> Severity:
    for name in _SEVERITY:
        if found := _SEVERITIES.get(word(text(said.get(name)))) or severity_of(said.get(name)):
            return found
    return Severity.ERROR


def _links(said: Said) -> tuple[Link, ...]:
    found = (link(said.get(name), words=words) for name, words in _LINKS)
    return tuple({one.href: one for one in found if one is not None}.values())


PROVIDER: Final = Provider(
    slug=SLUG,
    label="SolarWinds",
    docs_url="https://documentation.solarwinds.com/en/success_center/orionplatform/content/core-send-a-get-or-post-request.htm",
    normalise=normalise,
    form=True,
    query=True,
    where="Alerts & Activity → Manage Alerts → the alert → Trigger Actions and Reset Actions → Send a GET or POST"
    " Request to a Web Server",
    setup="""\
URL: {address}
Content type: application/json
Body (for the reset action write "resolve" in place of "create"):
{"ActionType": "create", "AlertObjectID": "${N=Alerting;M=AlertObjectID}", "AlertID": "${N=Alerting;M=AlertID}", \
"AlertName": "${N=Alerting;M=AlertName}", "NodeName": "${N=SwisEntity;M=Caption}", \
"AlertMessage": "${N=Alerting;M=AlertMessage}", "Severity": "${N=Alerting;M=Severity}", \
"AlertDetailsUrl": "${N=Alerting;M=AlertDetailsUrl}"}""",
    sample={
        "ActionType": "create",
        "AlertObjectID": "1204",
        "AlertID": "156",
        "AlertName": "OpsKnight test",
        "NodeName": "web-1",
        "AlertMessage": "OpsKnight test: this is only a test",
        "Severity": "Informational",
    },
)
