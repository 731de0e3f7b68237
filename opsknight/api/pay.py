"""What schedules pay: the rules, what is paid once, and the report, as JSON and as a table.

Managers of the schedule's team see everybody's; others see what they are paid themselves.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, TypeAlias

from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.responses import Response

from opsknight.api.again import again
from opsknight.api.auth import SignedIn, needs
from opsknight.api.periods import From, To, asked_for
from opsknight.api.plain_json import plain_json
from opsknight.api.wishes import Clean, Id, Number
from opsknight.deps import Deps
from opsknight.domain.commands import pay as commands
from opsknight.domain.commands.pay import MAX_HOLIDAYS, Done
from opsknight.domain.model.pay import MOST, Combine, PayRules
from opsknight.domain.model.permission import Need
from opsknight.domain.queries import pay as queries
from opsknight.domain.queries.pay import PayReport
from opsknight.domain.queries.sessions import Viewer

Command: TypeAlias = Callable[[Any], Awaitable[Done]]
Rate: TypeAlias = Annotated[Decimal, Field(ge=0, le=MOST, decimal_places=4)]
Weight: TypeAlias = Annotated[Decimal, Field(ge=1, le=100, decimal_places=3, description="plain hours for one")]
Money: TypeAlias = Annotated[Decimal, Field(ge=0, le=MOST, decimal_places=2)]
Paid: TypeAlias = Annotated[Decimal, Field(gt=0, le=MOST, decimal_places=2)]
Day: TypeAlias = Annotated[date, Field(ge=date(2000, 1, 1), lt=date(2200, 1, 1))]


class Wish(BaseModel):
    """What a schedule shall pay from `valid_from` on: always, where these are its first rules, else from today on."""

    currency: Annotated[Clean, Field(min_length=1, max_length=12)] = "EUR"
    hour: Annotated[Rate, Field(description="for a plain hour on call")]
    night: Weight = Decimal(1)
    weekend: Weight = Decimal(1)
    holiday: Weight = Decimal(1)
    combine: Annotated[Combine, Field(description="what counts where several weights apply")] = Combine.HIGHEST
    interruption: Annotated[Money, Field(description="for each incident that paged somebody on duty")] = Decimal(0)
    minimum: Annotated[Money, Field(description="that a shift pays at least")] = Decimal(0)
    holidays: Annotated[list[Day], Field(max_length=MAX_HOLIDAYS)] = []
    valid_from: Day | None = None

    @property
    def rules(self) -> PayRules:
        """The wish as the command takes it."""
        return PayRules(
            currency=self.currency.strip(),
            hour=self.hour,
            night=self.night,
            weekend=self.weekend,
            holiday=self.holiday,
            combine=self.combine,
            interruption=self.interruption,
            minimum=self.minimum,
        )


class Once(BaseModel):
    """What somebody shall be paid once, and why."""

    user_id: Id
    day: Day
    amount: Paid
    reason: Annotated[Clean, Field(min_length=1, max_length=200)]


def router(deps: Deps) -> APIRouter:
    """Serve what belongs to the pay of /api/v1/schedules/{id}."""
    routes = APIRouter(prefix="/api/v1/schedules/{schedule_id}", tags=["pay"])
    _add_reading(routes, deps)
    _add_changing(routes, deps)
    return routes


def _add_reading(routes: APIRouter, deps: Deps) -> None:
    see = [needs(Need.SEE)]

    @routes.get("/pay", dependencies=see)
    async def read(schedule_id: Number, viewer: SignedIn, since: From = None, until: To = None) -> Response:
        """Return what a schedule pays for a period, line by line, with what each person is paid in all."""
        async with deps.reading() as session:
            return plain_json(await _report(session, deps, schedule_id, viewer, since, until))

    @routes.get(
        "/pay.csv",
        dependencies=see,
        response_class=Response,
        responses={200: {"content": {"text/csv": {"schema": {"type": "string"}}}, "description": "A table."}},
    )
    async def read_table(schedule_id: Number, viewer: SignedIn, since: From = None, until: To = None) -> Response:
        """Return the lines of the report as a table; cells that a spreadsheet would run begin with an apostrophe."""
        async with deps.reading() as session:
            report = await _report(session, deps, schedule_id, viewer, since, until)
        headers = {"Content-Disposition": f'attachment; filename="pay-{schedule_id}.csv"', "Cache-Control": "no-store"}
        return Response(queries.as_csv(report), media_type="text/csv; charset=utf-8", headers=headers)

    @routes.get("/pay/rules", dependencies=see)
    async def read_rules(schedule_id: Number, viewer: SignedIn) -> Response:
        """Return what a schedule pays and has paid, the newest rules first, and what it pays once."""
        async with deps.reading() as session:
            return plain_json(await _rules(session, schedule_id, viewer))


def _add_changing(routes: APIRouter, deps: Deps) -> None:
    configure = [needs(Need.CONFIGURE)]

    @routes.put("/pay/rules", dependencies=configure)
    async def set_rules(schedule_id: Number, wish: Wish, viewer: SignedIn) -> Response:
        """Say what a schedule pays from a day on; what was paid for the days before stays as it was."""
        return await _carry_out(
            deps,
            viewer,
            lambda uow: commands.set_pay_rules(
                uow, schedule_id, wish.rules, holidays=wish.holidays, valid_from=wish.valid_from
            ),
        )

    @routes.post("/pay/one-offs", status_code=201, dependencies=configure)
    async def add(schedule_id: Number, wish: Once, viewer: SignedIn) -> Response:
        """Pay somebody once, on a day, for a reason."""
        return await _carry_out(
            deps,
            viewer,
            lambda uow: commands.add_one_off(
                uow, schedule_id, user_id=wish.user_id, day=wish.day, amount=wish.amount, reason=wish.reason
            ),
            status=201,
        )

    @routes.delete("/pay/one-offs/{one_off_id}", dependencies=configure)
    async def remove(schedule_id: Number, one_off_id: Number, viewer: SignedIn) -> Response:
        """Take a one-off back."""
        return await _carry_out(deps, viewer, lambda uow: commands.remove_one_off(uow, schedule_id, one_off_id))


async def _report(
    session: Any, deps: Deps, schedule_id: int, viewer: Viewer, since: str | None, until: str | None
) -> PayReport:
    zone = await queries.zone_of_schedule(session, schedule_id)
    start, end = asked_for(since, until, zone=zone, now=deps.clock.now())
    everybody = await queries.sees_all_pay(session, viewer.id, schedule_id)
    return await queries.pay_report(session, schedule_id, start=start, end=end, only=None if everybody else viewer.id)


async def _rules(session: Any, schedule_id: int, viewer: Viewer) -> dict[str, Any]:
    everybody = await queries.sees_all_pay(session, viewer.id, schedule_id)
    return {
        "rules": await queries.pay_rules(session, schedule_id),
        "one_offs": await queries.one_offs(session, schedule_id, only=None if everybody else viewer.id),
    }


async def _carry_out(deps: Deps, viewer: Viewer, command: Command, *, status: int = 200) -> Response:
    """Do `command` in one unit of work, again where the database asks for it; answer with what is so then."""

    async def attempt() -> Response:
        async with deps.commands(viewer.actor) as uow:
            done = await command(uow)
            await uow.session.flush()
            told = await _rules(uow.session, done.id, viewer)
        return plain_json({**told, "sentence": done.sentence, "one_off_id": done.one_off_id}, status=status)

    return await again(attempt)
