"""What a monitor asks of its address before it sends events there: whether they are wanted, or whose it is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qsl

import orjson

from opsknight.api.bodies import Headers
from opsknight.api.ingest_answers import UNKNOWN_KEY, Problem
from opsknight.api.providers.provider import Provider
from opsknight.api.providers.table import PROVIDERS
from opsknight.domain.queries.catalogue import Integration

ORIGIN: Final = "webhook-request-origin"
LONGEST: Final = 1024
"""Characters of a question; more is none."""


@dataclass(frozen=True, slots=True)
class Greeting:
    """An answer 200: its body, and headers beside the usual ones."""

    body: bytes = b""
    headers: tuple[tuple[bytes, bytes], ...] = ()


async def greeted(
    scope: MutableMapping[str, Any], path: str, find: Callable[[str], Awaitable[Integration | None]]
) -> Greeting | None:
    """Answer a question that a monitor asks of the address of an integration; None where a request is none.

    Raises:
        Problem: the address is nobody's, or the question cannot be answered.
    """
    origin = Headers(scope["headers"]).get(ORIGIN, "") if scope["method"] == "OPTIONS" else ""
    query = scope.get("query_string", b"") if scope["method"] == "GET" else b""
    _, is_address, key = path.partition("/events/")
    if not is_address or not (origin or query):
        return None
    integration = await find(key.strip("/"))
    if integration is None:
        raise Problem(404, UNKNOWN_KEY)
    return _wanted(origin) if origin else _proven(PROVIDERS[integration.provider], integration, query)


def _wanted(origin: str) -> Greeting:
    """Say that events are wanted from whoever asks, however many: their deliveries prove themselves.

    Source: https://github.com/cloudevents/spec/blob/main/cloudevents/http-webhook.md#4-abuse-protection
    """
    is_plain = origin.isascii() and origin.isprintable() and len(origin) <= LONGEST
    allowed = origin.encode() if is_plain else b"*"
    return Greeting(
        headers=((b"webhook-allowed-origin", allowed), (b"webhook-allowed-rate", b"*"), (b"allow", b"POST"))
    )


def _proven(provider: Provider, integration: Integration, query: bytes) -> Greeting | None:
    """Prove by the integration's secret that an address is its people's, where its kind asks for that."""
    if provider.challenged is None or len(query) > LONGEST:
        return None
    asked = dict(parse_qsl(query.decode("latin-1")))
    if not (secrets := integration.secrets):
        if provider.challenged(asked, "") is None:
            return None
        sentence = "Give the integration a secret in Services → Integrations, and the same one to the monitor."
        raise Problem(405, f"{provider.label} asks for a proof that this address is yours. {sentence}")
    answer = provider.challenged(asked, secrets[0])
    return None if answer is None else Greeting(orjson.dumps(answer))
