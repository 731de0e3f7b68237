"""How much longer things may take where other work shares the machine."""

from __future__ import annotations

import os
from typing import Final

WIDER: Final = 3.0 if os.environ.get("CI") == "true" or "PYTEST_XDIST_WORKER" in os.environ else 1.0
"""Bounds of real time are multiplied by it, and so is the patience of what waits; true figures are told anyway."""
PATIENCE_S: Final = 30 * WIDER
"""How long to wait for what comes by itself: it is no bound."""
PATIENCE_MS: Final = 1000 * PATIENCE_S
