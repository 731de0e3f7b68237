"""Who is on call as entries of a calendar, by the same function that pages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

from opsknight.domain.model import schedule as model
from opsknight.domain.model.imported_shift import Known
from opsknight.domain.model.record import Record, since_made
from opsknight.domain.model.schedule import OnCall, Schedule
from opsknight.ics.writing import Entry

BEHIND: Final = timedelta(days=30)
AHEAD: Final = timedelta(days=180)
"""A calendar shows what was in the last 30 days and what comes in the next 180."""


def window(at: datetime) -> tuple[datetime, datetime]:
    """Return what a calendar shows at `at`; it moves once a day, so that the calendar stays the same meanwhile."""
    today = at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return today - BEHIND, today + AHEAD


def entries(
    schedule: Schedule,
    record: Record | None,
    people: Mapping[int, Known],
    *,
    at: datetime,
    address: str,
    realm: str,
    only: int | None = None,
    with_gaps: bool = False,
) -> Iterator[Entry]:
    """Yield the shifts of a schedule in the window around `at`, whole; those of person `only` where one is named.

    What is recorded is told as it was, and gaps as far as they are to come; of the time before a schedule was made
    there is nothing. What a shift says is the same whatever window it is seen in.
    Links begin with `address`; `realm` names the installation. Of person `only` it is told too when they shadow. Gaps
    are only shown where nobody is picked out, and of no schedule that was deleted.
    """
    start, end = window(at)
    url = f"{address}/schedules/{schedule.id}"
    for shift in since_made(schedule, record, start, end):
        if only is not None and shift.user_id != only:
            continue
        yield _shift(schedule, shift, people, url=url, realm=realm)
    deleted = record is not None and record.over_at is not None
    if only is not None and not deleted:
        yield from _shadowing(schedule, only, people, start + BEHIND, end, url=url, realm=realm)
    if with_gaps and only is None and not deleted:
        for gap_start, gap_end in model.gaps(schedule, start + BEHIND, end):
            yield Entry(
                gap_start,
                gap_end,
                f"gap-{schedule.id}",
                realm,
                f"Nobody on call: {schedule.name}",
                "No layer covers this time: nobody of this schedule is paged.",
                url,
            )


def _shadowing(
    schedule: Schedule,
    user_id: int,
    people: Mapping[int, Known],
    start: datetime,
    end: datetime,
    *,
    url: str,
    realm: str,
) -> Iterator[Entry]:
    """Yield the turns of a person who only listens, of which nothing is recorded: those to come."""
    for shown in model.shadows(schedule, start, end):
        for turn in shown.turns:
            if turn.user_id != user_id:
                continue
            ident = f"shadow-{schedule.id}-{user_id}"
            title, why = f"{_name(people, user_id)} shadows: {schedule.name}", "Listens, and is not paged."
            yield Entry(turn.start_at, turn.end_at, ident, realm, title, why, url)


def _shift(schedule: Schedule, shift: OnCall, people: Mapping[int, Known], *, url: str, realm: str) -> Entry:
    known = people.get(shift.user_id)
    return Entry(
        shift.start_at,
        shift.end_at,
        f"shift-{schedule.id}-{shift.user_id}",
        realm,
        f"{known.name if known else 'Somebody'} on call: {schedule.name}",
        _why(shift, people),
        url,
        known.email if known else "",
    )


def _why(shift: OnCall, people: Mapping[int, Known]) -> str:
    """Return why it is this person, in sentences."""
    if shift.temporary:
        words = f"By the temporary schedule {shift.temporary}."
    elif shift.override_id is None:
        words = f"By the layer {shift.layer}."
    elif shift.replaces is None:
        words = "Added by an override."
    else:
        words = "By an override."
    if shift.replaces is not None:
        words += f" In place of {_name(people, shift.replaces)}{', who is away' if shift.leave_id else ''}."
    return words


def _name(people: Mapping[int, Known], user_id: int) -> str:
    known = people.get(user_id)
    return known.name if known else "somebody"
