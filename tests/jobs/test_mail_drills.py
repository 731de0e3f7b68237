"""A drill is answered by a mail reply as a page is."""

from __future__ import annotations

from datetime import timedelta

from opsknight.domain.commands.drills import Whom, begin
from opsknight.domain.model.drill import THANKS
from opsknight.domain.store.engine import Database
from tests.clock import StoppedClock
from tests.jobs.an_office import an_office


async def test_an_answer_to_a_drill_answers_the_drill(database: Database, clock: StoppedClock):
    async with an_office(database, clock) as office:
        page = await office.a_mailed_page()
        async with office.pager.deps.commands(f"user:{page.user.id}") as uow:
            drill = await begin(uow, Whom(user_id=page.user.id))
        clock.advance(timedelta(minutes=1))  # push comes first
        async with office.pager.sending():
            await office.mailed(page)
            office.pager.wake()
            mails = await office.pager.smtp.mails_come(2)
            sent = "SELECT count(*) FROM notifications WHERE status = 'accepted' AND channel = 'email'"
            await office.pager.count_becomes(sent, 2)

            await office.answer(next(mail for mail in mails if "drill" in mail.message["Subject"].lower()), "ack")

        assert await office.said_to(page) == [THANKS]
        sql = "SELECT via FROM drill_people WHERE drill_id = :id AND acknowledged_at IS NOT NULL"
        assert await office.pager.rows(sql, id=drill.id) == [("mail reply",)]
        assert (await office.incident(page))[0] == "open"
