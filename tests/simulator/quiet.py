"""What keeps a run's services quiet, and what reports to them: windows, rules, support hours, heartbeats.

Nothing begins or ends in the hours of the night in which clocks change: there a wall clock says all there is to say.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from random import Random
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncSession

from opsknight.crypto import new_id
from opsknight.domain.store.tables import HeartbeatRow, MaintenanceWindowRow, RuleRow

DAY = timedelta(days=1)
GRACE = timedelta(minutes=10)
PAUSE = timedelta(minutes=3)
GROUPED_FOR = timedelta(minutes=10)
KINDS = ("noise", "unloved", "patient", "grouped", "vouched", "plain")
LIKELY = (3, 3, 7, 7, 4, 76)
"""What a rule drops, suppresses, lets wait and groups; what its monitor repeats until it is over; and all else."""
RULES = (
    {"name": "Nobody wants it", "when": 'title contains "noise"', "then": "drop"},
    {"name": "Nobody minds", "when": 'title contains "unloved"', "then": "suppress"},
    {"name": "Often over at once", "when": 'title contains "patient"', "pause": "3m"},
    {"name": "One for all", "when": 'title contains "grouped"', "group": {"within": "10m"}},
)


@dataclass(frozen=True, slots=True)
class Work:
    """A maintenance window of one service: once, or every day at the same time, on the wall clock."""

    service_id: int
    zone: str
    starts_at: datetime
    length: timedelta
    is_daily: bool

    def until(self, at: datetime) -> datetime | None:
        """Return when the window that covers `at` ends, None where none does."""
        zone = ZoneInfo(self.zone)
        wall = at.astimezone(zone).replace(tzinfo=None)
        start = datetime.combine(wall.date(), self.starts_at.time()) if self.is_daily else self.starts_at
        if start < self.starts_at or not start <= wall < start + self.length:
            return None
        return (start + self.length).replace(tzinfo=zone).astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Hours:
    """The support hours of one service: from `first` to `last` o'clock on some weekdays, 1 is Monday."""

    zone: str
    weekdays: tuple[int, ...]
    first: int
    last: int

    def covers(self, at: datetime) -> bool:
        """Return whether the service pages loudly at `at`."""
        wall = at.astimezone(ZoneInfo(self.zone))
        return wall.isoweekday() in self.weekdays and self.first <= wall.hour < self.last

    def begins(self, start_at: datetime, end_at: datetime) -> list[datetime]:
        """Return when they begin in `[start_at, end_at)`."""
        zone = ZoneInfo(self.zone)
        days = (start_at.astimezone(zone).date() + DAY * number for number in range((end_at - start_at).days + 2))
        walls = (datetime.combine(day, time(self.first), zone) for day in days if day.isoweekday() in self.weekdays)
        found = (wall.astimezone(UTC) for wall in walls)
        return [at for at in found if start_at <= at < end_at]

    def to_json(self) -> dict[str, object]:
        """Return them as services keep them."""
        return {"zone": self.zone, "parts": [[day, self.first * 60, self.last * 60] for day in self.weekdays]}


@dataclass(frozen=True, slots=True)
class Heart:
    """What must report every `period`."""

    id: UUID
    service_id: int
    period: timedelta


class Quiet:
    """Draws all that from the seed and writes it."""

    def __init__(self, session: AsyncSession, chance: Random, *, start_at: datetime) -> None:
        self._session = session
        self._chance = chance
        self._start_at = start_at

    async def rules(self) -> None:
        """Write the rules of all services."""
        for position, document in enumerate(RULES):
            times = {"created_at": self._start_at, "updated_at": self._start_at}
            self._session.add(RuleRow(service_id=None, position=position, document=document, **times))
        await self._session.flush()

    def hours(self, zones: Sequence[str]) -> Hours | None:
        """Return the support hours of a service; most have none."""
        chance = self._chance
        if chance.random() < 0.7:
            return None
        first = chance.randint(6, 10)
        return Hours(chance.choice(zones), chance.choice(((1, 2, 3, 4, 5), (1, 3, 6, 7))), first, first + 9)

    async def work(self, service_id: int, zones: Sequence[str]) -> Work | None:
        """Plan maintenance for a service, or none."""
        chance = self._chance
        if chance.random() < 0.5:
            return None
        zone, is_daily = chance.choice(zones), chance.random() < 0.6
        wall = self._start_at.replace(tzinfo=None, hour=chance.randint(5, 18), minute=chance.choice((0, 20, 45)))
        starts_at = wall + DAY * chance.randint(-2 if is_daily else 0, 3)
        work = Work(service_id, zone, starts_at, timedelta(minutes=chance.randint(40, 300)), is_daily)
        columns = {"zone": zone, "starts_at": starts_at, "length_s": int(work.length.total_seconds())}
        columns["repeat"] = "daily" if is_daily else "once"
        name = f"Work on {service_id}"
        self._session.add(MaintenanceWindowRow(name=name, service_id=service_id, created_at=self._start_at, **columns))
        await self._session.flush()
        return work

    async def heart(self, service_id: int) -> Heart | None:
        """Have something report to a service now and then, or nothing."""
        if self._chance.random() < 0.5:
            return None
        heart = Heart(new_id(), service_id, timedelta(hours=self._chance.choice((4, 6, 9))))
        times = {"period_s": int(heart.period.total_seconds()), "grace_s": int(GRACE.total_seconds())}
        keys = {"key": f"key {service_id}", "badge_key": f"badge {service_id}", "name": f"Backup {service_id}"}
        row = HeartbeatRow(id=heart.id, service_id=service_id, created_at=self._start_at, **times, **keys)
        self._session.add(row)
        await self._session.flush()
        return heart
