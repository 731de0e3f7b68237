"""An answer to a text or a mail: acted on in the name of whose phone it is, and told in a sentence what came of it.

Everything is as on screen: the same commands, the same refusals, the same ledger. An answer speaks of the
incident as it is now, not of a generation. Where the last message was one of a drill, it answers that.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from opsknight.api import drill_links
from opsknight.api.again import again
from opsknight.api.pressing import Press, carry_out, press_for
from opsknight.crypto import sha256
from opsknight.deps import Deps
from opsknight.domain.commands import answers, receipts, replies
from opsknight.domain.commands.incidents import Done
from opsknight.domain.model.incident import IllegalTransition, Status, owned_by_another
from opsknight.domain.model.link import DrillClaims
from opsknight.domain.model.many_outcomes import Came, Outcome, acknowledged
from opsknight.domain.model.reply import HELP, Consent, Reply, Wish, read
from opsknight.domain.model.speech import ENGLISH, later, say, speaking
from opsknight.domain.queries.contact_methods import owners
from opsknight.domain.queries.people import language_of
from opsknight.domain.queries.presses import about
from opsknight.domain.queries.replies import (
    Drilled,
    Told,
    asked_still_on_it,
    drilled_lately,
    incident_of,
    open_told_lately,
    told_lately,
)
from opsknight.errors import Conflict, Forbidden, NotFound, SignInRequired

NOTHING_OPEN: Final = later("Nothing that you were told of is open.")
NOTHING_TOLD: Final = later("You were not told of anything lately. Say which one: 12a acknowledges #12.")
MANY_OPEN: Final = later("Your last message told of {count} that are open. Answer ack all, or one of {which}.")
WELCOME_BACK: Final = later("You are paged here again.")
BUTTON: Final = later("WhatsApp button")
_REPLIES: Final = {
    "sms": later("SMS reply"),
    "whatsapp": later("WhatsApp message reply"),
    "email": later("mail reply"),
}
"""How an answer came, in words for the ledger and for those who watch."""


@dataclass(frozen=True, slots=True)
class Heard:
    """One answer: from which carrier and by what name there, on which channel, from which number, and its words.

    What was pressed says of which message of ours, where that is known (`button_of`).
    """

    carrier: str
    provider_id: str
    channel: str
    number: str
    text: str
    button_of: UUID | None = None


async def answer(deps: Deps, heard: Heard) -> str:
    """Do what an answer asks for and say so by a message to the same phone; return the sentence.

    One that came before is done already: nothing happens. Strangers are not answered.
    """
    name = replies.Name(heard.carrier, heard.provider_id, heard.number)

    async def begun() -> str | None:
        async with deps.commands("system:answer") as uow:
            return await replies.begin(uow, name)

    if (done := await again(begun)) is not None:
        return done
    wanted = read(heard.text)
    button = await _button(deps, heard, wanted)
    async with deps.reading() as session:
        of_phone = {"channel": heard.channel, "number": heard.number}
        told = await told_lately(session, **of_phone, now=deps.clock.now())
        drilled = await drilled_lately(session, **of_phone, now=deps.clock.now())
        people = await owners(session, channel=heard.channel, address=heard.number)
        user_id = button.user_id if button is not None else _who(people, told, drilled, wanted)
        language = ENGLISH if user_id is None else await language_of(session, user_id)
    with speaking(language):
        sentence = await _consent(deps, heard, wanted) if isinstance(wanted, Consent) else ""
        if wanted is Consent.YES and not sentence:
            wanted = await _yes(deps, user_id, told)
        if button is not None:
            sentence = await _press(deps, heard, button)
        elif not isinstance(wanted, Consent):
            sentence = await _act(deps, heard, name, wanted, user_id, told, drilled)

    async def ended() -> None:
        async with deps.commands("system:answer") as uow:
            await replies.end(
                uow,
                name,
                channel=heard.channel,
                user_id=user_id if sentence else None,
                sentence=sentence,
                understood=wanted is not None,
            )

    await again(ended)
    return sentence


@dataclass(frozen=True, slots=True)
class _Button:
    """A button of one message to a person, and what it does to the incident of that."""

    notification_id: UUID
    user_id: int
    wish: Wish


async def _button(deps: Deps, heard: Heard, wanted: Reply) -> _Button | None:
    """Return the button that was pressed, by whoever its message went to and about its incident; else None."""
    if heard.button_of is None or not isinstance(wanted, tuple) or len(wanted) != 1:
        return None
    async with deps.reading() as session:
        message = await about(session, heard.button_of)
        people = await owners(session, channel=heard.channel, address=heard.number)
    if message is None or message.user_id is None or message.user_id not in people:
        return None
    if message.number != wanted[0].number:
        return None
    return _Button(heard.button_of, message.user_id, wanted[0])


async def _press(deps: Deps, heard: Heard, button: _Button) -> str:
    """Do what a button says, as in any chat: one of an older generation, or of yesterday, does nothing."""
    once = f"{heard.carrier}:{heard.provider_id}"
    which = {"notification_id": button.notification_id, "what": button.wish.wanted, "via": BUTTON, "once": once}
    return f"#{button.wish.number}: {(await press_for(deps, button.user_id, **which)).sentence}"


def _who(people: Sequence[int], told: Sequence[Told], drilled: Sequence[Drilled], wanted: Reply) -> int | None:
    """Return in whose name an answer is carried out: of several people with one phone, who was told of it last."""
    if len(people) < 2:
        return people[0] if people else None
    numbers = {wish.number for wish in wanted if wish.number is not None} if isinstance(wanted, tuple) else set[int]()
    if numbers:
        meant: list[Told | Drilled] = [one for one in told if one.number in numbers]
    else:
        meant = [*told, *drilled]
    last = max((one for one in meant if one.user_id in people), key=_when, default=None)
    return people[0] if last is None else last.user_id


def _when(message: Told | Drilled) -> tuple[datetime, UUID]:
    """Return by what it is known which of two messages came last: of the same instant, the one planned last."""
    return message.sent_at, message.notification_id


async def _act(
    deps: Deps,
    heard: Heard,
    name: replies.Name,
    wanted: Sequence[Wish] | None,
    user_id: int | None,
    told: Sequence[Told],
    drilled: Sequence[Drilled],
) -> str:
    if user_id is None:
        return ""
    if wanted is None:
        return say(HELP)
    its = [one for one in told if one.user_id == user_id]
    drill = next((one for one in drilled if one.user_id == user_id), None)
    return await fulfil(deps, wanted, Answerer(user_id, heard.channel, name, heard.number), its, drill=drill)


@dataclass(frozen=True, slots=True)
class Answerer:
    """Whose answer it is, on which channel it came, what it is called, and from which number, "" for any."""

    user_id: int
    channel: str
    name: replies.Name
    number: str = ""

    @property
    def via(self) -> str:
        """How it came, in words for the ledger."""
        return _REPLIES[self.channel]

    def key(self, wanted: Press, incident_id: UUID) -> bytes:
        """Return by what it is known that this was done to that incident, when the answer is brought again."""
        return sha256("\0".join(("answer", self.name.carrier, self.name.provider_id, wanted, str(incident_id))))


async def fulfil(
    deps: Deps, wanted: Sequence[Wish], by: Answerer, told: Sequence[Told], *, drill: Drilled | None = None
) -> str:
    """Do all that is wished in the name of whose answer it is, and say what happened, a line for each.

    `told` is what that person was told of, where the message that is answered was the last or comes first, `drill`
    the newest message of a drill to them.
    """
    came: list[str | Outcome] = []
    for wish in wanted:
        if drill is not None and _is_of_drill(wish, told, drill):
            came += await _of_drill(deps, drill, by.via, () if wish.every else told)
            if not wish.every:
                continue
        came += await _wish(deps, wish, by, told)
    taken = [one for one in came if isinstance(one, Outcome)]
    only_taken = len(taken) == len(came) and all(wish.wanted is Press.ACKNOWLEDGE for wish in wanted)
    return "\n".join(dict.fromkeys(acknowledged(taken) if only_taken else map(str, came)))


async def _consent(deps: Deps, heard: Heard, wanted: Consent) -> str:
    """Switch the contact methods of the number off or on; a STOP is answered by its carrier, not by us."""
    do = replies.stop if wanted is Consent.STOP else replies.start

    async def once() -> int:
        async with deps.commands("system:answer") as uow:
            return await do(uow, channel=heard.channel, number=heard.number)

    return say(WELCOME_BACK) if await again(once) and wanted is not Consent.STOP else ""


async def _yes(deps: Deps, user_id: int | None, told: Sequence[Told]) -> tuple[Wish, ...] | None:
    """Return what "yes" answers: those “still on it?” that the newest message told of, or the only one that runs."""
    if user_id is None:
        return None
    async with deps.reading() as session:
        asked = await asked_still_on_it(session, user_id)
    here = [one for one in told if one.user_id == user_id and one.incident_id in asked]
    numbers = {one.number for one in here if one.message == here[0].message} or set(asked.values())
    if not here and len(numbers) != 1:  # nobody knows which is meant
        return None
    return tuple(Wish(Press.ACKNOWLEDGE, number) for number in sorted(numbers))


def _is_of_drill(wish: Wish, told: Sequence[Told], drill: Drilled) -> bool:
    """Say whether a wish answers the newest message of a drill: it came last, or nothing told since waits any more."""
    if wish.number is not None or not (drill.asks or not told):
        return False
    if wish.every or not told or _when(drill) > _when(told[0]):
        return True
    return all(one.status != Status.OPEN for one in _last(told))


async def _of_drill(deps: Deps, drill: Drilled, via: str, told: Sequence[Told]) -> list[str]:
    """Let a drill count as answered, and say what real is open besides: nobody takes a drill for an incident."""
    claims = DrillClaims(drill.user_id, drill.notification_id)
    try:
        sentence = await drill_links.answer(deps, claims, via=via)
    except (Forbidden, NotFound) as refusal:
        sentence = str(refusal)
    waiting = sorted({one.number for one in told if one.status == Status.OPEN})
    real = [say("#{number} is real and still open; answer {number}a to acknowledge it.", number=one) for one in waiting]
    return [sentence, *real]


async def _wish(deps: Deps, wish: Wish, by: Answerer, told: Sequence[Told]) -> Sequence[str | Outcome]:
    if wish.number is not None:
        async with deps.reading() as session:
            incident_id = await incident_of(session, wish.number)
        if incident_id is None:
            return [say("There is no incident #{number}.", number=wish.number)]
        return [await _do(deps, wish.wanted, by, wish.number, incident_id, told)]
    if wish.every:
        return await _every(deps, wish.wanted, by, told)
    last = _last(told)
    if not last:
        return [say(NOTHING_TOLD)]
    if wish.wanted is Press.ACKNOWLEDGE and last[0].status != Status.OPEN:
        asked = [one for one in await _asked(deps, by, told) if one.message == told[0].message] or last
        return [await _do(deps, wish.wanted, by, one.number, one.incident_id, (one,)) for one in asked]
    if len(last) > 1:
        which = ", ".join(f"{one.number}a" for one in last)
        return [say(MANY_OPEN, count=len(last), which=which)]
    return [await _do(deps, wish.wanted, by, last[0].number, last[0].incident_id, told)]


async def _every(deps: Deps, wanted: Press, by: Answerer, told: Sequence[Told]) -> list[str]:
    """Carry a wish out for all that is open of what this person was told lately there, however much that is.

    An acknowledge also says that they are still on all of which they were asked that.
    """
    async with deps.reading() as session:
        lately = await open_told_lately(
            session, by.user_id, channel=by.channel, address=by.number, now=deps.clock.now()
        )
    unique = {one.number: one for one in (*told, *lately) if one.status == Status.OPEN}
    if wanted is Press.ACKNOWLEDGE:
        unique = {one.number: one for one in await _asked(deps, by, told)} | unique
    done = [
        await _do(deps, wanted, by, one.number, one.incident_id, (one,))
        for one in sorted(unique.values(), key=lambda one: one.number)
    ]
    return [*acknowledged(done)] or [say(NOTHING_OPEN)]


async def _asked(deps: Deps, by: Answerer, told: Sequence[Told]) -> Sequence[Told]:
    """Return what of all that somebody was told they are asked now whether they are still on it."""
    async with deps.reading() as session:
        asked = await asked_still_on_it(session, by.user_id)
    return sorted((one for one in told if one.incident_id in asked), key=lambda one: one.number)


def _last(told: Sequence[Told]) -> list[Told]:
    """Return what the newest message told of: those of it that are open, or the one it was about where none is."""
    together = [one for one in told if one.message == told[0].message] if told else []
    is_open = sorted((one for one in together if one.status == Status.OPEN), key=lambda one: one.number)
    return is_open or [one for one in together if one.notification_id == one.message][:1]


async def _do(deps: Deps, wanted: Press, by: Answerer, number: int, incident_id: UUID, told: Sequence[Told]) -> Outcome:
    """Carry one wish out in a unit of work of its own, once for one answer; return what happened, or why it did not."""
    key = by.key(wanted, incident_id)

    async def once() -> Outcome:
        async with deps.commands(f"user:{by.user_id}") as uow:
            if (before := await answers.begin(uow, key)) is not None:
                return Outcome(number, Came(before.status), str(before.body))
            done = await carry_out(uow, wanted, incident_id, via=by.via)
            for one in told:
                if one.incident_id == incident_id:
                    await receipts.seen(uow, one.notification_id)
                    break
            outcome = Outcome(number, _came(wanted, by, done), done.answered or done.sentence)
            answers.keep(uow, key, answers.Answer(outcome.came, outcome.sentence))
        return outcome

    try:
        return await again(once)
    except (Conflict, IllegalTransition, Forbidden, SignInRequired, NotFound) as refusal:
        return Outcome(number, Came.LEFT, str(refusal))


def _came(wanted: Press, by: Answerer, done: Done) -> Came:
    if owned_by_another(done.incident, by=by.user_id):
        return Came.LEFT
    return Came.IN_PART if wanted is Press.ACKNOWLEDGE and done.incident.status is Status.OPEN else Came.DONE
