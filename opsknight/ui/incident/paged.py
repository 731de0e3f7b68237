"""Who was paged, how, what the provider answered, and whether it was seen: in plain words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from nicegui import ui

from opsknight.ui.parts.icon import icon
from opsknight.ui.parts.moment import moment
from opsknight.ui.parts.person import person
from opsknight.ui.parts.tag import tag
from opsknight.ui.parts.verdict import Kind, verdict

Page = Mapping[str, Any]

CHANNELS = {"email": ("mail", "Mail"), "push": ("phone", "Push")}
OUTCOMES: dict[str, tuple[str, Kind]] = {
    "queued": ("Waiting for its turn", "wait"),
    "sending": ("Being sent", "wait"),
    "accepted": ("Accepted by the provider", "good"),
    "delivered": ("Delivered", "good"),
    "seen": ("Seen", "good"),
    "failed": ("Failed", "bad"),
    "superseded": ("Not sent, no longer needed", "none"),
    "bundled": ("Sent together with another", "none"),
    "ambiguous": ("Perhaps sent: no answer came", "warn"),
}
KINDS = {
    "assigned": "because it was assigned to them",
    "still_on_it": "to ask whether they are still on it",
    "safety_net": "by the safety net",
}


def show_paged(pages: Sequence[Page], *, viewer_id: int) -> None:
    """Build one block per page, newest first."""
    if not pages:
        tag("p", "Nobody has been paged for this incident.", classes="ok-muted")
    for page in pages:
        _page(page, you=page.get("user_id") == viewer_id)


def _page(page: Page, *, you: bool) -> None:
    with tag("article", classes="ok-paged"):
        with tag("header", classes="ok-paged-head"):
            person(_name(page["user"]), you=you)
            tag("span", _why(page), classes="ok-muted")
            moment(page["at"], "seconds", classes="ok-faint")
        if not page["notifications"]:
            verdict(f"Not reached: {page['reason']}", "bad")
        with tag("ul", classes="ok-notifications"):
            for notification in page["notifications"]:
                _notification(notification)


def _notification(notification: Mapping[str, Any]) -> None:
    mark, channel = CHANNELS.get(notification["channel"], ("send", notification["channel"]))
    words, kind = OUTCOMES.get(notification["status"], (notification["status"], "none"))
    with tag("li", classes="ok-notification"):
        icon(mark, classes="ok-faint")
        with tag("div"):
            with tag("p", classes="ok-notification-line"):
                tag("span", f"{channel} to {notification['label']}" if notification["label"] else channel)
                verdict(words, kind)
                moment(notification["finished_at"] or notification["due_at"], "seconds", classes="ok-faint")
            if notification["sentence"]:
                tag("p", notification["sentence"], classes="ok-muted")
            _attempts(notification["attempts"])


def _attempts(attempts: Sequence[Mapping[str, Any]]) -> None:
    """Tell each try in the provider's words; one that simply went well needs no telling."""
    if len(attempts) < 2 and not any(attempt["detail"] for attempt in attempts):
        return
    with tag("details", classes="ok-more"):
        tag("summary", "1 attempt" if len(attempts) == 1 else f"{len(attempts)} attempts")
        with tag("ol", classes="ok-attempts"):
            for attempt in attempts:
                with tag("li"):
                    moment(attempt["started_at"], "seconds", classes="ok-faint")
                    tag("span", _attempt(attempt))


def _attempt(attempt: Mapping[str, Any]) -> str:
    outcome = {
        "started": "under way",
        "accepted": "accepted",
        "retry": "did not go through",
        "failed": "refused",
        "ambiguous": "no answer",
    }.get(attempt["outcome"], attempt["outcome"])
    return f"{outcome}: {attempt['detail']}" if attempt["detail"] else outcome


def _why(page: Page) -> str:
    lap = f", round {page['lap'] + 1}" if page.get("lap") else ""
    because = KINDS.get(page["kind"])
    return because or (f"by step {page['step']}{lap}" if page.get("step") else page["reason"])


def _name(user: object) -> str:
    return str(user["name"]) if isinstance(user, Mapping) else str(user)


def clear_and_show(place: ui.element, pages: Sequence[Page], *, viewer_id: int) -> None:
    """Build the blocks anew in `place`."""
    place.clear()
    with place:
        show_paged(pages, viewer_id=viewer_id)
