"""WhatsApp by Twilio. Source: https://www.twilio.com/docs/whatsapp/api."""

from __future__ import annotations

from opsknight.jobs.channels.channel import Address
from opsknight.jobs.channels.twilio import WhatsApp
from tests.jobs.cases.twilio_sms import settings
from tests.jobs.http_case import HttpCase
from tests.peers import twilio

CASE = HttpCase(
    make=lambda origin, now, budget_s: WhatsApp(settings(origin), now=now, budget_s=budget_s),
    address=lambda _origin: Address("+4915123456789"),
    takes=twilio.takes,
    for_now=twilio.refusal(20429, "Too Many Requests", status=429),
    for_good=twilio.refusal(63003, "Channel could not find To address"),
    check=twilio.check,
)
