"""The list of schedules: who is on call now and next, and what nobody covers."""

from __future__ import annotations

from collections.abc import Sequence

from opsknight.domain.model.ledger import span
from opsknight.domain.queries.oncall import Shift
from opsknight.domain.queries.schedule_overviews import Overview
from opsknight.ui.parts.button import button
from opsknight.ui.parts.empty import empty
from opsknight.ui.parts.icon import icon
from opsknight.ui.parts.moment import moment
from opsknight.ui.parts.person import person
from opsknight.ui.parts.section import heading
from opsknight.ui.parts.tag import tag
from opsknight.ui.parts.verdict import verdict
from opsknight.ui.viewer import Viewer

NAMED = 2
"""Gaps that are named; the rest is counted."""


def show(viewer: Viewer, lines: Sequence[Overview], *, may_make: bool) -> Schedules:
    """Build the page; `may_make` shows the way to a new schedule."""
    says = "Who is paged, and until when. Gaps are those of the next four weeks: in them nobody is on call."
    with heading("Schedules", says):
        if may_make:
            _new()
    shown = Schedules(viewer, may_make=may_make)
    shown.update(lines)
    return shown


class Schedules:
    """The list on the page, built anew only where it would say something else."""

    def __init__(self, viewer: Viewer, *, may_make: bool) -> None:
        """Build an empty list."""
        self._may_make = may_make
        self._viewer = viewer
        self._shown: Sequence[Overview] | None = None
        self._place = tag("div", id="ok-schedules", classes="ok-schedules")

    def update(self, lines: Sequence[Overview]) -> None:
        """Show `lines`."""
        if lines == self._shown:
            return
        self._shown = lines
        self._place.clear()
        with self._place:
            if not lines:
                self._teach()
            for line in lines:
                self._schedule(line)

    def _teach(self) -> None:
        says = (
            "A schedule says who is on call when: people take turns, by the week or as you like, and escalation"
            " policies page whoever has the turn."
        )
        with empty("There is no schedule yet", says, icon_name="calendar"):
            if self._may_make:
                _new()

    def _schedule(self, line: Overview) -> None:
        schedule = line["schedule"]
        with tag("article", classes="ok-schedules-line", id=f"schedule-{schedule['id']}"):
            with tag("div", classes="ok-schedules-who"):
                with tag("h2"):
                    tag("a", schedule["name"], href=f"/schedules/{schedule['id']}")
                tag("p", f"{schedule['team']} · {schedule['zone']}", classes="ok-muted")
            with tag("div", classes="ok-schedules-now"):
                _now(line["on_call"], you=self._viewer.id)
            with tag("div", classes="ok-schedules-next"):
                _next(line["next"])
            with tag("div", classes="ok-schedules-gaps"):
                _gaps(line)


def _new() -> None:
    button("New schedule", kind="primary", icon="plus", href="/schedules/new")


def _now(on_call: Sequence[Shift], *, you: int) -> None:
    tag("span", "On call now", classes="ok-label")
    if not on_call:
        tag("b", "Nobody", classes="ok-nobody")
    for one in on_call:
        with tag("p"):
            person(one["user"] or "Somebody", you=one["user_id"] == you)
            with tag("span", classes="ok-muted"):
                tag("span", " until ")
                moment(one["end_at"])


def _next(after: Sequence[Shift]) -> None:
    tag("span", "Next", classes="ok-label")
    if not after:
        tag("p", "nobody is planned", classes="ok-muted")
    for one in after:
        with tag("p"):
            tag("span", one["user"] or "Somebody", classes="ok-cut")
            with tag("span", classes="ok-muted"):
                tag("span", " from ")
                moment(one["start_at"])


def _gaps(line: Overview) -> None:
    gaps, away = line["gaps"], line["away"]
    if not gaps and not away:
        verdict("Covered for four weeks", "good")
    for start, end in gaps[:NAMED]:
        with tag("p", classes="ok-schedules-gap"):
            icon("bell")
            with tag("span"):
                tag("b", "Nobody")
                tag("span", " from ")
                moment(start)
                tag("span", f" for {span(end - start)}")
    if len(gaps) > NAMED:
        tag("p", f"and {len(gaps) - NAMED} more gaps", classes="ok-schedules-gap")
    if away:
        names = " and ".join(sorted({one["user"] or "Somebody" for one in away}))
        verdict(f"{names} on call while away", "warn")
