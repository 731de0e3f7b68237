"""The event of a what-if: in OpsKnight's own form, or as a kind of monitor sends it, then read as it would be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Final, TypeAlias

from pydantic import BaseModel, Field, model_validator

from opsknight.api.parse import scrub
from opsknight.api.providers.provider import Context
from opsknight.api.providers.table import PROVIDERS
from opsknight.api.wishes import Clean
from opsknight.domain.model.event import Action, Event, Malformed, Severity, Unreadable
from opsknight.domain.model.ledger import people
from opsknight.domain.queries.catalogue import Integration
from opsknight.errors import Invalid

Payload: TypeAlias = dict[str, Any] | list[Any]
_KEY: Final = "what-if"
_SOMETHING: Final = "Something breaks"


class EventWish(BaseModel):
    """What the event says, in OpsKnight's own form; what that does not know is refused, not passed over."""

    title: Annotated[Clean, Field(max_length=1024)] = _SOMETHING
    severity: Severity = Severity.CRITICAL
    action: Action = Action.TRIGGER
    source: Annotated[Clean, Field(max_length=1024)] = ""
    component: Annotated[Clean, Field(max_length=1024)] = ""
    dedup_key: Annotated[Clean, Field(max_length=1024)] = ""
    tags: Annotated[dict[Clean, Clean], Field(max_length=200)] = {}
    details: Annotated[dict[Clean, Any], Field(max_length=200)] = {}

    @model_validator(mode="before")
    @classmethod
    def _known(cls, said: Any) -> Any:
        unknown = sorted(map(str, said.keys() - cls.model_fields.keys())) if isinstance(said, dict) else []
        if unknown:
            has = people([f"“{name[:40]}”" for name in unknown[:5]])
            known = sorted(cls.model_fields)
            raise ValueError(
                f"it has {has}, which OpsKnight's own form does not know; write {', '.join(known[:-1])} or {known[-1]},"
                " or choose the integration whose monitor sends this"
            )
        return said

    @property
    def event(self) -> Event:
        """The event as the model knows it."""
        return Event(
            action=self.action,
            dedup_key=self.dedup_key or _KEY,
            title=self.title.strip() or _SOMETHING,
            severity=self.severity,
            source=self.source,
            component=self.component,
            tags=self.tags,
            details=self.details,
        )


@dataclass(frozen=True, slots=True)
class Supposed:
    """The event that is looked at, None where a payload holds none; `of` so many that ask for the same."""

    event: Event | None
    of: int = 1

    @property
    def triggers(self) -> bool:
        """Whether it can open anything."""
        return self.event is not None and self.event.action is Action.TRIGGER

    @property
    def read(self) -> str:
        """How it was read, in a sentence."""
        if self.event is None:
            return ""
        how = self.event.severity if self.triggers else self.event.action
        several = f": the first of {self.of} that {self.event.action}" if self.of > 1 else ""
        return f"Read as “{self.event.title}”, {how}{several}."

    @property
    def quiet(self) -> str:
        """Why it pages nobody, of what does not trigger."""
        if self.event is None:
            return "Nothing in it says that something is wrong or over, so nobody is paged."
        return f"A monitor's {self.event.action} pages nobody: it changes what is open with its key, if anything."


def supposed(wish: EventWish, payload: Payload | None, sender: Integration, *, at: datetime) -> Supposed:
    """Return the event of a wish: what `sender` would read in a payload, of several the first that triggers.

    Raises:
        Invalid: its kind of monitor sends nothing like it, or all of it is unreadable.
    """
    if payload is None:
        return Supposed(wish.event)
    kind = PROVIDERS[sender.provider]
    context = Context(received_at=at, mapping=sender.mapping, new_key=_KEY)
    try:
        found: Sequence[Event | Unreadable] = kind.normalise(scrub(payload), context)
    except Malformed as malformed:
        raise Invalid(f"{kind.label} does not send it so: {malformed}") from malformed
    events = [one for one in found if isinstance(one, Event)]
    if found and not events:
        why = next(one.reason for one in found if isinstance(one, Unreadable))
        raise Invalid(f"It cannot be read as {kind.label} sends it: {why}")
    first = next((one for one in events if one.action is Action.TRIGGER), events[0] if events else None)
    return Supposed(first, sum(first is not None and one.action is first.action for one in events))
