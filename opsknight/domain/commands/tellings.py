"""Telling those concerned of shifts that are offered and taken, and of being put on call: quietly, and at once."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import text

from opsknight.domain.commands.effects import known
from opsknight.domain.commands.outbox import Outbox, Page
from opsknight.domain.model import offer as words
from opsknight.domain.model.cron import zone_or_utc
from opsknight.domain.model.effect import times_of
from opsknight.domain.model.event import Urgency
from opsknight.domain.model.ledger import Fact, people
from opsknight.domain.model.notification import PageKind
from opsknight.domain.model.restriction import Interval
from opsknight.domain.model.schedule import Schedule, on_call
from opsknight.domain.model.speech import Sentence, Written, speaking
from opsknight.domain.queries import escalations as reading
from opsknight.domain.store.tables import ScheduleRow, ShiftSwapRow, UserRow
from opsknight.domain.store.unit_of_work import UnitOfWork

_ZONES: Final = text("SELECT id, zone FROM users WHERE id = ANY(:ids)")
_Words = Callable[[ZoneInfo], str]


async def tell_asked(uow: UnitOfWork, swap: ShiftSwapRow, schedule: ScheduleRow) -> str:
    """Tell those to whom a shift is offered by name; return whom no message reaches, as a sentence after a space."""
    name = (await uow.session.get_one(UserRow, swap.user_id)).name

    def said(zone: ZoneInfo) -> str:
        return words.of_asked(
            name,
            schedule.name,
            zone,
            time=(swap.start_at, swap.end_at),
            in_return=swap.kind == "swap",
            wanted=_wanted(swap),
            until=swap.expires_at,
            note=swap.note,
        )

    return missed(await tell(uow, schedule, PageKind.OFFER, dict.fromkeys(swap.offered_to, said)))


async def tell_taken(uow: UnitOfWork, swap: ShiftSwapRow, schedule: ScheduleRow, rest: Collection[Interval]) -> None:
    """Tell whose shift it was that it is taken, and what of it stays offered."""
    name = (await uow.session.get_one(UserRow, swap.taken_by)).name

    def said(zone: ZoneInfo) -> str:
        time = swap.start_at, swap.end_at
        return words.of_taken(name, schedule.name, zone, time=time, given=_wanted(swap), rest=tuple(rest))

    await tell(uow, schedule, PageKind.OFFER, {swap.user_id: said})


async def tell_expired(uow: UnitOfWork, swap: ShiftSwapRow, schedule: ScheduleRow) -> None:
    """Tell whose shift it is that nobody took it in time; not where they are not on call then any more anyway."""
    if not times_of(await known(uow, schedule.id), swap.user_id, swap.start_at, swap.end_at):
        return

    def said(zone: ZoneInfo) -> str:
        return words.of_expired(schedule.name, zone, time=(swap.start_at, swap.end_at))

    await tell(uow, schedule, PageKind.OFFER, {swap.user_id: said})


async def tell_undone(
    uow: UnitOfWork, swap: ShiftSwapRow, schedule: ScheduleRow, users: Iterable[int], times: Collection[Interval]
) -> None:
    """Tell `users` that their swap, or cover, is withdrawn, of `times`."""
    name = await who_acts(uow)

    def said(zone: ZoneInfo) -> str:
        return words.of_undone(name, schedule.name, zone, in_return=swap.kind == "swap", times=tuple(times))

    await tell(uow, schedule, PageKind.OFFER, dict.fromkeys(users, said))


async def tell_on_call(uow: UnitOfWork, before: Schedule, schedule: ScheduleRow, *, by: Sentence | None = None) -> str:
    """Tell those who are on call from this change on and were not `before` it, but for whoever makes it.

    `by` is what makes it, such as a calendar, where it is not who acts. Returns whom no message reaches, as a sentence
    after a space.
    """
    await uow.session.flush()
    was = {one.user_id for one in on_call(before, uow.now)}
    came = [one for one in on_call(await known(uow, schedule.id), uow.now) if one.user_id not in was]
    if not came:
        return ""
    name = by or await who_acts(uow)
    told: dict[int, _Words] = {
        one.user_id: lambda zone, one=one: words.of_on_call_now(name, one, schedule.name, zone) for one in came
    }
    return missed(await tell(uow, schedule, PageKind.SHIFT, told, by=by))


async def tell(
    uow: UnitOfWork,
    schedule: ScheduleRow,
    kind: PageKind,
    told: Mapping[int, _Words],
    *,
    by: Sentence | None = None,
) -> list[str]:
    """Put a message for each into the outbox, in their language and zone; return the names of those not reached.

    Who acts knows it already, unless it is done `by` something else.
    """
    told = {user: said for user, said in told.items() if by is not None or user != uow.user_id}
    if not told:
        return []
    outbox = Outbox(uow.now, await reading.people(uow.session, [*told]))
    rows = await uow.session.execute(_ZONES, {"ids": [*told]})
    zones = {row.id: zone_or_utc(row.zone) for row in rows}
    unreached: list[str] = []
    for user, said in told.items():
        person = outbox.people[user]
        with speaking(person.language):
            reason = Written(said(zones[user]))
        if outbox.add(_page(uow, kind, user, reason)) is not None:
            unreached.append(person.name)
            continue
        fact = Fact.SHIFT_ANNOUNCED if kind is PageKind.SHIFT else Fact.OFFER_TOLD
        first = said(zones[user]).splitlines()[0]
        subject = f"schedule:{schedule.id}"
        uow.record(fact, subject=subject, name=schedule.name, user=person.name, user_id=user, reason=first)
    await outbox.write(uow)
    return unreached


def _page(uow: UnitOfWork, kind: PageKind, user_id: int, reason: Written) -> Page:
    return Page(
        incident_id=None,
        generation=0,
        kind=kind,
        user_id=user_id,
        reason=reason,
        urgency=Urgency.LOW,
        due_at=uow.now,
        once=True,
    )


async def who_acts(uow: UnitOfWork) -> str:
    """Return the name of who makes the change."""
    if uow.user_id is None:
        return "OpsKnight"
    return (await uow.session.get_one(UserRow, uow.user_id)).name


def _wanted(swap: ShiftSwapRow) -> Interval | None:
    start_at, end_at = swap.return_start_at, swap.return_end_at
    return None if start_at is None or end_at is None else (start_at, end_at)


def missed(names: list[str]) -> str:
    """Return whom no message reaches as a sentence after a space, nothing where every one does."""
    return f" No message reaches {people(names)}: tell them yourself." if names else ""
