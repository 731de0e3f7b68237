"""How often what came for integrations was turned away, by the hour: counted in memory, stored now and then."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from opsknight.domain.store.unit_of_work import UnitOfWork

_ADD = text("""
    INSERT INTO turned_away (integration_id, starts_at, too_many, no_database, last_at,
        unproven, unproven_at)
    SELECT * FROM unnest(CAST(:ids AS bigint[]), CAST(:starts AS timestamptz[]), CAST(:too_many AS bigint[]),
        CAST(:no_database AS bigint[]), CAST(:last AS timestamptz[]), CAST(:unproven AS bigint[]),
        CAST(:unproven_at AS timestamptz[]))
    ON CONFLICT (integration_id, starts_at) DO UPDATE SET too_many = turned_away.too_many + excluded.too_many,
        no_database = turned_away.no_database + excluded.no_database,
        last_at = greatest(turned_away.last_at, excluded.last_at),
        unproven = turned_away.unproven + excluded.unproven,
        unproven_at = greatest(turned_away.unproven_at, excluded.unproven_at)
""")


@dataclass(frozen=True, slots=True)
class Turned:
    """What was counted of an integration in the hour from `starts_at` on, by why.

    It was told to send again for too many, or for no database, the last time at `last_at`; and so many deliveries
    were `unproven`, the last one at `unproven_at`.
    """

    integration_id: int
    starts_at: datetime
    too_many: int = 0
    no_database: int = 0
    last_at: datetime | None = None
    unproven: int = 0
    unproven_at: datetime | None = None

    def plus(self, other: Turned) -> Turned:
        """Return both together; they are of the same hour."""
        return Turned(
            self.integration_id,
            self.starts_at,
            too_many=self.too_many + other.too_many,
            no_database=self.no_database + other.no_database,
            last_at=_later(self.last_at, other.last_at),
            unproven=self.unproven + other.unproven,
            unproven_at=_later(self.unproven_at, other.unproven_at),
        )


def _later(one: datetime | None, other: datetime | None) -> datetime | None:
    return max((at for at in (one, other) if at is not None), default=None)


async def add_turned_away(uow: UnitOfWork, counted: Sequence[Turned]) -> None:
    """Add to what was counted before, here or by other processes. Figures, no change of state: no fact."""
    told = sorted(counted, key=lambda one: (one.integration_id, one.starts_at))
    await uow.session.execute(
        _ADD,
        {
            "ids": [one.integration_id for one in told],
            "starts": [one.starts_at for one in told],
            "too_many": [one.too_many for one in told],
            "no_database": [one.no_database for one in told],
            "last": [one.last_at or one.starts_at for one in told],
            "unproven": [one.unproven for one in told],
            "unproven_at": [one.unproven_at for one in told],
        },
    )
