"""What a rule would have made of alerts that have come already, before it is saved.

The rule is asked alone, about each alert as it stands. A later page is no spared page: only what would
never have been sent is counted.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from opsknight.domain.model.event import Event
from opsknight.domain.model.expression_evaluation import Surroundings
from opsknight.domain.model.rule_set import RuleSet, Ruling

EXAMPLES: Final = 20
"""So many alerts are shown with what would have become of them."""


@dataclass(frozen=True, slots=True)
class Past:
    """One alert as it came: its event, how long it lasted (None: it is open), and how many pages it made."""

    event: Event
    around: Surroundings
    incident: int
    urgency: str
    lasted: timedelta | None
    pages: int


@dataclass(frozen=True, slots=True)
class Example:
    """An alert that the rule is about, and what would have become of it, as ends of a sentence."""

    incident: int
    at: datetime
    before: Event
    after: Event
    urgency_before: str
    urgency_after: str
    fate: str
    spared: int


@dataclass(slots=True)
class Preview:
    """Asks a rule about one alert after another, the oldest first."""

    rule: RuleSet
    looked_at: int = 0
    matched: int = 0
    skipped: int = 0
    why: str = ""
    spared: int = 0
    pages: int = 0
    examples: list[Example] = field(default_factory=list[Example])
    _counted: dict[str, list[datetime]] = field(default_factory=dict[str, list[datetime]])
    _groups: dict[tuple[str, str], tuple[datetime, datetime | None]] = field(
        default_factory=dict[tuple[str, str], tuple[datetime, datetime | None]]
    )

    def take(self, past: Past) -> None:
        """Ask the rule about one more alert."""
        self.looked_at += 1
        self.pages += past.pages
        ruling = self.rule.judge(Ruling(past.event), past.around)
        for one in ruling.skipped:
            self.skipped, self.why = self.skipped + 1, one.why
        if not ruling.reasons:
            return
        self.matched += 1
        fate, is_spared = self._fate(ruling, past)
        spared = past.pages if is_spared else 0
        self.spared += spared
        example = Example(
            incident=past.incident,
            at=past.around.at,
            before=past.event,
            after=ruling.event,
            urgency_before=past.urgency,
            urgency_after=ruling.urgency.value if ruling.urgency else past.urgency,
            fate=fate,
            spared=spared,
        )
        self.examples = [*self.examples[-EXAMPLES + 1 :], example]

    def _fate(self, ruling: Ruling, past: Past) -> tuple[str, bool]:
        """Return what would have become of the alert, and whether its pages would never have been sent."""
        if ruling.dropped:
            return "dropped", True
        if not self._reaches_thresholds(ruling, past.around.at):
            return "counted, not opened", True
        if self._joins(ruling, past):
            return "joins an open incident", True
        if ruling.suppressed:
            return "suppressed", True
        if ruling.pause is not None:
            is_over = past.lasted is not None and past.lasted < ruling.pause
            return ("over before the pause ends" if is_over else "pages later"), is_over
        return "pages", False

    def _reaches_thresholds(self, ruling: Ruling, at: datetime) -> bool:
        """Count one more alert; return whether every threshold has its number: then all counts begin anew."""
        is_reached, counted = True, dict[str, list[datetime]]()
        for one in ruling.countings:
            key = f"{one.rule_id}:{one.key}"
            recent = [*(then for then in self._counted.get(key, ()) if at - then < one.within), at]
            is_reached = is_reached and len(recent) >= one.count
            counted[key] = recent
        self._counted |= {key: [] for key in counted} if is_reached else counted
        return is_reached

    def _joins(self, ruling: Ruling, past: Past) -> bool:
        group = ruling.gathering
        if group is None:
            return False
        at, place = past.around.at, (past.around.service, group.key)
        ended_at = None if past.lasted is None else at + past.lasted
        opened_at, open_until = self._groups.get(place, (at, at))
        in_time = group.within is None or at - opened_at < group.within
        if in_time and (open_until is None or open_until > at):
            later = None if ended_at is None or open_until is None else max(ended_at, open_until)
            self._groups[place] = (opened_at, later)
            return True
        self._groups[place] = (at, ended_at)
        return False
