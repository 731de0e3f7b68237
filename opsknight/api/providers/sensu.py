"""Events as handlers and pipelines of Sensu Go, and handlers of Sensu Core, hand them on.

Sources: https://docs.sensu.io/sensu-go/latest/observability-pipeline/observe-events/events/ and
https://docs.sensu.io/sensu-core/1.8/reference/events/
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from opsknight.api.limits import excess
from opsknight.api.providers.provider import Context, Provider, Said, each
from opsknight.api.reading import first, instant, is_list, is_object, link, rest, scoped, text, texts, titled, word
from opsknight.api.unknown import unknown_shape
from opsknight.domain.model.event import Action, Event, Link, Malformed, Severity, Unreadable

SLUG: Final = "sensu"
MAX_EVENTS: Final = 5_000

_SEVERITIES: Final[Mapping[str, Severity]] = {
    "0": Severity.INFO,
    "1": Severity.WARNING,
    "2": Severity.CRITICAL,
}
"""By a check's exit status; every other one says that the check itself failed, and is an error."""
_NO_PROBLEM: Final = frozenset(("flapping",))
_RUNBOOK: Final = ("runbook_url", "runbook", "playbook", "documentation")
_DASHBOARD: Final = ("dashboard_url", "dashboard", "graph", "grafana")
_SHOWN: Final = frozenset((
    "metadata", "name", "history", "output", "status", "subscriptions", "handlers", "executed", "issued", "namespace",
    "runtimeassets", "publish", "pipelines", "state", "issilenced",
))  # fmt: skip


def normalise(payload: Any, context: Context) -> Sequence[Event | Unreadable]:
    """Return the one event of an object, or one for each object of a list; none for flapping, silenced and metrics.

    Namespace, entity and check are the dedup key: an event's own id is new each time.

    Raises:
        Malformed: nothing in it says what is wrong.
    """
    if is_list(payload) and payload:
        if len(payload) > MAX_EVENTS:
            raise Malformed(f"The Sensu payload holds more than {MAX_EVENTS:,} events; send fewer at once.")
        return each(payload, _event, what="Event", context=context)
    if not is_object(payload):
        raise Malformed("The Sensu payload is not a JSON object; does its handler post the event?")
    if context.may_exceed and (reason := excess(payload)):
        return [Unreadable(reason)]
    event = _event(payload)
    return [] if event is None else [event]


def _event(payload: Said) -> Event | None:
    for wrapper in ("spec", "event"):  # as a resource of sensuctl, and as some handlers hand it on
        if is_object(inner := payload.get(wrapper)) and ("check" in inner or "metrics" in inner):
            payload = inner
    check = payload.get("check")
    if not is_object(check):
        if is_object(payload.get("metrics")) and "check" not in payload:
            return None
        return _unknown(payload)
    entity = _object(payload, "entity") or _object(payload, "client")
    name = _name(check)
    host = _name(entity) or first(check, ("proxy_entity_name", "source"))
    if not name and not host:
        return _unknown(payload)
    action, unknown = _action(payload, check)
    if action is None:
        return None
    output = first(check, ("notification", "output")).partition("\n")[0].strip()
    subject = f"{name or 'Check'} on {host}" if host else name
    is_trigger = action is Action.TRIGGER
    return Event(
        action=action,
        dedup_key=scoped(SLUG, "/".join((_namespace(payload, entity, check), host, name))),
        title=titled(f"{subject}: {output}" if output else subject, otherwise="Sensu check"),
        severity=_SEVERITIES.get(text(check.get("status")), Severity.ERROR),
        source=host,
        component=name,
        occurred_at=_instant(payload, "timestamp") or _instant(check, "executed") or _instant(check, "issued"),
        started_at=(_instant(payload, "last_state_change") or _instant(check, "last_ok")) if is_trigger else None,
        tags=_labels(entity) | _labels(check),
        links=_links(check, entity),
        details={"output": text(check.get("output"))}
        | rest(check, _SHOWN)
        | ({"unknown_status": unknown} if unknown else {}),
    )


def _unknown(payload: Said) -> Event:
    event = unknown_shape(SLUG, payload)
    if event is None:
        raise Malformed("The Sensu payload has no check; does its handler post the whole event?")
    return event


def _action(payload: Said, check: Said) -> tuple[Action | None, str]:
    """Return what is asked for, None for what pages nobody, and the word that is not known.

    The exit status decides, else what Sensu Core calls its action, else the check's state.
    """
    done, state, status = word(payload.get("action")), word(check.get("state")), text(check.get("status"))
    if done in _NO_PROBLEM or state in _NO_PROBLEM:
        return None, ""
    if status == "0" or (not status and (done == "resolve" or (not done and state == "passing"))):
        return Action.RESOLVE, ""
    silenced = payload.get("silenced") is True or check.get("is_silenced") is True or check.get("silenced")
    if silenced and silenced is not False:
        return None, ""
    return Action.TRIGGER, "" if not status or status.isdecimal() else status


def _object(values: Said, name: str) -> Said:
    value = values.get(name)
    return value if is_object(value) else {}


def _name(one: Said) -> str:
    return first(_object(one, "metadata"), ("name",)) or first(one, ("name", "id"))


def _namespace(*objects: Said) -> str:
    return next((found for one in objects if (found := first(_object(one, "metadata"), ("namespace",)))), "default")


def _instant(values: Said, name: str) -> Any:
    return instant(values.get(name))


def _labels(one: Said) -> dict[str, str]:
    labels = _object(one, "metadata").get("labels")
    return texts(labels) if is_object(labels) else {}


def _links(check: Said, entity: Said) -> tuple[Link, ...]:
    """Return the addresses in the annotations and labels that say what they are."""
    places = [_object(_object(one, "metadata"), kind) for one in (check, entity) for kind in ("annotations", "labels")]
    found = [
        link(place.get(name), words=words)
        for place in (*places, check)
        for names, words in ((_RUNBOOK, "Runbook"), (_DASHBOARD, "Graph"))
        for name in names
    ]
    return tuple({one.href: one for one in found if one is not None}.values())


PROVIDER: Final = Provider(
    slug=SLUG,
    label="Sensu",
    docs_url="https://docs.sensu.io/sensu-go/latest/observability-pipeline/observe-process/handlers/",
    normalise=normalise,
    where="With sensuctl create; then name the handler in a pipeline or at the checks",
    setup="""\
type: Handler
api_version: core/v2
metadata:
  name: opsknight
spec:
  type: pipe
  command: >-
    curl -sS -m 10 --retry 3 -H 'Content-Type: application/json' --data-binary @- '{address}'
  filters:
  - is_incident
  - not_silenced
  timeout: 30""",
    sample={
        "timestamp": 1795487000,
        "entity": {"entity_class": "agent", "metadata": {"name": "web-1", "namespace": "default"}},
        "check": {
            "metadata": {"name": "opsknight-test", "namespace": "default"},
            "output": "OpsKnight test: this is only a test\n",
            "state": "failing",
            "status": 1,
            "occurrences": 1,
        },
    },
)
