"""Mail by Amazon SES. Source: https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html."""

from __future__ import annotations

import base64
import re
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default

from opsknight.jobs.channels.channel import Address
from opsknight.jobs.channels.mail_ses import Mails, SesSettings
from tests.jobs.http_case import HttpCase
from tests.peers.http_provider import Asked, Said

_SIGNED = re.compile(
    r"AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/\d{8}/eu-central-1/ses/aws4_request, "
    r"SignedHeaders=content-type;host;x-amz-date, Signature=[0-9a-f]{64}"
)
_LONGEST_LINE = 1000
"""Characters with the line's end, by SES's own limit for raw mails."""


SENDER = "Pager <pager@ops.example.com>"


def mails(origin: str, now: object, budget_s: float = 5.0, sender: str = SENDER, **changes: object) -> Mails:
    values = {
        "region": "eu-central-1", "access_key_id": "AKIDEXAMPLE",
        "secret_access_key": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "url": origin,
    }  # fmt: skip
    its = SesSettings(_env_file=None, **{**values, **changes})  # type: ignore[call-arg]
    return Mails(its, sender=sender, home="ops.example.com", now=now, budget_s=budget_s)  # type: ignore[arg-type]


def mail(asked: Asked) -> EmailMessage:
    raw = base64.b64decode(asked.json["Content"]["Raw"]["Data"], validate=True)
    return BytesParser(EmailMessage, policy=default).parsebytes(raw)


def check(asked: Asked) -> None:
    """Refuse what SES would."""
    assert (asked.method, asked.path) == ("POST", "/v2/email/outbound-emails")
    assert _SIGNED.fullmatch(asked.headers["Authorization"]), "a signature of version 4"
    assert asked.headers["Content-Type"] == "application/json"
    sent = asked.json
    assert set(sent) <= {"Content", "Destination", "ConfigurationSetName"}
    assert all("@" in to for to in sent["Destination"]["ToAddresses"])
    raw = base64.b64decode(sent["Content"]["Raw"]["Data"], validate=True)
    assert max(map(len, raw.split(b"\r\n"))) + 2 <= _LONGEST_LINE
    read = mail(asked)
    assert not read.defects
    for name in ("From", "To", "Subject", "Date", "MIME-Version"):
        assert len(read.get_all(name, [])) == 1, f"one {name}"


def error(status: int, name: str, message: str) -> Said:
    return Said(status, {"message": message}, {"x-amzn-ErrorType": name})


CASE = HttpCase(
    make=mails,
    address=lambda _origin: Address("ada@example.com"),
    takes=lambda _asked: Said(200, {"MessageId": "0107018f-4f9a-4bb2-9d0c-000000000000-000000"}),
    for_now=error(429, "TooManyRequestsException", "Too many requests."),
    for_good=error(400, "BadRequestException", "Missing final '@domain'"),
    check=check,
)
