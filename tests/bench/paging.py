"""How quickly what is due is handed off: many timers at one instant, beside ingest, and with ever more open incidents.

The incidents are written by SQL as ingest leaves them; everything after that is the product's own.
Mail goes to Postfix's smtp-sink, which takes it and forgets it.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

import asyncpg

from tests.bench import fanning
from tests.bench.costs import Costs, counted
from tests.bench.figures import ms, percentile, rate, table
from tests.bench.load import EACH_ALONE, Load, wrk
from tests.ports import free_port
from tests.server import RunningServer

AT_ONCE = 5_000
OPEN = (100, 1_000, 10_000, 50_000)
PAGES = 400
"""Spread over SPREAD_S, for each measurement of how late a page is."""
SPREAD_S = 10
STEADY = 2_000
"""Events a second that the steady load aims at."""

OPENED = """
WITH incident AS MATERIALIZED (
    SELECT uuidv7() AS id, uuidv7() AS alert_id, number, sha256(convert_to($6 || number, 'UTF8')) AS sha
    FROM generate_series(1, $1::int) AS number
), alerts AS (
    INSERT INTO alerts (id, service_id, integration_id, incident_id, dedup_key, dedup_sha, status, severity, urgency,
        title, opened_at, last_seen_at, counted_at)
    SELECT alert_id, $3, $2, id, $6 || number, sha, 'open', 'critical', 'high', 'Error rate of checkout above 5%',
        clock_timestamp(), clock_timestamp(), clock_timestamp() FROM incident
), incidents AS (
    INSERT INTO incidents (id, service_id, title, status, urgency, highest_urgency, severity, opened_by, created_at,
        updated_at)
    SELECT id, $3, 'Error rate of checkout above 5% on node ' || number, 'open', 'high', 'high', 'critical',
        'integration', clock_timestamp(), clock_timestamp() FROM incident
)
INSERT INTO timers (id, kind, subject, generation, due_at, urgent, created_at)
SELECT uuidv7(), 'escalation', id, 1, clock_timestamp() + $4::interval + number * $5::interval / $1, true,
    clock_timestamp()
FROM incident
"""
"""Open incidents whose first step is due $4 from now, spread over $5; $6 tells their keys from others'."""
LATE = """
SELECT extract(epoch FROM a.started_at - t.due_at) * 1000 AS late, extract(epoch FROM a.started_at) AS at
FROM attempts a JOIN notifications n ON n.id = a.notification_id JOIN pages t ON t.id = n.page_id
JOIN alerts l ON l.incident_id = n.incident_id
WHERE a.number = 1 AND n.position = 0 AND l.dedup_key LIKE $1 || '%' ORDER BY a.started_at
"""


@dataclass(frozen=True, slots=True)
class Pages:
    """When the calls to the mail server began, after the instant at which their timers were due."""

    late_ms: list[float]
    lasted_s: float
    costs: Costs
    load: Load | None = None

    @property
    def rate(self) -> float:
        """Hand-offs a second, from the first to the last."""
        return len(self.late_ms) / self.lasted_s if self.lasted_s else float("nan")

    def row(self, what: str) -> tuple[object, ...]:
        """Return it as a row of the page."""
        return (
            what,
            len(self.late_ms),
            rate(self.load.rate) if self.load else "–",
            ms(percentile(self.late_ms, 0.5)),
            ms(percentile(self.late_ms, 0.99)),
        )


async def measured() -> str:
    """Measure all of it and return the section of the page."""
    with _mail_sink() as mail, RunningServer(settings={"SMTP_URL": mail, **EACH_ALONE}) as server:
        burst = await _handed_off(server, AT_ONCE, spread_s=0.0)
        print(f"  {AT_ONCE:,} at once: {burst.rate:,.0f}/s", flush=True)
        idle = await _handed_off(server, PAGES, spread_s=SPREAD_S)
        beside = await _handed_off(server, PAGES, spread_s=SPREAD_S, connections=64)
    rows = [idle.row("nothing else happens"), beside.row("events arrive steadily")]
    for number in OPEN:
        with _mail_sink() as mail, RunningServer(settings={"SMTP_URL": mail, **EACH_ALONE}) as server:
            await _open(server, number, wait_s=86_400, spread_s=3_600, name="resting")
            pages = await _handed_off(server, PAGES, spread_s=SPREAD_S)
            rows.append(pages.row(f"{number:,} other incidents open"))
            print(f"  {number:,} open: p99 {percentile(pages.late_ms, 0.99):.0f} ms", flush=True)
    fanned_out = await fanning.measured(OPENED)
    print(f"  {fanned_out.sentence()}", flush=True)
    head = ("meanwhile", "pages", "events", "due to hand-off p50", "p99")
    return _TEXT.format(
        at_once=AT_ONCE,
        rate=rate(burst.rate),
        last=ms(max(burst.late_ms)),
        cost=burst.costs.each(AT_ONCE),
        pages=PAGES,
        spread=SPREAD_S,
        table=table(head, rows),
        fanned_out=fanned_out.sentence(),
    )


async def _handed_off(server: RunningServer, number: int, *, spread_s: float, connections: int = 0) -> Pages:
    """Have `number` timers fall due and return when their pages were handed off."""
    assert server.process is not None
    name, wait_s = f"due{time.monotonic_ns()}:", 4.0
    async with asyncio.TaskGroup() as group:
        load = group.create_task(_steady(server, connections, seconds=int(wait_s + spread_s + 2)))
        await _open(server, number, wait_s=wait_s, spread_s=spread_s, name=name)
        with counted(server.process.pid) as costs:
            rows = await _all_late(server, name, number, within_s=wait_s + spread_s + 60)
    lasted_s = float(rows[-1]["at"] - rows[0]["at"]) if rows else 0.0
    return Pages([float(row["late"]) for row in rows], lasted_s, costs, load.result())


async def _steady(server: RunningServer, connections: int, *, seconds: int) -> Load | None:
    """Send some STEADY events a second, repeats of open keys; nothing over no connections."""
    if not connections:
        return None
    key = await _asked(server, "SELECT key FROM integrations WHERE provider = 'alertmanager' ORDER BY id LIMIT 1")
    path, pause_ms = f"/api/v1/events/{key}", round(1000 * connections / STEADY)
    return await wrk(
        server.base_url, path, mode="repeats", connections=connections, seconds=seconds, seed=11, pause_ms=pause_ms
    )


async def _all_late(server: RunningServer, name: str, number: int, *, within_s: float) -> list[asyncpg.Record]:
    """Return how late each was, once all `number` were handed off or the time is over."""
    for _ in range(int(within_s)):
        if len(rows := await _late(server, name)) >= number:
            return rows
        await asyncio.sleep(1)
    return await _late(server, name)


async def _open(server: RunningServer, number: int, *, wait_s: float, spread_s: float, name: str) -> None:
    owner = await asyncpg.connect(server.owner_dsn())
    try:
        integration = await owner.fetchrow("SELECT id, service_id FROM integrations WHERE provider = 'alertmanager'")
        assert integration is not None
        spans = timedelta(seconds=wait_s), timedelta(seconds=spread_s)
        await owner.execute(OPENED, number, *integration, *spans, name)
        await owner.execute("ANALYZE incidents, alerts, timers")
    finally:
        await owner.close()


async def _late(server: RunningServer, name: str) -> list[asyncpg.Record]:
    owner = await asyncpg.connect(server.owner_dsn())
    try:
        return await owner.fetch(LATE, name)
    finally:
        await owner.close()


async def _asked(server: RunningServer, question: str) -> object:
    owner = await asyncpg.connect(server.owner_dsn())
    try:
        return await owner.fetchval(question)
    finally:
        await owner.close()


@contextmanager
def _mail_sink() -> Iterator[str]:
    port = free_port()
    command = ["smtp-sink", *(["-u", "nobody"] if os.geteuid() == 0 else []), f"127.0.0.1:{port}", "200"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield f"smtp://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(10)


_TEXT = """## Paging

From the instant at which an escalation timer is due to the start of the call to the mail server: claiming it,
deciding whom to page, writing page and message, beginning the attempt. Mail goes to Postfix's smtp-sink.

{at_once:,} timers due at one instant, in one process: **{rate}** handed off, the last {last} after it was due;
{cost} of processor time for each page.

{pages} timers that fall due over {spread} s:

{table}

{fanned_out}
"""
