"""A person's own notification rules: which contact method, after how long, for which urgency."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from sqlalchemy import delete, select

from opsknight.domain.commands.contact_methods import own
from opsknight.domain.model.event import Urgency
from opsknight.domain.model.ledger import Fact
from opsknight.domain.model.paging import Rule
from opsknight.domain.store.tables import ContactMethodRow, NotificationRuleRow, UserRow
from opsknight.domain.store.unit_of_work import UnitOfWork
from opsknight.errors import Invalid

RULES_AT_MOST: Final = 20
"""Rules of one person for one urgency."""
LONGEST: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Done:
    """The sentence that says what is so now."""

    sentence: str


async def arrange(uow: UnitOfWork, urgency: Urgency, rules: Sequence[Rule]) -> Done:
    """Have the acting person paged by just these rules for `urgency`; without any, by every verified method.

    Raises:
        Invalid: one names a contact method that is not theirs, the same twice, or there are too many.
    """
    user_id = await own(uow)
    await uow.session.execute(select(UserRow.id).where(UserRow.id == user_id).with_for_update(key_share=True))
    if len(rules) > RULES_AT_MOST:
        raise Invalid(f"{len(rules)} rules are too many; {RULES_AT_MOST} are allowed for each urgency.")
    if any(not timedelta() <= rule.delay <= LONGEST for rule in rules):
        raise Invalid("A rule waits from nothing to a day.")
    if len({(rule.contact_method_id, rule.delay) for rule in rules}) < len(rules):
        raise Invalid("The same contact method stands twice after the same time; leave one out.")
    theirs = select(ContactMethodRow.id).where(ContactMethodRow.user_id == user_id)
    known = set((await uow.session.execute(theirs)).scalars())
    if any(rule.contact_method_id not in known for rule in rules):
        raise Invalid("A rule names a contact method that you do not have any more; choose from the list.")
    mine = NotificationRuleRow.user_id == user_id, NotificationRuleRow.urgency == urgency.value
    await uow.session.execute(delete(NotificationRuleRow).where(*mine))
    uow.session.add_all(
        NotificationRuleRow(
            user_id=user_id,
            urgency=urgency.value,
            contact_method_id=rule.contact_method_id,
            delay_s=int(rule.delay.total_seconds()),
        )
        for rule in rules
    )
    told = [{"method": rule.contact_method_id, "delay_s": rule.delay.total_seconds()} for rule in rules]
    uow.record(Fact.CONFIGURED, subject=f"user:{user_id}", name=f"own rules for {urgency} urgency", rules=told)
    how = "by your rules" if rules else "by every verified contact method"
    return Done(f"At {urgency} urgency you are paged {how} now.")
