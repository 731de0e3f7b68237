"""The alerts an incident gathers: what each monitor says, how often, since when, with all it sent along."""

from __future__ import annotations

import json
from collections.abc import Sequence

from opsknight.domain.queries.incidents import AlertLine
from opsknight.ui.parts.badge import badge
from opsknight.ui.parts.copybox import copy_button
from opsknight.ui.parts.links import outward
from opsknight.ui.parts.moment import moment
from opsknight.ui.parts.tag import tag
from opsknight.ui.parts.verdict import verdict

MOST_DETAILS = 40
LONGEST = 2000


def show_alerts(alerts: Sequence[AlertLine]) -> None:
    """Build every alert, those still firing first; the only one stands open."""
    if not alerts:
        tag("p", "It was opened by hand; no monitor stands behind it.", classes="ok-muted")
    for alert in sorted(alerts, key=lambda one: (one["status"] != "open", -one["last_seen_at"])):
        _alert(alert, unfolded=len(alerts) == 1)


def _alert(alert: AlertLine, *, unfolded: bool) -> None:
    firing = alert["status"] == "open"
    with tag("article", classes="ok-alert"):
        with tag("div", classes="ok-alert-head"):
            badge(alert["severity"], solid=firing)
            tag("span", alert["title"], classes="ok-alert-title")
        with tag("p", classes="ok-alert-line ok-muted"):
            verdict("Firing", "warn", mark="bell") if firing else verdict("Resolved", mark="status-resolved")
            if alert["source"]:
                tag("span", alert["source"])
            _times(alert)
        _said(alert, unfolded=unfolded)


def _times(alert: AlertLine) -> None:
    if alert["count"] > 1:
        tag("span", f"{alert['count']:,} times".replace(",", "\u202f"), classes="ok-tab")
    with tag("span"):
        tag("span", "since ")
        moment(alert["started_at"] or alert["opened_at"], "clock")
    with tag("span"):
        tag("span", "last seen " if alert["status"] == "open" else "resolved ")
        moment(alert["resolved_at"] or alert["last_seen_at"], "ago")


def _said(alert: AlertLine, *, unfolded: bool) -> None:
    """Tell tags, links and details; what is long can be scrolled and copied, never run."""
    pairs = [(key, _text(value)) for key, value in {**alert["tags"], **alert["details"]}.items()]
    if alert["links"]:
        with tag("p", classes="ok-links"):
            for link in alert["links"]:
                outward(link["href"], link.get("text") or link["href"])
    with tag("details", classes="ok-more", open=True if unfolded else None):
        tag("summary", "What the monitor said")
        with tag("dl", classes="ok-facts ok-said"):
            for key, value in pairs[:MOST_DETAILS]:
                tag("dt", key)
                tag("dd", value, classes="ok-mono")
            tag("dt", "dedup key")
            with tag("dd", classes="ok-mono"):
                tag("span", alert["dedup_key"])
                copy_button(alert["dedup_key"], words="", what="the dedup key")
        if len(pairs) > MOST_DETAILS:
            tag("p", f"and {len(pairs) - MOST_DETAILS} more, in the API", classes="ok-faint")


def _text(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}… ({len(text)} characters)"
