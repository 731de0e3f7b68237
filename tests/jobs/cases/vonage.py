"""Texts by Vonage. Source: https://developer.vonage.com/en/api/messages."""

from __future__ import annotations

import base64
import re

from opsknight.carriers import VonageSettings
from opsknight.jobs.channels.channel import Address
from opsknight.jobs.channels.vonage import Texts
from tests.jobs.http_case import HttpCase
from tests.peers.http_provider import Asked, Said


def settings(origin: str, **changes: object) -> VonageSettings:
    values = {
        "api_key": "abcd1234", "api_secret": "an-api-secret", "signature_secret": "the-signature-secret-of-the-account",
        "sms_from": "+447700900001", "url": origin,
    }  # fmt: skip
    return VonageSettings(_env_file=None, **{**values, **changes})  # type: ignore[call-arg]


def check(asked: Asked) -> None:
    """Refuse what Vonage would."""
    assert (asked.method, asked.path) == ("POST", "/v1/messages")
    assert asked.headers["Authorization"] == "Basic " + base64.b64encode(b"abcd1234:an-api-secret").decode()
    sent = asked.json
    assert (sent["channel"], sent["message_type"]) == ("sms", "text")
    assert re.fullmatch(r"[1-9]\d{6,14}", sent["to"]), "E.164 without a plus"
    assert 1 <= len(sent["text"]) <= 1000, "at most 1,000 characters"
    assert len(sent["client_ref"]) <= 100
    assert set(sent) <= {
        "channel", "message_type", "to", "from", "text", "client_ref", "webhook_url", "webhook_version",
    }  # fmt: skip


def problem(status: int, title: str, detail: str) -> Said:
    return Said(status, {"type": "https://developer.vonage.com/api-errors", "title": title, "detail": detail})


CASE = HttpCase(
    make=lambda origin, now, budget_s: Texts(settings(origin), now=now, budget_s=budget_s),
    address=lambda _origin: Address("+4915123456789"),
    takes=lambda _asked: Said(202, {"message_uuid": "aaaaaaaa-bbbb-4ccc-8ddd-0123456789ab"}),
    for_now=problem(429, "Rate Limit Hit", "Please wait, then retry your request"),
    for_good=problem(422, "Your request parameters didn't validate", "to: invalid"),
    check=check,
)
