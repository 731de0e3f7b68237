"""What an adapter made of a payload, as plain JSON that can stand in a file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from opsknight.api.parse import parse
from opsknight.api.providers.provider import Context
from opsknight.api.providers.table import PROVIDERS
from opsknight.domain.model.event import Event, Malformed, Unreadable
from tests.clock import NOON

GOLDEN = Path(__file__).parent / "golden"
SAMPLES = Path(__file__).resolve().parents[3] / "shared/payloads"
"""Real payloads, where they are at hand."""


def a_context(**given: Any) -> Context:
    """Return what an adapter may know."""
    return Context(**({"received_at": NOON, "new_key": "a-new-key"} | given))


def normalised(slug: str, payload: Any, **given: Any) -> list[Event | Unreadable]:
    """Return what the adapter `slug` makes of a payload."""
    return list(PROVIDERS[slug].normalise(payload, a_context(**given)))


def said(slug: str, body: bytes, *, mapping: Mapping[str, Any] | None = None) -> Any:
    """Return what the adapter `slug` makes of a body, or how it refuses it."""
    try:
        return [_plain(one) for one in normalised(slug, parse(body).payload, mapping=mapping or {})]
    except Malformed as malformed:
        errors = getattr(malformed, "errors", None)
        return {"refused": str(malformed)} | ({"errors": list(errors)} if errors else {})


def _plain(one: Event | Unreadable) -> dict[str, Any]:
    if isinstance(one, Unreadable):
        return {"unreadable": one.reason}
    fields = {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(one).items()}
    return {
        name: value.isoformat() if isinstance(value, datetime) else value for name, value in fields.items() if value
    }
