"""What Twilio tells: what became of texts and calls, which key was pressed, and what people answer.

Every request is signed with the account's auth token; Twilio's own validator looks at it before anything is read.
Behind a proxy the address that was signed is the one people use. Sources:
https://www.twilio.com/docs/usage/security, …/docs/messaging/api/message-resource (statuses),
…/docs/voice/api/call-resource (statuses), …/docs/voice/answering-machine-detection, …/docs/voice/twiml/gather,
…/docs/messaging/guides/webhook-request (what comes in, also by WhatsApp's buttons).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Annotated, Final
from urllib.parse import parse_qsl
from uuid import UUID
from xml.sax.saxutils import escape, quoteattr

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response
from twilio.request_validator import RequestValidator

from opsknight.api import early
from opsknight.api.again import again
from opsknight.api.answering import Heard, answer
from opsknight.api.auth import needs
from opsknight.api.pressing import Press, acknowledge_together, press_for
from opsknight.api.signed_bodies import body_of
from opsknight.deps import Deps
from opsknight.domain.commands import receipts, replies
from opsknight.domain.model.permission import Need
from opsknight.domain.model.speech import later, say, speaking
from opsknight.domain.model.stopped import STOPPED
from opsknight.domain.queries.presses import together
from opsknight.domain.queries.replies import language_of
from opsknight.errors import SignInRequired
from opsknight.phone import sender

READ_AT_MOST: Final = 64 * 1024
CARRIER: Final = "twilio"
KEYPAD: Final = later("phone keypad")
_KEYS: Final = {"4": Press.ACKNOWLEDGE, "6": Press.RESOLVE, "9": Press.ESCALATE}
_WRONG: Final = later("That key does nothing. Press 4 to acknowledge, 6 to resolve, 9 to escalate.")
_WRONG_OF_SEVERAL: Final = later("That key does nothing. Press 4 to acknowledge all of them.")
_LOST: Final = {
    "undelivered": "it was not delivered",
    "failed": "it could not be sent",
    "canceled": "it was cancelled",
    "busy": "the line was busy",
    "no-answer": "nobody answered the call",
}
_BY_STOP: Final = "21610"
_GONE: Final = frozenset({"30006", _BY_STOP, "63024"})
"""A landline that takes no texts, a STOP, no account of WhatsApp. Source: https://www.twilio.com/docs/api/errors."""
_MEANS: Final = {
    "63016": "WhatsApp takes plain text only within 24 h of a person's own message; set a template",
}
Form = Mapping[str, str]
Noting = Callable[..., Awaitable[bool]]
Which = Annotated[UUID | None, Query()]


def router(deps: Deps) -> APIRouter:
    """Serve /api/v1/twilio; every one of its routes is signed."""
    routes = APIRouter(prefix="/api/v1/twilio", tags=["phones"], include_in_schema=False)
    by_signature = [needs(Need.ACKNOWLEDGE, by_link=True)]

    @routes.post("/status", status_code=204, dependencies=by_signature)
    async def status(request: Request, notification: Which = None) -> Response:
        """Note what became of a text or a call; in any order, and as often as it is told."""
        form = await _signed(deps, request)
        found = notification or await _named(deps, form.get("MessageSid") or form.get("CallSid") or "")
        if found is not None:
            await _noted(deps, found, form)
        return Response(status_code=204)

    @routes.post("/keys", dependencies=by_signature)
    async def keys(request: Request, notification: UUID) -> Response:
        """Do what the key says, and say what came of it."""
        form = await _signed(deps, request)
        return await _pressed(deps, form, notification)

    @routes.post("/messages", dependencies=by_signature)
    async def messages(request: Request) -> Response:
        """Act on an answer; what is said to it goes by a message of its own."""
        form = await _signed(deps, request)
        origin, button = form.get("From", ""), form.get("ButtonPayload", "")
        heard = Heard(
            CARRIER,
            form.get("MessageSid", "")[:100],
            "whatsapp" if origin.startswith("whatsapp:") else "sms",
            sender(origin),
            button or form.get("Body", ""),
            await _named(deps, form.get("OriginalRepliedMessageSid", "")) if button else None,
        )
        if heard.provider_id and heard.number:
            await answer(deps, heard)
        return _twiml("")

    return routes


async def _signed(deps: Deps, request: Request) -> Form:
    """Return the form of a request that Twilio has signed.

    Raises:
        SignInRequired: it has not, or no account is set.
    """
    its = deps.carriers.twilio
    body = await body_of(request, at_most=READ_AT_MOST)
    form = dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
    query = f"?{request.url.query}" if request.url.query else ""
    url = f"{deps.settings.address}{request.url.path}{query}"
    signature = request.headers.get("X-Twilio-Signature", "")
    if its is None or not its.auth_token or not RequestValidator(its.auth_token).validate(url, form, signature):
        raise SignInRequired("This request is not signed as it must be.")
    return form


async def _named(deps: Deps, sid: str) -> UUID | None:
    async with deps.commands("system:receipt") as uow:
        return await receipts.of_provider(uow, CARRIER, sid)


async def _noted(deps: Deps, notification_id: UUID, form: Form) -> None:
    """Write a receipt down. Where the answer to our own request is still on its way, its outcome is waited for."""
    said, by = form.get("MessageStatus") or form.get("CallStatus") or "", form.get("AnsweredBy", "")
    of = {"carrier": CARRIER, "provider_id": (form.get("MessageSid") or form.get("CallSid") or "")[:100]}
    if by.startswith("machine") or by == "fax":
        machine = partial(receipts.answered_by_machine, detail="a machine answered the call", **of)
        await _lost(deps, notification_id, machine)
    elif said in _LOST:
        code = form.get("ErrorCode", "")
        undelivered = partial(receipts.undelivered, detail=_why(said, code), gone=code in _GONE, **of)
        await _lost(deps, notification_id, undelivered)
    elif said == "read":
        await again(lambda: _receipt(deps, notification_id, receipts.seen))
    elif said == "delivered" or by in ("human", "unknown"):
        await again(lambda: _receipt(deps, notification_id, receipts.delivered))
    elif said == "completed":
        await again(lambda: _receipt(deps, notification_id, receipts.completed))


def _why(said: str, code: str) -> str:
    """Return why a message is lost; of a STOP in the words that its START takes back."""
    if code == _BY_STOP:
        return STOPPED
    meaning = f": {_MEANS[code]}" if code in _MEANS else ""
    return f"Twilio said {said}: {_LOST[said]}" + (f" (error {code}{meaning})" if code else "")


async def _receipt(deps: Deps, notification_id: UUID, note: Noting) -> bool:
    async with deps.commands("system:receipt") as uow:
        return await note(uow, notification_id)


async def _lost(deps: Deps, notification_id: UUID, note: Noting) -> None:
    await early.noted(deps, notification_id, lambda: _receipt(deps, notification_id, note))


async def _pressed(deps: Deps, form: Form, notification_id: UUID) -> Response:
    its = deps.carriers.twilio
    language = its.language if its is not None else "en-US"
    what = _KEYS.get(form.get("Digits", ""))
    async with deps.reading() as session:
        told_of = await together(session, notification_id)
        read_in = await language_of(session, notification_id)
    of_several = len(told_of) > 1
    if what is None or (of_several and what is not Press.ACKNOWLEDGE):
        with speaking(read_in):
            return _twiml(_asked_again(notification_id, language, of_several=of_several))
    name = replies.Name(CARRIER, f"{form.get('CallSid', '')[:80]}:{what}", form.get("To", "")[:40])

    async def begun() -> str | None:
        async with deps.commands("system:answer") as uow:
            return await replies.begin(uow, name)

    told = await again(begun)  # a key that is told again is not pressed again
    if told is None:
        pressed = {"notification_id": notification_id, "via": KEYPAD}
        if of_several:
            told = await acknowledge_together(deps, told_of, **pressed)
        else:
            told = (await press_for(deps, None, what=what, **pressed)).sentence

        async def ended() -> None:
            async with deps.commands("system:answer") as uow:
                await replies.end(
                    uow,
                    name,
                    channel="voice",
                    user_id=0,
                    sentence=told or "",
                    understood=True,
                    by_message=False,
                )

        await again(ended)
    return _twiml(f"{_say(told, language)}<Hangup/>")


def _asked_again(notification_id: UUID, language: str, *, of_several: bool) -> str:
    action = quoteattr(f"/api/v1/twilio/keys?notification={notification_id}")
    menu = _say(say(_WRONG_OF_SEVERAL if of_several else _WRONG), language)
    return f'<Gather numDigits="1" timeout="6" action={action} method="POST">{menu}</Gather>'


def _say(sentence: str, language: str) -> str:
    return f"<Say language={quoteattr(language)}>{escape(sentence)}</Say>"


def _twiml(inner: str) -> Response:
    return Response(f"<Response>{inner}</Response>", media_type="application/xml")
