"""Texts by Twilio. Source: https://www.twilio.com/docs/messaging/api/message-resource."""

from __future__ import annotations

from opsknight.carriers import TwilioSettings
from opsknight.jobs.channels.channel import Address
from opsknight.jobs.channels.twilio import Texts
from tests.jobs.http_case import HttpCase
from tests.peers import twilio


def settings(origin: str, **changes: object) -> TwilioSettings:
    values = {
        "account_sid": twilio.SID, "auth_token": twilio.TOKEN, "sms_from": "+15005550006",
        "voice_from": "+15005550006", "whatsapp_from": "+14155238886", "url": origin,
    }  # fmt: skip
    return TwilioSettings(_env_file=None, **{**values, **changes})  # type: ignore[call-arg]


CASE = HttpCase(
    make=lambda origin, now, budget_s: Texts(settings(origin), now=now, budget_s=budget_s),
    address=lambda _origin: Address("+4915123456789"),
    takes=twilio.takes,
    for_now=twilio.refusal(20429, "Too Many Requests", status=429),
    for_good=twilio.refusal(21211, "Invalid 'To' Phone Number: +4915123456789"),
    check=twilio.check,
)
