"""What a native window remembers between its starts: by what servers know it, and its secret with each."""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, cast

_TOKEN: Final = re.compile(r"[0-9]{1,19}\.[A-Za-z0-9_-]{20,100}")


class Kept:
    """What a window remembers between its starts, in a file that its owner alone can read."""

    def __init__(self, folder: Path, origin: str) -> None:
        """Use a file in `folder`; what is kept there of another server than that of `origin` stays."""
        self._path = folder / "alarm.json"
        self._origin = origin

    @property
    def device(self) -> str:
        """By what this window is known to servers, for ever."""
        known = self._read()
        if not isinstance(known.get("device"), str):
            known["device"] = secrets.token_urlsafe(18)
            self._write(known)
        return str(known["device"])

    @property
    def token(self) -> str | None:
        """The secret by which the window asks its server, None where it was not added."""
        token = self._tokens(self._read()).get(self._origin)
        return token if isinstance(token, str) and _TOKEN.fullmatch(token) else None

    def keep(self, token: str) -> None:
        """Remember a token.

        Raises:
            ValueError: it is none.
        """
        if not _TOKEN.fullmatch(token):
            raise ValueError("this is no token of a native window")
        known = self._read()
        self._write({**known, "tokens": {**self._tokens(known), self._origin: token}})

    def forget(self) -> None:
        """Know no token of this server any more."""
        known = self._read()
        tokens = self._tokens(known)
        self._write({**known, "tokens": {origin: token for origin, token in tokens.items() if origin != self._origin}})

    def _tokens(self, known: Mapping[str, Any]) -> dict[str, Any]:
        tokens: Any = known.get("tokens")
        return cast("dict[str, Any]", tokens) if isinstance(tokens, dict) else {}

    def _read(self) -> dict[str, Any]:
        try:
            known: Any = json.loads(self._path.read_text("utf-8"))
        except (OSError, ValueError):
            return {}
        return cast("dict[str, Any]", known) if isinstance(known, dict) else {}

    def _write(self, known: Mapping[str, Any]) -> None:
        fresh = self._path.with_suffix(".new")
        with contextlib.suppress(FileNotFoundError):
            fresh.unlink()
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            json.dump(known, file)
        fresh.replace(self._path)
