"""Microsoft's side of a Teams bot: sign-in, the keys of its calls, conversations, and the calls themselves.

It checks what Microsoft checks: credentials and scope, the bearer token, content type, size, elements of the card,
and that a conversation is one that the bot is in. Its calls are signed as the Bot Connector's are; the vendor's own
validator of tokens takes them (tests/api/test_teams_vendor.py). Sources: https://learn.microsoft.com/azure/
bot-service/rest-api/bot-framework-rest-connector-authentication, …/bot-framework-rest-connector-api-reference.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import unquote

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from opsknight.carriers import TeamsSettings
from opsknight.domain.model.teams import Place
from tests.peers.http_provider import Asked, HttpPeer, Said, http_peer

APP_ID = "c9e8c047-2a34-40a1-b28a-b162d5f5327c"
APP_SECRET = "Xy8Q~a-client-secret"
TENANT = "72f988bf-86f1-41af-91ab-2d7cd011db47"
ISSUER = "https://api.botframework.com"
TOKEN = "eyJ0eXAiOiJKV1QifQ.of-the-bot"
ADA = "7faf8ab2-3d56-4244-b585-20c8a42ed2b8"
CHAT = "a:17I0kl9EkpE1O9PH5TWrzrLNwnWWcfrU7QZjKR0WSfOpzbfcAg2IaydGElSo10tVr4C7Fc6GtieTJX663WuJCc1uA83n4CSrHSgGBj5XNY"
ROOM = "19:693ecdb923ac4458a5c23661b505fc84@thread.tacv2"
KID = "ZyGh1GbBL8xd1kOxRYchc1VPSQQ"
_BOT = {"id": f"28:{APP_ID}", "name": "OpsKnight"}
_ACTIONS = {"Action.Execute", "Action.OpenUrl"}


@cache
def a_key(name: str = "ours") -> RSAPrivateKey:
    """Return the private key of this name; making one takes a while."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def check_activity(sent: Mapping[str, Any]) -> None:
    """Refuse, as AssertionError, what Teams would not show."""
    assert sent["type"] == "message", "BadSyntax: a message"
    assert "text" not in sent, "a text beside a card would be split off it"
    (attachment,) = sent["attachments"]
    assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive", "a card"
    check_card(attachment["content"])


def check_card(card: Mapping[str, Any]) -> None:
    """Refuse, as AssertionError, a card that is none of the version that it names."""
    assert card["type"] == "AdaptiveCard"
    assert all(element["type"] in ("TextBlock", "RichTextBlock") for element in card["body"]), "elements"
    assert len(card["actions"]) <= 6, "Teams shows six actions"
    for action in card["actions"]:
        assert action["type"] in _ACTIONS, "actions"
        assert action["title"], "a title"
        if action["type"] == "Action.OpenUrl":
            assert action["url"].startswith("http")
        else:
            assert card["version"] == "1.5", "Action.Execute needs 1.5 in Teams"
            assert action["verb"]
            assert action["fallback"]["type"] == "Action.Submit"


@dataclass
class TeamsPeer:
    """A tenant in which the bot is: what stands in its conversations, and what it is refused."""

    http: HttpPeer
    conversations: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: {CHAT: [], ROOM: []})
    refusals: list[Said] = field(default_factory=list[Said])
    """Used up one by one by what the bot says and changes."""
    sign_ins: list[Said] = field(default_factory=list[Said])
    """The same for its signing in."""
    token: str = TOKEN
    lasts_s: int = 3600
    kids: tuple[str, ...] = (KID,)
    endorsements: tuple[str, ...] = ("msteams", "skype", "webchat")
    key: str = "ours"

    @property
    def settings(self) -> TeamsSettings:
        """What an operator sets to use this peer."""
        return TeamsSettings(
            app_id=APP_ID,
            app_secret=APP_SECRET,
            login_url=self.http.origin,
            openid_url=f"{self.http.origin}/v1/.well-known/openidconfiguration",
        )

    @property
    def service_url(self) -> str:
        return f"{self.http.origin}/emea/"

    def place(self, conversation: str = CHAT, *, person: str = "") -> Place:
        return Place(self.service_url, conversation, person or (ADA if conversation == CHAT else ""))

    def times(self, path_ends: str) -> int:
        """How often something was asked for whose address ends so."""
        return sum(asked.path.endswith(path_ends) for asked in self.http.asked)

    def answer(self, asked: Asked) -> Said:
        """Do what a request asks for."""
        if asked.path.endswith("/oauth2/v2.0/token"):
            return self.sign_ins.pop(0) if self.sign_ins else self._sign_in(asked)
        if asked.path == "/v1/.well-known/openidconfiguration":
            named = {"issuer": ISSUER, "jwks_uri": f"{self.http.origin}/v1/.well-known/keys"}
            return _quiet({**named, "id_token_signing_alg_values_supported": ["RS256"]})
        if asked.path == "/v1/.well-known/keys":
            return _quiet({"keys": [self._public(kid) for kid in self.kids]})
        return self._conversation(asked)

    def _sign_in(self, asked: Asked) -> Said:
        form = asked.form
        assert form["grant_type"] == "client_credentials", "AADSTS70003"
        assert form["scope"] == f"{ISSUER}/.default", "AADSTS70011"
        if (form["client_id"], form["client_secret"]) != (APP_ID, APP_SECRET):
            words = "AADSTS7000215: Invalid client secret provided.\r\nTrace ID: 1"
            return Said(401, {"error": "invalid_client", "error_description": words}, takes=False)
        told = {"token_type": "Bearer", "expires_in": self.lasts_s, "ext_expires_in": self.lasts_s}
        return _quiet({**told, "access_token": self.token})

    def _public(self, kid: str) -> dict[str, Any]:
        public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(a_key(self.key).public_key()))
        return {**public, "kid": kid, "x5t": kid, "use": "sig", "endorsements": list(self.endorsements)}

    def _conversation(self, asked: Asked) -> Said:
        base, _, rest = asked.path.partition("/v3/conversations/")
        conversation, _, activity_id = unquote(rest).partition("/activities")
        assert base == "/emea", "the service that Microsoft named"
        if asked.headers.get("Authorization") != f"Bearer {self.token}":
            return Said(401, {"message": "Authorization has been denied for this request."})
        assert asked.headers["Content-Type"].startswith("application/json"), "BadSyntax"
        if len(asked.body) > 28 * 1024:
            return _error(413, "MessageSizeTooBig", "Message size too large.")
        if self.refusals:
            return self.refusals.pop(0)
        if conversation not in self.conversations:
            return _error(403, "BotNotInConversationRoster", "The bot is not part of the conversation roster.")
        check_activity(asked.json)
        held = self.conversations[conversation]
        if asked.method == "POST":
            held.append({**asked.json, "id": f"1632474074{len(held):03}"})
            return Said(201, {"id": held[-1]["id"]})
        found = [one for one in held if f"/{one['id']}" == activity_id]
        if not found:
            return _error(404, "ActivityNotFoundInConversation", "The activity was not found.")
        found[0].update(asked.json)
        return Said(200, {"id": found[0]["id"]})

    def says(self, kind: str, conversation: str = CHAT, *, by: str | None = ADA, **more: Any) -> dict[str, Any]:
        """Return an activity as Teams makes it."""
        is_chat = conversation.startswith("a:")
        where = {"id": conversation, "tenantId": TENANT, "conversationType": "personal" if is_chat else "channel"}
        return {
            "type": kind,
            "id": "f:4a2c1d7e-9f6b",
            "timestamp": "2026-11-24T12:00:00.000Z",
            "channelId": "msteams",
            "serviceUrl": self.service_url,
            "from": {"id": "29:1XJKJMvc5GBtc2JwZq0oj8tHZmzrQgFmB39ATiQWA85g", "name": "Ada", "aadObjectId": by},
            "conversation": where if is_chat else {**where, "isGroup": True},
            "recipient": _BOT,
            "channelData": {"tenant": {"id": TENANT}},
            **more,
        }

    def presses(self, carried: str, conversation: str = CHAT, **more: Any) -> dict[str, Any]:
        """Return the activity of a button that carries this."""
        action = {"type": "Action.Execute", "verb": "acknowledge", "data": {"press": carried}}
        value = {"action": action, "trigger": "manual"}
        return self.says("invoke", conversation, **{"name": "adaptiveCard/action", "value": value, **more})

    def token_for(
        self,
        activity: Mapping[str, Any],
        *,
        at: float,
        key: str = "ours",
        kid: str | None = KID,
        algorithm: str = "RS256",
        **claims: Any,
    ) -> str:
        """Return the token that comes with `activity` at the instant `at`."""
        said = {"iss": ISSUER, "aud": APP_ID, "nbf": int(at) - 300, "exp": int(at) + 3600}
        said = {**said, "serviceurl": activity["serviceUrl"], **claims}
        payload = {name: value for name, value in said.items() if value is not None}
        return jwt.encode(payload, a_key(key), algorithm, headers={"kid": kid} if kid else {})


def _quiet(body: Any) -> Said:
    """An answer that is no message."""
    return Said(200, body, takes=False)


def _error(status: int, code: str, message: str) -> Said:
    return Said(status, {"error": {"code": code, "message": message}})


@asynccontextmanager
async def teams_peer() -> AsyncIterator[TeamsPeer]:
    """Run Microsoft's side in this loop."""
    async with http_peer() as http:
        peer = TeamsPeer(http)
        http.answering = peer.answer
        yield peer
