"""Which of a channel's providers a message goes by first: the operator's order, but for those that do not get through.

A provider that is known to be bad comes behind those that are not, and is tried again by messages that wait for
nothing (low urgency). What is not known well enough counts as good, so that nobody is condemned by a single refusal
and a provider of which nothing was seen for WINDOW is where the operator has put it again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

WINDOW: Final = timedelta(minutes=30)
NEWEST: Final = 20
"""Messages of a provider that count, the newest, so that one which works again is soon seen to."""
KNOWN_FROM: Final = 5
"""Messages from which on a provider counts as known."""
GOOD_FROM: Final = 0.8
FAIR_FROM: Final = 0.4


@dataclass(frozen=True, slots=True)
class Record:
    """What became of the newest messages of one provider to one country within WINDOW.

    `confirmed` have arrived by its own word or were used by their reader, `lost` were refused or never arrived, and of
    `silent` it said nothing more in time than that it took them. `confirms` says whether it tells of any message
    anywhere that it arrived: silence counts as lost then, and as arrived where it never tells.
    """

    confirmed: int = 0
    silent: int = 0
    lost: int = 0
    confirms: bool = False

    @property
    def known(self) -> int:
        """How many messages that was."""
        return self.confirmed + self.silent + self.lost

    @property
    def success(self) -> float:
        """The share that got through, 1 of none."""
        through = self.confirmed + (0 if self.confirms else self.silent)
        return through / self.known if self.known else 1.0


def ranked(carriers: Sequence[str], records: Mapping[str, Record]) -> tuple[str, ...]:
    """Return `carriers`, which are in the operator's order, with those that are fair and then those that are bad last.

    Within one class the operator's order stays: a few percent are no reason to leave the provider of their choice.
    """
    return tuple(sorted(carriers, key=lambda carrier: _class(records.get(carrier, Record()))))


def demoted(carriers: Sequence[str], order: Sequence[str]) -> str | None:
    """Return whom to try again: of those overtaken by others the one that the operator wants first, None for nobody."""
    return next((one for place, one in enumerate(carriers) if order[place] != one and order.index(one) > place), None)


def _class(record: Record) -> int:
    if record.known < KNOWN_FROM or record.success >= GOOD_FROM:
        return 0
    return 1 if record.success >= FAIR_FROM else 2
