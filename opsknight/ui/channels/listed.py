"""The channels: which are set up and do their work, and what an operator must set for the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from opsknight.domain.model.channel import ChannelKind, face
from opsknight.domain.model.ledger import span
from opsknight.domain.model.window import WINDOW
from opsknight.domain.queries.canaries import CanaryLine
from opsknight.domain.queries.sendings import SendingLine
from opsknight.ui.channels.reading import Standing
from opsknight.ui.parts.badge import label
from opsknight.ui.parts.icon import icon
from opsknight.ui.parts.moment import moment
from opsknight.ui.parts.rows import row, rows
from opsknight.ui.parts.section import section
from opsknight.ui.parts.tag import tag
from opsknight.ui.parts.verdict import verdict

_CARRIERS: Final[Mapping[str, str]] = {
    "gateway": "Own gateway", "sendgrid": "SendGrid", "ses": "Amazon SES", "smtp": "SMTP", "sns": "Amazon SNS",
}  # fmt: skip
_NO_CANARY: Final[Mapping[str, str]] = {WINDOW: "No canary: every window is somebody's, and would show it"}
"""Where a channel cannot have one, and why."""
_COLUMNS: Final = "minmax(0, 1fr) minmax(0, 1.2fr) minmax(0, 1.2fr) minmax(0, 1.2fr)"
_HEADS: Final = ("Channel", "Now", "Last hour, by carrier", "Canary, last hour")


def show_standings(standings: Sequence[Standing]) -> None:
    """Build one row for each channel that is set up, those in trouble first."""
    says = "What messages go out by here. A loud one wakes somebody who sleeps."
    with section("Set up", says, anchor="set-up"), rows(_COLUMNS, _HEADS, what="Channels that are set up"):
        for standing in sorted(standings, key=lambda one: (not one.trouble, _by_name(one.kind))):
            _standing(standing)


def show_not_ready(kinds: Sequence[ChannelKind]) -> None:
    """Build what must be set before anything goes out by the other channels."""
    if not kinds:
        return
    says = "What an operator sets before anything goes out by these."
    columns = "minmax(0, 1fr) minmax(0, 3.6fr)"
    ordered = sorted(kinds, key=_by_name)
    with section("Not set up", says), tag("details", classes="ok-more"):
        tag("summary", ", ".join(face(kind.slug).label for kind in ordered))
        with rows(columns, what="Channels that are not set up"):
            for kind in ordered:
                with row(classes="ok-channel"):
                    _name(kind)
                    tag("p", kind.not_ready, classes="ok-muted")


def carrier_name(slug: str) -> str:
    """Return how a carrier is called."""
    return _CARRIERS.get(slug) or slug.replace("_", " ").capitalize()


def _by_name(kind: ChannelKind) -> str:
    return face(kind.slug).label.lower()


def _standing(standing: Standing) -> None:
    with row(classes="ok-channel"):
        _name(standing.kind)
        with tag("div"):
            _now(standing)
            if standing.app:
                with tag("p", classes="ok-channel-says"):
                    tag("a", "Download its app", href=standing.app, download=True)
        with tag("div"):
            for line in standing.sendings:
                _sending(line, alone=line["carrier"] in ("", standing.kind.slug))
            if not standing.sendings:
                tag("span", "Nothing was sent lately", classes="ok-faint ok-channel-nothing")
        with tag("div"):
            _canary(standing.canary, none=_NO_CANARY.get(standing.kind.slug, "No canary"))


def _name(kind: ChannelKind) -> None:
    its = face(kind.slug)
    with tag("div", classes="ok-channel-name"):
        icon(its.icon, classes="ok-faint")
        tag("span", its.label)
        if its.loud:
            label("Loud")


def _now(standing: Standing) -> None:
    if standing.trouble:
        verdict("Does not get through", "bad")
        tag("p", standing.trouble, classes="ok-channel-says")
    elif any(line["accepted"] for line in standing.sendings):
        verdict("Gets through", "good")
    elif standing.sendings:
        verdict("Nothing was taken", "warn")
    else:
        verdict("Set up, not proven lately", "none")


def _sending(line: SendingLine, *, alone: bool) -> None:
    others = {"to try again": line["retried"], "unclear": line["ambiguous"], "failed": line["failed"]}
    with tag("p"):
        if not alone:
            tag("b", f"{carrier_name(line['carrier'])} ")
        tag("span", f"{line['accepted']} of {line['tried']} taken")
    told = ", ".join(f"{count} {words}" for words, count in others.items() if count)
    if told:
        tag("p", told, classes="ok-channel-says")


def _canary(line: CanaryLine | None, *, none: str) -> None:
    if line is None:
        tag("span", none, classes="ok-faint ok-channel-nothing")
        return
    whole = line["taken"] == line["ended"]
    kind = "good" if whole else "warn" if line["taken"] else "bad"
    verdict(f"{line['taken']} of {line['ended']} arrived", kind)
    with tag("p", classes="ok-channel-says"):
        if line["last_at"] is None:
            tag("span", "None arrived in this hour")
        else:
            tag("span", "The last ")
            moment(line["last_at"], "ago")
        if line["middle_s"] is not None and line["longest_s"] is not None:
            tag("span", f"; half within {span(line['middle_s'])}, all within {span(line['longest_s'])}")
