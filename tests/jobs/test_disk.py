"""Little room on the disk is told before there is none: on every page, in the figures, and once to the admins."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from opsknight import metrics, readiness
from opsknight.domain.model.disk import GB, Disk
from opsknight.domain.model.readiness import Finding, State, ready
from opsknight.jobs.disk import DiskWatch, read
from tests.builders import a_user
from tests.jobs.pager import Pager

HERE = Path("/var/lib/opsknight")


def a_watch(pager: Pager, *free_gb: float) -> DiskWatch:
    """Watch a disk of 40 GB on which so much is free at each look."""
    left = iter(free_gb)
    return DiskWatch(pager.deps, HERE, read=lambda place: Disk(f"db-1:{place}", int(next(left) * GB), 40 * GB))


async def found(pager: Pager) -> Finding:
    [finding] = [one for one in await readiness.look(pager.deps) if one.name == "disk"]
    return finding


async def test_little_room_is_red_on_every_page_and_keeps_nobody_from_duty(pager: Pager):
    await a_watch(pager, 3).look()

    finding = await found(pager)
    assert (finding.state, ready([finding])) == (State.BAD, True)
    assert finding.sentence.startswith(
        "The disk is nearly full: 3.0 GB of 40 GB (7 %) free at db-1:/var/lib/opsknight."
    )
    assert metrics.DISK_FREE_BYTES.collect()[0].samples[0].value == 3 * GB


async def test_enough_room_is_good(pager: Pager):
    await a_watch(pager, 30).look()

    assert (await found(pager)).state is State.GOOD
    assert await pager.rows("SELECT kind FROM facts") == []


async def test_admins_are_told_once_a_day_and_everybody_reads_when_there_is_room_again(pager: Pager):
    root = await a_user(pager.database, "Root", role="admin")
    await a_user(pager.database, "Ada")
    watch = a_watch(pager, 3, 3, 4.2, 3, 3, 30, 30)

    for _ in range(4):
        await watch.look()
    a_day_told = await pager.rows("SELECT user_id FROM pages WHERE kind = 'disk'")
    pager.deps.clock.offset += timedelta(days=1, minutes=1)
    for _ in range(3):
        await watch.look()

    assert a_day_told == [(root.id,)]
    assert await pager.rows("SELECT user_id FROM pages WHERE kind = 'disk'") == [(root.id,), (root.id,)]
    assert await pager.rows("SELECT kind FROM facts WHERE kind LIKE 'disk %' ORDER BY seq") == [
        ("disk low",),
        ("disk low",),
        ("disk roomy",),
    ]
    assert (await found(pager)).state is State.GOOD


async def test_what_was_told_before_a_restart_is_not_told_again_and_another_disk_is(pager: Pager):
    await a_user(pager.database, "Root", role="admin")
    await a_watch(pager, 3).look()

    pager.deps.low_disk = None
    await a_watch(pager, 3).look()
    pager.deps.low_disk = None
    await DiskWatch(pager.deps, HERE, read=lambda _: Disk("db-2:/srv", 0, 40 * GB)).look()

    told = await pager.rows("SELECT reason FROM pages WHERE kind = 'disk' ORDER BY id")
    assert [reason.split("free at ")[1].split("\n")[0] for (reason,) in told] == [f"db-1:{HERE}", "db-2:/srv"]


async def test_admins_read_it_as_a_message_with_a_first_line_of_its_own(pager: Pager):
    await a_user(pager.database, "Root", role="admin")

    async with pager.sending():
        await a_watch(pager, 3).look()
        [mail] = await pager.smtp.mails_come(1)

    assert mail.message["Subject"].startswith("A disk of OpsKnight is nearly full: 3.0 GB of 40 GB (7 %) free at db-1:")
    assert "Make room there." in mail.text


def test_the_room_that_is_read_is_that_of_the_place(tmp_path: Path):
    disk = read(tmp_path)

    assert disk.where.endswith(f":{tmp_path}")
    assert 0 <= disk.free <= disk.total
