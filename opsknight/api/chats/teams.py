"""Microsoft Teams: what people press and write in chats with our bot, and where it was added and removed.

Sources: https://learn.microsoft.com/azure/bot-service/rest-api/bot-framework-rest-connector-api-reference (Activity),
https://learn.microsoft.com/adaptive-cards/authoring-cards/universal-action-model (adaptiveCard/action, its answers),
https://learn.microsoft.com/microsoftteams/platform/bots/how-to/conversations/subscribe-to-conversation-events.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import Response

from opsknight.api.again import again
from opsknight.api.auth import needs
from opsknight.api.chats.calls import MOST, Heeded
from opsknight.api.chats.teams_activity import Activity, read
from opsknight.api.chats.teams_proof import Keys, is_proven
from opsknight.api.plain_json import plain_json
from opsknight.api.pressing import GONE, Press, Pressed, press, unknown
from opsknight.api.signed_bodies import body_of
from opsknight.deps import Deps
from opsknight.domain.commands import chat_places
from opsknight.domain.model import adaptive_card
from opsknight.domain.model.button import buttons
from opsknight.domain.model.channel import shortened
from opsknight.domain.model.notification import PageKind
from opsknight.domain.model.permission import Need
from opsknight.domain.model.speech import later, say, speaking
from opsknight.domain.model.teams import CHANNEL, Place, sealed
from opsknight.domain.model.web_address import refusal

VIA: Final = later("Teams button")
TEAMS: Final = "msteams"
ANSWERED_AT_MOST: Final = 1000
TWICE: Final = later("OpsKnight has heard this press already.")
_MESSAGE: Final = "application/vnd.microsoft.activity.message"
_THROWN_OUT: Final = "the OpsKnight app was removed there"


def router(deps: Deps) -> APIRouter:
    """Serve /teams."""
    routes, heeded = APIRouter(), Heeded()
    its = deps.carriers.teams
    keys = Keys(its.openid_url, deps.clock.now) if its is not None and its.ready else None

    @routes.post("/teams", dependencies=[needs(Need.RESPOND, by_link=True)])
    async def take(request: Request) -> Response:
        activity = read(await body_of(request, at_most=MOST)) if keys is not None else None
        if activity is None or keys is None or its is None or not await _is_ours(deps, request, activity, keys):
            return Response(status_code=403)  # as Microsoft wants it, where others say 401
        name = f"{activity.type}:{activity.id}"
        if activity.id and heeded.knows(name):
            return plain_json(_answer(Pressed(say(TWICE)), deps) if activity.is_press else {})
        answer = await Bot(deps, its.app_secret).heed(activity)
        heeded.note(name, now=deps.clock.now())
        return plain_json({}, status=501) if answer is None else plain_json(answer)

    return routes


async def _is_ours(deps: Deps, request: Request, activity: Activity, keys: Keys) -> bool:
    """Say whether Microsoft sends this to our bot from Teams, and from the bot's own tenant where it has one.

    By other ways than Teams a bot may be written to by somebody who says what they like of who they are.
    """
    its = deps.carriers.teams
    if its is None or activity.channel != TEAMS:
        return False
    if refusal(activity.service_url, allow_private=deps.settings.channels_allow_private) is not None:
        return False
    proven = await is_proven(
        request.headers.get("authorization", ""),
        its=its,
        keys=keys,
        channel=activity.channel,
        service_url=activity.service_url,
    )
    return proven and its.tenant in ("", activity.tenant)


class Bot:
    """What the bot does about one activity; `secret` seals the places that it hands out."""

    def __init__(self, deps: Deps, secret: str) -> None:
        """Keep what it works with."""
        self._deps = deps
        self._secret = secret

    async def heed(self, activity: Activity) -> Mapping[str, Any] | None:
        """Do what an activity asks for; return the answer to it, None where it asks for what we do not know."""
        place = activity.place
        if place is not None and not activity.throws_out:
            await again(lambda: self._moved(place))
        if activity.is_press:
            return _answer(await self._pressed(activity, activity.pressed), self._deps)
        if activity.type == "invoke":
            return None
        if place is None:
            return {}
        if activity.throws_out:
            await again(lambda: self._left(place))
        elif activity.pressed is not None:  # by a client that is too old to call
            pressed = await self._pressed(activity, activity.pressed)
            await self._tell(place, adaptive_card.card(pressed.sentence, ""))
        elif activity.wants_an_answer:
            await self._tell(place, greeting(place, self._deps.settings.address, self._secret))
        return {}

    async def _pressed(self, activity: Activity, meant: tuple[Press, UUID] | None) -> Pressed:
        if meant is None:
            return Pressed(say(GONE))
        if not activity.person:
            return Pressed(unknown(self._deps, CHANNEL))
        what, message = meant
        return await press(
            self._deps, channel=CHANNEL, identity=activity.person, notification_id=message, what=what, via=VIA
        )

    async def _moved(self, place: Place) -> None:
        async with self._deps.commands("system:teams") as uow:
            await chat_places.moved(uow, channel=CHANNEL, address=place.address, kept=place.kept)

    async def _left(self, place: Place) -> None:
        async with self._deps.commands("system:teams") as uow:
            await chat_places.left(uow, channel=CHANNEL, address=place.address, reason=_THROWN_OUT)

    async def _tell(self, place: Place, card: Mapping[str, Any]) -> None:
        tell = self._deps.tellers.get(CHANNEL)
        if tell is not None:
            await tell(place.kept, card)


def greeting(place: Place, home: str, secret: str) -> Mapping[str, Any]:
    """Return the card that tells a chat's address, with a button that adds it, so that nobody has to type it."""
    text = sealed(place, secret)
    if place.person:
        first = say("OpsKnight can page you in this chat")
        how = say("Add it to your contact methods: by the button, or by pasting this address there.")
        page = "me"
    else:
        first = say("OpsKnight can post here what a team should read")
        how = say("Who manages a team adds this place as its room: by the button, or by pasting this address there.")
        page = "channels"
    actions = [adaptive_card.link(say("Add it"), f"{home}/{page}#add={CHANNEL}:{text}")]
    return adaptive_card.card(first, f"{how}\n{text}", actions=actions)


def _answer(pressed: Pressed, deps: Deps) -> Mapping[str, Any]:
    """Return the answer to a press: what the card says from now on, or what went otherwise than wanted."""
    if not pressed.done:
        return {"statusCode": 200, "type": _MESSAGE, "value": shortened(pressed.sentence, ANSWERED_AT_MOST)}
    with speaking(pressed.language):
        return {"statusCode": 200, "type": adaptive_card.TYPE, "value": _after(pressed, deps.settings.address)}


def _after(pressed: Pressed, home: str) -> Mapping[str, Any]:
    """Return what the presser sees until the message itself is changed for everybody."""
    left = buttons(PageKind.PAGE, about_one=pressed.became is not None, became=pressed.became)
    actions = [adaptive_card.pressable(each, pressed.notification_id) for each in left if pressed.notification_id]
    if pressed.number is not None:
        actions.append(adaptive_card.link(say("Open"), f"{home}/incidents/{pressed.number}"))
    return adaptive_card.card(pressed.sentence, "", colour="Good", actions=actions, version=adaptive_card.BUTTONS)
