"""Texts by a gateway of the operator's own, called as the settings say."""

from __future__ import annotations

from opsknight.carriers import GatewaySettings
from opsknight.jobs.channels.channel import Address
from opsknight.jobs.channels.gateway import Texts
from tests.jobs.http_case import HttpCase
from tests.peers.http_provider import Asked, Said


def settings(origin: str, **changes: object) -> GatewaySettings:
    values = {
        "url": f"{origin}/send?to={{to}}", "headers": '{"X-Key": "sesame"}', "success": '"ok": *true',
        "body": '{"messages": [{"to": "{to}", "text": "{text}", "ref": "{id}"}]}', "secret": "gateway-secret",
    }  # fmt: skip
    return GatewaySettings(_env_file=None, **{**values, **changes})  # type: ignore[call-arg]


def check(asked: Asked) -> None:
    """Refuse what this gateway would."""
    assert (asked.method, asked.path, asked.query) == ("POST", "/send", {"to": "+4915123456789"})
    assert asked.headers["X-Key"] == "sesame"
    (sent,) = asked.json["messages"]
    assert sent["to"] == "+4915123456789"
    assert sent["text"]
    assert sent["ref"]


CASE = HttpCase(
    make=lambda origin, now, budget_s: Texts(settings(origin), now=now, budget_s=budget_s),
    address=lambda _origin: Address("+4915123456789"),
    takes=lambda _asked: Said(200, {"ok": True}),
    for_now=Said(200, {"ok": False, "error": "modem busy"}, takes=False),
    for_good=Said(400, {"ok": False, "error": "no such number"}),
    check=check,
    names=False,
)
