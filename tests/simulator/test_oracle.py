"""The product's answer to who is on call, against a walk on paper."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

import pytest

from opsknight.domain.model.rotation import Rotation, Unit
from opsknight.domain.model.schedule import Layer, Schedule, on_call
from tests.simulator.oracle import OnPaper
from tests.simulator.world import STARTS, ZONES, Rota

HOUR = timedelta(hours=1)


@pytest.mark.parametrize("start", STARTS)
def test_the_product_and_the_paper_agree_who_is_on_call_in_every_hour(start: datetime):
    chance = Random(str(start))  # noqa: S311  # no secret
    start_at = start
    end_at = start_at + timedelta(days=18)
    for zone in ZONES:
        unit, length = chance.choice((("hours", 1), ("hours", 7), ("days", 1), ("days", 2), ("weeks", 1)))
        starts_at = (start - timedelta(days=9)).replace(
            hour=2, minute=30, tzinfo=None
        )  # within the hours that clocks skip
        rota = Rota(1, zone, starts_at, unit, length, (1, 2, 3))
        paper = OnPaper(rota, end_at)
        groups = tuple((member,) for member in rota.members)
        rotation = Rotation(ZoneInfo(zone), starts_at, Unit(unit), length, groups)
        schedule = Schedule((Layer("Primary", rotation),))
        at = start_at - timedelta(days=8)
        while at < end_at:
            said = on_call(schedule, at)
            assert [shift.user_id for shift in said] == [paper.at(at)], (zone, unit, length, at)
            at += HOUR / 4
