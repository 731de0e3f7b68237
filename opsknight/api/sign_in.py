"""Signing in by a link that comes by mail, and signing out. Plain pages: they must work when nothing else does.

A link is spent by a press of the button, never by opening it: mail scanners open links.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final, TypeAlias
from urllib.parse import quote

import structlog
from fastapi import APIRouter, Request
from markupsafe import Markup
from starlette.background import BackgroundTask
from starlette.responses import RedirectResponse, Response

from opsknight.api import plain
from opsknight.api.auth import forget_session, keep_session, needs, viewer_or_none
from opsknight.crypto import sha256
from opsknight.deps import Deps
from opsknight.domain.commands import sessions
from opsknight.domain.model.permission import Need
from opsknight.domain.model.speech import later, say, speaking
from opsknight.errors import Conflict, Forbidden, NotFound

log = structlog.get_logger(__name__)

Mail: TypeAlias = Callable[[str, str, str], Awaitable[object]]
"""Sends one mail: address, subject, text."""
HOME: Final = "/incidents"
_LONGEST_ADDRESS: Final = 254

_FORM: Final = Markup("""<p>OpsKnight sends you a link that signs you in, once.</p>
<form method="post" action="/sign-in{next}">
<p><label for="email">Your e-mail address</label>
<input id="email" name="email" type="email" autocomplete="email" required autofocus maxlength="254" value="{email}"></p>
{complaint}<p><button type="submit">Send me a link</button></p>
</form>
{note}""")
_NO_MAIL: Final = Markup(
    "<p>This OpsKnight has no mail server yet, so it cannot send links."
    " Whoever runs it can make one on the server: <code>opsknight sign-in-link {email}</code></p>"
)
_SENT: Final = (
    "If {email} belongs to somebody here, a link is on its way. It works once, and for one hour."
    " When nothing comes: look among the unwanted mail, or ask whoever runs OpsKnight whether they know this address."
)
_TEXT: Final = later("""Hello {name},

this link signs you in to OpsKnight, once and within an hour:

{link}

If you did not ask for it, do nothing: without it nobody can sign in as you.
""")


def router(deps: Deps, *, mail: Mail | None) -> APIRouter:
    """Serve /sign-in and /sign-out; `mail` sends links, None where there is no mail server."""
    routes = APIRouter(include_in_schema=False, dependencies=[needs(Need.NOTHING)])

    @routes.get("/sign-in")
    async def ask(request: Request, next: str = "") -> Response:  # noqa: A002  # the name in the address
        if viewer_or_none(request) is not None:
            return RedirectResponse(our_path(next), 303)
        return _form(can_mail=mail is not None, back_to=next)

    @routes.post("/sign-in")
    async def send(request: Request, next: str = "") -> Response:  # noqa: A002
        email = str((await request.form()).get("email", "")).strip()
        if not _plausible(email):
            return _form(can_mail=mail is not None, back_to=next, email=email, complaint=True)
        if mail is None:
            return _form(can_mail=False, back_to=next, email=email)
        answer = plain.page("Look into your mailbox", _SENT.format(email=email))
        # What follows is done after the answer, so that its time does not tell who is known here.
        answer.background = BackgroundTask(_invite, deps, mail, email, our_path(next))
        return answer

    @routes.get("/sign-in/{token}")
    @routes.head("/sign-in/{token}")
    async def offer(token: str, next: str = "") -> Response:  # noqa: A002
        action = f"/sign-in/{quote(token, safe='')}{_query(next)}"
        words = plain.paragraph("Press the button to sign in on this device. The link works once.")
        return plain.page("Sign in to OpsKnight", words + plain.button("Sign in", action=action))

    @routes.post("/sign-in/{token}")
    async def use(token: str, request: Request, next: str = "") -> Response:  # noqa: A002
        agent = request.headers.get("user-agent", "")
        try:
            async with deps.commands("anonymous") as uow:
                cookie = await sessions.use_sign_in_link(uow, token, agent=agent, lasts=deps.settings.session_lasts)
        except (NotFound, Conflict, Forbidden) as refusal:
            body = plain.paragraph(refusal.sentence) + plain.link("Ask for a new link", href=f"/sign-in{_query(next)}")
            return plain.page("This link does not sign you in", body, status=409)
        answer = RedirectResponse(our_path(next), 303, headers={"Cache-Control": "no-store"})
        keep_session(answer, deps.settings, cookie)
        return answer

    @routes.post("/sign-out")
    async def leave(request: Request) -> Response:
        token = request.cookies.get(deps.settings.session_cookie)
        if token:
            viewer = viewer_or_none(request)
            async with deps.commands(viewer.actor if viewer else "anonymous") as uow:
                await sessions.end_session(uow, sha256(token))
        answer = RedirectResponse("/sign-in", 303, headers={"Cache-Control": "no-store"})
        forget_session(answer, deps.settings)
        return answer

    return routes


def our_path(wanted: str) -> str:
    """Return where to go after signing in: `wanted` if it is a path of ours, else the incidents."""
    ours = wanted.startswith("/") and not wanted.startswith(("//", "/\\", "/sign-")) and wanted.isprintable()
    return wanted if ours else HOME


def _form(*, can_mail: bool, back_to: str, email: str = "", complaint: bool = False) -> Response:
    words = plain.paragraph("This is no e-mail address; it looks like ada@example.com.") if complaint else ""
    note = "" if can_mail else _NO_MAIL.format(email=email or "ada@example.com")
    body = _FORM.format(next=_query(back_to), email=email, complaint=words, note=note)
    return plain.page("Sign in to OpsKnight", body, status=422 if complaint else 200)


def _query(back_to: str) -> str:
    path = our_path(back_to)
    return "" if path == HOME else f"?next={quote(path)}"


def _plausible(email: str) -> bool:
    name, at, host = email.rpartition("@")
    return bool(name and at and host) and len(email) <= _LONGEST_ADDRESS and email.isprintable() and " " not in email


async def _invite(deps: Deps, mail: Mail, email: str, back_to: str) -> None:
    """Mail a link to `email` if it belongs to somebody; a failure is only logged, for the asker is gone."""
    try:
        async with deps.commands("anonymous") as uow:
            invitation = await sessions.ask_for_sign_in_link(uow, email=email)
        if invitation is None:
            return
        link = f"{deps.settings.address}/sign-in/{invitation.token}{_query(back_to)}"
        with speaking(invitation.language):
            subject, letter = say("Sign in to OpsKnight"), say(_TEXT, name=invitation.name, link=link)
        await mail(invitation.email, subject, letter)
    except Exception as failure:  # noqa: BLE001  # whatever it is, somebody waits for a mail
        log.error("a sign-in link could not be sent", error=repr(failure))  # noqa: TRY400  # no stack: it holds the link
