"""What a monitor said along with an alert, put in order: the sentences for people first, then every other value.

Monitors nest and name as they like, and PostgreSQL keeps no order of names: left as it comes, the one sentence that
says what to do stands last, within JSON.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

SENTENCES: Final = ("description", "message", "body", "text", "summary", "reason", "output")
"""Names under which monitors write to people, the most telling first."""
AT_MOST: Final = 2
_UNNAMED: Final = frozenset(("annotations", "labels"))
"""What only holds others: `annotations` says nothing that `description` does not."""
_DEEPEST: Final = 3
_MARKDOWN: Final = "%%%"
"""Datadog's mark around what is written in Markdown."""


@dataclass(frozen=True, slots=True)
class Said:
    """The sentences for people, and all other values by their names, both as text."""

    sentences: Sequence[str]
    values: Sequence[tuple[str, str]]


def said(*, title: str, details: Mapping[str, Any], tags: Mapping[str, str]) -> Said:
    """Sort what stands in `details`, then in `tags`; what is the title word for word is told already."""
    flat = [one for one in _flat(details) if one.text.strip() not in ("", title)]
    ranked = sorted((one for one in flat if one.rank is not None), key=lambda one: one.rank or 0)
    chosen = ranked[:AT_MOST]
    sentences = dict.fromkeys(_plain(one.text) for one in chosen)
    rest = [(one.name, one.text) for one in flat if one not in chosen]
    return Said([one for one in sentences if one], [*rest, *((key, str(value)) for key, value in tags.items())])


@dataclass(frozen=True, slots=True)
class _Value:
    """One value under its path; `rank` is how telling a sentence it is, None for what is none."""

    name: str
    text: str
    rank: int | None


def _flat(values: Mapping[str, Any], within: str = "", depth: int = 1) -> Iterator[_Value]:
    for key, value in values.items():
        name = f"{within}{key}"
        if isinstance(value, Mapping) and value and depth < _DEEPEST:
            yield from _flat(value, within if key in _UNNAMED else f"{name}.", depth + 1)
        elif isinstance(value, str):
            yield _Value(name, value, SENTENCES.index(name.lower()) if name.lower() in SENTENCES else None)
        else:
            yield _Value(name, json.dumps(value, ensure_ascii=False), None)


def _plain(text: str) -> str:
    return text.strip().removeprefix(_MARKDOWN).removesuffix(_MARKDOWN).strip()
