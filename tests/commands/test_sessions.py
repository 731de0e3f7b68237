"""Signing in by one-time links, and signing out."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import select

from opsknight.crypto import sha256
from opsknight.domain.commands import sessions
from opsknight.domain.model.permission import Role
from opsknight.domain.queries.sessions import Viewer, viewer_of
from opsknight.domain.store.engine import Database
from opsknight.domain.store.tables import FactRow, SessionRow, SignInLinkRow, TeamMemberRow, TeamRow, UserRow
from opsknight.errors import Conflict, Forbidden, NotFound
from tests.clock import StoppedClock
from tests.conftest import Acting


async def a_person(
    acting: Acting, *, email: str = "Ada@Example.com", role: str = "responder", active: bool = True
) -> int:
    async with acting("system:test") as uow:
        user = UserRow(email=email, name="Ada", role=role, active=active, created_at=uow.now)
        team = TeamRow(name=f"Team of {email}", created_at=uow.now)
        uow.session.add_all([user, team])
        await uow.session.flush()
        uow.session.add(TeamMemberRow(team_id=team.id, user_id=user.id))
        return user.id


async def a_link(acting: Acting, user_id: int) -> str:
    async with acting("system:test") as uow:
        return await sessions.make_sign_in_link(uow, user_id=user_id)


async def signed_in(acting: Acting, user_id: int) -> str:
    async with acting("system:test") as uow:
        return await sessions.open_session(uow, user_id, agent="a browser")


async def viewer(database: Database, token: str, clock: StoppedClock) -> Viewer | None:
    async with database.screens() as session:
        return await viewer_of(session, token, now=clock.now())


async def facts(database: Database) -> list[tuple[str, str]]:
    async with database.screens() as session:
        rows = await session.execute(select(FactRow.kind, FactRow.actor).order_by(FactRow.xid, FactRow.seq))
        return [(row.kind, row.actor) for row in rows]


async def test_a_link_signs_its_person_in(acting: Acting, database: Database, clock: StoppedClock):
    ada = await a_person(acting)
    link = await a_link(acting, ada)

    async with acting("anonymous") as uow:
        cookie = await sessions.use_sign_in_link(uow, link, agent="a browser")

    seen = await viewer(database, cookie, clock)
    assert seen is not None
    assert (seen.id, seen.name, seen.role, len(seen.team_ids)) == (ada, "Ada", Role.RESPONDER, 1)
    assert await facts(database) == [("sign-in link made", "system:test"), ("signed in", f"user:{ada}")]


async def test_neither_the_link_nor_the_cookie_is_kept_as_it_is(acting: Acting, database: Database):
    link = await a_link(acting, await a_person(acting))
    async with acting("anonymous") as uow:
        cookie = await sessions.use_sign_in_link(uow, link)

    async with database.screens() as session:
        links = list((await session.execute(select(SignInLinkRow.id))).scalars())
        kept = list((await session.execute(select(SessionRow.id))).scalars())
    assert (links, kept) == ([sha256(link)], [sha256(cookie)])


async def test_a_link_works_once(acting: Acting):
    link = await a_link(acting, await a_person(acting))
    async with acting("anonymous") as uow:
        await sessions.use_sign_in_link(uow, link)

    with pytest.raises(Conflict, match="has been used already; each works once"):
        async with acting("anonymous") as uow:
            await sessions.use_sign_in_link(uow, link)


async def test_of_twenty_who_use_a_link_at_once_one_gets_in(acting: Acting, database: Database):
    link = await a_link(acting, await a_person(acting))

    async def use() -> str:
        async with acting("anonymous") as uow:
            return await sessions.use_sign_in_link(uow, link)

    answers = await asyncio.gather(*(use() for _ in range(20)), return_exceptions=True)

    assert [type(answer) for answer in answers].count(str) == 1
    assert [type(answer) for answer in answers].count(Conflict) == 19
    async with database.screens() as session:
        assert len((await session.execute(select(SessionRow.id))).all()) == 1


async def test_a_link_ends_at_its_time(acting: Acting, clock: StoppedClock):
    link = await a_link(acting, await a_person(acting))

    clock.advance(sessions.LINK_LASTS)

    with pytest.raises(Conflict, match="its time has passed"):
        async with acting("anonymous") as uow:
            await sessions.use_sign_in_link(uow, link)


async def test_an_unknown_link_is_refused_in_words(acting: Acting):
    with pytest.raises(NotFound, match="may have been cut off"):
        async with acting("anonymous") as uow:
            await sessions.use_sign_in_link(uow, "junk")


async def test_a_deactivated_person_gets_no_link_and_keeps_no_session(
    acting: Acting, database: Database, clock: StoppedClock
):
    ada = await a_person(acting)
    link, cookie = await a_link(acting, ada), await signed_in(acting, ada)
    async with acting("system:test") as uow:
        (await uow.session.get_one(UserRow, ada)).active = False

    assert await viewer(database, cookie, clock) is None
    for attempt in (
        lambda uow: sessions.use_sign_in_link(uow, link),
        lambda uow: sessions.make_sign_in_link(uow, user_id=ada),
    ):
        with pytest.raises(Forbidden, match="deactivated"):
            async with acting("anonymous") as uow:
                await attempt(uow)


async def test_an_address_is_found_whatever_its_case(acting: Acting):
    await a_person(acting, email="Ada@Example.com")

    async with acting("anonymous") as uow:
        invitation = await sessions.ask_for_sign_in_link(uow, email=" ADA@example.COM ")

    assert invitation is not None
    assert (invitation.email, invitation.name) == ("Ada@Example.com", "Ada")


async def test_who_is_unknown_or_deactivated_is_sent_nothing(acting: Acting):
    await a_person(acting, email="gone@example.com", active=False)

    async with acting("anonymous") as uow:
        answers = [
            await sessions.ask_for_sign_in_link(uow, email=who) for who in ("gone@example.com", "no@example.com")
        ]

    assert answers == [None, None]


async def test_asking_again_and_again_fills_no_mailbox(acting: Acting, clock: StoppedClock):
    await a_person(acting)

    async def ask() -> bool:
        async with acting("anonymous") as uow:
            return await sessions.ask_for_sign_in_link(uow, email="ada@example.com") is not None

    assert [await ask() for _ in range(5)] == [True, True, True, False, False]
    clock.advance(sessions.LINK_LASTS)
    assert await ask()


async def test_a_link_for_nobody_names_the_address(acting: Acting):
    with pytest.raises(NotFound, match=r"Nobody here has the address no@example\.com"):
        async with acting("system:cli") as uow:
            await sessions.make_sign_in_link(uow, email="no@example.com")


async def test_signing_out_ends_the_session_at_once(acting: Acting, database: Database, clock: StoppedClock):
    ada = await a_person(acting)
    cookie = await signed_in(acting, ada)

    async with acting(f"user:{ada}") as uow:
        ended = await sessions.end_session(uow, sha256(cookie))

    assert ended
    assert await viewer(database, cookie, clock) is None
    assert (await facts(database))[-1] == ("signed out", f"user:{ada}")


async def test_signing_out_twice_writes_one_fact(acting: Acting, database: Database):
    cookie = await signed_in(acting, await a_person(acting))

    for _ in range(2):
        async with acting("anonymous") as uow:
            await sessions.end_session(uow, sha256(cookie))

    assert [kind for kind, _ in await facts(database)].count("signed out") == 1


async def test_an_unused_session_ends_and_one_in_use_goes_on(acting: Acting, database: Database, clock: StoppedClock):
    ada = await a_person(acting)
    unused, used = await signed_in(acting, ada), await signed_in(acting, ada)
    clock.advance(timedelta(days=20))
    async with acting(f"user:{ada}") as uow:
        await sessions.touch(uow, sha256(used))

    clock.advance(timedelta(days=20))

    assert await viewer(database, unused, clock) is None
    assert await viewer(database, used, clock) is not None


@pytest.mark.parametrize(("minutes", "due"), [(0, False), (59, False), (60, True)])
def test_a_session_in_use_is_noted_at_most_once_an_hour(minutes: int, due: bool):  # noqa: FBT001
    clock = StoppedClock()

    assert sessions.touch_due(clock.now(), now=clock.now() + timedelta(minutes=minutes)) is due
