r"""Paths into what a monitor sent: from name to name with dots between, as people read them.

A number is a place in a list. `\.` is a dot in a name. `$` is the whole payload, where other paths begin
at one of its elements; a name that is `$` alone is written `\$`.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, Final, cast

WHOLE: Final = "$"
"""The whole payload; with a dot after it, it begins a path."""
_BEGINS: Final = f"{WHOLE}."
_DOT: Final = re.compile(r"(?<!\\)\.")
_LONGEST_PLACE: Final = 9
"""Digits of a place in a list."""


def at(value: Any, path: str, *, whole: Any = None) -> Any:
    """Return what stands at `path` in `value`, or in `whole` where the path begins there; None where nothing does."""
    if path == WHOLE:
        return whole
    if path.startswith(_BEGINS):
        value, path = whole, path.removeprefix(_BEGINS)
    for step in steps(path):
        if isinstance(value, dict):
            value = cast("dict[str, Any]", value).get(step)
        elif isinstance(value, list):
            items = cast("list[Any]", value)
            is_place = step.isdecimal() and len(step) <= _LONGEST_PLACE and int(step) < len(items)
            value = items[int(step)] if is_place else None
        else:
            return None
    return value


@lru_cache(maxsize=1024)
def steps(path: str) -> tuple[str, ...]:
    """Return the names and places that `path` goes through."""
    return tuple(WHOLE if step == r"\$" else step.replace(r"\.", ".") for step in _DOT.split(path))


def joined(path: str, name: str) -> str:
    """Return the path that leads one name further than `path`, which is "" at the top."""
    step = r"\$" if name == WHOLE else name.replace(".", r"\.")
    return f"{path}.{step}" if path else step


def within_whole(path: str) -> str:
    """Return the path that leads to the same place from the whole payload."""
    return f"{_BEGINS}{path}"
