"""The ingest route: plain ASGI in front of everything else, because most of the work passes here.

`POST /api/v1/events/{integration key}` and `POST /v2/enqueue` (PagerDuty Events v2, whose key is in
the body). The answer leaves after the commit of what was sent. Described for OpenAPI in openapi.py.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from typing import Any, Final, TypeAlias
from uuid import UUID

import orjson
import structlog

from opsknight import metrics
from opsknight.api.bodies import LARGE_AT_ONCE, HungUp, Receive, is_large, received
from opsknight.api.gate import PATIENCE_S, Gate
from opsknight.api.ingest_answers import Problem, Send, accepted, answer, failure, problem_body, routing_key_error
from opsknight.api.intake import Intake
from opsknight.api.parse import Parsed, parse
from opsknight.api.providers.provider import Context, Provider
from opsknight.api.providers.table import PROVIDERS
from opsknight.clock import Clock
from opsknight.crypto import new_id
from opsknight.domain.commands.deliveries import Delivery, Receipt
from opsknight.domain.model.event import Event, Malformed, Unreadable
from opsknight.domain.model.intake import Verdict
from opsknight.domain.queries.catalogue import Integration
from opsknight.errors import Refusal, Unavailable

log = structlog.get_logger(__name__)

Scope: TypeAlias = MutableMapping[str, Any]
App: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]

EVENTS: Final = "/api/v1/events/"
PAGERDUTY: Final = "/v2/enqueue"
AT_ONCE: Final = 64
"""Events of one delivery in one commit."""
BIG: Final = 16_384
"""Bodies longer than this are parsed one per turn of the loop."""
KEPT_OF_REFUSED: Final = 65_536
"""Bytes that are kept of a body refused for its size."""


class IngestRoutes:
    """Answers the ingest routes and hands every other request to `inner`.

    `find` returns the integration of a key or None; it is a dictionary look-up for every known key.
    """

    def __init__(
        self, inner: App, *, intake: Intake, clock: Clock, find: Callable[[str], Awaitable[Integration | None]]
    ) -> None:
        """Stand in front of `inner`."""
        self._inner = inner
        self._intake = intake
        self._clock = clock
        self._find = find
        self._gate = Gate(clock.monotonic)
        self._one_big = asyncio.Lock()
        self._large = asyncio.Semaphore(LARGE_AT_ONCE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer an ingest request, or pass on what is none."""
        path: str = scope.get("path", "")
        if scope["type"] != "http" or not (path.startswith(EVENTS) or path == PAGERDUTY):
            await self._inner(scope, receive, send)
            return
        began = self._clock.monotonic()
        try:
            status, body, retry_after_s = await self._answer(scope, path, receive)
        except HungUp:
            return
        await answer(send, status, body, retry_after_s)
        metrics.INGEST_SECONDS.observe(self._clock.monotonic() - began)

    async def _answer(self, scope: Scope, path: str, receive: Receive) -> tuple[int, bytes, float | None]:
        as_pagerduty = path == PAGERDUTY
        try:
            await self._gate.enter()
            try:
                _only_post(scope)
                if as_pagerduty:
                    return await self._pagerduty(scope, receive)
                return await self._event(scope, path.removeprefix(EVENTS), receive)
            finally:
                self._gate.leave()
        except Problem as problem:
            refused = problem
        except Unavailable as busy:
            refused = Problem(503, busy.sentence, retry_after_s=busy.retry_after_s)
        except HungUp:
            raise
        except asyncio.CancelledError:
            if not self._gate.was_turned_out():
                raise
            refused = Problem(503, "The body did not arrive in time. Send it again.", retry_after_s=1)
        except Exception as error:  # noqa: BLE001  # whatever it is, the sender is told to send it again
            refused = failure(error)
        metrics.REFUSED.labels(str(refused.status)).inc()
        return refused.status, problem_body(refused, as_pagerduty=as_pagerduty), refused.retry_after_s

    async def _event(self, scope: Scope, key: str, receive: Receive) -> tuple[int, bytes, None]:
        integration = await self._find(key.strip("/"))
        if integration is None:
            raise Problem(404, "No integration has this key. Copy the address from Services → Integrations.")
        provider = PROVIDERS[integration.provider]
        headers = _headers(scope)
        if is_large(headers):
            await self._enter_large()
            try:
                return await self._of(provider, integration, headers, receive)
            finally:
                self._large.release()
        return await self._of(provider, integration, headers, receive)

    async def _of(
        self, provider: Provider, integration: Integration, headers: Mapping[bytes, bytes], receive: Receive
    ) -> tuple[int, bytes, None]:
        body = await self._body(receive, headers, provider.max_body, integration)
        parsed = await self._parsed(body, headers, integration)
        receipt, events = await self._store(provider, integration, parsed, body, headers)
        return 202, accepted(receipt, events), None

    async def _enter_large(self) -> None:
        """Wait for one of the places of large bodies; what is not read yet stays with its sender."""
        if self._large.locked():
            self._gate.turn_out()
        try:
            async with asyncio.timeout(PATIENCE_S):
                await self._large.acquire()
        except TimeoutError:
            raise Unavailable("Too many large bodies arrive at once. Send this one again.", retry_after_s=2) from None

    async def _pagerduty(self, scope: Scope, receive: Receive) -> tuple[int, bytes, None]:
        provider = PROVIDERS["pagerduty"]
        headers = _headers(scope)
        body = await self._body(receive, headers, provider.max_body, None)
        parsed = await self._parsed(body, headers, None)
        key = parsed.payload.get("routing_key") if isinstance(parsed.payload, dict) else None
        integration = await self._find(key) if isinstance(key, str) else None
        if integration is None or integration.provider != provider.slug:
            raise Problem(400, "Event object is invalid", errors=[routing_key_error(key)])
        _, events = await self._store(provider, integration, parsed, body, headers)
        first = events[0]
        if isinstance(first, Unreadable):
            return 202, orjson.dumps({"status": "success", "message": "Event kept as unreadable"}), None
        key = first.dedup_key.removeprefix(f"{provider.slug}:")
        return 202, orjson.dumps({"status": "success", "message": "Event processed", "dedup_key": key}), None

    async def _body(
        self, receive: Receive, headers: Mapping[bytes, bytes], limit: int, integration: Integration | None
    ) -> bytes:
        """Return the whole body, never more than `limit` bytes of it in memory."""
        if headers.get(b"content-encoding", b"identity") != b"identity":
            raise Problem(415, "Send the body uncompressed: compressed bodies are not read.")
        declared = headers.get(b"content-length", b"0")
        over = declared.isdigit() and int(declared) > limit
        receiving = self._gate.receive()
        try:
            body = await received(receive, limit, over=over)
        finally:
            self._gate.received(receiving)
        if not over and len(body) <= limit:
            return body
        sentence = f"The body is larger than the {limit // 1024:,} KiB that this kind of integration may send."
        delivery_id = await self._keep_refused(integration, sentence, body[:KEPT_OF_REFUSED], headers)
        raise Problem(413, sentence, delivery_id)

    async def _parsed(
        self, body: bytes, headers: Mapping[bytes, bytes], integration: Integration | None
    ) -> Any:  # JSON
        try:
            if len(body) <= BIG:
                return parse(body)
            async with self._one_big:
                await asyncio.sleep(0)
                return parse(body)
        except Malformed as malformed:
            delivery_id = await self._keep_refused(integration, str(malformed), body, headers)
            raise Problem(400, str(malformed), delivery_id) from malformed

    async def _store(
        self,
        provider: Provider,
        integration: Integration,
        parsed: Parsed,
        body: bytes,
        headers: Mapping[bytes, bytes],
    ) -> tuple[Receipt, Sequence[Event | Unreadable]]:
        delivery_id = new_id()
        context = Context(
            received_at=self._clock.now(),
            mapping=integration.mapping,
            new_key=delivery_id.hex,
            may_exceed=parsed.may_exceed,
        )
        if parsed.duplicate_keys:
            metrics.DUPLICATE_KEYS.inc()
        try:
            events = tuple(provider.normalise(parsed.payload, context))
        except Malformed as malformed:
            kept = await self._keep_refused(integration, str(malformed), body, headers)
            raise Problem(400, str(malformed), kept, errors=getattr(malformed, "errors", ())) from malformed
        whole = Delivery(
            id=delivery_id,
            integration=integration,
            events=events,
            body=body,
            content_type=headers.get(b"content-type", b"").decode("latin-1")[:200],
            idempotency_key=headers.get(b"idempotency-key", b"").decode("latin-1")[:1000],
        )
        receipt = await self._submit(whole)
        for verdict, _ in receipt.verdicts:
            _count(provider.slug, verdict)
        return receipt, events

    async def _submit(self, whole: Delivery) -> Receipt:
        """Store a delivery, AT_ONCE events at a time; a resend goes on after the part that was stored."""
        if len(whole.events) <= AT_ONCE:
            return await self._intake.submit(whole)
        parts = [await self._intake.submit(part) for part in whole.parts(AT_ONCE)]
        verdicts = tuple(verdict for part in parts for verdict in part.verdicts)
        return Receipt(parts[0].delivery_id, verdicts, duplicate=all(part.duplicate for part in parts))

    async def _keep_refused(
        self, integration: Integration | None, reason: str, body: bytes, headers: Mapping[bytes, bytes]
    ) -> UUID | None:
        """Keep what an authenticated sender sent in vain, and say once an hour that it did."""
        if integration is None:
            return None
        kept = Delivery(
            id=new_id(),
            integration=integration,
            events=(),
            body=body,
            content_type=headers.get(b"content-type", b"").decode("latin-1")[:200],
            refusal=reason,
        )
        with contextlib.suppress(Refusal):  # the answer to the sender is the same
            return (await self._intake.submit(kept)).delivery_id
        return None


_counters: OrderedDict[tuple[str, Verdict], Any] = OrderedDict()


def _count(provider: str, verdict: Verdict) -> None:
    counter = _counters.get((provider, verdict))
    if counter is None:
        counter = _counters[provider, verdict] = metrics.INGESTED.labels(provider, verdict)
    counter.inc()


def _only_post(scope: Scope) -> None:
    if scope["method"] != "POST":
        raise Problem(405, "Events are sent with POST.")


def _headers(scope: Scope) -> Mapping[bytes, bytes]:
    return dict(scope["headers"])
