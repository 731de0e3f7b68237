"""What follows a message that its provider took and that gives no sign of life: its person's next contact method."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import orjson
from sqlalchemy import text

from opsknight.domain.model.channel import RECEIPT_WITHIN, face
from opsknight.domain.model.quiet_hours import rests
from opsknight.domain.model.speech import to_say
from opsknight.domain.store.unit_of_work import UnitOfWork

MANY: Final = 200

# The next is the first after the silent one that goes to another contact method: what is silent once is silent again.
# One that failed or is not wanted any more is neither, and between two of one method nothing is waited for.
_START_NEXT: Final = text("""
    UPDATE notifications n SET due_at = :now, reason = late.why, said = CAST(late.said AS jsonb)
    FROM (
        SELECT waiting.id, silent.why, silent.said FROM notifications waiting
        JOIN LATERAL (
            SELECT r.why, r.said FROM notifications before
            JOIN notifications sent
                ON sent.id = CASE WHEN before.status = 'bundled' THEN before.bundled_into ELSE before.id END
            JOIN unnest(CAST(:channels AS text[]), CAST(:whys AS text[]), CAST(:saids AS text[]),
                CAST(:befores AS timestamptz[])) r (channel, why, said, before) ON r.channel = before.channel
            WHERE before.page_id = waiting.page_id AND before.position < waiting.position
                AND before.contact_method_id <> waiting.contact_method_id
                AND sent.status = 'accepted' AND sent.finished_at <= r.before
                AND NOT EXISTS (SELECT FROM notifications nearer
                    WHERE nearer.page_id = waiting.page_id AND nearer.position > before.position
                        AND nearer.position < waiting.position AND nearer.contact_method_id <> before.contact_method_id
                        AND nearer.status NOT IN ('failed', 'superseded'))
            ORDER BY before.position DESC LIMIT 1) silent ON true
        WHERE waiting.finished_at IS NULL AND waiting.attempts = 0 AND waiting.status = 'queued'
            AND waiting.due_at > :now AND (waiting.held_until IS NULL OR waiting.held_until <= :now)
            AND (waiting.urgency = 'high' OR coalesce(waiting.user_id, 0) <> ALL(CAST(:resting AS bigint[])))
            AND NOT EXISTS (SELECT FROM notifications own JOIN notifications heard
                    ON heard.id = CASE WHEN own.status = 'bundled' THEN own.bundled_into ELSE own.id END
                    WHERE own.page_id = waiting.page_id AND heard.status IN ('delivered', 'seen'))
        LIMIT :many FOR UPDATE OF waiting SKIP LOCKED) late
    WHERE n.id = late.id
""")
# What is planned for after the quiet hours is held by none, and yet must not come within them.
_WHO_MAY_REST: Final = text("""
    SELECT DISTINCT u.id, u.zone, u.quiet_hours FROM notifications n JOIN users u ON u.id = n.user_id
    WHERE n.finished_at IS NULL AND n.attempts = 0 AND n.status = 'queued' AND n.urgency = 'low' AND n.due_at > :now
        AND u.quiet_hours <> '[]'
""")


async def start_next(uow: UnitOfWork) -> int:
    """Make the next contact method due for each message without a receipt in time; return how many.

    For either urgency, but nothing of low urgency within its person's quiet hours.
    """
    whys = [to_say("no sign from the {channel}", channel=to_say(face(channel).word)) for channel in RECEIPT_WITHIN]
    key = {
        "now": uow.now,
        "channels": list(RECEIPT_WITHIN),
        "whys": [why.english for why in whys],
        "saids": [orjson.dumps(why.to_json()).decode() for why in whys],
        "befores": [uow.now - within for within in RECEIPT_WITHIN.values()],
        "resting": await _resting(uow),
        "many": MANY,
    }
    found = await uow.session.execute(_START_NEXT, key)
    return found.rowcount  # type: ignore[attr-defined]  # an UPDATE has it


async def _resting(uow: UnitOfWork) -> Sequence[int]:
    """Return who has quiet hours now, of those for whom something of low urgency waits."""
    found = await uow.session.execute(_WHO_MAY_REST, {"now": uow.now})
    return [row.id for row in found if rests(row.zone, row.quiet_hours, at=uow.now)]
