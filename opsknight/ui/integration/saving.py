"""A draft that the server holds is saved by the browser, once every change before the press has arrived here."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from nicegui import Client

SAVED_WITHIN_S: Final = 30.0
"""How long a browser may take to save."""


async def saved(client: Client, url: str, draft: Mapping[str, Any], said: str) -> bool:
    """Have the browser PUT `draft` to `url` and tell its person `said`, or the refusal; whether it was taken.

    The press comes through the same socket as the changes before it. A browser that sent what its page held at the
    press would save the draft without what was typed last, whenever the server is slower than a hand.
    """
    code = f"opsknight.told(...{json.dumps(['PUT', url, draft, said])}).then((answer) => answer.ok)"
    try:
        return await client.run_javascript(code, timeout=SAVED_WITHIN_S) is True
    except TimeoutError:  # the browser went away, or has told its person that nothing was changed
        return False
