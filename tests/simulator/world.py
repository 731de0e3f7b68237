"""The world of a run: teams with people in several zones, their rotations, policies and services. All from the seed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from typing import Any, TypeVar

from sqlalchemy import null

from opsknight.domain.store.engine import Database
from opsknight.domain.store.tables import (
    Base,
    ContactMethodRow,
    EscalationPolicyRow,
    EscalationStepRow,
    EscalationTargetRow,
    IntegrationRow,
    NotificationRuleRow,
    ServiceRow,
    TeamMemberRow,
    TeamRow,
    UserRow,
)
from tests.simulator.quiet import Heart, Hours, Quiet, Work
from tests.simulator.rotas import Rota, Rotas

Row = TypeVar("Row", bound=Base)
ZONES = (
    "UTC", "Europe/Berlin", "Europe/London", "America/New_York", "America/St_Johns", "America/Sao_Paulo",
    "Asia/Kathmandu", "Asia/Tokyo", "Australia/Lord_Howe", "Australia/Sydney", "Pacific/Chatham", "Africa/Casablanca",
)  # fmt: skip
STARTS = tuple(map(datetime.fromisoformat, ("2026-10-23T07:03Z", "2027-03-11T15:42Z", "2027-03-26T04:20Z")))
"""Shortly before clocks change somewhere."""


@dataclass(frozen=True, slots=True)
class Ladder:
    """A policy: for each step the users and schedules that it asks, its wait in seconds, and how it asks.

    With `round_robin` it asks one of them, the next each time; with `everyone` each must acknowledge.
    """

    users: tuple[tuple[int, ...], ...]
    rotas: tuple[tuple[int, ...], ...]
    waits_s: tuple[int, ...]
    repeats: int
    round_robin: tuple[bool, ...] = ()
    everyone: tuple[bool, ...] = ()


@dataclass(frozen=True, slots=True)
class Watched:
    """A service: what its monitor calls itself, whom it pages, and for how long an acknowledge lasts."""

    id: int
    team_id: int
    key: str
    ladder: Ladder
    ack_timeouts_s: dict[str, int | None]
    hours: Hours | None = None
    """When it pages loudly; None: by severity."""


@dataclass(slots=True)
class Person:
    """Somebody, and when they were let go, if they were. `methods` are those that are verified."""

    id: int
    methods: tuple[int, ...]
    left_at: datetime | None = None


@dataclass(slots=True)
class World:
    """All of it, as the simulator knows it: what the product does is judged by this alone."""

    people: dict[int, Person] = field(default_factory=dict[int, Person])
    rotas: dict[int, Rota] = field(default_factory=dict[int, Rota])
    services: dict[int, Watched] = field(default_factory=dict[int, Watched])
    managers: dict[int, tuple[int, ...]] = field(default_factory=dict[int, tuple[int, ...]])
    admins: tuple[int, ...] = ()
    with_rules: set[int] = field(default_factory=set[int])
    """Who has notification rules of their own."""
    members: dict[int, tuple[int, ...]] = field(default_factory=dict[int, tuple[int, ...]])
    works: list[Work] = field(default_factory=list[Work])
    hearts: list[Heart] = field(default_factory=list[Heart])


class Builder:
    """Draws a world from `chance` and inserts it in one transaction."""

    def __init__(self, database: Database, chance: Random, *, start_at: datetime) -> None:
        self._database = database
        self._chance = chance
        self._start_at = start_at
        self.world = World()

    async def build(self, teams: int) -> World:
        async with self._database.commands() as session:
            self._session = session
            self.world.admins = tuple([(await self._person(0, number, role="admin")).id for number in range(2)])
            self._quiet = Quiet(session, self._chance, start_at=self._start_at)
            await self._quiet.rules()
            for number in range(1, teams + 1):
                await self._team(number)
            await session.commit()
        return self.world

    async def _team(self, number: int) -> None:
        chance = self._chance
        team = await self._saved(TeamRow(name=f"Team {number}", created_at=self._start_at))
        people = [await self._person(number, place) for place in range(chance.randint(3, 6))]
        managers = tuple(person.id for person in people[: chance.choice((0, 1, 1, 2))])
        for person in people:
            await self._saved(TeamMemberRow(team_id=team.id, user_id=person.id, manages=person.id in managers))
        self.world.members[team.id] = tuple(person.id for person in people)
        self.world.managers[team.id] = managers
        ids, drawn = [person.id for person in people], Rotas(self._session, chance, start_at=self._start_at)
        leaves = await drawn.leaves(ids)
        rotas = [
            await drawn.rota(team.id, f"Schedule {number}.{nth}", chance.choice(ZONES), ids, leaves)
            for nth in range(chance.choice((2, 3)))
        ]
        self.world.rotas |= {rota.id: rota for rota in rotas}
        ladder, policy_id = await self._ladder(team.id, number, rotas, people)
        await self._service(team.id, policy_id, ladder, number)

    async def _person(self, team: int, place: int, *, role: str = "responder") -> Person:
        columns = {"email": f"p{place}@team-{team}.example.org", "zone": self._chance.choice(ZONES), "role": role}
        user = await self._saved(UserRow(name=f"Person {team}.{place}", created_at=self._start_at, **columns))
        # Admins are always reachable, so that the safety net never finds nobody.
        channels = self._chance.choices((("email",), ("push", "email"), ("push",), ()), (4, 4, 1, role != "admin"))[0]
        methods = [await self._method(user, channel) for channel in channels]
        if len(methods) == 2 and self._chance.random() < 0.3:  # own rules: mail first, for what is urgent
            self.world.with_rules.add(user.id)
            for method, delay_s in ((methods[1], 0), (methods[0], self._chance.choice((0, 30, 180)))):
                rule = {"urgency": "high", "contact_method_id": method.id, "delay_s": delay_s}
                await self._saved(NotificationRuleRow(user_id=user.id, **rule))
        person = self.world.people[user.id] = Person(user.id, tuple(method.id for method in methods))
        return person

    async def _method(self, user: UserRow, channel: str) -> ContactMethodRow:
        address = user.email if channel == "email" else f"https://push.example.org/{user.id}"
        columns = {"address": address, "verified_at": self._start_at, "created_at": self._start_at}
        return await self._saved(ContactMethodRow(user_id=user.id, channel=channel, **columns))

    async def _ladder(
        self, team_id: int, number: int, of_team: Sequence[Rota], people: Sequence[Person]
    ) -> tuple[Ladder, int]:
        chance = self._chance
        repeats = chance.choice((0, 0, 1, 2))
        columns = {"name": f"Policy {number}", "repeats": repeats}
        policy = await self._saved(EscalationPolicyRow(team_id=team_id, **columns))
        users: list[tuple[int, ...]] = []
        rotas: list[tuple[int, ...]] = []
        waits: list[int] = []
        in_turn: list[bool] = []
        of_all: list[bool] = []
        for position in range(chance.randint(1, 4)):
            asked = chance.sample([person.id for person in people], chance.choice((0, 1, 1, 2)) if position else 0)
            rota = of_team[position % len(of_team)]
            on_call = (rota.id,) if position == 0 or not asked or chance.random() < 0.3 else ()
            users.append(tuple(asked))
            rotas.append(on_call)
            waits.append(chance.choice((0, 30, 60, 300, 300, 600, 1800)))
            in_turn.append(len(asked) + len(on_call) > 1 and chance.random() < 0.4)
            of_all.append(not in_turn[-1] and chance.random() < 0.2)
            how = {"wait_s": waits[-1], "round_robin": in_turn[-1], "everyone": of_all[-1]}
            step = await self._saved(EscalationStepRow(policy_id=policy.id, position=position, **how))
            targets: list[dict[str, int]] = [{"user_id": user} for user in asked]
            targets += [{"schedule_id": schedule} for schedule in on_call]
            for place, target in enumerate(targets):
                await self._saved(EscalationTargetRow(step_id=step.id, position=place, **target))
        return Ladder(tuple(users), tuple(rotas), tuple(waits), repeats, tuple(in_turn), tuple(of_all)), policy.id

    async def _service(self, team_id: int, policy_id: int, ladder: Ladder, number: int) -> None:
        high_s = self._chance.choice((600, 1800, 1800, None))
        columns: dict[str, Any] = {
            "ack_timeout_high_s": null() if high_s is None else high_s,
            "ack_timeout_low_s": None,
            "name": f"Service {number}",
        }
        columns["reopen_window_s"] = self._chance.choice((0, 0, 300))
        if (hours := self._quiet.hours(ZONES)) is not None:
            columns |= {"urgency_mode": "support_hours", "support_hours": hours.to_json()}
            columns["hours_begin_at"] = self._start_at
        service = await self._saved(
            ServiceRow(team_id=team_id, policy_id=policy_id, created_at=self._start_at, **columns)
        )
        key = f"{number:032x}"
        columns = {"provider": "generic", "name": f"Monitor {number}", "key": key, "created_at": self._start_at}
        await self._saved(IntegrationRow(service_id=service.id, **columns))
        timeouts = {"high": high_s, "low": None}
        self.world.services[service.id] = Watched(service.id, team_id, key, ladder, timeouts, hours)
        if (work := await self._quiet.work(service.id, ZONES)) is not None:
            self.world.works.append(work)
        if (heart := await self._quiet.heart(service.id)) is not None:
            self.world.hearts.append(heart)

    async def _saved(self, row: Row) -> Row:
        self._session.add(row)
        await self._session.flush()
        return row
