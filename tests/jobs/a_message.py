"""A message as the pager would write it, for tests of channels."""

from __future__ import annotations

from uuid import UUID

from opsknight.crypto import new_id
from opsknight.domain.model.event import Urgency
from opsknight.domain.model.incident import Status
from opsknight.domain.model.notification import PageKind
from opsknight.jobs.channels.channel import Message


def a_message(**changes: object) -> Message:
    values: dict[str, object] = {
        "notification_id": new_id(),
        "kind": PageKind.PAGE,
        "subject": "CRITICAL Checkout: Disk full on db-1 (#12)",
        "title": "Disk full on db-1",
        "body": "Service Checkout, critical, high urgency.",
        "url": "https://ops.example.com/incidents/12",
        "urgency": Urgency.HIGH,
        "to_name": "Ada Lovelace",
        "incident_id": UUID("018f0000-0000-7000-8000-000000000012"),
        "number": 12,
        "status": Status.OPEN,
        "acknowledge_token": "token.signed",
        "acknowledge_url": "https://ops.example.com/ack/token.signed",
        "receipt_token": "receipt.signed",
        "home": "https://ops.example.com",
    }
    return Message(**{**values, **changes})  # type: ignore[arg-type]
