"""Slack's Web API as far as OpsKnight uses it: posts, changes and finds messages, and presses their buttons.

What it sends to us is signed by Slack's own library.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from slack_sdk.signature import SignatureVerifier

from tests.peers.http_provider import Asked, HttpPeer, Said, http_peer

TOKEN = "xoxb-test"
SIGNING_SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
BLOCKS = {"header", "section", "context", "actions", "divider"}


def check_message(sent: Mapping[str, Any]) -> None:
    """Refuse, as AssertionError, what Slack answers with invalid_blocks, no_text or msg_too_long."""
    assert sent["text"], "no_text"
    assert len(sent["text"]) <= 40_000, "msg_too_long"
    assert 0 < len(sent["blocks"]) <= 50, "invalid_blocks: how many"
    for block in sent["blocks"]:
        assert block["type"] in BLOCKS, "invalid_blocks: a type"
        _CHECKS.get(block["type"], lambda _block: None)(block)
    assert set(sent["metadata"]) == {"event_type", "event_payload"}, "invalid_metadata_format"


def _text(text: Mapping[str, Any], most: int) -> None:
    assert text["type"] in ("plain_text", "mrkdwn"), "invalid_blocks: text"
    assert 0 < len(text["text"]) <= most, f"invalid_blocks: a text of {len(text['text'])} characters"


def _header(block: Mapping[str, Any]) -> None:
    assert block["text"]["type"] == "plain_text", "invalid_blocks: a header is plain text"
    _text(block["text"], 150)


def _context(block: Mapping[str, Any]) -> None:
    assert 0 < len(block["elements"]) <= 10, "invalid_blocks: context"
    for element in block["elements"]:
        _text(element, 2000)


def _actions(block: Mapping[str, Any]) -> None:
    elements = block["elements"]
    assert 0 < len(elements) <= 25, "invalid_blocks: buttons"
    assert len(block.get("block_id", "")) <= 255, "invalid_blocks: block_id"
    assert len({each["action_id"] for each in elements}) == len(elements), "invalid_blocks: action_id is not unique"
    for each in elements:
        assert each["type"] == "button", "invalid_blocks: no button"
        assert each["text"]["type"] == "plain_text", "invalid_blocks: a button's text"
        _text(each["text"], 75)
        assert len(each["action_id"]) <= 255, "invalid_blocks: action_id"
        assert len(each.get("value", "")) <= 2000, "invalid_blocks: value"
        assert len(each.get("url", "")) <= 3000, "invalid_blocks: url"
        assert each.get("style", "primary") in ("primary", "danger"), "invalid_blocks: style"


_CHECKS = {
    "header": _header,
    "section": lambda block: _text(block["text"], 3000),
    "context": _context,
    "actions": _actions,
}


@dataclass(frozen=True)
class Posted:
    """A request of Slack's to us: a form, and the headers that prove where it comes from."""

    body: str
    headers: dict[str, str]


@dataclass
class SlackPeer:
    """A workspace: its messages by conversation, and what it was told at response URLs."""

    http: HttpPeer
    messages: dict[str, list[dict[str, Any]]] = field(default_factory=dict[str, list[dict[str, Any]]])
    answered: asyncio.Queue[dict[str, Any]] = field(default_factory=asyncio.Queue[dict[str, Any]])
    errors: dict[str, str] = field(default_factory=dict[str, str])
    """By method, with what it is refused."""

    @property
    def url(self) -> str:
        return f"{self.http.origin}/api"

    def answer(self, asked: Asked) -> Said:
        """Do what a request asks for."""
        method = asked.path.rpartition("/")[2]
        if asked.path.startswith("/response/"):
            self.answered.put_nowait(asked.json)
            return Said(200, "ok")
        if asked.headers.get("Authorization") != f"Bearer {TOKEN}":
            return _refusal("invalid_auth")
        if method in self.errors:
            return _refusal(self.errors[method])
        return Said(200, {"ok": True, **_METHODS[method](self, asked)})

    def press(
        self, message: Mapping[str, Any], action_id: str, *, by: str, secret: str = SIGNING_SECRET, at: float = 0.0
    ) -> Posted:
        """Return what Slack posts when `by` presses a button of `message`. Source: block_actions payloads."""
        elements = next(block["elements"] for block in message["blocks"] if block["type"] == "actions")
        button = next(each for each in elements if each["action_id"] == action_id)
        payload = {
            "type": "block_actions",
            "user": {"id": by, "username": "ada", "name": "ada", "team_id": "T9TK3CUKW"},
            "api_app_id": "AABA1ABCD",
            "container": {"type": "message", "message_ts": message["ts"], "channel_id": message["channel"]},
            "trigger_id": "12321423423.333649436676.d8c1bb837935619ccad0f624c448ffb3",
            "channel": {"id": message["channel"], "name": "directmessage"},
            "message": {key: message[key] for key in ("ts", "text", "blocks")},
            "response_url": f"{self.http.origin}/response/T9TK3CUKW/1/abc",
            "actions": [{**button, "action_ts": f"{at:.6f}"}],
        }
        return signed(urlencode({"payload": json.dumps(payload)}), secret=secret, at=at)


def signed(body: str, *, secret: str = SIGNING_SECRET, at: float = 0.0) -> Posted:
    """Return `body` as Slack posts it at the instant `at`, now by default."""
    timestamp = str(int(at or time.time()))
    signature = SignatureVerifier(secret).generate_signature(timestamp=timestamp, body=body)
    return Posted(
        body,
        {
            "X-Slack-Request-Timestamp": timestamp,
            "X-Slack-Signature": str(signature),
            "Content-Type": "application/x-www-form-urlencoded",
        },
    )


def _refusal(error: str) -> Said:
    return Said(200, {"ok": False, "error": error}, takes=False)


def _conversation(slack_id: str) -> str:
    return f"D{slack_id[1:]}" if slack_id[0] in "UW" else slack_id


def _post(peer: SlackPeer, asked: Asked) -> dict[str, Any]:
    check_message(asked.json)
    channel = _conversation(asked.json["channel"])
    held = peer.messages.setdefault(channel, [])
    held.append({**asked.json, "channel": channel, "ts": f"{time.time():.3f}{len(held):03}"})
    return {"channel": channel, "ts": held[-1]["ts"]}


def _update(peer: SlackPeer, asked: Asked) -> dict[str, Any]:
    check_message(asked.json)
    held = next(one for one in peer.messages[asked.json["channel"]] if one["ts"] == asked.json["ts"])
    held.update(asked.json)
    return {"channel": held["channel"], "ts": held["ts"]}


def _open(_peer: SlackPeer, asked: Asked) -> dict[str, Any]:
    return {"channel": {"id": _conversation(asked.form["users"])}}


def _history(peer: SlackPeer, asked: Asked) -> dict[str, Any]:
    oldest, limit = float(asked.form.get("oldest", "0")), int(asked.form.get("limit", "100"))
    assert limit <= 999, "invalid_limit"
    found = [one for one in peer.messages.get(asked.form["channel"], ()) if float(one["ts"]) > oldest]
    kept = ("ts", "text", "blocks", *(("metadata",) if asked.form.get("include_all_metadata") == "true" else ()))
    return {"messages": [{key: one[key] for key in kept} for one in reversed(found)][:limit]}


_METHODS = {
    "chat.postMessage": _post,
    "chat.update": _update,
    "conversations.open": _open,
    "conversations.history": _history,
}


@asynccontextmanager
async def slack_peer() -> AsyncIterator[SlackPeer]:
    """Run the workspace in this loop."""
    async with http_peer() as http:
        peer = SlackPeer(http)
        http.answering = peer.answer
        yield peer
