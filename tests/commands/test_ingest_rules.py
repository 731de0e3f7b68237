"""Rules at work: what becomes of the events of a monitor that they are about."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from opsknight.domain.commands.audits import repair
from opsknight.domain.commands.deliveries import ChangedMeanwhile
from opsknight.domain.commands.rules import create
from opsknight.domain.model.event import Action, Severity
from opsknight.domain.model.intake import Verdict
from opsknight.domain.queries.catalogue import integrations
from opsknight.domain.store.engine import Database
from opsknight.domain.store.tables import ServiceRow
from tests.builders import a_manager, a_service, an_event
from tests.clock import NOON, StoppedClock
from tests.commands.desk import Desk
from tests.commands.monitors import Monitor, a_monitor
from tests.commands.quiet import planned
from tests.conftest import Acting

CRITICAL = {"severity": Severity.CRITICAL}
RESOLVE = {"action": Action.RESOLVE}
OF_INCIDENTS = "SELECT title, status, urgency, severity, priority, until FROM incidents ORDER BY number"
OF_TIMERS = "SELECT kind, due_at FROM timers"
OF_EVENTS = "SELECT verdict FROM events ORDER BY delivery_id, ordinal"
OF_RULES = "SELECT matched, skipped, why FROM rule_counts ORDER BY rule_id"


@pytest.fixture
async def checkout(database: Database) -> ServiceRow:
    return await a_service(database, "Checkout")


class Ruler:
    """Saves rules, and gives a monitor that they are about."""

    def __init__(self, database: Database, acting: Acting, clock: StoppedClock, service: ServiceRow) -> None:
        self._database, self._acting, self._clock, self._service = database, acting, clock, service

    async def monitor(self, *rules: dict[str, Any], **columns: Any) -> Monitor:
        manager = await a_manager(self._database)
        for number, parts in enumerate(rules):
            async with self._acting(f"user:{manager.id}") as uow:
                document = {"name": f"Rule {number}", "when": "true", **parts}
                await create(uow, document, service_id=self._service.id if number else None)
        return await a_monitor(self._database, self._clock, self._service, **columns)


@pytest.fixture
def ruler(database: Database, acting: Acting, clock: StoppedClock, checkout: ServiceRow) -> Ruler:
    return Ruler(database, acting, clock, checkout)


async def test_an_incident_opens_as_the_rules_say_and_tells_which_and_what_it_was(ruler: Ruler):
    sets = {"severity": "warning", "title": "[quiet] {title}", "priority": "P4", "tags": {"tier": "2"}}
    monitor = await ruler.monitor({"set": sets}, {"when": 'tags.tier == "2"', "set": {"urgency": "high"}})

    await monitor.take(an_event(**CRITICAL))

    assert await monitor.rows(OF_INCIDENTS) == [("[quiet] Disk full on db-1", "open", "high", "warning", "P4", None)]
    assert await monitor.rows("SELECT tags ->> 'tier' FROM alerts") == [("2",)]
    facts = await monitor.rows("SELECT data FROM facts WHERE kind = 'ruled' ORDER BY seq")
    was = {"title": "Disk full on db-1", "severity": "critical"}
    assert [(data["rule"], data["was"]) for (data,) in facts] == [("Rule 0", was), ("Rule 1", was)]
    assert await monitor.rows(OF_RULES) == [(1, 0, ""), (1, 0, "")]


async def test_a_repeat_is_judged_again_so_that_its_severity_raises_nothing_that_a_rule_has_lowered(ruler: Ruler):
    monitor = await ruler.monitor({"set": {"severity": "info"}})
    await monitor.take(an_event(**CRITICAL))

    assert await monitor.take(an_event(**CRITICAL)) == [Verdict.OCCURRENCE]
    assert [urgency for _, _, urgency, *_ in await monitor.rows(OF_INCIDENTS)] == ["low"]


async def test_a_dropped_trigger_is_kept_and_opens_nothing(ruler: Ruler):
    monitor = await ruler.monitor({"then": "drop"})

    verdicts = await monitor.take(an_event(), an_event(dedup_key="other"))

    assert verdicts == [Verdict.DROPPED, Verdict.DROPPED]
    assert await monitor.rows("SELECT count(*) FROM deliveries") == [(2,)]
    assert await monitor.rows(OF_EVENTS) == [("dropped",), ("dropped",)]
    assert await monitor.rows("SELECT count(*) FROM alerts") == [(0,)]
    assert await monitor.rows("SELECT data ->> 'count' FROM facts WHERE kind = 'dropped'") == [("2",)]


async def test_a_resolve_is_never_dropped_even_where_everything_is(ruler: Ruler, database: Database):
    before = await ruler.monitor()
    await before.take(an_event())
    monitor = await ruler.monitor({"then": "drop"})

    assert await monitor.take(an_event(), an_event(**RESOLVE)) == [Verdict.OCCURRENCE, Verdict.RESOLVED]


async def test_what_a_rule_suppresses_opens_quietly_and_ends_with_its_alert(ruler: Ruler):
    monitor = await ruler.monitor({"then": "suppress"})

    await monitor.take(an_event(**CRITICAL))

    assert [row[1] for row in await monitor.rows(OF_INCIDENTS)] == ["suppressed"]
    assert await monitor.rows(OF_TIMERS) == []
    await monitor.take(an_event(**RESOLVE))
    assert [row[1] for row in await monitor.rows(OF_INCIDENTS)] == ["resolved"]


async def test_a_pause_holds_the_page_back_until_it_ends(ruler: Ruler):
    monitor = await ruler.monitor({"pause": "5m"})

    await monitor.take(an_event())

    due = NOON + timedelta(minutes=5)
    assert [(row[1], row[5]) for row in await monitor.rows(OF_INCIDENTS)] == [("suppressed", due)]
    assert await monitor.rows(OF_TIMERS) == [("pause", due)]


async def test_what_is_over_before_its_pause_ends_pages_nobody(ruler: Ruler):
    monitor = await ruler.monitor({"pause": "5m"})

    await monitor.take(an_event())
    await monitor.take(an_event(**RESOLVE))

    assert [(row[1], row[5]) for row in await monitor.rows(OF_INCIDENTS)] == [("resolved", None)]
    assert await monitor.rows(OF_TIMERS) == []


async def test_trigger_and_resolve_in_one_batch_end_as_one_by_one_under_a_pause(ruler: Ruler):
    monitor = await ruler.monitor({"pause": "5m", "set": {"priority": "P3"}})

    await monitor.take(an_event(), an_event(**RESOLVE))

    assert [(row[1], row[4], row[5]) for row in await monitor.rows(OF_INCIDENTS)] == [("resolved", "P3", None)]


async def test_a_threshold_opens_with_the_event_that_reaches_it(ruler: Ruler, clock: StoppedClock):
    monitor = await ruler.monitor({"threshold": {"count": 3, "within": "10m"}})

    first = await monitor.take(an_event(), an_event(dedup_key="other"))
    clock.advance(timedelta(minutes=9))

    assert first == [Verdict.COUNTED, Verdict.COUNTED]
    assert await monitor.take(an_event()) == [Verdict.OPENED]
    assert await monitor.rows("SELECT count(*) FROM counted_events") == [(0,)]


async def test_of_two_thresholds_each_holds_of_its_own_count_and_both_begin_anew_together(ruler: Ruler):
    two, five = ({"threshold": {"count": count, "within": "1h"}} for count in (2, 5))
    monitor = await ruler.monitor(two, five)

    verdicts = [await monitor.take(an_event(dedup_key=f"{number}")) for number in range(10)]

    assert verdicts == [*[[Verdict.COUNTED]] * 4, [Verdict.OPENED]] * 2


async def test_what_is_counted_after_a_threshold_is_reached_in_one_batch_counts_for_the_next(ruler: Ruler):
    monitor = await ruler.monitor({"threshold": {"count": 2, "within": "1h"}})

    first = await monitor.take(*(an_event(dedup_key=f"{number}") for number in range(3)))

    assert first == [Verdict.COUNTED, Verdict.OPENED, Verdict.COUNTED]
    assert await monitor.take(an_event(dedup_key="3")) == [Verdict.OPENED]


async def test_events_too_far_apart_never_reach_a_threshold(ruler: Ruler, clock: StoppedClock):
    monitor = await ruler.monitor({"threshold": {"count": 2, "within": "10m"}})

    for _ in range(3):
        assert await monitor.take(an_event()) == [Verdict.COUNTED]
        clock.advance(timedelta(minutes=11))


async def test_a_threshold_by_fields_counts_each_value_by_itself(ruler: Ruler):
    monitor = await ruler.monitor({"threshold": {"count": 2, "within": "10m", "by": ["source"]}})

    verdicts = await monitor.take(
        an_event(source="a"), an_event(source="b", dedup_key="2"), an_event(source="a", dedup_key="3")
    )

    assert verdicts == [Verdict.COUNTED, Verdict.COUNTED, Verdict.OPENED]


async def test_alerts_of_one_group_are_one_incident_which_ends_with_the_last(ruler: Ruler):
    monitor = await ruler.monitor({"group": {"by": ["tags.host"]}})
    here, there = {"tags": {"host": "a"}}, {"tags": {"host": "b"}}

    await monitor.take(an_event(dedup_key="1", **here), an_event(dedup_key="2", **here))
    verdicts = await monitor.take(an_event(dedup_key="3", **here), an_event(dedup_key="4", **there))

    assert verdicts == [Verdict.JOINED, Verdict.OPENED]
    assert await monitor.rows("SELECT count(*) FROM alerts GROUP BY incident_id ORDER BY 1") == [(1,), (3,)]
    for key in ("1", "2"):
        await monitor.take(an_event(dedup_key=key, **here, **RESOLVE))
    assert [row[1] for row in await monitor.rows(OF_INCIDENTS)] == ["open", "open"]
    await monitor.take(an_event(dedup_key="3", **here, **RESOLVE))
    assert [row[1] for row in await monitor.rows(OF_INCIDENTS)] == ["resolved", "open"]


async def test_a_group_ends_with_its_incident_or_its_span(ruler: Ruler, clock: StoppedClock):
    monitor = await ruler.monitor({"group": {"within": "10m"}})
    await monitor.take(an_event(dedup_key="1"))
    clock.advance(timedelta(minutes=10))

    assert await monitor.take(an_event(dedup_key="2")) == [Verdict.OPENED]
    await monitor.take(an_event(dedup_key="2", **RESOLVE))
    assert await monitor.take(an_event(dedup_key="3")) == [Verdict.OPENED]


async def test_a_worse_alert_that_joins_raises_the_urgency_of_its_group(ruler: Ruler):
    monitor = await ruler.monitor({"group": {"within": "10m"}})
    await monitor.take(an_event(dedup_key="1", severity=Severity.INFO))

    await monitor.take(an_event(dedup_key="2", **CRITICAL))

    assert [(row[2], row[3]) for row in await monitor.rows(OF_INCIDENTS)] == [("high", "critical")]


@pytest.mark.parametrize(
    ("first", "second", "ends_as", "told"),
    [
        (None, "P1", "P1", "set the priority to P1"),
        ("P3", "P1", "P1", "set the priority to P1"),
        ("P1", "P3", "P1", "left the priority at P1, which is higher than P3"),
        ("P1", "P1", "P1", "left the priority at P1"),
    ],
)
async def test_an_alert_that_joins_raises_the_priority_of_its_incident_and_tells_no_other(
    ruler: Ruler, first: str | None, second: str, ends_as: str, told: str
):
    sets = [
        {"when": f'title == "{number}"', "set": {"priority": priority}}
        for number, priority in enumerate((first, second))
        if priority
    ]
    monitor = await ruler.monitor({"group": {"within": "10m"}}, *sets)

    await monitor.take(*(an_event(dedup_key=key, title=key) for key in "01"))

    assert await monitor.rows("SELECT priority FROM incidents") == [(ends_as,)]
    facts = await monitor.rows("SELECT data -> 'did' FROM facts WHERE kind = 'ruled' ORDER BY seq DESC LIMIT 1")
    assert facts == [([told],)]


async def test_an_alert_that_joins_an_incident_of_before_raises_its_priority(ruler: Ruler):
    set_by_title = {"when": 'title contains "all"', "set": {"priority": "P1"}}
    monitor = await ruler.monitor({"group": {"within": "10m"}}, set_by_title)
    await monitor.take(an_event(dedup_key="1"))

    await monitor.take(an_event(dedup_key="2", title="all of db is down"))

    assert await monitor.rows("SELECT priority FROM incidents") == [("P1",)]


async def test_what_would_page_joins_no_incident_that_is_kept_quiet(ruler: Ruler):
    quiet = {"when": 'source == "quiet"', "then": "suppress"}
    monitor = await ruler.monitor({"group": {"within": "10m"}}, quiet)

    await monitor.take(an_event(dedup_key="1", source="quiet"))

    assert await monitor.take(an_event(dedup_key="2")) == [Verdict.OPENED]
    assert await monitor.take(an_event(dedup_key="3", source="quiet")) == [Verdict.JOINED]


async def test_two_lanes_that_group_at_once_make_one_incident(ruler: Ruler, database: Database, clock: StoppedClock):
    monitor = await ruler.monitor({"group": {"within": "10m"}})
    lanes = [Monitor(await database.lane(), monitor.integration, clock) for _ in range(4)]

    async def take(lane: Monitor, key: str) -> None:
        while True:
            with suppress(ChangedMeanwhile, asyncpg.DeadlockDetectedError):
                await lane.take(an_event(dedup_key=key))
                return

    await asyncio.gather(*(take(lane, f"{number}") for number, lane in enumerate(lanes)))

    assert await monitor.rows("SELECT count(*) FROM incidents") == [(1,)]
    assert await monitor.rows("SELECT count(*) FROM alerts") == [(4,)]


async def test_a_rule_that_costs_too_much_is_counted_as_skipped_and_the_event_pages(ruler: Ruler):
    costly = " or ".join(['title contains "y"'] * 30)
    monitor = await ruler.monitor({"when": costly, "then": "drop"})

    assert await monitor.take(an_event(title="x" * 60_000)) == [Verdict.OPENED]
    assert await monitor.rows(OF_TIMERS) == [("escalation", NOON)]
    why = "its condition takes more than 1000 steps for this event"
    assert await monitor.rows(OF_RULES) == [(0, 1, why)]


async def test_what_opsknight_reports_about_itself_meets_no_rule(ruler: Ruler):
    monitor = await ruler.monitor({"then": "drop"})

    await monitor.store(monitor.delivery(refusal="no JSON"))

    assert [row[0] for row in await monitor.rows(OF_INCIDENTS)] == [
        "Integration Checkout by generic sends what we cannot read"
    ]


async def test_what_reopens_within_the_window_of_its_service_is_kept_quiet_as_well(
    ruler: Ruler, database: Database, checkout: ServiceRow
):
    async with database.commands() as session:
        row = await session.get(ServiceRow, checkout.id)
        assert row is not None
        row.reopen_window_s = 3600
        await session.commit()
    monitor = await ruler.monitor({"pause": "5m"})
    await monitor.take(an_event(), an_event(**RESOLVE))

    assert await monitor.take(an_event()) == [Verdict.REOPENED]

    assert [row[1] for row in await monitor.rows(OF_INCIDENTS)] == ["suppressed"]
    assert await monitor.rows(OF_TIMERS) == [("pause", NOON + timedelta(minutes=5))]


@pytest.mark.parametrize(
    ("rule", "timer"),
    [
        ({"pause": "5m"}, [("suppress_end", NOON + timedelta(hours=2))]),
        ({"pause": "3h"}, [("pause", NOON + timedelta(hours=3))]),
        ({"then": "suppress"}, []),
    ],
)
async def test_of_a_rule_and_a_maintenance_window_the_one_that_keeps_quiet_for_longer_counts(
    ruler: Ruler, desk: Desk, database: Database, clock: StoppedClock, rule: dict[str, Any], timer: list[object]
):
    before = await ruler.monitor(rule)
    await planned(desk)
    async with database.screens() as session:
        known = await integrations(session)
    monitor = Monitor(before.connection, known[before.integration.key], clock)

    await monitor.take(an_event())

    assert [row[1] for row in await monitor.rows(OF_INCIDENTS)] == ["suppressed"]
    assert await monitor.rows(OF_TIMERS) == timer
    assert await desk.as_("auditor:i2", repair) == ()
