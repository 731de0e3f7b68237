"""Microsoft Teams by a bot: a card in a chat or a channel, with buttons that act, changed when its incident moves on.

Sources: https://learn.microsoft.com/azure/bot-service/rest-api/bot-framework-rest-connector-send-and-receive-messages,
https://learn.microsoft.com/microsoftteams/platform/bots/how-to/conversations/conversation-messages (status codes),
…/send-proactive-messages, …/update-and-delete-bot-messages, …/bots/how-to/rate-limit (412, 429, 502 and 504 pass).

Teams does not say whether it has a message, so one that was perhaps sent is sent once more, and says so.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final, cast
from urllib.parse import quote

import structlog

from opsknight.carriers import TeamsSettings
from opsknight.domain.model import adaptive_card
from opsknight.domain.model.button import buttons
from opsknight.domain.model.channel import BadAddress, ChannelKind
from opsknight.domain.model.incident import Status
from opsknight.domain.model.retry import retry_after
from opsknight.domain.model.speech import say
from opsknight.domain.model.teams import CHANNEL, Place, unsealed
from opsknight.jobs.channels.channel import (
    BUDGET_S,
    Address,
    Failed,
    Fault,
    Ground,
    Message,
    Outcome,
    Retry,
    Sent,
    Urgency,
    tried_again,
    unset,
)
from opsknight.jobs.channels.http import Answer, Called, Caller
from opsknight.jobs.channels.teams_sign_in import SignIn

log = structlog.get_logger(__name__)

SUMMARY_BYTES: Final = 500
LEAST_S: Final = 1.0
"""What must be left of the budget for a message to be handed over; its token is there for the next try."""
_GONE: Final[Mapping[str, str]] = {
    "BotNotInConversationRoster": "The OpsKnight app is not in this chat any more. Add it there again.",
    "ConversationNotFound": "Teams knows no such chat any more. Write to the OpsKnight app, and add the chat anew.",
    "ConversationBlockedByUser": "The OpsKnight app is blocked in this chat. Unblock it in Teams.",
    "MessageWritesBlocked": "The OpsKnight app is blocked in this chat, or was removed from it.",
}
_OF_THE_APP: Final[Mapping[str, str]] = {
    "BotDisabledByAdmin": "An administrator of Microsoft 365 has blocked the OpsKnight app.",
    "BotNotRegistered": "Microsoft knows no bot of this ID (OPSKNIGHT_TEAMS_APP_ID), or it has no Teams channel.",
}
_NOT_TAKEN: Final = (
    "Microsoft Teams does not take the bot's token. Check OPSKNIGHT_TEAMS_APP_ID, and OPSKNIGHT_TEAMS_TENANT,"
    " which a bot of a single tenant needs."
)


def _nowhere(text: str) -> str:
    return unsealed(text, "").address


KIND: Final = ChannelKind(
    CHANNEL,
    "Address of the chat",
    "teams:WyJodHRwczovL3NtYmEu…",
    _nowhere,
    help="Write anything to the OpsKnight app in Teams: it answers with the address, and a button that adds it here."
    " In a channel mention it: @OpsKnight.",
    rooms=True,
)


def reader(ground: Ground) -> Callable[[str], str]:
    """Return how an address is read on this installation: only one that its bot has told."""
    secret = ground.read(TeamsSettings).app_secret
    return lambda text: unsealed(text, secret).address


def keeper(ground: Ground) -> Callable[[str], Mapping[str, str]]:
    """Return how it is read by what way a chat is reached."""
    secret = ground.read(TeamsSettings).app_secret
    return lambda text: unsealed(text, secret).kept


def missing(ground: Ground) -> str:
    """Return what has to be set before anything goes out, empty when it is."""
    its = ground.read(TeamsSettings)
    return unset("A Teams bot", "OPSKNIGHT_TEAMS_", {"APP_ID": its.app_id, "APP_SECRET": its.app_secret})


def make(ground: Ground) -> TeamsBotChannel:
    """Return the channel as the settings want it."""
    return TeamsBotChannel(
        ground.read(TeamsSettings), now=ground.now, allow_private=ground.settings.channels_allow_private
    )


class TeamsBotChannel:
    """Speaks as the bot that `its` describes, in places that Microsoft has named to it."""

    def __init__(
        self,
        its: TeamsSettings,
        *,
        now: Callable[[], datetime],
        allow_private: bool = False,
        budget_s: float = BUDGET_S,
    ) -> None:
        """Keep how to speak; nothing is opened yet."""
        self._secret = its.app_secret
        self._budget_s = budget_s
        self._sign_in = SignIn(its, now=now, budget_s=budget_s)
        self._caller = Caller("Microsoft Teams", now=now, budget_s=budget_s, allow_private=allow_private)

    async def send(self, message: Message, address: Address) -> Outcome:
        """Post `message`; in a channel it begins a thread."""
        place = self._place(address)
        if not isinstance(place, Place):
            return place
        return self._judged(await self._call("POST", _activities(place), activity(message)))

    async def amend(self, message: Message, address: Address, *, provider_id: str) -> Outcome:
        """Have the card say what `message` says; `provider_id` is its number in the chat."""
        place = self._place(address)
        if not isinstance(place, Place):
            return place
        if not provider_id:
            return Failed("Teams has not named this message, so it cannot be changed.")
        url = f"{_activities(place)}/{quote(provider_id, safe='')}"
        return tried_again(self._judged(await self._call("PUT", url, {"id": provider_id, **posted(card(message))})))

    async def tell(self, kept: Mapping[str, str], shown: Mapping[str, Any]) -> None:
        """Say `shown`, a card, where somebody has just spoken to the bot; what cannot be said is logged."""
        place = Place.of(kept)
        if place is None:
            return
        outcome = self._judged(await self._call("POST", _activities(place), posted(shown)))
        if not isinstance(outcome, Sent):
            log.warning("Teams could not be answered", reason=outcome.reason)

    async def close(self) -> None:
        """Close the open connections."""
        await self._sign_in.close()
        await self._caller.close()

    def _place(self, address: Address) -> Place | Failed:
        """Return where an address is: as it is kept beside it, or within it, where an operator set it."""
        if (kept := Place.of(address.secret)) is not None:
            return kept
        try:
            return unsealed(address.value, self._secret)
        except BadAddress as refusal:
            return Failed(str(refusal), Fault.ADDRESS)

    async def _call(self, method: str, url: str, body: Mapping[str, Any]) -> Called:
        """Call with the bot's token, and with a new one where Teams does not take it; all within the budget."""
        time = asyncio.get_running_loop().time
        ends_s = time() + self._budget_s
        while True:
            token = await self._sign_in.token(within_s=ends_s - time())
            if not isinstance(token, str):
                return cast("Called", token)  # nobody is signed in by a Sent
            left_s = ends_s - time()
            if left_s < min(LEAST_S, self._budget_s / 4):
                return Retry("Microsoft's sign-in took too long.", Fault.TIMEOUT)
            headers = {"Authorization": f"Bearer {token}"}
            answer = await self._caller.call(method, url, json=body, headers=headers, within_s=left_s)
            if not isinstance(answer, Answer) or answer.status != 401 or not self._sign_in.forget(token):
                return answer

    def _judged(self, answer: Called) -> Outcome:
        if not isinstance(answer, Answer):
            return answer
        if answer.ok:
            return Sent(str(answer.fields().get("id") or "")[:100])
        code, words = _error(answer)
        if code in _GONE:
            return Failed(_GONE[code], Fault.ADDRESS, gone=True)
        if code in _OF_THE_APP:
            return Failed(_OF_THE_APP[code], Fault.SETTINGS)
        if answer.status == 401:
            return Failed(_NOT_TAKEN, Fault.SETTINGS)
        outcome = self._caller.judged(answer, words=words)
        after = retry_after(answer.headers.get("Retry-After"), at=self._caller.now())
        if answer.status == 412:  # others speak in the same chat at this moment
            return Retry(f"Microsoft Teams said 412: {words}", after=after)
        if isinstance(outcome, Failed) and answer.status in (403, 404):
            return Failed(outcome.reason, Fault.ADDRESS)
        return outcome


def activity(message: Message) -> Mapping[str, Any]:
    """Return a message as Teams takes it; one of high urgency stands in the activity feed as well."""
    said = {**posted(card(message)), "summary": adaptive_card.cut(message.subject, SUMMARY_BYTES)}
    if message.urgency is Urgency.HIGH:
        return {**said, "channelData": {"notification": {"alert": True}}}
    return said


def posted(shown: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the message that carries a card, and nothing else, which Teams would split off it."""
    return {"type": "message", "attachments": [adaptive_card.attached(shown)]}


def card(message: Message) -> Mapping[str, Any]:
    """Return the card, with what can be pressed as things stand."""
    offered = buttons(message.kind, about_one=message.is_pressable, became=message.became)
    actions = [adaptive_card.pressable(each, message.notification_id) for each in offered]
    return adaptive_card.card(
        message.subject,
        message.body,
        colour=_colour(message),
        actions=[*actions, adaptive_card.link(say("Open"), message.url)],
        version=adaptive_card.BUTTONS,
    )


def _colour(message: Message) -> str:
    if message.became is Status.RESOLVED:
        return "Good"
    if message.became not in (None, Status.OPEN):
        return "Default"
    return "Attention" if message.urgency is Urgency.HIGH else "Accent"


def _activities(place: Place) -> str:
    conversation = quote(place.conversation, safe="")
    return f"{place.service_url.rstrip('/')}/v3/conversations/{conversation}/activities"


def _error(answer: Answer) -> tuple[str, str]:
    """Return the code and the words of an error as Teams gives it; a block is told by another part of it."""
    error: Any = answer.fields().get("error")
    told = cast("Mapping[str, Any]", error if isinstance(error, dict) else {})
    if not told and "MessageWritesBlocked" in answer.words():
        return "MessageWritesBlocked", answer.words()
    return str(told.get("code", "")), str(told.get("message") or answer.words())[:200]
