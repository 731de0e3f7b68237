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
from opsknight.domain.commands.authority import link_of_page
from opsknight.domain.commands.held import Message
from opsknight.domain.commands.incidents import Done
from opsknight.domain.model.incident import IllegalTransition, Status, owned_by_another
from opsknight.domain.model.ledger import span
from opsknight.domain.model.link import ACKNOWLEDGE, AcknowledgeClaims
from opsknight.domain.model.permission import Need
from opsknight.domain.model.speech import ENGLISH, later, say, speaking
from opsknight.domain.model.timer import TimerKind
from opsknight.domain.queries import board
from opsknight.domain.queries.board import BoardLine
from opsknight.domain.queries.people import active_name, language_of
from opsknight.errors import Forbidden, Invalid, NotFound, Stale

MAIL: Final = later("mail link")
_VIAS: Final = {"push button": later("push button"), "native window": later("native window")}
_HOW: Final = {"high": later("high urgency"), "low": later("low urgency")}
_RESTS: Final = {
    Status.SNOOZED: later("It is snoozed and pages nobody now."),
    Status.SUPPRESSED: later("It is suppressed and pages nobody now."),
    Status.RESOLVED: later("It is resolved and pages nobody now."),
}
Token = Annotated[str, Path(min_length=1, max_length=2048)]
Generation = Annotated[int | None, Query(ge=1, lt=2**31)]


class Pressed(BaseModel):
    """The token of a button in a push notification, or in the native window."""

    token: Annotated[str, Field(min_length=1, max_length=2048)]
    via: Literal["push button", "native window"] = "push button"


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
        with speaking(await _language(deps, token)):
            return await _shown(deps, token)

    @routes.post("/ack/{token}", dependencies=by_link, include_in_schema=False)
    async def act(token: Token, generation: Generation = None) -> Response:
        with speaking(await _language(deps, token)):
            return await _acted(deps, token, generation)

    @routes.post("/api/v1/acknowledge-link", dependencies=by_link, tags=["incidents"])
    async def press(pressed: Pressed) -> Response:
        """Acknowledge for the person a push notification was for. Its signed token is the permission."""
        with speaking(await _language(deps, pressed.token)):
            return await _pressed(deps, pressed)

    return routes


async def _language(deps: Deps, token: str) -> str:
    """Return the language of whom `token` was sent to; English where it is none of ours, or its time has passed."""
    try:
        claims = crypto.verify(deps.installation.secret, token, now=deps.clock.now(), purpose=ACKNOWLEDGE)
    except BadToken:
        return ENGLISH
    async with deps.reading() as session:
        return await language_of(session, int(claims["u"]))


async def _shown(deps: Deps, token: str) -> Response:
    try:
        if drill_links.of(deps, token) is not None:
            return drill_links.offer(token)
        shown = await _read(deps, token)
    except (BadToken, NotFound, Forbidden) as refusal:
        return _useless(refusal)
    return _offer(deps, token, shown)


async def _acted(deps: Deps, token: str, generation: int | None) -> Response:
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


async def _pressed(deps: Deps, pressed: Pressed) -> Response:
    if (drill := drill_links.of(deps, pressed.token)) is not None:
        return plain_json({"sentence": await drill_links.answer(deps, drill, via=_VIAS[pressed.via])})
    shown = await _read(deps, pressed.token)
    try:
        done = await _acknowledge(deps, shown.link, via=_VIAS[pressed.via])
    except (Stale, IllegalTransition) as refusal:
        raise Stale(str(refusal), current=(await _read(deps, pressed.token)).line) from refusal
    after = await _read(deps, pressed.token)
    return plain_json({"sentence": done.sentence, "incident": after.line, "offer": done.offer})


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
            refused = say("This link was for an account that is deactivated; ask an admin to activate it.")
            raise Forbidden(refused) from gone
        return _Shown(link, name, await board.line(session, link.incident_id))


async def _acknowledge(deps: Deps, link: AcknowledgeClaims, *, via: str, generation: int | None = None) -> Done:
    """Acknowledge in the name of the link's person; `generation` is the one they have just been shown."""
    seen = Message(generation or link.generation)

    async def once() -> Done:
        async with deps.commands(f"user:{link.user_id}") as uow:
            permission = await link_of_page(uow, link.incident_id)
            done = await incidents.acknowledge(uow, link.incident_id, message=seen, link=permission, via=via)
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
        body += plain.paragraph(say("It was paged anew since this message was sent."))
        action += f"?generation={line['generation']}"
    if line["status"] not in (Status.RESOLVED, Status.ACKNOWLEDGED):
        body += plain.button(say("Acknowledge"), action=action)
    elif line["assignee_id"] == link.user_id and line["next"] and line["next"]["kind"] == TimerKind.ACK_REMINDER:
        body += plain.button(say("I am still on it"), action=action)
    return plain.page(line["title"], body + _more(line), status=status)


def _acknowledged(done: Done, shown: _Shown) -> Response:
    body = _about(shown.line)
    if owned_by_another(done.incident, by=shown.link.user_id):
        owner = shown.line["assignee"] or say("Somebody")
        taken = say("{owner} has acknowledged it already. To take it over, open it and sign in.", owner=owner)
        body += plain.paragraph(taken)
        return plain.page(shown.line["title"], body + _more(shown.line), status=409)
    if done.incident.status is not Status.ACKNOWLEDGED:  # it waits for others, who must acknowledge too
        return plain.page(shown.line["title"], body + plain.paragraph(done.sentence) + _more(shown.line))
    body += plain.paragraph(done.sentence) + plain.paragraph(say("It is with you, {name}.", name=shown.name))
    return plain.page(say("Acknowledged"), body + _more(shown.line))


def _useless(refusal: BadToken | NotFound | Forbidden) -> Response:
    body = plain.paragraph(str(refusal)) + plain.link(say("To the incidents"), href="/incidents")
    return plain.page(say("This link does not acknowledge anything"), body, status=410)


def _about(line: BoardLine) -> Markup:
    how = f"{say(line['severity'])} · {say(_HOW[line['urgency']])}"
    return plain.paragraph(f"#{line['n']} · {line['service']} · {how}")


def _state(line: BoardLine, name: str, user_id: int, now_s: float) -> str:
    if line["status"] == Status.ACKNOWLEDGED:
        if line["assignee_id"] == user_id:
            return say("It was acknowledged by you, {name}, and pages nobody now.", name=name)
        if line["assignee"]:
            return say("It was acknowledged by {name} and pages nobody now.", name=line["assignee"])
        return say("It was acknowledged by its monitor and pages nobody now.")
    if line["status"] == Status.OPEN:
        return say("Open for {span}, and nobody has it yet.", span=span(max(0.0, now_s - line["created_at"])))
    return say(_RESTS[Status(line["status"])])


def _more(line: BoardLine) -> Markup:
    return plain.link(say("Open the incident"), href=f"/incidents/{line['n']}")
