"""Another mail address: it counts once the code that was sent to it came back, and nothing of the old one is left."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy.exc import IntegrityError

from opsknight.domain.commands import address_changes, people, sessions
from opsknight.domain.commands.address_changes import CODE_LIVES, CODES_AN_HOUR, Done
from opsknight.domain.commands.own_methods import TRIES
from opsknight.domain.store.engine import Database
from opsknight.domain.store.tables import UserRow
from opsknight.errors import Conflict, Forbidden, Invalid
from tests.builders import a_contact_method, a_user
from tests.clock import StoppedClock
from tests.commands.desk import Desk
from tests.conftest import Acting

OLD, NEW = "ada@old.example", "ada@new.example"
METHODS = (
    "SELECT address, verified_at IS NOT NULL, disabled_at IS NULL FROM contact_methods WHERE user_id = :id ORDER BY id"
)


def code_of(change_id: UUID) -> str:
    return str(change_id.int)[-6:]


@pytest.fixture
async def ada(database: Database) -> UserRow:
    return await a_user(database, "Ada", email=OLD)


@pytest.fixture
async def office(database: Database, acting: Acting, clock: StoppedClock) -> Desk:
    """The desk of Sam, an admin."""
    return Desk(database, acting, clock, await a_user(database, "Sam", role="admin"))


async def changed(office: Desk, ada: UserRow, email: str = NEW, *, by: UserRow | None = None) -> Done:
    """Ask for an address and type its code in, as Ada unless said otherwise."""
    asked = await office.as_(by or ada, address_changes.ask, ada.id, email)
    return await office.as_(by or ada, address_changes.confirm, ada.id, code_of(asked.change_id), code_of=code_of)


async def address(office: Desk, user: UserRow) -> str:
    return (await office.rows("SELECT email FROM users WHERE id = :id", id=user.id))[0][0]


async def test_until_the_code_came_back_everything_stays_with_the_old_address(office: Desk, ada: UserRow):
    await office.as_(ada, address_changes.ask, ada.id, NEW)

    assert await address(office, ada) == OLD
    assert await office.rows(METHODS, id=ada.id) == [(OLD, True, True)]
    assert await office.as_("anonymous", sessions.ask_for_sign_in_link, email=NEW) is None
    assert await office.as_("anonymous", sessions.ask_for_sign_in_link, email=OLD) is not None


async def test_with_the_code_the_address_and_its_contact_method_are_new_and_old_links_are_void(
    office: Desk, ada: UserRow
):
    link = await office.as_("anonymous", sessions.ask_for_sign_in_link, email=OLD)

    done = await changed(office, ada)

    assert done.sentence == f"{NEW} is the address of Ada now; {OLD} is told."
    assert (done.former, done.email, done.by) == (OLD, NEW, "Ada")
    assert await office.rows(METHODS, id=ada.id) == [(NEW, True, True)]
    assert link is not None
    with pytest.raises(Exception, match="not known here"):
        await office.as_("anonymous", sessions.use_sign_in_link, link.token)
    after = await office.as_("anonymous", sessions.ask_for_sign_in_link, email=NEW.upper())
    assert after is not None
    assert after.email == NEW
    assert await office.as_("anonymous", sessions.ask_for_sign_in_link, email=OLD) is None


async def test_the_ledger_says_who_changed_whose_address(office: Desk, ada: UserRow):
    await changed(office, ada, by=office.user)

    facts = await office.rows("SELECT kind, actor, data FROM facts WHERE kind LIKE 'address%' ORDER BY xid, seq")
    whose = {"user": "Ada", "user_id": ada.id, "label": NEW}
    sam = f"user:{office.user.id}"
    assert facts == [("address asked", sam, whose), ("address changed", sam, {**whose, "was": OLD})]


async def test_a_wrong_code_changes_nothing_and_five_of_them_end_it(office: Desk, ada: UserRow):
    asked = await office.as_(ada, address_changes.ask, ada.id, NEW)

    tries = [await office.as_(ada, address_changes.confirm, ada.id, "x", code_of=code_of) for _ in range(TRIES)]
    right = await office.as_(ada, address_changes.confirm, ada.id, code_of(asked.change_id), code_of=code_of)

    assert [one.well for one in (*tries, right)] == [False] * (TRIES + 1)
    assert tries[0].sentence == "This is not the code that was sent. 4 tries are left."
    assert await address(office, ada) == OLD


async def test_a_code_is_over_after_an_hour_and_another_takes_its_place(office: Desk, ada: UserRow):
    first = await office.as_(ada, address_changes.ask, ada.id, NEW)
    second = await office.as_(ada, address_changes.ask, ada.id, "ada@third.example")

    former = await office.as_(ada, address_changes.confirm, ada.id, code_of(first.change_id), code_of=code_of)
    office.clock.advance(CODE_LIVES)
    late = await office.as_(ada, address_changes.confirm, ada.id, code_of(second.change_id), code_of=code_of)

    assert (former.well, late.well) == (False, False)
    assert await address(office, ada) == OLD


async def test_codes_are_not_sent_without_end(office: Desk, ada: UserRow):
    for number in range(CODES_AN_HOUR):
        await office.as_(ada, address_changes.ask, ada.id, f"ada-{number}@new.example")

    with pytest.raises(Invalid, match="within an hour"):
        await office.as_(ada, address_changes.ask, ada.id, NEW)
    office.clock.advance(timedelta(hours=1, seconds=1))
    await office.as_(ada, address_changes.ask, ada.id, NEW)


async def test_two_people_cannot_have_one_address_in_whatever_letters(office: Desk, ada: UserRow):
    bo = await a_user(office.database, "Bo", email="bo@example.org")
    asked = await office.as_(bo, address_changes.ask, bo.id, NEW)

    with pytest.raises(Conflict, match="Bo has the address"):
        await office.as_(ada, address_changes.ask, ada.id, "BO@example.org")
    await changed(office, ada, NEW.upper())
    with pytest.raises(Conflict, match="Ada has the address"):
        await office.as_(bo, address_changes.confirm, bo.id, code_of(asked.change_id), code_of=code_of)
    with pytest.raises(IntegrityError):
        await a_user(office.database, email=NEW)


async def test_nobody_but_an_admin_changes_the_address_of_another(office: Desk, ada: UserRow):
    bo = await a_user(office.database, "Bo", role="manager")
    asked = await office.as_(ada, address_changes.ask, ada.id, NEW)

    with pytest.raises(Forbidden):
        await office.as_(bo, address_changes.ask, ada.id, NEW)
    with pytest.raises(Forbidden):
        await office.as_(bo, address_changes.confirm, ada.id, code_of(asked.change_id), code_of=code_of)


async def test_a_code_of_somebody_who_was_deactivated_meanwhile_is_void_for_good(office: Desk, ada: UserRow):
    asked = await office.as_(ada, address_changes.ask, ada.id, NEW)
    await office.do(people.deactivate, ada.id)
    await office.do(people.reactivate, ada.id)

    done = await office.as_(ada, address_changes.confirm, ada.id, code_of(asked.change_id), code_of=code_of)

    assert not done.well
    with pytest.raises(Conflict, match="is the address of Ada already"):
        await office.as_(ada, address_changes.ask, ada.id, OLD)


async def test_a_contact_method_that_mail_did_not_reach_is_on_again_at_the_new_address(
    office: Desk, database: Database
):
    ada = await a_user(database, "Ada", email=OLD, reachable=False)
    away = {"disabled_at": office.clock.now(), "disabled_reason": "no such mailbox"}
    await a_contact_method(database, ada, address=OLD.upper(), **away)

    await changed(office, ada)

    assert await office.rows(METHODS, id=ada.id) == [(NEW, True, True)]


async def test_whoever_has_a_contact_method_of_the_new_address_keeps_both(office: Desk, ada: UserRow):
    await a_contact_method(office.database, ada, address=NEW, verified=False)

    done = await changed(office, ada)

    assert await office.rows(METHODS, id=ada.id) == [(OLD, True, True), (NEW, True, True)]
    assert done.sentence.endswith(f"The contact method {OLD} stays: remove it where nobody reads it any more.")


async def test_an_admin_whose_mail_is_broken_is_let_in_by_another_way(office: Desk, ada: UserRow):
    await office.as_(ada, address_changes.ask, ada.id, NEW)

    token = await office.as_("cli:root", sessions.make_sign_in_link, email=OLD)

    assert await office.as_("anonymous", sessions.use_sign_in_link, token)
