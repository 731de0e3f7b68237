"""A button that was pressed within a chat, by somebody whose account there is one of their contact methods.

The provider's own signature says that the press is real and by whom; the contact method says who that is here.
Everything else is as on screen: the same command, the same refusals, the same ledger.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final
from uuid import UUID

from opsknight.api.again import again
from opsknight.crypto import new_id, sha256
from opsknight.deps import Deps
from opsknight.domain.commands import answers, drills, incidents, receipts
from opsknight.domain.commands.authority import link_of_page
from opsknight.domain.commands.held import Message
from opsknight.domain.commands.incidents import Done
from opsknight.domain.model.button import Press
from opsknight.domain.model.channel import face
from opsknight.domain.model.drill import SENTENCES, Answer
from opsknight.domain.model.incident import IllegalTransition, Status, owned_by_another
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

    Where it was about an incident, that is named, and `became` says what it is now if anything was done;
    `notification_id` is the message where more of it can be pressed.
    `language` is what the presser reads.
    """

    sentence: str
    done: bool = False
    incident_id: UUID | None = None
    number: int | None = None
    became: Status | None = None
    notification_id: UUID | None = None
    language: str = ENGLISH


async def press(
    deps: Deps, *, channel: str, identity: str, notification_id: UUID, what: Press, via: str, once: str = ""
) -> Pressed:
    """Do what the button of a message says in the name of the person whose contact method `identity` is.

    `via` are the words for the timeline ("Slack button"). A button of an older generation, or one that came
    too late, does nothing and says what happened meanwhile. `once` is the chat's own name for this press: one that
    is brought again, after a restart too, does nothing again and is told the same.
    """
    async with deps.reading() as session:
        user_id = await whose(session, channel, identity)
    if user_id is None:
        return Pressed(unknown(deps, channel))
    name = f"{channel}:{once}" if once else ""
    return await press_for(deps, user_id, notification_id=notification_id, what=what, via=via, once=name)


async def press_for(
    deps: Deps, user_id: int | None, *, notification_id: UUID, what: Press, via: str, once: str = ""
) -> Pressed:
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
        button = _Button(notification_id, message, what, via, once or str(new_id()))
        done = await _pressed(deps, presser, button)
    return replace(done, language=language)


@dataclass(frozen=True, slots=True)
class _Button:
    """What is pressed: of which message, what it does, by which way it came, and what tells the press from others.

    A connection that is lost as the press is committed lets it be tried again: it is known by that, too.
    """

    notification_id: UUID
    message: About
    what: Press
    via: str
    once: str

    @property
    def key(self) -> bytes:
        """What is kept of the press, so that it is done once."""
        return sha256("\0".join(("press", self.once, self.what, str(self.notification_id))))


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
    user_id, incident_id = one.user_id, one.incident_id
    if user_id is None or incident_id is None:
        return False
    button = _Button(notification_id, one, Press.ACKNOWLEDGE, via, str(new_id()))
    try:
        told = await again(lambda: _do(deps, user_id, incident_id, button))
    except (Stale, IllegalTransition, Forbidden, SignInRequired, NotFound):
        return False
    return bool(told["done"])


async def _pressed(deps: Deps, presser: int, button: _Button) -> Pressed:
    message = button.message
    if message.incident_id is None:
        answer = await again(lambda: _seen(deps, presser, button))
        return Pressed(say(THANKS if answer is None else SENTENCES[answer]), done=True)
    incident_id = message.incident_id
    about_it = Pressed("", incident_id=incident_id, number=message.number)
    try:
        told = await again(lambda: _do(deps, presser, incident_id, button))
    except (Stale, IllegalTransition, Forbidden, SignInRequired, NotFound) as refusal:
        return replace(about_it, sentence=str(refusal))
    return replace(
        about_it,
        sentence=told["sentence"],
        done=told["done"],
        became=Status(told["became"]),
        notification_id=None if told["outdated"] else button.notification_id,
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


async def carry_out(
    uow: Any,
    what: Press,
    incident_id: UUID,
    *,
    via: str,
    message: Message | None = None,
) -> Done:
    """Do what was pressed or written in the name of who acts; raise as the command does."""
    match what:
        case Press.ACKNOWLEDGE:
            link = await link_of_page(uow, incident_id)
            return await incidents.acknowledge(uow, incident_id, message=message, link=link, via=via)
        case Press.RESOLVE:
            return await incidents.resolve(uow, incident_id, message=message)
        case Press.ESCALATE:
            return await incidents.escalate(uow, incident_id, message=message)


async def _do(deps: Deps, user_id: int, incident_id: UUID, button: _Button) -> Mapping[str, Any]:
    """Carry a press out unless that was done, and return what came of it then, as it is kept."""
    message = button.message
    async with deps.commands(f"user:{user_id}") as uow:
        if (before := await answers.begin(uow, button.key)) is not None:
            return before.body
        shown = Message(message.generation, message.sent_at)
        done = await carry_out(uow, button.what, incident_id, via=button.via, message=shown)
        if message.user_id == user_id:
            await receipts.seen(uow, button.notification_id)
        told = {
            "sentence": done.sentence,
            "done": not owned_by_another(done.incident, by=user_id),
            "became": done.incident.status.value,
            "outdated": done.incident.generation != message.generation,
        }
        answers.keep(uow, button.key, answers.Answer(200, told))
    return told


async def _seen(deps: Deps, user_id: int, button: _Button) -> Answer | None:
    """Note a press about no incident; return what it came to where the message is one of a drill."""
    async with deps.commands(f"user:{user_id}") as uow:
        await receipts.seen(uow, button.notification_id)
        return await drills.acknowledge(uow, button.notification_id, user_id, via=button.via)
