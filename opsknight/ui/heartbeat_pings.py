"""The last pings of a heartbeat, read when somebody wants to see them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Final, TypeAlias

from nicegui.events import GenericEventArguments

from opsknight.domain.model.ledger import span
from opsknight.domain.queries.heartbeats import PingLine
from opsknight.ui.parts.entry import entry, timeline
from opsknight.ui.parts.tag import tag

Read: TypeAlias = Callable[[str], Awaitable[Sequence[PingLine]]]
"""Returns the pings of the heartbeat of an id, newest first."""
SHOWN: Final = 20
"""Of the pings that are kept, so many are shown; the API has them all."""
SAID: Final = 300
"""Characters of a ping's body that are shown."""


def last_pings(heartbeat_id: str, read: Read) -> None:
    """Offer the last pings; they are read each time this is opened."""
    with tag("details", classes="ok-more") as more:
        tag("summary", "Last pings")
        place = tag("div", classes="ok-beat-ways")

    async def opened(event: GenericEventArguments) -> None:
        if event.args is not True:
            return
        pings = await read(heartbeat_id)
        place.clear()
        with place:
            _pings(pings)

    more.on("toggle", opened, js_handler="(event) => emit(event.target.open)")


def _pings(pings: Sequence[PingLine]) -> None:
    if not pings:
        tag("p", "It has not been heard yet.", classes="ok-muted")
        return
    with timeline():
        for ping in pings[:SHOWN]:
            sentence, mark, kind = _ping(ping)
            said = " ".join(ping["body"].split())[:SAID]
            entry(ping["at"], sentence, mark=mark, kind=kind, more=" · ".join(filter(None, (said, ping["sender"]))))


def _ping(ping: PingLine) -> tuple[str, str, str]:
    """Return a ping as a sentence, with its mark and colour."""
    after = f" after {span(ping['duration_s'])}" if ping["duration_s"] is not None else ""
    if ping["signal"] == "start":
        return "A run began.", "heartbeat", ""
    if ping["signal"] == "success":
        return f"Success{after}.", "check", "good"
    code = f" with exit code {ping['exit_code']}" if ping["exit_code"] else ""
    return f"Failure{code}{after}.", "close", "bad"
