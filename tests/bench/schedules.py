"""How long it takes to say who is on call: by a schedule of ten layers now, and by twenty for 90 days."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import cycle
from zoneinfo import ZoneInfo

from opsknight.domain.model.layer import Layer
from opsknight.domain.model.override import Change, Override
from opsknight.domain.model.restriction import DAY_MIN, Holidays, Part, Restriction
from opsknight.domain.model.rotation import Rotation, Unit
from opsknight.domain.model.schedule import Schedule, on_call, shifts
from tests.bench.figures import percentile, table

DAY = timedelta(days=1)
FIRST = datetime(2026, 3, 20, tzinfo=UTC)
_ZONES = ("Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "UTC")
_NEW_YEARS = tuple(date(year, 1, 1) for year in range(2020, 2030))
_OFFICE = Restriction(tuple(Part(day * DAY_MIN + 540, day * DAY_MIN + 1020) for day in range(5)))
_NIGHTS = Restriction(tuple(Part(day * DAY_MIN + 1320, day * DAY_MIN + 1800) for day in range(7)))
_WEEKEND = Restriction((Part(4 * DAY_MIN + 1020, 7 * DAY_MIN + 540),))
_HOLIDAYS = Restriction((), _NEW_YEARS, Holidays.ONLY)


def of_ten_layers() -> Schedule:
    """Return nine restricted layers of every unit, some counting active units only, over one that never ends."""
    kinds = zip(range(9), cycle((_OFFICE, _NIGHTS, _WEEKEND, _HOLIDAYS)), cycle(list(Unit)[:4]), strict=False)
    layers = [_layer(number, restriction, unit, counted=number % 3 == 0) for number, restriction, unit in kinds]
    return Schedule((*layers, _layer(9, None, Unit.WEEKS)), overrides=_overrides())


def of_two_layers() -> Schedule:
    """Return office hours by days over weeks, with an override every third day: what most teams have."""
    return Schedule((_layer(0, _OFFICE, Unit.DAYS), _layer(1, None, Unit.WEEKS)), overrides=_overrides())


def measured() -> str:
    """Measure, and return a table of it."""
    ten, twenty = of_ten_layers(), [of_two_layers() for _ in range(20)]
    now = [_took(lambda at=FIRST + number * timedelta(hours=7.3): on_call(ten, at)) for number in range(400)]
    quarter = [_took(lambda: [shifts(one, FIRST, FIRST + 90 * DAY) for one in twenty]) for _ in range(9)]
    rows: Sequence[Sequence[object]] = [
        ("who is on call at an instant, ten layers and 30 overrides", *_figures(now), "1 ms"),
        ("90 days of 20 schedules, two layers and 30 overrides each", *_figures(quarter), "100 ms"),
    ]
    return table(("asked", "p50", "p99", "bound"), rows)


def _figures(values: Sequence[float]) -> tuple[str, str]:
    return f"{percentile(values, 0.5):.2f} ms", f"{percentile(values, 0.99):.2f} ms"


def _took(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1000


def _layer(number: int, restriction: Restriction | None, unit: Unit, *, counted: bool = False) -> Layer:
    rotation = Rotation(
        zone=ZoneInfo(_ZONES[number % len(_ZONES)]),
        starts_at=datetime(2020, 1, 6, 9),  # noqa: DTZ001  # wall clock
        unit=unit,
        length=1,
        groups=((1,), (2,), (3,), (4,)),
        active_only=restriction if counted else None,
    )
    return Layer(f"layer {number}", rotation, restriction)


def _overrides() -> tuple[Override, ...]:
    return tuple(
        Override(number, Change.REPLACE, at, at + timedelta(hours=9), 1 + number % 4, 1 + (number + 1) % 4)
        for number, at in enumerate(FIRST + 3 * number * DAY for number in range(30))
    )


if __name__ == "__main__":
    print(measured())
