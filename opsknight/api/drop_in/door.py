"""What a door of another product's API is given, and what it must be able to do."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias
from urllib.parse import parse_qsl
from uuid import UUID

from opsknight.api.bodies import Headers, Receive
from opsknight.api.ingest_answers import Problem
from opsknight.api.parse import Parsed
from opsknight.api.providers.provider import Provider
from opsknight.domain.commands.deliveries import Delivery, Receipt
from opsknight.domain.model.event import Event, Unreadable
from opsknight.domain.queries.catalogue import Integration

Answer: TypeAlias = tuple[int, bytes]
"""Status and JSON."""
Prepare: TypeAlias = Callable[[Delivery], Awaitable[Delivery]]
"""Called with a delivery that is understood and not yet stored; returns what shall be stored."""


class Reception(Protocol):
    """What the ingest routes do for every door."""

    async def integration(self, key: str) -> Integration | None:
        """Return the integration of `key`, or None where there is none."""
        ...

    async def body(self, receive: Receive, headers: Headers, limit: int, integration: Integration | None) -> bytes:
        """Return the whole body, at most `limit` bytes; one that is refused is kept where its integration is known."""
        ...

    async def parsed(self, body: bytes, provider: Provider, headers: Headers) -> Parsed:
        """Return what a body says; Malformed where it is not JSON."""
        ...

    async def prove(self, integration: Integration, headers: Headers, body: bytes, *, may_carry: bool = False) -> None:
        """Return where a body is from the integration's monitor, or from whoever has its secret if that `may_carry` it.

        `store` does so itself. Problem where it proves nothing.
        """
        ...

    async def store(
        self,
        integration: Integration,
        headers: Headers,
        body: bytes,
        parsed: Parsed | None = None,
        *,
        prepare: Prepare | None = None,
    ) -> tuple[Receipt, Sequence[Event | Unreadable]]:
        """Store what a body says and return once it is durable; Problem where it cannot be understood."""
        ...

    async def keep_refused(
        self, integration: Integration, reason: str, body: bytes, headers: Headers, *, unsaid: bool = False
    ) -> UUID | None:
        """Keep what was sent in vain by whoever has proven themselves; return its delivery, None where that failed.

        Its people are told once an hour that something was, unless it is `unsaid`.
        """
        ...


@dataclass(slots=True)
class Visit:
    """One request at a door."""

    method: str
    path: str
    query: str
    headers: Headers
    receive: Receive
    reception: Reception

    def asked(self, name: str) -> str:
        """Return a parameter of the query, "" where it has none of that name; of several the last."""
        return dict(parse_qsl(self.query, keep_blank_values=True)).get(name, "")

    def credentials(self, scheme: str) -> str | None:
        """Return what follows `scheme` in the Authorization header, None where that is missing or of another kind."""
        said, _, rest = self.headers.get("authorization", "").strip().partition(" ")
        return rest.strip() or None if said.casefold() == scheme.casefold() else None


class Door(Protocol):
    """One API of another product."""

    async def take(self, visit: Visit) -> Answer:
        """Answer a request; Problem or any other failure is told by `refuse`."""
        ...

    def refuse(self, problem: Problem) -> Answer:
        """Return a refusal as that product says it."""
        ...


Doors: TypeAlias = Callable[[str], Door | None]
"""Leads from a path to another product's API, if to any."""


def nowhere(_path: str) -> None:
    """Lead to no door."""


def only_post(visit: Visit) -> None:
    """Refuse whatever is no POST."""
    if visit.method != "POST":
        raise Problem(405, "This is sent with POST.")
