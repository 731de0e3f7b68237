"""Many rows in one statement: what it takes is an array for each column, which `unnest` makes rows of again."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import orjson


def columns(rows: Sequence[Mapping[str, Any]], *, plain: Collection[str] = ()) -> dict[str, list[Any]]:
    """Return the values of `rows`, which have the same names, by their names; those of `plain` as JSON text.

    None stays None, there too.
    """
    found = {name: [row[name] for row in rows] for name in rows[0]}
    for name in plain:
        found[name] = [None if value is None else orjson.dumps(value).decode() for value in found[name]]
    return found
