"""Holding messages back that come too fast. Nothing is dropped: what is held is told of by what goes later."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import orjson
from sqlalchemy import Row, text

from opsknight.domain.commands import bundles
from opsknight.domain.model.burst import Bursts
from opsknight.domain.model.channel import shown
from opsknight.domain.model.escalation import ANSWER_WITHIN
from opsknight.domain.model.event import Severity, Urgency
from opsknight.domain.model.ledger import Fact
from opsknight.domain.model.notification import PageKind
from opsknight.domain.model.phone_turn import PHONES, waits
from opsknight.domain.model.speech import Sentence, to_say
from opsknight.domain.store.unit_of_work import UnitOfWork

NO_SERVICE: Final = 0

_HOLD_BACK: Final = text("""
    UPDATE notifications n SET status = 'queued', held = true, gather = n.gather OR :gather, due_at = h.until,
        reason = h.reason, said = CAST(h.said AS jsonb), lease_until = NULL, worker = NULL
    FROM unnest(CAST(:ids AS uuid[]), CAST(:untils AS timestamptz[]), CAST(:reasons AS text[]), CAST(:saids AS text[]))
        h (id, until, reason, said)
    WHERE n.id = h.id
""")

# Its time to answer is counted from when somebody is asked, by whichever message came first. What is being fired this
# instant is left to it.
_ANSWER_LATER: Final = text("""
    UPDATE timers SET due_at = h.until FROM (
        SELECT t.id, h.until
        FROM unnest(CAST(:incidents AS uuid[]), CAST(:pages AS uuid[]), CAST(:untils AS timestamptz[]))
            h (id, page_id, until)
        JOIN timers t ON t.subject = h.id AND t.kind = 'ack_reminder' AND t.lease_until IS NULL AND t.due_at < h.until
        WHERE NOT EXISTS (SELECT FROM notifications n WHERE n.page_id = h.page_id
            AND n.status IN ('accepted', 'delivered', 'seen', 'bundled'))
        ORDER BY t.id FOR NO KEY UPDATE OF t SKIP LOCKED) h
    WHERE timers.id = h.id
""")


@dataclass(frozen=True, slots=True)
class Hold:
    """A message that waits, until when, and why."""

    row: Row[Any]
    until: datetime
    reason: Sentence


async def hold_back(uow: UnitOfWork, holds: Sequence[Hold], *, gather: bool) -> None:
    """Let messages wait; those that `gather` go together once they are due."""
    if not holds:
        return
    values = {
        "ids": [one.row.id for one in holds],
        "untils": [one.until for one in holds],
        "reasons": [one.reason.english for one in holds],
        "saids": [orjson.dumps(one.reason.to_json()).decode() for one in holds],
        "gather": gather,
    }
    await uow.session.execute(_HOLD_BACK, values)
    asking = [one for one in holds if one.row.kind == PageKind.STILL_ON_IT]
    if asking:
        untils = [one.until + ANSWER_WITHIN for one in asking]
        of = {"incidents": [one.row.incident_id for one in asking], "pages": [one.row.page_id for one in asking]}
        await uow.session.execute(_ANSWER_LATER, {**of, "untils": untils})
    for one in holds:
        if one.row.held:
            continue
        uow.record(
            Fact.HELD_BACK,
            incident_id=one.row.incident_id,
            channel=one.row.channel,
            label=shown(one.row.channel, label=one.row.label or "", address=one.row.address or ""),
            user=one.row.user_name,
            user_id=one.row.user_id,
            notification_id=str(one.row.id),
            for_s=round((one.until - uow.now).total_seconds(), 1),
            reason=one.reason.english,
        )


async def spread(uow: UnitOfWork, rows: Sequence[Row[Any]], bursts: Bursts | None) -> list[Row[Any]]:
    """Return those of the wanted `rows` of one channel that go now, and hold back what a burst has too much of.

    What is late or goes together with others anyway is one message, and goes. Phones have turns of their own. Costs
    no statement where nothing is held.
    """
    if bursts is None or not rows or rows[0].channel in PHONES:
        return list(rows)
    going: list[Row[Any]] = []
    holds: list[Hold] = []
    for row in rows:
        if row.attempts or row.contact_method_id is None or not waits(PageKind(row.kind)) or bundles.gathers(row, uow):
            going.append(row)
            continue
        severity = Severity(row.severity) if row.severity else None
        key = (row.contact_method_id, row.service_id or NO_SERVICE, Urgency(row.urgency), severity)
        until = bursts.held_until(key, row.id, at=uow.now)
        if until is None:
            going.append(row)
        else:
            holds.append(Hold(row, until, _reason(row, bursts.most)))
    await hold_back(uow, holds, gather=True)
    return going


def _reason(row: Row[Any], most: int) -> Sentence:
    if not row.service:
        return to_say(
            "held back for a minute at most: {count} messages went here within a minute, and the next tells all",
            count=most,
        )
    return to_say(
        "held back for a minute at most: {count} messages about {service} went here within a minute, and the next"
        " tells all",
        count=most,
        service=row.service,
    )
