"""What Amazon SES, SendGrid and Resend tell of a mail, read as the reports of mail servers are. No I/O here.

Sources: https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html,
https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/event,
https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/getting-started-event-webhook-security-features,
https://resend.com/docs/webhooks/emails/bounced.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, cast
from uuid import UUID

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_public_key

from opsknight.api.reading import is_object
from opsknight.carriers import SENDGRID_MESSAGE
from opsknight.domain.model.mail_report import GONE, Became, Report

WORDS_AT_MOST: Final = 300
_RECIPIENTS_AT_MOST: Final = 10
_DROPPED_AS_DEAD: Final = frozenset({"Bounced Address", "Invalid"})
"""Why SendGrid does not even try; all else is a person's or an operator's wish, or a fault that passes."""
_DEAD_FOR_RESEND: Final = frozenset({("Permanent", "General"), ("Permanent", "NoEmail")})
"""Types and subtypes of bounces that are about the address itself."""


@dataclass(frozen=True, slots=True)
class Told:
    """What became of a mail: our message itself where the carrier names it, else what the carrier calls `name`."""

    report: Report
    name: str = ""
    notification_id: UUID | None = None


def of_ses(said: Any) -> Told | None:
    """Return what an event of SES tells, by event publishing or as a notification; None where nothing that counts."""
    if not is_object(said):
        return None
    kind = str(said.get("eventType") or said.get("notificationType") or "")
    name = _text(_object(said.get("mail")).get("messageId"))
    if kind == "Delivery":
        return Told(Report(Became.DELIVERED), name)
    if kind == "Bounce":
        bounce = _object(said.get("bounce"))
        recipients = [*_objects(bounce.get("bouncedRecipients"))]
        words = next((_text(one.get("diagnosticCode")) for one in recipients if one.get("diagnosticCode")), "")
        how = "/".join(part for part in (_text(bounce.get("bounceType")), _text(bounce.get("bounceSubType"))) if part)
        dead = [one for one in recipients if bounce.get("bounceType") == "Permanent" and _is_dead(one)]
        return Told(
            _failed(f"Amazon SES said {how or 'Bounce'}", words, [one.get("emailAddress") for one in dead]), name
        )
    if kind == "Reject":
        return Told(_failed("Amazon SES rejected it", _text(_object(said.get("reject")).get("reason"))), name)
    return None


def of_sendgrid(said: Any) -> Iterator[Told]:
    """Tell what a batch of events of SendGrid says of mails of ours."""
    for event in _objects(said):
        try:
            ours = UUID(str(event.get(SENDGRID_MESSAGE, "")))
        except ValueError:  # a mail of somebody else with the same account
            continue
        kind, reason, address = event.get("event"), _text(event.get("reason")), event.get("email")
        if kind == "delivered":
            yield Told(Report(Became.DELIVERED), notification_id=ours)
        elif kind == "bounce":
            dead = event.get("type") != "blocked" and (
                _text(event.get("status")) in GONE or event.get("bounce_classification") == "Invalid Address"
            )
            how = "SendGrid said blocked" if event.get("type") == "blocked" else "SendGrid said bounce"
            yield Told(_failed(how, reason, [address] if dead else []), notification_id=ours)
        elif kind == "dropped":
            dead = reason in _DROPPED_AS_DEAD
            yield Told(_failed("SendGrid dropped it", reason, [address] if dead else []), notification_id=ours)


def of_resend(said: Any) -> Told | None:
    """Return what an event of Resend tells; None where nothing that counts."""
    if not is_object(said):
        return None
    kind, data = said.get("type"), _object(said.get("data"))
    name = _text(data.get("email_id"))
    if kind == "email.delivered":
        return Told(Report(Became.DELIVERED), name)
    if kind in ("email.bounced", "email.suppressed"):
        what = _object(data.get("bounce") or data.get("suppressed"))
        how = "/".join(part for part in (_text(what.get("type")), _text(what.get("subType"))) if part)
        told_to = data.get("to")
        to = cast("list[Any]", told_to)[:_RECIPIENTS_AT_MOST] if isinstance(told_to, list) else []
        is_dead = kind == "email.bounced" and (what.get("type"), what.get("subType")) in _DEAD_FOR_RESEND
        return Told(_failed(f"Resend said {how or kind}", _text(what.get("message")), to if is_dead else []), name)
    if kind == "email.failed":
        return Told(_failed("Resend could not send it", _text(_object(data.get("failed")).get("reason"))), name)
    return None


def is_of_sendgrid(key: str, *, signature: str, timestamp: str, body: bytes) -> bool:
    """Say whether SendGrid signed `timestamp` and `body`: ECDSA with the key that its settings show, in base64."""
    try:
        public = load_der_public_key(base64.b64decode(key, validate=True))
        if not isinstance(public, ec.EllipticCurvePublicKey):
            return False
        signed = timestamp.encode() + body
        public.verify(base64.b64decode(signature, validate=True), signed, ec.ECDSA(hashes.SHA256()))
    except (ValueError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def _failed(how: str, words: str, dead: list[Any] | None = None) -> Report:
    gone = frozenset(str(address).strip().casefold() for address in dead or [] if address)
    return Report(Became.FAILED, f"{how}: {words}" if words else how, gone)


def _is_dead(recipient: Mapping[str, Any]) -> bool:
    """Say whether an address itself is dead by its code; without one SES means that by Permanent."""
    status = _text(recipient.get("status"))
    return not status or status in GONE


def _text(found: Any) -> str:
    return " ".join(found.split())[:WORDS_AT_MOST] if isinstance(found, str) else ""


def _object(found: Any) -> Mapping[str, Any]:
    return found if is_object(found) else {}


def _objects(found: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(found, list):
        yield from (one for one in cast("list[Any]", found) if is_object(one))
