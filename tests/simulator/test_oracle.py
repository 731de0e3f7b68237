"""The product's answer to who is on call, against a walk on paper."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

import pytest

from opsknight.domain.model import layer, override
from opsknight.domain.model.restriction import Part, Restriction
from opsknight.domain.model.rotation import Rotation, Unit
from opsknight.domain.model.schedule import Schedule, on_call
from tests.simulator.paper import OnPaper
from tests.simulator.rotas import NIGHTS, QUARTER, WEEKEND, WORKDAYS, Away, Change, Rota, Turns
from tests.simulator.world import STARTS, ZONES

LENGTHS = (("hours", 1), ("hours", 7), ("days", 1), ("days", 2), ("weeks", 1))
GROUPS = (((1,), (2,), (3,)), ((1, 2), (3,)), ((4,), (1,)))


def a_daily_one(zone: str, start: datetime) -> Rota:
    """Return a schedule that hands over every night within the hour that clocks skip."""
    wall = (start - timedelta(days=9)).replace(hour=2, minute=30, tzinfo=None)
    return Rota(1, zone, (Turns(wall, "days", 1, ((1,), (2,), (3,))),))


def a_rota(zone: str, start: datetime, chance: Random) -> Rota:
    """Return a schedule of up to three layers that hands over within the hours that clocks skip, much changed."""
    wall = (start - timedelta(days=9)).replace(hour=2, minute=30, tzinfo=None)
    layers = [
        Turns(wall, *chance.choice(LENGTHS), chance.choice(GROUPS), parts=parts)
        for parts in (*chance.sample((NIGHTS, WORKDAYS, WEEKEND), chance.choice((0, 1, 2))), ())
    ]
    at = start.replace(minute=0)
    changes = [
        Change("add", at, at + timedelta(hours=9), user=4),
        Change("remove", at + timedelta(hours=5), at + timedelta(hours=40), replaces=1),
        Change("replace", at + timedelta(days=2), at + timedelta(days=4), user=5, replaces=2),
        Change("replace", at + timedelta(days=5), at + timedelta(days=6, hours=3), user=6),
    ]
    leaves = (
        Away(3, at + timedelta(days=1), at + timedelta(days=7), substitute=2),
        Away(2, at + timedelta(days=3), at + timedelta(days=5), substitute=chance.choice((None, 3, 4))),
    )
    return Rota(1, zone, tuple(layers), tuple(changes), leaves, removes=chance.random() < 0.5)


def the_products(rota: Rota) -> Schedule:
    """Return it as the product knows it."""
    zone = ZoneInfo(rota.zone)
    return Schedule(
        layers=tuple(
            layer.Layer(
                "A layer",
                Rotation(zone, turns.starts_at, Unit(turns.unit), turns.length, turns.groups),
                Restriction(tuple(Part(*part) for part in turns.parts)) if turns.parts else None,
            )
            for turns in rota.layers
        ),
        overrides=tuple(
            override.Override(number, override.Change(one.what), one.start_at, one.end_at, one.user, one.replaces)
            for number, one in enumerate(rota.changes)
        ),
        leaves=tuple(
            override.Leave(number, one.user, one.start_at, one.end_at, one.substitute)
            for number, one in enumerate(rota.leaves)
        ),
        on_leave=override.OnLeave.REMOVE if rota.removes else override.OnLeave.WARN,
    )


@pytest.mark.parametrize("start", STARTS)
def test_the_product_and_the_paper_agree_who_is_on_call(start: datetime):
    chance = Random(str(start))  # noqa: S311  # no secret
    end_at = start + timedelta(days=7)
    for zone in ZONES:
        for rota in (a_daily_one(zone, start), a_rota(zone, start, chance)):
            paper, schedule = OnPaper(rota, end_at), the_products(rota)
            at = start.replace(minute=0) - timedelta(days=2)
            while at < end_at:
                said = {shift.user_id for shift in on_call(schedule, at)}
                assert said == paper.at(at), (zone, rota, at)
                at += 2 * QUARTER  # both ends of what a clock skips
