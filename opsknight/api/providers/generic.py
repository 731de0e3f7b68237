"""OpsKnight's own JSON format, and any other JSON with a field mapping. Described in docs/api.md."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, ClassVar, Final, TypeAlias

from pydantic import AliasChoices, ConfigDict, Field, TypeAdapter, ValidationError

from opsknight.api import field_mapping
from opsknight.api.envelopes import BINARY, flattened, is_cloud_event, is_pushed, structured, unwrapped
from opsknight.api.foreign import in_our_words
from opsknight.api.limits import excess
from opsknight.api.parse import parse
from opsknight.api.providers.provider import IN_A_HEADER, Context, Headers, Provider, Said, each
from opsknight.api.reading import (
    ACTIONS,
    MAX_WORD,
    QUIET,
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
from opsknight.api.unknown import MARK
from opsknight.domain.model.event import Action, Event, Link, Malformed, Severity, Unreadable

SLUG: Final = "generic"
MAX_EVENTS: Final = 1_000
"""In one request."""

_CONFIG: Final = ConfigDict(frozen=True, coerce_numbers_to_str=True, str_strip_whitespace=True)
Text: TypeAlias = str | None
Instant: TypeAlias = str | int | float | None


@dataclass(frozen=True, slots=True)
class GenericLink:
    """A web address with the words to show for it."""

    __pydantic_config__: ClassVar[ConfigDict] = _CONFIG

    href: Annotated[str, Field(validation_alias=AliasChoices("href", "url"), description="http or https address.")]
    text: Annotated[str, Field(description="Words to show.")] = ""


@dataclass(frozen=True, slots=True)
class GenericEvent:
    """One event in OpsKnight's own format. Send a title; everything else may be left out."""

    __pydantic_config__: ClassVar[ConfigDict] = _CONFIG

    title: Annotated[Text, Field(description="What is wrong, on one line; at most 1,024 characters are kept.")] = None
    summary: Annotated[Text, Field(description="Taken for the title where that is missing.")] = None
    message: Annotated[Text, Field(description="Taken for the title where both are missing.")] = None
    action: Annotated[Text, Field(description="trigger (the default), acknowledge or resolve.")] = None
    status: Annotated[
        Text,
        Field(
            validation_alias=AliasChoices("status", "state"),
            description="In place of action, in your own words: firing, down, resolved, ok, … Matched as a whole.",
        ),
    ] = None
    dedup_key: Annotated[
        Text,
        Field(
            validation_alias=AliasChoices("dedup_key", "deduplication_key", "alert_uid"),
            description="Identity of the condition. Without it another id of it is, else title, source and component.",
        ),
    ] = None
    severity: Annotated[Text, Field(description="critical, error (the default), warning or info.")] = None
    source: Annotated[Text, Field(description="Host or system that has the problem.")] = None
    component: Annotated[Text, Field(description="Part of it.")] = None
    occurred_at: Annotated[
        Instant,
        Field(
            validation_alias=AliasChoices("occurred_at", "timestamp", "created_at"),
            description="When this happened: ISO 8601, or seconds or milliseconds since 1970.",
        ),
    ] = None
    started_at: Annotated[Instant, Field(description="When the condition began.")] = None
    tags: Annotated[
        dict[str, str | int | float | bool | None] | list[str] | str | None,
        Field(description='Names and values; also ["env:prod"] or "env:prod, team:web".'),
    ] = None
    links: Annotated[
        tuple[GenericLink | str, ...] | None, Field(description="Web addresses, with or without words.")
    ] = None
    details: Annotated[dict[str, Any] | str | None, Field(description="Anything else to show.")] = None


GENERIC_EVENT: Final[TypeAdapter[GenericEvent]] = TypeAdapter(GenericEvent)
_NAMES: Final = (
    "title, summary, message, action, status, state, dedup_key, deduplication_key, alert_uid, severity, source,"
    " component, occurred_at, timestamp, created_at, started_at, tags, links, details, link_to_upstream_details"
)
_OVER: Final = frozenset(("ok", "clear", "cleared", "resolved", "recovered"))
"""Severities of what is over, where a sender says how things stand with nothing else."""
_BY_STATUS: Final = {"critical": Severity.CRITICAL, "warning": Severity.WARNING, "warn": Severity.WARNING}
"""How bad it is where only a status tells, such as a check's."""
_NAMED: Final = frozenset(_NAMES.split(", "))
_WANTED: Final[Mapping[str, str]] = {
    "tags": "an object of names and texts",
    "links": "a list of addresses, or of objects with href and text",
    "details": "an object or text",
    "occurred_at": "an ISO 8601 time, or a number of seconds since 1970",
    "started_at": "an ISO 8601 time, or a number of seconds since 1970",
}


def normalise(payload: Any, context: Context) -> Sequence[Event | Unreadable]:
    """Return an event for an object, or for each object of a list or of {"events": […]}.

    A message that Pub/Sub pushes is read for what it carries, a CloudEvent for its data and what of its
    attributes that lacks. With a field mapping the payload is brought into the generic format first.

    Raises:
        Malformed: a single event is not of this format; one of a list is unreadable instead.
    """
    opened, mapping = seen(payload, context.headers), context.mapping
    if opened is not payload:  # it is new to us: it may be beyond the limits although the request is not
        context = replace(context, may_exceed=True)
    listed = _listed(opened, mapping)
    if listed is None:
        if context.may_exceed and (reason := excess(opened)):
            return [Unreadable(reason)]
        event = _event(opened, mapping, opened)
        return [] if event is None else [event]
    if len(listed) > MAX_EVENTS:
        raise Malformed(f"The payload holds {len(listed):,} events; send at most {MAX_EVENTS:,} at once.")
    return each(listed, lambda element: _event(element, mapping, opened), what="Event", context=context)


def seen(payload: Any, headers: Headers) -> Any:
    """Return what a field mapping is applied to: a payload out of its envelope, a CloudEvent in structured form.

    A form whose only field is “payload” is the envelope that Slack's older webhooks have.

    Raises:
        Malformed: it is an envelope with nothing in it.
    """
    if is_object(payload) and payload.keys() == {"payload"} and text(payload["payload"]).startswith("{"):
        payload = parse(payload["payload"].encode("utf-8", "replace")).payload
    if is_pushed(payload) and "subscription" in payload:
        payload = unwrapped(payload)
    return structured(payload, headers)


def _listed(payload: Any, mapping: Mapping[str, object]) -> list[Any] | None:
    """Return the events of a list, None for a single one."""
    if mapping and (listed := field_mapping.elements(mapping, payload)) is not None:
        return listed
    if mapping and not (is_list(payload) and is_cloud_event(payload[0])):
        return None
    listed = _inside(payload) if is_object(payload) and not is_cloud_event(payload) else payload
    if not is_list(listed):
        return None
    if not listed:
        raise Malformed("The list of events is empty.")
    return listed


def _inside(payload: Said) -> Any:
    """Return the list of events in an object; one of alerts, as Alertmanager and its like send, is such a list."""
    alerts = payload.get("alerts")
    if "events" in payload or not is_list(alerts) or not all(map(is_object, alerts)):
        return payload.get("events")
    is_titled = any(payload.get(name) for name in ("title", "summary", "message"))
    return alerts if not is_titled or all("labels" in one for one in alerts) else None


def _event(element: Any, mapping: Mapping[str, object], whole: Any) -> Event | None:
    """Return the event of one element of the `whole` payload, None where its status pages nobody."""
    if mapping:
        element = field_mapping.mapped(mapping, element, whole=whole)
    elif is_cloud_event(element):
        element = flattened(element)
    if not is_object(element):
        raise Malformed("An event must be a JSON object.")
    if not mapping and not _is_ours(element):
        element = in_our_words(SLUG, element, around=whole if is_object(whole) and whole is not element else {})
    try:
        said = GENERIC_EVENT.validate_python(element)
    except ValidationError as error:
        if MARK not in element:
            raise Malformed(_sentence(error, element)) from error
        element = _without(element, {str(one["loc"][0]) for one in error.errors(include_url=False)})
        said = GENERIC_EVENT.validate_python(element)
    action = _action(said)
    if action is None:
        return None
    title = _title(said)
    if not title and (action is Action.TRIGGER or not said.dedup_key):
        raise Malformed(_lacking(action))
    return Event(
        action=action,
        dedup_key=scoped(SLUG, said.dedup_key or stable(title, said.source or "", said.component or "")),
        title=title or said.dedup_key or "",
        severity=severity_of(said.severity) or _BY_STATUS.get(word(said.status), Severity.ERROR),
        source=said.source or "",
        component=said.component or "",
        occurred_at=instant(said.occurred_at),
        started_at=instant(said.started_at),
        tags=texts(said.tags) if said.tags else {},
        links=_links(said, element),
        details=_details(said, element),
    )


def _is_ours(element: Said) -> bool:
    """Say whether an object has a title, and only the format's own names: there is nothing to look for."""
    return element.keys() <= _NAMED and any(element.get(name) for name in ("title", "summary", "message"))


def _without(element: Said, wrong: set[str]) -> Said:
    """Return a stranger's object without the fields that only bear our names; they are shown with the rest."""
    details = element.get("details")
    shown = details if is_object(details) and "details" not in wrong else {}
    return {
        **{name: value for name, value in element.items() if name not in wrong},
        "details": shown | {name: element[name] for name in sorted(wrong) if name in element},
    }


def _title(said: GenericEvent) -> str:
    """Return what is wrong; a title that only says that something is, such as “PROBLEM”, needs the text after it."""
    title, more = said.title or said.summary or said.message or "", said.summary or said.message
    if said.title and more and (word(said.title) in ACTIONS or severity_of(said.title)):
        title = f"{title}: {more}"
    return one_line(title)


def _action(said: GenericEvent) -> Action | None:
    """Return what is asked for, None for a state that pages nobody.

    A status is in its sender's words; one that is not known triggers, because a page too many is better
    than one too few. An action must be known.
    """
    if said.action:
        action = ACTIONS.get(word(said.action))
        if action is None and word(said.action) not in QUIET:
            raise Malformed(f"“action” is “{said.action[:40]}”; say trigger, acknowledge or resolve.")
        return action
    status = word(said.status)
    if not status and word(said.severity) in _OVER:
        return Action.RESOLVE
    return None if status in QUIET else ACTIONS.get(status, Action.TRIGGER)


def _lacking(action: Action) -> str:
    if action is Action.TRIGGER:
        return "The event has no title; send one as “title”, “summary” or “message”."
    return f"The event says {action} but not what; send the dedup_key of its trigger, or the same title."


def _details(said: GenericEvent, element: Said) -> Said:
    """Return the details with what else was sent: texts that are not the title, and fields that are not ours."""
    details = {name: value for name, value in element.items() if name not in _NAMED}
    title = said.title or said.summary or said.message
    further = (("summary", said.summary), ("message", said.message))
    details |= {name: value for name, value in further if value and value != title}
    if said.severity and severity_of(said.severity) is None:
        details["severity"] = said.severity
    status = word(said.status)
    if status and not said.action and status not in ACTIONS:
        details["unknown_status"] = status[:MAX_WORD]
    if said.details:
        details |= said.details if is_object(said.details) else {"details": said.details}
    return details


def _links(said: GenericEvent, element: Said) -> tuple[Link, ...]:
    found = [
        link(one) if isinstance(one, str) else link(one.href, words=one_line(one.text)) for one in said.links or ()
    ]
    if "link_to_upstream_details" in element:
        found.append(link(element["link_to_upstream_details"], words="Details"))
    return tuple(one for one in found if one is not None)


def _sentence(error: ValidationError, element: Said) -> str:
    """Return what is wrong with the first field that is."""
    field = str(error.errors(include_url=False, include_input=False)[0]["loc"][0])
    wanted, kind = _WANTED.get(field, "text"), _kind(element.get(field))
    return f"“{field}” must be {wanted}." if wanted.startswith(kind) else f"“{field}” must be {wanted}, not {kind}."


def _kind(value: Any) -> str:
    if is_object(value):
        return "an object"
    return "a list" if is_list(value) else f"“{text(value)[:40]}”"


PROVIDER: Final = Provider(
    slug=SLUG,
    label="Generic JSON",
    docs_url="docs/api.md",
    normalise=normalise,
    form=True,
    query=True,
    signed_with=f"{IN_A_HEADER} Or sign by Standard Webhooks; the secret is then what begins with whsec_.",
    once=("webhook-id", "svix-id", f"{BINARY}id"),
    keeps=(BINARY,),
)
