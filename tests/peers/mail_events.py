"""What SES, SendGrid and Resend tell of a mail, signed as each does; the vendors' own validators agree."""

from __future__ import annotations

import base64
from datetime import datetime
from typing import Any, Final

import orjson
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sendgrid.helpers.eventwebhook import EventWebhook
from standardwebhooks import Webhook

RESEND_SECRET: Final = "whsec_" + base64.b64encode(b"a secret of twenty-four").decode()


class SendGrid:
    """Signs batches of events with a key of its own."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        public = self._key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        self.webhook_key = base64.b64encode(public).decode()

    def post(self, *events: dict[str, Any], at: datetime) -> tuple[bytes, dict[str, str]]:
        """Return the body and the headers of one batch."""
        body, timestamp = orjson.dumps(events), str(int(at.timestamp()))
        signature = base64.b64encode(self._key.sign(timestamp.encode() + body, ec.ECDSA(hashes.SHA256()))).decode()
        assert EventWebhook(self.webhook_key).verify_signature(body.decode(), signature, timestamp)
        return body, {
            "X-Twilio-Email-Event-Webhook-Signature": signature,
            "X-Twilio-Email-Event-Webhook-Timestamp": timestamp,
            "Content-Type": "application/json",
        }


def resend_post(event: dict[str, Any], *, at: datetime, secret: str = RESEND_SECRET) -> tuple[bytes, dict[str, str]]:
    """Return the body and the headers of one event of Resend, which signs as Svix does."""
    body = orjson.dumps(event)
    signature = Webhook(secret).sign("msg_1", at, body.decode())
    headers = {"svix-id": "msg_1", "svix-timestamp": str(int(at.timestamp())), "svix-signature": signature}
    return body, headers


def of_sendgrid(event: str, message: object, **more: Any) -> dict[str, Any]:
    """Return an event of SendGrid about a mail to Ada."""
    return {
        "email": "ada@example.com", "event": event, "timestamp": 1764400000, "opsknight_message": str(message),
        "sg_event_id": "bm9wZQ", "sg_message_id": "xu3Vk1rNRsC6sX0Lr2t6pA.recvd-canary-1", **more,
    }  # fmt: skip


def of_resend(kind: str, name: str, **more: Any) -> dict[str, Any]:
    """Return an event of Resend about the mail that it calls `name`."""
    data = {"email_id": name, "from": "pager@example.org", "to": ["ada@example.com"], "subject": "x", **more}
    return {"type": kind, "created_at": "2026-11-24T12:00:00.000Z", "data": data}


def of_ses(kind: str, name: str, **more: Any) -> str:
    """Return an event of SES about the mail that it calls `name`, as it stands in a notification."""
    mail = {"timestamp": "2026-11-24T12:00:00.000Z", "messageId": name, "destination": ["ada@example.com"]}
    return orjson.dumps({"eventType": kind, "mail": mail, **more}).decode()
