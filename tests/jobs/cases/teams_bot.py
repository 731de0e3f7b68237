"""Teams: a card of a bot. Source: https://learn.microsoft.com/azure/bot-service/rest-api/…-connector-api-reference."""

from __future__ import annotations

from opsknight.carriers import TeamsSettings
from opsknight.domain.model.teams import Place
from opsknight.jobs.channels.channel import Address
from opsknight.jobs.channels.teams_bot import TeamsBotChannel
from tests.jobs.http_case import HttpCase
from tests.peers.http_provider import Asked, Said
from tests.peers.teams import ADA, APP_ID, APP_SECRET, CHAT, TENANT, TOKEN, check_activity


def is_said(asked: Asked) -> bool:
    """Whether a request says something, rather than signs the bot in."""
    return "/v3/conversations/" in asked.path


def check(asked: Asked) -> None:
    """Refuse what Microsoft would."""
    if not is_said(asked):
        assert (asked.method, asked.path) == ("POST", f"/{TENANT}/oauth2/v2.0/token"), "the sign-in of the tenant"
        wanted = {"grant_type": "client_credentials", "client_id": APP_ID, "client_secret": APP_SECRET}
        assert asked.form == {**wanted, "scope": "https://api.botframework.com/.default"}
        return
    assert (asked.method, asked.path) == ("POST", f"/emea/v3/conversations/{CHAT}/activities"), "the chat's activities"
    assert asked.headers["Authorization"] == f"Bearer {TOKEN}", "the bot's token"
    assert asked.headers["Content-Type"] == "application/json", "JSON"
    assert len(asked.body) <= 28 * 1024, "MessageSizeTooBig"
    check_activity(asked.json)


def takes(asked: Asked) -> Said:
    """Sign the bot in, or take a message."""
    if is_said(asked):
        return Said(201, {"id": "1632474074231"})
    return Said(200, {"token_type": "Bearer", "expires_in": 3599, "access_token": TOKEN}, takes=False)


def its(origin: str) -> TeamsSettings:
    return TeamsSettings(app_id=APP_ID, app_secret=APP_SECRET, tenant=TENANT, login_url=origin)


CASE = HttpCase(
    make=lambda origin, now, budget_s: TeamsBotChannel(its(origin), now=now, allow_private=True, budget_s=budget_s),
    address=lambda origin: Address(ADA, Place(f"{origin}/emea/", CHAT).kept),
    takes=takes,
    for_now=Said(429, {"error": {"code": "Throttled", "message": "Too many requests."}}, {"Retry-After": "7"}),
    for_good=Said(403, {"error": {"code": "ForbiddenOperationException", "message": "Bot is not in the tenant."}}),
    check=check,
    hands_over=is_said,
    refuses=is_said,
    names=False,
)
