"""A payload as a list of the values in it, each with the path by which a field mapping finds it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

MOST: Final = 200
"""Values that are shown of one payload."""
_DEEPEST: Final = 8


@dataclass(frozen=True, slots=True)
class Leaf:
    """One value in a payload; `each` says that it is a list of objects, which may be an event each."""

    path: str
    value: str
    each: bool = False


def parsed(body: bytes) -> Any:
    """Return what a body says as JSON, None where it is none."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def leaves(payload: Any) -> list[Leaf]:
    """Return the values in `payload`, at most MOST, in the order in which they stand."""
    found: list[Leaf] = []
    for leaf in _walk(payload, "", _DEEPEST):
        if len(found) == MOST:
            break
        found.append(leaf)
    return found


def element(payload: Any, events: object) -> Any:
    """Return the first element of the list that `events` leads to, `payload` itself where it leads nowhere."""
    if not isinstance(events, str) or not events:
        return payload
    found = payload
    for step in events.replace("\\.", "\x00").split("."):
        name = step.replace("\x00", ".")
        if isinstance(found, dict):
            found = cast("dict[str, Any]", found).get(name)
        elif isinstance(found, list) and name.isdecimal() and int(name) < len(cast("list[Any]", found)):
            found = cast("list[Any]", found)[int(name)]
        else:
            return payload
    return cast("list[Any]", found)[0] if isinstance(found, list) and found else payload


def _walk(value: Any, path: str, deep: int) -> Iterator[Leaf]:
    if isinstance(value, dict) and deep:
        for name, inner in cast("Mapping[str, Any]", value).items():
            yield from _walk(inner, _joined(path, name.replace(".", "\\.")), deep - 1)
    elif isinstance(value, list) and deep:
        items = cast("list[Any]", value)
        if path and items and isinstance(items[0], dict):
            yield Leaf(path, f"a list of {len(items)}", each=True)
        for place, inner in enumerate(items[:3]):
            yield from _walk(inner, _joined(path, str(place)), deep - 1)
    elif path:
        yield Leaf(path, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


def _joined(path: str, step: str) -> str:
    return f"{path}.{step}" if path else step
