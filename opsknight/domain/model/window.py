"""The native window as a contact method: whether it is open, and how long what was put there counts."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

WINDOW: Final = "window"
"""The name of the channel."""
A_WINDOW: Final = "A native window"
"""How one without a name is called."""
WAITS_S: Final = 10.0
"""How long a question of a window for news is held open, in seconds; it asks again at once."""
NOTED_AGAIN_AFTER: Final = timedelta(seconds=8)
"""Questions that come sooner after one another are not written down."""
OPEN_WITHIN: Final = timedelta(seconds=30)
"""A window that has not asked for so long is taken for closed, or cut off."""
LOUD_LASTS: Final = timedelta(hours=1)
QUIET_LASTS: Final = timedelta(hours=6)
"""How long a message waits in a window that may be cut off and come back."""
AMENDED_LASTS: Final = timedelta(minutes=10)
"""How long a window is told that there is nothing to do any more."""
SHOWN_AT_MOST: Final = 30
"""Messages that one window has at once, the newest; what is older is in the board that it shows."""


class Presence(StrEnum):
    """How a window was found when a message was put there."""

    OPEN = "open"
    """The message is there, and the window asks for it."""
    CLOSED = "closed"
    """Nothing was put there: nobody would take it now."""
    GONE = "gone"
    """It is no contact method any more."""


def is_open(asked_at: datetime | None, *, at: datetime) -> bool:
    """Say whether a window that asked for news last at `asked_at` is there at `at`; None has never asked."""
    return asked_at is not None and at - asked_at <= OPEN_WITHIN
