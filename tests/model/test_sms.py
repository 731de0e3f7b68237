"""Text messages: counted as networks count them, and never longer than two segments."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsknight.domain.model.sms import fitted, is_gsm, plain, segments

WORDS = st.text(max_size=600)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 1),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("я" * 70, 1),
        ("я" * 71, 2),
        ("я" * 134, 2),
        ("я" * 135, 3),
        ("😀" * 35, 1),
        ("😀" * 36, 2),
        # An escaped sign is not split: 152 and the first half of a euro do not share a segment.
        ("a" * 152 + "€" + "a" * 151, 2),
        ("a" * 152 + "€" + "a" * 152, 3),
    ],
)
def test_segments_are_counted_as_networks_do(text: str, count: int) -> None:
    assert segments(text) == count


def test_typographic_signs_do_not_cost_half_of_the_text() -> None:
    assert plain("“Disk full” – 93 % …") == '"Disk full" - 93 % ...'
    assert is_gsm(plain("It’s “down” — again…"))


def test_a_long_cause_is_cut_and_keeps_its_number_its_lateness_and_what_to_reply() -> None:
    line = f"CRITICAL Checkout: {'disk full ' * 60}(#12) (5 min late)"

    text = fitted(line, rest="Reply 12a to acknowledge.")

    assert text.startswith("CRITICAL Checkout: disk full")
    assert text.endswith("... (#12) (5 min late)\nReply 12a to acknowledge.")
    assert segments(text) == 2


def test_a_cause_in_cyrillic_is_cut_earlier_and_marked_by_one_sign() -> None:
    text = fitted(f"CRITICAL Касса: {'диск полон ' * 40}(#12)", rest="Reply 12a to acknowledge.")

    assert "… (#12)\nReply 12a" in text
    assert segments(text) == 2


@given(WORDS, WORDS)
def test_whatever_is_said_takes_at_most_two_segments(line: str, rest: str) -> None:
    assert segments(fitted(line, rest=rest)) <= 2


@given(st.text(max_size=60))
def test_what_fits_is_not_changed_but_for_spaces_and_typography(line: str) -> None:
    assert fitted(line) == plain(" ".join(line.split()))
