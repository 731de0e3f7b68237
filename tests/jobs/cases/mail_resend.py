"""Mail by Resend. Source: https://resend.com/docs/api-reference/emails/send-email."""

from __future__ import annotations

from opsknight.jobs.channels.channel import Address
from opsknight.jobs.channels.mail_resend import Mails, ResendSettings
from tests.jobs.http_case import HttpCase
from tests.peers.http_provider import Asked, Said


def mails(origin: str, now: object, budget_s: float = 5.0, sender: str = "Pager <pager@ops.example.com>") -> Mails:
    its = ResendSettings(_env_file=None, api_key="re_a_key", url=origin)  # type: ignore[call-arg]
    return Mails(its, sender=sender, home="ops.example.com", now=now, budget_s=budget_s)  # type: ignore[arg-type]


def check(asked: Asked) -> None:
    """Refuse what Resend would."""
    assert (asked.method, asked.path) == ("POST", "/emails")
    assert asked.headers["Authorization"] == "Bearer re_a_key"
    assert 1 <= len(asked.headers["Idempotency-Key"]) <= 256
    sent = asked.json
    assert set(sent) - {"reply_to"} == {"from", "to", "subject", "text", "html", "headers"}
    assert "Reply-To" not in sent["headers"]
    assert "@" in sent["from"]
    assert 1 <= len(sent["to"]) <= 50
    assert sent["subject"]
    assert sent["text"]
    assert sent["html"]
    assert all(isinstance(value, str) for value in sent["headers"].values())


def error(status: int, name: str, message: str) -> Said:
    return Said(status, {"statusCode": status, "name": name, "message": message})


CASE = HttpCase(
    make=mails,
    address=lambda _origin: Address("ada@example.com"),
    takes=lambda _asked: Said(200, {"id": "49a3999c-0ce1-4ea6-ab68-afcd6dc2e794"}),
    for_now=error(429, "rate_limit_exceeded", "Too many requests."),
    for_good=error(422, "validation_error", "Invalid `to` field. The email address needs to be like a@example.com."),
    check=check,
)
