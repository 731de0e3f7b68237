"""A button that was pressed within a chat, by somebody whose account there is one of their contact methods.

The provider's own signature says that the press is real and by whom; the contact method says who that is here.
Everything else is as on screen: the same command, the same refusals, the same ledger.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final
from uuid import UUID

from opsknight.api.again import again
from opsknight.deps import Deps
from opsknight.domain.commands import drills, incidents, receipts
from opsknight.domain.commands.incidents import Done, Offer
from opsknight.domain.model.button import Press
from opsknight.domain.model.channel import face
from opsknight.domain.model.drill import SENTENCES, Answer
from opsknight.domain.model.incident import IllegalTransition, Status
from opsknight.domain.model.speech import ENGLISH, later, say, speaking
from opsknight.domain.queries.people import language_of
from opsknight.domain.queries.presses import About, about, whose
from opsknight.errors import Forbidden, NotFound, SignInRequired, Stale

__all__ = ["GONE", "THANKS", "Press", "Pressed", "acknowledge_together", "carry_out", "press", "unknown"]

THANKS: Final = later("Thank you: the message arrived, and OpsKnight knows it now.")
GONE: Final = later("OpsKnight knows nothing of this message any more. Open OpsKnight to see what is open.")
ALL_DONE: Final = later("Acknowledged all {count}; nobody is paged for them any more.")
SOME_DONE: Final = later("Acknowledged {done} of {count}. The others were taken, or have changed, meanwhile.")
NONE_DONE: Final = later("None was acknowledged: all have changed meanwhile. Open OpsKnight to see what is open.")


@dataclass(frozen=True, slots=True)
class Pressed:
    """What came of it, in a sentence for the presser; `done` says whether it is as they wanted.

    Where it was about an incident, that is named, and `became` says what it is now if anything was done.
    `language` is what the presser reads.
    """

    sentence: str
    done: bool = False
    incident_id: UUID | None = None
    number: int | None = None
    became: Status | None = None
    notification_id: UUID | None = None
    language: str = ENGLISH


async def press(deps: Deps, *, channel: str, identity: str, notification_id: UUID, what: Press, via: str) -> Pressed:
    """Do what the button of a message says in the name of the person whose contact method `identity` is.

    `via` are the words for the timeline ("Slack button"). A button of an older generation, or one that came
    too late, does nothing and says what happened meanwhile.
    """
    async with deps.reading() as session:
        user_id = await whose(session, channel, identity)
    if user_id is None:
        return Pressed(unknown(deps, channel))
    return await press_for(deps, user_id, notification_id=notification_id, what=what, via=via)


async def press_for(deps: Deps, user_id: int | None, *, notification_id: UUID, what: Press, via: str) -> Pressed:
    """Do the same in the name of `user_id`; None is whom the message went to: only they hold the phone that it rang."""
    async with deps.reading() as session:
        message = await about(session, notification_id)
        presser = message.user_id if user_id is None and message is not None else user_id
        if presser is None:  # there is no such message, or it was posted where many read
            return Pressed(say(GONE))
        language = await language_of(session, presser)
    with speaking(language):
        if message is None:
            return Pressed(say(GONE))
        done = await _pressed(deps, presser, message, notification_id, what, via)
    return replace(done, language=language)


async def acknowledge_together(deps: Deps, told: Sequence[About], *, notification_id: UUID, via: str) -> str:
    """Acknowledge all that one message told its person of, in their name; return the sentence that says so.

    Each as if it had been pressed for alone: another's stays theirs, and what is paged anew since then is left.
    """
    done = 0
    for one in told:
        done += await _acknowledged(deps, notification_id, one, via)
    async with deps.reading() as session:
        language = ENGLISH if told[0].user_id is None else await language_of(session, told[0].user_id)
    with speaking(language):
        if done == len(told):
            return say(ALL_DONE, count=done)
        return say(SOME_DONE, done=done, count=len(told)) if done else say(NONE_DONE)


async def _acknowledged(deps: Deps, notification_id: UUID, one: About, via: str) -> bool:
    """Acknowledge one of several in the name of whom it was told to; return whether it is theirs now."""
    user_id = one.user_id
    if user_id is None:
        return False
    try:
        done = await again(lambda: _do(deps, user_id, notification_id, one, Press.ACKNOWLEDGE, via))
    except (Stale, IllegalTransition, Forbidden, SignInRequired, NotFound):
        return False
    return done.offer is not Offer.TAKE_OVER


async def _pressed(deps: Deps, presser: int, message: About, notification_id: UUID, what: Press, via: str) -> Pressed:
    if message.incident_id is None:
        answer = await again(lambda: _seen(deps, presser, notification_id, via))
        return Pressed(say(THANKS if answer is None else SENTENCES[answer]), done=True)
    incident_id = message.incident_id
    try:
        done = await again(lambda: _do(deps, presser, notification_id, message, what, via))
    except (Stale, IllegalTransition, Forbidden, SignInRequired, NotFound) as refusal:
        return Pressed(str(refusal), incident_id=incident_id, number=message.number)
    return Pressed(
        done.sentence,
        done=done.offer is not Offer.TAKE_OVER,
        incident_id=incident_id,
        number=message.number,
        became=done.incident.status,
        notification_id=notification_id,
    )


def unknown(deps: Deps, channel: str) -> str:
    """Return what somebody is told whose account on `channel` is nobody's contact method."""
    label, address = say(face(channel).label), f"{deps.settings.address}/me"
    return say(
        "OpsKnight does not know whose {channel} account this is. Add it to your contact methods at {address}"
        " and verify it there; then press again.",
        channel=label,
        address=address,
    )


async def carry_out(uow: Any, what: Press, incident_id: UUID, *, via: str, seen_generation: int | None = None) -> Done:
    """Do what was pressed or written in the name of who acts; raise as the command does."""
    match what:
        case Press.ACKNOWLEDGE:
            return await incidents.acknowledge(uow, incident_id, seen_generation=seen_generation, via=via)
        case Press.RESOLVE:
            return await incidents.resolve(uow, incident_id)
        case Press.ESCALATE:
            return await incidents.escalate(uow, incident_id)


async def _do(deps: Deps, user_id: int, notification_id: UUID, message: About, what: Press, via: str) -> Done:
    incident_id: UUID = message.incident_id  # type: ignore[assignment]  # the caller looked
    async with deps.commands(f"user:{user_id}") as uow:
        done = await carry_out(uow, what, incident_id, via=via, seen_generation=message.generation)
        if message.user_id == user_id:
            await receipts.seen(uow, notification_id)
    return done


async def _seen(deps: Deps, user_id: int, notification_id: UUID, via: str) -> Answer | None:
    """Note a press about no incident; return what it came to where the message is one of a drill."""
    async with deps.commands(f"user:{user_id}") as uow:
        await receipts.seen(uow, notification_id)
        return await drills.acknowledge(uow, notification_id, user_id, via=via)
