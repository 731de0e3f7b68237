"""Whether OpsKnight vouches for itself, when it was blind, and what texts and calls have cost."""

from __future__ import annotations

from typing import Final

from opsknight.domain.model.channel import face
from opsknight.domain.model.ledger import span
from opsknight.ui.channels.listed import carrier_name
from opsknight.ui.channels.reading import Costs, Vouched
from opsknight.ui.parts.moment import moment
from opsknight.ui.parts.note import note
from opsknight.ui.parts.rows import row, rows
from opsknight.ui.parts.section import section
from opsknight.ui.parts.tag import tag
from opsknight.ui.parts.verdict import verdict

_UNTOLD: Final = "The watcher outside is not told that pages go out, and pages instead."
_NOBODY: Final = "Nobody outside watches: set OPSKNIGHT_HEARTBEAT_URL, so that somebody is paged all the same."
_SAYS: Final = (
    "Once a minute a canary, a page to nobody, goes the way of every page; one that arrives proves that pages go."
)


def show_vouched(vouched: Vouched) -> None:
    """Say whether pages are proven to go out, who outside is told, and when nothing proved it."""
    with section("Watching itself", _SAYS, anchor="watch"):
        if vouched.doubts:
            told = _UNTOLD if vouched.watched else _NOBODY
            says = f"{vouched.doubts[:1].upper()}{vouched.doubts[1:].rstrip('.')}. {told}"
            note(says, title="OpsKnight does not vouch for itself now", kind="bad")
        else:
            verdict("OpsKnight vouches for itself: pages go out", "good")
        with tag("dl", classes="ok-facts ok-after"):
            _last(vouched)
            tag("dt", "Watched by")
            if vouched.watched:
                tag("dd", "a watcher outside, told every 30 seconds")
            else:
                tag("dd", "nobody outside: set OPSKNIGHT_HEARTBEAT_URL", classes="ok-muted")
        _spells(vouched)


def show_costs(costs: Costs | None) -> None:
    """Build what texts and calls have cost, for those who see it."""
    if costs is None:
        return
    with section("Costs", "What texts, calls and WhatsApp have cost, by months of UTC; only admins see it."):
        used = [f"{cost:.2f} {currency}" for currency, cost in sorted(costs.this_month.items())]
        budget = "no budget is set" if costs.budget is None else f"the budget of a month is {costs.budget.words}"
        over = costs.budget is not None and costs.budget.is_over(costs.this_month)
        words = f"This month {' and '.join(used) or 'nothing'}; {budget}"
        verdict(words, "warn" if over else "none", mark="" if over else "calendar")
        for why in costs.budget.unwatched(costs.this_month, costs.unpriced) if costs.budget is not None else ():
            note(why, title="Not watched", kind="warn")
        if not costs.months:
            return
        columns = "6rem minmax(0, 1fr) 7rem 9rem"
        with tag("div", classes="ok-after"), rows(columns, ("Month", "Carrier", "Sent", "Cost"), what="Costs"):
            for line in costs.months:
                sent = "1 message" if line["messages"] == 1 else f"{line['messages']} messages"
                with row(classes="ok-cost"):
                    tag("span", line["month"], classes="ok-tab")
                    tag("span", f"{face(line['channel']).label} by {carrier_name(line['carrier'])}")
                    tag("span", sent, classes="ok-tab")
                    tag("span", f"{line['cost']} {line['currency']}", classes="ok-tab")


def _last(vouched: Vouched) -> None:
    tag("dt", "Last canary")
    with tag("dd"):
        if vouched.last_at is None:
            tag("span", "none has arrived yet", classes="ok-muted")
            return
        tag("span", "arrived ")
        moment(vouched.last_at, "ago")
        if vouched.took_s is not None:
            tag("span", f" and took {span(vouched.took_s)}" if vouched.took_s >= 1 else " and took less than a second")


def _spells(vouched: Vouched) -> None:
    if not vouched.spells:
        return
    with tag("div", classes="ok-after"):
        tag("h3", "Times in which nothing proved that pages went out")
        with rows("minmax(0, 1fr) minmax(0, 1fr) 8rem", ("From", "Until", "For"), what="Blind times"):
            for line in vouched.spells:
                with row(classes="ok-spell"):
                    moment(line["from_at"], "full")
                    moment(line["to_at"], "full")
                    tag("span", span(line["to_at"] - line["from_at"]))
