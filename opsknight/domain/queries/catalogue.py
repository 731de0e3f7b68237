"""What ingest needs to know of every integration, read whole and kept in memory."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from opsknight.domain.model.event import Event, Severity, Urgency, urgency_of
from opsknight.domain.model.expression_evaluation import Surroundings
from opsknight.domain.model.rule_set import RuleSet, Ruling
from opsknight.domain.model.silencing import Silencing
from opsknight.domain.model.support_hours import SupportHours
from opsknight.domain.queries import silencing
from opsknight.domain.queries.rules import rule_sets
from opsknight.errors import NotFound


@dataclass(frozen=True, slots=True)
class Integration:
    """An integration with what its service says; the same one for both of its keys."""

    id: int
    key: str
    provider: str
    name: str
    mapping: Mapping[str, object]
    service_id: int
    service: str
    urgency_mode: str
    runbook_url: str
    tags: Mapping[str, str]
    ack_timeouts_s: Mapping[str, int | None]
    reopen_window: timedelta
    resolves_with_last_alert: bool
    actor: str
    """Who a fact of what it sends names: "integration:7"."""
    secrets: tuple[str, ...] = field(default=(), repr=False)
    """Those of which one must have signed what it sends, the current one first; () where nothing is checked."""
    support_hours: SupportHours | None = None
    """When the service pages loudly, where its urgency goes by that."""
    silencing: Silencing | None = None
    """What can keep its alerts quiet; None where nothing can."""

    rules: bool = False
    """Whether any rule is asked about what it sends."""
    common_rules: RuleSet | None = field(default=None, repr=False, compare=False)
    own_rules: RuleSet | None = field(default=None, repr=False, compare=False)
    """Those of all services, and those of its own."""
    reroutes: bool = False
    """Whether what it sends may belong to another service or key, because a rule says so or has said so."""
    elsewhere: Mapping[int, Integration] = field(default_factory=dict["int", "Integration"], repr=False, compare=False)
    """By service: itself as it speaks for the other services that a rule may give what it sends to."""

    @property
    def is_nobody(self) -> bool:
        """Whether it only stands for whatever may send something to its service."""
        return self.id == 0

    @property
    def may_reopen(self) -> bool:
        """Whether a trigger can take back an incident that is resolved."""
        return bool(self.reopen_window) or (self.silencing is not None and self.silencing.limits is not None)

    def urgency_of(self, severity: Severity, at: datetime) -> Urgency:
        """Return how loudly the service pages for `severity` at `at`."""
        hours = self.support_hours
        return urgency_of(severity, self.urgency_mode) if hours is None else hours.urgency(at)

    def around(self, at: datetime) -> Surroundings:
        """Return what a rule can ask of an event of this integration besides what it says itself."""
        return Surroundings(self.name, self.provider, self.service, self.tags.get("team", ""), at)

    def ruling(self, event: Event, at: datetime) -> Ruling:
        """Return what the rules make of a trigger that arrives at `at`.

        Those of all services are asked first, then the own ones of the service that it belongs to by then. Where
        these move it, those of the other service are asked as well, of each service once: so none send it around.
        """
        ruling = Ruling(event)
        if self.common_rules:
            ruling = self.common_rules.judge(ruling, self.around(at))
        there = self.elsewhere.get(ruling.service_id or 0, self)
        if there.own_rules and not ruling.stopped:
            ruling = there.own_rules.judge(ruling, there.around(at))
        if ruling.service_id is None:
            return ruling
        asked = {there.service_id}
        while (
            not ruling.stopped and (there := self.elsewhere.get(ruling.service_id or 0, self)).service_id not in asked
        ):
            asked.add(there.service_id)
            if there.own_rules:
                ruling = there.own_rules.judge(ruling, there.around(at))
        return ruling


_SERVICE = """s.id AS service_id, s.name AS service, s.urgency_mode, s.runbook_url,
           s.tags || jsonb_build_object('team', t.name) AS tags,
           s.team_id, t.name AS team, s.flap_limits,
           CASE s.urgency_mode WHEN 'support_hours' THEN s.support_hours END AS support_hours,
           s.ack_timeout_high_s, s.ack_timeout_low_s, s.reopen_window_s, s.resolves_with_last_alert"""
_INTEGRATIONS = text(f"""
    SELECT i.id, i.key, i.former_key, i.provider, i.name, i.mapping, i.secret, i.former_secret, {_SERVICE}
    FROM integrations i JOIN services s ON s.id = i.service_id JOIN teams t ON t.id = s.team_id
    WHERE i.active AND s.archived_at IS NULL
""")  # noqa: S608  # columns of ours
_NOBODY = text(f"""
    SELECT 0 AS id, '' AS key, NULL AS former_key, 'generic' AS provider, '' AS name, jsonb_build_object() AS mapping,
        '' AS secret, '' AS former_secret, {_SERVICE}
    FROM services s JOIN teams t ON t.id = s.team_id WHERE s.id = :id AND s.archived_at IS NULL
""")  # noqa: S608  # columns of ours
_SERVICES = text(f"""
    SELECT {_SERVICE} FROM services s JOIN teams t ON t.id = s.team_id WHERE s.id = ANY(:ids) AND s.archived_at IS NULL
""")  # noqa: S608  # columns of ours
_ARCHIVED = text("""
    SELECT i.key, i.former_key, i.id, i.service_id FROM integrations i JOIN services s ON s.id = i.service_id
    WHERE i.removed_at IS NULL AND (s.archived_at IS NOT NULL OR NOT i.active)
""")
_SENT = text("SELECT DISTINCT service_id, to_service_id FROM rerouted_keys")


async def integrations(session: AsyncSession, *, at: datetime | None = None) -> Mapping[str, Integration]:
    """Return every active integration by its key, and by its former key where that is live still.

    Maintenance that is over at `at` is left out, where that is said.
    """
    return await _known(session, (await session.execute(_INTEGRATIONS)).all(), at=at)


async def sender_to(
    session: AsyncSession, service_id: int, *, integration_id: int | None = None, at: datetime
) -> Integration:
    """Return the integration of that number, else the only one of a service, else one that stands for nobody.

    Raises:
        NotFound: there is no such service, or it has no such integration.
    """
    everybody = (await integrations(session, at=at)).values()
    known = {one.id: one for one in everybody if one.service_id == service_id}
    if integration_id is not None and integration_id not in known:
        raise NotFound("This service has no such integration; choose one from the list.")
    if integration_id is not None or len(known) == 1:
        return known[next(iter(known)) if integration_id is None else integration_id]
    nobody = (await session.execute(_NOBODY, {"id": service_id})).all()
    if not nobody:
        raise NotFound("There is no such service; choose one from the list.")
    return next(iter((await _known(session, nobody, at=at)).values()))


async def _known(
    session: AsyncSession, rows: Sequence[Row[*tuple[Any, ...]]], *, at: datetime | None
) -> Mapping[str, Integration]:
    """Return the integrations of `rows` by their keys, each with what rules, silences and other services say of it."""
    quiet = await silencing.known(session, at=at)
    sets = await rule_sets(session)
    sent = {tuple(row) for row in await session.execute(_SENT)}
    to = {scope: _targets(scope, sets, sent) for scope in {row.service_id for row in rows}}
    wanted = sorted({service_id for targets in to.values() for service_id in targets})
    services: Sequence[Row[*tuple[Any, ...]]] = []
    if wanted:
        services = (await session.execute(_SERVICES, {"ids": wanted})).all()
    known: dict[str, Integration] = {}
    for row in rows:
        integration = _integration(row, sets, quiet, to[row.service_id])
        elsewhere = {
            one.service_id: replace(integration, **_service(one, sets, quiet))
            for one in services
            if one.service_id in to[row.service_id] and one.service_id != row.service_id
        }
        known[row.key] = replace(integration, elsewhere=elsewhere) if elsewhere else integration
        if row.former_key is not None:
            known[row.former_key] = known[row.key]
    return known


async def archived_keys(session: AsyncSession) -> Mapping[str, tuple[int, str]]:
    """Return the keys that counted until their service was archived, or they were switched off themselves.

    Each with the id of the service, and whose key it is, "integration:7".
    """
    rows = (await session.execute(_ARCHIVED)).all()
    keys = [(key, row) for row in rows for key in (row.key, row.former_key) if key is not None]
    return {key: (row.service_id, f"integration:{row.id}") for key, row in keys}


def _targets(scope: int, sets: Mapping[int | None, RuleSet], sent: Collection[tuple[Any, ...]]) -> Collection[int]:
    """Return the services that what a service's integrations send may belong to, its own for another key."""
    said = set(sets[None].sends_to(scope)) if None in sets else set[int]()
    said |= {to for of, to in sent if of == scope}
    asked, waiting = set[int](), {scope, *said}
    while waiting:  # what is moved to a service meets its rules, which may move it on
        place = waiting.pop()
        asked.add(place)
        to = sets[place].sends_to(place) if place in sets else set[int]()
        said |= to
        waiting |= to - asked
    return said


def _integration(
    row: Row[*tuple[Any, ...]],
    sets: Mapping[int | None, RuleSet],
    quiet: silencing.Known,
    targets: Collection[int],
) -> Integration:
    return Integration(
        id=row.id,
        key=row.key,
        provider=row.provider,
        name=row.name,
        mapping=row.mapping,
        actor=f"integration:{row.id}",
        secrets=tuple(secret for secret in (row.secret, row.former_secret) if secret),
        reroutes=bool(targets),
        **_service(row, sets, quiet),
    )


def _service(row: Row[*tuple[Any, ...]], sets: Mapping[int | None, RuleSet], quiet: silencing.Known) -> dict[str, Any]:
    """Return what an integration says of the service that it speaks for."""
    common, own, hours = sets.get(None), sets.get(row.service_id), row.support_hours
    its = {"service_id": row.service_id, "team_id": row.team_id, "service": row.service, "team": row.team}
    return {
        "service_id": row.service_id,
        "service": row.service,
        "urgency_mode": row.urgency_mode,
        "runbook_url": row.runbook_url,
        "tags": row.tags,
        "ack_timeouts_s": {"high": row.ack_timeout_high_s, "low": row.ack_timeout_low_s},
        "reopen_window": timedelta(seconds=row.reopen_window_s),
        "resolves_with_last_alert": row.resolves_with_last_alert,
        "support_hours": None if hours is None else SupportHours.from_json(hours),
        "silencing": quiet.of(**its, limits=row.flap_limits) or None,
        "rules": common is not None or own is not None,
        "common_rules": common,
        "own_rules": own,
    }
