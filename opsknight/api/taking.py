"""Whose a delivery is, what it says, by what its retries are known, and what is counted of it."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, Protocol
from uuid import UUID

from opsknight import metrics
from opsknight.api.bodies import Headers
from opsknight.api.forms import is_form, read_form
from opsknight.api.parse import Parsed, parse, scrub
from opsknight.api.providers.provider import Context, Provider
from opsknight.api.providers.table import PROVIDERS
from opsknight.domain.commands.deliveries import Delivery, Receipt
from opsknight.domain.model.intake import Verdict
from opsknight.domain.queries.catalogue import Integration
from opsknight.domain.queries.deliveries import StoredDelivery

MOST_KEPT: Final = 30
"""Headers of one request."""
LONGEST_KEPT: Final = 1000
"""Characters of one header."""
_SECRET: Final = ("auth", "signature", "secret", "token", "passw", "cookie", "api-key", "apikey", "credential")
"""What stands in the names of headers that prove who sent a request; none of these is ever kept."""
MAIL: Final = b"message/rfc822"
"""The content type of a raw mail."""
_counters: OrderedDict[tuple[str, Verdict], Any] = OrderedDict()


class Catalogue(Protocol):
    """Knows the integrations by their keys."""

    def known(self, key: str) -> Integration | None:
        """Return the integration of `key` where that is known without asking anybody."""

    async def find(self, key: str) -> Integration | None:
        """Return the integration of `key`, or None where there is none."""

    def archived(self, key: str) -> tuple[int, str] | None:
        """Return the service that `key` was for until it ended, and whose it was; None where there is none."""


def count(whole: Delivery, receipt: Receipt) -> None:
    """Count the verdicts of a delivery."""
    provider = whole.integration.provider
    for verdict, _ in receipt.verdicts:
        counter = _counters.get((provider, verdict))
        if counter is None:
            counter = _counters[provider, verdict] = metrics.INGESTED.labels(provider, verdict)
        counter.inc()


def read(provider: Provider, headers: Headers, body: bytes) -> Parsed:
    """Return what a body says: JSON, or the fields of a form or a mail where its kind of monitor sends such."""
    content_type = headers.raw.get(b"content-type", b"")
    if provider.mail and content_type.startswith(MAIL):
        return Parsed(provider.mail(body), duplicate_keys=False, may_exceed=True)
    if provider.form and is_form(content_type):
        return read_form(body, content_type)
    return parse(body)


def understood(
    integration: Integration, headers: Headers, body: bytes, parsed: Parsed, *, delivery_id: UUID, received_at: datetime
) -> Delivery:
    """Return what is stored of a body.

    Raises:
        Malformed: the integration's kind of monitor sends nothing like it.
    """
    context = Context(
        received_at=received_at,
        headers=headers,
        mapping=integration.mapping,
        new_key=delivery_id.hex,
        may_exceed=parsed.may_exceed,
    )
    provider = PROVIDERS[integration.provider]
    return Delivery(
        id=delivery_id,
        integration=integration,
        events=tuple(provider.normalise(parsed.payload, context)),
        body=body,
        content_type=headers.get("content-type", "")[:200],
        idempotency_key=once(provider, headers, proven=bool(integration.secrets))[:1000],
        headers=headers_kept(provider, headers),
    )


def refused(
    integration: Integration, headers: Headers, body: bytes, reason: str, *, delivery_id: UUID, unsaid: bool
) -> Delivery:
    """Return what is kept of a body that says no event; people hear of it once an hour, unless `unsaid`."""
    return Delivery(
        id=delivery_id,
        integration=integration,
        events=(),
        body=body,
        content_type=headers.get("content-type", "")[:200],
        refusal=reason,
        unsaid=unsaid,
        headers=headers_kept(PROVIDERS[integration.provider], headers),
    )


def headers_kept(provider: Provider, headers: Headers) -> Mapping[str, str] | None:
    """Return the headers that a replay needs: those that the kind of monitor names, never one that proves who sent it.

    Most name none, and of those no header is looked at.
    """
    if not provider.keeps:
        return None
    found: dict[str, str] = {}
    for wanted in provider.keeps:
        if wanted.endswith("-"):
            found |= {name: headers[name] for name in headers if name.startswith(wanted)}
        elif said := headers.get(wanted):
            found[wanted] = said
    fit = [(name, said[:LONGEST_KEPT]) for name, said in found.items() if not any(part in name for part in _SECRET)]
    return scrub(dict(fit[:MOST_KEPT])) or None


def headers_again(stored: StoredDelivery) -> Headers:
    """Return the headers of a stored request, as far as they were kept."""
    said = {**stored.headers, "content-type": stored.content_type}
    return Headers((name.encode("latin-1", "replace"), one.encode("latin-1", "replace")) for name, one in said.items())


def once(provider: Provider, headers: Headers, *, proven: bool) -> str:
    """Return by what a retry of the same delivery is known: the sender's own key, else its kind of monitor's.

    Where the monitor has proven itself its own goes first: nobody signs an Idempotency-Key, so that one
    would make a new delivery of what somebody overheard and sends again.
    """
    given: str = headers.get("idempotency-key", "")
    if given and not proven:
        return given
    return next((f"{name}:{said}" for name in provider.once if (said := headers.get(name))), given)
