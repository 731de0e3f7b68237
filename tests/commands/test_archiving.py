"""Services that are put away and brought back: what ends with one is named, and no page is lost by it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from opsknight.domain.commands import (
    archiving,
    heartbeats,
    incidents,
    integrations,
    maintenance,
    misses,
    opening,
    policies,
    rules,
    service_quiet,
    services,
    undoing,
)
from opsknight.domain.commands.archiving import Used
from opsknight.domain.model.event import Urgency
from opsknight.domain.model.heartbeat import Rhythm
from opsknight.domain.model.incident import Status
from opsknight.domain.model.service_plan import Plan
from opsknight.domain.queries.archived_services import archived_services
from opsknight.domain.queries.board import Filter
from opsknight.domain.queries.board import lines as board_lines
from opsknight.domain.queries.catalogue import integrations as catalogue
from opsknight.domain.queries.heartbeats import heartbeats as heartbeat_lines
from opsknight.domain.queries.heartbeats import known
from opsknight.domain.queries.maintenance import scopes
from opsknight.domain.queries.rules import rules as rule_lines
from opsknight.domain.queries.services import services as service_lines
from opsknight.domain.queries.teams import owned
from opsknight.domain.store.engine import Database
from opsknight.domain.store.tables import ServiceRow
from opsknight.errors import Conflict, Forbidden, NotFound
from tests.builders import (
    a_heartbeat,
    a_policy,
    a_service,
    a_stored_incident,
    a_team,
    a_user,
    an_event,
    an_integration,
)
from tests.clock import StoppedClock
from tests.commands.beats import HOUR, MINUTE, engine_runs, opened, ping, timer
from tests.commands.desk import Desk
from tests.commands.monitors import a_monitor
from tests.commands.quiet import a_plan
from tests.conftest import Acting

MOVES = {"name": "Disks elsewhere", "when": "true"}


@pytest.fixture
async def office(database: Database, acting: Acting, clock: StoppedClock) -> Desk:
    """The desk of Sam, an admin."""
    return Desk(database, acting, clock, await a_user(database, "Sam", role="admin"))


@pytest.fixture
async def checkout(office: Desk) -> ServiceRow:
    return await a_service(office.database, "Checkout", pages=[office.user])


async def read(office: Desk, query: Callable[..., Awaitable[Any]], *args: Any, **kwargs: Any) -> Any:
    async with office.database.screens() as session:
        return await query(session, *args, **kwargs)


async def test_archiving_names_what_it_ends_and_ends_it_in_one_transaction(office: Desk, checkout: ServiceRow):
    probes = await an_integration(office.database, checkout, name="Probes", former_key="former")
    await an_integration(office.database, checkout, name="Partners", provider="email")
    backup = await a_heartbeat(office.database, checkout, name="Nightly backup")
    await office.do(rules.create, {"name": "Quiet at night", "when": "true"}, service_id=checkout.id)
    await office.do(maintenance.plan, a_plan(service_id=checkout.id))

    done = await office.do(archiving.archive, checkout.id)

    ended = [
        "the key of Probes", "the mail address of Partners", "the heartbeat Nightly backup", "the rule Quiet at night",
        "the maintenance DB upgrade",
    ]  # fmt: skip
    assert done.sentence == (
        "“Checkout” is archived. That ended the key of Probes, the mail address of Partners, the heartbeat Nightly"
        " backup, the rule Quiet at night and the maintenance DB upgrade. Its history stays, and it can be brought"
        " back."
    )
    told = await office.rows("SELECT actor, data FROM facts WHERE kind = 'service archived'")
    assert told == [(f"user:{office.user.id}", {"name": "Checkout", "ended": ended})]
    assert await read(office, catalogue) == {}
    assert await read(office, known, backup.key) is None
    assert await office.rows("SELECT cancelled_at IS NOT NULL FROM maintenance_windows") == [(True,)]
    assert probes.active


async def test_a_service_with_an_unresolved_incident_cannot_be_archived_and_is_told_which(
    office: Desk, checkout: ServiceRow
):
    await an_integration(office.database, checkout)
    held = await a_stored_incident(office.database, checkout, status="suppressed")
    await a_stored_incident(office.database, checkout, status="resolved", title="Long ago")

    with pytest.raises(Conflict) as refusal:
        await office.do(archiving.archive, checkout.id)

    assert refusal.value.sentence == (
        f"“Checkout” cannot be archived yet: #{held.number} “Disk full on db-1” is not resolved. Resolve that first."
    )
    assert len(await read(office, catalogue)) == 1


async def test_it_is_offered_nowhere_and_its_history_stays(office: Desk, checkout: ServiceRow):
    await a_heartbeat(office.database, checkout)
    await office.do(rules.create, {"name": "Quiet at night", "when": "true"}, service_id=checkout.id)
    past = await a_stored_incident(office.database, checkout, status="resolved")

    await office.do(archiving.archive, checkout.id)

    assert await read(office, service_lines, with_keys=True) == []
    assert await read(office, heartbeat_lines, at=office.clock.now(), with_keys=True) == []
    assert await read(office, rule_lines) == []
    assert [one for one in await read(office, scopes) if one.startswith("service")] == []
    with pytest.raises(NotFound):
        await read(office, board_lines, Filter(board="Checkout"))
    history = await read(office, board_lines, Filter(statuses=(Status.RESOLVED,)))
    assert [(line["id"], line["service"]) for line in history] == [(str(past.id), "Checkout")]
    assert [one["name"] for one in await read(office, archived_services)] == ["Checkout"]
    owns = await read(office, owned, checkout.team_id)
    assert owns == ["1 archived service, kept for the record", "1 escalation policy"]


async def hand(uow: Any, service: ServiceRow) -> object:
    return await opening.open_by_hand(uow, service_id=service.id, title="It burns", urgency=Urgency.HIGH)


async def beat(uow: Any, service: ServiceRow) -> object:
    return await heartbeats.create(uow, heartbeats.Plan(service.id, "Backup", Rhythm(MINUTE, HOUR)))


async def monitor(uow: Any, service: ServiceRow) -> object:
    return await integrations.add(uow, service.id, provider="generic", name="Probes")


async def window(uow: Any, service: ServiceRow) -> object:
    return await maintenance.plan(uow, a_plan(service_id=service.id))


async def own_rule(uow: Any, service: ServiceRow) -> object:
    return await rules.create(uow, {"name": "Quiet", "when": "true"}, service_id=service.id)


async def rule_to_it(uow: Any, service: ServiceRow) -> object:
    return await rules.create(uow, {**MOVES, "set": {"service_id": service.id}}, service_id=None)


async def louder(uow: Any, service: ServiceRow) -> object:
    return await service_quiet.set_urgency(uow, service.id, "high", None)


async def renamed(uow: Any, service: ServiceRow) -> object:
    return await services.change(uow, service.id, Plan("Till", service.team_id, service.policy_id))


@pytest.mark.parametrize("deed", [hand, beat, monitor, window, own_rule, rule_to_it, louder, renamed])
async def test_nothing_is_added_to_it_until_it_is_back(
    office: Desk, checkout: ServiceRow, deed: Callable[[Any, ServiceRow], Awaitable[object]]
):
    await office.do(archiving.archive, checkout.id)

    with pytest.raises(Conflict, match="“Checkout” is archived"):
        await office.do(deed, checkout)

    await office.do(archiving.restore, checkout.id)
    await office.do(deed, checkout)


async def test_an_incident_of_it_is_neither_reopened_nor_its_resolve_undone(office: Desk, checkout: ServiceRow):
    incident = await a_stored_incident(office.database, checkout, alert=True)
    await office.do(incidents.resolve, incident.id)
    await office.do(archiving.archive, checkout.id)

    for verb in (incidents.reopen, undoing.undo):
        with pytest.raises(Conflict, match="“Checkout” is archived: bring it back"):
            await office.do(verb, incident.id)

    assert await office.rows("SELECT status FROM incidents") == [("resolved",)]


async def test_what_a_rule_would_move_to_it_stays_with_its_own_service_and_says_so(office: Desk, checkout: ServiceRow):
    web = await a_service(office.database, "Web", pages=[office.user])
    await office.do(rules.create, {**MOVES, "set": {"service_id": checkout.id}}, service_id=None)
    done = await office.do(archiving.archive, checkout.id)
    probes = await a_monitor(office.database, office.clock, web)

    await probes.take(an_event())

    assert "What “Disks elsewhere” would move to it stays with its own service now." in done.sentence
    found = await office.rows("SELECT i.id, s.name, i.status FROM incidents i JOIN services s ON s.id = i.service_id")
    assert [row[1:] for row in found] == [("Web", "open")]
    told = await office.told(found[0][0], "ruled")
    assert told["did"] == ["left it with its own service, as the one to move it to is archived"]
    (line,) = await read(office, rule_lines)
    assert line["to_archived"] == "Checkout"


async def test_a_rule_that_would_move_to_it_can_be_changed_and_not_made(office: Desk, checkout: ServiceRow):
    moves = {**MOVES, "set": {"service_id": checkout.id}}
    made = await office.do(rules.create, moves, service_id=None)
    await office.do(archiving.archive, checkout.id)

    await office.do(rules.change, made.id, {**moves, "when": "severity == 'info'"})

    with pytest.raises(Conflict, match="“Checkout” is archived"):
        await office.do(rules.create, moves, service_id=None)


async def test_a_key_that_a_rule_had_sent_elsewhere_before_is_not_lost_either(office: Desk, checkout: ServiceRow):
    web = await a_service(office.database, "Web", pages=[office.user])
    await office.do(rules.create, {**MOVES, "set": {"service_id": checkout.id}}, service_id=None)
    probes = await a_monitor(office.database, office.clock, web)
    await probes.take(an_event())
    (there,) = await office.rows("SELECT id FROM incidents")
    await office.do(incidents.resolve, there[0])
    await office.do(archiving.archive, checkout.id)
    probes.integration = (await read(office, catalogue))[probes.integration.key]

    await probes.take(an_event(title="Disk full again"))

    names = "SELECT s.name, i.status FROM incidents i JOIN services s ON s.id = i.service_id ORDER BY i.number"
    assert await office.rows(names) == [("Checkout", "resolved"), ("Web", "open")]


async def test_a_heartbeat_of_it_is_missed_by_nobody_and_has_a_whole_turn_when_it_is_back(office: Desk):
    service = await a_service(office.database, "Backups", pages=[office.user])
    backup = await a_heartbeat(office.database, service)
    await ping(office, backup)
    await office.do(archiving.archive, service.id)

    office.clock.advance(9 * HOUR)
    await engine_runs(office)
    assert await office.as_("system:audit", misses.repair) == []
    with pytest.raises(NotFound):
        await ping(office, backup)
    assert (await opened(office), await timer(office, backup)) == ([], None)

    await office.do(archiving.restore, service.id)

    assert await timer(office, backup) == ("heartbeat_missed", HOUR + 10 * MINUTE)
    office.clock.advance(2 * HOUR)
    await engine_runs(office)
    assert [status for _, status, _, _ in await opened(office)] == ["open"]


async def test_it_comes_back_with_its_integrations_as_they_were(office: Desk, checkout: ServiceRow):
    await an_integration(office.database, checkout, former_key="former")
    before = await read(office, catalogue)
    await office.do(archiving.archive, checkout.id)
    assert (await office.do(archiving.archive, checkout.id)).sentence == "“Checkout” is archived already."

    done = await office.do(archiving.restore, checkout.id)

    assert done.sentence == "“Checkout” is back. 1 integration lets events in again, by the same key."
    assert await read(office, catalogue) == before
    assert (await office.do(archiving.restore, checkout.id)).sentence == "“Checkout” is not archived."
    assert await office.rows("SELECT data FROM facts WHERE kind = 'service restored'") == [({"name": "Checkout"},)]


async def test_who_sends_by_its_keys_still_is_counted_until_it_is_back(office: Desk, checkout: ServiceRow):
    probes = await an_integration(office.database, checkout, name="Probes")
    await office.do(archiving.archive, checkout.id)
    source = f"integration:{probes.id}"

    for times in (3, 2):
        used = Used(checkout.id, source, times, office.clock.now())
        await office.as_("system:ingest", archiving.note_uses, [used])

    (line,) = await read(office, archived_services)
    at = office.clock.now().timestamp()
    assert line["uses"] == [{"source": source, "name": "Probes", "times": 5, "last_at": at}]
    assert (line["archived_by"], line["archived_at"]) == ("Sam", at)
    await office.do(archiving.restore, checkout.id)
    await office.as_("system:ingest", archiving.note_uses, [Used(checkout.id, source, 1, office.clock.now())])
    assert await office.rows("SELECT count(*) FROM archived_uses") == [(0,)]


async def test_a_policy_that_was_deleted_meanwhile_is_replaced_when_it_comes_back(office: Desk):
    team = await a_team(office.database)
    old, new = await a_policy(office.database, team=team), await a_policy(office.database, team=team)
    service = await a_service(office.database, "Search", team=team, policy=old)
    await office.do(archiving.archive, service.id)
    await office.do(policies.delete, old.id)

    with pytest.raises(Conflict, match="was deleted: choose another escalation policy"):
        await office.do(archiving.restore, service.id)
    await office.do(archiving.restore, service.id, policy_id=new.id)

    assert await office.rows("SELECT policy_id FROM services") == [(new.id,)]


async def test_managers_put_away_and_bring_back_what_is_of_their_own_team(office: Desk):
    ada, bo = await a_user(office.database, "Ada", role="manager"), await a_user(office.database, "Bo", role="manager")
    service = await a_service(office.database, "Search", team=await a_team(office.database, managers=[ada]))

    for verb in (archiving.archive, archiving.restore):
        with pytest.raises(Forbidden):
            await office.as_(bo, verb, service.id)
        await office.as_(ada, verb, service.id)


async def test_of_opening_by_hand_and_archiving_at_once_one_gives_way(office: Desk, checkout: ServiceRow):
    for _ in range(5):
        verbs = (office.do(hand, checkout), office.do(archiving.archive, checkout.id))

        both = await asyncio.gather(*verbs, return_exceptions=True)

        assert [type(one) for one in both].count(Conflict) == 1, both
        await office.do(archiving.restore, checkout.id)
        for (incident_id,) in await office.rows("SELECT id FROM incidents WHERE status <> 'resolved'"):
            await office.do(incidents.resolve, incident_id)
        office.clock.advance(timedelta(seconds=1))
