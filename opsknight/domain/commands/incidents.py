"""What can be done to an incident: the verbs, each locked, checked, decided, written and recorded.

Every verb takes the unit of work and never commits. `seen_version` is the version that the
person's screen showed, and `message` what is known of the message whose link or button was pressed. They raise
NotFound, Forbidden, SignInRequired, Stale and IllegalTransition, each with the sentence for a person.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from opsknight.domain.commands import alerts, sharing, silences, still_on_it
from opsknight.domain.commands.authority import require
from opsknight.domain.commands.held import Held, Message, check_seen, hold, settle
from opsknight.domain.model.incident import Incident, Status, Verb, owned_by_another, transition
from opsknight.domain.model.ledger import Fact, span
from opsknight.domain.model.permission import AcknowledgeLink, Need
from opsknight.domain.model.speech import later, say
from opsknight.domain.queries.people import active_name, name_of
from opsknight.domain.store.unit_of_work import UnitOfWork
from opsknight.errors import Invalid

SUPPRESS_FOR = timedelta(hours=24)
"""How long a person's suppress lasts when they do not say."""
LONGEST = timedelta(days=30)
"""A snooze or suppress lasts no longer."""


class Offer(StrEnum):
    """What the person may want to do next."""

    TAKE_OVER = "take_over"
    KEEP_QUIET = "keep_quiet"


@dataclass(frozen=True, slots=True)
class Done:
    """What an incident is after a verb, the sentence that says so, and whether anything changed.

    `answered` is what is said instead where there is nothing to press, to whoever wrote a text or a mail.
    """

    incident: Incident
    sentence: str
    changed: bool = True
    offer: Offer | None = None
    answered: str = ""


async def acknowledge(
    uow: UnitOfWork,
    incident_id: UUID,
    *,
    seen_version: int | None = None,
    message: Message | None = None,
    link: AcknowledgeLink | None = None,
    via: str = "",
) -> Done:
    """Take responsibility for an incident and stop its paging at once.

    Another's incident is left with its owner, with the offer to take it over. The owner's own
    answers the question “still on it?”. Where everyone must acknowledge, each stops only the paging of
    that person, and the last one acknowledges the incident. `link` is what a page permits whoever answers it,
    `via` the words for the timeline of how they do: “mail link”, “push button”.
    """
    await require(uow, Need.ACKNOWLEDGE, incident_id=incident_id, link=link)
    held = await hold(uow, incident_id)
    before = held.before
    await check_seen(uow, held, Verb.ACKNOWLEDGE, version=seen_version, message=message)
    if owned_by_another(before, by=uow.user_id):
        owner = await name_of(uow.session, before.assignee_id)
        its = {"owner": owner, "title": before.title}
        return Done(
            before,
            say("{owner} has acknowledged “{title}” already; take it over?", **its),
            changed=False,
            offer=Offer.TAKE_OVER,
            answered=say("{owner} has acknowledged “{title}” already; open OpsKnight to take it over.", **its),
        )
    if (done := await sharing.acknowledge_in_part(uow, held, via=via)) is not None:
        return Done(done.incident, done.sentence, changed=done.changed, offer=Offer.TAKE_OVER)
    after = transition(before, Verb.ACKNOWLEDGE, by=uow.user_id)
    if after is before:
        return await _unchanged(uow, held)
    told = await settle(uow, held, after, Verb.ACKNOWLEDGE)
    uow.record(Fact.ACKNOWLEDGED, incident_id=after.id, **told, via=via)
    return Done(after, say("Acknowledged “{title}”; nobody is paged any more.", title=after.title))


async def unacknowledge(uow: UnitOfWork, incident_id: UUID, *, seen_version: int | None = None) -> Done:
    """Give an acknowledged incident back: it is open, nobody's, and pages from its first step."""
    sentence = later("Unacknowledged “{title}”; paging starts at the first step.")
    return await _plain(uow, incident_id, Verb.UNACKNOWLEDGE, Fact.UNACKNOWLEDGED, sentence, seen_version=seen_version)


async def wake(uow: UnitOfWork, incident_id: UUID, *, seen_version: int | None = None) -> Done:
    """End a snooze or suppress now: the incident is open and pages from its first step."""
    sentence = later("Woke “{title}”; paging starts at the first step.")
    return await _plain(uow, incident_id, Verb.WAKE, Fact.WOKEN, sentence, seen_version=seen_version)


async def escalate(
    uow: UnitOfWork,
    incident_id: UUID,
    *,
    seen_version: int | None = None,
    message: Message | None = None,
) -> Done:
    """Page the next step now, whoever holds the incident; after the last one the safety net."""
    sentence = later("Escalated “{title}”; the next step is paged now.")
    return await _plain(
        uow,
        incident_id,
        Verb.ESCALATE,
        Fact.ESCALATED,
        sentence,
        seen_version=seen_version,
        message=message,
    )


async def snooze(uow: UnitOfWork, incident_id: UUID, *, until: datetime, seen_version: int | None = None) -> Done:
    """Let an incident rest until a stated instant, at which it wakes.

    Raises:
        Invalid: the end is past, or further away than LONGEST.
    """
    _check_end(uow, until)
    sentence = later("Snoozed “{title}” for {lasts}.")
    return await _plain(uow, incident_id, Verb.SNOOZE, Fact.SNOOZED, sentence, seen_version=seen_version, until=until)


async def suppress(
    uow: UnitOfWork,
    incident_id: UUID,
    *,
    until: datetime | None = None,
    until_clear: bool = False,
    seen_version: int | None = None,
) -> Done:
    """Silence an incident: until a stated instant (SUPPRESS_FOR without one), or until its alerts clear.

    Raises:
        Invalid: the end is past or too far away, or there is no alert of a monitor that could clear.
    """
    if until_clear:
        await require(uow, Need.RESPOND, incident_id=incident_id)
        if not await alerts.ends_with_its_alerts(uow, incident_id):
            raise Invalid("No monitor would end this silence by reporting that all is well; say until when it lasts.")
        await silences.forget(uow, incident_id)  # it would end with what kept the incident quiet, before it is clear
        sentence = later("“{title}” keeps quiet until it clears.")
        return await _plain(uow, incident_id, Verb.SUPPRESS, Fact.SUPPRESSED, sentence, seen_version=seen_version)
    until = until or uow.now + SUPPRESS_FOR
    _check_end(uow, until)
    sentence = later("Suppressed “{title}” for {lasts}.")
    return await _plain(
        uow, incident_id, Verb.SUPPRESS, Fact.SUPPRESSED, sentence, seen_version=seen_version, until=until
    )


async def resolve(
    uow: UnitOfWork,
    incident_id: UUID,
    *,
    seen_version: int | None = None,
    message: Message | None = None,
) -> Done:
    """End an incident and all its alerts. Says so when its monitor still reports it."""
    await require(uow, Need.RESPOND, incident_id=incident_id)
    held = await hold(uow, incident_id)
    await check_seen(uow, held, Verb.RESOLVE, version=seen_version, message=message)
    after = transition(held.before, Verb.RESOLVE, by=uow.user_id)
    if after is held.before:
        return await _unchanged(uow, held)
    firing = await alerts.firing(uow, incident_id)
    may_rest = firing and await alerts.ends_with_its_alerts(uow, incident_id)
    resolved = await alerts.resolve_all(uow, incident_id)
    told = await settle(uow, held, after, Verb.RESOLVE, alerts=resolved)
    if firing:
        told["firing"] = True
    uow.record(Fact.RESOLVED, incident_id=after.id, **told)
    if firing:
        sentence = say(
            "Resolved “{title}” while its monitor still reports it; its next trigger opens a new incident.",
            title=after.title,
        )
        return Done(after, sentence, offer=Offer.KEEP_QUIET if may_rest else None)
    return Done(after, say("Resolved “{title}”.", title=after.title))


async def reopen(uow: UnitOfWork, incident_id: UUID, *, seen_version: int | None = None) -> Done:
    """Open a resolved incident again, with those of its alerts whose key has no newer open alert."""
    await require(uow, Need.RESPOND, incident_id=incident_id)
    held = await hold(uow, incident_id, service_too=True)
    await check_seen(uow, held, Verb.REOPEN, version=seen_version)
    after = transition(held.before, Verb.REOPEN, by=uow.user_id)
    back, left = await alerts.take_back(uow, incident_id)
    told = await settle(uow, held, after, Verb.REOPEN, alerts=back)
    uow.record(Fact.REOPENED, incident_id=after.id, **told, left=left)
    note = f" {left} of its alerts opened again elsewhere and stay there." if left else ""
    return Done(after, f"Reopened “{after.title}”; paging starts at the first step.{note}")


async def reassign(uow: UnitOfWork, incident_id: UUID, *, to: int, seen_version: int | None = None) -> Done:
    """Hand an incident to another person, who is paged at once; to oneself it is an acknowledge.

    Raises:
        Invalid: there is no such person, or their account is deactivated.
    """
    await require(uow, Need.RESPOND, incident_id=incident_id)
    name = await active_name(uow.session, to)
    held = await hold(uow, incident_id)
    before = held.before
    await check_seen(uow, held, Verb.REASSIGN, version=seen_version)
    after = transition(before, Verb.REASSIGN, by=uow.user_id, to=to)
    if after is before:
        return await _unchanged(uow, held)
    told = await settle(uow, held, after, Verb.REASSIGN)
    if before.assignee_id is not None and before.assignee_id != to:
        told["from_user"] = await name_of(uow.session, before.assignee_id)
    uow.record(Fact.REASSIGNED, incident_id=after.id, user=name, user_id=to, **told)
    if to == uow.user_id:
        return Done(after, f"“{after.title}” is yours now.")
    return Done(after, f"Reassigned “{after.title}” to {name}, who is paged now.")


async def _plain(
    uow: UnitOfWork,
    incident_id: UUID,
    verb: Verb,
    fact: Fact,
    sentence: str,
    *,
    seen_version: int | None,
    message: Message | None = None,
    until: datetime | None = None,
) -> Done:
    """Carry out a verb that changes nothing but the incident itself.

    `{title}` in the sentence stands for it, and `{lasts}` for how long it is until `until`.
    """
    await require(uow, Need.RESPOND, incident_id=incident_id)
    held = await hold(uow, incident_id)
    await check_seen(uow, held, verb, version=seen_version, message=message)
    after = transition(held.before, verb, by=uow.user_id, until=until)
    if after is held.before:
        return await _unchanged(uow, held)
    told = await settle(uow, held, after, verb)
    if until is not None:
        told |= {"for_s": (until - uow.now).total_seconds(), "until": until.isoformat()}
    uow.record(fact, incident_id=after.id, **told)
    lasts = "" if until is None else span((until - uow.now).total_seconds())
    return Done(after, say(sentence, title=after.title, lasts=lasts))


async def _unchanged(uow: UnitOfWork, held: Held) -> Done:
    """Return that it is so already; an act of the owner still answers “still on it?”."""
    incident = held.before
    if await still_on_it.answer(uow, held):
        return Done(incident, say("“{title}” stays with you.", title=incident.title), changed=False)
    if incident.assignee_id is None or incident.status not in _BY_YOU:
        return Done(incident, say(_ALREADY[incident.status], title=incident.title), changed=False)
    if incident.assignee_id == uow.user_id:
        return Done(incident, say(_BY_YOU[incident.status], title=incident.title), changed=False)
    name = await name_of(uow.session, incident.assignee_id)
    return Done(incident, say(_BY_ANOTHER[incident.status], title=incident.title, name=name), changed=False)


def _check_end(uow: UnitOfWork, until: datetime) -> None:
    """Refuse an end that is past, or further away than one may ask for."""
    if not timedelta(0) < until - uow.now <= LONGEST:
        raise Invalid(f"Say an end that is still to come and at most {LONGEST.days} days away.")


_ALREADY = {
    Status.OPEN: later("“{title}” is open already."),
    Status.ACKNOWLEDGED: later("“{title}” is acknowledged already."),
    Status.SNOOZED: later("“{title}” is snoozed already."),
    Status.SUPPRESSED: later("“{title}” is suppressed already."),
    Status.RESOLVED: later("“{title}” is resolved already."),
}
_BY_YOU = {
    Status.OPEN: later("“{title}” is open already, by you."),
    Status.ACKNOWLEDGED: later("“{title}” is acknowledged already, by you."),
}
_BY_ANOTHER = {
    Status.OPEN: later("“{title}” is open already, {name} has it."),
    Status.ACKNOWLEDGED: later("“{title}” is acknowledged already, {name} has it."),
}
