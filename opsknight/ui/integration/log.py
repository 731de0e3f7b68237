"""The last deliveries of an integration: when, what each event did, and what was refused, with the reason."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Final

from nicegui import ui

from opsknight.domain.model.intake import Verdict
from opsknight.domain.queries.deliveries import DeliveryLine, EventLine
from opsknight.ui.integration.body import DIALOG
from opsknight.ui.parts.button import button, post_button
from opsknight.ui.parts.moment import moment
from opsknight.ui.parts.tag import tag
from opsknight.ui.parts.verdict import Kind, verdict

Told = tuple[str, Kind, str]
"""A verdict in words, how it went, its mark."""
VERDICTS: Final[Mapping[str, Told]] = {
    Verdict.OPENED: ("Opened an incident", "warn", "bell"),
    Verdict.REOPENED: ("Reopened", "warn", "undo"),
    Verdict.RAISED: ("Raised the urgency", "warn", "escalate"),
    Verdict.OCCURRENCE: ("Counted as a repeat", "none", "plus"),
    Verdict.RESOLVED: ("Resolved", "good", "status-resolved"),
    Verdict.ACKNOWLEDGED: ("Acknowledged", "good", "status-acknowledged"),
    Verdict.NOTHING_OPEN: ("Nothing was open", "none", "arrow"),
    Verdict.LATE_COPY: ("Late copy", "none", "arrow"),
    Verdict.TOLD_LATELY: ("Told this hour", "none", "arrow"),
    Verdict.JOINED: ("Joined an incident", "none", "bell"),
    Verdict.DROPPED: ("Dropped by a rule", "none", "close"),
    Verdict.COUNTED: ("Counted by a rule", "none", "plus"),
    Verdict.UNREADABLE: ("Unreadable", "bad", "close"),
}
NOTHING_TO_DO: Final[Told] = ("Understood: nothing that pages or resolves", "none", "check")


class Log:
    """The list on the page. What stands in it stays where it is while newer ones come in at the top."""

    def __init__(
        self,
        deliveries: Sequence[DeliveryLine],
        *,
        integration_id: int,
        may_see_bodies: bool,
        show_body: Callable[[str], Awaitable[None]],
        nothing: str,
    ) -> None:
        """Build it for `deliveries`, newest first; bodies and replays only for those who may see them.

        `nothing` is said where there are none.
        """
        self._integration_id = integration_id
        self._may_see_bodies = may_see_bodies
        self._show_body = show_body
        self._shown: dict[str, tuple[DeliveryLine, ui.element]] = {}
        self._nothing = tag("p", "", classes="ok-muted")
        self._list = tag("ol", classes="ok-deliveries", aria_label="Deliveries, newest first")
        self.show(deliveries, nothing=nothing)

    def show(self, deliveries: Sequence[DeliveryLine], *, nothing: str) -> None:
        """Make the list say `deliveries`; only lines that are new or have changed are built."""
        wanted = {line["id"] for line in deliveries}
        for gone in [key for key in self._shown if key not in wanted]:
            self._shown.pop(gone)[1].delete()
        for place, line in enumerate(deliveries):
            before = self._shown.get(line["id"])
            if before is not None and before[0] == line:
                continue
            if before is not None:
                before[1].delete()
            with self._list:
                element = self._line(line)
            element.move(self._list, target_index=place)
            self._shown[line["id"]] = line, element
        self._nothing._text = nothing  # noqa: SLF001  # the text node that `tag` sets
        self._nothing.set_visibility(not deliveries)

    def _line(self, line: DeliveryLine) -> ui.element:
        with tag("li", classes="ok-delivery", data_status=line["status"]) as element:
            moment(line["at"], "seconds")
            with tag("div", classes="ok-delivery-said"):
                _outcome(line)
                for event in line["events"]:
                    _event(event)
                _others(line)
            if self._may_see_bodies:
                self._deeds(line)
        return element

    def _deeds(self, line: DeliveryLine) -> None:
        with tag("div", classes="ok-buttons ok-delivery-deeds"):
            if line["status"] != "accepted":
                url = f"/api/v1/integrations/{self._integration_id}/deliveries/{line['id']}/replay"
                post_button("Replay", url, kind="quiet", small=True)
            raw = button("Raw body", kind="quiet", small=True, data_act="dialog", data_dialog=DIALOG)
            raw.on("click", partial(self._show_body, line["id"]), args=[])


def _outcome(line: DeliveryLine) -> None:
    """Tell of the delivery as a whole where its events do not say it all."""
    if line["status"] == "rejected":
        verdict("Refused", "bad")
        tag("p", line["reason"], classes="ok-delivery-reason")
    elif not line["events"]:
        _verdict(NOTHING_TO_DO)
    if line["replayed"]:
        tag("p", "It was sent in again since.", classes="ok-faint")
    if line["replay"]:
        tag("p", "Sent in again by a person", classes="ok-faint")


def _event(event: EventLine) -> None:
    with tag("div", classes="ok-delivery-event"):
        _verdict(VERDICTS.get(event["verdict"], (event["verdict"].capitalize(), "none", "")))
        title = event["title"] or "no title"
        if event["incident"] is None:
            tag("span", title, classes="ok-delivery-title")
        else:
            with tag("a", href=f"/incidents/{event['incident']}", classes="ok-delivery-title"):
                tag("span", f"#{event['incident']} ", classes="ok-faint ok-tab")
                tag("span", title)


def _others(line: DeliveryLine) -> None:
    """Count the events that are not shown one by one."""
    left = sum(line["verdicts"].values()) - len(line["events"])
    if left > 0:
        counted = ", ".join(f"{count} {name}" for name, count in sorted(line["verdicts"].items()))
        tag("p", f"and {left} more events; of all: {counted}", classes="ok-faint")


def _verdict(told: Told) -> None:
    words, kind, mark = told
    verdict(words, kind, mark=mark)
