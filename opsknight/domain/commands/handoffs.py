"""Leaving a note at the end of one's time on call, for whoever comes."""

from __future__ import annotations

from sqlalchemy import select

from opsknight.domain.commands.arranging import Done, held
from opsknight.domain.commands.authority import require
from opsknight.domain.model.handoff import AFTER_END, LONGEST
from opsknight.domain.model.ledger import Fact, span
from opsknight.domain.model.permission import Need
from opsknight.domain.queries.handoffs import turn_that_ends
from opsknight.domain.store.tables import HandoffNoteRow
from opsknight.domain.store.unit_of_work import UnitOfWork
from opsknight.errors import Conflict, Invalid


async def leave_note(uow: UnitOfWork, schedule_id: int, note: str) -> Done:
    """Leave `note` for who comes on call after the actor; it replaces what they left before, and empty takes it back.

    Raises:
        NotFound: there is no such schedule.
        Conflict: the actor is not on call on it, and was not lately; or nobody else comes.
        Invalid: the note is too long.
    """
    await require(uow, Need.RESPOND)
    note = note.strip()
    if len(note) > LONGEST:
        raise Invalid(f"The note has {len(note)} characters; {LONGEST} are allowed. Link to what is longer.")
    schedule = await held(uow, schedule_id)
    turn = await turn_that_ends(uow.session, schedule_id, uow.user_id or 0, at=uow.now)
    if turn is None:
        hours = span(AFTER_END.total_seconds())
        raise Conflict(
            f"You are not on call on {schedule.name}, and were not in the last {hours}, or nobody but you comes next:"
            " a note is left by who hands over."
        )
    mine = select(HandoffNoteRow).where(
        HandoffNoteRow.schedule_id == schedule_id,
        HandoffNoteRow.user_id == turn.user_id,
        HandoffNoteRow.began_at < turn.end_at,
        HandoffNoteRow.handoff_at > turn.start_at,
    )
    row = await uow.session.scalar(mine.order_by(HandoffNoteRow.written_at.desc()).limit(1))
    before = "" if row is None else row.text
    if note == before:
        return Done(schedule_id, "The note is as it was.", schedule_id)
    if row is None:
        row = HandoffNoteRow(schedule_id=schedule_id, user_id=turn.user_id, handoff_at=turn.end_at)
        uow.session.add(row)
    row.handoff_at, row.began_at, row.text, row.written_at = turn.end_at, turn.start_at, note, uow.now
    if not note:
        await uow.session.delete(row)
    did = "left a note for who comes on call on" if note else "took back the note for who comes on call on"
    did = f"{did} {schedule.name}"
    subject = f"schedule:{schedule_id}"
    uow.record(Fact.HANDOFF_NOTED, subject=subject, did=did, name=schedule.name, before=before, after=note)
    if not note:
        return Done(schedule_id, "Your note is taken back.", schedule_id)
    return Done(schedule_id, f"Whoever comes on call on {schedule.name} after you reads it.", schedule_id)
