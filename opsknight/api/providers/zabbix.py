"""What Zabbix media types of the kind Webhook send, and its event streaming connector.

Sources: https://www.zabbix.com/documentation/current/en/manual/config/notifications/media/webhook (the body is
written by its script, from macros), https://www.zabbix.com/documentation/current/en/manual/appendix/macros/supported_by_location
and https://www.zabbix.com/documentation/current/en/manual/appendix/protocols/real_time_export (the connector).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from opsknight.api.limits import excess
from opsknight.api.parse import parse
from opsknight.api.providers.provider import Context, Provider, Said, each
from opsknight.api.reading import (
    QUIET,
    as_object,
    first,
    flat,
    instant,
    is_list,
    is_object,
    link,
    one_line,
    plain,
    rest,
    scoped,
    severity_of,
    stable,
    text,
    texts,
    titled,
    word,
)
from opsknight.api.unknown import unknown_shape
from opsknight.domain.model.event import Action, Event, Link, Malformed, Severity, Unreadable

SLUG: Final = "zabbix"
MAX_EVENTS: Final = 5_000

_ACTIONS: Final[Mapping[str, Action]] = {
    "problem": Action.TRIGGER,
    "alerting": Action.TRIGGER,
    "firing": Action.TRIGGER,
    "triggered": Action.TRIGGER,
    "trigger": Action.TRIGGER,
    "critical": Action.TRIGGER,
    "warning": Action.TRIGGER,
    "info": Action.TRIGGER,
    "1": Action.TRIGGER,
    "acknowledge": Action.ACKNOWLEDGE,
    "acknowledgement": Action.ACKNOWLEDGE,
    "acknowledged": Action.ACKNOWLEDGE,
    "ack": Action.ACKNOWLEDGE,
    "ok": Action.RESOLVE,
    "resolved": Action.RESOLVE,
    "resolve": Action.RESOLVE,
    "recovered": Action.RESOLVE,
    "recovery": Action.RESOLVE,
    "0": Action.RESOLVE,
}
_UPDATE: Final = ("eventupdatestatus", "eventupdate", "updatestatus", "eventisupdate")
_UPDATES: Final = frozenset(
    ("update", "updated", "comment", "commented", "message", "closed", "suppressed", "unsuppressed")
)
_SEVERITIES: Final[Mapping[str, Severity]] = {
    "5": Severity.CRITICAL,
    "disaster": Severity.CRITICAL,
    "critical": Severity.CRITICAL,
    "4": Severity.ERROR,
    "high": Severity.ERROR,
    "error": Severity.ERROR,
    "3": Severity.WARNING,
    "average": Severity.WARNING,
    "2": Severity.WARNING,
    "warning": Severity.WARNING,
    "1": Severity.INFO,
    "information": Severity.INFO,
    "info": Severity.INFO,
    "0": Severity.INFO,
    "not classified": Severity.INFO,
}
"""Zabbix's own scale, by number and by word; "not classified" is its lowest."""

_STATUS: Final = (
    "eventstatus",
    "triggerstatus",
    "status",
    "state",
    "eventvalue",
    "triggervalue",
    "eventisproblem",
    "messagetype",
)
_SEVERITY: Final = (
    "eventnseverity", "triggernseverity", "nseverity", "eventseverity", "triggerseverity", "triggerseveritytext",
    "severity", "priority", "messagetype",
)  # fmt: skip
_NAME: Final = (
    "eventname",
    "triggername",
    "trigger",
    "problemname",
    "problem",
    "name",
    "alertname",
    "entitydisplayname",
)
_SUBJECT: Final = ("title", "alertsubject", "subject", "summary")
_TEXT: Final = ("triggerdescription", "message", "alertmessage", "description", "text")
_HOST: Final = ("hostname", "host", "hosthost", "service", "hostdns", "hostconn", "hostip", "ip")
_EVENT_ID: Final = ("peventid", "originalproblemid", "problemid", "eventid", "id", "alertid", "entityid")
_RECOVERED: Final = ("eventrecoverydate", "eventrecoverytime", "recoverydatetime", "recoverydate", "recoverytime")
_TIME: Final = ("eventrecoverytimestamp", "eventtimestamp", "clock", "timestamp", "lastreceived")
_SINCE: Final = ("eventtimestamp", "clock")
_LINK: Final = (
    "link",
    "eventurl",
    "eventlink",
    "alerturl",
    "url",
    "triggerurl",
    "linktoupstreamdetails",
    "generatorurl",
    "eventinfo",
)
_TAGS: Final = ("eventtagsjson", "eventtags", "triggertags", "tags", "eventtag")
_SECRET: Final = ("routingkey", "token", "secret", "apikey", "password")
"""How fields end that media types prove themselves with: nobody's business."""
_OURS: Final = "/api/v1/events/"
"""Stands in the address of an integration, which a media type may send along: that holds its key."""
_SHOWN: Final = frozenset(
    (
        *_STATUS,
        *_SEVERITY,
        *_NAME,
        *_HOST,
        *_EVENT_ID,
        *_TIME,
        *_LINK,
        *_TAGS,
        "alertuid",
        "hosts",
        "itemname",
        "zabbixurl",
        "value",
        "ns",
        "eventupdatestatus",
        "eventsource",
        "eventvalue",
    )
)

_UNRENDERED: Final = re.compile(r"\{[$#]?[A-Z][A-Z0-9_.]*\}|\*UNKNOWN\*")
_PREFIX: Final = re.compile(r"(problem|ok|resolved|recovery|updated problem)(?: in [^:]{1,60})?: +(.+)", re.IGNORECASE)
_BRACKETS: Final = re.compile(r"\[(problem|ok|resolved|recovery)\] +(.+)", re.IGNORECASE)
"""How the subjects of Zabbix's own message templates begin: "Problem: …", and "[PROBLEM] …" of internal events."""
_DIGITS: Final = re.compile(r"\d{2}")
"""How the date and the time of a recovery begin, where there was one."""
_TRIGGER_ID: Final = re.compile(r"[?&]triggerid=(\d{1,20})")


def normalise(payload: Any, context: Context) -> Sequence[Event | Unreadable]:
    """Return the one event of an object, or one for each object of a list.

    The dedup key is the problem's event id ({EVENT.ID} is the problem's in its recovery and its
    updates too), else the trigger's id, else host and name.

    Raises:
        Malformed: nothing in it says what is wrong.
    """
    if is_list(payload) and payload:
        if len(payload) > MAX_EVENTS:
            raise Malformed(f"The Zabbix payload holds more than {MAX_EVENTS:,} events; send fewer at once.")
        return each(payload, _event, what="Event", context=context)
    if not is_object(payload):
        raise Malformed("The Zabbix payload is not a JSON object; does the script of its media type send one?")
    if context.may_exceed and (reason := excess(payload)):
        return [Unreadable(reason)]
    event = _event(payload)
    return [] if event is None else [event]


def _event(payload: Said) -> Event | None:
    payload = _opened(payload)
    said = flat(payload, unrendered=_UNRENDERED)
    if "itemid" in said and "eventid" not in said:  # values of items, which a connector streams too
        return None
    lines = _lines(first(said, ("message", "alertmessage", "description")))
    prefix = _begun(one_line(first(said, _SUBJECT)))
    action, unknown = _action(said, prefix[1] if prefix else "")
    if action is None:
        return None
    named = _begun(one_line(_name(said)))
    name = (
        (named[2] if named else _name(said))
        or lines.get("problem name", "")
        or (prefix[2] if prefix else first(said, _SUBJECT))
    )
    host = _host(said) or lines.get("host", "")
    identity = _identity(said, lines) or (stable(host, name) if name else "")
    if not identity:
        return _unknown(payload)
    return Event(
        action=action,
        dedup_key=scoped(SLUG, identity),
        title=titled(name, first(said, _TEXT), otherwise="Zabbix event"),
        severity=_severity(said, lines.get("severity", "")),
        source=host,
        component=first(said, ("itemname", "item")),
        occurred_at=_instant(said, _TIME),
        started_at=_instant(said, _SINCE) if action is Action.TRIGGER else None,
        tags=_tags(said),
        links=_links(said),
        details=_details(payload) | ({"unknown_status": unknown} if unknown else {}),
    )


def _details(payload: Said) -> Said:
    shown = {name: value for name, value in payload.items() if not plain(name).endswith(_SECRET)}
    return rest(shown, _SHOWN, unrendered=_UNRENDERED)


def _opened(payload: Said) -> Said:
    """Return the fields where Zabbix's media types for other products wrap them: SIGNL4's in one text, PagerDuty's."""
    wrapped: Any = payload.get("payload")
    if isinstance(wrapped, str) and wrapped.lstrip().startswith("{"):
        try:
            wrapped = parse(wrapped.encode(errors="replace")).payload
        except Malformed:
            return payload
        return payload if excess(wrapped) else {**payload, "payload": "", **wrapped}
    if "event_action" not in payload:
        return payload
    inside, links = as_object(wrapped), payload.get("links")
    custom = as_object(inside.get("custom_details"))
    return {
        **{name: said for name, said in payload.items() if name not in {"payload", "links", "client", "client_url"}},
        **{name: inside[name] for name in ("summary", "severity") if name in inside},
        "host_name": first(custom, ("Event host",)) or first(inside, ("source",)),
        "event_tags": custom.get("Event tags"),
        "link": first(as_object(links[0]), ("href",)) if is_list(links) and links else None,
        "details": custom,
    }


def _begun(subject: str) -> re.Match[str] | None:
    """Return the state that a subject begins with, and the rest of it; None where it begins with none."""
    return _PREFIX.fullmatch(subject) or _BRACKETS.fullmatch(subject)


def _name(said: Said) -> str:
    return first({name: said[name] for name in _NAME if not isinstance(said.get(name, True), bool)}, _NAME)


def _unknown(payload: Said) -> Event:
    event = unknown_shape(SLUG, payload)
    if event is None:
        raise Malformed("The Zabbix payload has neither a name nor an id; send event_name and event_id in its script.")
    return event


def _action(said: Said, prefix: str) -> tuple[Action | None, str]:
    """Return what is asked for, None for what pages nobody, and the status word that is not known.

    The first status that is given decides; an update of a problem acknowledges where it says so itself.
    """
    if "1" in {text(said.get(name)) for name in _UPDATE} or word(prefix) == "updated problem":
        return _update(said), ""
    asked = word(said.get("action")) or word(said.get("eventaction"))
    if asked in _UPDATES:
        return _update(said), ""
    if asked in _ACTIONS:
        return _ACTIONS[asked], ""
    names = (*_STATUS, "value") if "clock" in said and "eventid" in said else _STATUS  # elsewhere it is an item's
    status = next((one for name in names if (one := word(text(said.get(name))))), "")
    if status in QUIET or status in _UPDATES:
        return None, ""
    if status:
        return _ACTIONS.get(status, Action.TRIGGER), "" if status in _ACTIONS else status
    if said.get("problem") is False:
        return Action.RESOLVE, ""
    if not prefix and any(_DIGITS.match(text(said.get(name))) for name in _RECOVERED):
        return Action.RESOLVE, ""
    return _ACTIONS.get(word(prefix), Action.TRIGGER), ""


def _update(said: Said) -> Action | None:
    """Return acknowledge where an update says that somebody did, None for comments and changes of severity."""
    done = first(said, ("eventupdateaction", "updateaction"))
    if done:
        acknowledged = any(word(one) == "acknowledged" for one in done.split(","))
    else:
        acknowledged = word(first(said, ("eventackstatus", "eventack"))) in {"yes", "acknowledged"}
    return Action.ACKNOWLEDGE if acknowledged else None


def _lines(message: str) -> dict[str, str]:
    """Return what the "Name: value" lines of Zabbix's default message say."""
    pairs = (line.partition(":") for line in message[:8192].splitlines())
    return {word(name): value.strip() for name, colon, value in pairs if colon and value.strip()}


def _instant(said: Said, names: Sequence[str]) -> datetime | None:
    return next((at for name in names if (at := instant(said.get(name))) is not None), None)


def _host(said: Said) -> str:
    if host := first(said, _HOST):
        return host
    hosts = said.get("hosts")
    one = hosts[0] if is_list(hosts) and hosts else ""
    return first(one, ("name", "host")) if is_object(one) else text(one)


def _identity(said: Said, lines: Mapping[str, str]) -> str:
    if given := first(said, ("alertuid", "dedupkey")):
        return given
    if event_id := first(said, _EVENT_ID) or lines.get("original problem id", ""):
        return f"event:{event_id}"
    if trigger_id := first(said, ("triggerid",)):
        return f"trigger:{trigger_id}"
    for name in _LINK:  # only here: the event's id in an address may be the recovery's own
        if found := _TRIGGER_ID.search(text(said.get(name))[:2048]):
            return f"trigger:{found[1]}"
    return ""


def _severity(said: Said, written: str) -> Severity:
    words = (*(word(text(said.get(name))) for name in _SEVERITY), word(written))
    known = (_SEVERITIES.get(one) or severity_of(one) for one in words)
    return next((found for found in known if found is not None), Severity.ERROR)


def _tags(said: Said) -> dict[str, str]:
    """Return the tags: of {EVENT.TAGSJSON}, as JSON or as its text, or of {EVENT.TAGS}: "scope:performance, …"."""
    for name in _TAGS:
        tags: Any = said.get(name)
        if isinstance(tags, str) and tags.strip().startswith("["):
            try:
                tags = parse(tags.encode(errors="replace")).payload
            except Malformed:
                continue
        if is_list(tags) and any(is_object(tag) for tag in tags):
            pairs = [(text(tag.get("tag")), text(tag.get("value"))) for tag in tags if is_object(tag)]
            return {tag: value for tag, value in pairs if tag}
        if is_object(tags):  # Event-Driven Ansible's, whose values are lists
            tags = {tag: ", ".join(map(text, value)) if is_list(value) else value for tag, value in tags.items()}
        if tags:
            return texts(tags)
    return {}


def _links(said: Said) -> tuple[Link, ...]:
    found = [link(said.get(name), words="Monitor") for name in _LINK]
    base, event_id, trigger_id = text(said.get("zabbixurl")), text(said.get("eventid")), text(said.get("triggerid"))
    if base and event_id.isdecimal() and trigger_id.isdecimal():
        page = f"{base.rstrip('/')}/tr_events.php?triggerid={trigger_id}&eventid={event_id}"
        found.append(link(page, words="Monitor"))
    distinct = {one.href: one for one in found if one is not None and _OURS not in one.href}
    return tuple(distinct.values())


PROVIDER: Final = Provider(
    slug=SLUG,
    label="Zabbix",
    docs_url="https://www.zabbix.com/documentation/current/en/manual/config/notifications/media/webhook",
    normalise=normalise,
    form=True,
    where="Alerts → Media types → Create media type, type Webhook, as its script; then add it to a user and an action",
    setup="""\
// Parameters: event_id {EVENT.ID}, trigger_id {TRIGGER.ID}, event_name {EVENT.NAME}, event_status {EVENT.STATUS},
// event_nseverity {EVENT.NSEVERITY}, event_update_status {EVENT.UPDATE.STATUS},
// event_update_action {EVENT.UPDATE.ACTION}, event_tags {EVENT.TAGSJSON}, host_name {HOST.NAME},
// item_name {ITEM.NAME}, event_opdata {EVENT.OPDATA}, zabbix_url {$ZABBIX.URL}
var request = new HttpRequest();
request.addHeader('Content-Type: application/json');
var answer = request.post('{address}', value);
if (request.getStatus() < 200 || request.getStatus() >= 300) {
    throw request.getStatus() + ': ' + answer;
}
return 'OK';""",
    sample={
        "event_id": "4711",
        "trigger_id": "23905",
        "event_name": "OpsKnight test: CPU load is high",
        "event_status": "PROBLEM",
        "event_nseverity": "1",
        "host_name": "web-1",
        "item_name": "Load average (1m)",
        "event_opdata": "Load: 9.2",
    },
)
