"""After a message was sent, or not: complete the attempt, move the notification, and see what follows.

What follows: another try, the person's next contact method, or the next step of the escalation.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select, text
from sqlalchemy.dialects.postgresql import JSONB

from opsknight.domain.commands import in_vain
from opsknight.domain.model.attempt import Attempt
from opsknight.domain.model.channel import face
from opsknight.domain.model.event import Urgency
from opsknight.domain.model.ledger import Fact
from opsknight.domain.model.notification import (
    ALONE,
    UNASKED,
    Ambiguous,
    Failed,
    Outcome,
    PageKind,
    Retry,
    Sent,
)
from opsknight.domain.model.quiet_hours import rests
from opsknight.domain.model.retry import (
    NOT_REACHED_AFTER,
    RetryAt,
    after_ambiguous,
    after_transient,
)
from opsknight.domain.model.speech import later, to_say
from opsknight.domain.store.tables import UserRow
from opsknight.domain.store.unit_of_work import UnitOfWork

RECEIVED = ("delivered", "seen")

_HOLD = text("""
    SELECT n.status, a.outcome FROM notifications n JOIN attempts a ON a.id = :attempt_id
    WHERE n.id = :id AND n.fence = :fence FOR NO KEY UPDATE OF n
""")
_HOLD_SENT = text("""
    SELECT n.id, n.status, a.outcome
    FROM unnest(CAST(:ids AS uuid[]), CAST(:fences AS bigint[]), CAST(:attempt_ids AS uuid[])) k (id, fence, attempt_id)
    JOIN notifications n ON n.id = k.id AND n.fence = k.fence JOIN attempts a ON a.id = k.attempt_id
    ORDER BY n.id FOR NO KEY UPDATE OF n
""")
_SENT = text("""
    WITH sent AS (
        SELECT * FROM unnest(CAST(:ids AS uuid[]), CAST(:attempt_ids AS uuid[]), CAST(:statuses AS text[]),
            CAST(:provider_ids AS text[]), CAST(:details AS text[]), CAST(:carriers AS text[]),
            CAST(:countries AS text[]), CAST(:costs AS numeric[]), CAST(:currencies AS text[]))
            s (id, attempt_id, status, provider_id, detail, carrier, country, cost, currency)
    ), closed AS (
        UPDATE attempts a SET outcome = 'accepted', finished_at = :now, provider_id = s.provider_id, detail = s.detail,
            carrier = s.carrier, country = s.country, cost = s.cost, currency = s.currency
        FROM sent s WHERE a.id = s.attempt_id AND a.outcome = 'started'
    )
    UPDATE notifications n SET status = s.status, finished_at = :now, reason = '', lease_until = NULL, worker = NULL
    FROM sent s WHERE n.id = s.id
""")
_CLOSE_ATTEMPT = text("""
    UPDATE attempts SET outcome = :outcome, finished_at = :now, detail = :detail, carrier = :carrier,
        country = :country
    WHERE id = :id AND outcome = 'started'
""")
_MOVE = text("""
    UPDATE notifications SET status = :status, due_at = coalesce(:due_at, due_at), finished_at = :finished_at,
        reason = :reason, lease_until = NULL, worker = NULL
    WHERE id = :id AND fence = :fence
""")
_NEXT_METHOD = text("""
    UPDATE notifications SET due_at = :now, reason = :why, said = :said
    WHERE id IN (SELECT DISTINCT ON (n.page_id) n.id
                    FROM (SELECT CAST(:page_id AS uuid) AS page_id, CAST(:position AS integer) AS position
                            UNION ALL SELECT b.page_id, b.position FROM notifications b
                            WHERE b.bundled_into = :id AND b.status = 'bundled') tried
                    JOIN notifications n ON n.page_id = tried.page_id AND n.position > tried.position
                    WHERE n.contact_method_id <> :method_id AND n.status NOT IN ('failed', 'superseded')
                    ORDER BY n.page_id, n.position)
        AND status = 'queued' AND attempts = 0 AND due_at > :now AND (held_until IS NULL OR held_until <= :now)
        AND (urgency = 'high' OR NOT :rests)
""").bindparams(bindparam("said", type_=JSONB))
_DISABLE = text("""
    UPDATE contact_methods SET disabled_at = :now, disabled_reason = :reason WHERE id = :id AND disabled_at IS NULL
    RETURNING id
""")
_VERIFY = text("UPDATE contact_methods SET verified_at = :now WHERE id = :id AND verified_at IS NULL RETURNING id")


async def finish(uow: UnitOfWork, attempt: Attempt, outcome: Outcome, *, jitter: float) -> bool:
    """Write what became of `attempt` and return True; False when it is not ours any more.

    It is not ours any more when its lease ended and another worker took it: nothing is written
    then, and that worker has called it ambiguous. Repeatable: what is written already stays. A
    receipt that came first counts as accepted. `jitter` is a random number in [0, 1).
    """
    if isinstance(outcome, Sent):
        return (await finish_sent(uow, [(attempt, outcome)]))[0]
    await hold(uow, [(attempt, outcome)])
    key = {"id": attempt.notification_id, "fence": attempt.fence, "attempt_id": attempt.id}
    held = (await uow.session.execute(_HOLD, key)).one_or_none()
    if held is None:
        return False
    if held.outcome != "started":
        return True
    if held.status in RECEIVED:
        await _sent(uow, [(attempt, Sent(detail="its receipt came before the provider's answer"), held.status)])
        return True
    match outcome:
        case Retry():
            await _retry(uow, attempt, outcome, jitter=jitter)
        case Failed(elsewhere=True):
            await _pass_on(uow, attempt, outcome)
        case Failed():
            await _close(uow, attempt, "failed", outcome)
            await end_in_vain(uow, attempt, detail=outcome.reason, gone=outcome.gone)
        case Ambiguous():
            await _close(uow, attempt, "ambiguous", outcome)
            await _perhaps(uow, attempt, detail=outcome.reason, perhaps=attempt.perhaps + 1, wait=True)
    return True


async def hold(uow: UnitOfWork, ended: Sequence[tuple[Attempt, Outcome]]) -> None:
    """Hold the incidents that these outcomes touch: also of what goes together with a message that is in vain."""
    of_incidents = [(attempt, outcome) for attempt, outcome in ended if attempt.incident is not None]
    if of_incidents:
        ids = [attempt.notification_id for attempt, _ in of_incidents]
        carried = any(_may_be_in_vain(attempt, outcome) for attempt, outcome in of_incidents)
        await in_vain.hold(uow, ids, carried=carried)


async def finish_sent(uow: UnitOfWork, sent: Sequence[tuple[Attempt, Sent]]) -> Sequence[bool]:
    """Write that these attempts were sent; say of each, as `finish`, whether it was still ours."""
    key = {
        "ids": [attempt.notification_id for attempt, _ in sent],
        "fences": [attempt.fence for attempt, _ in sent],
        "attempt_ids": [attempt.id for attempt, _ in sent],
    }
    held = {row.id: row for row in await uow.session.execute(_HOLD_SENT, key)}
    started = [
        (attempt, outcome, row.status if row.status in RECEIVED else "accepted")
        for attempt, outcome in sent
        if (row := held.get(attempt.notification_id)) is not None and row.outcome == "started"
    ]
    if started:
        await _sent(uow, started)
    return [attempt.notification_id in held for attempt, _ in sent]


async def was_cut_off(uow: UnitOfWork, attempt: Attempt, *, why: str) -> bool:
    """See what follows an attempt that nobody finished; return whether the message is sent once more.

    `attempt` is the one to come; the one cut off is counted in its `perhaps` already.
    """
    return await _perhaps(uow, attempt, detail=why, perhaps=attempt.perhaps, wait=False)


async def end_in_vain(uow: UnitOfWork, attempt: Attempt, *, detail: str, gone: bool = False) -> None:
    """Mark the notification failed for good; its person's next contact method, or next step, follows.

    `gone` switches the contact method off as well.
    """
    await _move(uow, attempt, "failed", reason=detail, finished=True)
    record(uow, Fact.FAILED, attempt, detail=detail)
    if gone:
        key = {"id": attempt.contact_method_id, "now": uow.now, "reason": detail}
        if (await uow.session.execute(_DISABLE, key)).first():
            record(uow, Fact.METHOD_DISABLED, attempt, detail=detail)
    await _next_method(uow, attempt, later("{message} failed"))
    await in_vain.follow(uow, attempt, Fact.FAILED, detail=detail)


def record(uow: UnitOfWork, fact: Fact, attempt: Attempt, **data: Any) -> None:
    """Write a fact about one notification; canaries are counted elsewhere, and would fill the ledger."""
    if attempt.kind is PageKind.CANARY:
        return
    uow.record(
        fact,
        incident_id=attempt.incident.id if attempt.incident else None,
        channel=attempt.channel,
        label=attempt.label,
        user=attempt.user_name,
        user_id=attempt.user_id,
        attempt=attempt.number,
        notification_id=str(attempt.notification_id),
        **data,
    )


async def _sent(uow: UnitOfWork, sent: Sequence[tuple[Attempt, Sent, str]]) -> None:
    """Close attempts that are held and started, each with the status that its notification then has."""
    rows = {
        "ids": [attempt.notification_id for attempt, _, _ in sent],
        "attempt_ids": [attempt.id for attempt, _, _ in sent],
        "statuses": [status for _, _, status in sent],
        "provider_ids": [outcome.provider_id for _, outcome, _ in sent],
        "details": [outcome.detail[:1000] for _, outcome, _ in sent],
        "carriers": [outcome.carrier for _, outcome, _ in sent],
        "countries": [outcome.country for _, outcome, _ in sent],
        "costs": [outcome.cost for _, outcome, _ in sent],
        "currencies": [outcome.currency for _, outcome, _ in sent],
    }
    await uow.session.execute(_SENT, {**rows, "now": uow.now})
    for attempt, outcome, _ in sent:
        record(uow, Fact.SENT, attempt, detail=outcome.detail)
        if attempt.kind is not PageKind.CONFIRM:
            continue
        key = {"id": attempt.contact_method_id, "now": uow.now}
        if (await uow.session.execute(_VERIFY, key)).first():
            record(uow, Fact.METHOD_VERIFIED, attempt)


async def _retry(uow: UnitOfWork, attempt: Attempt, outcome: Retry, *, jitter: float) -> None:
    failures = attempt.retries + 1
    await _close(uow, attempt, "retry", outcome)
    if attempt.kind in UNASKED and failures >= NOT_REACHED_AFTER:
        # A test is not wanted for ever.
        await end_in_vain(uow, attempt, detail=outcome.reason)
        return
    follows = after_transient(
        failures,
        urgency=attempt.urgency,
        at=uow.now,
        jitter=jitter,
        wanted_after=outcome.after,
        elsewhere=outcome.elsewhere,
    )
    # A perhaps-sent message that failed surely afterwards is still a possible repeat: its attempts say so.
    await _move(uow, attempt, "queued", reason=outcome.reason, due_at=follows.due_at)
    if failures <= NOT_REACHED_AFTER:  # the attempts go on being listed; the timeline need not grow all night
        in_s = (follows.due_at - uow.now).total_seconds()
        when = {"elsewhere": True} if outcome.elsewhere else {"for_s": round(in_s, 1)}
        record(uow, Fact.RETRYING, attempt, detail=outcome.reason, **when)
    if follows.next_method_now:
        await _next_method(uow, attempt, later("{message} did not go through"))
    if failures == NOT_REACHED_AFTER:
        record(uow, Fact.NOT_REACHED, attempt, detail=outcome.reason)
        await in_vain.follow(uow, attempt, Fact.NOT_REACHED, detail=outcome.reason)


async def _pass_on(uow: UnitOfWork, attempt: Attempt, outcome: Failed) -> None:
    """Have another carrier try now what one has refused; for high urgency the next contact method starts, too."""
    await _close(uow, attempt, "failed", outcome)
    await _move(uow, attempt, "queued", reason=outcome.reason, due_at=uow.now)
    record(uow, Fact.RETRYING, attempt, detail=outcome.reason, elsewhere=True)
    if attempt.urgency is Urgency.HIGH:
        await _next_method(uow, attempt, later("{message} did not go through"))


async def _perhaps(uow: UnitOfWork, attempt: Attempt, *, detail: str, perhaps: int, wait: bool) -> bool:
    """Send once more, marked as a possible repeat; after that it stays ambiguous. Return which.

    With `wait` the notification goes back to be claimed; without, the caller sends it right now.
    """
    follows = after_ambiguous(at=uow.now, resent=perhaps > 1, urgency=attempt.urgency)
    record(uow, Fact.AMBIGUOUS, attempt, detail=detail)
    if isinstance(follows, RetryAt):
        if wait:
            await _move(uow, attempt, "ambiguous", reason=detail, due_at=follows.due_at)
        if follows.next_method_now:
            await _next_method(uow, attempt, later("{message} was perhaps sent"))
        return True
    await _move(uow, attempt, "ambiguous", reason=detail, finished=True)
    await _next_method(uow, attempt, later("{message} was perhaps sent"))
    # Nobody ever confirmed it: a step that hangs on such messages alone goes on, rather than wait in vain.
    await in_vain.follow(uow, attempt, Fact.AMBIGUOUS, detail=detail)
    return False


def _may_be_in_vain(attempt: Attempt, outcome: Outcome) -> bool:
    match outcome:
        case Sent():
            return False
        case Retry():
            return attempt.retries + 1 == NOT_REACHED_AFTER
        case Ambiguous():
            return attempt.perhaps > 0
        case Failed():
            return not outcome.elsewhere


async def _close(uow: UnitOfWork, attempt: Attempt, word: str, outcome: Retry | Failed | Ambiguous) -> None:
    said = {"detail": outcome.reason[:1000], "carrier": outcome.carrier, "country": outcome.country}
    await uow.session.execute(_CLOSE_ATTEMPT, {"id": attempt.id, "outcome": word, "now": uow.now, **said})


async def _move(
    uow: UnitOfWork,
    attempt: Attempt,
    status: str,
    *,
    reason: str = "",
    due_at: datetime | None = None,
    finished: bool = False,
) -> None:
    await uow.session.execute(
        _MOVE,
        {
            "id": attempt.notification_id,
            "fence": attempt.fence,
            "status": status,
            "reason": reason[:1000],
            "due_at": due_at,
            "finished_at": uow.now if finished else None,
        },
    )


async def _next_method(uow: UnitOfWork, attempt: Attempt, what: str) -> None:
    """Make the next other contact method due now, unless it has started already; so for all that it carries.

    What of low urgency is to come after its person's quiet hours does not come within them.
    """
    if attempt.kind in ALONE:
        return
    word = to_say(face(attempt.channel).word)
    to = to_say("the {channel} to {label}", channel=word, label=attempt.label)
    why = to_say(what, message=to if attempt.label else to_say("the {channel}", channel=word))
    key = {
        "id": attempt.notification_id,
        "page_id": attempt.page_id,
        "position": attempt.position,
        "method_id": attempt.contact_method_id,
        "now": uow.now,
        "rests": (attempt.urgency is Urgency.LOW or bool(attempt.others)) and await _rests(uow, attempt.user_id),
    }
    await uow.session.execute(_NEXT_METHOD, {**key, "why": why.english, "said": why.to_json()})


async def _rests(uow: UnitOfWork, user_id: int | None) -> bool:
    """Say whether a person has quiet hours now."""
    found = select(UserRow.zone, UserRow.quiet_hours).where(UserRow.id == user_id)
    person = (await uow.session.execute(found)).one_or_none()
    return person is not None and rests(person.zone, person.quiet_hours, at=uow.now)
