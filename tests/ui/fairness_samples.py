"""What the page of fairness shows in tests."""

from __future__ import annotations

from typing import Any

from opsknight.domain.queries.fairness import Fairness, LoadLine, RotaLine
from opsknight.ui.fairness import Pays
from opsknight.ui.pay import Pay
from tests.ui.samples import LONG_WORD, NOW, PEOPLE

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


def pays() -> Pays:
    """Return a schedule that pays by its second rules, whose reader manages it, and one that pays nothing."""
    rules: Any = {
        "valid_from": "2025-03-01", "currency": "EUR", "hour": "12.50", "night": "1.50", "weekend": "2.00",
        "holiday": "1.00", "combine": "highest", "interruption": "5.00", "minimum": "50.00", "holidays": ["2026-12-24"],
    }  # fmt: skip
    first = {**rules, "valid_from": "2000-01-01", "night": "1.00", "weekend": "1.00", "interruption": "0.00"}
    later = {**rules, "valid_from": "2031-01-01", "hour": "13.75"}
    once: Any = {"id": 1, "user_id": 1, "user": "Amira Khan", "day": "2026-11-20", "amount": "50.00"}
    other = {**once, "id": 2, "user": "Maximiliane Oberbichler-Hohenstein", "amount": "1200.00", "reason": LONG_WORD}
    paid = Pay([later, rules, first], [{**once, "reason": "Moved the racks"}, other], may_change=True)  # type: ignore[list-item]
    return Pays({1: paid, 2: Pay([], [], may_change=False)}, PEOPLE)
