"""The app that Teams is given: a manifest that names our bot, and two icons, in one zip file.

Sources: https://learn.microsoft.com/microsoftteams/platform/resources/schema/manifest-schema (version 1.16),
https://learn.microsoft.com/microsoftteams/platform/concepts/build-and-test/apps-package (sizes of icons).
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from opsknight.carriers import TeamsSettings
from opsknight.errors import Invalid
from opsknight.settings import ASSETS

FILE: Final = "opsknight-teams.zip"
VERSION: Final = "1.0.0"
"""Of the app; Teams takes another manifest as an update where this is higher."""
_SCHEMA: Final = "https://developer.microsoft.com/json-schemas/teams/v1.16/MicrosoftTeams.schema.json"
_ICONS: Final[Mapping[str, str]] = {"color.png": "maskable-192.png", "outline.png": "outline-32.png"}
_WRITTEN: Final = (2026, 1, 1, 0, 0, 0)
"""What each file says of when it was written, so that the same settings give the same package."""


def package(its: TeamsSettings | None, *, address: str) -> bytes:
    """Return the package of the bot of `its`, whose people reach OpsKnight at `address`.

    Raises:
        Invalid: there is no bot, or Teams could not reach us; the sentence says what to set.
    """
    if its is None or not its.app_id:
        raise Invalid("There is no Teams bot yet: set OPSKNIGHT_TEAMS_APP_ID and OPSKNIGHT_TEAMS_APP_SECRET.")
    if not address.startswith("https://"):
        raise Invalid(f"Teams calls https addresses only, not {address}: set OPSKNIGHT_BASE_URL to one.")
    files = {"manifest.json": json.dumps(manifest(its.app_id, address=address), indent=2).encode()}
    files |= {name: (ASSETS / "icons" / icon).read_bytes() for name, icon in _ICONS.items()}
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name, _WRITTEN), content)
    return packed.getvalue()


def manifest(app_id: str, *, address: str) -> Mapping[str, Any]:
    """Return what Teams is told of the bot."""
    command = {"title": "address", "description": "Tells the address of this chat, to be added in OpsKnight"}
    scopes = ["personal", "team", "groupchat"]
    return {
        "$schema": _SCHEMA,
        "manifestVersion": "1.16",
        "version": VERSION,
        "id": app_id,
        "packageName": "opsknight.teams",
        "developer": {"name": "OpsKnight", "websiteUrl": address, "privacyUrl": address, "termsOfUseUrl": address},
        "name": {"short": "OpsKnight", "full": "OpsKnight, on call and incidents"},
        "description": {
            "short": "Pages you, and lets you acknowledge where you are",
            "full": "OpsKnight tells people and channels of incidents. Its cards acknowledge, resolve and escalate in"
            " the name of whoever presses, and say afterwards who has it.",
        },
        "icons": {"color": "color.png", "outline": "outline.png"},
        "accentColor": "#0A0B0D",
        "bots": [
            {
                "botId": app_id,
                "scopes": scopes,
                "isNotificationOnly": False,
                "supportsFiles": False,
                "commandLists": [{"scopes": scopes, "commands": [command]}],
            }
        ],
        "permissions": ["identity", "messageTeamMembers"],
        "validDomains": [urlsplit(address).hostname],
    }
