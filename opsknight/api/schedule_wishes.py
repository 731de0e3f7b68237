"""The bodies that say what a schedule shall be: layers, and what changes them for a while."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal, TypeAlias

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field, model_validator

from opsknight.api.wishes import Clean, Id, Instant, Version, Yes
from opsknight.domain.commands.overrides import Wish as OverrideWish
from opsknight.domain.commands.schedules import MAX_DATES, Plan
from opsknight.domain.commands.temporary_schedules import Wish as TemporaryWish
from opsknight.domain.model.layer_plan import (
    MAX_GROUP,
    MAX_GROUPS,
    MAX_LAYERS,
    MAX_LENGTH,
    MAX_PARTS,
    MAX_SHIFTS,
    Kind,
    LayerPlan,
    a_part,
)
from opsknight.domain.model.override import Change, OnLeave
from opsknight.domain.model.restriction import DAY_MIN, Holidays, Part
from opsknight.domain.model.rotation import Turn, Unit

Time: TypeAlias = Annotated[
    str, Field(pattern=r"^(([01]\d|2[0-3]):[0-5]\d|24:00)$", description="as 09:00; 24:00 ends")
]
Weekday: TypeAlias = Annotated[int, Field(strict=True, ge=1, le=7, description="1 is Monday")]
Name: TypeAlias = Annotated[Clean, Field(max_length=200)]
LocalTime: TypeAlias = Annotated[datetime, Field(description="local time without a zone, as 2026-11-24T22:00")]
People: TypeAlias = Annotated[list[Id], Field(max_length=MAX_GROUP)]

InsteadOf: TypeAlias = Annotated[
    int | None, Query(ge=1, lt=2**63, description="the number of the one that it would be instead of")
]


class Handoff(BaseModel):
    """A weekday and time at which one hands over to the next."""

    weekday: Weekday
    at: Time

    @property
    def minute(self) -> int:
        """In minutes after Monday 00:00."""
        return (self.weekday - 1) * DAY_MIN + _minutes(self.at)


class Hours(BaseModel):
    """Hours of the week in which a layer covers anything: on each of `weekdays`, from `start` to `end`.

    An end that is not after its start is on the next day, and belongs to the day on which it starts; with
    `to_weekday` it is on that day, as from Friday 17:00 to Monday 09:00.
    """

    weekdays: Annotated[list[Weekday], Field(min_length=1, max_length=7)]
    start: Time
    end: Time
    to_weekday: Weekday | None = None

    @property
    def parts(self) -> list[Part]:
        """The hours as the model takes them."""
        start, end = _minutes(self.start), _minutes(self.end)
        return [a_part(day, start, end, to_weekday=self.to_weekday) for day in sorted(set(self.weekdays))]


class FixedShift(BaseModel):
    """A shift as it was written down."""

    start_at: Instant
    end_at: Instant
    user_ids: People

    @property
    def turn(self) -> Turn:
        """The shift as the model takes it."""
        return Turn(instant(self.start_at), instant(self.end_at), tuple(self.user_ids))


class Layer(BaseModel):
    """A layer: groups of people who take turns of `length` `unit`s, or fixed shifts.

    Of unit weekdays, every `length`-th of `handoffs` counts. With `active_only`, units of which `hours` and
    `holidays` leave nothing do not count. Without a zone of its own it goes by that of the schedule.
    Of a schedule that is there, the layer of this `id` is meant; without one, that of the same name. A layer that is
    imported has its shifts from its calendar, whatever is said here.
    """

    id: Annotated[Id | None, Field(description="as it was read; none of a new layer")] = None
    name: Name
    kind: Kind = Kind.ROTATION
    zone: Annotated[Clean | None, Field(max_length=64)] = None
    starts_at: LocalTime | None = None
    ends_at: LocalTime | None = None
    unit: Unit = Unit.WEEKS
    length: Annotated[int, Field(strict=True, ge=1, le=MAX_LENGTH)] = 1
    handoffs: Annotated[list[Handoff], Field(max_length=MAX_PARTS)] = []
    groups: Annotated[list[People], Field(max_length=MAX_GROUPS)] = []
    hours: Annotated[list[Hours], Field(max_length=MAX_PARTS)] = []
    holidays: Holidays = Holidays.ANY
    active_only: Yes = False
    shifts: Annotated[list[FixedShift], Field(max_length=MAX_SHIFTS)] = []

    @model_validator(mode="after")
    def _wall_clocks(self) -> Layer:
        if any(at is not None and at.tzinfo is not None for at in (self.starts_at, self.ends_at)):
            raise ValueError("starts_at and ends_at are local times of the zone: say them without an offset")
        return self

    @property
    def plan(self) -> LayerPlan:
        """The layer as commands take it."""
        if self.kind is Kind.FIXED:
            shifts = tuple(one.turn for one in self.shifts)
            return LayerPlan(self.name.strip(), Kind.FIXED, shifts=shifts, id=self.id)
        return LayerPlan(
            name=self.name.strip(),
            zone=self.zone,
            starts_at=_whole(self.starts_at),
            ends_at=_whole(self.ends_at),
            unit=self.unit,
            length=self.length,
            handoffs=tuple(sorted(one.minute for one in self.handoffs)) if self.unit is Unit.WEEKDAYS else (),
            groups=tuple(tuple(group) for group in self.groups),
            parts=tuple(sorted({part for hours in self.hours for part in hours.parts})),
            holidays=self.holidays,
            active_only=self.active_only,
            id=self.id,
        )


Layers: TypeAlias = Annotated[list[Layer], Field(max_length=MAX_LAYERS)]


class Schedule(BaseModel):
    """A schedule as a whole: layers in order, the highest first. Shadows only listen and are never paged.

    Holidays are those of `country` (DE) and `subdivision` (BY), where they are said, and the dates in `holidays`.
    With `on_leave` “remove”, who is away without a substitute is not on call; with “warn” they are, with a warning.
    """

    name: Name
    team_id: Id
    zone: Annotated[Clean, Field(max_length=64)] = "UTC"
    layers: Layers = []
    shadow_layers: Layers = []
    on_leave: OnLeave = OnLeave.WARN
    country: Annotated[Clean, Field(max_length=10)] = ""
    subdivision: Annotated[Clean, Field(max_length=30)] = ""
    holidays: Annotated[list[date], Field(max_length=MAX_DATES)] = []
    seen_version: Version = None

    @property
    def plan(self) -> Plan:
        """The schedule as commands take it."""
        return Plan(
            name=self.name,
            team_id=self.team_id,
            zone=self.zone.strip(),
            layers=tuple(layer.plan for layer in self.layers),
            shadow_layers=tuple(layer.plan for layer in self.shadow_layers),
            on_leave=self.on_leave,
            country=self.country.strip(),
            subdivision=self.subdivision.strip(),
            holidays=tuple(self.holidays),
        )


class Override(BaseModel):
    """Who is on call instead for a while: `add` user_id, `remove` replaces_id, or `replace` one by the other.

    Of a replacement without replaces_id everybody is meant, and a gap is filled; so what is not known here, such as
    a misspelt replaces_id, is refused.
    """

    model_config = ConfigDict(extra="forbid")

    change: Change
    start_at: Instant
    end_at: Instant
    user_id: Id | None = None
    replaces_id: Id | None = None
    note: Annotated[Clean, Field(max_length=1000)] = ""

    @property
    def wish(self) -> OverrideWish:
        """The override as the command takes it."""
        span = instant(self.start_at), instant(self.end_at)
        return OverrideWish(self.change, *span, self.user_id, self.replaces_id, self.note)


class TemporarySchedule(BaseModel):
    """What replaces a schedule for a while: layers of its own, of which some may be fixed shifts."""

    name: Name
    start_at: Instant
    end_at: Instant
    layers: Layers

    @property
    def wish(self) -> TemporaryWish:
        """The temporary schedule as commands take it."""
        span = instant(self.start_at), instant(self.end_at)
        return TemporaryWish(self.name, tuple(layer.plan for layer in self.layers), *span)


class ChangedTemporarySchedule(TemporarySchedule):
    """A temporary schedule as it shall be, with the version that the person was looking at, where a screen knows it."""

    seen_version: Version = None


class Offer(BaseModel):
    """A shift, or a part of one, that is offered; to everybody where offered_to is empty.

    A swap wants a shift in return: return_start_at to return_end_at, or what the taker names.
    """

    kind: Literal["swap", "cover"]
    start_at: Instant
    end_at: Instant
    user_id: Annotated[Id | None, Field(description="whose shift; one's own where it is not said")] = None
    return_start_at: Instant | None = None
    return_end_at: Instant | None = None
    offered_to: Annotated[list[Id], Field(max_length=100)] = []
    expires_at: Instant | None = None
    note: Annotated[Clean, Field(max_length=1000)] = ""


class Taking(BaseModel):
    """Which part of an offered shift is taken, all of it where nothing is said, and what is given for a swap."""

    start_at: Instant | None = None
    end_at: Instant | None = None
    return_start_at: Instant | None = None
    return_end_at: Instant | None = None


class Leave(BaseModel):
    """When somebody is away, and who has their shifts, where somebody is named."""

    start_at: Instant
    end_at: Instant
    user_id: Annotated[Id | None, Field(description="who is away; oneself where it is not said")] = None
    substitute_id: Id | None = None
    note: Annotated[Clean, Field(max_length=1000)] = ""


def instant(epoch_s: float) -> datetime:
    """Return the instant that a number of seconds means."""
    return datetime.fromtimestamp(epoch_s, UTC)


def instant_or_none(epoch_s: float | None) -> datetime | None:
    """Return the instant that a number of seconds means, None where there is none."""
    return None if epoch_s is None else instant(epoch_s)


def layers_of(document: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return stored layers as they are written here."""
    return [_layer(plain) for plain in document]


def _layer(plain: dict[str, Any]) -> dict[str, Any]:
    if plain["kind"] == Kind.FIXED:
        shifts = [{"start_at": start, "end_at": end, "user_ids": users} for start, end, users in plain["shifts"]]
        return {name: said for name, said in plain.items() if name != "shifts"} | {"shifts": shifts}
    rest = {name: said for name, said in plain.items() if name not in ("handoffs", "parts")}
    handoffs = [{"weekday": at // DAY_MIN + 1, "at": _clock(at % DAY_MIN)} for at in plain["handoffs"]]
    return rest | {"handoffs": handoffs, "hours": [_hours(*part) for part in plain["parts"]]}


def _hours(start_min: int, end_min: int) -> dict[str, Any]:
    day, start = divmod(start_min, DAY_MIN)
    to_day, end = divmod(end_min, DAY_MIN)
    if end == 0:
        to_day, end = to_day - 1, DAY_MIN
    hours: dict[str, Any] = {"weekdays": [day + 1], "start": _clock(start), "end": _clock(end)}
    same_rule = (to_day == day and end > start) or (to_day == day + 1 and end <= start)
    return hours if same_rule else hours | {"to_weekday": to_day % 7 + 1}


def _minutes(time: str) -> int:
    hours, minutes = time.split(":")
    return int(hours) * 60 + int(minutes)


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _whole(at: datetime | None) -> datetime | None:
    return None if at is None else at.replace(microsecond=0)
