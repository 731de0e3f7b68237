"""Buttons pressed in Slack: proven by its signature, carried out as on screen, answered to the presser alone.

Sources: https://docs.slack.dev/authentication/verifying-requests-from-slack/,
https://docs.slack.dev/interactivity/handling-user-interaction (3 s for the answer, response_url),
https://docs.slack.dev/reference/interaction-payloads/block_actions-payload.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qs
from uuid import UUID

import aiohttp
import orjson
import structlog
from fastapi import APIRouter, Request
from slack_sdk.signature import Clock as SlackClock
from slack_sdk.signature import SignatureVerifier
from starlette.responses import Response

from opsknight.api.auth import needs
from opsknight.api.chats.calls import Heeded
from opsknight.api.pressing import Press, press
from opsknight.api.reading import is_list, is_object
from opsknight.api.signed_bodies import body_of
from opsknight.deps import Deps
from opsknight.domain.model.permission import Need
from opsknight.domain.model.speech import later
from opsknight.domain.model.web_address import refusal
from opsknight.errors import SignInRequired
from opsknight.outbound import connector

log = structlog.get_logger(__name__)

VIA: Final = later("Slack button")
ANSWER_WITHIN_S: Final = 2.5
"""Slack shows an error after 3 s; what takes longer goes on, and its outcome is told all the same."""
TELL_WITHIN_S: Final = 10.0
MAX_BODY: Final = 256 * 1024
_PRESSES: Final = {press.value: press for press in Press}


class _Now(SlackClock):
    """Our clock, for Slack's verifier."""

    def __init__(self, deps: Deps) -> None:
        self._clock = deps.clock

    def now(self) -> float:
        return self._clock.now().timestamp()


@dataclass(frozen=True, slots=True)
class Action:
    """A button that somebody pressed, and where they are told what came of it."""

    who: str
    what: Press
    notification_id: UUID
    answer_to: str


def router(deps: Deps) -> APIRouter:
    """Serve /api/v1/slack/interactions, the request URL of the Slack app."""
    routes = APIRouter()
    door = Door(deps)

    @routes.post(
        "/api/v1/slack/interactions",
        dependencies=[needs(Need.ACKNOWLEDGE, by_link=True)],
        include_in_schema=False,
    )
    async def interact(request: Request) -> Response:
        body = await body_of(request, at_most=MAX_BODY)
        if not door.is_genuine(body, request.headers):
            raise SignInRequired("The signature is missing or wrong.")
        action = read(body)
        if action is not None and door.is_new(request.headers["x-slack-signature"]):
            await door.carry_out(action)
        return Response(status_code=200)

    return routes


class Door:
    """What comes in from Slack, for as long as the process lives."""

    def __init__(self, deps: Deps) -> None:
        """Prepare the verifier, where there is a secret to verify with."""
        self._deps = deps
        secret = deps.settings.slack_signing_secret.strip()
        self._verifier = SignatureVerifier(secret, _Now(deps)) if secret else None
        self._heeded = Heeded()
        self._under_way: set[asyncio.Task[None]] = set()

    def is_genuine(self, body: bytes, headers: Mapping[str, str]) -> bool:
        """Say whether Slack itself sent this within the last 5 min."""
        signature, timestamp = headers.get("x-slack-signature", ""), headers.get("x-slack-request-timestamp", "")
        if self._verifier is None or not signature.isascii() or not timestamp.isascii() or not timestamp.isdigit():
            return False
        try:
            return len(timestamp) < 12 and self._verifier.is_valid(body, timestamp, signature)
        except UnicodeDecodeError:
            return False

    def is_new(self, signature: str) -> bool:
        """Say whether a request with this signature comes for the first time, and remember it."""
        if self._heeded.knows(signature):
            return False
        self._heeded.note(signature, now=self._deps.clock.now())
        return True

    async def carry_out(self, action: Action) -> None:
        """Do what was pressed, and tell the presser; return when it is done, or Slack must have its answer.

        Raises what the database said where it was not done: Slack shows an error then.
        """
        doing = asyncio.get_running_loop().create_task(self._do(action))
        self._under_way.add(doing)
        doing.add_done_callback(self._forget)
        await asyncio.wait([doing], timeout=ANSWER_WITHIN_S)
        if doing.done():
            doing.result()

    async def _do(self, action: Action) -> None:
        pressed = await press(
            self._deps,
            channel="slack",
            identity=action.who,
            notification_id=action.notification_id,
            what=action.what,
            via=VIA,
        )
        telling = asyncio.get_running_loop().create_task(self._tell(action.answer_to, pressed.sentence))
        self._under_way.add(telling)
        telling.add_done_callback(self._forget)

    def _forget(self, task: asyncio.Task[None]) -> None:
        self._under_way.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.warning("a Slack button could not be carried out", error=repr(error))

    async def _tell(self, url: str, sentence: str) -> None:
        """Say `sentence` to the presser alone. What cannot be told is on the board all the same."""
        allow_private = self._deps.settings.channels_allow_private
        if refusal(url, allow_private=allow_private) is not None:
            return
        body = orjson.dumps({"response_type": "ephemeral", "replace_original": False, "text": _escaped(sentence)})
        headers = {"Content-Type": "application/json", "User-Agent": "OpsKnight"}
        timeout = aiohttp.ClientTimeout(total=TELL_WITHIN_S)
        try:
            async with (
                aiohttp.ClientSession(connector=connector(allow_private=allow_private), timeout=timeout) as session,
                session.post(url, data=body, headers=headers, allow_redirects=False) as answer,
            ):
                if answer.status >= 400:
                    log.warning("Slack did not take an answer to a button", status=answer.status)
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            log.warning("Slack could not be told what a button did", error=repr(error))


def read(body: bytes) -> Action | None:
    """Return what a request of Slack's says was pressed, None where that is none of ours, or only a link."""
    form = parse_qs(body.decode("utf-8", "replace"))
    try:
        payload: Any = orjson.loads(form.get("payload", [""])[0])
    except orjson.JSONDecodeError:
        return None
    if not is_object(payload) or payload.get("type") != "block_actions":
        return None
    actions, user = payload.get("actions"), payload.get("user")
    first = actions[0] if is_list(actions) and actions else None
    if not is_object(first) or not is_object(user):
        return None
    what = _PRESSES.get(str(first.get("action_id")))
    try:
        notification_id = UUID(str(first.get("value")))
    except ValueError:
        return None
    if what is None:
        return None
    return Action(str(user.get("id")), what, notification_id, str(payload.get("response_url") or ""))


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
