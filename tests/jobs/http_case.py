"""What the contract of channels must know of one that is called over HTTP; `cases` has one of these for each."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from opsknight.jobs.channels.channel import Address, Channel
from tests.jobs import cases
from tests.peers.http_provider import Answering, Asked, Said, well

Making = Callable[[str, Callable[[], datetime], float], Channel]
"""From the provider's origin, the present instant, and the budget for one message in seconds."""


@dataclass(frozen=True)
class HttpCase:
    """One channel by one provider.

    `make` makes it for a provider at an origin, and `address` gives an address there. `takes` is how the
    provider answers what it takes, `for_now` and `for_good` how it refuses; `for_good` is about the address.
    `check` raises AssertionError for a request that does not keep to the provider's protocol.
    `busy` is how it asks for patience, with these headers.
    `hands_over` says of a request whether it is the one that hands the message over, where there are others, and
    `refuses` whether it is one that may be refused in these ways. `names` says that the provider's answer has a name
    for each message that it takes.
    """

    make: Making
    address: Callable[[str], Address]
    for_good: Said
    for_now: Said = field(default_factory=lambda: Said(503, "busy"))
    takes: Answering = well
    busy: Callable[[Mapping[str, str]], Said] = lambda headers: Said(429, {}, dict(headers))
    check: Callable[[Asked], object] | None = None
    hands_over: Callable[[Asked], bool] = lambda _asked: True
    refuses: Callable[[Asked], bool] = lambda _asked: True
    names: bool = True


def http_cases() -> Mapping[str, HttpCase]:
    """Return every case by the name of its file."""
    names = [module.name for module in pkgutil.iter_modules(cases.__path__)]
    return {name: importlib.import_module(f"{cases.__name__}.{name}").CASE for name in sorted(names)}
