"""Gotify: a message of an application. Source: https://gotify.net/api-docs#/message/createMessage."""

from __future__ import annotations

from opsknight.jobs.channels.channel import Address
from opsknight.jobs.channels.gotify import GotifyChannel
from tests.jobs.http_case import HttpCase
from tests.peers.http_provider import Asked, Said

TOKEN = "A4ZudDRdLT40L5X"


def check(asked: Asked) -> None:
    """Refuse what Gotify would."""
    assert (asked.method, asked.path, asked.query) == ("POST", "/message", {}), "the token is in no address"
    assert asked.headers["X-Gotify-Key"] == TOKEN
    sent = asked.json
    assert sent["message"], "a message"
    assert isinstance(sent["priority"], int)
    assert all("::" in name for name in sent["extras"]), "names of extras have a namespace"


CASE = HttpCase(
    make=lambda origin, now, budget_s: GotifyChannel(origin, now=now, budget_s=budget_s),
    address=lambda _origin: Address(TOKEN),
    takes=lambda _asked: Said(200, {"id": 25, "appid": 5, "message": "…"}),
    for_good=Said(401, {"error": "Unauthorized", "errorCode": 401, "errorDescription": "you need to provide a token"}),
    check=check,
)
