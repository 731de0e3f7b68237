"""What became of a mail that we sent, noted by whoever tells it: the mail servers themselves, or a carrier of mail."""

from __future__ import annotations

import asyncio
from uuid import UUID

from opsknight.api import early
from opsknight.api.again import again
from opsknight.deps import Deps
from opsknight.domain.commands import receipts
from opsknight.domain.model.mail_report import Became, Report
from opsknight.domain.queries.replies import address_of, any_under_way


async def note_mail(deps: Deps, notification_id: UUID, report: Report, *, carrier: str = "", name: str = "") -> bool:
    """Write down what `report` says; in any order, and as often as it comes.

    `carrier` tells it of what it calls `name`; a mail server does not say which of several that were sent it means.

    False where the mail is still being handed over: then it must be told again.
    """
    if report.became is Became.DELIVERED:
        await again(lambda: _delivered(deps, notification_id))
    elif report.became is Became.FAILED:
        return await _failed(deps, notification_id, report, carrier=carrier, name=name)
    return True


async def mail_of(deps: Deps, carrier: str, name: str) -> tuple[UUID | None, bool]:
    """Return the message that a carrier of mail calls `name`, and whether it may turn out to be one of ours.

    The name of a mail is known once its handing over is written down, which is waited for a while. Where no mail is
    being handed over, an unknown one is none of ours.
    """
    for pause_s in (*early.PAUSES_S, None):
        async with deps.reading() as session:
            is_early = await any_under_way(session, "email")
        async with deps.commands("system:receipt") as uow:
            found = await receipts.of_provider(uow, carrier, name)
        if found is not None or not is_early:
            return found, False
        if pause_s is not None:
            await asyncio.sleep(pause_s)
    return None, True


async def _delivered(deps: Deps, notification_id: UUID) -> None:
    async with deps.commands("system:receipt") as uow:
        await receipts.delivered(uow, notification_id)


async def _failed(deps: Deps, notification_id: UUID, report: Report, *, carrier: str, name: str) -> bool:
    async with deps.reading() as session:
        address = await address_of(session, notification_id)
    gone = report.buries(address)

    async def once() -> bool:
        async with deps.commands("system:receipt") as uow:
            of = {"carrier": carrier, "provider_id": name}
            return await receipts.undelivered(uow, notification_id, detail=report.detail, gone=gone, **of)

    return await early.noted(deps, notification_id, once)
