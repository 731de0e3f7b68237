"""Rules that give an event to another service or another key: its monitor is understood all the same."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from opsknight.domain.commands.expiries import Ended, Told, note
from opsknight.domain.commands.rules import create, delete
from opsknight.domain.model.event import Action, Severity, dedup_sha
from opsknight.domain.model.intake import Verdict
from opsknight.domain.queries.catalogue import integrations
from opsknight.domain.store.engine import Database
from opsknight.domain.store.tables import ServiceRow
from opsknight.errors import Invalid
from tests.builders import a_manager, a_service, an_event
from tests.clock import StoppedClock
from tests.commands.desk import Desk
from tests.commands.monitors import Monitor, a_monitor

RESOLVE = {"action": Action.RESOLVE}
ALERTS = "SELECT s.name, a.status FROM alerts a JOIN services s ON s.id = a.service_id ORDER BY a.id"
INCIDENTS = "SELECT s.name, i.status, i.urgency FROM incidents i JOIN services s ON s.id = i.service_id ORDER BY i.id"


class Post:
    """Saves rules and gives the monitor of a service as it is known then."""

    def __init__(self, database: Database, desk: Desk, clock: StoppedClock) -> None:
        self.database, self.desk, self.clock = database, desk, clock
        self._monitor: Monitor | None = None

    async def rule(self, *, service: ServiceRow | None = None, **parts: Any) -> int:
        manager = await a_manager(self.database)
        document = {"name": "Elsewhere", "when": "true", **parts}
        done = await self.desk.as_(manager, create, document, service_id=service.id if service else None)
        return done.id

    async def forget(self, rule_id: int) -> None:
        await self.desk.as_(await a_manager(self.database), delete, rule_id)

    async def monitor(self, service: ServiceRow) -> Monitor:
        """The monitor of `service`, with what is known of the rules now."""
        self._monitor = self._monitor or await a_monitor(self.database, self.clock, service)
        async with self.database.screens() as session:
            known = await integrations(session)
        self._monitor.integration = known[self._monitor.integration.key]
        return self._monitor


@pytest.fixture
def post(database: Database, desk: Desk, clock: StoppedClock) -> Post:
    return Post(database, desk, clock)


@pytest.fixture
async def web(database: Database) -> ServiceRow:
    return await a_service(database, "Web")


@pytest.fixture
async def disks(database: Database) -> ServiceRow:
    return await a_service(database, "Disks", urgency_mode="low")


async def test_an_event_opens_in_the_service_that_a_rule_says_and_its_resolve_finds_it(
    post: Post, web: ServiceRow, disks: ServiceRow
):
    await post.rule(set={"service_id": disks.id})
    monitor = await post.monitor(web)

    assert await monitor.take(an_event(severity=Severity.CRITICAL)) == [Verdict.OPENED]
    assert await monitor.rows(INCIDENTS) == [("Disks", "open", "low")]
    assert await monitor.take(an_event(), an_event(**RESOLVE)) == [Verdict.OCCURRENCE, Verdict.RESOLVED]
    assert await monitor.rows(ALERTS) == [("Disks", "resolved")]


async def test_trigger_resolve_trigger_in_one_batch_ends_elsewhere_as_one_by_one(
    post: Post, web: ServiceRow, disks: ServiceRow
):
    await post.rule(set={"service_id": disks.id})
    monitor = await post.monitor(web)

    verdicts = await monitor.take(an_event(), an_event(**RESOLVE), an_event())

    assert verdicts == [Verdict.OPENED, Verdict.RESOLVED, Verdict.OPENED]
    assert await monitor.rows(ALERTS) == [("Disks", "resolved"), ("Disks", "open")]


async def test_what_was_open_before_the_rule_came_stays_where_it_is(post: Post, web: ServiceRow, disks: ServiceRow):
    await (await post.monitor(web)).take(an_event())
    await post.rule(set={"service_id": disks.id})
    monitor = await post.monitor(web)

    assert await monitor.take(an_event(), an_event(**RESOLVE), an_event()) == [
        Verdict.OCCURRENCE,
        Verdict.RESOLVED,
        Verdict.OPENED,
    ]
    assert await monitor.rows(ALERTS) == [("Web", "resolved"), ("Disks", "open")]


async def test_what_a_rule_sent_away_is_resolved_there_though_the_rule_has_gone(
    post: Post, web: ServiceRow, disks: ServiceRow
):
    rule_id = await post.rule(set={"service_id": disks.id})
    await (await post.monitor(web)).take(an_event())
    await post.forget(rule_id)
    monitor = await post.monitor(web)

    assert await monitor.take(an_event(), an_event(**RESOLVE), an_event()) == [
        Verdict.OCCURRENCE,
        Verdict.RESOLVED,
        Verdict.OPENED,
    ]
    assert await monitor.rows(ALERTS) == [("Disks", "resolved"), ("Web", "open")]


async def test_alerts_with_the_same_key_of_a_rule_are_one(post: Post, web: ServiceRow):
    await post.rule(set={"dedup_key": "{source}"})
    monitor = await post.monitor(web)

    verdicts = await monitor.take(an_event(dedup_key="1", source="db"), an_event(dedup_key="2", source="db"))

    assert verdicts == [Verdict.OPENED, Verdict.OCCURRENCE]
    assert await monitor.rows("SELECT dedup_key FROM alerts") == [("rule:db",)]
    assert await monitor.take(an_event(dedup_key="2", source="db", **RESOLVE)) == [Verdict.RESOLVED]


async def test_the_rules_of_the_service_that_it_goes_to_are_asked_and_not_those_that_it_leaves(
    post: Post, web: ServiceRow, disks: ServiceRow
):
    await post.rule(set={"service_id": disks.id})
    await post.rule(service=web, then="drop")
    await post.rule(service=disks, set={"urgency": "high"})
    monitor = await post.monitor(web)

    assert await monitor.take(an_event()) == [Verdict.OPENED]
    assert await monitor.rows(INCIDENTS) == [("Disks", "open", "high")]


async def test_a_rule_that_sends_nowhere_is_not_saved(post: Post):
    with pytest.raises(Invalid, match="There is no service 999"):
        await post.rule(set={"service_id": 999})


@pytest.mark.parametrize("of_the_target", [False, True], ids=["of the rule that moves", "of the service it goes to"])
async def test_a_threshold_is_reached_by_what_a_rule_moves(
    post: Post, web: ServiceRow, disks: ServiceRow, *, of_the_target: bool
):
    threshold: dict[str, Any] = {"threshold": {"count": 3, "within": "10m"}}
    await post.rule(set={"service_id": disks.id}, **({} if of_the_target else threshold))
    if of_the_target:
        await post.rule(service=disks, **threshold)
    monitor = await post.monitor(web)

    verdicts = [await monitor.take(an_event(dedup_key=f"{number}")) for number in range(4)]

    assert verdicts == [[Verdict.COUNTED], [Verdict.COUNTED], [Verdict.OPENED], [Verdict.COUNTED]]
    assert await monitor.rows(INCIDENTS) == [("Disks", "open", "low")]


async def test_what_a_rule_moves_and_groups_is_one_incident_there(post: Post, web: ServiceRow, disks: ServiceRow):
    await post.rule(set={"service_id": disks.id}, group={"within": "10m"})
    monitor = await post.monitor(web)

    verdicts = [await monitor.take(an_event(dedup_key=f"{number}")) for number in range(3)]

    assert verdicts == [[Verdict.OPENED], [Verdict.JOINED], [Verdict.JOINED]]
    assert await monitor.rows(INCIDENTS) == [("Disks", "open", "low")]


@pytest.mark.parametrize("sets", ["service", "key", "nothing"])
async def test_a_lagging_peer_is_known_by_the_alert_that_its_like_has_ended_wherever_a_rule_has_put_it(
    post: Post, desk: Desk, web: ServiceRow, disks: ServiceRow, sets: str
):
    if sets != "nothing":
        await post.rule(set={"service_id": disks.id} if sets == "service" else {"dedup_key": "{title}"})
    monitor, began_at = await post.monitor(web), post.clock.now()
    alert = an_event(started_at=began_at)
    sha = dedup_sha(alert.dedup_key)
    await monitor.take(alert)
    post.clock.advance(timedelta(minutes=2))
    await desk.as_(monitor.integration.actor, note, web.id, [Told(sha, began_at, ended_at=post.clock.now())])
    await monitor.take(an_event(started_at=began_at, **RESOLVE))

    peer = Told(sha, began_at + timedelta(seconds=7), expires_at=post.clock.now() + timedelta(minutes=5))
    ended = await desk.as_(monitor.integration.actor, note, web.id, [peer])

    assert ended == {sha: Ended(began_at, post.clock.now())}


async def test_the_rules_of_where_an_own_rule_moves_it_are_asked_as_well_and_move_it_on(
    post: Post, web: ServiceRow, disks: ServiceRow
):
    racks = await a_service(post.database, "Racks")
    await post.rule(service=web, set={"service_id": disks.id})
    await post.rule(service=disks, set={"service_id": racks.id, "title": "On {service}"})
    await post.rule(service=racks, then="suppress")
    monitor = await post.monitor(web)

    await monitor.take(an_event())

    assert await monitor.rows(INCIDENTS) == [("Racks", "suppressed", "high")]
    assert await monitor.rows("SELECT title FROM incidents") == [("On Disks",)]
    assert await monitor.take(an_event(), an_event(**RESOLVE)) == [Verdict.OCCURRENCE, Verdict.RESOLVED]


async def test_services_that_send_it_to_each_other_are_asked_once_each(post: Post, web: ServiceRow, disks: ServiceRow):
    await post.rule(service=web, set={"service_id": disks.id})
    await post.rule(service=disks, set={"service_id": web.id})
    monitor = await post.monitor(web)

    await monitor.take(an_event())

    assert await monitor.rows("SELECT matched FROM rule_counts") == [(1,), (1,)]
    assert await monitor.rows(ALERTS) == [("Web", "open")]


async def test_a_rule_that_asks_no_further_one_spares_those_of_the_other_service(
    post: Post, web: ServiceRow, disks: ServiceRow
):
    await post.rule(service=web, set={"service_id": disks.id}, stop=True)
    await post.rule(service=disks, then="suppress")
    monitor = await post.monitor(web)

    await monitor.take(an_event())

    assert await monitor.rows(INCIDENTS) == [("Disks", "open", "low")]


@pytest.mark.parametrize("instead", [{"then": "drop"}, {"threshold": {"count": 5, "within": "10m"}}])
@pytest.mark.parametrize("together", [False, True])
async def test_what_opens_nothing_takes_no_later_event_with_it(
    post: Post, web: ServiceRow, disks: ServiceRow, instead: dict[str, Any], *, together: bool
):
    await post.rule(when='title contains "x"', set={"service_id": disks.id})
    await post.rule(service=disks, when='title contains "x"', **instead)
    monitor = await post.monitor(web)
    several = [an_event(title="x"), an_event(title="y"), an_event(**RESOLVE)]

    for batch in [several] if together else [[one] for one in several]:
        await monitor.take(*batch)

    assert await monitor.rows(ALERTS) == [("Web", "resolved")]


@pytest.mark.parametrize("together", [False, True])
async def test_what_is_dropped_here_keeps_no_later_event_here(
    post: Post, web: ServiceRow, disks: ServiceRow, *, together: bool
):
    await post.rule(when='title contains "x"', then="drop")
    await post.rule(when='title contains "y"', set={"service_id": disks.id})
    monitor = await post.monitor(web)

    for batch in [["x", "y"]] if together else [["x"], ["y"]]:
        await monitor.take(*(an_event(title=title) for title in batch))

    assert await monitor.rows(ALERTS) == [("Disks", "open")]
