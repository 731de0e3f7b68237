"""Alive, ready, and the figures."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text, update

from opsknight.domain.commands.hearing import mark_hearing
from opsknight.domain.store.engine import Database
from opsknight.domain.store.tables import AttemptRow, IncidentRow, InstallationRow
from opsknight.jobs.channels import table
from opsknight.jobs.channels.channel import Ground
from opsknight.readiness import doubts
from tests.api.house import House, a_house
from tests.builders import a_contact_method, a_notification, a_page, a_stored_incident, a_timer, a_user
from tests.clock import StoppedClock

LAST_PARTITION = "SELECT max(relname) FROM pg_class WHERE relname ~ '^facts_[0-9]+_[0-9]+$'"
FROM_HERE = ("127.0.0.1", 5000)


async def readiness(house: House) -> tuple[int, dict[str, str]]:
    answer = await house.client.get("/readyz")
    return answer.status_code, {
        name: finding["sentence"] for name, finding in answer.json()["findings"].items() if finding["state"] != "good"
    }


def reading_the_feed(house: House) -> House:
    house.deps.hub.read_at = house.deps.clock.monotonic()
    return house


async def test_alive_needs_nobody(house: House):
    answer = await house.client.get("/healthz")

    assert (answer.status_code, answer.json()) == (200, {"status": "alive"})


async def test_all_well_is_ready(house: House):
    assert await readiness(reading_the_feed(house)) == (200, {})


async def test_without_a_mail_server_it_is_ready_and_says_what_is_missing(database: Database, clock: StoppedClock):
    async with a_house(database, clock) as house:
        status, wrong = await readiness(reading_the_feed(house))

    assert (status, wrong) == (200, {"mail": "Nobody can be reached by mail: OPSKNIGHT_SMTP_URL is not set."})


async def test_a_channel_that_people_count_on_and_nothing_carries_is_named(house: House, database: Database):
    await a_contact_method(database, await a_user(database), channel="sms", address="+491511")
    house.deps.channels = table.kinds(Ground(house.deps.settings, "", house.deps.clock.now))

    status, wrong = await readiness(reading_the_feed(house))

    assert (status, list(wrong)) == (200, ["unset"])
    assert wrong["unset"].startswith(
        "Nobody can be reached by SMS, and people count on it: nothing carries it here. Twilio is not set up: set"
    )


async def test_a_restored_copy_that_is_not_armed_is_not_ready_and_says_what_waits_instead_of_being_late(
    house: House, database: Database, clock: StoppedClock
):
    async with database.commands() as session:
        await session.execute(update(InstallationRow).values(restored_at=clock.now()))
        await session.commit()
    await a_timer(database, due_at=clock.now())
    reading_the_feed(house)
    clock.advance(timedelta(minutes=5))

    status, wrong = await readiness(house)

    assert (status, list(wrong)) == (503, ["restored"])
    assert wrong["restored"].startswith(
        "This is a restored copy: it pages nobody until an admin arms it. 1 step waits, due for up to 5 min."
    )
    assert await doubts(house.deps) == wrong["restored"]


async def test_a_feed_that_is_not_read_is_not_ready(house: House):
    status, wrong = await readiness(house)

    assert (status, list(wrong)) == (503, ["feed"])


async def test_work_that_nobody_takes_is_a_warning_and_then_bad(house: House, database: Database, clock: StoppedClock):
    await a_timer(database, due_at=clock.now())
    reading_the_feed(house)

    found = []
    for seconds in (9, 2, 20):
        clock.advance(timedelta(seconds=seconds))
        found.append(await readiness(house))

    assert found == [
        (200, {}),
        (200, {"engine": "Paging is late: the oldest work fell due 11 s ago and nobody has taken it."}),
        (503, {"engine": "Paging is late: the oldest work fell due 31 s ago and nobody has taken it."}),
    ]


async def test_what_the_safety_net_pages_for_is_red_with_the_reason_and_keeps_nobody_from_duty(
    house: House, database: Database, clock: StoppedClock
):
    ada, later = await a_user(database), clock.now() + timedelta(minutes=5)
    silent, unanswered, waiting, taken = [await a_stored_incident(database) for _ in range(4)]
    for incident in (silent, unanswered, waiting, taken):
        await a_timer(database, incident.id, kind="safety_net", due_at=later)
    for incident in (unanswered, waiting, taken):
        await a_page(database, incident, ada)
    await a_page(database, unanswered, ada, kind="safety_net")
    await a_page(database, taken, ada, kind="safety_net")
    async with database.commands() as session:
        await session.execute(update(IncidentRow).where(IncidentRow.id == taken.id).values(status="acknowledged"))
        await session.commit()

    status, wrong = await readiness(reading_the_feed(house))

    assert status == 200
    assert wrong["safety_net"] == (
        "The safety net pages managers and admins for 2 open incidents: the policy of 1 reached nobody and 1 went"
        " unanswered. Acknowledge on the board what you can take, and look who is on call."
    )
    states = (await house.client.get("/readyz")).json()["findings"]
    assert states["safety_net"]["state"] == "bad"


async def test_too_little_room_ahead_is_not_ready(house: House, database: Database, clock: StoppedClock):
    reading_the_feed(house)
    async with database.screens() as session:
        last = (await session.execute(text(LAST_PARTITION))).scalar_one()
    clock.at = datetime.strptime(last, "facts_%Y_%m").replace(tzinfo=UTC) - timedelta(days=3)  # in the month before

    status, wrong = await readiness(house)

    assert (status, list(wrong)) == (503, ["partitions"])
    assert "1 more whole months only" in wrong["partitions"]


async def test_health_tells_anybody_how_fast_pages_went_out_whether_or_not_it_is_ready(
    house: House, database: Database, clock: StoppedClock
):
    ada = await a_user(database, reachable=False)
    page = await a_page(database, await a_stored_incident(database), ada)
    sent = {"position": 0, "status": "accepted", "attempts": 1, "finished_at": clock.now()}
    message = await a_notification(database, page, await a_contact_method(database, ada), **sent)
    async with database.commands() as session:
        session.add(AttemptRow(id=message.id, notification_id=message.id, number=1, worker=1, started_at=clock.now()))
        await session.commit()
    clock.advance(timedelta(seconds=1))

    answer = await house.client.get("/health")

    assert (answer.status_code, answer.json()["ready"]) == (200, False)
    assert answer.json()["findings"]["feed"]["state"] == "bad"
    assert answer.json()["service_levels"] == {
        "event_to_handoff": {"p99_s": 0.0, "promised_s": 1.0, "messages": 1, "kept": True},
        "due_to_handoff": {"p99_s": 0.0, "promised_s": 0.25, "messages": 1, "kept": True},
    }


async def test_without_a_database_health_says_so_and_claims_nothing(house: House):
    gone = Database("postgresql://nobody@localhost:1/nothing")
    house.deps.database = gone

    answer = await house.client.get("/health")

    assert (answer.status_code, answer.json()["service_levels"]) == (200, None)
    assert answer.json()["findings"]["database"]["state"] == "bad"
    await gone.close()


async def test_without_a_database_the_answer_comes_all_the_same(house: House):
    reading_the_feed(house)
    gone = Database("postgresql://nobody@localhost:1/nothing")
    house.deps.database = gone

    status, wrong = await readiness(house)

    assert (status, list(wrong)) == (503, ["database"])
    await gone.close()


async def test_a_jump_of_the_clock_is_a_warning(house: House, clock: StoppedClock):
    reading_the_feed(house)
    clock.jump = timedelta(hours=1)

    status, wrong = await readiness(house)

    assert status == 200
    assert wrong["clock"].startswith("The database's clock jumped by +3600 s.")


async def test_stopping_is_not_ready(house: House):
    reading_the_feed(house).deps.stopping.set()

    assert (await readiness(house))[0] == 503


# figures


def from_this_machine(house: House) -> House:
    house.from_client = FROM_HERE
    return house


async def test_figures_are_for_this_machine(house: House):
    answer = await from_this_machine(house).client.get("/metrics")

    assert answer.status_code == 200
    assert "opsknight_ingest_seconds_bucket" in answer.text
    assert answer.headers["content-type"].startswith("text/plain; version=")


@pytest.mark.parametrize("header", ["x-forwarded-for", "forwarded", "x-real-ip"])
async def test_a_proxy_on_this_machine_does_not_make_strangers_local(house: House, header: str):
    answer = await from_this_machine(house).client.get("/metrics", headers={header: "198.51.100.1"})

    assert answer.status_code == 401


async def test_figures_are_for_admins_and_for_nobody_else(house: House):
    admin, responder = await house.signed_in(role="admin"), await house.signed_in(role="responder")

    assert (await house.client.get("/metrics", headers=admin)).status_code == 200
    assert (await house.client.get("/metrics", headers=responder)).status_code == 403
    assert (await house.client.get("/metrics")).status_code == 401


@pytest.mark.parametrize(("shown", "status"), [("Bearer t0ken", 200), ("Bearer other", 401), ("", 401)])
async def test_with_a_token_figures_are_for_its_bearer(
    database: Database, clock: StoppedClock, shown: str, status: int
):
    async with a_house(database, clock, metrics_token="t0ken") as house:
        answer = await from_this_machine(house).client.get("/metrics", headers={"authorization": shown})

    assert answer.status_code == status


async def test_the_figures_say_what_readiness_says(house: House, database: Database, clock: StoppedClock):
    await a_timer(database, due_at=clock.now())
    reading_the_feed(from_this_machine(house))
    clock.advance(timedelta(seconds=40))

    figures = (await house.client.get("/metrics")).text.splitlines()

    assert "opsknight_ready 0.0" in figures
    assert 'opsknight_finding{finding="engine"} 2.0' in figures
    assert 'opsknight_finding{finding="database"} 0.0' in figures
    assert "opsknight_engine_lag_seconds 40.0" in figures


async def test_a_time_in_which_monitors_could_not_reach_us_is_told_while_it_lasts_and_for_a_while_after(
    house: House, clock: StoppedClock
):
    reading_the_feed(house)

    async def mark() -> None:
        async with house.deps.engine_commands("system:hearing") as uow:
            await mark_hearing(uow)

    await mark()
    clock.advance(timedelta(minutes=7))
    deaf = await readiness(house)
    await mark()
    clock.advance(timedelta(seconds=10))
    back = await readiness(house)

    assert deaf[0] == back[0] == 200
    assert deaf[1]["hearing"].startswith("No process has taken events or pings for 7 min: ")
    assert back[1]["hearing"].startswith("OpsKnight could not be reached for 7 min, until 10 s ago: ")


async def test_nobody_vouches_for_a_pager_that_has_taken_no_events_for_more_than_half_a_minute(
    house: House, clock: StoppedClock
):
    async with house.deps.engine_commands("system:hearing") as uow:
        await mark_hearing(uow)

    told: list[str] = []
    for seconds in (30, 1):
        clock.advance(timedelta(seconds=seconds))
        told.append((await doubts(house.deps)).partition(":")[0])

    assert told == ["no canary has arrived yet", "No process has taken events or pings for 31 s"]
