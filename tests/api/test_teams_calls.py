"""What Microsoft calls us for: presses and messages in Teams, proven by the Bot Connector's token."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import httpx
import pytest

from opsknight.carriers import Carriers, TeamsSettings
from opsknight.domain.model.button import Press, data
from opsknight.domain.model.ledger import sentence
from opsknight.domain.model.teams import CHANNEL, unsealed
from opsknight.domain.store.engine import Database
from tests.api.a_chat import Chat, a_chat
from tests.api.house import a_house
from tests.builders import a_room, a_team
from tests.clock import StoppedClock
from tests.peers.http_provider import Said
from tests.peers.teams import ADA, APP_SECRET, CHAT, ROOM, TENANT, TeamsPeer, check_card, teams_peer


@dataclass
class Tenant:
    """A tenant in which somebody is paged by the bot."""

    chat: Chat
    peer: TeamsPeer
    told: list[tuple[Mapping[str, str], Mapping[str, Any]]] = field(default_factory=list)

    async def hear(self, activity: Mapping[str, Any], **token: Any) -> httpx.Response:
        at = self.chat.house.clock.now().timestamp()
        headers = {"Authorization": f"Bearer {self.peer.token_for(activity, **{'at': at, **token})}"}
        return await self.chat.called(json.dumps(activity).encode(), headers)

    def press(self, what: Press = Press.ACKNOWLEDGE, conversation: str = CHAT, **more: Any) -> dict[str, Any]:
        return self.peer.presses(data(what, self.chat.message.id), conversation, **more)

    async def tell(self, kept: Mapping[str, str], card: Mapping[str, Any]) -> None:
        self.told.append((kept, card))

    async def method(self) -> Any:
        return (await self.chat.read(
            "SELECT to_jsonb(m) FROM contact_methods m WHERE address = :address", address=ADA))[0]  # fmt: skip


async def a_tenant(
    database: Database, clock: StoppedClock, peer: TeamsPeer, its: TeamsSettings
) -> AsyncIterator[Tenant]:
    async with a_house(database, clock, channels_allow_private=True) as house:
        house.deps.carriers = Carriers(teams=its)
        chat = await a_chat(house, CHANNEL, address=ADA, proof="", path="/api/v1/chats/teams")
        tenant = Tenant(chat, peer)
        house.deps.tellers = {CHANNEL: tenant.tell}
        yield tenant


@pytest.fixture
async def tenant(database: Database, clock: StoppedClock) -> AsyncIterator[Tenant]:
    async with teams_peer() as peer:
        async for made in a_tenant(database, clock, peer, peer.settings):
            yield made


@pytest.fixture
async def single(database: Database, clock: StoppedClock) -> AsyncIterator[Tenant]:
    """A tenant whose bot is for it alone."""
    async with teams_peer() as peer:
        its = peer.settings.model_copy(update={"tenant": TENANT})
        async for made in a_tenant(database, clock, peer, its):
            yield made


def first_line(card: Mapping[str, Any]) -> str:
    return card["body"][0]["inlines"][0]["text"]


def titles(card: Mapping[str, Any]) -> list[str]:
    return [action["title"] for action in card["actions"]]


# --- presses --------------------------------------------------------------------------------------------------


async def test_a_press_acknowledges_and_is_answered_with_the_changed_card(tenant: Tenant):
    answer = await tenant.hear(tenant.press())

    said = answer.json()
    assert (answer.status_code, said["statusCode"]) == (200, 200)
    assert said["type"] == "application/vnd.microsoft.card.adaptive"
    check_card(said["value"])
    assert first_line(said["value"]).startswith("Acknowledged “")
    assert titles(said["value"]) == ["Resolve", "Escalate", "Open"]
    assert await tenant.chat.status() == "acknowledged"
    assert await tenant.chat.message_is() == "seen"
    assert await tenant.chat.vias() == ["Teams button"]


async def test_in_a_channel_whoever_presses_acts_as_themselves(tenant: Tenant):
    thread = f"{ROOM};messageid=1632474074231"

    await tenant.hear(tenant.press(conversation=thread))

    assert await tenant.chat.status() == "acknowledged"


async def test_a_stale_button_says_what_happened_meanwhile_and_leaves_the_card(tenant: Tenant):
    await tenant.hear(tenant.press(Press.RESOLVE))

    said = (await tenant.hear(tenant.press(id="f:2"))).json()

    assert said["type"] == "application/vnd.microsoft.activity.message"
    assert "already resolved" in said["value"]


async def test_somebody_whom_nobody_knows_is_told_where_to_add_themselves(tenant: Tenant):
    stranger = {**tenant.press()["from"], "aadObjectId": "00000000-3d56-4244-b585-20c8a42ed2b8"}

    said = (await tenant.hear(tenant.press(**{"from": stranger}))).json()

    assert "whose Microsoft Teams account this is" in said["value"]
    assert await tenant.chat.status() == "open"


async def test_a_guest_without_an_account_is_nobody(tenant: Tenant):
    guest = {"id": "29:guest", "name": "Guest", "aadObjectId": None}

    said = (await tenant.hear(tenant.press(conversation=ROOM, **{"from": guest}))).json()

    assert said["type"] == "application/vnd.microsoft.activity.message"
    assert await tenant.chat.status() == "open"


async def test_a_press_that_comes_again_does_nothing_again(tenant: Tenant):
    await tenant.hear(tenant.press(Press.ESCALATE))
    once = await tenant.chat.read("SELECT count(*) FROM facts")

    again = await tenant.hear(tenant.press(Press.ESCALATE))

    assert again.json()["value"] == "OpsKnight has heard this press already."
    assert await tenant.chat.read("SELECT count(*) FROM facts") == once


@pytest.mark.parametrize("value", [None, "x", {}, {"action": None}, {"action": {"data": {"press": "z:1"}}}])
async def test_a_button_that_is_none_of_ours_is_answered_in_words(tenant: Tenant, value: object):
    said = (await tenant.hear(tenant.press(value=value))).json()

    assert said["value"].startswith("OpsKnight knows nothing of this message")


async def test_a_client_too_old_to_call_sends_its_press_as_a_message(tenant: Tenant):
    carried = {"press": data(Press.ACKNOWLEDGE, tenant.chat.message.id)}

    await tenant.hear(tenant.peer.says("message", value=carried))

    assert await tenant.chat.status() == "acknowledged"
    ((kept, card),) = tenant.told
    assert kept == tenant.peer.place().kept
    assert first_line(card).startswith("Acknowledged “")


async def test_an_invoke_that_we_do_not_know_is_not_implemented(tenant: Tenant):
    assert (await tenant.hear(tenant.peer.says("invoke", name="task/fetch"))).status_code == 501


# --- who is heard ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "token",
    [
        {"key": "another's"},
        {"kid": "unknown"},
        {"kid": None},
        {"iss": "https://sts.windows.net/72f988bf/"},
        {"iss": None},
        {"aud": "00000000-2a34-40a1-b28a-b162d5f5327c"},
        {"aud": None},
        {"exp": None},
        {"exp": "soon"},
        {"serviceurl": "https://evil.example/emea/"},
        {"serviceurl": None},
    ],
    ids=str,
)
async def test_a_token_that_lacks_one_requirement_is_refused(tenant: Tenant, token: Mapping[str, Any]):
    answer = await tenant.hear(tenant.press(), **token)

    assert (answer.status_code, answer.content) == (403, b"")
    assert await tenant.chat.status() == "open"


@pytest.mark.parametrize(("late_s", "status"), [(299, 200), (301, 403)])
async def test_a_token_counts_for_five_minutes_after_its_end(tenant: Tenant, late_s: int, status: int):
    at = tenant.chat.house.clock.now().timestamp()

    assert (await tenant.hear(tenant.press(), exp=int(at) - late_s)).status_code == status


@pytest.mark.parametrize(("early_s", "status"), [(299, 200), (301, 403)])
async def test_a_token_counts_five_minutes_before_its_beginning(tenant: Tenant, early_s: int, status: int):
    at = tenant.chat.house.clock.now().timestamp()

    assert (await tenant.hear(tenant.press(), nbf=int(at) + early_s)).status_code == status


async def test_a_token_that_is_signed_by_a_public_key_used_as_a_secret_is_refused(tenant: Tenant):
    assert (await tenant.hear(tenant.press(), algorithm="PS256")).status_code == 403


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer x", "Bearer a.b.c", "Basic Zm9v", "Bearer ü.ü.ü"])
async def test_without_a_token_nobody_is_heard(tenant: Tenant, header: str):
    body = json.dumps(tenant.press()).encode()

    answer = await tenant.chat.called(body, {"Authorization": header.encode("latin-1")})  # type: ignore[dict-item]

    assert answer.status_code == 403
    assert await tenant.chat.status() == "open"


async def test_a_key_that_does_not_vouch_for_teams_is_refused(tenant: Tenant):
    tenant.peer.endorsements = ("webchat",)

    assert (await tenant.hear(tenant.press())).status_code == 403


async def test_by_another_way_than_teams_nobody_is_heard_though_the_token_is_right(tenant: Tenant):
    assert (await tenant.hear(tenant.press(channelId="webchat"))).status_code == 403
    assert await tenant.chat.status() == "open"


async def test_a_bot_of_one_tenant_hears_nobody_of_another(single: Tenant):
    elsewhere = {"tenant": {"id": "00000000-86f1-41af-91ab-2d7cd011db47"}}

    assert (await single.hear(single.press(channelData=elsewhere))).status_code == 403
    assert (await single.hear(single.press())).status_code == 200


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b"x", b'{"type":"message"}'])
async def test_what_is_no_activity_is_refused(tenant: Tenant, body: bytes):
    assert (await tenant.chat.called(body)).status_code == 403


async def test_while_no_bot_is_set_up_nobody_is_heard(database: Database, clock: StoppedClock):
    async with teams_peer() as peer:
        async for tenant in a_tenant(database, clock, peer, TeamsSettings()):
            assert (await tenant.hear(tenant.press())).status_code == 403


# --- the keys -------------------------------------------------------------------------------------------------


async def test_the_keys_are_read_once_for_many_calls(tenant: Tenant):
    for number in range(5):
        await tenant.hear(tenant.press(id=f"f:{number}"))

    assert tenant.peer.times("/openidconfiguration") == tenant.peer.times("/keys") == 1


async def test_a_new_key_is_found_after_a_minute_and_forged_names_cost_one_reading_a_minute(tenant: Tenant):
    await tenant.hear(tenant.press())
    tenant.peer.kids = ("new",)
    assert (await tenant.hear(tenant.press(id="f:2"), kid="new")).status_code == 403

    tenant.chat.house.clock.advance(timedelta(seconds=61))
    for number in range(5):
        await tenant.hear(tenant.press(id=f"f:3{number}"), kid=f"forged-{number}")

    assert tenant.peer.times("/keys") == 2
    assert (await tenant.hear(tenant.press(id="f:4"), kid="new")).status_code == 200


async def test_keys_that_cannot_be_read_again_go_on_counting_for_five_days(tenant: Tenant):
    await tenant.hear(tenant.press())
    tenant.peer.http.answering = lambda _asked: Said(503, "away")

    tenant.chat.house.clock.advance(timedelta(days=4))
    assert (await tenant.hear(tenant.press(id="f:2"))).status_code == 200
    tenant.chat.house.clock.advance(timedelta(days=2))
    assert (await tenant.hear(tenant.press(id="f:3"))).status_code == 503


async def test_while_the_keys_cannot_be_read_microsoft_is_asked_to_call_again(tenant: Tenant):
    tenant.peer.http.answering = lambda _asked: Said(503, "away")

    first, second = await tenant.hear(tenant.press()), await tenant.hear(tenant.press())

    assert (first.status_code, second.status_code) == (503, 503)
    assert tenant.peer.times("/openidconfiguration") == 1  # what fails is not hammered
    assert await tenant.chat.status() == "open"


# --- chats ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["message", "installationUpdate"])
async def test_whoever_writes_to_the_bot_or_adds_it_is_told_the_address_of_the_chat(tenant: Tenant, kind: str):
    await tenant.hear(tenant.peer.says(kind, text="hello", action="add"))

    ((kept, card),) = tenant.told
    told = card["body"][-1]["inlines"][0]["text"]
    assert kept == {"service_url": tenant.peer.service_url, "conversation": CHAT}
    assert unsealed(told, APP_SECRET) == tenant.peer.place()
    assert card["actions"][0]["url"] == f"http://localhost:8080/me#add=teams_bot:{told}"


async def test_in_a_channel_the_bot_tells_the_address_of_the_room(tenant: Tenant):
    await tenant.hear(tenant.peer.says("message", f"{ROOM};messageid=1", text="<at>OpsKnight</at> hello"))

    ((_, card),) = tenant.told
    told = card["body"][-1]["inlines"][0]["text"]
    assert unsealed(told, APP_SECRET) == tenant.peer.place(ROOM)
    assert card["actions"][0]["url"].startswith("http://localhost:8080/channels#add=teams_bot:")


async def test_another_bot_is_not_answered(tenant: Tenant):
    await tenant.hear(tenant.peer.says("message", ROOM, **{"from": {"id": "28:another", "name": "Bot"}}))

    assert tenant.told == []


async def test_a_chat_that_moved_to_another_service_is_followed_and_the_ledger_says_so(tenant: Tenant):
    await tenant.hear(tenant.peer.says("message", text="hello"))

    assert (await tenant.method())["secret"] == tenant.peer.place().kept
    told = await tenant.chat.read("SELECT data->>'name' FROM facts WHERE kind = 'configured' ORDER BY seq DESC LIMIT 1")
    assert told == [f"how Microsoft Teams of {tenant.chat.user.name} is reached: its chat has moved"]
    before = await tenant.chat.read("SELECT count(*) FROM facts")
    await tenant.hear(tenant.peer.says("message", text="again", id="2"))
    assert await tenant.chat.read("SELECT count(*) FROM facts") == before


async def test_a_press_in_a_channel_does_not_move_the_chat_of_who_presses(tenant: Tenant):
    await tenant.hear(tenant.press(conversation=ROOM))

    assert (await tenant.method())["secret"] == {}


@pytest.mark.parametrize("kind", ["installationUpdate", "conversationUpdate"])
async def test_where_the_bot_is_removed_the_contact_method_is_off_before_a_page_needs_it(tenant: Tenant, kind: str):
    bot = tenant.peer.says(kind)["recipient"]

    await tenant.hear(tenant.peer.says(kind, action="remove", membersRemoved=[bot]))

    method = await tenant.method()
    assert method["disabled_reason"] == "the OpsKnight app was removed there"
    assert len(await tenant.chat.read("SELECT 1 FROM facts WHERE kind = 'contact method disabled'")) == 1
    assert tenant.told == []


async def test_where_the_bot_is_removed_from_a_channel_its_room_is_off(tenant: Tenant, database: Database):
    room = await a_room(database, await a_team(database, "Ops"), channel=CHANNEL, address=ROOM)
    bot = tenant.peer.says("x")["recipient"]

    await tenant.hear(tenant.peer.says("conversationUpdate", ROOM, membersRemoved=[bot]))

    off = await tenant.chat.read("SELECT disabled_reason FROM contact_methods WHERE id = :id", id=room.id)
    assert off == ["the OpsKnight app was removed there"]
    told = await tenant.chat.read("SELECT data FROM facts WHERE kind = 'contact method disabled'")
    says = "A contact method was switched off: Teams message to Ops: “the OpsKnight app was removed there”."
    assert [sentence("contact method disabled", "OpsKnight", data) for data in told] == [says]


async def test_somebody_else_who_leaves_switches_nothing_off(tenant: Tenant):
    await tenant.hear(tenant.peer.says("conversationUpdate", membersRemoved=[{"id": "29:somebody"}]))

    assert (await tenant.method())["disabled_at"] is None
