"""What can keep the alerts of services quiet, as the model knows it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from opsknight.domain.model.flapping import Limits
from opsknight.domain.model.inhibition import Inhibition
from opsknight.domain.model.maintenance import Repeat, Times, Window, changes_from_json
from opsknight.domain.model.matcher import Matcher
from opsknight.domain.model.silencing import Silencing

COLUMNS = """id, name, service_id, team_id, matchers, zone, starts_at, length_s, repeat, weekdays, ends_before, changes,
    cancelled_at"""
_WINDOWS = text(f"SELECT {COLUMNS} FROM maintenance_windows WHERE cancelled_at IS NULL ORDER BY id")  # noqa: S608
_RULES = text("SELECT id, name, source, target, equal FROM inhibitions ORDER BY id")
_SERVICES = text("""
    SELECT s.id, s.name, s.team_id, t.name AS team, s.flap_limits FROM services s JOIN teams t ON t.id = s.team_id
    WHERE s.id = ANY(:ids)
""")


@dataclass(frozen=True, slots=True)
class Known:
    """Every window that is not over, and every rule."""

    windows: tuple[Window, ...]
    rules: tuple[Inhibition, ...]

    def of(self, *, service_id: int, team_id: int, service: str, team: str, limits: Any) -> Silencing:
        """Return what concerns one service; `limits` are its own for flapping, as they are stored."""
        its = {"service": service, "team": team}
        return Silencing(
            windows=tuple(one for one in self.windows if one.concerns(service_id=service_id, team_id=team_id, **its)),
            sources=tuple(rule for rule in self.rules if rule.may_be_source(**its)),
            targets=tuple(rule for rule in self.rules if rule.may_be_target(**its)),
            limits=limits_of(limits),
        )


async def known(session: AsyncSession, *, at: datetime | None = None) -> Known:
    """Return every window and every rule; without the windows that are over, where `at` says what time it is."""
    windows = [window_of(row) for row in await session.execute(_WINDOWS)]
    return Known(tuple(one for one in windows if at is None or not one.is_over(at)), await rules(session))


async def rules(session: AsyncSession) -> tuple[Inhibition, ...]:
    """Return every rule by which one thing keeps others quiet."""
    return tuple([rule_of(row) for row in await session.execute(_RULES)])


async def of_services(session: AsyncSession, ids: Sequence[int]) -> dict[int, Silencing]:
    """Return what concerns each of the services `ids`."""
    everything = await known(session)
    return {
        row.id: everything.of(
            service_id=row.id, team_id=row.team_id, service=row.name, team=row.team, limits=row.flap_limits
        )
        for row in await session.execute(_SERVICES, {"ids": list(ids)})
    }


def window_of(row: Any) -> Window:  # a row of COLUMNS, or of the table
    """Return a row as the model knows it."""
    times = Times(
        zone=row.zone,
        starts_at=row.starts_at,
        length=timedelta(seconds=row.length_s),
        repeat=Repeat(row.repeat),
        weekdays=tuple(row.weekdays),
        until=row.ends_before,
    )
    return Window(
        id=row.id,
        name=row.name,
        times=times,
        service_id=row.service_id,
        team_id=row.team_id,
        matchers=matchers_of(row.matchers),
        changes=changes_from_json(row.changes),
        cancelled_at=row.cancelled_at,
    )


def rule_of(row: Row[Any]) -> Inhibition:
    """Return a row as the model knows it."""
    return Inhibition(row.id, row.name, matchers_of(row.source), matchers_of(row.target), tuple(row.equal))


def matchers_of(plain: Sequence[Any]) -> tuple[Matcher, ...]:
    """Return matchers as they were stored."""
    return tuple(Matcher.from_json(one) for one in plain)


def limits_of(plain: Any) -> Limits | None:
    """Return limits for flapping as they were stored, None where a service has none."""
    return None if plain is None else Limits(plain["start"], plain["stop"], timedelta(seconds=plain["window_s"]))
