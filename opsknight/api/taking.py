"""What a delivery says, by what its retries are known, and what is counted of it."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any, Final

from opsknight import metrics
from opsknight.api.bodies import Headers
from opsknight.api.parse import Parsed, parse, parse_form
from opsknight.api.providers.provider import Provider
from opsknight.domain.commands.deliveries import Delivery, Receipt
from opsknight.domain.model.intake import Verdict

_FORM: Final = b"application/x-www-form-urlencoded"
MAIL: Final = b"message/rfc822"
"""The content type of a raw mail."""
_counters: OrderedDict[tuple[str, Verdict], Any] = OrderedDict()


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
    if provider.mail and headers.raw.get(b"content-type", b"").startswith(MAIL):
        return Parsed(provider.mail(body), duplicate_keys=False, may_exceed=True)
    if provider.form and headers.raw.get(b"content-type", b"").startswith(_FORM):
        return parse_form(body)
    return parse(body)


def once(provider: Provider, headers: Headers, *, proven: bool) -> str:
    """Return by what a retry of the same delivery is known: the sender's own key, else its kind of monitor's.

    Where the monitor has proven itself its own goes first: nobody signs an Idempotency-Key, so that one
    would make a new delivery of what somebody overheard and sends again.
    """
    given: str = headers.get("idempotency-key", "")
    if given and not proven:
        return given
    return next((f"{name}:{said}" for name in provider.once if (said := headers.get(name))), given)
