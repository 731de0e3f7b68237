"""What follows from a change of a schedule: who is told that they are on call, or that what they arranged is undone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from opsknight.domain.commands.arranging import when
from opsknight.domain.commands.effects import known
from opsknight.domain.commands.tellings import missed, tell, tell_on_call, who_acts
from opsknight.domain.model.notification import PageKind
from opsknight.domain.model.schedule import Schedule
from opsknight.domain.model.speech import Sentence
from opsknight.domain.model.undone import LISTED, Undone, concerned, in_place_of, of_undone
from opsknight.domain.queries.undone import undone_by
from opsknight.domain.store.tables import ScheduleRow
from opsknight.domain.store.unit_of_work import UnitOfWork


async def tell_of_change(
    uow: UnitOfWork, before: Schedule, schedule: ScheduleRow, *, by: Sentence | None = None
) -> str:
    """Tell whom a change puts on call at once, and who relies on a swap, cover or an override that it undoes.

    `before` is the schedule as it was; `by` is what has changed it, such as a calendar, where it was not who acts.
    Returns what was undone and whom no message reaches, in sentences after a space.
    """
    unreached = await tell_on_call(uow, before, schedule, by=by)
    found, names = await undone_by(uow.session, before, await known(uow, schedule.id), at=uow.now)
    if not found:
        return unreached
    theirs: dict[int, list[Undone]] = {}
    for one in found:
        for user in sorted(concerned(one)):
            theirs.setdefault(user, []).append(one)
    words = partial(of_undone, schedule=schedule.name, by=by or await who_acts(uow), names=names)
    told = {user: partial(words, mine, user) for user, mine in theirs.items()}
    others = missed(await tell(uow, schedule, PageKind.OFFER, told, by=by))
    return "".join([_answer(uow, found, names), *dict.fromkeys((unreached, others))])


def _answer(uow: UnitOfWork, found: Sequence[Undone], names: Mapping[int, str]) -> str:
    said = ""
    for one in found[:LISTED]:
        user, lasts = names.get(one.override.user_id or 0, "Somebody"), when(uow, one.times[0][0], one.times[-1][1])
        said += f" {user} is not on call any more by {in_place_of(one, names)} {lasts}."
    if (more := len(found) - LISTED) > 0:
        said += f" And {more} more {'is' if more == 1 else 'are'} undone."
    return said
