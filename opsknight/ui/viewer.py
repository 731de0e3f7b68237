"""Who is looking at a page, and what the strip on top tells them before anything else is loaded."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from opsknight.deps import Deps


@dataclass(frozen=True, slots=True)
class Duty:
    """Who is on call now for one schedule; `user` is None where nobody is."""

    schedule: str
    user: str | None
    until: datetime | None
    you: bool = False


@dataclass(frozen=True, slots=True)
class Shift:
    """The reader's next shift, or the rest of the present one."""

    schedule: str
    start: datetime
    end: datetime | None = None


@dataclass(frozen=True, slots=True)
class Viewer:
    """The signed-in person. `audience` names the incidents they may see, in the words of the hub."""

    id: int
    name: str
    role: str
    email: str = ""
    audience: str = "public"
    on_call: tuple[Duty, ...] = ()
    next_shift: Shift | None = None
    high: int = field(default=0)

    @property
    def duty(self) -> Duty | None:
        """The schedule to name first: the reader's own when on call, else the first one."""
        return next((duty for duty in self.on_call if duty.you), self.on_call[0] if self.on_call else None)


async def signed_in(deps: Deps) -> Viewer:
    """Return who is looking."""
    raise NotImplementedError(deps)
