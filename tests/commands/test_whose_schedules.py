"""Who may change schedules, their calendars and policies: admins all, managers what their own teams own."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import pytest

from opsknight.domain.commands import calendar_feeds, calendar_sources, policies, schedules, temporary_schedules
from opsknight.domain.commands.calendar_sources import Copy
from opsknight.domain.commands.calendar_sources import Plan as CalendarPlan
from opsknight.domain.model.escalation import Policy, Step, Target, TargetKind
from opsknight.domain.model.imported_shift import Imported
from opsknight.domain.model.layer_plan import LayerPlan
from opsknight.domain.queries.calendar_feeds import feeds
from opsknight.domain.store.tables import TeamRow, UserRow
from opsknight.errors import Forbidden, NotFound
from tests.builders import a_team, a_user
from tests.clock import NOON
from tests.commands.desk import Desk
from tests.commands.rota import DAY, Rota, a_rota

EMPTY = Copy(Imported((), ()))


@dataclass
class Town:
    """Mo manages the team of a schedule, Max another; Root is an admin, Ada responds."""

    rota: Rota
    max: UserRow
    root: UserRow
    his: TeamRow

    def who(self, name: str) -> UserRow:
        """Return somebody by name."""
        return {"Mo": self.rota.mo, "Max": self.max, "Root": self.root, "Ada": self.rota.ada}[name]


@pytest.fixture
async def town(desk: Desk) -> Town:
    boss, root = await a_user(desk.database, "Max", role="manager"), await a_user(desk.database, "Root", role="admin")
    return Town(await a_rota(desk), boss, root, await a_team(desk.database, "Payments", managers=[boss]))


Deed: TypeAlias = Callable[[Town, UserRow], Awaitable[Any]]


async def make(town: Town, who: UserRow) -> None:
    await town.rota.desk.as_(who, schedules.make, replace(town.rota.plan(), name="Another"))


async def change(town: Town, who: UserRow) -> None:
    await town.rota.desk.as_(who, schedules.change, town.rota.id, replace(town.rota.plan(), name="Another"))


async def delete(town: Town, who: UserRow) -> None:
    await town.rota.desk.as_(who, schedules.delete, town.rota.id)


async def replace_for_a_while(town: Town, who: UserRow) -> int:
    rota = town.rota
    layer = LayerPlan("Day", starts_at=NOON.replace(tzinfo=None), groups=((rota.cy.id,),))
    wish = temporary_schedules.Wish("Moving", [layer], NOON, NOON + DAY)
    return (await rota.desk.as_(who, temporary_schedules.replace_for_a_while, rota.id, wish)).id


async def change_for_a_while(town: Town, who: UserRow) -> None:
    number = await replace_for_a_while(town, town.rota.mo)
    wish = temporary_schedules.Wish("Moving", [], NOON, NOON + 2 * DAY)
    await town.rota.desk.as_(who, temporary_schedules.change, number, wish)


async def withdraw(town: Town, who: UserRow) -> None:
    number = await replace_for_a_while(town, town.rota.mo)
    await town.rota.desk.as_(who, temporary_schedules.withdraw, number)


async def import_calendar(town: Town, who: UserRow) -> int:
    plan = CalendarPlan("Team calendar", "https://calendar.example.org/a.ics", "UTC")
    return (await town.rota.desk.as_(who, calendar_sources.add, town.rota.id, plan, EMPTY)).id


async def read_again(town: Town, who: UserRow) -> None:
    number = await import_calendar(town, town.rota.mo)
    await town.rota.desk.as_(who, calendar_sources.renew, number, EMPTY)


async def remove_calendar(town: Town, who: UserRow) -> None:
    number = await import_calendar(town, town.rota.mo)
    await town.rota.desk.as_(who, calendar_sources.remove, number)


async def make_policy(town: Town, who: UserRow) -> None:
    step = Step((Target(TargetKind.SCHEDULE, town.rota.id),), DAY)
    policy = Policy((step,), 0, name="By the book")
    await town.rota.desk.as_(who, policies.create, policy, team_id=town.rota.team_id)


DEEDS: tuple[Deed, ...] = (
    make, change, delete, replace_for_a_while, change_for_a_while, withdraw, import_calendar, read_again,
    remove_calendar, make_policy,
)  # fmt: skip


@pytest.mark.parametrize("who", ["Mo", "Root"])
@pytest.mark.parametrize("deed", DEEDS, ids=lambda one: one.__name__)
async def test_its_own_manager_and_every_admin_may(town: Town, deed: Deed, who: str):
    await deed(town, town.who(who))


@pytest.mark.parametrize("deed", DEEDS, ids=lambda one: one.__name__)
async def test_the_manager_of_another_team_may_not_and_is_told_whom_to_ask(town: Town, deed: Deed):
    with pytest.raises(Forbidden, match=r"You do not manage the team .*; ask one of its managers or an admin"):
        await deed(town, town.max)


@pytest.mark.parametrize("deed", DEEDS, ids=lambda one: one.__name__)
async def test_a_responder_may_not(town: Town, deed: Deed):
    with pytest.raises(Forbidden, match="A responder cannot change services, policies and schedules"):
        await deed(town, town.rota.ada)


async def test_a_schedule_is_not_pushed_into_a_team_that_one_does_not_manage(town: Town):
    elsewhere = replace(town.rota.plan(), team_id=town.his.id)

    with pytest.raises(Forbidden, match="You do not manage the team Payments"):
        await town.rota.desk.as_(town.rota.mo, schedules.change, town.rota.id, elsewhere)
    await town.rota.desk.as_(town.root, schedules.change, town.rota.id, elsewhere)
    await town.rota.desk.as_(town.max, schedules.delete, town.rota.id)


@pytest.mark.parametrize(
    ("of", "who", "may"),
    [
        ("schedule", "Mo", True), ("schedule", "Max", False), ("schedule", "Root", True), ("schedule", "Ada", False),
        ("team", "Mo", True), ("team", "Max", False), ("team", "Root", True), ("team", "Ada", False),
        ("person", "Mo", False), ("person", "Max", False), ("person", "Root", True), ("person", "Ada", False),
    ],
)  # fmt: skip
async def test_links_of_others_are_seen_and_ended_by_who_manages_what_they_show(
    town: Town,
    desk: Desk,
    of: str,
    who: str,
    may: bool,  # noqa: FBT001
):
    plan = calendar_feeds.Plan(
        "Wall",
        town.rota.id if of == "schedule" else None,
        town.rota.team_id if of == "team" else None,
    )
    made, actor = await desk.as_(town.rota.bo, calendar_feeds.make, plan), town.who(who)

    async with desk.database.screens() as session:
        seen = await feeds(session, you=actor.id, everybody=who == "Root")

    assert [one["id"] for one in seen] == [made.id] * may
    if may:
        await desk.as_(actor, calendar_feeds.revoke, made.id)
    else:
        with pytest.raises(NotFound):
            await desk.as_(actor, calendar_feeds.revoke, made.id)
