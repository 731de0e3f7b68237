"""What the pages of schedules read; each function opens one short read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from opsknight.domain.model.permission import Need
from opsknight.domain.queries.calendar_feeds import FeedLine, feeds
from opsknight.domain.queries.calendar_sources import SourceLine, sees_urls, sources
from opsknight.domain.queries.going_on_call import ShiftCheck, shift_checks
from opsknight.domain.queries.handoffs import Handoffs, Notes, handoffs_of, notes_of
from opsknight.domain.queries.schedule_lines import (
    Document,
    ScheduleLine,
    document,
    standing_temporary_schedule,
    temporary_schedules,
)
from opsknight.domain.queries.schedule_overviews import (
    Overview,
    OwnShift,
    overviews,
    own_shifts,
    shadowing,
    team_names,
)
from opsknight.errors import NotFound
from opsknight.ui.viewer import Viewer

if TYPE_CHECKING:
    from opsknight.deps import Deps

FAR: Final = timedelta(days=3660)
"""How far ahead temporary schedules are looked for; no clock of theirs goes further."""


async def read_overviews(deps: Deps) -> Sequence[Overview]:
    """Return every schedule as it stands now, in order of name."""
    async with deps.reading() as session:
        return await overviews(session, at=deps.clock.now())


async def read_schedule(deps: Deps, key: str) -> tuple[ScheduleLine, Sequence[int]]:
    """Return the schedule of number `key`, and the people of its layers.

    Raises:
        NotFound: there is none, or the key is no number.
    """
    if not key.isdecimal() or len(key) > 18:
        raise NotFound("There is no such schedule.")
    async with deps.reading() as session:
        found = await document(session, int(key))
    return found.line, people_of(found)


async def read_their_teams(deps: Deps, viewer: Viewer) -> Mapping[int, str]:
    """Return the names of the teams whose schedules `viewer` may change, by number, in order of name."""
    if not viewer.may(Need.CONFIGURE):
        return {}
    async with deps.reading() as session:
        return await team_names(session, managed_by=None if viewer.may(Need.ADMINISTER) else viewer.id)


async def read_imported(deps: Deps, schedule_id: int, viewer: Viewer) -> Sequence[SourceLine]:
    """Return the calendars that a schedule imports, with whole addresses to who may change it.

    Raises:
        NotFound: there is no such schedule, or no longer.
    """
    async with deps.reading() as session:
        with_urls = await sees_urls(session, viewer.id, schedule_id)
        return await sources(session, schedule_id, at=deps.clock.now(), with_urls=with_urls)


async def read_temporaries(deps: Deps, schedule_id: int) -> Sequence[dict[str, Any]]:
    """Return what replaces a schedule now and later, in order of its beginning."""
    now = deps.clock.now()
    async with deps.reading() as session:
        found = await temporary_schedules(session, schedule_id, start=now, end=now + FAR)
    return sorted(found, key=lambda one: (one["start_at"], one["id"]))


async def read_temporary(deps: Deps, schedule_id: int, key: str) -> dict[str, Any]:
    """Return the temporary schedule of number `key` of a schedule, one that can be changed.

    Raises:
        NotFound: there is none, the key is no number, or it is withdrawn or over; the sentence says which.
    """
    if not key.isdecimal() or len(key) > 18:
        raise NotFound("There is no such temporary schedule.")
    async with deps.reading() as session:
        found = await standing_temporary_schedule(session, int(key))
    if found["schedule_id"] != schedule_id:
        raise NotFound("There is no such temporary schedule on this schedule.")
    if found["end_at"] <= deps.clock.now().timestamp():
        raise NotFound(f"“{found['name']}” is over already, and what was cannot be changed.")
    return found


async def read_links_of(deps: Deps, schedule_id: int, viewer: Viewer) -> Sequence[FeedLine]:
    """Return the live calendar links of a schedule that `viewer` may revoke, the newest first."""
    async with deps.reading() as session:
        every = await feeds(session, you=viewer.id, everybody=viewer.may(Need.ADMINISTER))
    return [one for one in every if one["schedule_id"] == schedule_id]


async def read_own_shifts(deps: Deps, user_id: int) -> Sequence[OwnShift]:
    """Return a person's times on call to come, in order."""
    async with deps.reading() as session:
        return await own_shifts(session, user_id, at=deps.clock.now())


async def read_shadowing(deps: Deps, user_id: int) -> Sequence[OwnShift]:
    """Return when a person only listens, in order."""
    async with deps.reading() as session:
        return await shadowing(session, user_id, at=deps.clock.now())


async def read_handoffs(deps: Deps, user_id: int) -> Handoffs:
    """Return what is left for a person who comes on call, and the turns of theirs that end."""
    async with deps.reading() as session:
        return await handoffs_of(session, user_id, at=deps.clock.now())


async def read_checks(deps: Deps, user_id: int) -> Sequence[ShiftCheck]:
    """Return what a person has to see to before their shifts that run or begin soon."""
    async with deps.reading() as session:
        return await shift_checks(session, user_id, at=deps.clock.now(), unset=deps.unset)


async def read_notes(deps: Deps, schedule_id: int, *, before: int | None = None) -> Notes:
    """Return the newest handoff notes of a schedule, or those before a cursor."""
    async with deps.reading() as session:
        return await notes_of(session, schedule_id, before=before)


def people_of(written: Document) -> Sequence[int]:
    """Return the people of all layers of a schedule, each once."""
    return sorted({user for layer in (*written.layers, *written.shadow_layers) for user in _of_layer(layer)})


def _of_layer(layer: Mapping[str, Any]) -> set[int]:
    groups: list[list[int]] = layer.get("groups", [])
    shifts: list[tuple[float, float, list[int]]] = layer.get("shifts", [])
    return {user for group in groups for user in group} | {user for *_, users in shifts for user in users}
