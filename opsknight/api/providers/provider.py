"""What an adapter is: one kind of monitor, and how what it sends becomes events."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, TypeAlias

from opsknight.api.limits import excess
from opsknight.api.signatures import carries, is_standard_webhook
from opsknight.domain.model.event import Event, Malformed, Unreadable

KIB: Final = 1024
MIB: Final = 1024 * KIB

Said: TypeAlias = dict[str, Any]
"""A JSON object as it was sent."""


Headers: TypeAlias = Mapping[str, str]
"""The headers of a request, their names in lower case."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What an adapter may know beyond the payload.

    `headers` are the request's, by which some senders tell what kind of payload it is. `mapping` is
    the integration's field mapping. `new_key` is the dedup key to give where the format lets its
    sender omit it. `may_exceed` is False where the parser knows already that no event can be beyond
    the limits of one event.
    """

    received_at: datetime
    headers: Headers = field(default_factory=dict[str, str])
    mapping: Mapping[str, object] = field(default_factory=dict[str, object])
    new_key: str = ""
    may_exceed: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a signature is checked against: headers by lower-case name, and the body's bytes as they came.

    `certificates` are those that were fetched, as PEM by address.
    """

    headers: Headers
    body: bytes
    received_at: datetime
    certificates: Mapping[str, bytes] = field(default_factory=dict[str, bytes])


Challenged: TypeAlias = Callable[[Mapping[str, str], str], Mapping[str, str] | None]
"""Return the answer, made with the integration's secret, to what a query asks for; None where it asks for nothing."""

Verify: TypeAlias = Callable[[Request, str], bool]
"""Say whether a request was signed with the integration's secret."""

IN_A_HEADER: Final = (
    "Let it send the secret with every request: as Authorization: Bearer, as the password of basic authentication, "
    "or in a header X-OpsKnight-Secret."
)
"""Where the secret of a monitor goes that has no signature of its own."""


def proven(request: Request, secret: str) -> bool:
    """Say whether a request is signed by Standard Webhooks (Svix), or carries the secret in a header.

    What monitors without a signature of their own are asked for.
    """
    for kind in ("webhook", "svix"):
        if signatures := request.headers.get(f"{kind}-signature", ""):
            return is_standard_webhook(
                message_id=request.headers.get(f"{kind}-id", ""),
                timestamp=request.headers.get(f"{kind}-timestamp", ""),
                signatures=signatures,
                secret=secret,
                body=request.body,
                now=request.received_at,
            )
    return carries(request.headers, secret)


Normalise: TypeAlias = Callable[[Any, Context], Sequence[Event | Unreadable]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """One kind of monitor.

    `normalise` returns an event for each element of a payload, an Unreadable for one that cannot
    be one, and nothing for what pages nobody; it raises Malformed when the whole is not of this
    format. Same in, same out: no clock, no randomness, no database.

    `where` and `setup` tell a person how to set the monitor up: the place in its own screens, and
    what to paste there, with {address} and {key} for the integration's, {base} for this server,
    {mail_host} for where it takes mail.
    `sample` is a payload as the monitor itself would send it to say that something is wrong: the
    test event.

    `verify` checks the monitor's own signature where an integration has a secret; None where its key
    alone is what it proves itself with. `signed_with` tells a person where the monitor shows the
    secret or asks for it. `once` names the headers, best first, that are the same in every retry of
    one delivery and in no other. `keeps` names those by which it tells what a payload is, so that a
    replay has them too; a name that ends in - stands for all that begin so. `confirms` returns the
    address that must be got before such a monitor sends anything, where a payload asks for that. `challenged`
    answers a monitor that asks its address, with GET, for a proof that it knows the secret. `deploys` returns by
    what a deployment is known among those of its key that an event tells to have succeeded, "" where it tells of none.

    `max_body` is in bytes. `form` says that it also sends HTML forms, read as an object of texts; `query`
    that the fields of such a form may stand in the address instead, in a GET or a POST without a body;
    `mail` reads a body that is a mail (message/rfc822) and raises Malformed where it is none.
    `key_in_body` says that the integration's key stands in the payload and not in the address.
    `retries_429` says whether such a sender comes back after 429; where it does not, it is told 503.
    """

    slug: str
    label: str
    docs_url: str
    normalise: Normalise
    where: str = "As its webhook address"
    setup: str = "{address}"
    sample: Mapping[str, object] = field(default_factory=dict[str, object])
    verify: Verify | None = proven
    signed_with: str = IN_A_HEADER
    once: tuple[str, ...] = ()
    keeps: tuple[str, ...] = ()
    confirms: Callable[[Any], str | None] | None = None
    challenged: Challenged | None = None
    deploys: Callable[[Event], str] | None = None
    form: bool = False
    query: bool = False
    mail: Callable[[bytes], Any] | None = None
    max_body: int = MIB
    key_in_body: bool = False
    retries_429: bool = True


def each(
    elements: Sequence[Any], make: Callable[[Said], Event | None], *, what: str, context: Context
) -> list[Event | Unreadable]:
    """Return what `make` makes of each element; one that it refuses, or that holds too much, is unreadable.

    `what` names an element for people; `make` returns None for what pages nobody.
    """
    made: list[Event | Unreadable] = []
    for number, element in enumerate(elements, start=1):
        if element.__class__ is not dict:
            made.append(Unreadable(f"{what} {number} is not a JSON object."))
            continue
        if context.may_exceed and (reason := excess(element)):
            made.append(Unreadable(f"{what} {number}: {reason}"))
            continue
        try:
            event = make(element)
        except Malformed as refused:
            made.append(Unreadable(f"{what} {number}: {refused}"))
            continue
        if event is not None:
            made.append(event)
    return made


def within_limits(event: Event, *, may_exceed: bool = True) -> Event | Unreadable:
    """Return the event, or why it holds too much. For formats of which an event keeps only a small part."""
    if not may_exceed:
        return event
    reason = excess([event.source, event.component, dict(event.tags), dict(event.details)])
    return event if reason is None else Unreadable(reason)
