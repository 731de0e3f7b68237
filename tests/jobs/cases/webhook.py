"""Signed webhooks, verified by the library of Standard Webhooks."""

from __future__ import annotations

from standardwebhooks import Webhook

from opsknight.jobs.channels.channel import Address
from opsknight.jobs.channels.webhook import WebhookChannel
from tests.jobs.http_case import HttpCase
from tests.peers.http_provider import Asked, Said

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def check(asked: Asked) -> None:
    """Refuse what is not signed."""
    assert asked.headers["Content-Type"] == "application/json", "JSON"
    told = Webhook(SECRET).verify(asked.body, asked.headers)
    assert set(told) == {"type", "timestamp", "data"}, "the documented body"


CASE = HttpCase(
    make=lambda _origin, now, budget_s: WebhookChannel(now=now, allow_private=True, budget_s=budget_s),
    address=lambda origin: Address(f"{origin}/hook", {"signing": SECRET}),
    takes=lambda _asked: Said(204, ""),
    for_good=Said(410, "gone"),
    check=check,
    names=False,
)
