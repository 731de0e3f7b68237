"""What the generic format is told under other names: by monitors that have no adapter, and no field mapping.

Facts from what Flux, Falco, Alerta, GoAlert, Moira, MongoDB Atlas, Uptime Kuma, VMware, OpenStatus, Honeybadger,
Pulsetic and Statping send. A name is compared whole, capitals and separators aside; what stands under the format's own
name counts first.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from opsknight.api.monit import of_monit
from opsknight.api.reading import (
    ACTIONS,
    QUIET,
    filled,
    first,
    inner,
    is_list,
    is_object,
    one_line,
    plain,
    scoped,
    severity_of,
    stable,
    text,
    word,
)
from opsknight.api.unknown import LINK, MARK, unknown_shape
from opsknight.domain.model.event import Event, Severity

_OURS: Final = ("title", "summary", "message", "action", "status", "state", "severity", "source", "component")
_TITLE: Final = ("title", "summary", "message")
_KEY: Final = ("dedup_key", "deduplication_key", "alert_uid")
_JOB: Final = ("job", "jobname", "command", "script", "checkname", "plugin")
_JOINTS: Final = re.compile(r"[.:/]+")
_EXIT: Final = ("exitcode", "exitstatus", "returncode")
_IS_OVER: Final = ("resolved", "isresolved", "recovered")
_WELL: Final = ("online", "isonline", "up", "isup", "healthy", "ishealthy", "reachable")
_WHY: Final = ("alert", "issue", "reason", "error", "msg")
_ILL: Final = ("offline", "isoffline", "down", "isdown")
_SAYS_WHAT_IS_DONE: Final = ("action", "status", "state")
_SOURCE: Final = (
    "host", "hostname", "instance", "node", "server", "device", "devicehostname", "resource", "resourcename", "metric",
)  # fmt: skip
_STATUS: Final = ("alertstate", "alertstatus", "eventaction", "eventstatus", "currentstate", "newstate")
_SEVERITY: Final = ("alertseverity", "level", "priority", "criticality")
_NO_SEVERITY: Final = frozenset(("normal",))
"""A normal priority is that of most problems: none is harmless for it, and none over for a normal event."""

_OF_ALERT: Final = (
    "dedup",
    "alertid",
    "alertkey",
    "incidentid",
    "incidentkey",
    "problemid",
    "issueid",
    "fingerprint",
)
"""Names of what is itself the identity of a condition."""
_ALERTS: Final = ("alert", "incident", "problem", "issue", "outage", "fault")
_CHECKED: Final = ("monitor", "check", "site", "heartbeat", "endpoint", "website", "probe")
_HOLDERS: Final = (*_ALERTS, *_CHECKED)
"""Objects inside that tell of a condition, or of what is checked; the same words stand before a state: “alert.up”."""
_HAPPENED: Final = ("event", "eventtype", "eventname", "alerttype", "type")
"""Names of what happened, which may be a state: “down”, “check.up” or “monitor_offline”."""
_SUBJECT: Final = (
    "service",
    "servicename",
    *_CHECKED,
    *_JOB,
    "application",
    "app",
    "component",
    "entityid",
    *_SOURCE,
    "source",
    "url",
    "id",
)
"""Names of what stands so or so, the most telling first: with a state alone, what a title is made of."""
_ENVELOPES: Final = ("data", "payload", "notification", "trigger", "body")
_TOLD: Final = (*_TITLE, *_WHY, "subject", "alertname", "text", "description", "body", "details", "errormessage")
_TEXTS: Final = (*_TOLD, "name")
"""Names of texts that may say what is wrong, beside which a good word elsewhere ends nothing."""
_HOSTS: Final = ("host", "server", "device", "node", "instance")
_CARRIED: Final = ("data", "payload", "service", *_HOSTS)
_OF_ALERTA: Final = ("environment", "resource", "event")
"""What together is the identity of an alert that is sent to Alerta."""


def in_our_words(slug: str, element: Mapping[str, Any], *, around: Mapping[str, Any]) -> dict[str, Any]:
    """Return an object with what it says in the generic format's names, as far as its own names tell; else as it is.

    One whose title stands under none of the format's names is marked as an unknown shape. `around` is what
    carries an element of a list: it says what is wrong where the element only says of what, as Moira does.
    """
    said = _spelled_as_ours(element)
    named: dict[str, Any] = {}
    for name, value in said.items():
        named.setdefault(plain(name), value)
    if monit := of_monit(named):
        said = monit | {name: value for name, value in filled(said).items() if name != "action"}
    if is_object(said.get("source")):  # of an event of Kubernetes, what told of it
        said["reported_by"] = said.pop("source")
    if not text(said.get("source")) or not first(said, _TITLE):
        found = _involved(named) or _endpoint(named) or first(named, _SOURCE)
        said["source"] = found or said.get("source") or _held_name(named) or _host_name(named)
    if (endpoint := _endpoint(named)) and (title := first(said, ("title",))):  # Gatus' is the same for all
        said["title"] = f"{title}: {endpoint}"
    if not text(said.get("severity")) and (severity := _severity(named)):
        said["severity"] = severity
    if not said.get("links") and (links := [href for name in LINK if (href := named.get(name)) and text(href)]):
        said["links"] = [href for href in links if isinstance(href, str)]
    if word(said.get("severity")) == "normal" and _is_alertas(named, said):  # to Alerta that is no alarm
        said.setdefault("status", "normal")
    if not first(said, _SAYS_WHAT_IS_DONE) and (status := _stands(named, said)):
        said["status"] = status
    if not first(said, _KEY) and (key := _identity(named, said)):
        said["dedup_key"] = key
    if not first(said, _TITLE):
        _find_title(slug, said, named, around)
    return said


def _spelled_as_ours(element: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields with Title, STATUS and the like by the format's own names."""
    said = dict(element)
    for name in element:
        ours = plain(name)
        if ours in _OURS and name != ours and said.get(ours) is None:
            said[ours] = said.pop(name)
    return said


def _stands(named: Mapping[str, Any], said: Mapping[str, Any]) -> str:
    return _status(named) or _happened(named, said) or _answered(named)


def _status(named: Mapping[str, Any]) -> str:
    """Return how things stand, as a sender says it in a word of its own or with “resolved”, which is then true."""
    is_over = any(_yes(named.get(name)) for name in _IS_OVER) or _yes(named.get("firing")) is False
    told = first(named, ("messagetype",))  # Splunk On-Call's; elsewhere it may be the type of a message
    return "resolved" if is_over else first(named, _STATUS) or (told if word(told) in ACTIONS else "")


def _happened(named: Mapping[str, Any], said: Mapping[str, Any]) -> str:
    """Return the state in the name of what happened, else that of the object which is told of; "" for no whole word."""
    if _is_alertas(named, said) or _involved(named):
        return ""
    for value in (text(named.get(name)) for name in _HAPPENED):
        *before, state = word(_JOINTS.sub(".", value)).replace(" ", ".").split(".")
        if before and before[-1] in _HOLDERS and (state in ACTIONS or state in QUIET):
            return state
        last = word(_JOINTS.sub(".", value).rpartition(".")[2])
        if last in ACTIONS and last not in _NO_SEVERITY:
            return last
    held = (word(first(inner(named, name), ("status", "state"))) for name in (*_HOLDERS, *_carrying(named)))
    return next((state for state in held if state in ACTIONS or state in QUIET), "")


def _carrying(named: Mapping[str, Any]) -> Iterator[str]:
    """Yield the envelopes inside which stands what is wrong, where no text outside says it: a state there counts."""
    if not first(named, _TEXTS):
        yield from (name for name in _ENVELOPES if first(inner(named, name), _TEXTS))


def _answered(named: Mapping[str, Any]) -> str:
    """Return how things stand where yes or no to “online” and the like tells it, or how a program ended.

    That all is well counts only where nothing else is told: what is online may have a full disk.
    """
    is_told, is_job = bool(first(named, (*_TOLD, *_HAPPENED, *_ALERTS))), bool(first(named, _JOB))
    if (ended := first(named, _EXIT)) and (is_job or not is_told):
        return "success" if ended == "0" else "failed"
    asked = (*_WELL, "success") if is_job else _WELL
    for one in (named, *(inner(named, name) for name in (*_CHECKED, "service"))):
        known = {plain(name): _yes(value) for name, value in one.items()}
        is_well = {known.get(name) for name in asked}
        if False in is_well or any(known.get(name) for name in _ILL):
            return "failed" if is_job else "down"
        if not is_told and (True in is_well or any(known.get(name) is False for name in _ILL)):
            return "success" if is_job else "up"
    return ""


def _yes(value: Any) -> bool | None:
    """Return the answer that a value gives, also in words as templates and forms write it; None for none."""
    return value if isinstance(value, bool) else {"true": True, "false": False}.get(word(value))


def _held_name(named: Mapping[str, Any]) -> str:
    """Return the name of what is checked, which stands in an object of its own."""
    return next((said for one in _CHECKED if (said := first(inner(named, one), ("name", "url")))), "")


def _about(named: Mapping[str, Any]) -> str:
    """Return what a title should name that only says what happened: the endpoint, check or alert, or the job."""
    alert = next((said for one in _ALERTS if (said := first(inner(named, one), ("name", "title")))), "")
    return _endpoint(named) or _held_name(named) or alert or first(named, _JOB)


def _host_name(named: Mapping[str, Any]) -> str:
    """Return the name of a host that is an object."""
    return next((name for one in _HOSTS if (name := first(inner(named, one), ("name", "hostname")))), "")


def _subject(named: Mapping[str, Any]) -> str:
    """Return what a state without a text is that of: a service, a check, a host or an address."""
    return next((of for name in _SUBJECT if (of := first(named, (name,)))), "")


def _carried_name(named: Mapping[str, Any]) -> str:
    """Return the name of what an envelope carries that says itself only what happened."""
    return next((name for one in _CARRIED if (name := first(inner(named, one), ("title", "name")))), "")


def _severity(named: Mapping[str, Any]) -> str:
    words = (text(named.get(name)) for name in _SEVERITY)
    return next((said for said in words if severity_of(said) and word(said) not in _NO_SEVERITY), "")


def _involved(named: Mapping[str, Any]) -> str:
    """Return of which object of Kubernetes this is told."""
    about = inner(named, "involvedobject")
    return "/".join(part for name in ("kind", "namespace", "name") if (part := text(about.get(name))))


def _endpoint(named: Mapping[str, Any]) -> str:
    """Return which endpoint Gatus checked, as it calls it itself; "" for anything else."""
    name, group = first(named, ("endpointname",)), first(named, ("endpointgroup",))
    return f"{group}/{name}" if group and name else name


def _identity(named: Mapping[str, Any], said: Mapping[str, Any]) -> str:
    """Return by what the condition is known to its sender, "" where that is not told.

    A bare id counts where the sender also says how things stand: else it is likely that of the message.
    """
    for name in _OF_ALERT:
        if key := first(named, (name,)):
            return f"{name}:{key}"
    if first(named, ("messagetype",)) and (entity := first(named, ("entityid",))):  # of Splunk On-Call's format
        return f"entityid:{entity}"
    is_told = any(text(said.get(name)) for name in _SAYS_WHAT_IS_DONE)
    for name in _HOLDERS if is_told else _ALERTS:
        if key := first(inner(named, name), ("id", "uuid", "key", "slug")):
            return f"{name}:{key}"
    if is_told and (key := first(named, ("id",))):
        return f"id:{key}"
    if is_told and (checked := first(named, _JOB)) and not first(said, _TITLE):
        return stable("job", first(named, _SOURCE), checked)
    if about := _involved(named):
        return stable("object", about, first(named, ("reason",)))
    return stable("resource", *(text(named[name]) for name in _OF_ALERTA)) if _is_alertas(named, said) else ""


def _is_alertas(named: Mapping[str, Any], said: Mapping[str, Any]) -> bool:
    """Say whether an object is an alert as it is sent to Alerta."""
    return all(first(named, (name,)) for name in _OF_ALERTA) and not first(said, _TITLE)


def _find_title(slug: str, said: dict[str, Any], named: Mapping[str, Any], around: Mapping[str, Any]) -> None:
    """Give an object a title, and a key where it has none: from its texts, else from what stands how."""
    state, happened = first(said, ("status", "state")), first(named, _HAPPENED)
    of, event = _about(named) or _subject(named) or _carried_name(named), _told(slug, said, around)
    is_bare = bool(of) and (event is None or event.title == happened)
    if event is not None:
        _entitle(said, event, of=of if is_bare else _about(named))
        if event.title == first(named, ("name",)) and (why := first(named, _WHY)):
            said["title"] = one_line(f"{event.title}: {why}")
    elif of and (happened or state):
        said |= {"title": one_line(f"{of}: {happened or state}"), MARK: True}
    if first(said, _KEY):
        return
    if is_bare:
        said["dedup_key"] = stable("stands", first(named, _SOURCE), of, "" if state else happened)
    elif event is not None:
        said["dedup_key"] = event.dedup_key.removeprefix(f"{slug}:")


def _told(slug: str, said: Mapping[str, Any], around: Mapping[str, Any]) -> Event | None:
    """Return what can be read of an object without a title, or of what carries it."""
    if (event := unknown_shape(slug, said)) is not None:
        return event
    of = text(said.get("source"))
    about = {name: value for name, value in around.items() if not is_list(value)}
    if not of or (carried := unknown_shape(slug, about)) is None:
        return None
    key = scoped(slug, stable("carried", carried.dedup_key, of))
    return replace(carried, title=one_line(f"{carried.title}: {of}"), source=of, dedup_key=key)


def _entitle(said: dict[str, Any], event: Event, *, of: str) -> None:
    """Give an object a title, which names `of` what it is, and what else it lacks, and mark it."""
    asked = word(text(said.get("action")))
    if asked not in ACTIONS and asked not in QUIET:  # what such a sender calls an action may be anything
        said.pop("action", None)
    said["title"] = event.title if of in event.title else one_line(f"{of}: {event.title}")
    said["source"] = said["source"] or event.source
    if event.severity is not Severity.ERROR:  # which is what nothing at all says, too
        said.setdefault("severity", str(event.severity))
    said.setdefault("links", [one.href for one in event.links])
    said[MARK] = True
