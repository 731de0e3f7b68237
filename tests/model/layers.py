"""Schedules to test with, by name and by hypothesis: every kind of layer, and what changes them for a while."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from hypothesis import strategies as st

from opsknight.domain.model.layer import FixedShifts, Layer
from opsknight.domain.model.override import Change, Leave, OnLeave, Override
from opsknight.domain.model.restriction import DAY_MIN, WEEK_MIN, Holidays, Part, Restriction
from opsknight.domain.model.rotation import Rotation, Turn, Unit
from opsknight.domain.model.schedule import Schedule, on_call, shifts
from opsknight.domain.model.stack import Temporary

ADA, BO, CY, DEE = 1, 2, 3, 4
EVERYBODY = (ADA, BO, CY, DEE)
BERLIN = ZoneInfo("Europe/Berlin")
ZONES = (
    "UTC",
    "Europe/Berlin",
    "Europe/Dublin",
    "America/New_York",
    "America/Sao_Paulo",
    "America/Santiago",
    "Asia/Beirut",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Pacific/Chatham",
)
EVERY_ZONE = sorted(available_timezones())
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
OFFICE_HOURS = tuple(Part(day * DAY_MIN + 9 * 60, day * DAY_MIN + 17 * 60) for day in range(5))
NIGHTS = tuple(Part(day * DAY_MIN + 22 * 60, (day + 1) * DAY_MIN + 6 * 60) for day in range(7))
WORKDAYS = (Part(0, 5 * DAY_MIN),)
WEEKEND = (Part(4 * DAY_MIN + 17 * 60, WEEK_MIN + 9 * 60),)
"""From Friday 17:00 to Monday 09:00."""


def wall(*parts: int) -> datetime:
    return datetime(*parts)  # noqa: DTZ001  # a wall clock has no zone


def berlin(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=BERLIN).astimezone(UTC)


def a_rotation(**what: Any) -> Rotation:
    """Return daily turns of Ada, Bo and Cy, from Monday 2026-01-05 at 09:00 in Berlin on."""
    plain = Rotation(
        zone=BERLIN, starts_at=wall(2026, 1, 5, 9), unit=Unit.DAYS, length=1, groups=((ADA,), (BO,), (CY,))
    )
    return replace(plain, **what)


def a_layer(name: str = "layer", restriction: Restriction | None = None, **what: Any) -> Layer:
    return Layer(name, a_rotation(**what), restriction)


def always(*users: int, name: str = "always") -> Layer:
    """Return a layer in which these people are on call together, week after week."""
    return a_layer(name, unit=Unit.WEEKS, groups=(users,), starts_at=wall(2025, 12, 29))


def a_schedule(*layers: Layer | Rotation, **what: Any) -> Schedule:
    named = (one if isinstance(one, Layer) else Layer(f"layer {depth}", one) for depth, one in enumerate(layers))
    return Schedule(layers=tuple(named), **what)


def an_override(change: Change, start: datetime, end: datetime, **what: Any) -> Override:
    return Override(what.pop("id", 1), change, start, end, **what)


def users(schedule: Schedule, at: datetime) -> list[int]:
    return [one.user_id for one in on_call(schedule, at)]


def told(schedule: Schedule, start: datetime, end: datetime) -> list[tuple[int, str, str]]:
    """Return who is on call, from when to when by the clocks of Berlin."""
    return [
        (one.user_id, f"{one.start_at.astimezone(BERLIN):%a %d %H:%M}", f"{one.end_at.astimezone(BERLIN):%a %d %H:%M}")
        for one in shifts(schedule, start, end)
    ]


def minutes(start: datetime, end: datetime) -> st.SearchStrategy[datetime]:
    """Return wall-clock times to the minute."""
    return st.datetimes(start, end).map(lambda at: at.replace(second=0, microsecond=0))


@st.composite
def parts(draw: st.DrawFn) -> Part:
    start = draw(st.integers(0, WEEK_MIN - 1))
    return Part(start, start + draw(st.sampled_from([1, 30, 8 * 60, DAY_MIN, 3 * DAY_MIN, WEEK_MIN - 1])))


restrictions = st.builds(
    Restriction,
    st.lists(parts(), max_size=4).map(tuple) | st.sampled_from([OFFICE_HOURS, NIGHTS, WORKDAYS, WEEKEND]),
    st.lists(st.dates(date(2010, 1, 1), date(2028, 12, 31)), max_size=12, unique=True).map(lambda d: tuple(sorted(d))),
    st.sampled_from(Holidays),
)
instants = st.datetimes(wall(2010, 1, 1), wall(2029, 1, 1), timezones=st.just(UTC))
groups = st.lists(
    st.lists(st.sampled_from(EVERYBODY), min_size=1, max_size=2, unique=True).map(tuple), min_size=1, max_size=4
).map(tuple)


@st.composite
def rotations(draw: st.DrawFn, *units: Unit) -> Rotation:
    """Return a rotation of any unit, or of one of `units`."""
    unit = draw(st.sampled_from(units or tuple(Unit)))
    starts_at = draw(minutes(wall(2010, 1, 1), wall(2026, 12, 31)))
    lasts = draw(st.none() | st.timedeltas(timedelta(days=1), timedelta(days=900)))
    weekly = draw(st.lists(st.integers(0, WEEK_MIN - 1), min_size=1, max_size=4, unique=True).map(sorted))
    return Rotation(
        zone=ZoneInfo(draw(st.sampled_from(ZONES) | st.sampled_from(EVERY_ZONE))),
        starts_at=starts_at,
        ends_at=None if lasts is None else (starts_at + lasts).replace(second=0, microsecond=0),
        unit=unit,
        length=draw(st.integers(1, 30 if unit is Unit.HOURS else 5)),
        groups=draw(groups),
        weekly_min=tuple(weekly) if unit is Unit.WEEKDAYS else (),
    )


@st.composite
def layers(draw: st.DrawFn) -> Layer:
    restriction = draw(st.none() | restrictions)
    rotation = draw(rotations())
    if restriction is not None and draw(st.booleans()):
        rotation = replace(rotation, active_only=restriction)
    return Layer("layer", rotation, restriction)


@st.composite
def spans(draw: st.DrawFn, near: datetime) -> tuple[datetime, datetime]:
    """Return a span that begins within three days of `near`."""
    start = near + timedelta(minutes=draw(st.integers(-3 * DAY_MIN, 3 * DAY_MIN)))
    return start, start + timedelta(minutes=draw(st.integers(1, 3 * DAY_MIN)))


@st.composite
def fixed(draw: st.DrawFn, near: datetime) -> FixedShifts:
    turns = [Turn(*draw(spans(near)), (user,)) for user in draw(st.lists(st.sampled_from(EVERYBODY), unique=True))]
    return FixedShifts(tuple(turns))


@st.composite
def overrides(draw: st.DrawFn, near: datetime, number: int) -> Override:
    change = draw(st.sampled_from(Change))
    user = None if change is Change.REMOVE else draw(st.sampled_from(EVERYBODY))
    replaces = draw(st.sampled_from(EVERYBODY)) if change is Change.REMOVE else None
    if change is Change.REPLACE:
        replaces = draw(st.none() | st.sampled_from(EVERYBODY))
    return Override(number, change, *draw(spans(near)), user, replaces)


@st.composite
def schedules(draw: st.DrawFn, near: datetime) -> Schedule:
    """Return a schedule with everything that there is, changed around `near`."""
    temporaries = [
        Temporary(number, "temporary", *draw(spans(near)), (draw(layers() | fixed(near).map(_fixed_layer)),))
        for number in range(draw(st.integers(0, 2)))
    ]
    leaves = [
        Leave(
            number, draw(st.sampled_from(EVERYBODY)), *draw(spans(near)), draw(st.none() | st.sampled_from(EVERYBODY))
        )
        for number in range(draw(st.integers(0, 2)))
    ]
    return Schedule(
        layers=tuple(draw(st.lists(layers() | fixed(near).map(_fixed_layer), max_size=3))),
        overrides=tuple(draw(overrides(near, number)) for number in range(draw(st.integers(0, 4)))),
        temporaries=tuple(temporaries),
        leaves=tuple(leaves),
        on_leave=draw(st.sampled_from(OnLeave)),
    )


def _fixed_layer(shifts: FixedShifts) -> Layer:
    return Layer("fixed", shifts)
