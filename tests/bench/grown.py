"""`python -m tests.bench.grown`: what an event costs on an empty database and on a full one, in one run.

Fills the database as its owner, by SQL, with what years of use would leave; writes docs/benchmarks-grown.md.
Takes ten minutes and some 8 GB of disk.
"""

from __future__ import annotations

import argparse
import asyncio
import time

import asyncpg

from opsknight.clock import Clock
from tests.bench.__main__ import _key
from tests.bench.figures import ms, rate, surroundings, table
from tests.bench.load import Load, wrk
from tests.server import ROOT, RunningServer

PAGE = ROOT / "docs" / "benchmarks-grown.md"
EVENTS = 10_000_000
EVENTS_OF_AN_INCIDENT = 10
OPEN = 50_000
AT_ONCE = 250_000
CONNECTIONS = 64
MODES = {"new": "new keys", "storm": "storm, 95 % repeats", "pairs": "trigger → resolve pairs"}

FILL = """
WITH incident AS MATERIALIZED (
    SELECT number, uuidv7(age) AS id, uuidv7(age) AS alert_id, clock_timestamp() + age AS at, number > $3 AS open,
        sha256(convert_to('grown:' || number, 'UTF8')) AS sha
    FROM generate_series($1::bigint, $2::bigint) AS number,
        LATERAL (SELECT -$4::interval * (1 - number::float8 / $5)) AS aged (age)
), delivery AS MATERIALIZED (
    SELECT i.*, uuidv7(at - clock_timestamp()) AS delivery_id, place
    FROM incident i, generate_series(1, $6::int) AS place
), deliveries AS (
    INSERT INTO deliveries (id, received_at, integration_id, status, content_type, body)
    SELECT delivery_id, at, $7, 'accepted', 'application/json', convert_to(repeat('{"status":"firing"}', 10), 'UTF8')
    FROM delivery
), events AS (
    INSERT INTO events (received_at, delivery_id, ordinal, integration_id, service_id, action, dedup_key, title,
        severity, verdict, alert_id, incident_id)
    SELECT at, delivery_id, 0, $7, $8, 'trigger', 'grown:' || number, 'Error rate of checkout above 5%', 'critical',
        CASE WHEN place = 1 THEN 'opened' ELSE 'occurrence' END, alert_id, id
    FROM delivery
), alerts AS (
    INSERT INTO alerts (id, service_id, integration_id, incident_id, dedup_key, dedup_sha, status, severity, urgency,
        title, count, opened_at, last_seen_at, counted_at, resolved_at, resolved_by)
    SELECT alert_id, $8, $7, id, 'grown:' || number, sha, CASE WHEN open THEN 'open' ELSE 'resolved' END, 'critical',
        'high', 'Error rate of checkout above 5%', $6, at, at, at, CASE WHEN NOT open THEN at END, 'integration'
    FROM incident
), incidents AS (
    INSERT INTO incidents (id, service_id, title, status, urgency, highest_urgency, severity, opened_by, created_at,
        updated_at, resolved_at)
    SELECT id, $8, 'Error rate of checkout above 5% on node ' || number, CASE WHEN open THEN 'open' ELSE 'resolved' END,
        'high', 'high', 'critical', 'integration', at, at, CASE WHEN NOT open THEN at END
    FROM incident
), timers AS (
    INSERT INTO timers (id, kind, subject, generation, due_at, created_at)
    SELECT uuidv7(), 'escalation', id, 1, clock_timestamp() + interval '1 day', at FROM incident WHERE open
)
INSERT INTO facts (at, kind, actor, incident_id, data)
SELECT at, kind, 'integration', id, '{"title": "Error rate of checkout above 5%"}'
FROM incident, unnest(ARRAY['opened', 'resolved']) AS kind WHERE kind = 'opened' OR NOT open
"""


async def main(*, events: int, seconds: int) -> None:
    """Measure, fill, measure again."""
    measured_on = surroundings()
    with RunningServer(settings={"ROLE": "web"}) as server:
        key = _key(server, "alertmanager")
        empty = await _measured(server, key, seconds)
        took_s, size = await _fill(server, events)
        full = await _measured(server, key, seconds)
    page = _page(empty, full, events=events, filled=(took_s, size), measured_on=measured_on)
    print(page)
    if events == EVENTS:
        PAGE.write_text(page, encoding="utf-8")


async def _measured(server: RunningServer, key: str, seconds: int) -> dict[str, Load]:
    loads: dict[str, Load] = {}
    for mode in MODES:
        seed = time.monotonic_ns() % 100_000
        path = f"/api/v1/events/{key}"
        loads[mode] = await wrk(server.base_url, path, mode=mode, connections=CONNECTIONS, seconds=seconds, seed=seed)
        print(f"  {mode}: {loads[mode].rate:,.0f}/s", flush=True)
    return loads


async def _fill(server: RunningServer, events: int) -> tuple[float, int]:
    """Store what `events` events would have left, this month; return how long that took and how big it is."""
    began, incidents = time.monotonic(), events // EVENTS_OF_AN_INCIDENT
    owner = await asyncpg.connect(server.owner_dsn())
    try:
        await owner.execute("SET synchronous_commit = off; SET work_mem = '256MB'")
        since = await owner.fetchval("SELECT clock_timestamp() - date_trunc('month', clock_timestamp())")
        integration = await owner.fetchrow("SELECT id, service_id FROM integrations WHERE provider = 'alertmanager'")
        assert integration is not None
        step = AT_ONCE // EVENTS_OF_AN_INCIDENT
        for first in range(1, incidents + 1, step):
            last = min(first + step - 1, incidents)
            given = (first, last, incidents - OPEN, since, incidents, EVENTS_OF_AN_INCIDENT, *integration)
            await owner.execute(FILL, *given)
        await owner.execute("VACUUM ANALYZE")
        return time.monotonic() - began, await owner.fetchval("SELECT pg_database_size(current_database())")
    finally:
        await owner.close()


def _page(
    empty: dict[str, Load], full: dict[str, Load], *, events: int, filled: tuple[float, int], measured_on: str
) -> str:
    rows = [
        (name, rate(empty[mode].rate), ms(empty[mode].p99_ms), rate(full[mode].rate), ms(full[mode].p99_ms),
         f"{full[mode].rate / empty[mode].rate:.2f}")
        for mode, name in MODES.items()
    ]  # fmt: skip
    head = ("single events", "empty database", "p99", "full database", "p99", "full of empty")
    took_s, size = filled
    return _TEXT.format(
        when=Clock().now().strftime("%Y-%m-%d"),
        surroundings=measured_on,
        events=events,
        incidents=events // EVENTS_OF_AN_INCIDENT,
        open=OPEN,
        connections=CONNECTIONS,
        took=took_s,
        size=size / 1e9,
        table=table(head, rows),
    )


_TEXT = """# What an event costs as the database grows

Written by `make bench-grown` on {when}. {surroundings}

Ingest alone at {connections} connections as in [benchmarks.md](benchmarks.md), first on an empty database, then,
in the same process, on one that holds {events:,} events in one month's partitions, {incidents:,} incidents with an
alert each, {open:,} of them open. What fills it is written by SQL ({took:.0f} s, {size:.1f} GB), then vacuumed and
analysed.

{table}
"""

if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="make bench-grown")
    parser.add_argument("--events", type=int, default=EVENTS, help="other than that: prints and writes nothing")
    parser.add_argument("--seconds", type=int, default=10)
    arguments = parser.parse_args()
    asyncio.run(main(events=arguments.events, seconds=arguments.seconds))
