"""The ingest route: plain ASGI in front of everything else, because most of the work passes here.

`POST /api/v1/events/{integration key}` and `POST /v2/enqueue` (PagerDuty Events v2, whose key is in
the body). The answer leaves after the commit of what was sent. Described for OpenAPI in openapi.py.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias
from uuid import UUID

import orjson
import structlog

from opsknight import metrics
from opsknight.api.gate import Gate
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
Receive: TypeAlias = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send: TypeAlias = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]

EVENTS: Final = "/api/v1/events/"
PAGERDUTY: Final = "/v2/enqueue"
AT_ONCE: Final = 64
"""Events of one delivery in one commit."""
ROUTING_KEY_LENGTH: Final = 32
BIG: Final = 16_384
"""Bodies longer than this are parsed one per turn of the loop."""
KEPT_OF_REFUSED: Final = 65_536
"""Bytes that are kept of a body refused for its size."""


class HungUp(Exception):  # nobody is left to answer
    """The sender went away before its request was whole."""


@dataclass
class _Problem(Exception):
    """An answer other than 202: status, sentence, the delivery that keeps what was sent."""

    status: int
    sentence: str
    delivery_id: UUID | None = None
    errors: Sequence[str] = ()
    retry_after_s: float | None = None


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
        self._gate = Gate()
        self._one_big = asyncio.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer an ingest request, or pass on what is none."""
        path: str = scope.get("path", "")
        if scope["type"] != "http" or not (path.startswith(EVENTS) or path == PAGERDUTY):
            await self._inner(scope, receive, send)
            return
        began = self._clock.monotonic()
        try:
            status, answer, retry_after_s = await self._answer(scope, path, receive)
        except HungUp:
            return
        await _send(send, status, answer, retry_after_s)
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
        except _Problem as problem:
            refused = problem
        except Unavailable as busy:
            refused = _Problem(503, busy.sentence, retry_after_s=busy.retry_after_s)
        except (HungUp, asyncio.CancelledError):
            raise
        except Exception as mistake:  # ours; the sender is told to send it again
            log.exception("ingest failed", path=path[: len(EVENTS)], error=repr(mistake))
            refused = _Problem(500, "This is a mistake of ours, not of the event. Send it again.", retry_after_s=5)
        metrics.REFUSED.labels(str(refused.status)).inc()
        return refused.status, _problem_body(refused, as_pagerduty=as_pagerduty), refused.retry_after_s

    async def _event(self, scope: Scope, key: str, receive: Receive) -> tuple[int, bytes, None]:
        integration = await self._find(key.strip("/"))
        if integration is None:
            raise _Problem(404, "No integration has this key. Copy the address from Services → Integrations.")
        provider = PROVIDERS[integration.provider]
        headers = _headers(scope)
        body = await self._body(receive, headers, provider.max_body, integration)
        parsed = await self._parsed(body, headers, integration)
        receipt, events = await self._store(provider, integration, parsed, body, headers)
        return 202, _accepted(receipt, events), None

    async def _pagerduty(self, scope: Scope, receive: Receive) -> tuple[int, bytes, None]:
        provider = PROVIDERS["pagerduty"]
        headers = _headers(scope)
        body = await self._body(receive, headers, provider.max_body, None)
        parsed = await self._parsed(body, headers, None)
        key = parsed.payload.get("routing_key") if isinstance(parsed.payload, dict) else None
        integration = await self._find(key) if isinstance(key, str) else None
        if integration is None or integration.provider != provider.slug:
            raise _Problem(400, "Event object is invalid", errors=[_routing_key_error(key)])
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
            raise _Problem(415, "Send the body uncompressed: compressed bodies are not read.")
        declared = headers.get(b"content-length", b"0")
        over = declared.isdigit() and int(declared) > limit
        message = await receive()
        body: bytes = message.get("body", b"")
        if not over and not message.get("more_body") and message["type"] == "http.request" and len(body) <= limit:
            return body
        parts, size = [body], len(body)
        while message["type"] == "http.request" and message.get("more_body") and not over:
            message = await receive()
            parts.append(message.get("body", b""))
            size += len(parts[-1])
            over = size > limit
        if message["type"] != "http.request":
            raise HungUp
        body = b"".join(parts)
        if not over and size <= limit:
            return body
        sentence = f"The body is larger than the {limit // 1024:,} KiB that this kind of integration may send."
        delivery_id = await self._keep_refused(integration, sentence, body[:KEPT_OF_REFUSED], headers)
        raise _Problem(413, sentence, delivery_id)

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
            raise _Problem(400, str(malformed), delivery_id) from malformed

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
            raise _Problem(400, str(malformed), kept, errors=getattr(malformed, "errors", ())) from malformed
        whole = Delivery(
            id=delivery_id,
            integration=integration,
            events=events,
            body=body,
            content_type=headers.get(b"content-type", b"").decode("latin-1")[:200],
            request_id=delivery_id.hex,
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


def _routing_key_error(key: object) -> str:
    """Return why a routing key opens nothing, in the words of PagerDuty's own API where it has some."""
    if not isinstance(key, str) or not key:
        return "'routing_key' is missing or blank"
    if len(key) != ROUTING_KEY_LENGTH:
        return f"Length of 'routing_key' is incorrect (should be {ROUTING_KEY_LENGTH} characters)"
    return "'routing_key' is not the key of a PagerDuty integration here"


def _only_post(scope: Scope) -> None:
    if scope["method"] != "POST":
        raise _Problem(405, "Events are sent with POST.")


def _headers(scope: Scope) -> Mapping[bytes, bytes]:
    return dict(scope["headers"])


def _accepted(receipt: Receipt, events: Sequence[Event | Unreadable]) -> bytes:
    """Return the answer of the generic route: what was stored, and what each event did."""
    told = [
        {"verdict": verdict, "incident_id": incident_id}
        | ({"reason": event.reason} if isinstance(event, Unreadable) else {"dedup_key": event.dedup_key})
        for event, (verdict, incident_id) in zip(events, receipt.verdicts, strict=False)
    ]
    return orjson.dumps(
        {
            "status": "accepted",
            "delivery_id": receipt.delivery_id,
            "duplicate": receipt.duplicate,
            "events": told,
        },
        default=str,  # asyncpg's own kind of UUID
    )


def _problem_body(problem: _Problem, *, as_pagerduty: bool) -> bytes:
    if as_pagerduty and problem.status in (400, 413):
        errors = list(problem.errors) or [problem.sentence]
        return orjson.dumps({"status": "invalid event", "message": "Event object is invalid", "errors": errors})
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": _TITLES.get(problem.status, "The request is refused"),
        "status": problem.status,
        "detail": problem.sentence,
        "request_id": (problem.delivery_id or new_id()).hex,
    }
    if problem.delivery_id is not None:
        body["delivery_id"] = problem.delivery_id
    if problem.errors:
        body["errors"] = list(problem.errors)
    return orjson.dumps(body)


_TITLES: Final = {
    400: "The event cannot be read",
    404: "Unknown integration",
    405: "Method not allowed",
    413: "The body is too large",
    415: "The body is compressed",
    503: "Not now",
}


_PROBLEM: Final = b'{"type":'
"""How our own problems begin; PagerDuty's refusals are plain JSON."""


async def _send(send: Send, status: int, body: bytes, retry_after_s: float | None) -> None:
    kind = b"application/problem+json" if body.startswith(_PROBLEM) else b"application/json"
    headers = [(b"content-type", kind), (b"content-length", str(len(body)).encode())]
    if retry_after_s is not None:
        headers.append((b"retry-after", str(max(1, round(retry_after_s))).encode()))
    if status == 413:  # what is left of the body is not read
        headers.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
