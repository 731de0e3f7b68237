"""Links and push buttons of a drill's messages: they look and work as those of a real page."""

from __future__ import annotations

from urllib.parse import quote

from starlette.responses import Response

from opsknight import crypto
from opsknight.api import plain
from opsknight.api.again import again
from opsknight.deps import Deps
from opsknight.domain.commands import drills, receipts
from opsknight.domain.model.drill import MARK, SENTENCES
from opsknight.domain.model.link import ACKNOWLEDGE, DrillClaims
from opsknight.domain.model.speech import say
from opsknight.domain.queries.people import active_name
from opsknight.errors import Forbidden, Invalid, NotFound


def of(deps: Deps, token: str) -> DrillClaims | None:
    """Return what `token` says where it is about a drill, else None.

    Raises:
        BadToken: it is not ours, or its time has passed.
    """
    claims = crypto.verify(deps.installation.secret, token, now=deps.clock.now(), purpose=ACKNOWLEDGE)
    return DrillClaims.of(claims)


def offer(token: str) -> Response:
    """Return the page with the button: mail scanners open links, so only the button acts."""
    body = plain.paragraph(say("Nothing is wrong. Press the button to show that a page reaches you."))
    body += plain.button(say("Acknowledge"), action=f"/ack/{quote(token, safe='')}")
    return plain.page(say(MARK), body)


async def acknowledged(deps: Deps, link: DrillClaims, *, via: str) -> Response:
    """Acknowledge, and return the page that says so.

    Raises:
        NotFound, Forbidden: as in `answer`.
    """
    sentence = await answer(deps, link, via=via)
    return plain.page(say("Drill"), plain.paragraph(sentence) + plain.link(say("To your contact methods"), href="/me"))


async def answer(deps: Deps, link: DrillClaims, *, via: str) -> str:
    """Let a drill count as acknowledged by the person whose message it was; return what they are told.

    Raises:
        NotFound: the drill is gone.
        Forbidden: the person is not active any more.
    """

    async def once() -> str:
        async with deps.commands(f"user:{link.user_id}") as uow:
            try:
                await active_name(uow.session, link.user_id)
            except Invalid as gone:
                raise Forbidden(say("This link was for an account that is deactivated.")) from gone
            await receipts.seen(uow, link.notification_id)
            came = await drills.acknowledge(uow, link.notification_id, link.user_id, via=via)
            if came is None:
                raise NotFound(say("This drill is not known any more. Nothing is wrong."))
            return say(SENTENCES[came])

    return await again(once)
