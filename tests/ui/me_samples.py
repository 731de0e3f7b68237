"""What somebody's own page shows: with everything on it, and on the first day."""

from __future__ import annotations

from typing import Any

from opsknight.ui.reading import Reach
from tests.ui import samples


def reach() -> Any:
    rules = [
        {"urgency": "high", "contact_method_id": 1, "delay_s": 0},
        {"urgency": "high", "contact_method_id": 2, "delay_s": 120},
        {"urgency": "high", "contact_method_id": 4, "delay_s": 300},
    ]
    nights = {"weekdays": [1, 2, 3, 4, 5], "start": "22:00", "end": "07:00", "words": "Mon–Fri 22:00–07:00"}
    days = {"weekdays": [1, 3, 6, 7], "start": "00:00", "end": "09:30", "words": "Mon, Wed, Sat, Sun 00:00–09:30"}
    away = {"until": samples.NOW + 14_400, "substitute_id": 5, "substitute": samples.LONG_WORD, "reachable": True}
    alone: Any = {
        "zone": "Europe/Berlin", "quiet_hours": [nights, days], "quiet_until": samples.NOW + 3_600, "waiting": 3,
        "undisturbed": away,
    }  # fmt: skip
    return Reach(samples.methods(), rules, alone, {2: "Maximiliane Oberbichler-Hohenstein", 4: samples.LONG_WORD})  # type: ignore[arg-type]


def reach_at_first() -> Any:
    """Return how somebody is reached who was invited just now."""
    alone: Any = {"zone": "UTC", "quiet_hours": [], "quiet_until": None, "waiting": 0, "undisturbed": None}
    return Reach([], [], alone, {2: "Maximiliane Oberbichler-Hohenstein", 4: samples.LONG_WORD})


def tokens() -> Any:
    """Return tokens of both kinds, one of them in use."""
    common = {"user_id": 1, "user": "Amira Khan", "yours": True, "created_at": samples.NOW - 86_400}
    return [
        {
            **common, "id": 7, "name": "Deploy script", "reads_only": False, "expires_at": samples.NOW + 7_000_000,
            "used_at": samples.NOW - 300, "used_by": "curl/8.5.0",
        },
        {
            **common, "id": 6, "name": samples.LONG_WORD[:100], "reads_only": True, "expires_at": None,
            "used_at": None, "used_by": "",
        },
    ]  # fmt: skip
