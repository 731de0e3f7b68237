"""Addresses of the files in assets/, with a mark of their content so that a new version is never an old copy."""

from __future__ import annotations

import hashlib
from functools import cache

from opsknight.settings import ASSETS

DIRECTORY = ASSETS


@cache
def asset(name: str) -> str:
    """Return the address of `assets/<name>`; it changes when the file does, between starts."""
    path = DIRECTORY / name
    mark = hashlib.sha256(path.read_bytes()).hexdigest()[:8] if path.exists() else "0"
    return f"/assets/{name}?v={mark}"
