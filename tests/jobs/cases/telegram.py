"""Telegram: sendMessage. Source: https://core.telegram.org/bots/api#sendmessage."""

from __future__ import annotations

from typing import Any

from opsknight.jobs.channels.channel import Address
from opsknight.jobs.channels.telegram import TelegramChannel
from tests.jobs.http_case import HttpCase
from tests.peers.http_provider import Asked, Said

TOKEN = "123456:ABC-DEF1234ghIkl-zyx57W2v1u123ew11"


def check(asked: Asked) -> None:
    """Refuse what Telegram would."""
    assert asked.method == "POST"
    assert asked.path in (f"/bot{TOKEN}/sendMessage", f"/bot{TOKEN}/editMessageText"), "a method of this bot"
    sent = asked.json
    assert sent["chat_id"], "a chat"
    assert 0 < units(sent["text"]) <= 4096, "a text that is not too long"
    assert "parse_mode" not in sent, "entities, so no markup"
    for entity in sent["entities"]:
        assert 0 <= entity["offset"] < entity["offset"] + entity["length"] <= units(sent["text"])
    for row in sent["reply_markup"]["inline_keyboard"]:
        assert row, "no empty row"
        for button in row:
            check_button(button)


def check_button(button: dict[str, Any]) -> None:
    assert button["text"], "a label"
    assert ("url" in button) is not ("callback_data" in button), "one thing that it does"
    assert len(button.get("callback_data", "").encode()) <= 64, "callback_data of at most 64 bytes"
    assert "localhost" not in button.get("url", ""), "a URL with a host that Telegram takes"


def units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


CASE = HttpCase(
    make=lambda origin, now, budget_s: TelegramChannel(origin, token=TOKEN, now=now, budget_s=budget_s),
    address=lambda _origin: Address("123456789"),
    takes=lambda _asked: Said(200, {"ok": True, "result": {"message_id": 57, "chat": {"id": 123456789}}}),
    for_now=Said(
        429,
        {
            "ok": False,
            "error_code": 429,
            "description": "Too Many Requests: retry after 35",
            "parameters": {"retry_after": 35},
        },
    ),
    for_good=Said(400, {"ok": False, "error_code": 400, "description": "Bad Request: chat not found"}),
    check=check,
)
