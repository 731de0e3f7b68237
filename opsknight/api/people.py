"""People: everybody for choosing somebody, one in full, and how admins arrange them.

Every answer to a command carries the person as they are then, and a sentence for a person.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Final, TypeAlias

import structlog
from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.responses import Response

from opsknight.api.again import again
from opsknight.api.auth import SignedIn, needs
from opsknight.api.plain_json import plain_json
from opsknight.api.sign_in import Mail
from opsknight.api.wishes import Clean, Id, Number
from opsknight.deps import Deps
from opsknight.domain.commands import people as commands
from opsknight.domain.commands.people import Done, Invited, Wish
from opsknight.domain.model.permission import Need, Role, permits
from opsknight.domain.queries import roster
from opsknight.domain.queries.people import people
from opsknight.domain.queries.roster import PersonDetail
from opsknight.domain.queries.sessions import Viewer

log = structlog.get_logger(__name__)

Command: TypeAlias = Callable[[Any], Awaitable[Done]]
Inviting: TypeAlias = Callable[[Any, bool], Awaitable[Invited]]
"""Makes an invitation in a unit of work; the flag says that its link is mailed and shown to nobody."""

_SUBJECT: Final = "Your way into OpsKnight"
_TEXT: Final = """Hello {name},

{by} invites you to OpsKnight, which pages whoever is on call. This link signs you in, once and within three days:

{link}

Afterwards you get new links at {address}/sign-in, by this mail address.
"""
Name: TypeAlias = Annotated[Clean, Field(max_length=1000)]
Zone: TypeAlias = Annotated[Clean, Field(max_length=64, description="a time zone, as Europe/Berlin")]


class Profile(BaseModel):
    """What everybody says of themselves."""

    name: Name
    zone: Zone


class OwnProfile(Profile):
    """What somebody says of themselves; a language that is not said stays as it is."""

    language: Annotated[Clean, Field(max_length=35, description="a language, as en")] | None = None


class Person(Profile):
    """What an admin says of somebody."""

    role: Role

    @property
    def wish(self) -> Wish:
        """What is said, as the command takes it."""
        return Wish(self.name, self.role, self.zone)


class Invitation(BaseModel):
    """Somebody new, and the team they belong to at first."""

    email: Annotated[Clean, Field(max_length=1000)]
    name: Name
    role: Role = Role.RESPONDER
    zone: Zone = "UTC"
    team_id: Id | None = None


def router(deps: Deps, *, mail: Mail | None = None) -> APIRouter:
    """Serve /api/v1/people and /api/v1/me/profile; `mail` sends invitations, None where there is no mail server."""
    routes = APIRouter(prefix="/api/v1", tags=["people"])
    _add_reading(routes, deps)
    _add_inviting(routes, deps, mail)
    _add_changing(routes, deps)
    return routes


def _add_reading(routes: APIRouter, deps: Deps) -> None:
    see = [needs(Need.SEE)]

    @routes.get("/people", dependencies=see)
    async def read() -> Response:
        """Return everybody by name, and whether a page reaches them."""
        async with deps.reading() as session:
            return plain_json(await people(session, at=deps.clock.now(), unset=deps.unset))

    @routes.get("/people/{user_id}", dependencies=see)
    async def read_one(user_id: Number, viewer: SignedIn) -> Response:
        """Return one person: teams, reachability, shifts to come, open incidents; whole addresses to admins only."""
        async with deps.reading() as session:
            return plain_json({"person": await _person(deps, session, user_id, viewer)})


def _add_inviting(routes: APIRouter, deps: Deps, mail: Mail | None) -> None:
    let_in = [needs(Need.LET_IN)]

    @routes.post("/people", status_code=201, dependencies=let_in)
    async def invite(wish: Invitation, viewer: SignedIn) -> Response:
        """Invite somebody by a link that signs them in once: mailed, or in `link` where no mail goes out."""
        who = Wish(wish.name, wish.role, wish.zone)

        def command(uow: Any, mailed: bool) -> Awaitable[Invited]:  # noqa: FBT001  # an Inviting
            return commands.invite(uow, wish.email, who, team_id=wish.team_id, mailed=mailed)

        return await _let_in(deps, mail, viewer, command, status=201)

    @routes.post("/people/{user_id}/sign-in-link", status_code=201, dependencies=let_in)
    async def invite_again(user_id: Number, viewer: SignedIn) -> Response:
        """Make somebody one more link that signs them in once; mailed, or in `link` where no mail goes out."""

        def command(uow: Any, mailed: bool) -> Awaitable[Invited]:  # noqa: FBT001  # an Inviting
            return commands.invite_again(uow, user_id, mailed=mailed)

        return await _let_in(deps, mail, viewer, command, status=201)


def _add_changing(routes: APIRouter, deps: Deps) -> None:
    administer = [needs(Need.ADMINISTER)]

    @routes.put("/people/{user_id}", dependencies=administer)
    async def change(user_id: Number, wish: Person, viewer: SignedIn) -> Response:
        """Give a person another name, zone or role; the last active admin stays one."""
        return await _carry_out(deps, viewer, lambda uow: commands.change(uow, user_id, wish.wish))

    @routes.post("/people/{user_id}/deactivate", dependencies=administer)
    async def deactivate(user_id: Number, viewer: SignedIn) -> Response:
        """Sign a person out everywhere at once, and page them no more."""
        return await _carry_out(deps, viewer, lambda uow: commands.deactivate(uow, user_id))

    @routes.post("/people/{user_id}/reactivate", dependencies=[needs(Need.LET_IN)])
    async def reactivate(user_id: Number, viewer: SignedIn) -> Response:
        """Let a person sign in and be paged again."""
        return await _carry_out(deps, viewer, lambda uow: commands.reactivate(uow, user_id))

    @routes.put("/me/profile", dependencies=[needs(Need.SIGNED_IN)])
    async def change_own(wish: OwnProfile, viewer: SignedIn) -> Response:
        """Change one's own name, time zone and language."""
        own = {"name": wish.name, "zone": wish.zone, "language": wish.language}
        return await _carry_out(deps, viewer, lambda uow: commands.change_own(uow, **own))


async def _carry_out(deps: Deps, viewer: Viewer, command: Command) -> Response:
    """Do `command` in one unit of work, again where the database asks for it; answer with who it is then."""

    async def attempt() -> Response:
        async with deps.commands(viewer.actor) as uow:
            done = await command(uow)
            await uow.session.flush()
            line = await _person(deps, uow.session, done.id, viewer)
        return plain_json({"person": line, "sentence": done.sentence})

    return await again(attempt)


async def _let_in(deps: Deps, mail: Mail | None, viewer: Viewer, command: Inviting, *, status: int) -> Response:
    """Make an invitation and mail its link; where that cannot be, answer with a link to hand over by other ways."""

    async def attempt(*, mailed: bool) -> tuple[Invited, PersonDetail]:
        async with deps.commands(viewer.actor) as uow:
            invited = await command(uow, mailed)
            await uow.session.flush()
            return invited, await _person(deps, uow.session, invited.id, viewer)

    invited, line = await again(lambda: attempt(mailed=mail is not None))
    link: str | None = _link(deps, invited.token)
    sentence = f"{invited.sentence} Hand them the link; it works once, and is not shown again."
    if mail is not None and link is not None:
        if await _mailed(mail, invited, by=viewer.name, link=link, address=deps.settings.address):
            link, sentence = None, f"{invited.sentence} The link is on its way to {invited.email}."
        else:
            link, sentence = await _by_hand(deps, viewer, invited)
    return plain_json({"person": line, "sentence": sentence, "link": link}, status=status)


async def _by_hand(deps: Deps, viewer: Viewer, invited: Invited) -> tuple[str, str]:
    """Return another link, which proves no address, and what to do with it: the mail server took no mail."""

    async def attempt() -> Invited:
        async with deps.commands(viewer.actor) as uow:
            return await commands.invite_again(uow, invited.id, mailed=False)

    another = await again(attempt)
    said = f"{invited.sentence} The mail server did not take the mail, so hand them this link; it works once."
    return _link(deps, another.token), said


async def _mailed(mail: Mail, invited: Invited, *, by: str, link: str, address: str) -> bool:
    """Mail the link; return whether the mail server took it."""
    try:
        await mail(invited.email, _SUBJECT, _TEXT.format(name=invited.name, by=by, link=link, address=address))
    except Exception as failure:  # noqa: BLE001  # whatever it is, the link is handed over by other ways
        log.warning("an invitation could not be mailed", error=repr(failure))
        return False
    return True


async def _person(deps: Deps, session: Any, user_id: int, viewer: Viewer) -> PersonDetail:
    readable = user_id == viewer.id or permits(viewer.person, Need.ADMINISTER).permitted
    return await roster.person(session, user_id, at=deps.clock.now(), unset=deps.unset, addresses=readable)


def _link(deps: Deps, token: str) -> str:
    return f"{deps.settings.address}/sign-in/{token}"
