"""Texts by Amazon SNS, straight to a phone number.

Sources: https://docs.aws.amazon.com/sns/latest/api/API_Publish.html,
https://docs.aws.amazon.com/sns/latest/dg/sms_sending-overview.html (attributes, who opted out).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final
from urllib.parse import urlencode

from opsknight.aws import signature_headers
from opsknight.carriers import SnsSettings
from opsknight.jobs.channels.channel import (
    BUDGET_S,
    Address,
    Failed,
    Fault,
    Ground,
    Message,
    Outcome,
    Retry,
    Sent,
    unset,
)
from opsknight.jobs.channels.http import Answer, Caller
from opsknight.jobs.channels.texts import taken, texted

FORM: Final = "application/x-www-form-urlencoded; charset=utf-8"
_THROTTLED: Final = frozenset({"Throttling", "ThrottledException", "ThrottlingException", "KMSThrottling"})


def missing(ground: Ground) -> str:
    """Return what an operator has to set first, "" where nothing is missing."""
    its = ground.read(SnsSettings)
    wanted = {"REGION": its.region, "ACCESS_KEY_ID": its.access_key_id, "SECRET_ACCESS_KEY": its.secret_access_key}
    return unset("AWS SNS", "OPSKNIGHT_SNS_", wanted)


def make(ground: Ground) -> Texts:
    """Return the carrier as the settings want it."""
    return Texts(ground.read(SnsSettings), now=ground.now)


class Texts:
    """Sends texts as transactional ones: the reliable kind. What people answer does not come back."""

    def __init__(self, its: SnsSettings, *, now: Callable[[], datetime], budget_s: float = BUDGET_S) -> None:
        """Keep how to call; nothing is opened yet."""
        self._its = its
        self._now = now
        self._url = its.url.rstrip("/") or f"https://sns.{its.region}.amazonaws.com"
        self._caller = Caller("AWS SNS", now=now, budget_s=budget_s, allow_private=True)

    async def send(self, message: Message, address: Address) -> Outcome:
        """Publish the text; the code of a refusal decides."""
        text = texted(message, replies=False)
        body = urlencode(self._asked(text, address.value)).encode()
        token = {"x-amz-security-token": self._its.session_token} if self._its.session_token else {}
        signed = signature_headers(
            "POST",
            f"{self._url}/",
            {"content-type": FORM, **token},
            body,
            region=self._its.region,
            service="sns",
            key=(self._its.access_key_id, self._its.secret_access_key),
            at=self._now(),
        )
        answer = await self._caller.call("POST", f"{self._url}/", body=body, headers=signed)
        if not isinstance(answer, Answer):
            return answer
        if answer.ok:
            named = self._caller.named(_within(answer, "MessageId"))
            return taken(named.provider_id, text, self._its) if isinstance(named, Sent) else named
        return self._refused(answer)

    async def close(self) -> None:
        """Close the open connections."""
        await self._caller.close()

    def _asked(self, text: str, to: str) -> Mapping[str, str]:
        attributes = {
            "AWS.SNS.SMS.SMSType": "Transactional",
            "AWS.SNS.SMS.SenderID": self._its.sender_id,
            "AWS.MM.SMS.OriginationNumber": self._its.origination_number,
        }
        asked = {"Action": "Publish", "Version": "2010-03-31", "PhoneNumber": to, "Message": text}
        for nth, (name, value) in enumerate([(n, v) for n, v in attributes.items() if v], start=1):
            entry = f"MessageAttributes.entry.{nth}"
            asked |= {f"{entry}.Name": name, f"{entry}.Value.DataType": "String", f"{entry}.Value.StringValue": value}
        return asked

    def _refused(self, answer: Answer) -> Outcome:
        code, words = _within(answer, "Code"), _within(answer, "Message")[:200]
        outcome = self._caller.judged(answer, words=f"{code}: {words}" if code else None)
        if not isinstance(outcome, Failed):
            return outcome
        if code in _THROTTLED:
            return Retry(outcome.reason, Fault.THROTTLED, after=self._caller.patience(answer))
        if "opted out" in words:
            return Failed(outcome.reason, Fault.ADDRESS, gone=True)
        if code in ("InvalidParameter", "InvalidParameterValue", "ParameterValueInvalid"):
            return Failed(outcome.reason, Fault.ADDRESS)
        return outcome


def _within(answer: Answer, name: str) -> str:
    """Return the text of the first element of this name in an answer of XML, "" where there is none."""
    found = re.search(rf"<{name}>([^<]*)</{name}>", answer.body.decode("utf-8", "replace"))
    return " ".join(found.group(1).split()) if found else ""
