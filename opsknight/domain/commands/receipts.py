"""What became of a message that was sent: it was shown, or answered, or it never arrived.

The first two prove that a contact method works. Providers tell out of order and more than once.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final
from uuid import UUID

from sqlalchemy import TextClause, text

from opsknight.domain.commands import notifications, outcomes
from opsknight.domain.model.channel import room_name, shown
from opsknight.domain.model.ledger import Fact
from opsknight.domain.store.unit_of_work import UnitOfWork

# A receipt may come before the provider's answer is written, and even before it arrives. It is then
# the better knowledge: a message that was shown is not sent again.
_DELIVERED: Final = text("""
    UPDATE notifications SET status = 'delivered', finished_at = coalesce(finished_at, :now), delivered_at = :now
    WHERE id = :id AND attempts > 0 AND status IN ('queued', 'sending', 'accepted', 'ambiguous')
    RETURNING id
""")
_SEEN: Final = text("""
    UPDATE notifications SET status = 'seen', finished_at = coalesce(finished_at, :now), seen_at = :now
    WHERE id = :id AND attempts > 0 AND status IN ('queued', 'sending', 'accepted', 'ambiguous', 'delivered')
    RETURNING id
""")
_PROOF: Final = text("""
    UPDATE contact_methods m SET last_proof_at = :now, silence_told_at = NULL,
        heard_at = CASE WHEN m.heard_at IS NOT NULL THEN CAST(:now AS timestamptz) END
    FROM notifications n LEFT JOIN users u ON u.id = n.user_id
    WHERE n.id = :id AND n.attempts > 0 AND m.id = n.contact_method_id
    RETURNING n.incident_id, n.channel, m.label, m.address, u.id AS user_id, u.name AS user_name
""")
_OF: Final = text("""
    SELECT n.incident_id, n.channel, m.label, m.address, u.id AS user_id, u.name AS user_name
    FROM notifications n JOIN contact_methods m ON m.id = n.contact_method_id LEFT JOIN users u ON u.id = n.user_id
    WHERE n.id = :id AND n.attempts > 0
""")
# Of a call whose end was told before who took it: it is proof of when that was.
_PROOF_OF_CALL: Final = text("""
    UPDATE contact_methods m SET last_proof_at = n.delivered_at, silence_told_at = NULL
    FROM notifications n
    WHERE n.id = :id AND n.status = 'delivered' AND n.channel = 'voice' AND m.id = n.contact_method_id
        AND (m.last_proof_at IS NULL OR m.last_proof_at < n.delivered_at)
""")
_TAKE_BACK: Final = text("UPDATE notifications SET delivered_at = NULL WHERE id = :id AND status = 'delivered'")
_ACCEPTED_LAST: Final = text("""
    SELECT carrier, provider_id FROM attempts WHERE notification_id = :id AND outcome = 'accepted'
    ORDER BY number DESC LIMIT 1
""")
_COST: Final = text("""
    UPDATE attempts SET cost = :cost, currency = :currency
    WHERE notification_id = :id AND carrier = :carrier AND provider_id = :provider_id
    RETURNING id
""")
# The index of these leaves out the carriers that give no names.
_OF_PROVIDER: Final = text("""
    SELECT notification_id FROM attempts WHERE carrier = :carrier AND provider_id = :provider_id
        AND provider_id <> '' AND carrier NOT IN ('', 'smtp', 'push') ORDER BY started_at DESC LIMIT 1
""")


async def delivered(uow: UnitOfWork, notification_id: UUID) -> bool:
    """Note that a message was shown on its device, or a call taken by a person; return whether that was news."""
    is_news = await _note(uow, notification_id, _DELIVERED, Fact.DELIVERED)
    if not is_news:
        await uow.session.execute(_PROOF_OF_CALL, {"id": notification_id})
    return is_news


async def seen(uow: UnitOfWork, notification_id: UUID) -> bool:
    """Note that its person used a message, so has seen it; return whether that was news."""
    return await _note(uow, notification_id, _SEEN, Fact.SEEN)


async def completed(uow: UnitOfWork, notification_id: UUID) -> bool:
    """Note that a call came to its end; return whether that was news.

    That proves nothing: a machine may have taken it. Who did is told apart, before or after.
    """
    return await _note(uow, notification_id, _DELIVERED, Fact.DELIVERED, proof=_OF)


async def undelivered(
    uow: UnitOfWork,
    notification_id: UUID,
    *,
    detail: str,
    gone: bool = False,
    carrier: str = "",
    provider_id: str = "",
) -> bool:
    """Note that a message that was taken never arrived, by the provider's words; return whether that was news.

    What follows is as if it had been refused: the person's next contact method starts, or the next step. `gone`
    says that the address itself is dead. No news where it was shown, answered or given up before, nor of an
    earlier attempt than the one that was accepted last: `carrier` and `provider_id` say of which this is, where
    that is known.
    """
    attempt = await notifications.unconfirmed(uow, notification_id)
    if attempt is None or await _is_earlier(uow, notification_id, carrier, provider_id):
        return False
    await outcomes.end_in_vain(uow, attempt, detail=detail, gone=gone)
    return True


async def answered_by_machine(
    uow: UnitOfWork, notification_id: UUID, *, detail: str, carrier: str = "", provider_id: str = ""
) -> bool:
    """Note that nobody heard a call; as `undelivered`, and also where the end of the call was told before."""
    attempt = await notifications.unconfirmed(uow, notification_id, unproven=True)
    if attempt is None or await _is_earlier(uow, notification_id, carrier, provider_id):
        return False
    await uow.session.execute(_TAKE_BACK, {"id": notification_id})
    await outcomes.end_in_vain(uow, attempt, detail=detail)
    return True


async def cost(
    uow: UnitOfWork, notification_id: UUID, *, carrier: str, provider_id: str, cost: Decimal, currency: str
) -> bool:
    """Note what a message has cost by its carrier's own word, which counts more than the operator's prices.

    Return whether there is an attempt of that name, which there is not before its call is written down.
    """
    key = {"id": notification_id, "carrier": carrier, "provider_id": provider_id, "cost": cost, "currency": currency}
    return (await uow.session.execute(_COST, key)).first() is not None


async def of_provider(uow: UnitOfWork, carrier: str, provider_id: str) -> UUID | None:
    """Return the notification that a carrier calls `provider_id`, None where it is none of ours."""
    key = {"carrier": carrier, "provider_id": provider_id}
    return (await uow.session.execute(_OF_PROVIDER, key)).scalar_one_or_none() if provider_id else None


async def _is_earlier(uow: UnitOfWork, notification_id: UUID, carrier: str, provider_id: str) -> bool:
    """Say whether another attempt than this one was accepted last, as far as the names tell."""
    last = (await uow.session.execute(_ACCEPTED_LAST, {"id": notification_id})).one_or_none()
    if last is None or not carrier or not last.carrier:
        return False
    return carrier != last.carrier or bool(provider_id and last.provider_id and provider_id != last.provider_id)


async def _note(
    uow: UnitOfWork, notification_id: UUID, statement: TextClause, fact: Fact, *, proof: TextClause = _PROOF
) -> bool:
    key = {"id": notification_id, "now": uow.now}
    # Only news is proof: receipts are told again.
    if (await uow.session.execute(statement, key)).first() is None:
        return False
    found = (await uow.session.execute(proof, key)).first()
    if found is not None:
        uow.record(
            fact,
            incident_id=found.incident_id,
            channel=found.channel,
            label=shown(found.channel, label=found.label, address=found.address),
            user=found.user_name or room_name(found.channel, label=found.label, address=found.address),
            user_id=found.user_id,
            notification_id=str(notification_id),
        )
    return True
