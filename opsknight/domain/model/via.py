"""With what besides a screen somebody does what is done now."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Final

VIA: Final[ContextVar[str]] = ContextVar("via", default="")
"""In words, such as “the API token …”; it stands in each fact of the actor's. Empty where nothing is to be said."""
