"""With what besides a screen somebody does what is done now."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Final

BY_TOKEN: Final[ContextVar[bool]] = ContextVar("by_token", default=False)
"""That somebody's API token acts for them now, and they are not there themselves."""
VIA: Final[ContextVar[str]] = ContextVar("via", default="")
"""In words, such as “the API token …”; it stands in each fact of the actor's. Empty where nothing is to be said."""
