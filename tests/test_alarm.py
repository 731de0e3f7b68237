from __future__ import annotations

import asyncio

from opsknight.alarm import Alarm
from opsknight.domain.store.engine import Database, connect
from tests.clusters import Addresses
from tests.jobs.pager import until

LISTENS = "SELECT pid FROM pg_stat_activity WHERE application_name = 'opsknight alarm' AND datname = current_database()"


async def test_what_others_commit_is_heard_again_after_the_listener_lost_its_connection(
    database: Database, addresses: Addresses
):
    rung: list[str] = []
    here = Alarm(lambda: database.direct("alarm"), ring=lambda: rung.append("here"))
    there = Alarm(lambda: database.direct("teller"), ring=lambda: None)
    admin = await connect(addresses.admin_dsn, purpose="tests")

    async def listens() -> bool:
        return len(await admin.fetch(LISTENS)) == 1 and bool(rung)

    async def heard() -> bool:
        there.tell()
        return len(rung) > before

    running = [asyncio.get_running_loop().create_task(alarm.run()) for alarm in (here, there)]
    try:
        await until(listens, True)
        await admin.execute(f"SELECT pg_terminate_backend(pid) FROM ({LISTENS}) l")  # noqa: S608  # our own words
        rung.clear()
        await until(listens, True)  # it rings when it listens again: what was said meanwhile is not missed
        before = len(rung)
        await until(heard, True)
    finally:
        for task in running:
            task.cancel()
        await asyncio.wait(running)
        await admin.close()
