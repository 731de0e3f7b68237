"""A payload as a list of the values in it, each with the path by which a field mapping finds it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, Final, cast

from opsknight.domain.model.path import WHOLE, at, joined, within_whole
from opsknight.domain.queries.deliveries import StoredDelivery

MOST: Final = 200
"""Values that are shown of one payload."""
_DEEPEST: Final = 8
_LISTED: Final = 3
"""Elements of a list that are shown."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A delivery to pick from, and what a field mapping is applied to in it: None where it cannot be read."""

    stored: StoredDelivery
    payload: Any


@dataclass(frozen=True, slots=True)
class Leaf:
    """One value in a payload.

    `each` says that it is a list of objects, which may be an event each; `members` that it is an object
    of texts and numbers, which may be a tag each.
    """

    path: str
    value: str
    each: bool = False
    members: bool = False


def leaves(payload: Any, events: object = None) -> list[Leaf]:
    """Return the values in `payload`, at most MOST, in the order in which they stand.

    Where each element of the list at `events` is an event, they are those of its first element, and after
    them what stands in the rest of the payload.
    """
    inner = element(payload, events)
    found = list(islice(_walk(inner, "", _DEEPEST), MOST))
    if inner is payload:
        if _is_of_objects(payload):
            found.insert(0, Leaf(WHOLE, f"a list of {len(payload)}", each=True))
        return found[:MOST]
    outer = (leaf for leaf in _walk(payload, "", _DEEPEST, besides=str(events)) if not leaf.each)
    return [*found, *(replace(leaf, path=within_whole(leaf.path)) for leaf in outer)][:MOST]


def element(payload: Any, events: object) -> Any:
    """Return the first element of the list that `events` leads to, `payload` itself where it leads to none."""
    if not isinstance(events, str) or not events:
        return payload
    found = at(payload, events, whole=payload)
    return cast("list[Any]", found)[0] if isinstance(found, list) and found else payload


def said(value: Any) -> str:
    """Return a value as it is shown, and as its meaning is asked for."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _walk(value: Any, path: str, deep: int, *, besides: str = "") -> Iterator[Leaf]:
    """Yield the values in `value`, without what stands at the path `besides`."""
    if path and path == besides:
        return
    if isinstance(value, dict) and deep:
        members = cast("Mapping[str, Any]", value)
        if path and members and not any(isinstance(one, dict | list) for one in members.values()):
            yield Leaf(path, f"all {len(members)} of it", members=True)
        for name, inner in members.items():
            yield from _walk(inner, joined(path, name), deep - 1, besides=besides)
    elif isinstance(value, list) and deep:
        items = cast("list[Any]", value)
        if path and _is_of_objects(items):
            yield Leaf(path, f"a list of {len(items)}", each=True)
        for place, inner in enumerate(items[:_LISTED]):
            yield from _walk(inner, joined(path, str(place)), deep - 1, besides=besides)
    elif path:
        yield Leaf(path, "" if value is None else said(value))


def _is_of_objects(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(cast("list[Any]", value)[0], dict)
