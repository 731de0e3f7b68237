r"""Paths into what a monitor sent: from name to name with dots between, as people read them.

A number is a place in a list. `\\.` is a dot in a name, and a name that is `$` alone is written `\\$`.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, Final, cast

WHOLE: Final = "$."
"""Begins a path that leads from the whole payload, where others lead from one of its elements."""
_DOT: Final = re.compile(r"(?<!\\)\.")


def at(value: Any, path: str, *, whole: Any = None) -> Any:
    """Return what stands at `path` in `value`, or in `whole` where the path begins with WHOLE; None if nothing does."""
    if path.startswith(WHOLE):
        value, path = whole, path[len(WHOLE) :]
    for step in steps(path):
        if isinstance(value, dict):
            value = cast("dict[str, Any]", value).get(step)
        elif isinstance(value, list):
            items = cast("list[Any]", value)
            value = items[int(step)] if len(step) < 10 and step.isdecimal() and int(step) < len(items) else None
        else:
            return None
    return value


@lru_cache(maxsize=1024)
def steps(path: str) -> tuple[str, ...]:
    """Return the names and places that `path` goes through."""
    return tuple("$" if step == "\\$" else step.replace("\\.", ".") for step in _DOT.split(path))


def joined(path: str, name: str) -> str:
    """Return the path that leads one name further than `path`, which is "" at the top."""
    step = "\\$" if name == "$" else name.replace(".", "\\.")
    return f"{path}.{step}" if path else step
