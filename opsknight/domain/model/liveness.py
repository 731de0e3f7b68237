"""Whether a device is still there: it gives signs of life, and one that gives none is not waited for."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

ASKED_AFTER: Final = timedelta(days=7)
"""A device that was not heard of for so long is sent a quiet push, once in this time."""
SILENT_AFTER: Final = timedelta(days=14)
"""After so long without a sign a device is no longer waited for, and its person is told."""
NOTED_AGAIN_AFTER: Final = timedelta(hours=1)
"""Signs that come sooner than that after one another are not written."""


def is_silent(heard_at: datetime | None, *, at: datetime) -> bool:
    """Say whether a device that was last heard of at `heard_at` is to be counted on no more.

    None is no device, or one of which no sign is due.
    """
    return heard_at is not None and at - heard_at >= SILENT_AFTER
