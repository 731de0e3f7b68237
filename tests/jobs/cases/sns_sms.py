"""Texts by AWS SNS. Source: https://docs.aws.amazon.com/sns/latest/api/API_Publish.html."""

from __future__ import annotations

import re

from opsknight.carriers import SnsSettings
from opsknight.jobs.channels.channel import Address
from opsknight.jobs.channels.sns import Texts
from tests.jobs.http_case import HttpCase
from tests.peers.http_provider import Asked, Said

_SIGNED = re.compile(
    r"AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/\d{8}/eu-central-1/sns/aws4_request, "
    r"SignedHeaders=content-type;host;x-amz-date, Signature=[0-9a-f]{64}"
)


def settings(origin: str, **changes: object) -> SnsSettings:
    values = {
        "region": "eu-central-1", "access_key_id": "AKIDEXAMPLE",
        "secret_access_key": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "url": origin,
    }  # fmt: skip
    return SnsSettings(_env_file=None, **{**values, **changes})  # type: ignore[call-arg]


def check(asked: Asked) -> None:
    """Refuse what SNS would."""
    assert (asked.method, asked.path) == ("POST", "/")
    assert _SIGNED.fullmatch(asked.headers["Authorization"]), "a signature of version 4"
    form = asked.form
    assert (form["Action"], form["Version"]) == ("Publish", "2010-03-31")
    assert re.fullmatch(r"\+[1-9]\d{6,14}", form["PhoneNumber"]), "E.164"
    assert 1 <= len(form["Message"].encode()) <= 1600
    assert form["MessageAttributes.entry.1.Name"] == "AWS.SNS.SMS.SMSType"
    assert form["MessageAttributes.entry.1.Value.StringValue"] == "Transactional"


def error(status: int, code: str, message: str) -> Said:
    said = f"<Type>Sender</Type><Code>{code}</Code><Message>{message}</Message>"
    return Said(status, f"<ErrorResponse><Error>{said}</Error><RequestId>1</RequestId></ErrorResponse>")


CASE = HttpCase(
    make=lambda origin, now, budget_s: Texts(settings(origin), now=now, budget_s=budget_s),
    address=lambda _origin: Address("+4915123456789"),
    takes=lambda _asked: Said(
        200,
        "<PublishResponse><PublishResult><MessageId>567910cd-659e-55d4-8ccb-5aaf14679dc0</MessageId></PublishResult>"
        "</PublishResponse>",
    ),
    for_now=error(400, "Throttling", "Rate exceeded"),
    for_good=error(400, "InvalidParameter", "Invalid parameter: PhoneNumber"),
    check=check,
)
