"""Mattermost: a post of a bot. Source: https://developers.mattermost.com/api-documentation/#/operations/CreatePost."""

from __future__ import annotations

import re

from opsknight.jobs.channels.channel import Address
from opsknight.jobs.channels.mattermost import MattermostChannel
from tests.jobs.http_case import HttpCase
from tests.peers.http_provider import Asked, Said

BOT, USER, CHANNEL, POST = (letter * 26 for letter in "bucp")
HOOK = "x" * 26
API = "/api/v4"


def check(asked: Asked) -> None:
    """Refuse what Mattermost would."""
    if not asked.path.startswith("/hooks/"):
        assert asked.headers["Authorization"] == "Bearer T"
    match asked.method, asked.path:
        case "GET", "/api/v4/users/me":
            assert asked.body == b""
        case "POST", "/api/v4/channels/direct":
            assert asked.json == [BOT, USER], "the two who talk"
        case "POST", "/api/v4/posts":
            assert re.fullmatch(r"[a-z0-9]{26}", asked.json["channel_id"])
            check_post(asked.json["message"], asked.json["props"]["attachments"])
        case "PUT", path if re.fullmatch(r"/api/v4/posts/[a-z0-9]{26}/patch", path):
            check_post(asked.json["message"], asked.json["props"]["attachments"])
        case "POST", "/hooks/xxxxxxxxxxxxxxxxxxxxxxxxxx":
            check_post(asked.json["text"], asked.json["attachments"])
        case _:
            raise AssertionError(f"{asked.method} {asked.path} is nothing of Mattermost")


def check_post(message: str, attachments: list[dict[str, object]]) -> None:
    assert 0 < len(message) <= 16383
    for attachment in attachments:
        assert attachment["fallback"], "a text for where attachments are not shown"
        for action in attachment["actions"]:  # type: ignore[attr-defined]
            assert action["id"].isalnum(), "other ids are not found again when the button is pressed"
            assert action["name"]
            assert action["integration"]["url"].startswith("https://")
            assert action["integration"]["context"]["proof"]


def takes(asked: Asked) -> Said:
    """Say who the bot is, open a conversation, or take a message."""
    if asked.path == f"{API}/users/me":
        return Said(200, {"id": BOT, "is_bot": True}, takes=False)
    if asked.path == f"{API}/channels/direct":
        return Said(201, {"id": CHANNEL, "type": "D"}, takes=False)
    return Said(200, "ok") if asked.path.startswith("/hooks/") else Said(201, {"id": POST, "channel_id": CHANNEL})


CASE = HttpCase(
    make=lambda origin, now, budget_s: MattermostChannel(origin, token="T", now=now, budget_s=budget_s),
    address=lambda _origin: Address(USER),
    takes=takes,
    for_now=Said(429, "limit exceeded", {"X-Ratelimit-Reset": "1", "Retry-After": "2"}),
    for_good=Said(404, {"id": "app.user.missing_account.const", "message": "Unable to find the user."}),
    check=check,
    hands_over=lambda asked: asked.path == f"{API}/posts" or asked.path.startswith("/hooks/"),
)
