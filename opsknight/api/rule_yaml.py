"""Rules as YAML, read strictly: plain values only, no name twice, no references, no types of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import yaml

from opsknight.domain.model.expression import BadExpression, Span

MAX_LENGTH: Final = 20_000
_ORDER: Final = ("name", "when", "set", "then", "pause", "group", "threshold", "stop", "enabled")


class _Loader(yaml.SafeLoader):
    """Refuses what could mean two things."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        """Refuse references: what one stands for is said elsewhere, and may grow without end."""
        if self.check_event(yaml.AliasEvent):
            raise yaml.MarkedYAMLError(problem="references (*name) are not used here", problem_mark=_mark(self))
        return super().compose_node(parent, index)

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002  # theirs
        """Refuse a name that stands twice."""
        seen: set[str] = set()
        for key, _ in node.value:
            name = str(key.value)
            if name in seen:
                raise yaml.MarkedYAMLError(problem=f"“{name}” stands here twice", problem_mark=key.start_mark)
            seen.add(name)
        return super().construct_mapping(node, deep=deep)


class _Dumper(yaml.SafeDumper):
    """Writes texts of several lines as such, and never a reference."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002  # theirs
        """Write everything out."""
        return True


def read_yaml(text: str) -> Any:
    """Return what `text` says, as plain data.

    Raises:
        BadExpression: it is no YAML, or uses more of it than is allowed; it says where.
    """
    if len(text) > MAX_LENGTH:
        raise BadExpression(f"The text has {len(text)} characters; {MAX_LENGTH} are allowed.", Span(MAX_LENGTH, 1))
    try:
        return yaml.load(text, _Loader)  # noqa: S506  # ours is a safe one
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = min(mark.index, len(text)) if mark is not None else 0
        line = f"Line {mark.line + 1}: " if mark is not None else ""
        raise BadExpression(f"{line}{error.problem or 'this is no YAML'}.", Span(place, 0)) from error
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise BadExpression(f"This is no YAML that can be read: {error}.", Span(0, 0)) from error


def write_yaml(document: Mapping[str, Any]) -> str:
    """Return a rule's document as YAML, its parts in their usual order."""
    ordered = {part: document[part] for part in _ORDER if part in document}
    written = yaml.dump(ordered, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=100)
    return str(written)


def _mark(loader: Any) -> Any:
    return loader.peek_event().start_mark
