"""What arrived in the last 24 hours: how much, how much of it was refused, and when the last came."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Final

from opsknight.domain.queries.traffic import MOST, Hour
from opsknight.ui.parts.bars import Bar, bars
from opsknight.ui.parts.moment import moment
from opsknight.ui.parts.stat import stat, stats
from opsknight.ui.parts.tag import tag

AGAIN_EVERY_S: Final = 20.0
"""How often the chart is drawn anew while something arrives."""


class Traffic:
    """Figures and chart of the last hours, drawn anew now and then while something arrives."""

    def __init__(
        self,
        hours: Sequence[Hour],
        *,
        newest_at: datetime | None,
        read: Callable[[], Awaitable[Sequence[Hour]]],
    ) -> None:
        """Build it for `hours`, the oldest first; `newest_at` is when the last delivery came."""
        self._read = read
        self._newest_at = newest_at
        self._since = time.monotonic() - AGAIN_EVERY_S  # the first that arrives is shown at once
        with tag("div") as self._place:
            show_traffic(hours, newest_at=newest_at)

    async def again(self, *, newest_at: datetime | None) -> None:
        """Draw it anew where something has arrived since, not too often."""
        if newest_at == self._newest_at or time.monotonic() - self._since < AGAIN_EVERY_S:
            return
        hours = await self._read()
        self._newest_at, self._since = newest_at, time.monotonic()
        self._place.clear()
        with self._place:
            show_traffic(hours, newest_at=newest_at)


def show_traffic(hours: Sequence[Hour], *, newest_at: datetime | None) -> None:
    """Build figures and chart of `hours`, the oldest first; `newest_at` is when the last delivery came."""
    whole, refused = sum(hour.deliveries for hour in hours), sum(hour.refused for hour in hours)
    more = "+" if any(hour.deliveries >= MOST for hour in hours) else ""
    with stats():
        stat(f"{_count(whole)}{more}", "deliveries")
        stat(_count(refused), "of them refused", kind="bad" if refused else "plain")
        with tag("div", classes="ok-stat"):
            if newest_at is None:
                tag("b", "never")
            else:
                with tag("b"):
                    moment(newest_at, "ago")
            tag("span", "the last one came")
    said = f"Deliveries of the last {len(hours)} hours: {_count(whole)}{more}, of which {_count(refused)} refused."
    with tag("div", classes="ok-chart"):
        bars([_bar(hour, len(hours) - 1 - place) for place, hour in enumerate(hours)], label=said)
        with tag("div", classes="ok-chart-axis", aria_hidden="true"):
            if hours:
                moment(hours[0].starts_at)
                moment(hours[len(hours) // 2].starts_at)
            tag("span", "now")


def _bar(hour: Hour, ago: int) -> Bar:
    when = f"{ago} h before this hour" if ago else "this hour"
    more = " or more" if hour.deliveries >= MOST else ""
    return Bar(
        hour.deliveries, hour.refused, f"{when}: {_count(hour.deliveries)}{more} deliveries, {hour.refused} refused"
    )


def _count(number: int) -> str:
    return f"{number:,}".replace(",", "\u202f")
