"""`make bench`: measures, prints, and writes docs/benchmarks.md. Takes about four minutes; `--quick` one."""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import asyncpg
import httpx
import psutil

from opsknight.clock import Clock
from tests.bench import paging, simulating
from tests.bench.boards import a_browser, open_boards
from tests.bench.costs import Costs, counted
from tests.bench.figures import ms, percentile, rate, surroundings, table
from tests.bench.load import EACH_ALONE, Load, wrk
from tests.bench.schedules import measured as schedules_measured
from tests.ports import free_port
from tests.server import ROOT, RunningServer, until

PAGE = ROOT / "docs" / "benchmarks.md"
BOARDS = 100
NEW_A_SECOND = 50
ACKNOWLEDGES_A_SECOND = 10
RULES = 500


@dataclass(slots=True)
class People:
    """What people see and do while something else happens: in milliseconds, as seen from outside."""

    glass: list[float] = field(default_factory=list)
    acknowledge: list[float] = field(default_factory=list)
    handoff: list[float] = field(default_factory=list)
    unseen: int = 0
    boards_lost: int = 0
    memory_mb: float = 0.0
    load: Load | None = None


@dataclass(frozen=True, slots=True)
class Run:
    """One run of ingest alone."""

    mode: str
    connections: int
    load: Load
    memory_mb: float
    costs: Costs

    def row(self, disk: float) -> tuple[object, ...]:
        """Return it as a row of the page; `disk` is what pgbench reached."""
        load, costs = self.load, self.costs
        return (
            f"{_MODES.get(self.mode, self.mode)}, {self.connections} connections",
            rate(load.rate),
            ms(load.p50_ms),
            ms(load.p99_ms),
            load.refused + load.broken,
            f"{load.rate / disk:.2f}",
            costs.each(load.rate * load.seconds),
            f"{costs.idle:.0%}",
            f"{self.memory_mb:.0f} MB",
        )


async def main(*, quick: bool) -> None:
    """Measure everything and write the page."""
    seconds, measured_on = 3 if quick else 10, surroundings()
    ingest, disk = await _ingest(seconds)
    together = [await _together(connections, seconds=max(8, 2 * seconds)) for connections in (0, 64, 512)]
    page = _page(ingest, disk, together, measured_on=measured_on) + "\n" + await paging.measured()
    page += f"\n## Simulator\n\n{await asyncio.to_thread(simulating.measured)}\n"
    print(page)
    if not quick:
        PAGE.write_text(page, encoding="utf-8")


async def _ingest(seconds: int) -> tuple[list[Run], float]:
    """Measure ingest alone, without the paging engine, and the disk beside it."""
    runs: list[Run] = []
    with RunningServer(settings={"ROLE": "web"}) as server:
        assert server.process is not None
        key = _key(server, "alertmanager")
        disk = await asyncio.to_thread(_pgbench, server, seconds)
        seed = int(time.time()) % 100_000
        for connections in (16, 64):
            for mode in _MODES if connections == 16 else ("new", "storm", "pairs"):
                seed += 1
                with counted(server.process.pid) as costs:
                    load = await wrk(
                        server.base_url,
                        f"/api/v1/events/{key}",
                        mode=mode,
                        connections=connections,
                        seconds=seconds,
                        seed=seed,
                    )
                runs.append(Run(mode, connections, load, _memory_mb(server), costs))
                print(f"  ingest {mode} at {connections}: {load.rate:,.0f}/s p99 {load.p99_ms} ms", flush=True)
        with closing(server.sign_in()) as client:
            for rules in (1, RULES):
                await asyncio.to_thread(_make_rules, client, rules)
                runs += [await _ruled_run(server, key, rules=rules, seconds=seconds)]
    return runs, disk


async def _ruled_run(server: RunningServer, key: str, *, rules: int, seconds: int) -> Run:
    """Measure new keys that no rule is about, with `rules` that one field tells apart."""
    assert server.process is not None
    path, seed = f"/api/v1/events/{key}", int(time.time()) % 100_000
    with counted(server.process.pid) as costs:
        load = await wrk(server.base_url, path, mode="new", connections=64, seconds=seconds, seed=seed)
    print(f"  ingest new at 64 with {rules} rules: {load.rate:,.0f}/s p99 {load.p99_ms} ms", flush=True)
    return Run(f"new keys, {rules} rule{'s' if rules > 1 else ''}", 64, load, _memory_mb(server), costs)


def _make_rules(client: httpx.Client, number: int) -> None:
    """Have `number` rules, each about another instance."""
    for one in range(len(client.get("/api/v1/rules").json()["rules"]), number):
        rule = {"name": f"Node {one}", "when": f'tags.instance == "10.1.{one}.1:9100"', "then": "suppress"}
        client.post("/api/v1/rules", json={"rule": rule}).raise_for_status()


async def _together(connections: int, *, seconds: int) -> People:
    """Measure boards, clicks and pages while ingest is saturated over `connections` (0: while it rests)."""
    people = People()
    with _mail_server() as mail, RunningServer(settings={"SMTP_URL": mail, **EACH_ALONE}) as server:
        noise = _key(server, "alertmanager")
        if connections:
            await _storm(server, noise, 16, seconds=4)
            await asyncio.to_thread(_settle, server)
        async with (
            a_browser(server.sign_in_link) as (page, cookie),
            open_boards(server.base_url, cookie, BOARDS - 1) as boards,
        ):
            began = Clock().now()
            async with asyncio.TaskGroup() as group:
                storm = group.create_task(_storm(server, noise, connections, seconds=seconds))
                sent = group.create_task(_new_incidents(server, cookie, people, seconds=seconds))
            await page.wait_for_timeout(3000)
            seen: dict[str, float] = await page.evaluate("window.seen")
            people.load = storm.result()
            for probe, sent_ms in sent.result().items():
                if probe in seen:
                    people.glass.append(seen[probe] - sent_ms)
                else:
                    people.unseen += 1
            people.handoff = await _handoffs(server, since=began)
            people.memory_mb = _memory_mb(server)
        people.boards_lost = len(boards.lost)
    print(
        f"  together at {connections}: glass p95 {percentile(people.glass, 0.95):.0f} ms, acknowledge p99"
        f" {percentile(people.acknowledge, 0.99):.0f} ms, hand-off p99 {percentile(people.handoff, 0.99):.0f} ms",
        flush=True,
    )
    return people


@contextmanager
def _mail_server() -> Iterator[str]:
    """Run a mail server in a process of its own, so that it holds up nothing that is measured; give its address."""
    port = free_port()
    command = [sys.executable, "-m", "opsknight", "mail-catcher", "--port", str(port)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
    try:
        yield f"smtp://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(10)


def _settle(server: RunningServer) -> None:
    """Return once everybody has been paged for what is open."""
    waits = (
        "SELECT (SELECT count(*) FROM notifications WHERE finished_at IS NULL AND due_at <= clock_timestamp())"
        " + (SELECT count(*) FROM timers WHERE due_at <= clock_timestamp())"
    )
    until(lambda: _asked(server, waits) == 0, within_s=60, step_s=0.25)


async def _storm(server: RunningServer, key: str, connections: int, *, seconds: int) -> Load | None:
    """Send repeats of open keys as fast as they are taken; nothing over no connections."""
    if not connections:
        return None
    path = f"/api/v1/events/{key}"
    return await wrk(server.base_url, path, mode="repeats", connections=connections, seconds=seconds, seed=7)


async def _new_incidents(server: RunningServer, cookie: str, people: People, *, seconds: int) -> dict[str, float]:
    """Open NEW_A_SECOND incidents a second, acknowledge some; return when each probe was sent."""
    sent: dict[str, float] = {}
    key = _key(server, "generic")
    headers = {"Cookie": cookie, "Origin": server.base_url}
    async with (
        httpx.AsyncClient(base_url=server.base_url, headers=headers, timeout=30) as http,
        asyncio.TaskGroup() as group,
    ):
        began = time.monotonic()
        for number in range(seconds * NEW_A_SECOND):
            await asyncio.sleep(max(0.0, began + number / NEW_A_SECOND - time.monotonic()))
            probe = f"probe-{connections_tag()}-{number}"
            sent[probe] = time.time() * 1000
            acknowledges = number % (NEW_A_SECOND // ACKNOWLEDGES_A_SECOND) == 0
            group.create_task(_one(http, key, probe, people, acknowledges=acknowledges))
    return sent


def connections_tag() -> int:
    """Return a number that tells this run's probes from others'."""
    return os.getpid()


async def _one(http: httpx.AsyncClient, key: str, probe: str, people: People, *, acknowledges: bool) -> None:
    event = {"title": f"Trouble {probe}", "severity": "critical", "dedup_key": probe}
    answer = await http.post(f"/api/v1/events/{key}", json=event)
    if not acknowledges or answer.status_code != 202:
        return
    await asyncio.sleep(1)
    incident = answer.json()["events"][0]["incident_id"]
    began = time.perf_counter()
    told = await http.post(f"/api/v1/incidents/{incident}/acknowledge", json={})
    if told.status_code == 200:
        people.acknowledge.append((time.perf_counter() - began) * 1000)


async def _handoffs(server: RunningServer, *, since: datetime) -> list[float]:
    """Return how long after it was due each first attempt began, in milliseconds."""
    owner = await asyncpg.connect(server.owner_dsn())
    try:
        rows = await owner.fetch(
            "SELECT extract(epoch FROM a.started_at - n.due_at) * 1000 FROM attempts a JOIN notifications n"
            " ON n.id = a.notification_id WHERE a.number = 1 AND n.due_at > $1",
            since,
        )
    finally:
        await owner.close()
    return [float(row[0]) for row in rows]


def _key(server: RunningServer, provider: str) -> str:
    return str(_asked(server, "SELECT key FROM integrations WHERE provider = $1 ORDER BY id LIMIT 1", provider))


def _asked(server: RunningServer, question: str, *values: object) -> object:
    """Return what the owner of the database reads; on a loop of its own, also from inside another."""

    async def ask() -> object:
        owner = await asyncpg.connect(server.owner_dsn())
        try:
            return await owner.fetchval(question, *values)
        finally:
            await owner.close()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, ask()).result()


def _memory_mb(server: RunningServer) -> float:
    assert server.process is not None
    return psutil.Process(server.process.pid).memory_info().rss / 1e6


def _pgbench(server: RunningServer, seconds: int) -> float:
    """Return single-row commits a second of the same PostgreSQL, by pgbench over 16 connections."""
    dsn = server.owner_dsn()
    script = Path(server.data_dir) / "insert.sql"
    script.write_text("INSERT INTO bench_rows (body) VALUES (repeat('x', 1100));\n")
    psql = ["psql", "-q", dsn, "-c", "CREATE TABLE IF NOT EXISTS bench_rows (id bigserial PRIMARY KEY, body text)"]
    subprocess.run(psql, check=True)
    command = ["pgbench", "-n", "-c", "16", "-j", "1", "-M", "prepared", "-T", str(seconds), "-f", str(script), dsn]
    out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    subprocess.run(["psql", "-q", dsn, "-c", "DROP TABLE bench_rows"], check=True)
    found = re.search(r"tps = ([\d.]+)", out)
    assert found is not None, out
    return float(found[1])


def _page(ingest: list[Run], disk: float, together: list[People], *, measured_on: str) -> str:
    names = ("ingest at rest", "ingest saturated, 64 connections", "ingest saturated, 512 connections")
    people_rows = [
        (name, rate(people.load.rate) if people.load else "–",
         f"{ms(percentile(people.glass, 0.5))} / {ms(percentile(people.glass, 0.95))}",
         f"{ms(percentile(people.acknowledge, 0.5))} / {ms(percentile(people.acknowledge, 0.99))}",
         f"{ms(percentile(people.handoff, 0.5))} / {ms(percentile(people.handoff, 0.99))}",
         people.unseen, people.boards_lost, f"{people.memory_mb:.0f} MB")
        for name, people in zip(names, together, strict=True)
    ]  # fmt: skip
    return _TEXT.format(
        when=Clock().now().strftime("%Y-%m-%d"),
        surroundings=measured_on,
        disk=rate(disk),
        ingest=table(
            ("events", "stored and answered", "p50", "p99", "not 2xx", "of pgbench", "OpsKnight + PostgreSQL",
             "cores idle", "memory"), [run.row(disk) for run in ingest]
        ),
        together=table(
            ("meanwhile", "events", "change to glass p50 / p95", "acknowledge p50 / p99", "due to hand-off p50 / p99",
             "unseen", "boards lost", "memory"), people_rows
        ),
        schedules=schedules_measured(),
        boards=BOARDS,
        new=NEW_A_SECOND,
        acknowledges=ACKNOWLEDGES_A_SECOND,
    )  # fmt: skip


_MODES = {
    "new": "new keys",
    "storm": "storm, 95 % repeats",
    "pairs": "trigger → resolve pairs",
    "fifty": "webhooks of 50 new keys",
    "fifty_again": "webhooks of 50 repeats",
}
_TEXT = """# Benchmarks

Written by `make bench` on {when}. {surroundings}
The load generator, the browser and PostgreSQL share the machine's cores with OpsKnight.

## Ingest alone

Alertmanager webhooks of one alert, 1.1 kB, and of 50, 32 kB, over loopback by wrk; each answer comes after
the commit of all that it holds, with fsync on. Everything that an event causes is written: delivery, event,
alert, incident, timer, facts. The paging engine is another process's here. Beside it, in the same run on the
same PostgreSQL: {disk} single-row commits by pgbench over 16 connections. OpsKnight + PostgreSQL is the
processor time of both for one event; what is neither that nor idle went to wrk and to the kernel.

{ingest}

## All together

One process does everything: {boards} open boards (one of them Chromium, the others bare sockets that hear
all it hears), {new} new incidents a second that page somebody by mail (a real SMTP server), {acknowledges}
acknowledges a second over HTTP, and ingest as fast as it goes (repeats of 500 open keys, whose own
pages were handed off before).
Change to glass: from before the event is sent to its row in the browser's document. Due to hand-off: from
when a notification was due to the start of the call to the mail server.

{together}

## Who is on call

The model alone, without the database; a restriction is never walked from the rotation's start.

{schedules}
"""

if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="make bench")
    parser.add_argument("--quick", action="store_true", help="short runs; prints and writes nothing")
    asyncio.run(main(quick=parser.parse_args().quick))
