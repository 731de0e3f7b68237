"""“Keep quiet until it clears”: what somebody resolved while its monitor still fires rests, and pages nobody."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from opsknight.domain.commands import incidents
from opsknight.domain.commands.expiries import Told, note
from opsknight.domain.commands.incidents import Offer
from opsknight.domain.commands.keeping_quiet import keep_quiet
from opsknight.domain.commands.undoing import undo
from opsknight.domain.model.event import Action, dedup_sha
from opsknight.domain.model.incident import Status
from opsknight.domain.queries.incidents import detail
from opsknight.domain.store.tables import ServiceRow, UserRow
from opsknight.errors import Forbidden, Stale
from tests.builders import a_service, a_user, an_event
from tests.commands.desk import Desk
from tests.commands.monitors import Monitor
from tests.commands.quiet import OF_INCIDENTS, a_monitor_of, jobs_run, later, only_incident, paged, statuses

MINUTE = timedelta(minutes=1)
FIRES = an_event()
CLEARS = an_event(action=Action.RESOLVE)


@pytest.fixture
async def monitor(desk: Desk, network: ServiceRow) -> Monitor:
    return await a_monitor_of(desk, network)


async def a_resolved_incident(desk: Desk, monitor: Monitor) -> UUID:
    """Have Ada resolve an incident whose monitor still fires."""
    await monitor.take(FIRES)
    await jobs_run(desk)
    incident_id = await only_incident(desk)
    await desk.do(incidents.resolve, incident_id)
    return incident_id


async def offered(desk: Desk, incident_id: UUID) -> bool:
    """Whether the page of the incident offers to keep it quiet."""
    async with desk.database.screens() as session:
        return (await detail(session, incident_id))["keep_quiet"]


async def test_it_rests_without_a_page_in_between_and_the_next_trigger_opens_nothing(desk: Desk, monitor: Monitor):
    incident_id = await a_resolved_incident(desk, monitor)
    pages = await paged(desk)

    done = await desk.do(keep_quiet, incident_id)
    await monitor.take(FIRES)
    await later(desk, timedelta(days=2))

    assert (done.incident.status, done.incident.until) == (Status.SUPPRESSED, None)
    assert done.sentence == "“Disk full on db-1” keeps quiet until it clears."
    assert await desk.rows(OF_INCIDENTS) == [("suppressed", "high", 1)]
    assert await desk.timer(incident_id) is None
    assert await paged(desk) == pages
    assert (await desk.facts(incident_id))[-2:] == ["resolved", "suppressed"]


async def test_it_resolves_when_its_monitor_reports_that_all_is_well_and_what_comes_then_is_new(
    desk: Desk, monitor: Monitor
):
    incident_id = await a_resolved_incident(desk, monitor)
    await desk.do(keep_quiet, incident_id)

    await monitor.take(CLEARS)
    desk.clock.advance(10 * MINUTE)
    await monitor.take(FIRES)

    assert await statuses(desk) == ["resolved", "open"]


async def test_woken_it_pages_from_its_first_step_in_a_new_generation(desk: Desk, monitor: Monitor):
    incident_id = await a_resolved_incident(desk, monitor)
    await desk.do(keep_quiet, incident_id)

    await desk.do(incidents.wake, incident_id)

    assert await desk.timer(incident_id) == ("escalation", 2, timedelta(0))


async def test_taken_back_within_five_seconds_it_is_resolved_again_with_its_alert(desk: Desk, monitor: Monitor):
    incident_id = await a_resolved_incident(desk, monitor)
    await desk.do(keep_quiet, incident_id)

    done = await desk.do(undo, incident_id)

    assert done.incident.status is Status.RESOLVED
    assert await desk.statuses("alerts", incident_id) == ["resolved"]
    assert await desk.timer(incident_id) is None


async def test_what_was_reopened_meanwhile_is_not_put_to_rest(desk: Desk, monitor: Monitor):
    incident_id = await a_resolved_incident(desk, monitor)
    bo = await a_user(desk.database, "Bo")
    await desk.as_(bo, incidents.reopen, incident_id)

    with pytest.raises(Stale) as refusal:
        await desk.do(keep_quiet, incident_id)

    assert str(refusal.value) == "“Disk full on db-1” is not resolved any more: it is open now."
    assert await statuses(desk) == ["open"]
    assert not await offered(desk, incident_id)


async def test_where_the_monitor_has_opened_a_new_incident_meanwhile_that_one_is_named(desk: Desk, monitor: Monitor):
    incident_id = await a_resolved_incident(desk, monitor)
    await monitor.take(FIRES)
    number = (await desk.rows("SELECT max(number) FROM incidents"))[0][0]

    with pytest.raises(Stale) as refusal:
        await desk.do(keep_quiet, incident_id)

    assert str(refusal.value) == (
        f"“Disk full on db-1” was reported again: #{number} is open for it now."
        " This one stays resolved; silence that one."
    )
    assert await statuses(desk) == ["resolved", "open"]
    assert not await offered(desk, incident_id)


async def test_what_has_cleared_meanwhile_stays_resolved_for_no_monitor_would_end_the_silence(
    desk: Desk, monitor: Monitor
):
    incident_id = await a_resolved_incident(desk, monitor)
    await monitor.take(CLEARS)

    with pytest.raises(Stale) as refusal:
        await desk.do(keep_quiet, incident_id)

    assert str(refusal.value) == (
        "“Disk full on db-1” stays resolved: no monitor reports it any more, so none would end its silence."
    )
    assert not await offered(desk, incident_id)


@pytest.mark.parametrize("vouched", [True, False])
async def test_what_prometheus_no_longer_repeats_is_not_kept_quiet(
    desk: Desk,
    network: ServiceRow,
    vouched: bool,  # noqa: FBT001  # whether it does
):
    monitor = await a_monitor_of(desk, network, provider="prometheus")
    incident_id = await a_resolved_incident(desk, monitor)
    if vouched:
        told = Told(dedup_sha(FIRES.dedup_key), None, expires_at=desk.clock.now() + 4 * MINUTE)
        await desk.as_("integration:1", note, network.id, [told])

    assert await offered(desk, incident_id) is vouched


async def test_what_its_monitor_resolved_is_not_kept_quiet(desk: Desk, monitor: Monitor):
    await monitor.take(FIRES, CLEARS)
    incident_id = await only_incident(desk)

    with pytest.raises(Stale, match="no monitor reports it any more"):
        await desk.do(keep_quiet, incident_id)


async def test_where_incidents_outlive_their_alerts_it_is_said_but_not_to_be_had(desk: Desk):
    service = await a_service(desk.database, pages=[desk.user], resolves_with_last_alert=False)
    await (await a_monitor_of(desk, service)).take(FIRES)
    incident_id = await only_incident(desk)

    done = await desk.do(incidents.resolve, incident_id)

    assert (done.sentence.endswith("its next trigger opens a new incident."), done.offer) == (True, None)
    assert not await offered(desk, incident_id)
    with pytest.raises(Stale, match="its service's incidents outlive their alerts"):
        await desk.do(keep_quiet, incident_id)


async def test_it_is_offered_until_it_is_taken(desk: Desk, monitor: Monitor):
    await monitor.take(FIRES)
    incident_id = await only_incident(desk)
    before = await offered(desk, incident_id)
    resolved = await desk.do(incidents.resolve, incident_id)
    after = await offered(desk, incident_id)

    await desk.do(keep_quiet, incident_id)

    assert (before, resolved.offer, after) == (False, Offer.KEEP_QUIET, True)
    assert not await offered(desk, incident_id)


async def test_an_older_view_than_that_of_the_resolve_is_refused(desk: Desk, monitor: Monitor):
    incident_id = await a_resolved_incident(desk, monitor)
    await desk.do(incidents.reopen, incident_id)
    done = await desk.do(incidents.resolve, incident_id)

    with pytest.raises(Stale, match="changed while you were looking"):
        await desk.do(keep_quiet, incident_id, seen_version=done.incident.version - 2)


async def test_an_observer_keeps_nothing_quiet(desk: Desk, monitor: Monitor):
    incident_id = await a_resolved_incident(desk, monitor)
    observer: UserRow = await a_user(desk.database, "Oda", role="observer")

    with pytest.raises(Forbidden):
        await desk.as_(observer, keep_quiet, incident_id)
