"""What senders of events are answered: what was stored, or why not, each in the words of its route."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias
from uuid import UUID

import orjson
import structlog

from opsknight import metrics
from opsknight.crypto import new_id
from opsknight.deps import busy, retryable
from opsknight.domain.commands.deliveries import Receipt
from opsknight.domain.model.event import Event, Unreadable
from opsknight.errors import Unavailable

log = structlog.get_logger(__name__)

Send: TypeAlias = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Answered: TypeAlias = Callable[[int, bytes, bytes], None]
"""Takes an answer: status, header lines, body."""

ROUTING_KEY_LENGTH: Final = 32
UNKNOWN_KEY: Final = "No integration has this key. Copy the address from Services → Integrations."
NOTHING_SENT: Final = (
    "Nothing was opened: this address takes events, which are sent with POST. "
    "A monitor that has its fields in the address may send them with GET."
)
"""Told to whoever opens such an address in a browser, and to what looks ahead for a preview of a link."""


@dataclass
class Problem(Exception):
    """An answer other than 202: status, sentence, the delivery that keeps what was sent."""

    status: int
    sentence: str
    delivery_id: UUID | None = None
    errors: Sequence[str] = ()
    retry_after_s: float | None = None


def told(error: BaseException, *, was_turned_out: Callable[[], bool]) -> Problem:
    """Return what a sender is told of `error`: whatever it is, to send it again.

    An end of the request is raised again, unless it `was_turned_out`.
    """
    if isinstance(error, Problem):
        return error
    if isinstance(error, Unavailable):
        return Problem(503, error.sentence, retry_after_s=error.retry_after_s)
    if not isinstance(error, Exception):
        if not was_turned_out():
            raise error
        return Problem(503, "The body did not arrive in time. Send it again.", retry_after_s=1)
    return failure(error)


def failure(error: Exception) -> Problem:
    """Return what a sender is told of a failure that nobody foresaw: always to send it again."""
    if retryable(error) or busy(error):
        log.warning("ingest found the database away", error=repr(error))
        return Problem(503, "The database does not answer. Send it again.", retry_after_s=2)
    log.error("ingest failed", error=repr(error), exc_info=error)
    return Problem(500, "This is a mistake of ours, not of the event. Send it again.", retry_after_s=5)


def routing_key_error(key: object) -> str:
    """Return why a routing key opens nothing, in the words of PagerDuty's own API where it has some."""
    if not isinstance(key, str) or not key:
        return "'routing_key' is missing or blank"
    if len(key) != ROUTING_KEY_LENGTH:
        return f"Length of 'routing_key' is incorrect (should be {ROUTING_KEY_LENGTH} characters)"
    return "'routing_key' is not the key of a PagerDuty integration here"


def accepted(receipt: Receipt, events: Sequence[Event | Unreadable]) -> bytes:
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


def problem_body(problem: Problem, *, as_pagerduty: bool) -> bytes:
    """Return `problem` as problem+json, or as PagerDuty's own API says it."""
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
    return orjson.dumps(body, default=str)


_TITLES: Final = {
    400: "The event cannot be read",
    401: "Not proven to be from its monitor",
    404: "Unknown integration",
    405: "Method not allowed",
    413: "The body is too large",
    415: "The body is compressed",
    503: "Not now",
}


_PROBLEM: Final = b'{"type":'
"""How our own problems begin; PagerDuty's refusals are plain JSON."""
_PROBLEM_KIND: Final = b"application/problem+json"


JSON: Final = b"content-type: application/json\r\n"
"""The header lines of an answer that is no problem."""


def headers_of(
    status: int, retry_after_s: float | None = None, kind: bytes = _PROBLEM_KIND
) -> list[tuple[bytes, bytes]]:
    """Return the headers of an answer, but for its length."""
    headers = [(b"content-type", kind)]
    if retry_after_s is not None:
        headers.append((b"retry-after", str(max(1, round(retry_after_s))).encode()))
    if status == 413:  # what is left of the body is not read
        headers.append((b"connection", b"close"))
    return headers


def refuse(problem: Problem, answered: Answered) -> None:
    """Answer with `problem` where no task of its own does so."""
    metrics.REFUSED.labels(str(problem.status)).inc()
    lines = b"".join(b"%s: %s\r\n" % header for header in headers_of(problem.status, problem.retry_after_s))
    answered(problem.status, lines, problem_body(problem, as_pagerduty=False))


async def answer(
    send: Send, status: int, body: bytes, retry_after_s: float | None, more: Sequence[tuple[bytes, bytes]] = ()
) -> None:
    """Send the whole answer, with `more` headers than the usual ones."""
    kind = _PROBLEM_KIND if body.startswith(_PROBLEM) else b"application/json"
    headers = headers_of(status, retry_after_s, kind)
    headers += [*more, (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
