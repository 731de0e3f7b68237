"""Mail by SES, SendGrid and Resend: the same mail as by a mail server, and what each of them may refuse."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from opsknight.clock import Clock
from opsknight.crypto import new_id
from opsknight.domain.model.event import Urgency
from opsknight.jobs.channels.channel import Address, Ambiguous, Channel, Failed, Fault, Ground, Message, Outcome, Sent
from opsknight.jobs.channels.mail_resend import ResendSettings
from opsknight.jobs.channels.mail_ses import SesSettings, missing
from opsknight.jobs.channels.mails import html, text
from opsknight.jobs.channels.table import kinds
from opsknight.settings import Settings
from tests.jobs.a_message import a_message
from tests.jobs.cases import mail_resend, mail_sendgrid, mail_ses
from tests.peers.http_provider import Asked, HttpPeer, Said, http_peer

ADA = Address("ada@example.com")
HOSTILE = "<b>down</b>\r\nBcc: eve@example.com"
MAKERS: dict[str, Callable[..., Any]] = {
    "sendgrid": mail_sendgrid.mails, "resend": mail_resend.mails, "ses": mail_ses.mails,
}  # fmt: skip


@asynccontextmanager
async def carrier(slug: str, **changes: object) -> AsyncIterator[tuple[Channel, HttpPeer]]:
    """One of the carriers with its provider, which checks what it is asked."""
    case = {"sendgrid": mail_sendgrid.CASE, "resend": mail_resend.CASE, "ses": mail_ses.CASE}[slug]
    async with http_peer() as peer:
        peer.answering, peer.check = case.takes, case.check
        channel: Channel = MAKERS[slug](peer.origin, Clock().now, **changes)
        try:
            yield channel, peer
        finally:
            await channel.close()


async def sent(slug: str, message: Message) -> Asked:
    async with carrier(slug) as (channel, peer):
        outcome = await channel.send(message, ADA)
        assert isinstance(outcome, Sent), f"{outcome}; {peer.mistakes}"
        return peer.taken[0]


async def refused(slug: str, said: Said) -> Outcome:
    async with carrier(slug) as (channel, peer):
        peer.answers.append(said)
        return await channel.send(a_message(), ADA)


async def test_ses_is_given_the_mail_as_a_mail_server_would_be() -> None:
    message = a_message(title="Größe überschritten")

    mail = mail_ses.mail(await sent("ses", message))

    assert (mail["To"], mail["Subject"]) == ("Ada Lovelace <ada@example.com>", message.subject)
    assert mail["Message-ID"] == f"<{message.notification_id}@ops.example.com>"
    body = mail.get_body(("plain",))
    assert body is not None
    assert "Größe überschritten" in body.get_content()


@pytest.mark.parametrize("slug", list(MAKERS))
async def test_answers_go_to_an_address_of_the_mails_own_whoever_carries_it(slug: str) -> None:
    asked = await sent(
        slug, a_message(bounces_to="opsknight+tag@pages.example.com", replies_to="opsknight+tag@p.example")
    )

    if slug == "ses":
        assert mail_ses.mail(asked)["Reply-To"] == "opsknight+tag@p.example"
    else:
        said = asked.json["reply_to"]
        assert (said["email"] if slug == "sendgrid" else said) == "opsknight+tag@p.example"


@pytest.mark.parametrize("slug", ["sendgrid", "resend"])
async def test_the_others_are_given_the_same_words_and_headers(slug: str) -> None:
    message = a_message()

    said = (await sent(slug, message)).json

    words = said if slug == "resend" else {one["type"].removeprefix("text/"): one["value"] for one in said["content"]}
    assert (words.get("text") or words["plain"], words["html"]) == (text(message), html(message))
    assert said["subject"] == message.subject
    assert said["headers"]["X-OpsKnight"] == "ops.example.com"
    assert said["headers"]["Importance"] == "high"


@pytest.mark.parametrize("slug", MAKERS)
async def test_what_a_stranger_wrote_adds_neither_headers_nor_markup(slug: str) -> None:
    asked = await sent(slug, a_message(title=HOSTILE, subject=HOSTILE, to_name='Ada"\r\nBcc: eve@example.com'))

    if slug == "ses":
        mail = mail_ses.mail(asked)
        assert "Bcc" not in mail
        subject, body = mail["Subject"], mail.get_body(("html",)).get_content()  # type: ignore[union-attr]
    else:
        said = asked.json
        assert "Bcc" not in said["headers"]
        subject = said["subject"]
        body = said["html"] if slug == "resend" else said["content"][1]["value"]
    assert "\n" not in subject
    assert "<b>" not in body


@pytest.mark.parametrize("slug", ["sendgrid", "resend"])
async def test_a_sender_of_another_alphabet_keeps_its_name(slug: str) -> None:
    async with carrier(slug, sender="Störungsdienst <pager@ops.example.com>") as (channel, peer):
        assert isinstance(await channel.send(a_message(), ADA), Sent)

    said = peer.taken[0].json["from"]
    assert said == (
        "Störungsdienst <pager@ops.example.com>"
        if slug == "resend"
        else {"email": "pager@ops.example.com", "name": "Störungsdienst"}
    )


@pytest.mark.parametrize("slug", MAKERS)
async def test_what_is_no_address_is_refused_before_anybody_is_asked(slug: str) -> None:
    async with carrier(slug) as (channel, peer):
        outcome = await channel.send(a_message(), Address("nobody"))

    assert isinstance(outcome, Failed)
    assert (outcome.fault, outcome.gone, peer.asked) == (Fault.ADDRESS, True, [])


@pytest.mark.parametrize("slug", MAKERS)
async def test_a_sender_from_whom_no_mail_can_be_written_switches_nobody_off(slug: str) -> None:
    async with carrier(slug, sender="OpsKnight <pager@müller.example>") as (channel, peer):
        outcome = await channel.send(a_message(), ADA)

    assert isinstance(outcome, Failed)
    assert (outcome.fault, outcome.gone, peer.asked) == (Fault.SETTINGS, False, [])
    assert "OPSKNIGHT_MAIL_FROM" in outcome.reason


async def test_sendgrid_neither_rewrites_links_nor_drops_an_urgent_page() -> None:
    high, low = a_message(urgency=Urgency.HIGH), a_message(urgency=Urgency.LOW)

    said = [(await sent("sendgrid", message)).json for message in (high, low)]

    assert all(not one["tracking_settings"]["click_tracking"]["enable"] for one in said)
    assert [one["mail_settings"]["bypass_list_management"]["enable"] for one in said] == [True, False]


# --- Resend: sent once --------------------------------------------------------------------------------------------

KNOWN = mail_resend.error(409, "invalid_idempotent_request", "Same idempotency key used with a different payload.")


async def test_a_repeat_that_resend_has_already_is_sent_and_not_there_twice() -> None:
    async with carrier("resend") as (channel, peer):
        message = a_message(possible_repeat=True)
        peer.answers.append(KNOWN)

        outcome = await channel.send(message, ADA)

    assert isinstance(outcome, Sent)
    assert (len(peer.asked), peer.taken) == (1, [])
    assert peer.asked[0].headers["Idempotency-Key"] == str(message.notification_id)


async def test_a_mail_that_was_surely_not_sent_is_sent_under_another_key() -> None:
    async with carrier("resend") as (channel, peer):
        peer.answers.append(KNOWN)

        outcome = await channel.send(a_message(notification_id=new_id()), ADA)

    assert isinstance(outcome, Sent)
    assert len(peer.taken) == 1
    assert len({asked.headers["Idempotency-Key"] for asked in peer.asked}) == 2


async def test_a_mail_that_is_still_under_way_at_resend_is_ambiguous() -> None:
    outcome = await refused("resend", mail_resend.error(409, "concurrent_idempotent_requests", "In progress."))

    assert isinstance(outcome, Ambiguous)


# --- refusals -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("slug", "said"),
    [
        ("sendgrid", mail_sendgrid.refusal(401, "The provided authorization grant is invalid", None)),
        ("resend", mail_resend.error(403, "validation_error", "The example.com domain is not verified.")),
        ("ses", mail_ses.error(400, "MessageRejected", "Email address is not verified.")),
        ("ses", mail_ses.error(400, "SendingPausedException", "Sending is paused.")),
        ("ses", mail_ses.error(404, "NotFoundException", "Configuration set <x> does not exist.")),
        ("ses", Said(403, {"message": "The request signature does not match."})),
    ],
)
async def test_what_the_operator_has_to_mend_is_said_to_be_a_matter_of_settings(slug: str, said: Said) -> None:
    outcome = await refused(slug, said)

    assert isinstance(outcome, Failed)
    assert outcome.fault is Fault.SETTINGS


async def test_a_proxy_that_answers_in_another_language_is_quoted() -> None:
    outcome = await refused("sendgrid", Said(413, "too much"))

    assert isinstance(outcome, Failed)
    assert outcome.reason == "SendGrid said 413: too much"


# --- settings -----------------------------------------------------------------------------------------------------


def ground(**given: object) -> Ground:
    settings = Settings(_env_file=None)  # type: ignore[call-arg]
    return Ground(settings, "", Clock().now, {type(one): one for one in given.values()})  # type: ignore[misc]


def test_mail_is_ready_as_soon_as_any_of_its_carriers_is() -> None:
    its = ResendSettings(_env_file=None, api_key="re_a_key")  # type: ignore[call-arg]

    assert not kinds(ground())["email"].ready
    assert kinds(ground(resend=its))["email"].ready


def test_a_carrier_that_lacks_a_setting_names_it() -> None:
    its = SesSettings(_env_file=None, region="eu-central-1", access_key_id="ASIA")  # type: ignore[call-arg]

    assert missing(ground(ses=its)) == "Amazon SES is not set up: set OPSKNIGHT_SES_SECRET_ACCESS_KEY."


async def test_the_keys_of_a_session_are_sent_with_their_token() -> None:
    async with http_peer() as peer:
        channel = mail_ses.mails(peer.origin, Clock().now, session_token="a-token", configuration_set="pages")
        await channel.send(a_message(), ADA)
        await channel.close()

    asked = peer.asked[0]
    assert asked.headers["x-amz-security-token"] == "a-token"
    assert "x-amz-security-token" in asked.headers["Authorization"]
    assert asked.json["ConfigurationSetName"] == "pages"
