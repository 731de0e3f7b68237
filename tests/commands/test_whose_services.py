"""Whose monitors, heartbeats and rules they are: managers change those of their own team's services, admins all."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeAlias

import pytest

from opsknight.crypto import new_id
from opsknight.domain.commands import heartbeats, integration_keys, integrations, rules, trying
from opsknight.domain.model.heartbeat import Rhythm
from opsknight.domain.store.tables import ServiceRow, UserRow
from opsknight.errors import Forbidden
from tests.builders import a_heartbeat, a_service, a_team, a_user, an_integration
from tests.commands.desk import Desk

HOUR = timedelta(hours=1)
HOURLY = Rhythm(period=HOUR, grace=HOUR)
RULE = {"name": "Quiet", "when": "true", "then": "suppress"}


@dataclass
class Street:
    """Mo manages the team of a service, Max another with one of its own; Root is an admin, Ada responds."""

    desk: Desk
    service: ServiceRow
    theirs: ServiceRow
    people: dict[str, UserRow]

    async def as_(self, who: str, command: Callable[..., Awaitable[Any]], *args: Any, **what: Any) -> Any:
        """Have one of them do something."""
        return await self.desk.as_(self.people[who], command, *args, **what)


@pytest.fixture
async def street(desk: Desk) -> Street:
    roles = {"Mo": "manager", "Max": "manager", "Root": "admin", "Ada": "responder"}
    people = {name: await a_user(desk.database, name, role=role) for name, role in roles.items()}
    teams = [await a_team(desk.database, managers=[people[name]]) for name in ("Mo", "Max")]
    own, theirs = [await a_service(desk.database, team=team) for team in teams]
    return Street(desk, own, theirs, people)


Deed: TypeAlias = Callable[[Street, str], Awaitable[Any]]


async def make_heartbeat(street: Street, who: str) -> None:
    await street.as_(who, heartbeats.create, heartbeats.Plan(street.service.id, "Backup", HOURLY))


async def change_heartbeat(street: Street, who: str) -> None:
    beat = await a_heartbeat(street.desk.database, street.service)
    await street.as_(who, heartbeats.change, beat.id, heartbeats.Plan(street.service.id, "Backup", HOURLY))


async def delete_heartbeat(street: Street, who: str) -> None:
    await street.as_(who, heartbeats.delete, (await a_heartbeat(street.desk.database, street.service)).id)


async def give_heartbeat_a_key(street: Street, who: str) -> None:
    await street.as_(who, heartbeats.make_key, (await a_heartbeat(street.desk.database, street.service)).id)


async def end_heartbeat_key(street: Street, who: str) -> None:
    beat = await a_heartbeat(street.desk.database, street.service, former_key="f" * 32)
    await street.as_(who, heartbeats.end_former_key, beat.id)


async def make_rule(street: Street, who: str) -> int:
    return (await street.as_(who, rules.create, RULE, service_id=street.service.id)).id


async def change_rule(street: Street, who: str) -> None:
    await street.as_(who, rules.change, await make_rule(street, "Mo"), {**RULE, "name": "Quieter"})


async def switch_rule_off(street: Street, who: str) -> None:
    await street.as_(who, rules.enable, await make_rule(street, "Mo"), enabled=False)


async def put_rules_in_order(street: Street, who: str) -> None:
    numbers = [await make_rule(street, "Mo"), await make_rule(street, "Mo")]
    await street.as_(who, rules.put_in_order, numbers[::-1], service_id=street.service.id)


async def delete_rule(street: Street, who: str) -> None:
    await street.as_(who, rules.delete, await make_rule(street, "Mo"))


async def map_fields(street: Street, who: str) -> None:
    monitor = await an_integration(street.desk.database, street.service)
    await street.as_(who, integrations.map_fields, monitor.id, {"title": "name"})


async def set_mail_conditions(street: Street, who: str) -> None:
    monitor = await an_integration(street.desk.database, street.service, provider="email")
    await street.as_(who, integrations.set_mail_conditions, monitor.id, {"otherwise": "drop"})


async def set_secret(street: Street, who: str) -> None:
    monitor = await an_integration(street.desk.database, street.service)
    await street.as_(who, integrations.set_secret, monitor.id, "secret")


async def end_secret(street: Street, who: str) -> None:
    monitor = await an_integration(street.desk.database, street.service, secret="now", former_secret="former")
    await street.as_(who, integrations.end_former_secret, monitor.id)


async def give_monitor_a_key(street: Street, who: str) -> None:
    await street.as_(who, integration_keys.make_key, (await an_integration(street.desk.database, street.service)).id)


async def end_monitor_key(street: Street, who: str) -> None:
    monitor = await an_integration(street.desk.database, street.service, former_key="f" * 32)
    await street.as_(who, integration_keys.end_former_key, monitor.id)


async def send_test_event(street: Street, who: str) -> None:
    monitor = await an_integration(street.desk.database, street.service)
    await street.as_(who, trying.announce_test, monitor.id, delivery_id=new_id(), name=monitor.name)


DEEDS: tuple[Deed, ...] = (
    make_heartbeat, change_heartbeat, delete_heartbeat, give_heartbeat_a_key, end_heartbeat_key,
    make_rule, change_rule, switch_rule_off, put_rules_in_order, delete_rule,
    map_fields, set_mail_conditions, set_secret, end_secret, give_monitor_a_key, end_monitor_key, send_test_event,
)  # fmt: skip


@pytest.mark.parametrize("who", ["Mo", "Root"])
@pytest.mark.parametrize("deed", DEEDS, ids=lambda one: one.__name__)
async def test_the_manager_of_its_team_and_every_admin_may(street: Street, deed: Deed, who: str):
    await deed(street, who)


@pytest.mark.parametrize("deed", DEEDS, ids=lambda one: one.__name__)
async def test_the_manager_of_another_team_may_not_and_is_told_whom_to_ask(street: Street, deed: Deed):
    with pytest.raises(Forbidden, match=r"You do not manage the team .*; ask one of its managers or an admin"):
        await deed(street, "Max")


@pytest.mark.parametrize("deed", DEEDS, ids=lambda one: one.__name__)
async def test_a_responder_may_not(street: Street, deed: Deed):
    with pytest.raises(Forbidden, match="A responder cannot change services, policies and schedules"):
        await deed(street, "Ada")


async def test_a_heartbeat_is_not_pushed_into_the_service_of_another_team(street: Street):
    beat = await a_heartbeat(street.desk.database, street.service)

    with pytest.raises(Forbidden, match="You do not manage the team"):
        await street.as_("Mo", heartbeats.change, beat.id, heartbeats.Plan(street.theirs.id, "Backup", HOURLY))


async def test_rules_of_all_services_are_every_managers(street: Street):
    number = (await street.as_("Mo", rules.create, RULE, service_id=None)).id

    await street.as_("Max", rules.delete, number)
