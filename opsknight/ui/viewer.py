"""Who is looking at a page, and what the strip on top tells them before anything else is loaded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nicegui import ui

from opsknight.domain.model.permission import Need, Person, Role, permits
from opsknight.domain.queries import board, sessions
from opsknight.domain.queries.oncall import Duty, NextShift, on_call_and_next
from opsknight.errors import SignInRequired
from opsknight.ui import leaving
from opsknight.ui import notices as shown
from opsknight.ui.notices import Notice

if TYPE_CHECKING:
    from opsknight.deps import Deps


@dataclass(frozen=True, slots=True)
class Viewer:
    """The signed-in person. `audience` names the incidents they may see; `high` counts those nobody has yet.

    `rev` is a revision of the feed that all this is as new as; without one the page does not ask whether it missed any.
    """

    id: int
    name: str
    role: str
    email: str = ""
    zone: str = "UTC"
    audience: str = "public"
    on_call: Sequence[Duty] = ()
    next_shift: NextShift | None = None
    high: int = 0
    rev: str = ""
    notices: tuple[Notice, ...] = ()

    @property
    def duty(self) -> Duty | None:
        """The duty to name first: the reader's own when on call, else the first one."""
        return next((duty for duty in self.on_call if duty["you"]), self.on_call[0] if self.on_call else None)

    def may(self, need: Need) -> bool:
        """Tell whether this person may do what `need` names."""
        return bool(permits(Person(self.id, Role(self.role)), need))


async def signed_in(deps: Deps) -> Viewer:
    """Return who is looking at the page that is being built, with what its strip tells.

    Raises:
        SignInRequired: the session is over, or there never was one.
    """
    found = await _session(deps)
    leaving.remember(ui.context.client, found.session_id, found.id)
    now, rev = deps.clock.now(), deps.hub.rev
    notices = await shown.read(deps)
    async with deps.reading() as session:
        summary = await board.summary(session, now=now)
        on_call, next_shift = await on_call_and_next(session, at=now, you=found.id)
        return Viewer(
            id=found.id,
            name=found.name,
            role=found.role,
            email=found.email,
            zone=found.zone,
            on_call=on_call,
            next_shift=next_shift,
            high=summary["counts"]["high_unacknowledged"],
            rev=rev,
            notices=notices,
        )


async def still_signed_in(deps: Deps) -> None:
    """Let a handler go on only while the session of its page lasts: a socket outlives a sign-out.

    Raises:
        SignInRequired: the session has ended since.
    """
    await _session(deps)


async def _session(deps: Deps) -> sessions.Viewer:
    token = ui.context.client.request.cookies.get(deps.settings.session_cookie, "")
    async with deps.reading() as session:
        found = await sessions.viewer_of(session, token, now=deps.clock.now())
    if found is None:
        raise SignInRequired("Sign in to see this page.")
    return found
