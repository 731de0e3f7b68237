"""What the page of fairness shows in tests."""

from __future__ import annotations

from typing import Any

from opsknight.domain.queries.fairness import Fairness, LoadLine, RotaLine
from tests.ui.samples import LONG_WORD, NOW

HOUR_S = 3600


def a_load(user: str, number: int, **what: Any) -> LoadLine:
    """Return what somebody carried in a month, of which a part is `what`."""
    plain = {
        "user": user, "user_id": number, "zone": "Europe/Berlin", "on_call_s": 240 * HOUR_S, "night_s": 90 * HOUR_S,
        "weekend_s": 48 * HOUR_S, "holiday_s": 0, "interruptions": 4, "by_night": 1, "off_hours": 2, "by_day": 1,
        "high": 3, "nights_on_call": 10, "longest_run": 7, "nights_broken": 1, "sleep_lost_s": 2400,
    }  # fmt: skip
    return LoadLine(**{**plain, **what})  # type: ignore[typeddict-item]


def fairness() -> Fairness:
    """Return a month in which one person had most of it, and one nothing."""
    idle = a_load("Jo Bäcker", 3, **{name: 0 for name in LoadLine.__annotations__ if name not in ("user", "user_id")})
    busy = a_load("Maximiliane Oberbichler-Hohenstein", 2, on_call_s=1_441_800, interruptions=1200, nights_broken=9)
    people = [busy, a_load("Amira Khan", 1, holiday_s=24 * HOUR_S), idle]
    rotas = [
        RotaLine(id=1, name="Platform primary", balance=42, words="one-sided", people=people),
        RotaLine(id=2, name=LONG_WORD, balance=None, words="nobody was on call", people=[idle]),
    ]
    return {"from": NOW - 30 * 24 * HOUR_S, "to": NOW, "people": people, "schedules": rotas}
