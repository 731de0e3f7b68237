"""What pages read, in the shapes of the API; each function opens one short read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from opsknight.domain.queries.services import services

if TYPE_CHECKING:
    from opsknight.deps import Deps

Plain = Mapping[str, Any]


@dataclass(slots=True)
class Told:
    """All that an incident's page tells; `more` continues the story into the past, where there is one."""

    incident: Plain
    alerts: Sequence[Plain]
    pages: Sequence[Plain]
    facts: Sequence[Plain]
    more: str | None
    tags: Mapping[str, str]
    links: Sequence[Plain]

    @property
    def facts_of_side(self) -> tuple[object, ...]:
        """What the side of the page is built from."""
        return self.incident, self.tags, self.links

    def become(self, other: Told) -> None:
        """Take over what `other` tells, except how far the story has been read into the past."""
        self.incident, self.alerts, self.pages = other.incident, other.alerts, other.pages
        self.facts, self.tags, self.links = other.facts, other.tags, other.links


async def read_incident(deps: Deps, key: str) -> Told:
    """Return the incident of number or id `key` with all that its page tells.

    Raises:
        NotFound: there is none, or the key is neither.
    """
    raise NotImplementedError


async def read_story(deps: Deps, key: str, *, before: str | None) -> tuple[Sequence[Plain], str | None]:
    """Return what happened before the cursor `before`, newest first, and the next cursor."""
    raise NotImplementedError


async def read_services(deps: Deps, *, with_keys: bool) -> Sequence[Plain]:
    """Return every service with its integrations, by name; the keys only `with_keys`."""
    async with deps.reading() as session:
        return await services(session, with_keys=with_keys)


async def read_methods(deps: Deps, user_id: int) -> Sequence[Plain]:
    """Return a person's contact methods, first used first."""
    raise NotImplementedError
