"""Support hours: loud within them, quiet outside, and what is still open when they begin becomes loud."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from opsknight.domain.commands import incidents, service_quiet
from opsknight.domain.commands.audits import repair
from opsknight.domain.commands.opening import open_by_hand
from opsknight.domain.commands.rules import create
from opsknight.domain.model.event import Action, Severity, Urgency
from opsknight.domain.model.support_hours import Part, SupportHours
from opsknight.domain.store.tables import ServiceRow, UserRow
from opsknight.errors import Forbidden, Invalid
from tests.builders import a_service, an_event
from tests.clock import NOON
from tests.commands.desk import Desk
from tests.commands.quiet import HOUR, OF_INCIDENTS, a_monitor_of, jobs_run, later, paged, planned, statuses

AFTERNOON = SupportHours("UTC", tuple(Part(day, 14 * 60, 18 * 60) for day in range(1, 8)))
"""From two hours after the test's noon on, every day."""


@pytest.fixture
async def service(desk: Desk) -> ServiceRow:
    """A service that pages Ada, loudly in the afternoon."""
    service = await a_service(desk.database, "Checkout", pages=[desk.user])
    await desk.as_("system:test", service_quiet.set_urgency, service.id, "support_hours", AFTERNOON)
    return service


async def test_outside_the_hours_the_worst_severity_is_quiet_and_within_them_the_least_is_loud(
    desk: Desk, service: ServiceRow
):
    monitor = await a_monitor_of(desk, service)
    await monitor.take(an_event(severity=Severity.CRITICAL))
    desk.clock.advance(3 * HOUR)

    await monitor.take(an_event(dedup_key="other", severity=Severity.INFO))

    assert [urgency for _, urgency, _ in await desk.rows(OF_INCIDENTS)] == ["low", "high"]


async def test_what_is_still_open_when_the_hours_begin_is_raised_and_paged_anew_once(desk: Desk, service: ServiceRow):
    monitor = await a_monitor_of(desk, service)
    await monitor.take(an_event(), an_event(dedup_key="gone"), an_event(dedup_key="gone", action=Action.RESOLVE))
    await jobs_run(desk)
    assert await paged(desk) == 1

    await later(desk, 2 * HOUR)
    await jobs_run(desk)
    await later(desk, timedelta(seconds=90))
    await jobs_run(desk)

    assert await desk.rows(OF_INCIDENTS) == [("open", "high", 2), ("resolved", "low", 1)]
    raised = await desk.rows("SELECT data->>'reason' FROM facts WHERE kind = 'urgency raised'")
    assert raised == [("support hours have begun",)]
    assert await desk.rows("SELECT count(*) FROM pages WHERE generation = 2") == [(1,)]


async def test_after_they_have_begun_the_next_begin_is_waited_for(desk: Desk, service: ServiceRow):
    await later(desk, 2 * HOUR)
    await later(desk, timedelta(seconds=61))

    assert await desk.rows("SELECT hours_begin_at FROM services WHERE id = :id", id=service.id) == [(NOON + 26 * HOUR,)]


async def test_what_was_stored_late_is_raised_within_the_minute(desk: Desk, service: ServiceRow):
    monitor = await a_monitor_of(desk, service)
    desk.clock.advance(2 * HOUR - timedelta(milliseconds=1))
    late = monitor.delivery(an_event())
    desk.clock.advance(timedelta(milliseconds=1))
    await jobs_run(desk)  # the begin has been seen before the delivery of the moment before is stored
    desk.clock.advance(-timedelta(milliseconds=1))
    await monitor.store(late)
    desk.clock.advance(timedelta(seconds=2))

    await jobs_run(desk)

    assert [urgency for _, urgency, _ in await desk.rows(OF_INCIDENTS)] == ["high"]


async def test_what_a_person_opens_quietly_within_the_hours_stays_quiet(desk: Desk, service: ServiceRow):
    desk.clock.advance(2 * HOUR)
    await desk.do(open_by_hand, service_id=service.id, title="Logo is askew", urgency=Urgency.LOW)

    await later(desk, timedelta(seconds=5))

    assert [urgency for _, urgency, _ in await desk.rows(OF_INCIDENTS)] == ["low"]


QUIETLY = {"name": "Quietly", "when": 'severity == "warning"', "set": {"urgency": "low"}}


async def test_what_a_rule_has_made_quiet_stays_so_when_the_hours_begin(
    desk: Desk, manager: UserRow, service: ServiceRow
):
    await desk.as_(manager, create, QUIETLY, service_id=service.id)
    monitor = await a_monitor_of(desk, service)
    await monitor.take(an_event(severity=Severity.WARNING), an_event(dedup_key="other"))

    await later(desk, 2 * HOUR)

    assert [urgency for _, urgency, _ in await desk.rows(OF_INCIDENTS)] == ["low", "high"]


async def test_a_group_is_raised_for_an_alert_of_which_no_rule_has_said_how_loud_it_is(
    desk: Desk, manager: UserRow, service: ServiceRow
):
    await desk.as_(manager, create, QUIETLY, service_id=service.id)
    group = {"name": "All", "when": "true", "group": {"within": "9h"}}
    await desk.as_(manager, create, group, service_id=service.id)
    monitor = await a_monitor_of(desk, service)
    other = an_event(dedup_key="other")
    await monitor.take(an_event(severity=Severity.WARNING), other)
    await monitor.take(replace(other, action=Action.RESOLVE))

    await later(desk, 2 * HOUR)
    assert [urgency for _, urgency, _ in await desk.rows(OF_INCIDENTS)] == ["low"]

    desk.clock.advance(6 * HOUR)
    await monitor.take(other)
    await later(desk, 18 * HOUR)
    assert [urgency for _, urgency, _ in await desk.rows(OF_INCIDENTS)] == ["high"]


@pytest.mark.parametrize("matches", [False, True])
async def test_one_that_has_become_so_bad_that_no_rule_makes_it_quiet_is_raised(
    desk: Desk, manager: UserRow, service: ServiceRow, *, matches: bool
):
    await desk.as_(manager, create, QUIETLY, service_id=service.id)
    if matches:
        tagged = {"name": "Tagged", "when": "true", "set": {"tags": {"tier": "2"}}}
        await desk.as_(manager, create, tagged, service_id=service.id)
    monitor = await a_monitor_of(desk, service)
    await monitor.take(an_event(severity=Severity.WARNING))
    await monitor.take(an_event(severity=Severity.CRITICAL))

    await later(desk, 2 * HOUR)

    assert [urgency for _, urgency, _ in await desk.rows(OF_INCIDENTS)] == ["high"]


async def test_one_that_a_rule_makes_quiet_only_later_stays_so(desk: Desk, manager: UserRow, service: ServiceRow):
    await desk.as_(manager, create, QUIETLY, service_id=service.id)
    monitor = await a_monitor_of(desk, service)
    await monitor.take(an_event(severity=Severity.CRITICAL))
    await monitor.take(an_event(severity=Severity.WARNING))

    await later(desk, 2 * HOUR)

    assert [urgency for _, urgency, _ in await desk.rows(OF_INCIDENTS)] == ["low"]


async def test_what_a_person_opened_quietly_before_the_hours_stays_quiet(desk: Desk, service: ServiceRow):
    await desk.do(open_by_hand, service_id=service.id, title="Logo is askew", urgency=Urgency.LOW)

    await later(desk, 2 * HOUR)

    assert [urgency for _, urgency, _ in await desk.rows(OF_INCIDENTS)] == ["low"]


async def test_one_that_somebody_has_keeps_its_owner_and_carries_the_urgency(desk: Desk, service: ServiceRow):
    await (await a_monitor_of(desk, service)).take(an_event())
    await jobs_run(desk)
    incident = (await desk.rows("SELECT id FROM incidents"))[0][0]
    await desk.do(incidents.acknowledge, incident)

    await later(desk, 2 * HOUR)

    assert await desk.rows(OF_INCIDENTS) == [("acknowledged", "high", 1)]
    assert await desk.timer(incident) == ("ack_timeout", 1, timedelta(minutes=30))
    async with desk.acting("auditor:i2") as uow:
        assert not await repair(uow)


async def test_one_under_maintenance_carries_the_urgency_and_wakes_loudly(desk: Desk, service: ServiceRow):
    await planned(desk, service_id=service.id, length=3 * HOUR)
    await (await a_monitor_of(desk, service)).take(an_event())

    await later(desk, 2 * HOUR)
    assert (await desk.rows(OF_INCIDENTS), await paged(desk)) == ([("suppressed", "high", 1)], 0)

    await later(desk, HOUR)
    assert (await desk.rows(OF_INCIDENTS), await paged(desk)) == ([("open", "high", 2)], 1)


async def test_a_begin_that_was_slept_through_raises_nothing_after_the_hours(desk: Desk, service: ServiceRow):
    await (await a_monitor_of(desk, service)).take(an_event())

    await later(desk, 8 * HOUR)

    assert [urgency for _, urgency, _ in await desk.rows(OF_INCIDENTS)] == ["low"]
    assert await statuses(desk) == ["open"]


async def test_a_service_that_pages_by_severity_again_waits_for_no_hours(desk: Desk, service: ServiceRow):
    done = await desk.as_("system:test", service_quiet.set_urgency, service.id, "severity")

    assert done.sentence.startswith("“Checkout” pages by severity")
    assert await desk.rows("SELECT count(*) FROM services WHERE hours_begin_at IS NOT NULL") == [(0,)]


async def test_hours_that_cannot_be_kept_and_a_responders_wish_are_refused(desk: Desk, service: ServiceRow):
    with pytest.raises(Invalid):
        await desk.as_("system:test", service_quiet.set_urgency, service.id, "support_hours", SupportHours("Mars", ()))
    with pytest.raises(Invalid):
        await desk.as_("system:test", service_quiet.set_urgency, service.id, "loudly")
    with pytest.raises(Forbidden):
        await desk.do(service_quiet.set_urgency, service.id, "high")


@pytest.mark.parametrize(
    ("severity", "at", "told"),
    [
        (Severity.CRITICAL, 0 * HOUR, [("critical", "low")]),
        (Severity.INFO, 0 * HOUR, []),
        (Severity.INFO, 3 * HOUR, [("info", "high")]),
        (Severity.CRITICAL, 3 * HOUR, []),
    ],
)
async def test_the_story_says_that_the_hours_decided_where_the_severity_would_have_decided_otherwise(
    desk: Desk, service: ServiceRow, severity: Severity, at: timedelta, told: list[tuple[str, str]]
):
    desk.clock.advance(at)
    monitor = await a_monitor_of(desk, service)

    await monitor.take(an_event(severity=severity))
    await monitor.take(an_event(severity=severity))

    sql = "SELECT data->>'severity', data->>'urgency' FROM facts WHERE kind = 'support hours decided'"
    assert await desk.rows(sql) == told


async def test_where_a_rule_has_decided_the_hours_have_not(desk: Desk, manager: UserRow, service: ServiceRow):
    await desk.as_(manager, create, {"name": "Quiet", "when": "true", "set": {"urgency": "low"}}, service_id=service.id)

    await (await a_monitor_of(desk, service)).take(an_event(severity=Severity.CRITICAL))

    assert await desk.rows("SELECT count(*) FROM facts WHERE kind = 'support hours decided'") == [(0,)]


async def test_a_worse_alert_that_joins_quietly_is_told_to_do_so_for_the_hours(
    desk: Desk, manager: UserRow, service: ServiceRow
):
    await desk.as_(manager, create, {"name": "All", "when": "true", "group": {"within": "1h"}}, service_id=service.id)
    monitor = await a_monitor_of(desk, service)
    several = (Severity.INFO, Severity.CRITICAL, Severity.CRITICAL)

    for number, severity in enumerate(several):
        await monitor.take(an_event(dedup_key=f"{number}", severity=severity))

    assert await desk.rows("SELECT count(*) FROM facts WHERE kind = 'support hours decided'") == [(1,)]
