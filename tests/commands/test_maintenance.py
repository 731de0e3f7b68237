"""Maintenance: what opens under a window pages nobody, and what still fires at its end does."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from opsknight.domain.commands import incidents, maintenance, misses
from opsknight.domain.commands.audits import repair
from opsknight.domain.model.event import Action, Severity
from opsknight.domain.model.maintenance import Repeat
from opsknight.domain.queries import board
from opsknight.domain.store.tables import HeartbeatRow, IncidentRow, ServiceRow
from opsknight.errors import Conflict, Forbidden, Invalid
from tests.builders import a_service, a_team, a_user, an_alert, an_event
from tests.commands.beats import fire_heartbeats, ping
from tests.commands.desk import Desk
from tests.commands.quiet import (
    HOUR,
    MINUTE,
    a_monitor_of,
    a_plan,
    jobs_run,
    later,
    only_incident,
    paged,
    planned,
    statuses,
    where,
)

OTHER = {"dedup_key": "disk:db-2", "title": "Disk full on db-2"}
RESOLVE = {"action": Action.RESOLVE}


@pytest.fixture
async def service(desk: Desk) -> ServiceRow:
    return await a_service(desk.database, "Checkout", pages=[desk.user])


async def test_an_alert_that_opens_under_a_window_pages_nobody_and_says_why(desk: Desk, service: ServiceRow):
    await planned(desk, service_id=service.id)
    monitor = await a_monitor_of(desk, service)

    await monitor.take(an_event())
    await jobs_run(desk)

    incident = await only_incident(desk)
    assert await statuses(desk) == ["suppressed"]
    assert await paged(desk) == 0
    assert await desk.timer(incident) == ("suppress_end", 1, 2 * HOUR)
    assert (await desk.told(incident, "suppressed"))["reason"] == "maintenance “DB upgrade”"
    assert await desk.facts(incident) == ["opened", "suppressed"]


async def test_the_board_says_why_it_is_quiet_and_no_more_once_a_person_has_it(desk: Desk, service: ServiceRow):
    await planned(desk, service_id=service.id)
    await (await a_monitor_of(desk, service)).take(an_event())
    incident = await only_incident(desk)

    async with desk.database.screens() as session:
        before = (await board.line(session, incident))["quiet"]
    await desk.do(incidents.suppress, incident, until=desk.clock.now() + 9 * HOUR)
    async with desk.database.screens() as session:
        after = (await board.line(session, incident))["quiet"]

    assert before == {"cause": "maintenance", "reason": "maintenance “DB upgrade”"}
    assert after is None


async def test_when_the_window_ends_what_still_fires_wakes_and_pages(desk: Desk, service: ServiceRow):
    await planned(desk, service_id=service.id)
    monitor = await a_monitor_of(desk, service)
    await monitor.take(an_event(), an_event(**OTHER))
    await monitor.take(an_event(**OTHER, **RESOLVE))

    await later(desk, 2 * HOUR)

    assert await statuses(desk) == ["open", "resolved"]
    assert await paged(desk) == 1
    woken = await desk.rows("SELECT data->>'reason' FROM facts WHERE kind = 'woken'")
    assert woken == [("maintenance “DB upgrade” is over",)]


async def test_one_that_was_acknowledged_under_the_window_stays_with_its_owner(desk: Desk, service: ServiceRow):
    await planned(desk, service_id=service.id)
    monitor = await a_monitor_of(desk, service)
    await monitor.take(an_event(severity=Severity.WARNING))
    await desk.do(incidents.acknowledge, await only_incident(desk))

    await later(desk, 2 * HOUR)

    assert await statuses(desk) == ["acknowledged"]
    assert await paged(desk) == 0


async def test_a_window_cut_short_wakes_what_still_fires_at_once(desk: Desk, service: ServiceRow):
    window = await planned(desk, service_id=service.id)
    await (await a_monitor_of(desk, service)).take(an_event())
    desk.clock.advance(10 * MINUTE)

    done = await desk.do(maintenance.end, window)
    await jobs_run(desk)

    assert done.sentence == "Ended “DB upgrade” 1 h 50 min early; what still fires pages now."
    assert (await statuses(desk), await paged(desk)) == (["open"], 1)


@pytest.mark.parametrize("change", [maintenance.end, maintenance.cancel])
async def test_an_alert_that_was_judged_before_a_window_ended_and_is_stored_after_pages_within_seconds(
    desk: Desk, service: ServiceRow, change: Any
):
    window_id = await planned(desk, service_id=service.id)
    monitor = await a_monitor_of(desk, service)
    await desk.do(change, window_id)
    await monitor.take(an_event())

    await later(desk, timedelta(seconds=1))

    assert (await statuses(desk), await paged(desk)) == (["open"], 1)


async def test_a_cancelled_window_wakes_what_still_fires_and_never_comes_again(desk: Desk, service: ServiceRow):
    window = await planned(desk, repeat=Repeat.DAILY)
    await (await a_monitor_of(desk, service)).take(an_event())

    await desk.do(maintenance.cancel, window)
    await jobs_run(desk)

    assert await statuses(desk) == ["open"]
    desk.clock.advance(24 * HOUR)
    await (await a_monitor_of(desk, service)).take(an_event(**OTHER))
    assert await statuses(desk) == ["open", "open"]


async def test_an_extended_window_keeps_quiet_until_its_new_end(desk: Desk, service: ServiceRow):
    window = await planned(desk, service_id=service.id)
    await (await a_monitor_of(desk, service)).take(an_event())

    await desk.do(maintenance.extend, window, until=desk.clock.now() + 5 * HOUR)
    await jobs_run(desk)

    assert await desk.timer(await only_incident(desk)) == ("suppress_end", 1, 5 * HOUR)
    await later(desk, 3 * HOUR)
    assert await paged(desk) == 0
    await later(desk, 2 * HOUR)
    assert await paged(desk) == 1


async def test_what_is_under_another_window_rests_on_until_that_ends(desk: Desk, service: ServiceRow):
    await planned(desk, service_id=service.id)
    await (await a_monitor_of(desk, service)).take(an_event())
    await planned(desk, name="Network", length=3 * HOUR)

    await later(desk, 2 * HOUR)

    incident = await only_incident(desk)
    assert await statuses(desk) == ["suppressed"]
    assert await desk.timer(incident) == ("suppress_end", 1, HOUR)
    assert (await desk.told(incident, "suppressed"))["reason"] == "maintenance “Network”"
    await later(desk, HOUR)
    assert (await statuses(desk), await paged(desk)) == (["open"], 1)


async def test_what_was_open_before_is_not_silenced_unless_asked(desk: Desk, service: ServiceRow):
    await (await a_monitor_of(desk, service)).take(an_event())

    await planned(desk, service_id=service.id)
    assert await statuses(desk) == ["open"]

    done = await desk.do(maintenance.plan, a_plan(name="Again", service_id=service.id), also_open=True)
    await jobs_run(desk)

    assert (done.silenced, await statuses(desk), await paged(desk)) == (1, ["suppressed"], 0)
    await later(desk, 2 * HOUR)
    assert (await statuses(desk), await paged(desk)) == (["open"], 1)


async def test_how_many_would_be_silenced_is_known_before(desk: Desk, service: ServiceRow):
    elsewhere = await a_service(desk.database, "Search")
    for one in (service, elsewhere):
        await (await a_monitor_of(desk, one)).take(an_event())

    assert await desk.do(maintenance.would_silence, a_plan(service_id=service.id)) == 1
    assert await desk.do(maintenance.would_silence, a_plan()) == 2
    assert await desk.rows("SELECT count(*) FROM maintenance_windows") == [(0,)]


async def test_one_with_a_second_alert_that_nothing_keeps_quiet_wakes_when_it_is_looked_at(
    desk: Desk, service: ServiceRow
):
    await planned(desk, service_id=service.id)
    await (await a_monitor_of(desk, service)).take(an_event())
    await planned(desk, name="Disks", length=5 * HOUR, matchers=(where("title", "Disk full on db-1"),))
    async with desk.database.screens() as session:
        incident = await session.get_one(IncidentRow, await only_incident(desk))
    await an_alert(desk.database, incident, dedup_key="other", title="Disk full on db-2")

    await later(desk, 2 * HOUR)

    assert await statuses(desk) == ["open"]


async def test_a_window_of_a_team_or_of_conditions_covers_those_only(desk: Desk):
    team = await a_team(desk.database, "Payments")
    its = await a_service(desk.database, "Checkout", team=team)
    other = await a_service(desk.database, "Search")
    await planned(desk, team_id=team.id)
    await planned(desk, matchers=(where("tags.rack", "r7"),))

    await (await a_monitor_of(desk, its)).take(an_event())
    await (await a_monitor_of(desk, other)).take(an_event(), an_event(**OTHER, tags={"rack": "r7"}))

    assert await statuses(desk) == ["suppressed", "open", "suppressed"]


async def test_an_urgency_that_rises_under_maintenance_pages_nobody(desk: Desk, service: ServiceRow):
    monitor = await a_monitor_of(desk, service)
    await monitor.take(an_event(severity=Severity.WARNING))
    await desk.do(incidents.acknowledge, await only_incident(desk))
    await planned(desk, service_id=service.id)
    monitor = await a_monitor_of(desk, service, name="Another")

    await monitor.take(an_event(severity=Severity.CRITICAL))
    await jobs_run(desk)

    assert await desk.rows("SELECT status, urgency FROM incidents") == [("acknowledged", "high")]
    assert await paged(desk) == 0
    async with desk.acting("auditor:i2") as uow:
        assert not await repair(uow)


async def test_a_person_who_suppresses_for_longer_is_not_woken_by_the_window(desk: Desk, service: ServiceRow):
    await planned(desk, service_id=service.id)
    await (await a_monitor_of(desk, service)).take(an_event())
    incident = await only_incident(desk)

    await desk.do(incidents.suppress, incident, until=desk.clock.now() + 6 * HOUR)
    await later(desk, 3 * HOUR)

    assert await statuses(desk) == ["suppressed"]
    await later(desk, 3 * HOUR)
    assert await paged(desk) == 1


async def test_a_heartbeat_that_misses_under_maintenance_pages_nobody_until_it_ends(desk: Desk, backup: HeartbeatRow):
    await ping(desk, backup)
    await planned(desk, service_id=backup.service_id, length=4 * HOUR)
    desk.clock.advance(timedelta(minutes=70))

    await fire_heartbeats(desk)
    await jobs_run(desk)

    assert (await statuses(desk), await paged(desk)) == (["suppressed"], 0)
    await later(desk, 3 * HOUR)
    assert await paged(desk) == 1


async def test_the_auditor_finds_nothing_to_mend_in_what_rests(desk: Desk, service: ServiceRow):
    await planned(desk, service_id=service.id)
    await (await a_monitor_of(desk, service)).take(an_event())

    async with desk.acting("auditor:i2") as uow:
        assert [*await repair(uow), *await misses.repair(uow)] == []


async def test_an_observer_plans_no_maintenance(desk: Desk):
    with pytest.raises(Forbidden):
        await desk.as_(await a_user(desk.database, role="observer"), maintenance.plan, a_plan())


async def test_a_window_that_does_not_run_cannot_be_ended(desk: Desk):
    window = await planned(desk, starts_at=(desk.clock.now() + HOUR).replace(tzinfo=None))

    with pytest.raises(Conflict, match=r"“DB upgrade” does not run now"):
        await desk.do(maintenance.end, window)


@pytest.mark.parametrize("wrong", [{"name": " "}, {"service_id": 99}, {"zone": "Mars"}, {"length": timedelta(0)}])
async def test_a_plan_that_cannot_be_is_refused_and_nothing_is_stored(desk: Desk, wrong: dict[str, object]):
    with pytest.raises(Invalid):
        await planned(desk, **wrong)

    assert await desk.rows("SELECT count(*) FROM maintenance_windows") == [(0,)]


async def test_what_is_open_is_silenced_with_a_window_however_many_others_are_open(desk: Desk, service: ServiceRow):
    monitor = await a_monitor_of(desk, service)
    others = [an_event(dedup_key=f"{number}", source="other") for number in range(maintenance.OPEN_AT_ONCE)]
    await monitor.take(*others, an_event(dedup_key="db", source="db-1"))
    wish = a_plan(matchers=(where("source", "db-1"),))

    foreseen = await desk.do(maintenance.would_silence, wish)
    done = await desk.do(maintenance.plan, wish, also_open=True)

    assert (foreseen, done.silenced) == (1, 1)
    assert await desk.rows("SELECT count(*) FROM incidents WHERE status = 'suppressed'") == [(1,)]


async def test_no_more_are_silenced_at_once_than_said(desk: Desk, service: ServiceRow):
    most = maintenance.OPEN_AT_ONCE
    monitor = await a_monitor_of(desk, service)
    several = (
        an_event(dedup_key=f"{number}", source="other" if number % 2 else "db-1") for number in range(2 * most + 2)
    )
    await monitor.take(*several)

    foreseen = await desk.do(maintenance.would_silence, a_plan(matchers=(where("source", "db-1"),)))

    assert foreseen == most
