"""Little room on a disk is told to the admins before there is none, and written down when there is room again."""

from __future__ import annotations

from datetime import timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import text

from opsknight.domain.commands.alone import tell_admins
from opsknight.domain.model.disk import Disk, room
from opsknight.domain.model.ledger import Fact
from opsknight.domain.model.notification import PageKind
from opsknight.domain.model.speech import say
from opsknight.domain.store.unit_of_work import UnitOfWork

AGAIN_AFTER: Final = timedelta(days=1)
"""After so long it is told once more where it is still so, and not each time that a process starts."""
# An id begins with its time: only the newest pages are read.
_TOLD: Final = text("""
    SELECT EXISTS (SELECT FROM pages
        WHERE id > :id AND created_at > :since AND kind = 'disk' AND position(:where IN reason) > 0)
""")


async def tell_low(uow: UnitOfWork, disk: Disk) -> bool:
    """Tell the admins that little room is left, once a day; return whether that was done now."""
    since = uow.now - AGAIN_AFTER
    lately = {"id": UUID(int=int(since.timestamp() * 1000) << 80), "since": since}
    if (await uow.session.execute(_TOLD, {**lately, "where": disk.where})).scalar_one():
        return False
    uow.record(Fact.DISK_LOW, subject="opsknight", name=disk.where, reason=room(disk))
    await tell_admins(uow, PageKind.DISK, lambda: _words(disk))
    return True


async def note_room(uow: UnitOfWork, disk: Disk) -> None:
    """Write down that there is room again."""
    uow.record(Fact.DISK_ROOMY, subject="opsknight", name=disk.where, reason=room(disk))


def _words(disk: Disk) -> str:
    """Return what an admin is told: a first line, then what now."""
    first = say("A disk of OpsKnight is nearly full: {room} free at {where}", room=room(disk), where=disk.where)
    then = say(
        "Make room there. When nothing is left, monitors are told to send again and nobody is paged for what is new;"
        " OpsKnight says on every page when there is room again."
    )
    return f"{first}\n{then}"
