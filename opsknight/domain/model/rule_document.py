"""Rules as plain data, the same in YAML, in the API and in the database.

    name: Staging wakes nobody
    when: tags.env == "staging"
    set: {severity: warning, urgency: low, priority: P4, title: "[staging] {title}", tags: {quiet: "yes"}}
    then: suppress                                 # or drop
    pause: 5m
    group: {by: [tags.cluster], within: 30m}
    threshold: {count: 5, within: 10m, by: [tags.host]}
    stop: true
    enabled: false

Every part but name and when may be missing; a part that is none of these is refused.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from difflib import get_close_matches
from enum import StrEnum
from typing import Any, Final, TypeVar, cast

from opsknight.domain.model.event import Severity, Urgency
from opsknight.domain.model.expression_check import Compile
from opsknight.domain.model.rule import (
    LONGEST,
    MAX_COUNT,
    MAX_FIELDS,
    MAX_NAME,
    PRIORITIES,
    Actions,
    BadRule,
    Group,
    Rule,
    Threshold,
)
from opsknight.domain.model.rule_set import ReadyRule, prepared

PARTS: Final = ("name", "when", "set", "then", "pause", "group", "threshold", "stop", "enabled")
_SET: Final = ("severity", "urgency", "priority", "title", "tags", "service_id", "dedup_key")
MAX_TAGS: Final = 20
_SPAN: Final = re.compile(r"([0-9]{1,6}) ?(s|m|min|h|d)?")
_UNITS: Final = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86400, None: 1}
_Word = TypeVar("_Word", bound=StrEnum)


def rule_of(document: object, compile_pattern: Compile, *, rule_id: int = 0, service_id: int | None = None) -> Rule:
    """Return the rule that `document` says, with everything in it made sure of.

    Raises:
        BadRule: a part is unknown, or cannot be used; it names the part.
        BadExpression: the condition cannot be used.
    """
    return ready_rule_of(document, compile_pattern, rule_id=rule_id, service_id=service_id).rule


def ready_rule_of(
    document: object, compile_pattern: Compile, *, rule_id: int = 0, service_id: int | None = None
) -> ReadyRule:
    """Return the same with all its texts read."""
    parts = _object(document, "rule", PARTS)
    rule = Rule(
        id=rule_id,
        name=_name(parts.get("name")),
        condition=_text(parts.get("when", ""), "when", strip=False).rstrip(),
        actions=actions_of(parts),
        stops=_flag(parts, "stop", default=False),
        enabled=_flag(parts, "enabled", default=True),
        service_id=service_id,
    )
    return prepared(rule, compile_pattern)


def actions_of(parts: Mapping[str, Any]) -> Actions:
    """Return what the parts of a document besides its condition do.

    Raises:
        BadRule: one cannot be used.
    """
    sets = _object(parts.get("set", {}), "set", _SET)
    then = parts.get("then")
    if then is not None and not isinstance(then, str):
        raise BadRule("then is one word, suppress or drop; what an event becomes stands under set.", part="then")
    if then not in (None, "suppress", "drop"):
        raise BadRule(f"then is “{then}”; it can be suppress or drop.", part="then")
    priority = sets.get("priority")
    if priority is not None and priority not in PRIORITIES:
        raise BadRule(f"There is no priority “{priority}”; it is one of {', '.join(PRIORITIES)}.", part="priority")
    return Actions(
        severity=_word(sets.get("severity"), Severity, "severity"),
        urgency=_word(sets.get("urgency"), Urgency, "urgency"),
        priority=priority,
        title=_text(sets.get("title", ""), "title"),
        tags=_tags(sets.get("tags", {})),
        service_id=_number(sets["service_id"], "service_id", most=2**63 - 1) if "service_id" in sets else None,
        dedup_key=_text(sets.get("dedup_key", ""), "dedup_key"),
        suppress=then == "suppress",
        drop=then == "drop",
        pause=_span(parts["pause"], "pause") if "pause" in parts else None,
        group=_group(parts["group"]) if "group" in parts else None,
        threshold=_threshold(parts["threshold"]) if "threshold" in parts else None,
    )


def document_of(rule: Rule) -> dict[str, Any]:
    """Return `rule` as plain data, without what is as usual; `rule_of` makes the same rule of it."""
    document: dict[str, Any] = {"name": rule.name, "when": rule.condition, **_actions(rule.actions)}
    if rule.stops:
        document["stop"] = True
    if not rule.enabled:
        document["enabled"] = False
    return document


def _actions(does: Actions) -> dict[str, Any]:
    sets = {
        "severity": does.severity and does.severity.value,
        "urgency": does.urgency and does.urgency.value,
        "priority": does.priority,
        "title": does.title,
        "tags": dict(does.tags),
        "service_id": does.service_id,
        "dedup_key": does.dedup_key,
    }
    document: dict[str, Any] = {}
    if said := {name: value for name, value in sets.items() if value}:
        document["set"] = said
    if does.drop or does.suppress:
        document["then"] = "drop" if does.drop else "suppress"
    if does.pause:
        document["pause"] = _written(does.pause)
    if does.group:
        within = {"within": _written(does.group.within)} if does.group.within else {}
        document["group"] = {"by": list(does.group.by), **within}
    if does.threshold:
        by = {"by": list(does.threshold.by)} if does.threshold.by else {}
        document["threshold"] = {"count": does.threshold.count, "within": _written(does.threshold.within), **by}
    return document


def _object(value: object, part: str, names: Sequence[str]) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise BadRule(f"The {part} is no list of names with values.", part=part)
    found = cast("Mapping[Any, Any]", value)
    for name in found:
        if name not in names:
            close = get_close_matches(str(name), names, n=1)
            hint = f"did you mean “{close[0]}”?" if close else f"parts are {', '.join(names)}."
            raise BadRule(f"“{name}” is no part of the {part}; {hint}", part=part)
    return {name: one for name, one in found.items() if one is not None}


def _name(value: object) -> str:
    name = " ".join(_text("" if value is None else value, "name").split())
    if not name:
        raise BadRule("A rule needs a name: say what it is for, such as “Staging wakes nobody”.", part="name")
    if len(name) > MAX_NAME:
        raise BadRule(f"The name has {len(name)} characters; {MAX_NAME} are allowed.", part="name")
    return name


def _text(value: object, part: str, *, strip: bool = True) -> str:
    """Return a text. A condition begins where it was written: its problems are told by their place in it."""
    if not isinstance(value, str):
        raise BadRule(f"{part} is no text; put it in quotes.", part=part)
    return value.strip() if strip else value


def _flag(parts: Mapping[str, Any], part: str, *, default: bool) -> bool:
    value = parts.get(part, default)
    if not isinstance(value, bool):
        raise BadRule(f"{part} is “{value}”; it can be true or false.", part=part)
    return value


def _word(value: object, words: type[_Word], part: str) -> _Word | None:
    if value is None:
        return None
    try:
        return words(str(value))
    except ValueError:
        raise BadRule(f"There is no {part} “{value}”; it is one of {', '.join(words)}.", part=part) from None


def _tags(value: object) -> Mapping[str, str]:
    if not isinstance(value, Mapping):
        raise BadRule("tags is no list of names with texts.", part="tags")
    tags = {str(name).strip(): _text(text, "tags") for name, text in cast("Mapping[Any, Any]", value).items()}
    if len(tags) > MAX_TAGS or not all(tags):
        raise BadRule(f"tags has a tag without a name, or more than {MAX_TAGS} of them.", part="tags")
    return tags


def _number(value: object, part: str, *, most: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= most:
        raise BadRule(f"{part} is “{value}”; it is a whole number from 1 to {most}.", part=part)
    return value


def _span(value: object, part: str) -> timedelta:
    found = _SPAN.fullmatch(str(value).strip()) if isinstance(value, str | int) else None
    if found is None:
        raise BadRule(f"{part} is “{value}”; write a span such as 90s, 10m, 2h or 1d.", part=part)
    span = timedelta(seconds=int(found[1]) * _UNITS[found[2]])
    if not timedelta(0) < span <= LONGEST:
        raise BadRule(f"{part} is “{value}”; it can be up to {LONGEST.days} days, and not nothing.", part=part)
    return span


def _fields(value: object, part: str) -> tuple[str, ...]:
    if not isinstance(value, list | tuple):
        raise BadRule(f"The fields of {part} are no list, such as [tags.host].", part=part)
    names = cast("Sequence[object]", value)
    if len(names) > MAX_FIELDS:
        raise BadRule(f"{part} has {len(names)} fields; {MAX_FIELDS} are allowed.", part=part)
    return tuple(_text(name, part) for name in names)


def _group(value: object) -> Group:
    parts = _object(value, "group", ("by", "within"))
    within = _span(parts["within"], "group") if "within" in parts else None
    by = _fields(parts.get("by", ()), "group")
    if not by and within is None:
        raise BadRule("A group needs fields, a span, or both: else everything would be one incident.", part="group")
    return Group(by, within)


def _threshold(value: object) -> Threshold:
    parts = _object(value, "threshold", ("count", "within", "by"))
    if not {"count", "within"} <= parts.keys():
        raise BadRule("A threshold needs both, count and within.", part="threshold")
    count = _number(parts["count"], "threshold", most=MAX_COUNT)
    return Threshold(count, _span(parts["within"], "threshold"), _fields(parts.get("by", ()), "threshold"))


def _written(span: timedelta) -> str:
    seconds = int(span.total_seconds())
    for unit in ("d", "h", "m"):
        if seconds % _UNITS[unit] == 0:
            return f"{seconds // _UNITS[unit]}{unit}"
    return f"{seconds}s"
