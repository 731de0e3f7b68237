"""One drill on screen: each person, each message to them, and how many seconds each hop took."""

from __future__ import annotations

from typing import Final

from opsknight.domain.model.channel import face
from opsknight.domain.model.drill import UNDISTURBED, precise
from opsknight.domain.queries.drills import Drill, DrillLine, DrillMessage, DrillPerson
from opsknight.ui.parts.icon import icon
from opsknight.ui.parts.moment import moment
from opsknight.ui.parts.note import note
from opsknight.ui.parts.person import person
from opsknight.ui.parts.rows import row, rows
from opsknight.ui.parts.tag import tag
from opsknight.ui.parts.verdict import verdict
from opsknight.ui.people import PATH as PEOPLE

_HOPS: Final = ("Accepted", "Delivered", "Seen", "Acknowledged")
_COLUMNS: Final = "1.25rem minmax(0, 1fr) repeat(4, 6.5rem)"


def show(one: Drill, *, you: int) -> None:
    """Build a drill hop by hop; `you` is the reader."""
    with tag("article", classes="ok-drill", id=f"drill-{one['id']}"):
        with tag("div", classes="ok-drill-head"):
            with tag("div"):
                tag("h2", title(one))
                with tag("p", classes="ok-muted"):
                    tag("span", f"{begun_by(one)[0].upper()}{begun_by(one)[1:]}, ")
                    moment(one["begins_at"], "seconds")
                    tag("span", ", ")
                    moment(one["begins_at"], "ago")
            with tag("div", classes="ok-drill-state"):
                verdict_of(one)
                if not one["over"]:
                    with tag("p", classes="ok-muted"):
                        tag("span", "ends ")
                        moment(one["ends_at"], "in")
        if one["findings"]:
            with note("", title="What this drill found", kind="warn"), tag("ul", classes="ok-list"):
                for finding in one["findings"]:
                    tag("li", finding)
        for each in one["by_person"]:
            _person(each, over=one["over"], you=you)


def title(line: DrillLine) -> str:
    """Return who is drilled, as a heading; of a week without a drill, why it has none."""
    if line["left_out"]:
        return f"Left out: {line['left_out']}"
    return line["about"][0].upper() + line["about"][1:]


def begun_by(line: DrillLine) -> str:
    """Return who began it."""
    if line["asked_by"]:
        return f"begun by {line['asked_by']}"
    return "the weekly drill" if line["weekly"] else "begun on the server"


def verdict_of(line: DrillLine) -> None:
    """Say how many have answered."""
    if line["left_out"]:
        verdict("No drill", "bad")
        return
    done, of = line["acknowledged"], line["people"]
    words = f"{done} of {of} acknowledged"
    if done == of:
        verdict("Acknowledged" if of == 1 else f"All {of} acknowledged", "good")
    else:
        verdict(words, "bad" if line["over"] else "wait")


def _person(one: DrillPerson, *, over: bool, you: int) -> None:
    with tag("section", classes="ok-drill-who", aria_label=one["user"]):
        with tag("div", classes="ok-drill-name"):
            with tag("a", href=f"{PEOPLE}/{one['user_id']}", classes="ok-member-name"):
                person(one["user"], you=one["user_id"] == you)
            _answer(one, over=over)
        if one["messages"]:
            with rows(_COLUMNS, ("", "Message", *_HOPS), what=f"Messages to {one['user']}"):
                for message in one["messages"]:
                    _message(message)


def _answer(one: DrillPerson, *, over: bool) -> None:
    if one["unreachable"] == UNDISTURBED:
        verdict(f"Left out: {UNDISTURBED}", "none")
    elif one["unreachable"]:
        verdict(f"No page reaches them: {one['unreachable']}", "bad")
    elif (seconds := one["acknowledged_s"]) is not None:
        verdict(f"Acknowledged after {precise(seconds)}, by {one['via']}", "good")
    elif over:
        verdict("Did not answer", "bad")
    else:
        verdict("No answer yet", "wait")


def _message(one: DrillMessage) -> None:
    its = face(one["channel"])
    with row(classes="ok-drill-message"):
        icon(its.icon)
        with tag("span", classes="ok-drill-to"):
            tag("span", f"{its.label}: {one['label']}" if one["label"] else its.label, classes="ok-cut")
            if words := _remark(one):
                tag("small", words, classes="ok-bad" if one["status"] == "failed" else "ok-faint")
        took = (one["handed_s"], one["delivered_s"], one["seen_s"], one["acknowledged_s"])
        for hop, seconds in zip(_HOPS, took, strict=True):
            with tag("span", classes="ok-drill-hop", data_reached="yes" if seconds is not None else "no"):
                tag("span", f"{hop} ", classes="ok-drill-word")
                tag("span", "–" if seconds is None else precise(seconds), classes="ok-tab")


def _remark(one: DrillMessage) -> str:
    """Return what the figures do not say: why it was not sent, or when it will be."""
    match one["status"]:
        case "failed":
            return one["reason"] or "It failed."
        case "superseded":
            return f"Not sent: {one['reason']}"
        case "ambiguous":
            return "Perhaps sent: its provider gave no answer"
        case "queued" if one["due_s"] >= 1:
            return f"Comes {precise(one['due_s'])} after the start"
        case _:
            return one["reason"]
