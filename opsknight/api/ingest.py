"""The ingest route: plain ASGI in front of everything else, because most of the work passes here.

`POST /api/v1/events/{integration key}` (or GET, with the fields of a form in the address), `POST /v2/enqueue`
(PagerDuty Events v2, whose key is in the body), and the doors of other products' APIs (drop_in). The answer
leaves after the commit of what was sent. Described for OpenAPI in openapi.py.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from functools import partial
from typing import Any, Final, TypeAlias
from uuid import UUID

import orjson
import structlog

from opsknight import metrics
from opsknight.api.archived_keys import ArchivedKeys
from opsknight.api.bodies import LARGE_AT_ONCE, Headers, HungUp, Receive, is_large, peer, received, stands_in_address
from opsknight.api.drop_in.door import Answer, Door, Doors, Prepare, Visit, nowhere
from opsknight.api.fetching import Fetcher
from opsknight.api.forms import as_form
from opsknight.api.gate import Gate, Whose
from opsknight.api.greetings import greeted
from opsknight.api.ingest_answers import (
    JSON,
    NOTHING_SENT,
    UNKNOWN_KEY,
    Answered,
    Problem,
    Send,
    accepted,
    answer,
    problem_body,
    refuse,
    routing_key_error,
    told,
)
from opsknight.api.intake import Intake
from opsknight.api.parse import Parsed
from opsknight.api.providers.generic import seen
from opsknight.api.providers.provider import Provider
from opsknight.api.providers.table import PROVIDERS
from opsknight.api.proving import Proof
from opsknight.api.taking import Catalogue, count, headers_again, read, refused, understood
from opsknight.api.turning_away import TurningAway
from opsknight.clock import Clock
from opsknight.crypto import new_id
from opsknight.domain.commands.deliveries import Delivery, Receipt
from opsknight.domain.model.event import Event, Malformed, NotMeant, Unreadable
from opsknight.domain.queries.catalogue import Integration
from opsknight.domain.queries.deliveries import StoredDelivery
from opsknight.errors import Refusal, TurnedAway, Unavailable

log = structlog.get_logger(__name__)

Scope: TypeAlias = MutableMapping[str, Any]
App: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]
Note: TypeAlias = Callable[[Integration, Sequence[Event | Unreadable]], Awaitable[None]]

EVENTS: Final = "/api/v1/events/"
PAGERDUTY: Final = "/v2/enqueue"
AT_ONCE: Final = 64
"""Events of one delivery in one commit."""
WAITING: Final = 512
"""Deliveries of one integration that may wait before more take the long way, where they wait unparsed."""
BIG: Final = 16_384
"""Bodies longer than this are parsed one per turn of the loop."""
KEPT_OF_REFUSED: Final = 65_536
"""Bytes that are kept of a body refused for its size."""
CROWDED_LARGE: Final = "Too many large bodies arrive at once. Send this one again."
TOO_LARGE: Final = "The body is larger than"
"""How the reason of such a refusal begins."""


class IngestRoutes:
    """Answers the ingest routes and hands every other request to `inner`."""

    def __init__(
        self,
        inner: App,
        *,
        intake: Intake,
        clock: Clock,
        catalogue: Catalogue,
        fetcher: Fetcher | None = None,
        doors: Doors = nowhere,
        note: Note | None = None,
    ) -> None:
        """Stand in front of `inner`; no request waits for what `fetcher` asks; `note` remembers deployments."""
        self._inner = inner
        self._doors, self._note = doors, note
        self._intake, self._clock = intake, clock
        self._catalogue = catalogue
        self._fetcher = fetcher or Fetcher()
        self._gate = Gate(clock.monotonic)
        self._one_big = asyncio.Lock()
        self.away = TurningAway(intake, clock=clock)
        self._proof = Proof(clock=clock, fetcher=self._fetcher, count=self.away.count_unproven)
        self.archived = ArchivedKeys(clock=clock)
        self._large = Gate(clock.monotonic, places=LARGE_AT_ONCE, strangers=LARGE_AT_ONCE, crowded=CROWDED_LARGE)

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Answer an ingest request, or pass on what is none."""
        path: str = scope.get("path", "")
        if scope["type"] == "http":
            if (door := self._doors(path)) is not None:
                return self._serve(scope, path, receive, send, door)
            if path.startswith(EVENTS) or path == PAGERDUTY:
                return self._serve(scope, path, receive, send)
        return self._inner(scope, receive, send)

    def at_once(self, url: bytes, raw: list[tuple[bytes, bytes]], body: bytes, answered: Answered) -> bool:
        """Take a small delivery of a known integration without a task of its own; say whether that was possible.

        If so, `answered` is called with the answer once what was sent is durable. If not, nothing has happened.
        """
        integration = self._catalogue.known(url[len(EVENTS) :].decode("latin-1").strip("/"))
        if integration is None or integration.secrets or self._intake.refuses(integration):
            return False
        headers, kind = Headers(raw), PROVIDERS[integration.provider]
        is_many = self._intake.waiting(integration) >= WAITING
        if is_many or b"content-encoding" in headers.raw or kind.confirms or kind.deploys:
            return False
        began, delivery_id = self._clock.monotonic(), new_id()
        try:
            parsed = read(kind, headers, body)
            whole = self._delivery(integration, headers, body, parsed, delivery_id)
        except Exception:  # noqa: BLE001  # what is wrong is told on the long way
            return False
        if len(whole.events) > AT_ONCE:
            return False
        self._intake.enqueue(whole).add_done_callback(partial(self._is_stored, whole, began, answered))
        return True

    def _is_stored(self, whole: Delivery, began: float, answered: Answered, stored: asyncio.Future[Receipt]) -> None:
        """Answer what was taken at once."""
        error = None if not stored.cancelled() else Unavailable("OpsKnight stops. Send it again.", retry_after_s=2)
        error = error or stored.exception()
        if error is None:
            receipt = stored.result()
            count(whole, receipt)
            answered(202, JSON, accepted(receipt, whole.events))
        else:
            if isinstance(error, Unavailable):
                self.away.count(error, whole.integration)
            refuse(told(error, was_turned_out=self._gate.was_turned_out), answered)
        metrics.INGEST_SECONDS.observe(self._clock.monotonic() - began)

    async def _serve(self, scope: Scope, path: str, receive: Receive, send: Send, door: Door | None = None) -> None:
        began, status, hello = self._clock.monotonic(), 202, None
        gate, as_pagerduty = self._gate, path == PAGERDUTY
        try:
            await self._come_in(scope, "" if door is not None else path[len(EVENTS) :].strip("/"))
            try:
                if door is not None:
                    status, body = await self._take(door, scope, path, receive)
                elif scope["method"] != "POST" and (hello := await greeted(scope, path, self.integration)):
                    status, body = 200, hello.body
                elif scope["method"] != "POST" and (as_pagerduty or not stands_in_address(scope)):
                    raise Problem(405, NOTHING_SENT)
                elif as_pagerduty:
                    body = await self._pagerduty(scope, receive)
                else:
                    body = await self._event(scope, path[len(EVENTS) :], receive)
            finally:
                gate.leave()
        except HungUp:
            return
        except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001  # whatever it is, the sender is told
            problem = told(error, was_turned_out=self._gate.was_turned_out)
            metrics.REFUSED.labels(str(problem.status)).inc()
            status, body = problem.status, problem_body(problem, as_pagerduty=as_pagerduty)
            if door is not None:
                status, body = door.refuse(problem)
            if isinstance(error, TurnedAway) or isinstance(error.__cause__, TurnedAway):
                await self.away.hold()
            await answer(send, status, body, problem.retry_after_s)
        else:
            await answer(send, status, body, None, () if hello is None else hello.headers)
        metrics.INGEST_SECONDS.observe(self._clock.monotonic() - began)

    async def _come_in(self, scope: Scope, key: str) -> None:
        """Take a place inside: one of the integration of `key`, of the sender's address while that is not known."""
        known = self._catalogue.known(key)
        if known is not None:
            with self.away.telling(known):
                await self._gate.enter(known.id)
        else:
            await self._gate.enter(peer(scope))

    async def _event(self, scope: Scope, key: str, receive: Receive) -> bytes:
        integration = await self.integration(key.strip("/"))
        if integration is None:
            raise Problem(404, UNKNOWN_KEY)
        headers, query = Headers(scope["headers"]), scope.get("query_string", b"")
        if scope["method"] != "POST":
            return await self._from_address(integration, headers, query)
        if not is_large(headers.raw):
            return await self._taken(integration, headers, receive, query)
        with self.away.telling(integration):
            await self._enter_large(integration.id)
        try:
            return await self._taken(integration, headers, receive, query)
        finally:
            self._large.leave()

    async def _take(self, door: Door, scope: Scope, path: str, receive: Receive) -> Answer:
        """Let another product's API answer a request."""
        headers, query = Headers(scope["headers"]), scope.get("query_string", b"").decode("latin-1")
        visit = Visit(scope["method"], path, query, headers, receive, self)
        if scope["method"] != "POST" or not is_large(headers.raw):
            return await door.take(visit)
        await self._enter_large(peer(scope))
        try:
            return await door.take(visit)
        finally:
            self._large.leave()

    async def integration(self, key: str) -> Integration | None:
        """Return the integration of `key`, whose request this is from now on; None, counted where it is archived."""
        found = await self._catalogue.find(key)
        if found is None and (was := self._catalogue.archived(key)) is not None:
            self.archived.count(*was)
        if found is not None:
            with self.away.telling(found):
                await self._gate.named(found.id)
        return found

    async def _taken(self, integration: Integration, headers: Headers, receive: Receive, query: bytes) -> bytes:
        provider = PROVIDERS[integration.provider]
        body = await self.body(receive, headers, provider.max_body, integration)
        if query and not body and provider.query:
            return await self._from_address(integration, headers, query)
        receipt, events = await self.store(integration, headers, body)
        return accepted(receipt, events)

    async def _from_address(self, integration: Integration, headers: Headers, query: bytes) -> bytes:
        """Take the fields in an address as the form that they would be in a body, and keep them as one."""
        provider, headers = PROVIDERS[integration.provider], as_form(headers)
        if not provider.query:
            raise Problem(405, f"{provider.label} sends with POST: fields in its address are not read.")
        if len(query) > provider.max_body:
            raise await self._too_large(integration, headers, query, provider.max_body)
        receipt, events = await self.store(integration, headers, query)
        return accepted(receipt, events)

    async def _enter_large(self, whose: Whose) -> None:
        """Wait for one of the places of large bodies; what is not read yet stays with its sender."""
        if not self._large.enter_at_once(whose):
            self._gate.turn_out()
            await self._large.enter(whose)

    async def _pagerduty(self, scope: Scope, receive: Receive) -> bytes:
        provider = PROVIDERS["pagerduty"]
        headers = Headers(scope["headers"])
        body = await self.body(receive, headers, provider.max_body, None)
        try:
            parsed = await self.parsed(body, provider, headers)
        except Malformed as malformed:
            raise Problem(400, str(malformed)) from malformed
        key = parsed.payload.get("routing_key") if isinstance(parsed.payload, dict) else None
        integration = await self.integration(key) if isinstance(key, str) else None
        if integration is None or integration.provider != provider.slug:
            raise Problem(400, "Event object is invalid", errors=[routing_key_error(key)])
        _, events = await self.store(integration, headers, body, parsed)
        first = events[0]
        if isinstance(first, Unreadable):
            return orjson.dumps({"status": "success", "message": "Event kept as unreadable"})
        key = first.dedup_key.removeprefix(f"{provider.slug}:")
        return orjson.dumps({"status": "success", "message": "Event processed", "dedup_key": key})

    async def body(self, receive: Receive, headers: Headers, limit: int, integration: Integration | None) -> bytes:
        """Return the whole body, never more than `limit` bytes of it in memory."""
        if headers.raw.get(b"content-encoding", b"identity") != b"identity":
            raise Problem(415, "Send the body uncompressed: compressed bodies are not read.")
        declared = headers.raw.get(b"content-length", b"0")
        over = declared.isdigit() and int(declared) > limit
        receiving, body = self._gate.receive(), b""
        try:
            body = await received(receive, limit, over=over)
        finally:
            self._gate.received(receiving, len(body))
        if not over and len(body) <= limit:
            return body
        raise await self._too_large(integration, headers, body, limit)

    async def _too_large(self, integration: Integration | None, headers: Headers, body: bytes, limit: int) -> Problem:
        """Keep the beginning of what is too large, where it is known whose it is; return what its sender is told."""
        sentence = f"{TOO_LARGE} the {limit // 1024:,} KiB that this kind of integration may send."
        known = None if integration is None or integration.secrets else integration  # nothing of what is not proven
        delivery_id = await self.keep_refused(known, sentence, body[:KEPT_OF_REFUSED], headers)
        return Problem(413, sentence, delivery_id)

    async def parsed(self, body: bytes, provider: Provider, headers: Headers) -> Parsed:
        """Return what a body says; Malformed where it cannot be read. A big one waits for its turn."""
        if len(body) <= BIG:
            return read(provider, headers, body)
        async with self._one_big:
            await asyncio.sleep(0)
            return read(provider, headers, body)

    async def prove(self, integration: Integration, headers: Headers, body: bytes, *, may_carry: bool = False) -> None:
        """Return where a body is from the integration's monitor, or from whoever has its secret if that `may_carry` it.

        Raises:
            Problem: 401, it is not; 503, nobody can say yet.
        """
        if integration.secrets:
            await self._proof.demand(integration, headers, body, may_carry=may_carry)

    async def store(
        self,
        integration: Integration,
        headers: Headers,
        body: bytes,
        parsed: Parsed | None = None,
        *,
        prepare: Prepare | None = None,
    ) -> tuple[Receipt, Sequence[Event | Unreadable]]:
        """Store what a body says, and return its receipt and its events.

        `parsed` is given where it is known already; `prepare` has the last word on what is stored.
        """
        await self.prove(integration, headers, body)
        delivery_id = new_id()
        try:
            if parsed is None:
                parsed = await self.parsed(body, PROVIDERS[integration.provider], headers)
            whole = self._delivery(integration, headers, body, parsed, delivery_id)
        except Malformed as malformed:
            unsaid = isinstance(malformed, NotMeant)
            kept = await self.keep_refused(integration, str(malformed), body, headers, unsaid=unsaid)
            raise Problem(400, str(malformed), kept, errors=getattr(malformed, "errors", ())) from malformed
        if prepare is not None:
            whole = await prepare(whole)
        if self._note is not None and PROVIDERS[integration.provider].deploys is not None:
            await self._note(integration, whole.events)
        with self.away.telling(integration):
            receipt = await self.store_whole(whole)
        confirms = PROVIDERS[integration.provider].confirms
        if confirms is not None and (url := confirms(parsed.payload)) is not None:
            self._fetcher.confirm(url)
        return receipt, whole.events

    async def store_whole(self, whole: Delivery) -> Receipt:
        """Store a delivery and return its receipt once it is durable.

        Raises:
            Unavailable: the database did not answer in time, or too much waits already.
        """
        receipt = await (
            self._intake.submit(whole) if len(whole.events) <= AT_ONCE else self._intake.submit_in_parts(whole, AT_ONCE)
        )
        count(whole, receipt)
        return receipt

    async def read_again(self, integration: Integration, stored: StoredDelivery) -> Delivery:
        """Return what would be stored of a delivery if it came now; nothing is stored.

        Raises:
            Malformed: the integration's kind of monitor sends nothing like it.
        """
        headers = headers_again(stored)
        parsed = await self.parsed(stored.body, PROVIDERS[integration.provider], headers)
        return self._delivery(integration, headers, stored.body, parsed, stored.original_id)

    async def seen(self, integration: Integration, stored: StoredDelivery) -> Any:
        """Return what a field mapping of the integration is applied to in a delivery, None where it cannot be read."""
        headers = headers_again(stored)
        try:
            return seen((await self.parsed(stored.body, PROVIDERS[integration.provider], headers)).payload, headers)
        except Malformed:
            return None

    def _delivery(
        self, integration: Integration, headers: Headers, body: bytes, parsed: Parsed, delivery_id: UUID
    ) -> Delivery:
        now = self._clock.now()
        whole = understood(integration, headers, body, parsed, delivery_id=delivery_id, received_at=now)
        if parsed.duplicate_keys:
            metrics.DUPLICATE_KEYS.inc()
        return whole

    async def keep_refused(
        self, integration: Integration | None, reason: str, body: bytes, headers: Headers, *, unsaid: bool = False
    ) -> UUID | None:
        """Keep what an authenticated sender sent in vain, and say once an hour that it did, unless `unsaid`."""
        if integration is None:
            return None
        kept = refused(integration, headers, body, reason, delivery_id=new_id(), unsaid=unsaid)
        with contextlib.suppress(Refusal):  # the answer to the sender is the same
            return (await self._intake.submit(kept)).delivery_id
        return None
