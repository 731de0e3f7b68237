"""Public holidays of countries, as plain dates. Source: https://github.com/vacanza/holidays."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from functools import lru_cache
from typing import Final

import holidays

from opsknight.domain.model.duty_time import WEEKEND

YEARS: Final = range(2020, 2046)
"""For which they are known: what was planned before is recorded, and what is planned later is far away."""


def is_known(country: str, subdivision: str = "") -> bool:
    """Return whether holidays of a country (DE) or of a part of it (BY) are known."""
    of_country = _known().get(country)
    return of_country is not None and (not subdivision or subdivision in of_country)


@lru_cache(maxsize=256)
def public_holidays(country: str, subdivision: str = "") -> Sequence[date]:
    """Return the public holidays of YEARS, in order; none where the country is not known, which stops no page."""
    if not is_known(country, subdivision):
        return ()
    found = holidays.country_holidays(country, subdiv=subdivision or None, years=YEARS)
    return tuple(sorted(found))


@lru_cache(maxsize=256)
def weekend(country: str, subdivision: str = "") -> frozenset[int]:
    """Return the days, by `date.weekday`, on which a country rests: Saturday and Sunday but where it is others.

    Where it is known to rest on Sundays alone, as in Hong Kong, that is how holidays are moved, and no working week.
    """
    if not is_known(country, subdivision):
        return WEEKEND
    found = frozenset(holidays.country_holidays(country, subdiv=subdivision or None).weekend)
    return found if found - WEEKEND else WEEKEND


@lru_cache(maxsize=1)
def _known() -> Mapping[str, Collection[str]]:
    return holidays.list_supported_countries(include_aliases=True)
