"""Changing a mail address: one's own, or an admin anybody's. The new one counts once the code sent to it came back."""

from __future__ import annotations

from typing import Annotated, Final
from uuid import UUID

import structlog
from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.responses import Response

from opsknight import crypto
from opsknight.api.again import again
from opsknight.api.auth import SignedIn, needs
from opsknight.api.plain_json import plain_json
from opsknight.api.sign_in import Mail
from opsknight.api.wishes import Clean, Number
from opsknight.deps import Deps
from opsknight.domain.commands import address_changes as commands
from opsknight.domain.model.permission import Need
from opsknight.domain.model.speech import later, say, speaking
from opsknight.domain.queries.sessions import Viewer
from opsknight.errors import Conflict, Invalid

log = structlog.get_logger(__name__)

_NO_MAIL: Final = (
    "This OpsKnight has no mail server, so no mail can prove another address. Whoever runs it can set one:"
    " OPSKNIGHT_SMTP_URL."
)
_CODE: Final = later("""Hello,

this shall be the mail address of {name} at OpsKnight ({address}). The code that proves it, within the hour:

{code}

{by} asked for it. If you do not know of this, do nothing, and give the code to nobody: without it nothing changes.
""")
_TOLD: Final = later("""Hello {name},

your mail address at OpsKnight ({address}) was changed by {by}: it is {email} now, and links to sign in go there.

If that was not you, or not in your name, tell an admin at once.
""")


class Address(BaseModel):
    """The mail address that somebody shall have."""

    email: Annotated[Clean, Field(max_length=1000)]


class Code(BaseModel):
    """What was sent to it."""

    code: Annotated[str, Field(min_length=1, max_length=20)]


def router(deps: Deps, *, mail: Mail | None = None) -> APIRouter:
    """Serve …/address of people and of oneself; `mail` sends codes, None where there is no mail server."""
    routes = APIRouter(prefix="/api/v1", tags=["people"])
    own, let_in = [needs(Need.SIGNED_IN)], [needs(Need.LET_IN)]

    @routes.post("/me/address", status_code=202, dependencies=own)
    async def ask_own(wish: Address, viewer: SignedIn) -> Response:
        """Send a code to the address that one wants to have; until it came back, the old one counts."""
        return await _ask(deps, mail, viewer, viewer.id, wish.email)

    @routes.post("/me/address/confirm", dependencies=own)
    async def confirm_own(wish: Code, viewer: SignedIn) -> Response:
        """Have the new address, by the code that was sent to it. Five wrong ones end a code."""
        return await _confirm(deps, mail, viewer, viewer.id, wish.code)

    @routes.post("/people/{user_id}/address", status_code=202, dependencies=let_in)
    async def ask(user_id: Number, wish: Address, viewer: SignedIn) -> Response:
        """Send a code to the address that somebody shall have; until it came back, the old one counts."""
        return await _ask(deps, mail, viewer, user_id, wish.email)

    @routes.post("/people/{user_id}/address/confirm", dependencies=let_in)
    async def confirm(user_id: Number, wish: Code, viewer: SignedIn) -> Response:
        """Give somebody the new address, by the code that was sent to it. Five wrong ones end a code."""
        return await _confirm(deps, mail, viewer, user_id, wish.code)

    return routes


async def _ask(deps: Deps, mail: Mail | None, viewer: Viewer, user_id: int, email: str) -> Response:
    if mail is None:
        raise Conflict(_NO_MAIL)

    async def attempt() -> commands.Asked:
        async with deps.commands(viewer.actor) as uow:
            return await commands.ask(uow, user_id, email)

    asked = await again(attempt)
    parts = {"address": deps.settings.address, "code": _code(deps, asked.change_id), "by": viewer.name}
    with speaking(asked.language):
        subject, text = say("A code for your new address at OpsKnight"), say(_CODE, name=asked.name, **parts)
    try:
        await mail(asked.email, subject, text)
    except Exception as failure:  # whatever it is, the asker is told
        log.warning("the code for a new address could not be mailed", error=repr(failure))
        words = "nothing has changed. Look at the address, or try again."
        raise Conflict(f"The mail server did not take the mail to {asked.email}: {words}") from failure
    sentence = f"A code is on its way to {asked.email}; type it in within the hour. Until then the old address counts."
    return plain_json({"sentence": sentence}, status=202)


async def _confirm(deps: Deps, mail: Mail | None, viewer: Viewer, user_id: int, code: str) -> Response:
    async def attempt() -> commands.Done:
        async with deps.commands(viewer.actor) as uow:
            return await commands.confirm(uow, user_id, code, code_of=lambda change_id: _code(deps, change_id))

    done = await again(attempt)
    if not done.well:
        raise Invalid(done.sentence)  # after the commit: the wrong code is counted
    if mail is not None:
        await _tell(deps, mail, done)
    return plain_json({"sentence": done.sentence})


async def _tell(deps: Deps, mail: Mail, done: commands.Done) -> None:
    """Tell the old address; a failure is only logged, for it may be why the address was changed."""
    parts = {"address": deps.settings.address, "by": done.by, "email": done.email}
    with speaking(done.language):
        subject, text = say("Your mail address at OpsKnight was changed"), say(_TOLD, name=done.name, **parts)
    try:
        await mail(done.former, subject, text)
    except Exception as failure:  # noqa: BLE001
        log.warning("a former address could not be told that it counts no more", error=repr(failure))


def _code(deps: Deps, change_id: UUID) -> str:
    return crypto.six_digits(deps.installation.secret, f"address:{change_id}")
