"""What an adapter made of a payload, as plain JSON that can stand in a file.

A folder golden/<slug> holds payloads of our own, NAME.json, with what each becomes beside it,
NAME.expected.json; NAME.headers.json and NAME.mapping.json where the adapter needs to know these.
`pairs.json` lists which payload ends what another began, `reopens.json` which opens again what another
began once that is resolved, `samples.json` what the collected samples
of that monitor become, `statuses.json` the fields beyond the usual in which it says its states.
"""

from __future__ import annotations

import json
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
ABOUT = (".expected", ".mapping", ".headers")
LISTS = ("pairs", "reopens", "samples", "statuses")


def payload_files(slug: str) -> list[Path]:
    """Return our own payloads of an adapter."""
    return sorted(p for p in (GOLDEN / slug).glob("*.json") if not p.stem.endswith(ABOUT) and p.stem not in LISTS)


def listed(slug: str, name: str) -> Any:
    """Return what a list of an adapter's folder holds, nothing where there is none."""
    path = GOLDEN / slug / f"{name}.json"
    return json.loads(path.read_bytes()) if path.exists() else {} if name == "samples" else []


def sample_folders(slug: str) -> set[str]:
    """Return the folders of collected samples that an adapter reads."""
    return {place.partition("/")[0] for place in listed(slug, "samples")}


def beside(path: Path, about: str) -> dict[str, Any]:
    """Return what stands beside a payload about its headers or mapping."""
    other = path.with_suffix(f".{about}.json")
    return json.loads(other.read_bytes()) if other.exists() else {}


def a_context(**given: Any) -> Context:
    """Return what an adapter may know."""
    return Context(**({"received_at": NOON, "new_key": "a-new-key"} | given))


def normalised(slug: str, payload: Any, **given: Any) -> list[Event | Unreadable]:
    """Return what the adapter `slug` makes of a payload."""
    return list(PROVIDERS[slug].normalise(payload, a_context(**given)))


def said(
    slug: str, body: bytes, *, mapping: Mapping[str, Any] | None = None, headers: Mapping[str, str] | None = None
) -> Any:
    """Return what the adapter `slug` makes of a body, or how it refuses it."""
    try:
        return [
            plain(one) for one in normalised(slug, parse(body).payload, mapping=mapping or {}, headers=headers or {})
        ]
    except Malformed as malformed:
        errors = getattr(malformed, "errors", None)
        return {"refused": str(malformed)} | ({"errors": list(errors)} if errors else {})


def said_file(slug: str, path: Path) -> Any:
    """Return what the adapter `slug` makes of one of our payloads."""
    return said(slug, path.read_bytes(), mapping=beside(path, "mapping"), headers=beside(path, "headers"))


def plain(one: Event | Unreadable) -> dict[str, Any]:
    """Return an event as plain JSON, without what it does not say."""
    if isinstance(one, Unreadable):
        return {"unreadable": one.reason}
    fields = {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(one).items()}
    return {
        name: value.isoformat() if isinstance(value, datetime) else value for name, value in fields.items() if value
    }
