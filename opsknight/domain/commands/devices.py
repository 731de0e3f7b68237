"""Browsers that take pushes, and native windows, give signs of life; of one that gives none its person is told."""

from __future__ import annotations

import hmac
from collections.abc import Collection, Sequence
from typing import Final

from sqlalchemy import ColumnElement, select

from opsknight.domain.commands.alone import page_alone
from opsknight.domain.commands.contact_methods import PUSH, record_method
from opsknight.domain.commands.outbox import Outbox, Page
from opsknight.domain.model.channel import shown
from opsknight.domain.model.event import Urgency
from opsknight.domain.model.ledger import Fact, span
from opsknight.domain.model.liveness import ASKED_AFTER, NOTED_AGAIN_AFTER, SILENT_AFTER, is_silent
from opsknight.domain.model.notification import PageKind
from opsknight.domain.model.speech import ENGLISH, Written, later, say, speaking
from opsknight.domain.model.window import WINDOW
from opsknight.domain.queries import escalations as reading
from opsknight.domain.queries.people import language_of
from opsknight.domain.store.tables import ContactMethodRow, TeamMemberRow, UserRow
from opsknight.domain.store.unit_of_work import UnitOfWork

STEP: Final = 100
"""Devices in one unit of work."""
_NO_TEAM: Final = 0


async def heard(uow: UnitOfWork, endpoint: str, auth: str) -> None:
    """Note that the browser at `endpoint` is there; `auth` is the secret of its subscription, known to it and us.

    Who is neither known nor right is told nothing.
    """
    at_it = select(ContactMethodRow).where(
        ContactMethodRow.channel == PUSH, ContactMethodRow.address == endpoint, ContactMethodRow.disabled_at.is_(None)
    )
    for row in (await uow.session.scalars(at_it.with_for_update(key_share=True))).all():
        if not hmac.compare_digest(str(row.secret.get("auth", "")).encode(), auth.encode("utf-8", "replace")):
            continue
        if row.heard_at is not None and uow.now - row.heard_at < NOTED_AGAIN_AFTER:
            continue
        if row.silence_told_at is not None:
            await record_method(uow, Fact.DEVICE_HEARD, row)
        row.heard_at, row.silence_told_at = uow.now, None


async def ask(uow: UnitOfWork) -> int:
    """Send a quiet push to devices that were not heard of for ASKED_AFTER, once in that time; return to how many."""
    not_lately = ContactMethodRow.asked_at.is_(None) | (ContactMethodRow.asked_at <= uow.now - ASKED_AFTER)
    found = await _devices(uow, (PUSH,), ContactMethodRow.heard_at <= uow.now - ASKED_AFTER, not_lately)
    for row in found:
        row.asked_at = uow.now
        why = "the device was quiet for a while"
        await page_alone(uow, PageKind.CHECK, [row], user_id=row.user_id, urgency=Urgency.LOW, reason=why)
    return len(found)


async def tell_of_the_silent(uow: UnitOfWork) -> int:
    """Tell people, by another way, of each device that was not heard of for SILENT_AFTER, once; return of how many.

    Of whom nothing else reaches, who answers for them is told.
    """
    unsaid = ContactMethodRow.silence_told_at.is_(None)
    found = await _devices(uow, (PUSH, WINDOW), ContactMethodRow.heard_at <= uow.now - SILENT_AFTER, unsaid)
    alone: list[int] = []
    for row in found:
        row.silence_told_at = uow.now
        quiet_s = 0.0 if row.heard_at is None else (uow.now - row.heard_at).total_seconds()
        await record_method(uow, Fact.DEVICE_SILENT, row, for_s=quiet_s)
        other = await _another(uow, row)
        if other is not None:
            language = ENGLISH if row.user_id is None else await language_of(uow.session, row.user_id)
            with speaking(language):
                words = _of_silence(row, quiet_s)
            await page_alone(uow, PageKind.SILENT, [other], user_id=row.user_id, urgency=Urgency.LOW, reason=words)
        elif row.user_id is not None:
            alone.append(row.user_id)
    if alone:
        await _tell_leads(uow, sorted(set(alone)))
    return len(found)


async def _tell_leads(uow: UnitOfWork, user_ids: Sequence[int]) -> None:
    """Tell the managers of each person's teams, where there is none the admins, that nothing else reaches them."""
    of_teams = select(TeamMemberRow.user_id, TeamMemberRow.team_id).where(TeamMemberRow.user_id.in_(user_ids))
    teams: dict[int, set[int]] = {user_id: set() for user_id in user_ids}
    for row in await uow.session.execute(of_teams):
        teams[row.user_id].add(row.team_id)
    leads = await reading.leads(uow.session, {_NO_TEAM, *(team for its in teams.values() for team in its)})
    answering = {user for one in leads.values() for user in (*one.managers, *one.admins)}
    outbox = Outbox(uow.now, await reading.people(uow.session, {*user_ids, *answering}))
    for user_id, its in teams.items():
        managers = {user for team in its for user in leads[team].managers}
        for lead in _who(outbox, managers - {user_id}) or _who(outbox, {*leads[_NO_TEAM].admins} - {user_id}):
            with speaking(outbox.people[lead].language):
                words = _of_who_is_cut_off(outbox.people[user_id].name)
            outbox.add(
                Page(
                    incident_id=None, generation=0, kind=PageKind.SILENT, user_id=lead, reason=Written(words),
                    urgency=Urgency.LOW, due_at=uow.now, once=True,
                )
            )  # fmt: skip
    await outbox.write(uow)


def _who(outbox: Outbox, user_ids: Collection[int]) -> list[int]:
    return [user for user in sorted(user_ids) if user in outbox.people and outbox.people[user].can_be_reached]


def _of_silence(row: ContactMethodRow, quiet_s: float) -> str:
    """Return what its person is told of a device that is silent: a first line, then what now."""
    what = shown(row.channel, label=row.label, address=row.address) or say("A browser")
    now = (
        later(
            "Nothing was heard of it for {span}, so pages do not wait for it any more: your next contact method starts"
            " at once. Open OpsKnight on it, or turn push off there."
        )
        if row.channel == PUSH
        else later(
            "Nothing was heard of it for {span}, so pages do not wait for it any more: your next contact method starts"
            " at once. Open OpsKnight on it, or remove it from your contact methods."
        )
    )
    first = say("{what} gives no sign of life", what=what)
    return f"{first}\n{say(now, span=span(quiet_s))}"


def _of_who_is_cut_off(name: str) -> str:
    first = say("Nothing reaches {name} but devices that give no sign of life", name=name)
    now = say("Pages are still tried there, and nobody can say that they arrive. See to another contact method.")
    return f"{first}\n{now}"


async def _devices(
    uow: UnitOfWork, channels: Sequence[str], *wanted: ColumnElement[bool]
) -> Sequence[ContactMethodRow]:
    """Return devices that count, of active people, held until the commit."""
    counting = (
        select(ContactMethodRow)
        .join(UserRow, UserRow.id == ContactMethodRow.user_id)
        .where(
            ContactMethodRow.channel.in_(channels),
            ContactMethodRow.verified_at.is_not(None),
            ContactMethodRow.disabled_at.is_(None),
            UserRow.active,
            *wanted,
        )
        .order_by(ContactMethodRow.id)
        .limit(STEP)
    )
    return (await uow.session.scalars(counting.with_for_update(key_share=True, of=ContactMethodRow))).all()


async def _another(uow: UnitOfWork, row: ContactMethodRow) -> ContactMethodRow | None:
    """Return by what else the person can be told, another channel before another device."""
    others = (
        select(ContactMethodRow)
        .where(
            ContactMethodRow.user_id == row.user_id,
            ContactMethodRow.id != row.id,
            ContactMethodRow.verified_at.is_not(None),
            ContactMethodRow.disabled_at.is_(None),
        )
        .order_by(ContactMethodRow.channel == PUSH, ContactMethodRow.id)
    )
    known = (await uow.session.scalars(others)).all()
    return next((one for one in known if not is_silent(one.heard_at, at=uow.now)), None)
