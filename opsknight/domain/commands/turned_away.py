"""How often integrations were told to send again, by the hour: counted in memory, stored now and then."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from opsknight.domain.store.unit_of_work import UnitOfWork

_ADD = text("""
    INSERT INTO turned_away (integration_id, starts_at, too_many, no_database, last_at)
    SELECT * FROM unnest(CAST(:ids AS bigint[]), CAST(:starts AS timestamptz[]), CAST(:too_many AS bigint[]),
        CAST(:no_database AS bigint[]), CAST(:last AS timestamptz[]))
    ON CONFLICT (integration_id, starts_at) DO UPDATE SET too_many = turned_away.too_many + excluded.too_many,
        no_database = turned_away.no_database + excluded.no_database,
        last_at = greatest(turned_away.last_at, excluded.last_at)
""")


@dataclass(frozen=True, slots=True)
class Turned:
    """What was counted of an integration in the hour from `starts_at` on, by why: too many, or no database."""

    integration_id: int
    starts_at: datetime
    too_many: int
    no_database: int
    last_at: datetime

    def plus(self, other: Turned) -> Turned:
        """Return both together; they are of the same hour."""
        return Turned(
            self.integration_id,
            self.starts_at,
            too_many=self.too_many + other.too_many,
            no_database=self.no_database + other.no_database,
            last_at=max(self.last_at, other.last_at),
        )


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
            "last": [one.last_at for one in told],
        },
    )
