"""What the pager promises of its own speed, and how it has kept that in the last hour."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

WITHIN: Final = timedelta(hours=1)
MOST: Final = 5_000
"""The newest messages that are looked at: in a storm they are of less than an hour, and as good as all for a p99."""
EVENT_TO_HANDOFF_S: Final = 1.0
DUE_TO_HANDOFF_S: Final = 0.25


@dataclass(frozen=True, slots=True)
class ServiceLevel:
    """How long 99 of 100 took at most, in seconds, None where there were none; `promised_s` is the bound."""

    promised_s: float
    p99_s: float | None = None
    count: int = 0

    @property
    def is_kept(self) -> bool:
        """Whether the promise holds; of nothing it does."""
        return self.p99_s is None or self.p99_s <= self.promised_s


@dataclass(frozen=True, slots=True)
class ServiceLevels:
    """From an accepted event to the start of the first provider's call, and from when a message was due to its own."""

    event_to_handoff: ServiceLevel
    due_to_handoff: ServiceLevel


def as_json(levels: ServiceLevels | None) -> dict[str, dict[str, float | int | bool | None]] | None:
    """Return the levels as programs read them, None where they are not known."""
    if levels is None:
        return None
    both = {"event_to_handoff": levels.event_to_handoff, "due_to_handoff": levels.due_to_handoff}
    return {
        name: {"p99_s": one.p99_s, "promised_s": one.promised_s, "messages": one.count, "kept": one.is_kept}
        for name, one in both.items()
    }


def told(levels: ServiceLevels) -> tuple[tuple[bool, str], ...]:
    """Return of each level whether it is kept, and what is said of it."""
    return (
        (levels.event_to_handoff.is_kept, _line("From an event to its first hand-off", levels.event_to_handoff)),
        (levels.due_to_handoff.is_kept, _line("From due to hand-off", levels.due_to_handoff)),
    )


def _line(what: str, level: ServiceLevel) -> str:
    if level.p99_s is None:
        return f"{what}: nothing in the last hour (promised: 99 of 100 within {level.promised_s:g} s)."
    of = f"{level.count:,} message{'' if level.count == 1 else 's'} of the last hour"
    return f"{what}: 99 of 100 within {level.p99_s:.2f} s, of {of} (promised: {level.promised_s:g} s)."
