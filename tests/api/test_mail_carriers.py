"""Carriers of mail tell what became of a mail, each by its own signature; a dead address is not written to again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from sqlalchemy import text

from opsknight.api import early, mail_carriers
from opsknight.api.fetching import Fetcher
from opsknight.carriers import Carriers, ResendSettings, SendgridSettings, SesSettings
from opsknight.crypto import new_id
from opsknight.domain.store.tables import ContactMethodRow, NotificationRow
from tests.api.house import House
from tests.builders import a_contact_method, a_notification, a_page, a_service, a_stored_incident, a_user
from tests.peers.mail_events import RESEND_SECRET, SendGrid, of_resend, of_sendgrid, of_ses, resend_post
from tests.peers.sns import CONFIRM_URL, HOST, TOPIC, sns_peer

NAME = "0102018e-mail"
DEAD = {"type": "Permanent", "subType": "General", "message": "no such user"}


@dataclass
class Post:
    """A mail to Ada that a carrier took, and what that carrier tells of it."""

    house: House
    sendgrid: SendGrid
    mail: NotificationRow
    method: ContactMethodRow

    async def told(self, carrier: str, body: bytes, headers: dict[str, str]) -> int:
        path = f"/api/v1/mail-carriers/{carrier}"
        return (await self.house.client.post(path, content=body, headers=headers)).status_code

    async def by_sendgrid(self, *events: dict[str, Any]) -> int:
        return await self.told("sendgrid", *self.sendgrid.post(*events, at=self.house.clock.now()))

    async def by_resend(self, event: dict[str, Any], **how: Any) -> int:
        return await self.told("resend", *resend_post(event, at=self.house.clock.now(), **how))

    async def taken_by(self, carrier: str) -> None:
        await self.write(
            "INSERT INTO attempts (id, notification_id, number, worker, started_at, outcome, carrier, provider_id)"
            " VALUES (:id, :notification, 1, 1, :now, 'accepted', :carrier, :name)",
            id=new_id(), notification=self.mail.id, now=self.house.clock.now(), carrier=carrier, name=NAME,
        )  # fmt: skip

    async def became(self) -> tuple[str, str]:
        async with self.house.deps.reading() as session:
            sql = text("SELECT status, coalesce(reason, '') FROM notifications WHERE id = :id")
            return tuple((await session.execute(sql, {"id": self.mail.id})).one())

    async def is_written_to(self) -> bool:
        async with self.house.deps.reading() as session:
            sql = text("SELECT disabled_at IS NULL FROM contact_methods WHERE id = :id")
            return bool((await session.execute(sql, {"id": self.method.id})).scalar_one())

    async def write(self, sql: str, **values: Any) -> None:
        async with self.house.database.commands() as session:
            await session.execute(text(sql), values)
            await session.commit()


@pytest.fixture
async def post(house: House) -> Post:
    sendgrid = SendGrid()
    house.deps.carriers = Carriers(
        ses=SesSettings(topic=TOPIC),
        sendgrid=SendgridSettings(webhook_key=sendgrid.webhook_key),
        resend=ResendSettings(webhook_secret=RESEND_SECRET),
    )
    house.routes.include_router(mail_carriers.router(house.deps))
    database = house.database
    ada = await a_user(database, "Ada")
    method = await a_contact_method(database, ada, address="ada@example.com")
    page = await a_page(database, await a_stored_incident(database, await a_service(database)), ada)
    done = {"status": "accepted", "attempts": 1, "finished_at": house.clock.now()}
    return Post(house, sendgrid, await a_notification(database, page, method, position=0, **done), method)


async def test_a_mail_that_sendgrid_delivered_was_delivered(post: Post):
    assert await post.by_sendgrid(of_sendgrid("processed", post.mail.id), of_sendgrid("delivered", post.mail.id)) == 204

    assert await post.became() == ("delivered", "")


@pytest.mark.parametrize(
    ("event", "more", "said", "is_dead"),
    [
        ("bounce", {"type": "bounce", "status": "5.1.1", "reason": "550 5.1.1 no such user"},
         "SendGrid said bounce: 550 5.1.1 no such user", True),
        ("bounce", {"type": "bounce", "status": "", "bounce_classification": "Invalid Address", "reason": "unknown"},
         "SendGrid said bounce: unknown", True),
        ("bounce", {"type": "bounce", "status": "5.2.2", "reason": "mailbox full"},
         "SendGrid said bounce: mailbox full", False),
        ("bounce", {"type": "blocked", "status": "5.1.1", "reason": "IP on a list"},
         "SendGrid said blocked: IP on a list", False),
        ("dropped", {"reason": "Bounced Address"}, "SendGrid dropped it: Bounced Address", True),
        ("dropped", {"reason": "Unsubscribed Address"}, "SendGrid dropped it: Unsubscribed Address", False),
    ],
)  # fmt: skip
async def test_a_mail_that_came_back_to_sendgrid_failed_in_its_words(
    post: Post, event: str, more: dict[str, Any], said: str, *, is_dead: bool
):
    await post.by_sendgrid(of_sendgrid(event, post.mail.id, **more))

    assert await post.became() == ("failed", said)
    assert await post.is_written_to() is not is_dead


async def test_events_of_other_mails_of_the_account_are_passed_over(post: Post):
    theirs = {"email": "eve@example.com", "event": "bounce", "type": "bounce", "status": "5.1.1"}

    assert await post.by_sendgrid(theirs, of_sendgrid("bounce", "no uuid"), of_sendgrid("bounce", new_id())) == 204

    assert await post.became() == ("accepted", "")


@pytest.mark.parametrize(
    ("event", "became", "is_dead"),
    [
        (of_resend("email.delivered", NAME), ("delivered", ""), False),
        (of_resend("email.bounced", NAME, bounce=DEAD),
         ("failed", "Resend said Permanent/General: no such user"), True),
        (of_resend("email.bounced", NAME, bounce={**DEAD, "type": "Transient", "subType": "MailboxFull"}),
         ("failed", "Resend said Transient/MailboxFull: no such user"), False),
        (of_resend("email.failed", NAME, failed={"reason": "reached_daily_quota"}),
         ("failed", "Resend could not send it: reached_daily_quota"), False),
        (of_resend("email.opened", NAME), ("accepted", ""), False),
    ],
)  # fmt: skip
async def test_resend_tells_what_became_of_a_mail_by_its_own_name(
    post: Post, event: dict[str, Any], became: tuple[str, str], *, is_dead: bool
):
    await post.taken_by("resend")

    assert await post.by_resend(event) == 204

    assert await post.became() == became
    assert await post.is_written_to() is not is_dead


async def _by_ses(post: Post, said: dict[str, Any]) -> int:
    headers = {"content-type": "text/plain; charset=UTF-8", "x-amz-sns-message-id": said["MessageId"]}
    return await post.told("ses", orjson.dumps(said), headers)


@asynccontextmanager
async def _running(asking: Fetcher) -> AsyncIterator[None]:
    task = asyncio.get_running_loop().create_task(asking.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


BOUNCE = {
    "bounceType": "Permanent", "bounceSubType": "General",
    "bouncedRecipients": [
        {"emailAddress": "ada@example.com", "status": "5.1.1", "diagnosticCode": "smtp; 550 5.1.1 user unknown"},
    ],
}  # fmt: skip


@pytest.mark.parametrize(
    ("message", "became", "is_dead"),
    [
        (of_ses("Delivery", NAME), ("delivered", ""), False),
        (of_ses("Bounce", NAME, bounce=BOUNCE),
         ("failed", "Amazon SES said Permanent/General: smtp; 550 5.1.1 user unknown"), True),
        (of_ses("Bounce", NAME, bounce={**BOUNCE, "bounceType": "Transient", "bounceSubType": "MailboxFull"}),
         ("failed", "Amazon SES said Transient/MailboxFull: smtp; 550 5.1.1 user unknown"), False),
        (of_ses("Reject", NAME, reject={"reason": "Bad content"}),
         ("failed", "Amazon SES rejected it: Bad content"), False),
        (of_ses("Open", NAME), ("accepted", ""), False),
        ("no JSON", ("accepted", ""), False),
    ],
)  # fmt: skip
async def test_ses_tells_by_a_topic_that_sns_signs(
    post: Post, tmp_path: Path, message: str, became: tuple[str, str], *, is_dead: bool
):
    await post.taken_by("ses")
    async with sns_peer(tmp_path) as aws:
        said = aws.signer.message(Subject=None, Message=message)
        asking = Fetcher(aws.connector)
        post.house.routes.state.fetcher = asking

        first = await _by_ses(post, said)
        async with _running(asking):
            await asking.settled()
        again = await _by_ses(post, said)

    assert (first, again) == (503, 204)
    assert await post.became() == became
    assert await post.is_written_to() is not is_dead


async def test_the_subscription_of_the_topic_is_confirmed(post: Post, tmp_path: Path):
    async with sns_peer(tmp_path) as aws:
        said = aws.signer.message(
            Type="SubscriptionConfirmation", Subject=None, SubscribeURL=CONFIRM_URL, Token="2336412f"
        )
        asking = Fetcher(aws.connector)
        post.house.routes.state.fetcher = asking
        await _by_ses(post, said)
        async with _running(asking):
            await asking.settled()
            assert await _by_ses(post, said) == 204
            await asking.settled()

    assert aws.gets[-1] == CONFIRM_URL.removeprefix(f"https://{HOST}")


@pytest.mark.parametrize("carrier", ["ses", "sendgrid", "resend"])
async def test_what_is_not_signed_is_not_read(post: Post, carrier: str):
    post.house.routes.state.fetcher = Fetcher()
    body, headers = post.sendgrid.post(of_sendgrid("bounce", post.mail.id, status="5.1.1"), at=post.house.clock.now())
    changed = body.replace(b"bounce", b"bounde")
    late = resend_post(of_resend("email.bounced", NAME, bounce=DEAD), at=post.house.clock.now() - timedelta(minutes=6))

    assert await post.told(carrier, body, {}) == 401
    assert await post.told(carrier, changed, headers) == 401
    assert await post.told(carrier, *late) == 401
    assert await post.by_resend(of_resend("email.bounced", NAME), secret="whsec_MTIzNDU2Nzg5MDEyMzQ1Njc4OTA=") == 401
    post.house.deps.carriers = Carriers()
    assert await post.told(carrier, body, headers) == 401
    assert await post.became() == ("accepted", "")


async def test_a_mail_that_nobody_of_us_sent_is_taken_and_forgotten(post: Post, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(early, "PAUSES_S", ())

    assert await post.by_resend(of_resend("email.bounced", "somebody-elses", bounce=DEAD)) == 204

    assert await post.became() == ("accepted", "")


async def test_what_is_told_before_our_own_call_is_written_down_is_told_again(
    post: Post, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(early, "PAUSES_S", ())
    await post.write("UPDATE notifications SET status = 'sending', finished_at = NULL WHERE id = :id", id=post.mail.id)
    await post.write(
        "INSERT INTO attempts (id, notification_id, number, worker, started_at, outcome, carrier, provider_id)"
        " VALUES (:id, :notification, 1, 1, :now, 'started', 'sendgrid', '')",
        id=new_id(), notification=post.mail.id, now=post.house.clock.now(),
    )  # fmt: skip

    assert await post.by_sendgrid(of_sendgrid("dropped", post.mail.id, reason="Invalid")) == 503


async def test_what_is_told_by_a_name_that_our_own_call_has_yet_to_bring_is_told_again(
    post: Post, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(early, "PAUSES_S", ())
    await post.write("UPDATE notifications SET status = 'sending', finished_at = NULL WHERE id = :id", id=post.mail.id)

    first = await post.by_resend(of_resend("email.bounced", NAME, bounce=DEAD))
    await post.write(
        "UPDATE notifications SET status = 'accepted', finished_at = :now WHERE id = :id",
        id=post.mail.id, now=post.house.clock.now(),
    )  # fmt: skip
    await post.taken_by("resend")
    again = await post.by_resend(of_resend("email.bounced", NAME, bounce=DEAD))

    assert (first, again) == (503, 204)
    assert (await post.became())[0] == "failed"
