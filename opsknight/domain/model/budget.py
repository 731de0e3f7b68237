"""What texts and calls may cost in a month, and what of their costs is counted against it: that of its currency."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from opsknight.domain.model.channel import face
from opsknight.domain.model.ledger import people


@dataclass(frozen=True, slots=True)
class Budget:
    """What a month may cost. Without a currency it is that of the costs, while they have one only."""

    amount: float
    currency: str = ""

    @property
    def words(self) -> str:
        """It as text, such as 100.00 EUR."""
        return money(self.amount, self.currency)

    def counts(self, costs: Mapping[str, float]) -> str:
        """Return the currency in which it is watched, empty where nobody has said which of several it is."""
        return self.currency or (next(iter(costs)) if len(costs) == 1 else "")

    def is_over(self, costs: Mapping[str, float]) -> bool:
        """Say whether what is counted of `costs` is more than it."""
        return costs.get(self.counts(costs), 0.0) > self.amount

    def unwatched(self, costs: Mapping[str, float], unpriced: Mapping[str, Sequence[str]]) -> Sequence[str]:
        """Return what keeps it from being watched, each with what now; `unpriced` are the settings by channel.

        So named are costs in another currency, and channels of which nobody tells what a message costs.
        """
        return tuple(one for one in (self._uncounted(costs), _unpriced(unpriced)) if one)

    def _uncounted(self, costs: Mapping[str, float]) -> str:
        counts = self.counts(costs)
        uncounted = [money(cost, currency) for currency, cost in sorted(costs.items()) if currency != counts]
        if not uncounted:
            return ""
        others = people(uncounted)
        if not counts:
            return (
                f"Which of {others} counts against the budget of {self.amount:.2f} is not known: set"
                " OPSKNIGHT_PHONE_BUDGET_CURRENCY."
            )
        return (
            f"Not counted against the budget of {money(self.amount, counts)}: {others}, which is another currency."
            " Set the prices and the currency of its carrier in that of the budget, or look at it there."
        )


def money(amount: float, currency: str) -> str:
    """Return an amount as text; without a currency the figure alone."""
    return f"{amount:.2f} {currency}".rstrip()


def _unpriced(unpriced: Mapping[str, Sequence[str]]) -> str:
    channels = [face(channel).label for channel, settings in unpriced.items() if settings]
    settings = list(dict.fromkeys(one for its in unpriced.values() for one in its))
    if not channels:
        return ""
    which = people(channels)
    return f"The budget cannot be watched for {which}: nobody tells what a message costs. Set {people(settings)}."
