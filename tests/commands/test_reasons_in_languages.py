"""Why somebody is paged, and why now: in the language of whom it is told; stored, and in the ledger, in English."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

import pytest
from sqlalchemy import text

from opsknight.domain.commands import left_alone, outcomes, without_receipt
from opsknight.domain.commands.incidents import acknowledge, reassign
from opsknight.domain.commands.notifications import claim_and_begin
from opsknight.domain.commands.responders import Helpers, ask_for_help
from opsknight.domain.commands.shift_changes import follow, know_all
from opsknight.domain.model.burst import Bursts
from opsknight.domain.model.notification import Ambiguous, Failed, Fault, Outcome, Retry, Sent
from opsknight.domain.model.speech import speaking
from opsknight.domain.store.engine import Database
from opsknight.domain.store.tables import IncidentRow, UserRow
from tests.builders import (
    a_contact_method,
    a_notification,
    a_page,
    a_policy,
    a_room,
    a_schedule,
    a_service,
    a_stored_incident,
    a_team,
    a_user,
    an_alert,
)
from tests.clock import NOON
from tests.commands.clockwork import Clockwork
from tests.commands.desk import Desk
from tests.jobs.test_messages import WRITER
from tests.marked import MARKED, outside, words_left

pytestmark = pytest.mark.usefixtures("marked_readers")

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
NAMES: Final = ("Ada", "Bo", "Cy", "Primary", "Platform", "Checkout", "Disk full on db-1", "Look here", "My mailbox")
LUNCH: Final = [{"weekdays": [2], "start": "11:30", "end": "13:00"}]
"""Around noon of the Tuesday on which tests begin."""


class Readers:
    """Everybody reads the marked language, and what they are sent is looked at here."""

    def __init__(self, desk: Desk, clockwork: Clockwork) -> None:
        self.desk, self.clockwork, self.database = desk, clockwork, desk.database

    async def person(self, name: str, **columns: Any) -> UserRow:
        return await a_user(self.database, name, language=MARKED, **columns)

    async def incident(self, *steps: Any, timer: str = "escalation", **more: Any) -> IncidentRow:
        of_incident = {name: more.pop(name) for name in ("status", "assignee_id", "urgency", "lap") if name in more}
        policy = await a_policy(self.database, *steps, **more)
        await self.change("UPDATE escalation_policies SET name = 'Platform' WHERE name <> ''")
        service = await a_service(self.database, "Checkout", policy=policy, team=more.get("team"))
        return await a_stored_incident(self.database, service, timer=timer, **of_incident)

    async def change(self, sql: str, **values: Any) -> None:
        async with self.database.commands() as session:
            await session.execute(text(sql), values)
            await session.commit()

    async def read(self, *, channel: str = "email", bursts: Bursts | None = None) -> list[str]:
        """Return why whoever is sent something now reads that they are, having made sure that all else is English."""
        async with self.desk.acting("timer:test") as uow:
            begun = await claim_and_begin(uow, channel=channel, worker=1, limit=9, limit_low=9, bursts=bursts)
        found: list[str] = []
        for attempt in begun:
            with speaking(attempt.language):
                message = WRITER.message(attempt, now=self.desk.clock.now())
            assert words_left(message.body, *NAMES) == [], outside(message.body)
            found += [line for line in message.body.splitlines() if line.startswith("⟦Why")]
        stored = "SELECT data::text FROM facts UNION ALL SELECT reason FROM pages UNION ALL SELECT reason"
        assert "⟦" not in str(await self.desk.rows(f"{stored} FROM notifications"))
        return found


@pytest.fixture
def readers(desk: Desk, clockwork: Clockwork) -> Readers:
    return Readers(desk, clockwork)


@pytest.mark.parametrize("named", ["person", "schedule", "team", "managers", "turns", "nameless"])
async def test_whom_a_step_asks_reads_why_in_their_language(readers: Readers, named: str):
    ada = await readers.person("Ada", role="manager")
    team = await a_team(readers.database, "Platform", managers=[ada])
    asked = {"schedule": await a_schedule(readers.database, ada, name="Platform"), "team": team, "managers": team}
    more: dict[str, Any] = {"managers_only": True} if named == "managers" else {"round_robin": named == "turns"}
    await readers.incident(asked.get(named, ada), **more)
    if named == "nameless":
        await readers.change("UPDATE escalation_policies SET name = ''")

    await readers.clockwork.run()

    assert len(await readers.read()) == 1


async def test_whoever_stands_in_reads_so_in_their_language_and_not_in_that_of_the_other(readers: Readers):
    bo, ada = await readers.person("Bo"), await a_user(readers.database, "Ada")
    await readers.desk.as_(ada, left_alone.do_not_disturb, until=NOON + HOUR, substitute_id=bo.id)
    await readers.incident(ada)

    await readers.clockwork.run()

    assert await readers.read() == [
        "⟦Why you: ⟧⟦named in ⟧⟦step ⟧1⟦ of ⟧Platform⟦, instead of ⟧Ada⟦, who is not to be disturbed⟧⟦.⟧"
    ]


@pytest.mark.parametrize("away", [True, False])
async def test_who_is_given_an_incident_reads_why(readers: Readers, *, away: bool):
    ada, bo = await readers.person("Ada"), await readers.person("Bo")
    incident = await readers.incident(bo)
    if away:
        await readers.desk.as_(ada, left_alone.do_not_disturb, until=NOON + HOUR, substitute_id=bo.id)
    await readers.desk.do(reassign, incident.id, to=ada.id)

    await readers.clockwork.run()

    assert len(await readers.read()) == 1


@pytest.mark.parametrize("leads", ["manager", "admin", "both"])
async def test_whom_the_safety_net_pages_reads_why_in_each_of_its_rounds(readers: Readers, leads: str):
    ada, bo = await readers.person("Ada", role="manager"), await a_user(readers.database, "Bo")
    if leads != "manager":
        await readers.person("Cy", role="admin")
    team = await a_team(readers.database, managers=[] if leads == "admin" else [ada])
    await readers.incident(bo, timer="safety_net", team=team, lap=3)

    told: list[str] = []
    for wait in (timedelta(), 5 * MINUTE, HOUR):
        await readers.clockwork.run(after=wait)
        told += await readers.read()

    assert len(told) >= 2


async def test_who_is_asked_whether_they_are_still_on_it_reads_why(readers: Readers):
    ada = await readers.person("Ada")
    await readers.incident(ada, timer="ack_timeout", status="acknowledged", assignee_id=ada.id)

    await readers.clockwork.run()

    assert len(await readers.read()) == 1


@pytest.mark.parametrize("note", ["", "Look here"])
async def test_who_is_asked_to_help_reads_by_whom_and_what_that_one_wrote(readers: Readers, note: str):
    bo = await readers.person("Bo")
    incident = await readers.incident(bo)

    await readers.desk.do(ask_for_help, incident.id, whom=Helpers(user_ids=(bo.id,)), note=note)

    [why] = await readers.read()
    assert outside(why).split() == ["Ada", *note.split()]


@pytest.mark.parametrize("joined", [1, 2])
async def test_an_owner_reads_how_many_alerts_have_joined(readers: Readers, joined: int):
    ada = await readers.person("Ada")
    incident = await readers.incident(ada, timer="alerts_joined", status="acknowledged", assignee_id=ada.id)
    for number in range(joined):
        await an_alert(readers.database, incident, dedup_key=f"key {number}", opened_at=NOON + MINUTE)

    await readers.clockwork.run()

    assert len(await readers.read()) == 1


async def shifts_change(readers: Readers, *, after: timedelta = timedelta()) -> None:
    readers.desk.clock.advance(after)
    await readers.desk.as_("timer:waking", know_all)
    await readers.desk.as_("timer:waking", follow)


@pytest.mark.parametrize("owned", [True, False])
@pytest.mark.parametrize("others", [("Bo",), ("Bo", "Cy"), ()])
async def test_who_comes_on_call_and_who_goes_read_why(readers: Readers, others: tuple[str, ...], *, owned: bool):
    ada = await readers.person("Ada")
    begins = {"starts_at": NOON - timedelta(hours=23), "unit": "days", "name": "Platform"}
    schedule = await a_schedule(readers.database, ada, **begins)
    for place, one in enumerate([await readers.person(name) for name in others], 1):
        member = "INSERT INTO layer_members SELECT max(id), :place, :user, :its_group FROM layers"
        await readers.change(member, user=one.id, place=place, its_group=7)
    if not others:
        await readers.change("UPDATE layers SET ends_at = :at", at=(NOON + HOUR).replace(tzinfo=None))
    incident = await readers.incident(schedule, wait_s=7200)
    await shifts_change(readers)
    await readers.clockwork.run()
    await readers.read()
    if owned:
        await readers.desk.as_(ada, acknowledge, incident.id)

    await shifts_change(readers, after=HOUR)

    assert await readers.read()


async def test_a_room_reads_english(readers: Readers):
    team = await a_team(readers.database)
    await readers.incident(await a_room(readers.database, team, label="Ops"))

    await readers.clockwork.run()

    async with readers.desk.acting("timer:test") as uow:
        [attempt] = await claim_and_begin(uow, channel="email", worker=1, limit=9, limit_low=9)
    with speaking(attempt.language):
        assert "Why you: step 1 posts in Ops in Mail." in WRITER.message(attempt, now=NOON).body


# --- why now ---------------------------------------------------------------------------------------------------------


async def test_what_quiet_hours_held_says_so(readers: Readers):
    ada = await readers.person("Ada")
    await readers.desk.as_(ada, left_alone.set_quiet_hours, LUNCH)
    await readers.incident(ada, urgency="low")
    await readers.clockwork.run()

    readers.desk.clock.advance(HOUR)

    assert "⟦it was held by quiet hours⟧" in (await readers.read())[-1]


FAILED, AGAIN = Failed("gone for good", Fault.ADDRESS), Retry("later", Fault.PROVIDER)
UNKNOWN = Ambiguous("nobody knows", Fault.TIMEOUT)


@pytest.mark.parametrize("outcome", [FAILED, AGAIN, UNKNOWN], ids=["failed", "again", "unknown"])
@pytest.mark.parametrize("label", ["My mailbox", ""])
async def test_the_next_message_says_what_became_of_the_one_before(readers: Readers, outcome: Outcome, label: str):
    ada = await readers.person("Ada", reachable=False)
    incident = await a_stored_incident(readers.database, await a_service(readers.database, "Checkout"))
    page = await a_page(readers.database, incident, ada, reason="")
    push = await a_contact_method(readers.database, ada, channel="push", label=label)
    mail = await a_contact_method(readers.database, ada)
    await a_notification(readers.database, page, push, position=0)
    await a_notification(readers.database, page, mail, position=1, due_at=NOON + HOUR)
    async with readers.desk.acting("timer:test") as uow:
        [begun] = await claim_and_begin(uow, channel="push", worker=1, limit=9, limit_low=9)
        await outcomes.finish(uow, begun, outcome, jitter=0)

    [why] = await readers.read()

    assert "⟦Why now: ⟧⟦the ⟧⟦push notification⟧" in why


async def test_the_next_message_says_that_nothing_was_heard_of_the_one_before(readers: Readers):
    ada = await readers.person("Ada", reachable=False)
    incident = await a_stored_incident(readers.database, await a_service(readers.database, "Checkout"))
    page = await a_page(readers.database, incident, ada, reason="")
    push = await a_contact_method(readers.database, ada, channel="push")
    await a_notification(readers.database, page, push, position=0, status="accepted", attempts=1, finished_at=NOON)
    mail = await a_contact_method(readers.database, ada)
    await a_notification(readers.database, page, mail, position=1, due_at=NOON + HOUR)
    readers.desk.clock.advance(MINUTE)

    await readers.desk.as_("timer:test", without_receipt.start_next)

    assert await readers.read() == ["⟦Why now: ⟧⟦no sign from the ⟧⟦push notification⟧⟦.⟧"]


@pytest.mark.parametrize("channel", ["sms", "email"])
async def test_what_was_held_back_says_so(readers: Readers, channel: str):
    ada = await readers.person("Ada", reachable=False)
    method = await a_contact_method(readers.database, ada, channel=channel, address="+4915123456789")
    service, bursts = await a_service(readers.database, "Checkout"), Bursts(1)
    for _ in range(2):
        page = await a_page(readers.database, await a_stored_incident(readers.database, service), ada, reason="")
        await a_notification(readers.database, page, method)
        async with readers.desk.acting("timer:test") as uow:
            begun = await claim_and_begin(uow, channel=channel, worker=1, limit=9, limit_low=9, bursts=bursts)
            await outcomes.finish_sent(uow, [(one, Sent("1")) for one in begun])

    readers.desk.clock.advance(MINUTE)

    [why] = await readers.read(channel=channel, bursts=bursts)
    assert why.startswith("⟦Why now: ⟧⟦held back")


# --- what an older version wrote, and what cannot be read -------------------------------------------------------------


@pytest.mark.parametrize(
    "stored",
    ["NULL", "'[]'", "'{}'", "'7'", """'["a {b}", {}]'""", """'["a"]'""", """'["another reason", {}]'"""],
    ids=["older", "empty", "object", "number", "part missing", "short", "another"],
)
async def test_a_reason_without_a_sentence_of_the_same_words_is_told_in_english(readers: Readers, stored: str):
    await readers.incident(await readers.person("Ada"))
    await readers.clockwork.run()
    await readers.change(f"UPDATE pages SET said = {stored}")  # noqa: S608

    async with readers.desk.acting("timer:test") as uow:
        [attempt] = await claim_and_begin(uow, channel="email", worker=1, limit=9, limit_low=9)
    with speaking(attempt.language):
        body = WRITER.message(attempt, now=NOON).body

    assert "⟦Why you: ⟧named in step 1 of Platform⟦.⟧" in body


async def test_why_now_is_told_as_an_older_version_has_put_it_since(database: Database, readers: Readers):
    ada = await readers.person("Ada")
    await readers.desk.as_(ada, left_alone.set_quiet_hours, LUNCH)
    await readers.incident(ada, urgency="low")
    await readers.clockwork.run()

    await readers.change("UPDATE notifications SET reason = 'the mail failed', due_at = :now", now=NOON)

    async with readers.desk.acting("timer:test") as uow:
        [attempt] = await claim_and_begin(uow, channel="email", worker=1, limit=9, limit_low=9)
    with speaking(attempt.language):
        assert "⟦Why now: ⟧the mail failed⟦.⟧" in WRITER.message(attempt, now=NOON).body
