"""Asking for help from the page, and the call that whoever is asked sees first."""

from __future__ import annotations

from nicegui.element import Element

from opsknight.domain.queries.board import BoardLine
from opsknight.domain.queries.responders import ResponderLine, Responders
from opsknight.ui.parts.button import post_button
from opsknight.ui.parts.moment import moment
from opsknight.ui.parts.tag import tag
from opsknight.ui.viewer import Viewer


class Help(Element, component="help.js"):
    """The dialog that asks; it listens for `ok:ask-for-help` and emits `changed` when somebody was asked."""

    def __init__(self, line: BoardLine, viewer: Viewer) -> None:
        """Build it, closed, for the incident of `line`."""
        super().__init__()
        self._props["incident_id"] = line["id"]
        self._props["me"] = {"id": viewer.id, "name": viewer.name}


def call_of(asked: Responders, *, viewer_id: int) -> ResponderLine | None:
    """Return the call for help that the viewer has not answered yet, None where there is none."""
    return next(
        (one for one in asked["responders"] if one["user_id"] == viewer_id and one["answer"] == "asked"),
        None,
    )


def show_call(call: ResponderLine | None, *, incident_id: str) -> None:
    """Build the call with its two answers, or nothing."""
    if call is None:
        return
    with tag("div", classes="ok-call", role="group", aria_label="You are asked to help"):
        with tag("div"):
            with tag("p"):
                tag("b", f"{call['asked_by']} asks you to help")
                moment(call["asked_at"], "ago", classes="ok-faint")
            if call["note"]:
                tag("p", f"“{call['note']}”", classes="ok-call-note")
        with tag("div", classes="ok-buttons"):
            answer_button("I help", incident_id, accept=True, primary=True)
            answer_button("I cannot", incident_id, accept=False)


def answer_button(words: str, incident_id: str, *, accept: bool, primary: bool = False, small: bool = False) -> None:
    """Show a button that answers the viewer's call."""
    url, body = f"/api/v1/incidents/{incident_id}/responders/answer", f'{{"accept": {str(accept).lower()}}}'
    post_button(words, url, body, kind="primary" if primary else "plain", small=small)
