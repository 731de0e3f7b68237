"""Discord: a post by webhook. Source: https://discord.com/developers/docs/resources/webhook#execute-webhook."""

from __future__ import annotations

from dataclasses import replace

from opsknight.jobs.channels.channel import Address
from tests.jobs.cases import discord
from tests.peers.http_provider import Said

CASE = replace(
    discord.CASE,
    address=lambda _origin: Address(discord.WEBHOOK),
    for_good=Said(404, {"message": "Unknown Webhook", "code": 10015}),
    hands_over=lambda _asked: True,
)
