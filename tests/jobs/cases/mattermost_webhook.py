"""Mattermost: a post by webhook. Source: https://developers.mattermost.com/integrate/webhooks/incoming/."""

from __future__ import annotations

from dataclasses import replace

from opsknight.jobs.channels.channel import Address
from tests.jobs.cases import mattermost
from tests.peers.http_provider import Said

CASE = replace(
    mattermost.CASE,
    address=lambda origin: Address(f"{origin}/hooks/{mattermost.HOOK}"),
    for_good=Said(400, {"id": "web.incoming_webhook.invalid.app_error", "message": "Invalid webhook."}),
    names=False,
)
