"""Layers as people write them down: the same in the API, in the database and in the ledger.

    {"name": "Nights", "kind": "rotation", "zone": null, "starts_at": "2026-01-05T18:00", "ends_at": null,
     "unit": "weeks", "length": 1, "handoffs": [], "groups": [[1], [2, 3]],
     "parts": [[1080, 1980]], "holidays": "any", "active_only": false}
    {"name": "Imported", "kind": "fixed", "shifts": [[1767600000, 1767686400, [1]]]}

`parts` and `handoffs` are in minutes after Monday 00:00, shifts in epoch seconds. A zone that is null is the
schedule's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any, Final

from opsknight.domain.model.cron import BadCron, named_zone, zone_of
from opsknight.domain.model.layer import FixedShifts, Layer
from opsknight.domain.model.restriction import DAY_MIN, WEEK_MIN, Holidays, Part, Restriction
from opsknight.domain.model.rotation import Rotation, Turn, Unit

MAX_LAYERS: Final = 50
MAX_GROUPS: Final = 200
MAX_GROUP: Final = 50
MAX_PARTS: Final = 100
MAX_SHIFTS: Final = 10_000
MAX_LENGTH: Final = 1000
MAX_NAME: Final = 100
_YEARS: Final = range(1970, 2200)


class BadSchedule(ValueError):
    """A schedule that cannot be kept; the text is for a person."""


class Kind(StrEnum):
    """What a layer is made of."""

    ROTATION = "rotation"
    FIXED = "fixed"


@dataclass(frozen=True, slots=True)
class LayerPlan:
    """A layer as it was asked for. `starts_at` and `ends_at` are naive wall-clock times of its zone.

    `id` says which layer of a schedule it is, where that is known; two plans are equal whatever it is.
    """

    name: str
    kind: Kind = Kind.ROTATION
    zone: str | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    unit: Unit = Unit.WEEKS
    length: int = 1
    handoffs: tuple[int, ...] = ()
    groups: tuple[tuple[int, ...], ...] = ()
    parts: tuple[Part, ...] = ()
    holidays: Holidays = Holidays.ANY
    active_only: bool = False
    shifts: tuple[Turn, ...] = ()
    id: int | None = field(default=None, compare=False)

    @property
    def people(self) -> frozenset[int]:
        """Everybody in it."""
        in_shifts = {user for turn in self.shifts for user in turn.users}
        return frozenset({user for group in self.groups for user in group} | in_shifts)

    def layer(self, zone: str, holidays: Sequence[date] = (), *, layer_id: int | None = None) -> Layer:
        """Return the layer it stands for, in a schedule of `zone` with these public holidays."""
        if self.kind is Kind.FIXED or self.starts_at is None:
            return Layer(self.name, FixedShifts(self.shifts), id=layer_id)
        restriction = Restriction(
            self.parts, () if self.holidays is Holidays.ANY else tuple(sorted(set(holidays))), self.holidays
        )
        rotation = Rotation(
            zone=zone_of(self.zone or zone),
            starts_at=self.starts_at,
            ends_at=self.ends_at,
            unit=self.unit,
            length=self.length,
            groups=self.groups,
            weekly_min=self.handoffs if self.unit is Unit.WEEKDAYS else (),
            active_only=restriction if self.active_only and not restriction.is_nothing else None,
        )
        return Layer(self.name, rotation, None if restriction.is_nothing else restriction, layer_id)

    def to_json(self) -> dict[str, Any]:
        """Return it as plain JSON."""
        if self.kind is Kind.FIXED:
            shifts = [[one.start_at.timestamp(), one.end_at.timestamp(), [*one.users]] for one in self.shifts]
            return {"name": self.name, "kind": self.kind.value, "shifts": shifts}
        return {
            "name": self.name,
            "kind": self.kind.value,
            "zone": self.zone,
            "starts_at": None if self.starts_at is None else self.starts_at.isoformat(),
            "ends_at": None if self.ends_at is None else self.ends_at.isoformat(),
            "unit": self.unit.value,
            "length": self.length,
            "handoffs": [*self.handoffs],
            "groups": [[*group] for group in self.groups],
            "parts": [[*part] for part in self.parts],
            "holidays": self.holidays.value,
            "active_only": self.active_only,
        }

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> LayerPlan:
        """Return what `to_json` wrote."""
        if plain["kind"] == Kind.FIXED:
            shifts = tuple(Turn(_instant(start), _instant(end), (*users,)) for start, end, users in plain["shifts"])
            return cls(plain["name"], Kind.FIXED, shifts=shifts)
        return cls(
            name=plain["name"],
            zone=plain["zone"],
            starts_at=datetime.fromisoformat(plain["starts_at"]),
            ends_at=None if plain["ends_at"] is None else datetime.fromisoformat(plain["ends_at"]),
            unit=Unit(plain["unit"]),
            length=plain["length"],
            handoffs=(*plain["handoffs"],),
            groups=tuple((*group,) for group in plain["groups"]),
            parts=tuple(Part(*part) for part in plain["parts"]),
            holidays=Holidays(plain["holidays"]),
            active_only=plain["active_only"],
        )


def check(layers: Sequence[LayerPlan]) -> None:
    """Make sure that layers can be kept.

    Raises:
        BadSchedule: one of them cannot, with the reason.
    """
    if len(layers) > MAX_LAYERS:
        raise BadSchedule(f"A schedule has {MAX_LAYERS} layers at most.")
    for layer in layers:
        if not layer.name.strip() or len(layer.name) > MAX_NAME:
            raise BadSchedule(f"A layer needs a name of {MAX_NAME} characters at most, such as “Weekly”.")
        if layer.kind is Kind.FIXED:
            _check_shifts(layer)
        else:
            _check_rotation(layer)
            _check_parts(layer)


def _check_rotation(layer: LayerPlan) -> None:
    called = f"“{layer.name}”"
    if layer.zone is not None:
        checked_zone(layer.zone)
    if layer.starts_at is None:
        raise BadSchedule(f"{called} needs starts_at: the local time of its first handoff.")
    for at in (layer.starts_at, layer.ends_at):
        if at is not None and at.year not in _YEARS:
            raise BadSchedule(
                f"{called} begins or ends in the year {at.year}; {_YEARS[0]} to {_YEARS[-1]} are allowed."
            )
    if layer.ends_at is not None and layer.ends_at <= layer.starts_at:
        raise BadSchedule(f"{called} ends before it begins.")
    if not 1 <= layer.length <= MAX_LENGTH:
        raise BadSchedule(f"A turn of {called} lasts 1 to {MAX_LENGTH} {layer.unit.value}.")
    if layer.unit is Unit.WEEKDAYS and not layer.handoffs:
        raise BadSchedule(f"{called} hands over at weekdays and needs handoffs: say which, such as Monday 09:00.")
    if list(layer.handoffs) != sorted({at for at in layer.handoffs if 0 <= at < WEEK_MIN}):
        raise BadSchedule(f"The handoffs of {called} must be times of one week, in order and none twice.")
    if not layer.groups or any(not group for group in layer.groups):
        raise BadSchedule(f"{called} needs at least one group of people, and none that is empty.")
    if len(layer.groups) > MAX_GROUPS or any(len(group) > MAX_GROUP for group in layer.groups):
        raise BadSchedule(f"{called} has too many people: {MAX_GROUPS} groups of {MAX_GROUP} are allowed.")
    if any(len(set(group)) < len(group) for group in layer.groups):
        raise BadSchedule(f"Somebody is in a group of {called} twice.")


def _check_parts(layer: LayerPlan) -> None:
    if len(layer.parts) > MAX_PARTS:
        raise BadSchedule(f"“{layer.name}” is restricted to {MAX_PARTS} parts of the week at most.")
    for part in layer.parts:
        if not (0 <= part.start_min < WEEK_MIN and part.start_min < part.end_min <= part.start_min + WEEK_MIN):
            raise BadSchedule(f"A part of the week of “{layer.name}” must end after it begins, within a week.")


def _check_shifts(layer: LayerPlan) -> None:
    if len(layer.shifts) > MAX_SHIFTS:
        raise BadSchedule(f"“{layer.name}” has {len(layer.shifts)} shifts; {MAX_SHIFTS} are allowed.")
    last_end: dict[int, datetime] = {}
    for one in sorted(layer.shifts):
        if one.start_at >= one.end_at or not one.users:
            raise BadSchedule(f"A shift of “{layer.name}” must end after it begins, and be somebody's.")
        for user in one.users:
            if user in last_end and last_end[user] > one.start_at:
                raise BadSchedule(f"Two shifts of the same person in “{layer.name}” overlap; join them.")
            last_end[user] = one.end_at


def checked_zone(name: str) -> str:
    """Return the name of a zone that there is.

    Raises:
        BadSchedule: there is none of that name, or it is that of the machine.
    """
    try:
        return named_zone(name).key
    except BadCron as refusal:
        raise BadSchedule(str(refusal)) from refusal


def a_part(weekday: int, start_min: int, end_min: int, *, to_weekday: int | None = None) -> Part:
    """Return a part of the week from one weekday (1 is Monday) and time of day to another.

    Without `to_weekday` it ends on the same day, or on the next where its end is not after its start.
    """
    start = (weekday - 1) * DAY_MIN + start_min
    if to_weekday is None:
        return Part(start, (weekday - 1) * DAY_MIN + end_min + (DAY_MIN if end_min <= start_min else 0))
    end = (to_weekday - 1) * DAY_MIN + end_min
    return Part(start, end if end > start else end + WEEK_MIN)


def _instant(epoch_s: float) -> datetime:
    return datetime.fromtimestamp(epoch_s, UTC)
