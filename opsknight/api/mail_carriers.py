"""What the carriers of mail tell of the mails that we send: each of their calls is signed, in its carrier's own way."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import orjson
import structlog
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from opsknight.api import sns
from opsknight.api.auth import needs
from opsknight.api.fetching import Fetcher
from opsknight.api.mail_events import Told, is_of_sendgrid, of_resend, of_sendgrid, of_ses
from opsknight.api.mail_outcomes import mail_of, note_mail
from opsknight.api.signatures import is_standard_webhook
from opsknight.api.signed_bodies import body_of
from opsknight.deps import Deps
from opsknight.domain.model.permission import Need
from opsknight.errors import SignInRequired, Unavailable

log = structlog.get_logger(__name__)

READ_AT_MOST: Final = 1024 * 1024
"""SendGrid sends up to 768 KB at once, the others one event."""
_NOT_SIGNED: Final = "This request is not signed as it must be."


def router(deps: Deps) -> APIRouter:
    """Serve /api/v1/mail-carriers; every one of its routes is signed."""
    routes = APIRouter(prefix="/api/v1/mail-carriers", tags=["mail"], include_in_schema=False)
    by_signature = [needs(Need.ACKNOWLEDGE, by_link=True)]

    @routes.post("/ses", status_code=204, dependencies=by_signature)
    async def ses(request: Request) -> Response:
        """Note what Amazon SES tells by a topic of Amazon SNS, whose subscription is confirmed first."""
        said = await _of_topic(deps, request)
        if (url := sns.confirmation(said)) is not None:
            _fetcher(request).confirm(url)
        elif said.get("Type") == "Notification":
            await _noted(deps, "ses", [of_ses(_json(str(said.get("Message", ""))))])
        return Response(status_code=204)

    @routes.post("/sendgrid", status_code=204, dependencies=by_signature)
    async def sendgrid(request: Request) -> Response:
        """Note a batch of events of SendGrid. One that is sent once more changes nothing, however late it comes."""
        its, body = deps.carriers.sendgrid, await body_of(request, at_most=READ_AT_MOST)
        signature = request.headers.get("X-Twilio-Email-Event-Webhook-Signature", "")
        timestamp = request.headers.get("X-Twilio-Email-Event-Webhook-Timestamp", "")
        key = its.webhook_key if its is not None else ""
        if not key or not is_of_sendgrid(key, signature=signature, timestamp=timestamp, body=body):
            raise SignInRequired(_NOT_SIGNED)
        await _noted(deps, "sendgrid", of_sendgrid(_json(body)))
        return Response(status_code=204)

    @routes.post("/resend", status_code=204, dependencies=by_signature)
    async def resend(request: Request) -> Response:
        """Note an event of Resend."""
        its, body = deps.carriers.resend, await body_of(request, at_most=READ_AT_MOST)
        secret = its.webhook_secret if its is not None else ""
        if not secret or not is_standard_webhook(
            message_id=request.headers.get("svix-id", ""),
            timestamp=request.headers.get("svix-timestamp", ""),
            signatures=request.headers.get("svix-signature", ""),
            secret=secret,
            body=body,
            now=deps.clock.now(),
        ):
            raise SignInRequired(_NOT_SIGNED)
        await _noted(deps, "resend", [of_resend(_json(body))])
        return Response(status_code=204)

    return routes


async def _of_topic(deps: Deps, request: Request) -> dict[str, Any]:
    """Return an envelope that Amazon SNS has signed for the topic that is set.

    Raises:
        SignInRequired: it has not.
        Unavailable: nobody can say yet, for the certificate is being fetched; SNS sends it again.
    """
    its, said = deps.carriers.ses, _json(await body_of(request, at_most=READ_AT_MOST))
    message_id, fetcher = request.headers.get("x-amz-sns-message-id", ""), _fetcher(request)
    try:
        topic = its.topic if its is not None else ""
        if topic and sns.is_signed(
            said, topic=topic, message_id=message_id, certificates=fetcher.certificates, now=deps.clock.now()
        ):
            return said
    except sns.Unknown as unknown:
        fetcher.want(unknown.url)
        raise Unavailable("The certificate of the signature is being fetched. Send it again.") from None
    raise SignInRequired(_NOT_SIGNED)


async def _noted(deps: Deps, carrier: str, told: Iterable[Told | None]) -> None:
    """Write down what is told of mails of ours.

    Raises:
        Unavailable: of one that is still being handed over, or may be; the carrier sends it again.
    """
    is_early = False
    for one in told:
        if one is None:
            continue
        found, may_be_ours = one.notification_id, False
        if found is None and one.name:
            found, may_be_ours = await mail_of(deps, carrier, one.name)
        if found is None:
            is_early = is_early or may_be_ours
            continue
        log.info("a carrier tells of a mail", carrier=carrier, notification=str(found), became=one.report.became)
        is_early = not await note_mail(deps, found, one.report, carrier=carrier, name=one.name) or is_early
    if is_early:
        raise Unavailable("A mail is still being handed over. Send it again.")


def _fetcher(request: Request) -> Fetcher:
    found = getattr(request.app.state, "fetcher", None)
    if not isinstance(found, Fetcher):
        raise Unavailable("OpsKnight is still starting. Send it again.")
    return found


def _json(body: bytes | str) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
