r"""Field mappings: how an integration finds our fields in JSON that knows nothing of OpsKnight.

A mapping is configuration, plain JSON; every part may be missing:

    {"events":   "alerts",                                  a list inside the payload, one event for each
     "fields":   {"title": {"first": ["check.name", "name"]},  our field: the first path that leads to something,
                  "dedup_key": ["check.id", "host.name"],      several joined by ":",
                  "source": "$.host", "tags": "labels",        one path; "$." begins at the whole payload,
                  "tags.env": "meta.0.environment"},           one tag; "tags" takes all members of an object
     "links":    [{"text": "Runbook", "path": "urls.help"}],   added to those of the field
     "when":     [{"path": "ended_at", "there": true, "then": "resolve"},
                  {"path": "check.state", "is": ["CRIT", "DOWN"], "then": "trigger"}],   the first that holds decides
     "values":   {"action": {"CRIT": "trigger", "OK": "resolve"}, "severity": {"5": "critical"}},
     "defaults": {"source": "nightly checks"}}              where no path leads to anything

What a path is stands in domain/model/path.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from opsknight.api.reading import is_list, is_object, text, word
from opsknight.domain.model.event import Action, Malformed, Severity
from opsknight.domain.model.path import at
from opsknight.errors import Invalid

_FIELD_NAMES: Final = (
    "action, dedup_key, title, severity, source, component, occurred_at, started_at, tags, links, details"
)
FIELDS: Final = frozenset(_FIELD_NAMES.split(", "))
IGNORE: Final = "ignore"
"""The value of `action` for states that page nobody, acknowledge nothing and resolve nothing."""
_ACTIONS: Final = {*Action, IGNORE}
_VALUES: Final = {"action": _ACTIONS, "severity": {*Severity}}
_PARTS: Final = {"events": str, "fields": dict, "links": list, "when": list, "values": dict, "defaults": dict}
_KINDS: Final = {str: "a path to a list, as text", dict: "an object", list: "a list"}
_TESTS: Final = ("is", "is_not", "there")
MOST: Final = 50
"""Links, and conditions, of one mapping."""


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
    found = at(payload, path, whole=payload)
    if not is_list(found) or not found:
        raise Malformed(f"The payload has no list “{path}”, where the field mapping looks for events.")
    return found


def mapped(mapping: Mapping[str, Any], element: Any, *, whole: Any = None) -> dict[str, Any]:
    """Return `element` in the generic format, as `mapping` finds it; `details` is all of it unless mapped.

    `whole` is the payload that it is an element of, None where it is all of that itself.
    """
    whole = element if whole is None else whole
    found: dict[str, Any] = {"details": element if is_object(element) else {"payload": element}}
    found |= _fields(mapping, element, whole)
    for field, value in _section(mapping, "defaults").items():
        found.setdefault(field, value)
    for field, translations in _section(mapping, "values").items():
        if field in found and is_object(translations):
            found[field] = _translated(found[field], translations)
    if isinstance(found.get("links"), str):
        found["links"] = [found["links"]]
    if links := _links(mapping, element, whole):
        found["links"] = [*(found["links"] if is_list(found.get("links")) else ()), *links]
    if "action" in found:  # in the sender's own words, which a status may be and an action may not
        found["status"] = text(found.pop("action"))
    if (then := _decided(mapping, element, whole)) is not None:
        found["status"] = then
    return found


def _fields(mapping: Mapping[str, Any], element: Any, whole: Any) -> dict[str, Any]:
    """Return what stands at the paths of the fields; the tags that have paths of their own among the others."""
    found: dict[str, Any] = {}
    tags: dict[str, Any] = {}
    for field, paths in _section(mapping, "fields").items():
        value = _value(field, element, paths, whole)
        if value is None or value == "":
            continue
        if field.startswith("tags."):
            tags[field.removeprefix("tags.")] = text(value)
        else:
            found[field] = value
    if tags:
        found["tags"] = {**found["tags"], **tags} if is_object(found.get("tags")) else tags
    return found


def _section(mapping: Mapping[str, Any], name: str) -> dict[str, Any]:
    section = mapping.get(name)
    return section if is_object(section) else {}


def _value(field: str, element: Any, paths: Any, whole: Any) -> Any:
    """Return what one path leads to, the first of several that leads to something, or what several make together."""
    if isinstance(paths, str):
        return at(element, paths, whole=whole)
    is_first = is_object(paths)
    listed = paths.get("first") if is_first else paths
    values = [at(element, one, whole=whole) for one in listed if isinstance(one, str)] if is_list(listed) else []
    there = [value for value in values if value not in (None, "", [], {})]
    if not there:
        return None
    if is_first:
        return there[0]
    if field == "links":
        return there
    if field == "tags":
        return {name: value for one in there if is_object(one) for name, value in one.items()}
    return ":".join(map(text, values))


def _translated(value: Any, translations: Mapping[str, Any]) -> Any:
    """Return what a whole value means by the mapping, upper and lower case alike; itself where it is not named."""
    said = text(value)
    if said in translations:
        return translations[said]
    return {word(name): meaning for name, meaning in translations.items()}.get(word(said), value)


def _links(mapping: Mapping[str, Any], element: Any, whole: Any) -> list[dict[str, str]]:
    """Return the links that have words of their own and whose paths lead to a text."""
    found: list[dict[str, str]] = []
    for one in _listed(mapping, "links"):
        href = at(element, text(one.get("path")), whole=whole)
        if isinstance(href, str) and href:
            found.append({"href": href, "text": text(one.get("text"))})
    return found


def _decided(mapping: Mapping[str, Any], element: Any, whole: Any) -> str | None:
    """Return what the first condition that holds asks for, None where none does."""
    for one in _listed(mapping, "when"):
        if _holds(one, at(element, text(one.get("path")), whole=whole)):
            return text(one.get("then"))
    return None


def _holds(condition: Mapping[str, Any], value: Any) -> bool:
    """Say whether `value` is what a condition wants: one of its words as a whole, none of them, or there at all."""
    if "there" in condition:
        return (value not in (None, "", [], {})) is (condition["there"] is True)
    words, said = condition.get("is", condition.get("is_not")), word(text(value))
    among = is_list(words) and bool(said) and any(word(text(one)) == said for one in words)
    return among if "is" in condition else "is_not" in condition and not among


def _listed(mapping: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    """Return the objects of a part that is a list, with a path each."""
    listed = mapping.get(name)
    return [one for one in listed if is_object(one) and text(one.get("path"))] if is_list(listed) else []


def _problems(mapping: Mapping[str, Any]) -> Iterator[str]:
    for name in mapping.keys() - _PARTS.keys():
        yield f"“{name}” is none of its parts, which are events, fields, links, when, values and defaults."
    for part, kind in _PARTS.items():
        if part in mapping and not isinstance(mapping[part], kind):
            yield f"“{part}” is not {_KINDS[kind]}."
    for field, paths in _section(mapping, "fields").items():
        if field not in FIELDS and not field.startswith("tags."):
            yield f"“{field}” is not a field of an event."
        if not _are_paths(paths):
            yield f"“{field}” has no path, which is a text such as check.name, or a list of such."
    for field in _section(mapping, "defaults").keys() - FIELDS:
        yield f"“{field}” is not a field of an event."
    for field, translations in _section(mapping, "values").items():
        known = _VALUES.get(field)
        if known is None or not is_object(translations):
            yield "“values” translates action and severity only, each with an object of texts."
        elif unknown := set(map(text, translations.values())) - known:
            yield f"“{min(unknown)}” is no {field}; say one of {', '.join(sorted(known))}."
    yield from _list_problems(mapping)


def _list_problems(mapping: Mapping[str, Any]) -> Iterator[str]:
    for part, problem in (("links", _link_problem), ("when", _condition_problem)):
        listed = mapping.get(part)
        if is_list(listed):
            yield from filter(None, map(problem, listed))
            if len(listed) > MOST:
                yield f"“{part}” holds {len(listed)}; {MOST} are allowed."


def _are_paths(paths: Any) -> bool:
    if is_object(paths):
        return paths.keys() == {"first"} and is_list(paths["first"]) and _are_paths(paths["first"])
    return bool(paths) and all(isinstance(one, str) and one for one in (paths if is_list(paths) else [paths]))


def _link_problem(link: Any) -> str:
    if is_object(link) and _is_text(link.get("path")) and isinstance(link.get("text", ""), str):
        return ""
    return "a link is an object with its path, and the text to show for it."


def _condition_problem(condition: Any) -> str:
    if not is_object(condition) or not _is_text(condition.get("path")):
        return "a condition is an object with a path."
    tests = [test for test in _TESTS if test in condition]
    if len(tests) != 1:
        return f"the condition on “{condition['path']}” says not just one of is, is_not and there."
    wanted, path = condition[tests[0]], condition["path"]
    if tests[0] == "there":
        if not isinstance(wanted, bool):
            return f"“there” of the condition on “{path}” is neither true nor false."
    elif not is_list(wanted) or not wanted or not all(text(one) for one in wanted):
        return f"“{tests[0]}” of the condition on “{path}” is no list of words."
    if condition.get("then") not in _ACTIONS:
        return f"the condition on “{path}” says no action; say one of {', '.join(sorted(_ACTIONS))}."
    return ""


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value)
