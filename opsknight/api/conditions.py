"""Conditions on alerts, as bodies of requests carry them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, TypeAlias

from pydantic import BaseModel, Field

from opsknight.api.wishes import Clean
from opsknight.domain.model.matcher import MAX_MATCHERS, MAX_VALUES, Matcher, Op


class Condition(BaseModel):
    """One comparison of a field of an alert: service, team, severity, title, source, component or tags.NAME."""

    field: Annotated[Clean, Field(max_length=200)]
    op: Op = Op.IS
    values: Annotated[list[Annotated[Clean, Field(max_length=1024)]], Field(max_length=MAX_VALUES)]


Conditions: TypeAlias = Annotated[list[Condition], Field(max_length=MAX_MATCHERS)]


def matchers(conditions: Sequence[Condition]) -> tuple[Matcher, ...]:
    """Return conditions as commands take them."""
    return tuple(Matcher(one.field.strip(), one.op, tuple(one.values)) for one in conditions)
