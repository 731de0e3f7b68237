"""Mail by SendGrid. Source: https://www.twilio.com/docs/sendgrid/api-reference/mail-send/mail-send."""

from __future__ import annotations

from opsknight.jobs.channels.channel import Address
from opsknight.jobs.channels.mail_sendgrid import Mails, SendgridSettings
from tests.jobs.http_case import HttpCase
from tests.peers.http_provider import Asked, Said

RESERVED = {
    "x-sg-id", "x-sg-eid", "received", "dkim-signature", "content-type", "content-transfer-encoding", "to", "from",
    "subject", "reply-to", "cc", "bcc",
}  # fmt: skip
"""Headers that SendGrid refuses."""


def mails(origin: str, now: object, budget_s: float = 5.0, sender: str = "Pager <pager@ops.example.com>") -> Mails:
    its = SendgridSettings(_env_file=None, api_key="SG.a-key", url=origin)  # type: ignore[call-arg]
    return Mails(its, sender=sender, home="ops.example.com", now=now, budget_s=budget_s)  # type: ignore[arg-type]


def check(asked: Asked) -> None:
    """Refuse what SendGrid would."""
    assert (asked.method, asked.path) == ("POST", "/v3/mail/send")
    assert asked.headers["Authorization"] == "Bearer SG.a-key"
    sent = asked.json
    assert set(sent) - {"reply_to"} == {
        "personalizations", "from", "subject", "content", "headers", "custom_args", "tracking_settings",
        "mail_settings",
    }  # fmt: skip
    assert len(sent["personalizations"]) == 1
    assert all("@" in to["email"] for to in sent["personalizations"][0]["to"])
    assert "@" in sent["from"]["email"]
    assert set(sent.get("reply_to", {"email": ""})) == {"email"}
    assert all(isinstance(value, str) for value in sent["custom_args"].values())
    assert sent["subject"]
    assert [one["type"] for one in sent["content"]] == ["text/plain", "text/html"], "plain text first"
    assert all(one["value"] for one in sent["content"])
    assert not {name.lower() for name in sent["headers"]} & RESERVED
    assert all(isinstance(value, str) and value.isascii() for value in sent["headers"].values())


def refusal(status: int, message: str, field: str | None) -> Said:
    return Said(status, {"errors": [{"message": message, "field": field, "help": None}]})


CASE = HttpCase(
    make=mails,
    address=lambda _origin: Address("ada@example.com"),
    takes=lambda _asked: Said(202, "", {"X-Message-Id": "xu3Vk1rNRsC6sX0Lr2t6pA"}),
    for_now=refusal(429, "too many requests", None),
    for_good=refusal(400, "Does not contain a valid address.", "personalizations.0.to.0.email"),
    check=check,
)
