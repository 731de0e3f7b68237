"""What arrived in the last 24 hours: how much, how much of it was refused, and when the last came."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Final

from opsknight.domain.queries.traffic import MOST, Hour
from opsknight.ui.parts.bars import Bar, bars
from opsknight.ui.parts.moment import moment
from opsknight.ui.parts.note import note
from opsknight.ui.parts.stat import stat, stats
from opsknight.ui.parts.tag import tag

AGAIN_EVERY_S: Final = 20.0
"""How often the chart is drawn anew while something arrives."""

LOOK_EVERY_S: Final = 30.0
"""How often it is looked for what was turned away: nothing of that arrives."""


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
        self._hours = hours
        with tag("div") as self._place:
            show_traffic(hours, newest_at=newest_at)

    async def again(self, *, newest_at: datetime | None) -> None:
        """Draw it anew where something has arrived since, or was turned away; not too often."""
        is_new, waited_s = newest_at != self._newest_at, time.monotonic() - self._since
        if waited_s < (AGAIN_EVERY_S if is_new else LOOK_EVERY_S):
            return
        hours, before = await self._read(), self._hours
        self._newest_at, self._since, self._hours = newest_at, time.monotonic(), hours
        if not is_new and hours == before:
            return
        self._place.clear()
        with self._place:
            show_traffic(hours, newest_at=newest_at)


def show_traffic(hours: Sequence[Hour], *, newest_at: datetime | None) -> None:
    """Build figures and chart of `hours`, the oldest first; `newest_at` is when the last delivery came."""
    whole, refused = sum(hour.deliveries for hour in hours), sum(hour.refused for hour in hours)
    more = "+" if any(hour.deliveries >= MOST for hour in hours) else ""
    turned = sum(_turned(hour) for hour in hours)
    with stats():
        stat(f"{_count(whole)}{more}", "deliveries")
        stat(_count(refused), "of them refused", kind="bad" if refused else "plain")
        if turned:
            stat(_count(turned), "told to send again", kind="warn")
        with tag("div", classes="ok-stat"):
            if newest_at is None:
                tag("b", "never")
            else:
                with tag("b"):
                    moment(newest_at, "ago")
            tag("span", "the last one came")
    said = f"Deliveries of the last {len(hours)} hours: {_count(whole)}{more}, of which {_count(refused)} refused."
    said += f" Told to send again: {_count(turned)}." if turned else ""
    with tag("div", classes="ok-chart"):
        bars([_bar(hour, len(hours) - 1 - place) for place, hour in enumerate(hours)], label=said)
        with tag("div", classes="ok-chart-axis", aria_hidden="true"):
            if hours:
                moment(hours[0].starts_at)
                moment(hours[len(hours) // 2].starts_at)
            tag("span", "now")

    if turned:
        _tell_turned(hours)
    _tell_unproven(hours)


def unproven(hours: Sequence[Hour]) -> int:
    """Return how many deliveries did not prove themselves."""
    return sum(hour.unproven for hour in hours)


def _tell_unproven(hours: Sequence[Hour]) -> None:
    """Say how many deliveries proved nothing, when the last one came and what to do; nothing where there was none."""
    count, last = unproven(hours), max((hour.unproven_at for hour in hours if hour.unproven_at), default=None)
    if not count or last is None:
        return
    what = "1 delivery" if count == 1 else f"{_count(count)} deliveries"
    they, are = ("it", "is") if count == 1 else ("they", "are")
    said = (
        f"{what} did not prove that {they} {are} from its monitor. They were answered 401, and nothing of them is kept."
    )
    with note(said, title="Not proven", kind="warn"), tag("p"):
        tag("span", "The last one came ")
        moment(last, "ago")
        tag("span", ". Compare the secret here with the monitor's: it is another one there, or none is sent.")


def _tell_turned(hours: Sequence[Hour]) -> None:
    """Say in a sentence how often, when last and why senders were told to send again."""
    too_many, no_database = sum(hour.too_many for hour in hours), sum(hour.no_database for hour in hours)
    last = max((hour.turned_at for hour in hours if hour.turned_at), default=None)
    whys = (
        (too_many, "because it sent more than its share of what can be stored"),
        (no_database, "because the database did not answer in time"),
    )
    why = ", ".join(f"{_times(count)} {words}" for count, words in whys if count)
    with tag("p", classes="ok-turned"):
        tag("span", f"Told to send again {why}")
        if last is not None:
            tag("span", "; the last time ")
            moment(last, "ago")
        tag("span", ". It was answered 429 or 503, so that a good sender comes back with the same event.")


def _bar(hour: Hour, ago: int) -> Bar:
    when = f"{ago} h before this hour" if ago else "this hour"
    more = " or more" if hour.deliveries >= MOST else ""
    turned = _turned(hour)
    said = f"{when}: {_count(hour.deliveries)}{more} deliveries, {hour.refused} refused"
    said += f", {_count(turned)} told to send again" if turned else ""
    return Bar(hour.deliveries + turned, hour.refused, said, held=turned)


def _turned(hour: Hour) -> int:
    return hour.too_many + hour.no_database


def _times(count: int) -> str:
    return "once" if count == 1 else f"{_count(count)} times"


def _count(number: int) -> str:
    return f"{number:,}".replace(",", "\u202f")
