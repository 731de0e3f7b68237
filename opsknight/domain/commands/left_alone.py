"""When the acting person is left alone: their quiet hours, and who is paged instead of them for a while."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import select, text

from opsknight.domain.commands.contact_methods import own
from opsknight.domain.commands.standing_in import hand_on
from opsknight.domain.model.cron import BadCron
from opsknight.domain.model.ledger import Fact, span
from opsknight.domain.model.permission import Role
from opsknight.domain.model.quiet_hours import BadQuietHours, QuietHours, checked, stored
from opsknight.domain.model.standing_in import LONGEST
from opsknight.domain.queries import escalations as reading
from opsknight.domain.queries.people import active_name
from opsknight.domain.store.tables import UserRow
from opsknight.domain.store.unit_of_work import UnitOfWork
from opsknight.errors import Invalid

# What is one page stays one: the delays between its messages are kept.
_HOLD_ANEW: Final = text("""
    UPDATE notifications SET due_at = greatest(:now, due_at - held_until + CAST(:start AS timestamptz)),
        held_until = :until, reason = CASE WHEN CAST(:until AS timestamptz) IS NULL THEN '' ELSE reason END
    WHERE user_id = :user_id AND status = 'queued' AND finished_at IS NULL AND attempts = 0 AND held_until > :now
""")


@dataclass(frozen=True, slots=True)
class Done:
    """The sentence that says what is so now."""

    sentence: str


async def set_quiet_hours(uow: UnitOfWork, windows: Sequence[Mapping[str, Any]]) -> Done:
    """Hold what is of low urgency in `windows`, by the clock of the acting person's zone; what is held now follows.

    Each window says `weekdays` (1 is Monday), `start` and `end`, as 22:00.

    Raises:
        Invalid: they cannot be kept.
    """
    user = await _held(uow)
    try:
        hours = checked(user.zone, windows)
    except (BadQuietHours, BadCron) as refused:
        raise Invalid(str(refused)) from refused
    user.quiet_hours = [window.to_json() for window in hours.windows]
    words = ", ".join(window.words for window in hours.windows)
    uow.record(Fact.QUIET_HOURS_SET, **_about(user), reason=f"{words}, {user.zone}" if words else "none")
    released = await _hold_anew(uow, user.id, hours)
    now = " What they held is on its way." if released else ""
    if not words:
        return Done(f"You have no quiet hours now.{now}")
    return Done(f"Low urgency is held {words}, and told when that ends. High urgency always reaches you.{now}")


async def do_not_disturb(uow: UnitOfWork, *, until: datetime, substitute_id: int, unset: Collection[str] = ()) -> Done:
    """Let `substitute_id` be paged instead of the acting person before `until`; it ends by itself.

    From now on: what is queued already and waits for an acknowledge goes to them at once. `unset` are the channels that
    are not set up.

    Raises:
        Invalid: it is over already, lasts too long, or they cannot be paged instead.
    """
    user = await _held(uow)
    if until <= uow.now:
        raise Invalid("Say until when, in the future.")
    if until > uow.now + LONGEST:
        raise Invalid(f"{LONGEST.days} days at most; take leave for longer, so that your shifts go to others.")
    if substitute_id == user.id:
        raise Invalid("Name somebody else: nobody can stand in for themselves.")
    name = await active_name(uow.session, substitute_id)
    other = (await reading.people(uow.session, [substitute_id], unset=unset))[substitute_id]
    if not other.reach(uow.now).reachable:
        raise Invalid(f"{name} cannot be reached by any page; name somebody with a verified contact method.")
    if (await uow.session.get_one(UserRow, substitute_id)).role == Role.OBSERVER:
        raise Invalid(f"{name} only looks on and cannot acknowledge; name a responder.")
    if not other.stands_in_at(uow.now):
        raise Invalid(f"{name} is not to be disturbed either; name somebody else.")
    user.undisturbed_until, user.substitute_id = until, substitute_id
    lasts_s = (until - uow.now).total_seconds()
    uow.record(Fact.UNDISTURBED, **_about(user), for_s=lasts_s, reason=f"{name} is paged instead", by_id=substitute_id)
    await uow.session.flush()
    moved = " What was still to come for you goes to them now." if await hand_on(uow, user.id) else ""
    return Done(f"{name} is paged instead of you for {span(lasts_s)}; it ends by itself.{moved}")


async def disturb_again(uow: UnitOfWork) -> Done:
    """Let the acting person be paged again."""
    user = await _held(uow)
    was_on = user.undisturbed_until is not None and user.undisturbed_until > uow.now
    user.undisturbed_until, user.substitute_id = None, None
    if not was_on:
        return Done("Your pages reach you already.")
    uow.record(Fact.DISTURBED_AGAIN, **_about(user))
    return Done("Your pages reach you again.")


async def hold_anew(uow: UnitOfWork, user: UserRow) -> bool:
    """Let what quiet hours hold for `user` wait for their end by the clock of the zone that they live in now.

    Returns whether anything goes out now instead.
    """
    return await _hold_anew(uow, user.id, stored(user.zone, user.quiet_hours))


async def _hold_anew(uow: UnitOfWork, user_id: int, hours: QuietHours) -> bool:
    """Let what is held for a person wait for the end of `hours`; return whether anything goes out now instead."""
    until = hours.until(uow.now)
    key = {"user_id": user_id, "now": uow.now, "until": until, "start": until or uow.now}
    moved = await uow.session.execute(_HOLD_ANEW, key)
    return until is None and bool(moved.rowcount)  # type: ignore[attr-defined]  # an UPDATE has it


async def _held(uow: UnitOfWork) -> UserRow:
    user_id = await own(uow)
    held = select(UserRow).where(UserRow.id == user_id).with_for_update(key_share=True)
    return (await uow.session.scalars(held.execution_options(populate_existing=True))).one()


def _about(user: UserRow) -> dict[str, Any]:
    return {"subject": f"user:{user.id}", "user": user.name, "user_id": user.id}
