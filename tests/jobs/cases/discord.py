"""Discord: a direct message of a bot. Source: https://discord.com/developers/docs/resources/message#create-message."""

from __future__ import annotations

import re

from opsknight.jobs.channels.channel import Address
from opsknight.jobs.channels.discord import DiscordChannel
from tests.jobs.http_case import HttpCase
from tests.peers.http_provider import Asked, Said

USER, CHANNEL, MESSAGE = "804512345678901234", "904512345678901234", "1004512345678901234"
WEBHOOK = f"https://discord.com/api/webhooks/{CHANNEL}/a-webhook-s-token_0123456789"


def check(asked: Asked) -> None:
    """Refuse what Discord would."""
    sent = asked.json
    if asked.path == "/users/@me/channels":
        assert asked.headers["Authorization"] == "Bot T"
        assert re.fullmatch(r"\d{17,20}", sent["recipient_id"]), "a snowflake"
        return
    assert 0 < len(sent["content"].encode("utf-16-le")) // 2 <= 2000, "content"
    assert sent["allowed_mentions"] == {"parse": []}, "nobody is called"
    if asked.path.startswith("/webhooks/"):
        assert "components" not in sent, "a webhook that no application owns"
        assert "nonce" not in sent, "webhooks have none"
        return
    assert asked.headers["Authorization"] == "Bot T"
    assert re.fullmatch(r"/channels/\d+/messages(/\d+)?", asked.path)
    if asked.method == "POST":
        assert 0 < len(sent["nonce"]) <= 25, "a nonce of at most 25 characters"
    assert len(sent["components"]) <= 5, "at most five rows"
    for row in sent["components"]:
        assert row["type"] == 1
        assert 1 <= len(row["components"]) <= 5, "at most five buttons in a row"
        for button in row["components"]:
            assert len(button["label"]) <= 80
            assert ("url" in button) is (button["style"] == 5), "links have a URL, all others none"
            assert ("custom_id" in button) is (button["style"] != 5)
            assert len(button.get("custom_id", "")) <= 100


def takes(asked: Asked) -> Said:
    """Open a conversation, or take a message."""
    if asked.path == "/users/@me/channels":
        return Said(200, {"id": CHANNEL, "type": 1}, takes=False)
    return Said(200, {"id": MESSAGE, "channel_id": CHANNEL})


CASE = HttpCase(
    make=lambda origin, now, budget_s: DiscordChannel(origin, token="T", now=now, budget_s=budget_s),
    address=lambda _origin: Address(USER),
    takes=takes,
    for_now=Said(
        429, {"message": "You are being rate limited.", "retry_after": 64.57, "global": False}, {"Retry-After": "65"}
    ),
    for_good=Said(404, {"message": "Unknown User", "code": 10013}),
    check=check,
    hands_over=lambda asked: asked.path.endswith("/messages"),
)
