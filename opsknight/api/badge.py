"""A heartbeat's badge for a README or a dashboard: one SVG, no font file, no script."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from markupsafe import Markup

from opsknight.domain.model.heartbeat import State

HEADERS: Final[Mapping[str, str]] = {
    "Cache-Control": "public, max-age=30",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
    "Cross-Origin-Resource-Policy": "cross-origin",
}
"""Shown on other sites, asked for anew after 30 s; nothing in it may load or run anything."""

_COLOURS: Final[Mapping[State, str]] = {
    State.NEW: "#5f6672",
    State.UP: "#1a7f4b",
    State.STARTED: "#1f6feb",
    State.LATE: "#9a6200",
    State.DOWN: "#c0282d",
    State.PAUSED: "#5f6672",
}
"""White text has at least 4.5:1 on each."""
_LONGEST: Final = 40
_CHARACTER_PX: Final = 7.0
_PADDING_PX: Final = 16
_BADGE: Final = Markup(
    '<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="20" role="img" aria-label="{name}: {state}">'
    "<title>{name}: {state}</title>"
    '<clipPath id="r"><rect width="{width}" height="20" rx="3"/></clipPath>'
    '<g clip-path="url(#r)"><rect width="{width}" height="20" fill="#2b3038"/>'
    '<rect x="{left}" width="{right}" height="20" fill="{colour}"/></g>'
    '<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11" text-anchor="middle">'
    '<text x="{name_x}" y="14" textLength="{name_px}" lengthAdjust="spacingAndGlyphs">{name}</text>'
    '<text x="{state_x}" y="14" textLength="{state_px}" lengthAdjust="spacingAndGlyphs">{state}</text></g></svg>'
)


def svg(name: str, state: State) -> str:
    """Return the badge as text; a long name is cut, and nothing in it is read as markup."""
    name = name if len(name) <= _LONGEST else name[: _LONGEST - 1] + "…"
    name_px, state_px = round(len(name) * _CHARACTER_PX), round(len(state) * _CHARACTER_PX)
    left, right = name_px + _PADDING_PX, state_px + _PADDING_PX
    return str(
        _BADGE.format(
            width=left + right,
            left=left,
            right=right,
            name=name,
            state=state.value,
            colour=_COLOURS[state],
            name_x=left / 2,
            state_x=left + right / 2,
            name_px=name_px,
            state_px=state_px,
        )
    )
