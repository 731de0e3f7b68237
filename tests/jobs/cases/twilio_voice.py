"""Calls by Twilio. Source: https://www.twilio.com/docs/voice/api/call-resource."""

from __future__ import annotations

from opsknight.jobs.channels.channel import Address
from opsknight.jobs.channels.twilio import Calls
from tests.jobs.cases.twilio_sms import settings
from tests.jobs.http_case import HttpCase
from tests.peers import twilio

CASE = HttpCase(
    make=lambda origin, now, budget_s: Calls(settings(origin), now=now, budget_s=budget_s),
    address=lambda _origin: Address("+4915123456789"),
    takes=twilio.takes,
    for_now=twilio.refusal(20500, "Internal Server Error", status=500),
    for_good=twilio.refusal(21217, "Phone number does not appear to be valid"),
    check=twilio.check,
)
