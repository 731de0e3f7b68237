"""Google Chat: a post by webhook. Source: https://developers.google.com/workspace/chat/quickstart/webhooks."""

from __future__ import annotations

import re

from opsknight.jobs.channels.channel import Address
from opsknight.jobs.channels.google_chat import GoogleChatChannel
from tests.jobs.http_case import HttpCase
from tests.peers.http_provider import Asked, Said

WEBHOOK = "https://chat.googleapis.com/v1/spaces/AAAAx-1_/messages?key=AIzaSy-K&token=t0k%3D"
MARKS = re.compile(r"</?(b|i|u|s|br|a)\b[^>]*>")


def check(asked: Asked) -> None:
    """Refuse what Google would."""
    assert (asked.method, asked.path) == ("POST", "/v1/spaces/AAAAx-1_/messages")
    assert (asked.query["key"], asked.query["token"]) == ("AIzaSy-K", "t0k=")
    assert re.fullmatch(r"client-[a-z0-9-]{1,56}", asked.query["messageId"]), "a custom name of a message"
    assert asked.query["requestId"]
    assert len(asked.body) <= 32_000, "at most 32,000 bytes"
    sent = asked.json
    assert set(sent) == {"cardsV2", "fallbackText"}
    [card] = sent["cardsV2"]
    [text, links] = card["card"]["sections"][0]["widgets"]
    assert "<" not in MARKS.sub("", text["textParagraph"]["text"]), "only marks that Google knows"
    for button in links["buttonList"]["buttons"]:
        assert button["text"]
        assert button["onClick"]["openLink"]["url"].startswith("https://")


CASE = HttpCase(
    make=lambda origin, now, budget_s: GoogleChatChannel(origin, now=now, budget_s=budget_s),
    address=lambda _origin: Address(WEBHOOK),
    takes=lambda asked: Said(200, {"name": f"spaces/AAAAx-1_/messages/{asked.query['messageId']}"}),
    for_now=Said(
        429, {"error": {"code": 429, "message": "Resource has been exhausted", "status": "RESOURCE_EXHAUSTED"}}
    ),
    for_good=Said(404, {"error": {"code": 404, "message": "Webhook not found", "status": "NOT_FOUND"}}),
    check=check,
)
