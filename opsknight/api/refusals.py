"""What every route may answer besides what it is asked for, as /api/openapi.json tells of it.

FastAPI describes a route's success and its own kind of validation error, which nobody is ever answered
here: a refusal is problem+json with a sentence. Which refusals a route knows follows from what it
declares: its need, its method, and whether it takes anything at all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, TypeAlias

from opsknight.api.auth import Needs
from opsknight.domain.model.permission import Need

Schema: TypeAlias = dict[str, Any]

PROBLEM_KIND: Final = "application/problem+json"
_PROBLEM: Final[Schema] = {"schema": {"$ref": "#/components/schemas/Problem"}}
_WORDS: Final[Mapping[str, str]] = {
    "400": "The body is not JSON in UTF-8.",
    "401": "Nobody is signed in, or the link is not valid.",
    "403": "It is not this person's to do, or the request came from another site.",
    "404": "What it is about is not there.",
    "409": "It is not in the state, or not of the kind, for this; an incident is told as it is now.",
    "422": "Something in it is missing or wrong; the sentence names it.",
    "500": "A mistake of ours.",
    "503": "The database is away or busy. Try again after Retry-After seconds.",
}
_OF_FASTAPI: Final = ("HTTPValidationError", "ValidationError")


def add(schema: Schema, needs: Mapping[tuple[str, str], Needs | None]) -> None:
    """Add to every operation of `schema` how it refuses; `needs` is what each method and path declares."""
    for path, operations in schema["paths"].items():
        for method, told in operations.items():
            asked = "GET" if method == "head" else method.upper()
            need = needs.get((asked, path))
            answers: Schema = told["responses"]
            if PROBLEM_KIND not in answers.get("422", {"content": PROBLEM_KIND})["content"]:
                del answers["422"]  # FastAPI's own
            for status in _statuses(told, reads=asked == "GET", need=need):
                answers.setdefault(status, {"description": _WORDS[status], "content": {PROBLEM_KIND: _PROBLEM}})
            told["responses"] = dict(sorted(answers.items()))
    for name in _OF_FASTAPI:
        schema.get("components", {}).get("schemas", {}).pop(name, None)


def _statuses(told: Schema, *, reads: bool, need: Needs | None) -> Iterator[str]:
    if "requestBody" in told:
        yield "400"
    if need is not None and need.need is not Need.NOTHING:
        if not (need.by_link and told.get("parameters")):  # a key in the path is known or it is not
            yield "401"
        yield "403"
    if "requestBody" in told or told.get("parameters"):
        yield "404"
        yield "422"
    if not reads or told.get("parameters"):
        yield "409"
    yield "500"
    yield "503"
