"""The routes of all chats."""

from __future__ import annotations

from fastapi import APIRouter

from opsknight.api.chats import discord, mattermost, pushover, teams, telegram
from opsknight.deps import Deps


def router(deps: Deps) -> APIRouter:
    """Serve /api/v1/chats/…; chats that nobody has set up refuse every call."""
    routes = APIRouter(prefix="/api/v1/chats", include_in_schema=False)
    for chat in (discord, mattermost, pushover, teams, telegram):
        routes.include_router(chat.router(deps))
    return routes
