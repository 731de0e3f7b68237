"""Who is on call instead: overrides, temporary schedules, swaps, requests for cover, and leave."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

from fastapi import APIRouter
from starlette.responses import Response

from opsknight.api.again import again
from opsknight.api.auth import SignedIn, needs
from opsknight.api.plain_json import plain_json
from opsknight.api.schedule_wishes import (
    ChangedTemporarySchedule,
    InsteadOf,
    Leave,
    Offer,
    Override,
    Taking,
    TemporarySchedule,
    instant,
    instant_or_none,
    layers_of,
)
from opsknight.api.wishes import Number
from opsknight.deps import Deps
from opsknight.domain.commands import leaves, overrides, shift_swaps, temporary_schedules
from opsknight.domain.commands.arranging import LONGEST, Done
from opsknight.domain.model.effect import NEWEST
from opsknight.domain.model.override import Leave as Away
from opsknight.domain.model.permission import Need, permits
from opsknight.domain.queries import schedule_lines as queries
from opsknight.domain.queries.leave_previews import leave_preview
from opsknight.domain.queries.sessions import Viewer
from opsknight.errors import Invalid

Command: TypeAlias = Callable[[Any], Awaitable[Done]]
Reading: TypeAlias = Callable[[Any, int], Awaitable[dict[str, Any]]]


def router(deps: Deps) -> APIRouter:
    """Serve what changes schedules for a while, under /api/v1."""
    routes = APIRouter(prefix="/api/v1", tags=["cover"])
    _add_overrides(routes, deps)
    _add_temporary(routes, deps)
    _add_swaps(routes, deps)
    _add_leaves(routes, deps)
    return routes


def _add_overrides(routes: APIRouter, deps: Deps) -> None:
    cover = [needs(Need.ARRANGE_COVER)]

    @routes.post("/schedules/{schedule_id}/overrides", status_code=201, dependencies=cover)
    async def override(schedule_id: Number, wish: Override, viewer: SignedIn) -> Response:
        """Add, remove or replace somebody for a while, where it changes anything; nobody is replaced by two at once."""
        done = _doing(lambda uow: overrides.override(uow, schedule_id, wish.wish), "override", queries.override)
        return await done(deps, viewer, 201)

    @routes.put("/overrides/{override_id}", dependencies=cover)
    async def change(override_id: Number, wish: Override, viewer: SignedIn) -> Response:
        """Let an override be as this says, from now on and in one step; one of a swap is withdrawn instead."""
        done = _doing(lambda uow: overrides.change(uow, override_id, wish.wish), "override", queries.override)
        return await done(deps, viewer, 200)

    @routes.delete("/overrides/{override_id}", dependencies=cover)
    async def withdraw(override_id: Number, viewer: SignedIn) -> Response:
        """Take an override back, from now on; those of a swap go together."""
        done = _doing(lambda uow: overrides.withdraw(uow, override_id), "override", queries.override)
        return await done(deps, viewer, 200)


def _add_temporary(routes: APIRouter, deps: Deps) -> None:
    configure = [needs(Need.CONFIGURE)]

    def written(line: dict[str, Any]) -> dict[str, Any]:
        return line | {"layers": layers_of(line["layers"])}

    async def told(session: Any, number: int) -> dict[str, Any]:
        return written(await queries.temporary_schedule(session, number))

    @routes.post("/schedules/{schedule_id}/temporary", status_code=201, dependencies=configure)
    async def replace(schedule_id: Number, wish: TemporarySchedule, viewer: SignedIn) -> Response:
        """Let other layers, or fixed shifts, be all there is for a while, overrides left aside."""
        done = _doing(
            lambda uow: temporary_schedules.replace_for_a_while(uow, schedule_id, wish.wish), "temporary", told
        )
        return await done(deps, viewer, 201)

    @routes.get("/temporary-schedules/{temporary_id}", dependencies=[needs(Need.SEE)])
    async def read(temporary_id: Number) -> Response:
        """Return a temporary schedule as it was written, so that it can be changed and sent back."""
        async with deps.reading() as session:
            line = await queries.standing_temporary_schedule(session, temporary_id)
        return plain_json({"temporary": written(line)})

    @routes.put("/temporary-schedules/{temporary_id}", dependencies=configure)
    async def change(temporary_id: Number, wish: ChangedTemporarySchedule, viewer: SignedIn) -> Response:
        """Let a temporary schedule be as this says, from now on and in one step; it keeps its place among others."""
        done = _doing(
            lambda uow: temporary_schedules.change(uow, temporary_id, wish.wish, seen_version=wish.seen_version),
            "temporary",
            told,
        )
        return await done(deps, viewer, 200)

    @routes.delete("/temporary-schedules/{temporary_id}", dependencies=configure)
    async def withdraw(temporary_id: Number, viewer: SignedIn) -> Response:
        """Take a temporary schedule back, from now on."""
        done = _doing(lambda uow: temporary_schedules.withdraw(uow, temporary_id), "temporary", told)
        return await done(deps, viewer, 200)


def _add_swaps(routes: APIRouter, deps: Deps) -> None:
    cover = [needs(Need.ARRANGE_COVER)]

    async def told(session: Any, number: int) -> dict[str, Any]:
        return await queries.swap(session, number, at=deps.clock.now())

    @routes.get("/swaps", dependencies=cover)
    async def read(viewer: SignedIn) -> Response:
        """Return the offers that you made or may take, and the open ones that you may withdraw, the newest first."""
        manages = permits(viewer.person, Need.CONFIGURE).permitted
        async with deps.reading() as session:
            found = await queries.swaps(session, at=deps.clock.now(), user_id=viewer.id, every_open=manages)
        return plain_json({"swaps": found})

    @routes.post("/schedules/{schedule_id}/swaps", status_code=201, dependencies=cover)
    async def ask(schedule_id: Number, wish: Offer, viewer: SignedIn) -> Response:
        """Offer a shift, or a part of one, to others; until it is taken its person stays on call."""
        offered = shift_swaps.Wish(
            user_id=wish.user_id or viewer.id,
            start_at=instant(wish.start_at),
            end_at=instant(wish.end_at),
            in_return=wish.kind == "swap",
            return_start_at=instant_or_none(wish.return_start_at),
            return_end_at=instant_or_none(wish.return_end_at),
            offered_to=tuple(dict.fromkeys(wish.offered_to)),
            expires_at=instant_or_none(wish.expires_at),
            note=wish.note,
        )
        return await _doing(lambda uow: shift_swaps.ask(uow, schedule_id, offered), "swap", told)(deps, viewer, 201)

    @routes.post("/swaps/{swap_id}/take", dependencies=cover)
    async def take(swap_id: Number, wish: Taking, viewer: SignedIn) -> Response:
        """Take an offered shift, or a part of it; you are on call then from this answer on."""
        part = shift_swaps.Part(
            instant_or_none(wish.start_at),
            instant_or_none(wish.end_at),
            instant_or_none(wish.return_start_at),
            instant_or_none(wish.return_end_at),
        )
        return await _doing(lambda uow: shift_swaps.take(uow, swap_id, part), "swap", told)(deps, viewer, 200)

    @routes.delete("/swaps/{swap_id}", dependencies=cover)
    async def withdraw(swap_id: Number, viewer: SignedIn) -> Response:
        """Take an offer back; the shift stays as it is."""
        return await _doing(lambda uow: shift_swaps.withdraw(uow, swap_id), "swap", told)(deps, viewer, 200)


def _add_leaves(routes: APIRouter, deps: Deps) -> None:
    cover = [needs(Need.ARRANGE_COVER)]

    @routes.get("/leaves", dependencies=[needs(Need.SEE)])
    async def read() -> Response:
        """Return who is away, now and later."""
        async with deps.reading() as session:
            return plain_json({"leaves": await queries.leaves(session, at=deps.clock.now())})

    @routes.post("/leaves", status_code=201, dependencies=cover)
    async def take(wish: Leave, viewer: SignedIn) -> Response:
        """Say when you are away, and who has your shifts meanwhile; without a substitute your schedules warn."""
        away = leaves.Wish(
            wish.user_id or viewer.id, instant(wish.start_at), instant(wish.end_at), wish.substitute_id, wish.note
        )
        return await _doing(lambda uow: leaves.take_leave(uow, away), "leave", queries.leave)(deps, viewer, 201)

    @routes.post("/leaves/preview", dependencies=cover)
    async def preview(wish: Leave, viewer: SignedIn, instead_of: InsteadOf = None) -> Response:
        """Return what would come of a leave: who has the shifts, and the gaps that it makes. Nothing is changed."""
        start_at, end_at, now = instant(wish.start_at), instant(wish.end_at), deps.clock.now()
        if not max(start_at, now) < end_at <= start_at + LONGEST:
            raise Invalid("A leave ends after it begins, is not over, and lasts a year at most.")
        if wish.substitute_id == (wish.user_id or viewer.id):
            raise Invalid("Nobody can substitute for themselves; name somebody else, or nobody.")
        leave = Away(instead_of or NEWEST, wish.user_id or viewer.id, max(start_at, now), end_at, wish.substitute_id)
        async with deps.reading() as session:
            return plain_json(await leave_preview(session, leave, at=now, unset=deps.unset))

    @routes.put("/leaves/{leave_id}", dependencies=cover)
    async def change(leave_id: Number, wish: Leave, viewer: SignedIn) -> Response:
        """Let a leave have other times, another substitute or another note, from now on and in one step."""

        async def command(uow: Any) -> Done:
            whose = wish.user_id or await queries.whose_leave(uow.session, leave_id) or viewer.id
            span = instant(wish.start_at), instant(wish.end_at)
            return await leaves.change(uow, leave_id, leaves.Wish(whose, *span, wish.substitute_id, wish.note))

        return await _doing(command, "leave", queries.leave)(deps, viewer, 200)

    @routes.delete("/leaves/{leave_id}", dependencies=cover)
    async def withdraw(leave_id: Number, viewer: SignedIn) -> Response:
        """Take a leave back, from now on."""
        return await _doing(lambda uow: leaves.withdraw(uow, leave_id), "leave", queries.leave)(deps, viewer, 200)


def _doing(command: Command, called: str, read: Reading) -> Callable[[Deps, Viewer, int], Awaitable[Response]]:
    """Return what does `command` in one unit of work and answers with what is so then, under the name `called`."""

    async def carry_out(deps: Deps, viewer: Viewer, status: int) -> Response:
        async def attempt() -> Response:
            async with deps.commands(viewer.actor) as uow:
                done = await command(uow)
                await uow.session.flush()
                line = await read(uow.session, done.id)
            return plain_json({called: line, "sentence": done.sentence}, status=status)

        return await again(attempt)

    return carry_out
