"""Answers to mails: which line is its writer's own, and that nothing else is ever acted on."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsknight.domain.model.mail_reply import HELP, HINT, first_own_line, own_html
from opsknight.domain.model.reply import read

QUOTED = "> CRITICAL Checkout: ack all\n> Acknowledge: https://ops.example.com/ack/x\n> resolve"
INTRODUCED = (
    "On Sun, Nov 29, 2026 at 12:00 PM OpsKnight <\nopsknight+aaaaaaaaaaaaaaaaaaaaaaaaaaaa@pages.example.com> wrote:"
)
OUTLOOK = "From: OpsKnight <pager@example.com>\nSent: Sunday, 29 November 2026 12:00\nTo: Ada\n\nack all\n"
ORDERS = ("ack", "Ack!", "ack all", "12a", "resolve", "12r 13e", "Escalate.")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("ack\n", "ack"),
        ("\n\n  Ack.  \n\nThanks\nAda", "Ack."),
        (f"resolve\n\n{INTRODUCED}\n\n{QUOTED}", "resolve"),
        (f"ack\n{INTRODUCED}\n{QUOTED}", "ack"),
        (f"12a\nOn 29 Nov 2026, at 12:00, OpsKnight <pager@example.com> wrote:\n\n{QUOTED}", "12a"),
        (f"{INTRODUCED}\n\n{QUOTED}\n\nescalate", "escalate"),
        (f"Ada schrieb am 29.11.:\n{QUOTED}\nack", "ack"),
        (f"{QUOTED}\nack", "ack"),
        (f"ack\n\n-----Original Message-----\n{OUTLOOK}", "ack"),
        (f"ack\n\n________________________________\n{OUTLOOK}", "ack"),
        (f"ack\n\n{OUTLOOK}", "ack"),
        ("ack\n-- \nAda Lovelace\n+49 30 1234", "ack"),
        ("ack\n\nSent from my iPhone", "ack"),
        ("\u200back\ufeff", "ack"),
        ("ack\r\n\r\n> quoted\r\n", "ack"),
    ],
)
def test_the_first_line_of_ones_own_is_found_above_below_and_beside_what_is_quoted(text: str, line: str) -> None:
    assert first_own_line(text) == line


@pytest.mark.parametrize(
    "text",
    [
        "", "\n \n", QUOTED, f"{INTRODUCED}\n\n{QUOTED}", f"-----Original Message-----\n{OUTLOOK}", OUTLOOK,
        f"Von: OpsKnight\n{OUTLOOK}", "-- \nack", "--\nack", "Sent from my iPhone\nack", "Gesendet von Outlook\nack",
    ],
)  # fmt: skip
def test_nothing_is_ones_own_in_what_is_only_quoted_or_signed(text: str) -> None:
    assert first_own_line(text) == ""


@pytest.mark.parametrize(
    "text",
    [
        "I will not ack this", "Please ack\nack", "Hello,\nack", "acknowledged by whom?", "ack? resolve?", HINT, HELP,
        "On it! I will resolve it", f"Wrote nothing:\n\n{OUTLOOK}",
    ],
)  # fmt: skip
def test_a_line_that_only_contains_an_order_is_none(text: str) -> None:
    assert read(first_own_line(text)) is None


@given(st.text(max_size=2000))
def test_whatever_was_written_is_read_without_an_error(text: str) -> None:
    line = first_own_line(text)

    assert not line.startswith((">", "|"))
    assert line == line.strip()
    assert "\n" not in line


@given(st.lists(st.text(max_size=60) | st.sampled_from(ORDERS), max_size=12))
def test_nothing_that_is_quoted_is_ever_ones_own(lines: list[str]) -> None:
    quoted = "\n".join(f"> {line}" for text in lines for line in text.splitlines())

    assert first_own_line(quoted) == ""
    assert first_own_line(f"{INTRODUCED}\n\n{quoted}") in ("", INTRODUCED.splitlines()[0])


@given(st.sampled_from(ORDERS), st.text(max_size=500))
def test_what_stands_below_an_order_changes_nothing_of_it(order: str, below: str) -> None:
    assert first_own_line(f"{order}\n\n{INTRODUCED}\n\n> quoted\n{below}") == order
    assert first_own_line(f"{order}\n-- \n{below}") == order


@pytest.mark.parametrize(
    "below",
    [
        "<br><div class='gmail_quote'><div>On Sunday wrote:</div><blockquote>ack all</blockquote></div>",
        "<blockquote type='cite'>ack all</blockquote>",
        "<hr tabindex='-1'><div id='divRplyFwdMsg'><b>From:</b> OpsKnight<br>ack all</div>",
        "<div id='appendonsend'></div><div>ack all</div>",
        '<div class="moz-cite-prefix">On Sunday wrote:</div>ack all',
    ],
)  # fmt: skip
def test_what_is_quoted_in_html_is_not_ones_own_either(below: str) -> None:
    assert first_own_line(own_html(f"<html><body><div>resolve</div>{below}</body></html>")) == "resolve"
    assert first_own_line(own_html(f"<html><body>{below}</body></html>")) == ""


@given(st.text(max_size=500))
def test_any_html_is_read_without_an_error(source: str) -> None:
    own_html(source)
