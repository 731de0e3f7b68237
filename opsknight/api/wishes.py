"""The bodies of commands: what a person wants done to an incident.

A number is a number here, and yes is `true`: "1" and 1 for `true` are refused, not guessed at.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final, TypeAlias

from fastapi import Path
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    WithJsonSchema,
    model_validator,
)

from opsknight.api.parse import scrub
from opsknight.domain.commands.opening import THE_SERVICE, Whom
from opsknight.domain.model.event import Severity, Urgency

_NUMBER: Final = {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 2**33}


def _seconds(said: Any) -> Any:
    """Return an instant that is written out as seconds since 1970, anything else as it is."""
    if not isinstance(said, str):
        return said
    try:
        at = datetime.fromisoformat(said.strip().upper())
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise ValueError("write an instant as 2026-11-24T12:00:00+01:00, with its offset, or in seconds since 1970")
    return at.timestamp()


Id: TypeAlias = Annotated[int, Field(strict=True, ge=1, lt=2**63)]
Number: TypeAlias = Annotated[int, Path(ge=1, lt=2**63)]
"""The number of a thing in an address, where everything is text."""
Span: TypeAlias = Annotated[float, Field(strict=True, gt=0, le=366 * 86400, description="seconds from now")]
Instant: TypeAlias = Annotated[
    float,
    BeforeValidator(_seconds),
    Field(strict=True, gt=0, lt=2**33, description="epoch seconds, or ISO 8601 with an offset"),
    WithJsonSchema({"anyOf": [_NUMBER, {"type": "string", "format": "date-time"}]}),
]
Version: TypeAlias = Annotated[int, Field(strict=True, ge=1, lt=2**31)] | None
"""The version that somebody was looking at, where their screen knows it."""
Yes: TypeAlias = Annotated[bool, Field(strict=True)]
Clean: TypeAlias = Annotated[str, AfterValidator(scrub)]
"""A text that can be stored: a NUL in it is shown as U+FFFD."""


class Seen(BaseModel):
    """Any command: the version of the incident that the person was looking at, where a screen knows it."""

    seen_version: Version = None


class Until(Seen):
    """A command with an end, as a span or an instant, never both."""

    for_s: Span | None = None
    until: Instant | None = None

    @model_validator(mode="after")
    def _one_end(self) -> Until:
        if self.for_s is not None and self.until is not None:
            raise ValueError("say either for_s or until, not both")
        return self

    def end(self, now: datetime) -> datetime | None:
        """Return the instant that is meant, None where none was said."""
        if self.for_s is not None:
            return now + timedelta(seconds=self.for_s)
        return None if self.until is None else datetime.fromtimestamp(self.until, UTC)


def one_of(**kinds: str) -> ConfigDict:
    """Return what tells in /api/openapi.json that one of these must be said; the sentence is the validator's."""
    said: list[Any] = [{"required": [name], "properties": {name: {"type": kind}}} for name, kind in kinds.items()]
    return ConfigDict(json_schema_extra={"oneOf": said})


class End(BaseModel):
    """When something ends, as a span from now or an instant; one of them must be said."""

    model_config = one_of(for_s="number", until="number")

    for_s: Span | None = None
    until: Instant | None = None

    @model_validator(mode="after")
    def _one_end(self) -> End:
        if (self.for_s is None) == (self.until is None):
            raise ValueError("say either until or for_s: it has an end")
        return self

    def end(self, now: datetime) -> datetime:
        """Return the instant that is meant."""
        if self.until is not None:
            return datetime.fromtimestamp(self.until, UTC)
        return now + timedelta(seconds=self.for_s or 0)


class Snooze(Until):
    """How long to let it rest; the end must be said."""

    model_config = one_of(for_s="number", until="number")

    @model_validator(mode="after")
    def _an_end(self) -> Snooze:
        if self.for_s is None and self.until is None:
            raise ValueError("say for_s or until: a snooze has an end")
        return self


class Suppress(Until):
    """How long to silence it; a day where nothing is said, or until its monitor reports it as cleared."""

    until_clear: Yes = False


class Reassign(Seen):
    """Whose it shall be."""

    to: Id


class Page(BaseModel):
    """Whom to page instead of the service's policy: a person first, or another policy."""

    model_config = one_of(user_id="integer", policy_id="integer")

    user_id: Id | None = None
    policy_id: Id | None = None

    @model_validator(mode="after")
    def _one_of_them(self) -> Page:
        if (self.user_id is None) == (self.policy_id is None):
            raise ValueError("say either user_id or policy_id")
        return self


class ByHand(BaseModel):
    """An incident that no monitor sees."""

    service_id: Id
    title: Annotated[Clean, Field(max_length=10_000, json_schema_extra={"minLength": 1})]
    urgency: Urgency
    severity: Severity | None = None
    details: Annotated[Clean, Field(max_length=65_536)] = ""
    page: Page | None = None

    @property
    def whom(self) -> Whom:
        """Whom to page, as the command takes it."""
        return THE_SERVICE if self.page is None else Whom(self.page.user_id, self.page.policy_id)

    @property
    def how_bad(self) -> Severity:
        """The severity, or the one that goes with the urgency where none was said."""
        return self.severity or (Severity.CRITICAL if self.urgency is Urgency.HIGH else Severity.WARNING)
