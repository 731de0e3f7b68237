r"""Field mappings: how an integration finds our fields in JSON that knows nothing of OpsKnight.

A mapping is configuration, plain JSON; every part may be missing:

    {"events":   "alerts",                                  a list inside the payload, one event for each
     "fields":   {"title": "check.name",                    our field, and the path to its value
                  "dedup_key": ["check.id", "host.name"],   several are joined by ":"
                  "action": "check.state", "tags.env": "meta.0.environment"},
     "values":   {"action": {"CRIT": "trigger", "OK": "resolve"}, "severity": {"5": "critical"}},
     "defaults": {"source": "nightly checks"}}              where the path leads nowhere

A path goes from name to name with dots between; a number is a place in a list; "\." is a dot in a name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, Final

from opsknight.api.reading import is_list, is_object, text, word
from opsknight.domain.model.event import Action, Malformed, Severity
from opsknight.errors import Invalid

_FIELD_NAMES: Final = (
    "action, dedup_key, title, severity, source, component, occurred_at, started_at, tags, links, details"
)
FIELDS: Final = frozenset(_FIELD_NAMES.split(", "))
IGNORE: Final = "ignore"
"""The value of `action` for states that page nobody, acknowledge nothing and resolve nothing."""
_VALUES: Final = {"action": {*Action, IGNORE}, "severity": {*Severity}}
_DOT: Final = re.compile(r"(?<!\\)\.")


def check(mapping: Mapping[str, Any]) -> None:
    """Refuse a mapping that cannot work, before it is saved.

    Raises:
        Invalid: a part is unknown or not of its kind; the sentence names it.
    """
    for problem in _problems(mapping):
        raise Invalid(f"The field mapping cannot be used: {problem}")


def elements(mapping: Mapping[str, Any], payload: Any) -> list[Any] | None:
    """Return the list that `mapping` names in `payload`, one event for each; None where it names none.

    Raises:
        Malformed: there is no list in that place.
    """
    path = mapping.get("events")
    if not isinstance(path, str) or not path:
        return None
    found = _at(payload, path)
    if not is_list(found) or not found:
        raise Malformed(f"The payload has no list “{path}”, where the field mapping looks for events.")
    return found


def mapped(mapping: Mapping[str, Any], element: Any) -> dict[str, Any]:
    """Return `element` in the generic format, as `mapping` finds it; `details` is all of it unless mapped."""
    found: dict[str, Any] = {"details": element if is_object(element) else {"payload": element}}
    tags: dict[str, Any] = {}
    for field, path in _section(mapping, "fields").items():
        value = _value(element, path, joined=field != "links")
        if value is None:
            continue
        if field.startswith("tags."):
            tags[field.removeprefix("tags.")] = text(value)
        else:
            found[field] = value
    for field, value in _section(mapping, "defaults").items():
        found.setdefault(field, value)
    for field, translations in _section(mapping, "values").items():
        if field in found and is_object(translations):
            found[field] = _translated(found[field], translations)
    if tags:
        found["tags"] = {**found["tags"], **tags} if is_object(found.get("tags")) else tags
    if isinstance(found.get("links"), str):
        found["links"] = [found["links"]]
    if "action" in found:  # in the sender's own words, which a status may be and an action may not
        found["status"] = text(found.pop("action"))
    return found


def _section(mapping: Mapping[str, Any], name: str) -> dict[str, Any]:
    section = mapping.get(name)
    return section if is_object(section) else {}


def _value(element: Any, path: Any, *, joined: bool) -> Any:
    """Return what one path leads to, or what several lead to: joined by ":", else as a list."""
    if isinstance(path, str):
        return _at(element, path)
    values = [_at(element, one) for one in path if isinstance(one, str)] if is_list(path) else []
    if not any(value is not None for value in values):
        return None
    return ":".join(map(text, values)) if joined else [value for value in values if value is not None]


def _translated(value: Any, translations: Mapping[str, Any]) -> Any:
    """Return what a whole value means by the mapping, upper and lower case alike; itself where it is not named."""
    said = text(value)
    if said in translations:
        return translations[said]
    return {word(name): meaning for name, meaning in translations.items()}.get(word(said), value)


def _at(value: Any, path: str) -> Any:
    """Return what stands at `path` in `value`, None where nothing does."""
    for step in _steps(path):
        if is_object(value):
            value = value.get(step)
        elif is_list(value) and len(step) < 10 and step.isdecimal() and int(step) < len(value):
            value = value[int(step)]
        else:
            return None
    return value


@lru_cache(maxsize=1024)
def _steps(path: str) -> tuple[str, ...]:
    return tuple(step.replace("\\.", ".") for step in _DOT.split(path))


def _problems(mapping: Mapping[str, Any]) -> Iterator[str]:
    for name in mapping.keys() - {"events", "fields", "values", "defaults"}:
        yield f"“{name}” is none of its parts, which are events, fields, values and defaults."
    if not isinstance(mapping.get("events", ""), str):
        yield "“events” is not a path to a list, as text."
    for part in ("fields", "values", "defaults"):
        if not is_object(mapping.get(part, {})):
            yield f"“{part}” is not an object."
    for field, path in _section(mapping, "fields").items():
        if field not in FIELDS and not field.startswith("tags."):
            yield f"“{field}” is not a field of an event."
        if not path or not all(isinstance(one, str) and one for one in (path if is_list(path) else [path])):
            yield f"“{field}” has no path, which is a text such as check.name, or a list of such."
    for field in _section(mapping, "defaults").keys() - FIELDS:
        yield f"“{field}” is not a field of an event."
    for field, translations in _section(mapping, "values").items():
        known = _VALUES.get(field)
        if known is None or not is_object(translations):
            yield "“values” translates action and severity only, each with an object of texts."
        elif unknown := set(map(text, translations.values())) - known:
            yield f"“{min(unknown)}” is no {field}; say one of {', '.join(sorted(known))}."
