"""Archived services as the gallery shows them."""

from __future__ import annotations

import time
from typing import Any

from tests.ui.samples import HOSTILE, LONG_WORD


def archived_services() -> Any:
    at = time.time() - 86_400
    common = {"team": "Payments", "team_id": 1, "policy": "Payments", "archived_at": at, "archived_by": "Amira Khan"}
    uses = [
        {"source": "integration:7", "name": "Old probes", "times": 1204, "last_at": time.time() - 30},
        {"source": "heartbeat:1", "name": HOSTILE, "times": 1, "last_at": at},
    ]
    return [
        {**common, "id": 21, "name": "Old shop", "uses": uses},
        {**common, "id": 22, "name": "Orphan", "policy": None, "uses": []},
        {**common, "id": 23, "name": LONG_WORD, "team": "Others", "team_id": 9, "archived_by": None, "uses": []},
    ]
