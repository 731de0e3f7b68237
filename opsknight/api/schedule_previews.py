"""What would be: a schedule before it is saved, and an override before it is made. Nothing is changed by asking."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated, Final

from fastapi import APIRouter
from pydantic import Field
from starlette.responses import Response

from opsknight.api.auth import needs
from opsknight.api.plain_json import plain_json
from opsknight.api.schedule_wishes import InsteadOf, Override, Schedule, TemporarySchedule, instant
from opsknight.api.wishes import Id, Instant, Number
from opsknight.deps import Deps
from opsknight.domain.model.effect import NEWEST
from opsknight.domain.model.layer_plan import BadSchedule, LayerPlan, check, checked_zone
from opsknight.domain.model.override import Change
from opsknight.domain.model.override import Override as Wished
from opsknight.domain.model.permission import Need
from opsknight.domain.queries.schedule_previews import override_preview, schedule_preview
from opsknight.domain.queries.temporary_previews import temporary_preview
from opsknight.errors import Invalid

WINDOW: Final = timedelta(days=28)
LONGEST: Final = timedelta(days=100)


class Draft(Schedule):
    """A schedule as it is about to be saved, that of `schedule_id` or a new one, and the time that is asked about."""

    schedule_id: Id | None = None
    from_at: Annotated[Instant | None, Field(description="epoch seconds; now where it is not said")] = None
    to_at: Annotated[Instant | None, Field(description="epoch seconds; four weeks on where it is not said")] = None


def router(deps: Deps) -> APIRouter:
    """Serve the previews under /api/v1/schedules."""
    routes = APIRouter(prefix="/api/v1/schedules", tags=["schedules"])

    @routes.post("/preview", dependencies=[needs(Need.CONFIGURE)])
    async def preview(draft: Draft) -> Response:
        """Return the time line of a schedule as it would be, and how long each of its people would be on call."""
        start = deps.clock.now() if draft.from_at is None else instant(draft.from_at)
        end = start + WINDOW if draft.to_at is None else instant(draft.to_at)
        if not start < end <= start + LONGEST:
            raise Invalid(f"A preview lasts from from_at to to_at, {LONGEST.days} days at most.")
        plan = draft.plan
        _check(plan.layers, plan.shadow_layers)
        try:
            zone = checked_zone(plan.zone)
        except BadSchedule as refusal:
            raise Invalid(str(refusal)) from refusal
        async with deps.reading() as session:
            found = await schedule_preview(
                session,
                schedule_id=draft.schedule_id,
                name=plan.name,
                zone=zone,
                layers=plan.layers,
                shadow_layers=plan.shadow_layers,
                on_leave=plan.on_leave,
                country=plan.country,
                subdivision=plan.subdivision,
                holidays=plan.holidays,
                start=start,
                end=end,
                at=deps.clock.now(),
                unset=deps.unset,
            )
        return plain_json(found)

    @routes.post("/{schedule_id}/temporary/preview", dependencies=[needs(Need.CONFIGURE)])
    async def preview_temporary(schedule_id: Number, wish: TemporarySchedule, instead_of: InsteadOf = None) -> Response:
        """Return the time line of a temporary schedule from now on, of its first 100 days where it lasts longer.

        `undone` is what of swaps, cover and overrides it would take away.
        """
        wished, now = wish.wish, deps.clock.now()
        if wished.end_at <= wished.start_at:
            raise Invalid("It ends before it begins.")
        if wished.end_at <= now:
            raise Invalid("It is over already, and what was cannot be changed.")
        _check(wished.layers)
        async with deps.reading() as session:
            found = await temporary_preview(
                session,
                schedule_id,
                name=wished.name,
                layers=wished.layers,
                time=(max(wished.start_at, now), wished.end_at),
                within=LONGEST,
                at=now,
                instead_of=instead_of or NEWEST,
            )
        return plain_json(found)

    @routes.post("/{schedule_id}/overrides/preview", dependencies=[needs(Need.ARRANGE_COVER)])
    async def preview_override(schedule_id: Number, wish: Override, instead_of: InsteadOf = None) -> Response:
        """Return who would be on call instead, and the gaps that there would be."""
        if wish.end_at <= wish.start_at:
            raise Invalid("It ends before it begins.")
        if wish.change is not Change.REMOVE and wish.user_id is None:
            raise Invalid("Say user_id: who is on call.")
        span = instant(wish.start_at), instant(wish.end_at)
        wished = Wished(instead_of or NEWEST, wish.change, *span, wish.user_id, wish.replaces_id)
        async with deps.reading() as session:
            return plain_json(await override_preview(session, schedule_id, wished, at=deps.clock.now()))

    return routes


def _check(*layers: Sequence[LayerPlan]) -> None:
    try:
        for one in layers:
            check(one)
    except BadSchedule as refusal:
        raise Invalid(str(refusal)) from refusal
