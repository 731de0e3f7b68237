"""Who was paged, how, what the provider answered, and whether it was seen: in plain words."""

from __future__ import annotations

from collections.abc import Sequence

from opsknight.domain.model.channel import face
from opsknight.domain.queries.pages import AttemptLine, NotificationLine, PageLine
from opsknight.ui.parts.icon import icon
from opsknight.ui.parts.moment import moment
from opsknight.ui.parts.part import BARE, Part
from opsknight.ui.parts.person import person
from opsknight.ui.parts.tag import tag
from opsknight.ui.parts.verdict import Kind, verdict

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
ATTEMPTS = {
    "started": "under way",
    "accepted": "accepted",
    "retry": "did not go through",
    "failed": "refused",
    "ambiguous": "no answer",
}
KINDS = {
    "assigned": "because it was assigned to them",
    "still_on_it": "to ask whether they are still on it",
    "safety_net": "by the safety net",
    "help": "to ask for help",
    "hand_over": "to ask for a hand-over at the end of their shift",
    "joined": "to tell them of more alerts",
    "watch": "to keep them informed: they watch it",
}


class Paged:
    """One block per page, newest first; only those of which something new is known are built anew."""

    def __init__(self, pages: Sequence[PageLine], *, viewer_id: int) -> None:
        """Build them."""
        self._viewer_id = viewer_id
        self._nothing = tag("p", "Nobody has been paged for this incident.", classes="ok-muted")
        self._pages: dict[str, Part[PageLine]] = {}
        self._place = tag("div")
        self.update(pages)

    def update(self, pages: Sequence[PageLine]) -> None:
        """Show `pages`."""
        wanted = {page["id"] for page in pages}
        for gone in [key for key in self._pages if key not in wanted]:
            self._pages.pop(gone).place.delete()
        for place, page in enumerate(pages):
            if page["id"] not in self._pages:
                with self._place:
                    self._pages[page["id"]] = Part(self._page, classes=BARE)
                self._pages[page["id"]].place.move(self._place, target_index=place)
            self._pages[page["id"]].update(page)
        self._nothing.set_visibility(not pages)

    def _page(self, page: PageLine) -> None:
        _page(page, you=page["user_id"] == self._viewer_id)


def _page(page: PageLine, *, you: bool) -> None:
    with tag("article", classes="ok-paged"):
        with tag("header", classes="ok-paged-head"):
            person(page["user"], you=you)
            tag("span", _why(page), classes="ok-muted")
            if page["for_user"] is not None:
                tag("span", f"instead of {page['for_user']}, who is not to be disturbed", classes="ok-muted")
            moment(page["at"], "seconds", classes="ok-faint")
        if not page["notifications"]:
            verdict(f"Not reached: {page['reason']}", "bad")
        with tag("ul", classes="ok-notifications"):
            for notification in page["notifications"]:
                _notification(notification)


def _notification(notification: NotificationLine) -> None:
    its = face(notification["channel"])
    words, kind = OUTCOMES.get(notification["status"], (notification["status"], "none"))
    with tag("li", classes="ok-notification"):
        icon(its.icon, classes="ok-faint")
        with tag("div"):
            with tag("p", classes="ok-notification-line"):
                tag("span", _to(its.label, notification["label"]))
                held_until = notification["held_until"]
                if held_until is not None:
                    with verdict("Held by quiet hours until", "wait", mark="moon"):
                        moment(held_until, "soon")
                else:
                    verdict(words, kind)
                    moment(notification["finished_at"] or notification["due_at"], "seconds", classes="ok-faint")
            if notification["sentence"] and held_until is None:
                tag("p", notification["sentence"], classes="ok-muted")
            _attempts(notification["attempts"])


def _attempts(attempts: Sequence[AttemptLine]) -> None:
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


def _attempt(attempt: AttemptLine) -> str:
    outcome = ATTEMPTS.get(attempt["outcome"], attempt["outcome"])
    return f"{outcome}: {attempt['detail']}" if attempt["detail"] else outcome


def _to(channel: str, label: str) -> str:
    """Return where a message went; a label that only repeats the channel says nothing."""
    return f"{channel} to {label}" if label and label.lower() != channel.lower() else channel


def _why(page: PageLine) -> str:
    lap = f", round {page['lap'] + 1}" if page["lap"] else ""
    if page["step"] is not None:
        return f"by step {page['step']}{lap}"
    return KINDS.get(page["kind"]) or page["reason"]
