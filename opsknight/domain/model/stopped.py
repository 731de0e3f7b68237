"""Why a contact method is off whose own phone answered STOP; it is kept with the method and told in English."""

from __future__ import annotations

from typing import Final

STOPPED: Final = "STOP was answered to a message; answer START to have them again"
"""Why a contact method is off whose own phone answered STOP, as we heard it or as its carrier tells."""
STOP_MARK: Final = "STOP"
"""How each reason began that a START takes back."""
