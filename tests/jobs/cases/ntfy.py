"""ntfy: publishing as JSON. Source: https://docs.ntfy.sh/publish/#publish-as-json."""

from __future__ import annotations

from opsknight.jobs.channels.channel import Address
from opsknight.jobs.channels.ntfy import NtfyChannel
from tests.jobs.http_case import HttpCase
from tests.peers.http_provider import Asked, Said


def check(asked: Asked) -> None:
    """Refuse what ntfy would."""
    assert (asked.method, asked.path) == ("POST", "/"), "JSON is published to the root"
    sent = asked.json
    assert sent["topic"], "a topic"
    assert sent["priority"] in range(1, 6), "a priority from 1 to 5"
    assert len(sent["message"].encode()) <= 4096, "a short message"
    assert len(asked.body) <= 2 * 4096, "JSON of at most twice a message"
    assert len(sent["actions"]) <= 3, "at most three buttons"
    assert all(action["action"] in ("view", "http", "broadcast") and action["label"] for action in sent["actions"])


CASE = HttpCase(
    make=lambda origin, now, budget_s: NtfyChannel(origin, token="tk_test", now=now, budget_s=budget_s),
    address=lambda _origin: Address("ops-ada-x7Kq"),
    takes=lambda _asked: Said(200, {"id": "hwQ2YpKdmg", "event": "message"}),
    for_now=Said(429, {"code": 42901, "http": 429, "error": "limit reached: too many requests"}),
    for_good=Said(400, {"code": 40009, "http": 400, "error": "invalid request: topic invalid"}),
    check=check,
)
