"""Reports of mail servers: what became of a mail, and whether its address is dead."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsknight.domain.model.mail_report import Became, read_report
from tests.peers.reports import by_an_old_exim, by_exim, by_postfix
from tests.peers.smtp import Mail

SENT = Mail(
    "opsknight+aaaa@pages.example.com",
    ["ada@example.com"],
    b"From: pager@example.com\r\nX-OpsKnight: example.com\r\nMessage-ID: <1@x>\r\nSubject: x\r\n\r\nack all\r\n",
)


def test_a_mail_that_postfix_could_not_deliver_failed_in_the_words_of_who_refused_it() -> None:
    report = read_report(by_postfix(SENT))

    assert report is not None
    assert report.became is Became.FAILED
    assert report.detail == (
        "The mail came back: 550 5.1.1 <ada@example.com>: Recipient address rejected:"
        " User unknown in virtual mailbox table"
    )
    assert report.buries("Ada@Example.com")


@pytest.mark.parametrize("write", [by_exim, by_an_old_exim])
def test_exim_says_the_code_only_in_the_words_of_who_refused_it(write: Callable[[Mail], bytes]) -> None:
    report = read_report(write(SENT))

    assert report is not None
    assert report.became is Became.FAILED
    assert report.detail == "The mail came back: 550 5.1.1 <ada@example.com>: User unknown"
    assert report.buries("ada@example.com")


@pytest.mark.parametrize("status", ["5.1.1", "5.1.3", "5.1.6", "5.1.10"])
def test_an_address_is_dead_by_codes_that_say_so(status: str) -> None:
    report = read_report(by_postfix(SENT, status=status, diagnostic=""))

    assert report is not None
    assert report.detail == f"The mail came back with the code {status}."
    assert report.buries("ada@example.com")


@pytest.mark.parametrize("status", ["4.4.1", "5.2.1", "5.2.2", "5.7.1", "5.0.0", "5.1.2", "5.1.100", "nonsense", ""])
def test_an_address_lives_on_where_a_mail_failed_for_another_reason(status: str) -> None:
    report = read_report(by_postfix(SENT, status=status, diagnostic="smtp; 550 no"))

    assert report is not None
    assert report.became is Became.FAILED
    assert not report.buries("ada@example.com")


def test_an_address_lives_on_where_it_only_passed_the_mail_on_to_a_dead_one() -> None:
    report = read_report(by_postfix(SENT, to="left-long-ago@elsewhere.example"))

    assert report is not None
    assert report.became is Became.FAILED
    assert not report.buries("ada@example.com")


def test_a_domain_in_another_script_is_known_as_mail_servers_write_it() -> None:
    report = read_report(by_postfix(SENT, to="ada@xn--bcher-kva.example"))

    assert report is not None
    assert report.buries("ada@bücher.example")


@pytest.mark.parametrize(
    ("action", "became"),
    [
        ("delayed", Became.UNDER_WAY),
        ("relayed", Became.UNDER_WAY),
        ("expanded", Became.UNDER_WAY),
        ("delivered", Became.DELIVERED),
        ("Delivered (to a mailbox)", Became.DELIVERED),
        ("FAILED", Became.FAILED),
        ("devoured", Became.UNDER_WAY),
    ],
)
def test_only_delivered_has_arrived_and_what_was_passed_on_may_still_fail(action: str, became: Became) -> None:
    report = read_report(by_postfix(SENT, action, "2.0.0"))

    assert report is not None
    assert report.became is became


@pytest.mark.parametrize(
    "subject", ["Delivery Status Notification (Delay)", "Warning: message 1vPgab delayed 24 hours"]
)
def test_a_delay_that_is_told_in_words_is_no_failure(subject: str) -> None:
    said = by_an_old_exim(SENT).replace(b"Mail delivery failed: returning message to sender", subject.encode())

    report = read_report(said)

    assert report is not None
    assert report.became is Became.UNDER_WAY


def test_a_mail_that_reached_one_of_several_has_arrived() -> None:
    both = by_postfix(SENT).replace(
        b"Remote-MTA: dns; mail.example.com\r\n",
        b"\r\nFinal-Recipient: rfc822; bo@example.com\r\nAction: delivered\r\nStatus: 2.0.0\r\n",
    )

    report = read_report(both)

    assert report is not None
    assert report.became is Became.DELIVERED


def test_a_report_about_an_address_in_another_script_is_read_too() -> None:
    said = by_postfix(SENT).replace(b"message/delivery-status", b"message/global-delivery-status")

    report = read_report(said.replace(b"Final-Recipient: rfc822;", b"Final-Recipient: utf-8;"))

    assert report is not None
    assert report.became is Became.FAILED
    assert report.buries("ada@example.com")


@pytest.mark.parametrize(
    "mail",
    [
        b"",
        b"From: ada@example.com\r\nSubject: Re: Disk full\r\n\r\nack\r\n",
        b"Content-Type: multipart/report; report-type=delivery-status; boundary=x\r\n\r\n--x\r\n\r\nx\r\n--x--\r\n",
        by_postfix(SENT).replace(b"Action:", b"Inaction:"),
        by_postfix(SENT).replace(b"message/delivery-status", b"message/disposition-notification"),
        by_postfix(SENT).replace(b"message/delivery-status", b"text/plain"),
    ],
)
def test_what_says_nothing_of_what_became_of_a_mail_is_no_report(mail: bytes) -> None:
    assert read_report(mail) is None


@given(st.binary(max_size=600))
def test_whatever_comes_is_read_without_an_error(mail: bytes) -> None:
    read_report(mail)


@given(st.data())
def test_a_report_that_was_damaged_on_its_way_is_read_without_an_error(data: st.DataObject) -> None:
    whole = data.draw(st.sampled_from([by_postfix(SENT), by_exim(SENT), by_an_old_exim(SENT)]))
    at = data.draw(st.integers(0, len(whole)))
    until = data.draw(st.integers(at, min(len(whole), at + 60)))

    read_report(whole[:at] + data.draw(st.binary(max_size=40)) + whole[until:])
