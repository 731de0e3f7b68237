"""Microsoft's own library says of our peer and of our answers that they are what Teams sends and takes."""

from __future__ import annotations

import asyncio
import warnings
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any
from uuid import UUID

import jwt
import pytest
from pydantic import TypeAdapter

from opsknight.api.chats.teams_activity import Activity
from opsknight.api.chats.teams_proof import Keys, is_proven
from opsknight.clock import Clock
from opsknight.domain.model import adaptive_card
from opsknight.domain.model.button import Button, Press, data
from tests.peers.teams import APP_ID, ROOM, TeamsPeer, teams_peer

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it announces its experiments
    from microsoft_teams.api import ActivityTypeAdapter, AdaptiveCardActionResponse
    from microsoft_teams.api.auth.cloud_environment import PUBLIC
    from microsoft_teams.apps.auth.token_validator import TokenValidator
    from microsoft_teams.cards import AdaptiveCard


@pytest.fixture
async def peer() -> AsyncIterator[TeamsPeer]:
    async with teams_peer() as made:
        yield made


WRONG: list[dict[str, Any]] = [
    {"key": "another's"},
    {"iss": "https://evil.example"},
    {"aud": "another"},
    {"exp": 1},
    {"serviceurl": "https://evil.example/"},
    {"serviceurl": None},
    {"kid": "unknown"},
]


@pytest.mark.parametrize(("token", "is_right"), [({}, True), *((wrong, False) for wrong in WRONG)], ids=str)
async def test_its_validator_and_ours_judge_every_token_alike(peer: TeamsPeer, token: dict[str, Any], is_right: bool):  # noqa: FBT001
    clock, activity = Clock(), peer.says("message")
    made = peer.token_for(activity, **{"at": clock.now().timestamp(), **token})
    ours = await is_proven(
        f"Bearer {made}",
        its=peer.settings,
        keys=Keys(peer.settings.openid_url, clock.now),
        channel="msteams",
        service_url=peer.service_url,
    )

    assert (await asyncio.to_thread(theirs, peer, made), ours) == (is_right, is_right)


def theirs(peer: TeamsPeer, token: str) -> bool:
    """Return what Microsoft's validator says; it waits for the keys, so it must not run in the peer's loop."""
    cloud = replace(PUBLIC, openid_metadata_url=peer.settings.openid_url)
    validator = TokenValidator.for_service(APP_ID, peer.service_url, cloud=cloud)
    try:
        asyncio.run(validator.validate_token(token))
    except jwt.PyJWTError:
        return False
    return True


@pytest.mark.parametrize("kind", ["message", "installationUpdate", "conversationUpdate"])
@pytest.mark.parametrize("conversation", ["a:1", ROOM])
def test_our_peer_says_what_teams_says(peer: TeamsPeer, kind: str, conversation: str):
    activity = peer.says(kind, conversation, action="add", text="hello")

    told = ActivityTypeAdapter.validate_python(activity)

    ours = Activity.model_validate(activity)
    assert (told.type, told.service_url, told.conversation.id) == (ours.type, ours.service_url, ours.where.id)
    assert (told.from_.aad_object_id or "") == ours.person


def test_our_peer_presses_as_teams_does(peer: TeamsPeer):
    press = data(Press.RESOLVE, UUID(int=7))

    told: Any = ActivityTypeAdapter.validate_python(peer.presses(press))

    assert told.value.action.data == {"press": press}


def a_card() -> dict[str, Any]:
    """Everything that our cards have. Teams documents the width as “Full”, its library writes “full”."""
    pressable = adaptive_card.pressable(Button(Press.ACKNOWLEDGE, "Acknowledge"), UUID(int=7))
    actions = [pressable, adaptive_card.link("Open", "https://ops.example.com/incidents/12")]
    shown = adaptive_card.card("Acknowledged", "one\ntwo", colour="Good", actions=actions, version="1.5")
    return {**shown, "msteams": {"width": "full"}}


def test_what_we_answer_to_a_press_is_an_answer_that_teams_knows():
    adapter: TypeAdapter[Any] = TypeAdapter(AdaptiveCardActionResponse)
    sentence, kind = "It is resolved already.", "application/vnd.microsoft.activity.message"

    message = adapter.validate_python({"statusCode": 200, "type": kind, "value": sentence})
    card = adapter.validate_python({"statusCode": 200, "type": adaptive_card.TYPE, "value": a_card()})

    assert message.value == sentence
    assert isinstance(card.value, AdaptiveCard)


def test_our_cards_are_cards_to_it_and_lose_nothing():
    shown = a_card()

    understood = AdaptiveCard.model_validate(shown).model_dump(by_alias=True, exclude_none=True)

    pressed, opened = understood["actions"]
    assert (pressed["verb"], pressed["data"], pressed["style"]) == (
        "acknowledge",
        {"press": f"a:{UUID(int=7)}"},
        "positive",
    )
    assert (pressed["fallback"]["type"], opened["url"]) == ("Action.Submit", "https://ops.example.com/incidents/12")
    assert [block["type"] for block in understood["body"]] == ["RichTextBlock"] * 3
