"""Fault 1 for mail in: the plug is pulled between the end of a mail and its answer, and the mail is sent again.

The mails of monitors, and what people answer to ours.
"""

from __future__ import annotations

import smtplib
import time
from contextlib import suppress

import pytest

from opsknight.domain.commands.replies import TOLD_AT_MOST
from tests.api.a_mailroom import FROM, a_mail, hand_over
from tests.faults.measure import moments
from tests.faults.product import Product
from tests.peers.smtp import Mail, SmtpPeer
from tests.ports import free_port
from tests.server import until

pytestmark = pytest.mark.faults


def test_a_mail_counts_once_though_the_plug_is_pulled_before_its_answer_and_it_is_sent_again(smtp: SmtpPeer):
    port, sent = free_port(), 0
    with Product(smtp, MAIL_IN=f"127.0.0.1:{port}") as product:
        address = f"{product.key_of('email')}@alerts.example.org"
        for after_s in moments("mail in", short=3, full=100, longest_s=0.03):
            sent += 1
            mail = a_mail(Message_ID=f"<{sent}@mon.example.org>")
            with product.fault():
                send_and_pull_the_plug(product, port, address, mail, after_s=after_s)
                product.start()
                until(lambda mail=mail: taken(port, address, mail), within_s=30)

        stored = product.rows("SELECT count(*) AS many FROM deliveries WHERE content_type = 'message/rfc822'")
        counted = product.rows("SELECT count FROM alerts WHERE title = 'Disk full on db-1'")

    assert stored[0]["many"] == sent
    assert [row["count"] for row in counted] == [sent]


def test_an_answer_counts_once_though_the_plug_is_pulled_before_its_answer_and_it_is_sent_again(smtp: SmtpPeer):
    port, sent = free_port(), 0
    settings = {"MAIL_IN": f"127.0.0.1:{port}", "MAIL_BACK": "opsknight@pages.example.com"}
    with Product(smtp, **settings) as product:
        for after_s in moments("mail answered", short=3, full=50, longest_s=0.03):
            sent += 1
            title = f"Queue {sent} is stuck"
            product.send(f"queue:{sent}", title=title, severity="critical")
            page = until(lambda title=title: about(smtp, title), within_s=30)
            answer = f"From: x@example.com\r\nMessage-ID: <{sent}@mail.example.com>\r\n\r\nack\r\n".encode()
            with product.fault():
                send_and_pull_the_plug(product, port, page.sender, answer, after_s=after_s)
                product.start()
                until(lambda page=page, answer=answer: taken(port, page.sender, answer), within_s=30)
        product.settle()
        acted = product.rows("SELECT count(DISTINCT incident_id) AS many FROM facts WHERE kind = 'acknowledged'")
        answered = product.rows("SELECT count(*) AS many FROM pages WHERE kind = 'reply'")

    assert acted[0]["many"] == sent
    assert answered[0]["many"] == min(sent, TOLD_AT_MOST)


def about(smtp: SmtpPeer, title: str) -> Mail | None:
    """Return the first mail that is about the incident of that title."""
    return next((mail for mail in list(smtp.mails) if title in str(mail.message["Subject"])), None)


def send_and_pull_the_plug(product: Product, port: int, address: str, mail: bytes, *, after_s: float) -> None:
    """Send a mail to its last dot, and kill the process `after_s` seconds later, whatever it was about to say."""
    talk = smtplib.SMTP("127.0.0.1", port, timeout=30)
    talk.ehlo()
    talk.mail(FROM)
    assert talk.rcpt(address)[0] == 250
    assert talk.docmd("DATA")[0] == 354
    talk.send(mail + b".\r\n")  # it ends with a line end of its own
    time.sleep(after_s)
    product.kill()
    talk.close()


def taken(port: int, address: str, mail: bytes) -> bool:
    """Send a mail once more and say whether it was taken."""
    with suppress(OSError, smtplib.SMTPException):
        return hand_over(port, mail, [address]).startswith("250")
    return False
