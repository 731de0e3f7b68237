"""Tell every open page what changed: one event for all of them, encoded once for each fifty.

A page follows an audience, the incidents that its viewer may see; that is all that is known of it here. The events
pass by NiceGUI's own messages and their history: a page that missed one sees the gap in the revisions and reads anew.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from nicegui import core, ui
from nicegui.client import Client

from opsknight import metrics
from opsknight.domain.model.fact import CALENDARS, SCHEDULING, Fact
from opsknight.domain.queries.feed import Entry
from opsknight.hub import BEAT_S, Beat, Tick

if TYPE_CHECKING:
    from opsknight.deps import Deps

PUBLIC = "public"
"""The audience of everyone who is signed in; the hub tells of no other yet."""
_RENAMING = frozenset({Fact.CONFIGURED, Fact.SERVICE_ARCHIVED, Fact.SERVICE_RESTORED})
AT_ONCE = 50
"""Clients told before the loop may turn: telling 300 at once kept everything else waiting for 28 ms."""

_followers: dict[str, set[str]] = {}
_beats: deque[tuple[float, Beat]] = deque(maxlen=1)
"""The last beat and when it was passed on, for pages that come between two of them."""
_rescheduled = asyncio.Event()
"""Whether others may be on call than when the last beat was passed on."""
_renamed = asyncio.Event()
"""Whether a team or a service may be called otherwise than then, or be gone."""


def follow(audience: str = PUBLIC) -> None:
    """Have the page that is being built hear `board` and `beat` for as long as it is connected."""
    client = ui.context.client
    client.on_connect(lambda: _come(audience, client.id))
    client.on_disconnect(lambda: _left(audience, client))
    client.on_delete(lambda: _forget(audience, client.id))


def following(audience: str = PUBLIC) -> int:
    """Return how many pages are told."""
    return len(_followers.get(audience, ()))


def heed(entries: Sequence[Entry]) -> None:
    """Take note of new facts: the next beat says that who is on call was changed, or what boards are named after."""
    if any(entry.kind in SCHEDULING or entry.kind in CALENDARS for entry in entries):
        _rescheduled.set()
    if any(entry.kind in _RENAMING for entry in entries):
        _renamed.set()


async def broadcast(deps: Deps) -> None:
    """Pass on what the hub says, for ever."""
    deps.hub.is_heard = lambda: following() > 0
    async with deps.hub.subscribe() as messages:
        async for message in messages:
            if isinstance(message, Beat):
                _beats.append((time.monotonic(), message))
                await _emit("beat", {"now": message.now, "rev": message.rev, **_changed()})
            else:
                await _emit("board", change(message))


def _changed() -> Mapping[str, bool]:
    """Return what the next beat says of facts since the last one: `duties`, `names`, what did not change left out."""
    since = {"duties": _rescheduled, "names": _renamed}
    found = {name: True for name, changed in since.items() if changed.is_set()}
    for changed in since.values():
        changed.clear()
    return found


def change(tick: Tick) -> Mapping[str, Any]:
    """Return a tick in the words of the browser."""
    return {
        "base": tick.base,
        "rev": tick.rev,
        "now": tick.now,
        "u": list(tick.lines),
        "d": list(tick.removed),
        **tick.summary,
    }


async def _emit(event: str, data: Mapping[str, Any], *, audience: str = PUBLIC) -> None:
    for rooms in _chunks(list(_followers.get(audience, ()))):
        await core.sio.emit(event, data, room=rooms)
        await asyncio.sleep(0)


def _chunks(client_ids: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(client_ids), AT_ONCE):
        yield client_ids[start : start + AT_ONCE]


async def _come(audience: str, client_id: str) -> None:
    """Tell a page from now on; that all is live it hears at once when the last beat is still fresh."""
    _followers.setdefault(audience, set()).add(client_id)
    metrics.BOARDS.set(following(audience))
    if _beats and (age := time.monotonic() - _beats[0][0]) < BEAT_S:
        beat = _beats[0][1]
        await core.sio.emit("beat", {"now": beat.now + age, "rev": beat.rev}, room=client_id)


def _left(audience: str, client: Client) -> None:
    """Forget a page whose last socket closed; a new one may have come before the old was found dead."""
    if not client.has_socket_connection:
        _forget(audience, client.id)


def _forget(audience: str, client_id: str) -> None:
    _followers.get(audience, set()).discard(client_id)
    metrics.BOARDS.set(following(audience))
