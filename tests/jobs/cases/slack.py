"""Slack: chat.postMessage. Source: https://docs.slack.dev/reference/methods/chat.postMessage."""

from __future__ import annotations

from opsknight.jobs.channels.channel import Address
from opsknight.jobs.channels.slack import SlackChannel
from tests.jobs.http_case import HttpCase
from tests.peers.http_provider import Asked, Said
from tests.peers.slack import check_message


def check(asked: Asked) -> None:
    """Refuse what Slack would."""
    assert (asked.method, asked.path) == ("POST", "/api/chat.postMessage"), "the method's address"
    assert asked.headers["Authorization"] == "Bearer xoxb-test", "the bot's token"
    assert asked.json["channel"], "a channel"
    check_message(asked.json)


CASE = HttpCase(
    make=lambda origin, now, budget_s: SlackChannel(f"{origin}/api", token="xoxb-test", now=now, budget_s=budget_s),
    address=lambda _origin: Address("U024BE7LH"),
    takes=lambda _asked: Said(200, {"ok": True, "channel": "D024BE91L", "ts": "1503435956.000247"}),
    for_now=Said(200, {"ok": False, "error": "ratelimited"}, {"Retry-After": "7"}, takes=False),
    for_good=Said(200, {"ok": False, "error": "channel_not_found"}, takes=False),
    check=check,
)
