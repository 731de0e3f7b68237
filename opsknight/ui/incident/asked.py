"""Who must still acknowledge, and who was asked to help: each with what they have answered."""

from __future__ import annotations

from nicegui import ui

from opsknight.domain.queries.responders import MustLine, ResponderLine, Responders
from opsknight.ui.incident.help import answer_button
from opsknight.ui.parts.moment import moment
from opsknight.ui.parts.person import person
from opsknight.ui.parts.tag import tag
from opsknight.ui.parts.verdict import Kind, verdict

ANSWERS: dict[str, tuple[str, Kind]] = {
    "asked": ("Asked to help, has not answered", "wait"),
    "accepted": ("Helps", "good"),
    "declined": ("Cannot help", "none"),
}


def show_asked(asked: Responders, *, viewer_id: int, incident_id: str) -> None:
    """Build one line a person: those who must acknowledge first, then those who were asked to help.

    Who has answered can think again on their own line.
    """
    must, helping = asked["must_acknowledge"], asked["responders"]
    if not must and not helping:
        tag("p", "Nobody else was asked.", classes="ok-muted")
    for one in must:
        _must(one, you=one["user_id"] == viewer_id)
    for each in helping:
        with _responder(each, you=each["user_id"] == viewer_id):
            if each["user_id"] == viewer_id and each["answer"] != "asked":
                helps = each["answer"] == "accepted"
                words = "I cannot any more" if helps else "I help after all"
                answer_button(words, incident_id, accept=not helps, small=True)


def _must(one: MustLine, *, you: bool) -> None:
    with tag("article", classes="ok-paged"), tag("header", classes="ok-paged-head"):
        person(one["user"], you=you)
        if one["at"] is None:
            verdict("Must still acknowledge", "wait")
        else:
            verdict("Has acknowledged", "good")
            moment(one["at"], "seconds", classes="ok-faint")


def _responder(one: ResponderLine, *, you: bool) -> ui.element:
    words, kind = ANSWERS[one["answer"]]
    with tag("article", classes="ok-paged") as line:
        with tag("header", classes="ok-paged-head"):
            person(one["user"], you=you)
            verdict(words, kind)
            moment(one["answered_at"] or one["asked_at"], "seconds", classes="ok-faint")
        note = f": “{one['note']}”" if one["note"] else ""
        tag("p", f"Asked by {one['asked_by']}{note}", classes="ok-muted")
    return line
