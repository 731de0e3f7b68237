"""Acknowledging from a mail and from a push notification, without signing in.

The signed link names person, incident and generation. Opening it shows the incident and a button,
for mail scanners open links; only the button acts. A link of an older generation shows how things
stand, and acts when the button is pressed after that.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Annotated, Final, Literal
from urllib.parse import quote

from fastapi import APIRouter, Path, Query
from markupsafe import Markup
from pydantic import BaseModel, Field
from starlette.responses import Response

from opsknight import crypto
from opsknight.api import drill_links, plain
from opsknight.api.auth import needs
from opsknight.api.carrying_out import PAUSES_S
from opsknight.api.plain_json import plain_json
from opsknight.crypto import BadToken
from opsknight.deps import Deps, retryable
from opsknight.domain.commands import incidents, receipts
from opsknight.domain.commands.incidents import Done, Offer
from opsknight.domain.model.incident import IllegalTransition, Status
from opsknight.domain.model.ledger import span
from opsknight.domain.model.link import ACKNOWLEDGE, AcknowledgeClaims
from opsknight.domain.model.permission import AcknowledgeLink, Need
from opsknight.domain.model.timer import TimerKind
from opsknight.domain.queries import board
from opsknight.domain.queries.board import BoardLine
from opsknight.domain.queries.people import active_name
from opsknight.errors import Forbidden, Invalid, NotFound, Stale

MAIL: Final = "mail link"
BUTTON: Final = "push button"
Token = Annotated[str, Path(min_length=1, max_length=2048)]
Generation = Annotated[int | None, Query(ge=1, lt=2**31)]


class Pressed(BaseModel):
    """The token of a button in a push notification, or in the native window."""

    token: Annotated[str, Field(min_length=1, max_length=2048)]
    via: Literal["push button", "native window"] = BUTTON


@dataclass(frozen=True, slots=True)
class _Shown:
    """What a link is about: its claims, the person's name, the incident as it is."""

    link: AcknowledgeClaims
    name: str
    line: BoardLine


def router(deps: Deps) -> APIRouter:
    """Serve /ack/{token} and /api/v1/acknowledge-link."""
    routes = APIRouter()
    by_link = [needs(Need.ACKNOWLEDGE, by_link=True)]

    @routes.get("/ack/{token}", dependencies=by_link, include_in_schema=False)
    @routes.head("/ack/{token}", dependencies=by_link, include_in_schema=False)
    async def show(token: Token) -> Response:
        try:
            if drill_links.of(deps, token) is not None:
                return drill_links.offer(token)
            shown = await _read(deps, token)
        except (BadToken, NotFound, Forbidden) as refusal:
            return _useless(refusal)
        return _offer(deps, token, shown)

    @routes.post("/ack/{token}", dependencies=by_link, include_in_schema=False)
    async def act(token: Token, generation: Generation = None) -> Response:
        try:
            if (drill := drill_links.of(deps, token)) is not None:
                return await drill_links.acknowledged(deps, drill, via=MAIL)
            shown = await _read(deps, token)
            done = await _acknowledge(deps, shown.link, via=MAIL, generation=generation)
        except (BadToken, NotFound, Forbidden) as refusal:
            return _useless(refusal)
        except (Stale, IllegalTransition):
            return _offer(deps, token, await _read(deps, token), status=409)
        return _acknowledged(done, await _read(deps, token))

    @routes.post("/api/v1/acknowledge-link", dependencies=by_link, tags=["incidents"])
    async def press(pressed: Pressed) -> Response:
        """Acknowledge for the person a push notification was for. Its signed token is the permission."""
        if (drill := drill_links.of(deps, pressed.token)) is not None:
            return plain_json({"sentence": await drill_links.answer(deps, drill, via=pressed.via)})
        shown = await _read(deps, pressed.token)
        try:
            done = await _acknowledge(deps, shown.link, via=pressed.via)
        except (Stale, IllegalTransition) as refusal:
            raise Stale(str(refusal), current=(await _read(deps, pressed.token)).line) from refusal
        after = await _read(deps, pressed.token)
        return plain_json({"sentence": done.sentence, "incident": after.line, "offer": done.offer})

    return routes


async def _read(deps: Deps, token: str) -> _Shown:
    """Return what `token` is about.

    Raises:
        BadToken: it is not ours, or its time has passed.
        NotFound: the incident is gone.
        Forbidden: the person it was sent to is not active any more.
    """
    claims = crypto.verify(deps.installation.secret, token, now=deps.clock.now(), purpose=ACKNOWLEDGE)
    link = AcknowledgeClaims.from_json(claims)
    async with deps.reading() as session:
        try:
            name = await active_name(session, link.user_id)
        except Invalid as gone:
            raise Forbidden("This link was for an account that is deactivated; ask an admin to activate it.") from gone
        return _Shown(link, name, await board.line(session, link.incident_id))


async def _acknowledge(deps: Deps, link: AcknowledgeClaims, *, via: str, generation: int | None = None) -> Done:
    """Acknowledge in the name of the link's person; `generation` is the one they have just been shown."""
    permission = AcknowledgeLink(link.incident_id, link.user_id, link.generation)
    seen = generation or link.generation

    async def once() -> Done:
        async with deps.commands(f"user:{link.user_id}") as uow:
            done = await incidents.acknowledge(uow, link.incident_id, seen_generation=seen, link=permission, via=via)
            await receipts.seen(uow, link.notification_id)
        return done

    for pause_s in PAUSES_S:
        try:
            return await once()
        except Exception as error:
            if not retryable(error):
                raise
        await asyncio.sleep(pause_s)
    return await once()


def _offer(deps: Deps, token: str, shown: _Shown, *, status: int = 200) -> Response:
    """Return the incident as it is, with the button where there is something to acknowledge."""
    line, link = shown.line, shown.link
    body = _about(line) + plain.paragraph(_state(line, shown.name, link.user_id, deps.clock.now().timestamp()))
    action = f"/ack/{quote(token, safe='')}"
    if link.generation != line["generation"] and line["status"] != Status.RESOLVED:
        body += plain.paragraph("It was paged anew since this message was sent.")
        action += f"?generation={line['generation']}"
    if line["status"] not in (Status.RESOLVED, Status.ACKNOWLEDGED):
        body += plain.button("Acknowledge", action=action)
    elif line["assignee_id"] == link.user_id and line["next"] and line["next"]["kind"] == TimerKind.ACK_REMINDER:
        body += plain.button("I am still on it", action=action)
    return plain.page(line["title"], body + _more(line), status=status)


def _acknowledged(done: Done, shown: _Shown) -> Response:
    body = _about(shown.line)
    if done.offer is Offer.TAKE_OVER:
        owner = shown.line["assignee"] or "Somebody"
        body += plain.paragraph(f"{owner} has acknowledged it already. To take it over, open it and sign in.")
        return plain.page(shown.line["title"], body + _more(shown.line), status=409)
    body += plain.paragraph(done.sentence) + plain.paragraph(f"It is with you, {shown.name}.")
    return plain.page("Acknowledged", body + _more(shown.line))


def _useless(refusal: BadToken | NotFound | Forbidden) -> Response:
    body = plain.paragraph(str(refusal)) + plain.link("To the incidents", href="/incidents")
    return plain.page("This link does not acknowledge anything", body, status=410)


def _about(line: BoardLine) -> Markup:
    return plain.paragraph(f"#{line['n']} · {line['service']} · {line['severity']} · {line['urgency']} urgency")


def _state(line: BoardLine, name: str, user_id: int, now_s: float) -> str:
    if line["status"] == Status.ACKNOWLEDGED:
        owner = f"you, {name}," if line["assignee_id"] == user_id else line["assignee"]
        return f"It was acknowledged by {owner or 'its monitor'} and pages nobody now.".replace(",,", ",")
    if line["status"] == Status.OPEN:
        return f"Open for {span(max(0.0, now_s - line['created_at']))}, and nobody has it yet."
    return f"It is {line['status']} and pages nobody now."


def _more(line: BoardLine) -> Markup:
    return plain.link("Open the incident", href=f"/incidents/{line['n']}")
