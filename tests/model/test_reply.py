"""Answers to texts: what is an order, and what only looks like one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsknight.domain.model.button import Press
from opsknight.domain.model.reply import Consent, Wish, read

ACK, RESOLVE, ESCALATE = Press.ACKNOWLEDGE, Press.RESOLVE, Press.ESCALATE


@pytest.mark.parametrize(
    ("text", "wishes"),
    [
        ("ack", [Wish(ACK)]),
        ("ACK!", [Wish(ACK)]),
        (" Acknowledge . ", [Wish(ACK)]),
        ("ack all", [Wish(ACK, every=True)]),
        ("Ack  ALL", [Wish(ACK, every=True)]),
        ("12a", [Wish(ACK, 12)]),
        ("12 A", [Wish(ACK, 12)]),
        ("#12a", [Wish(ACK, 12)]),
        ("'1c'", [Wish(RESOLVE, 1)]),
        ("“1C”", [Wish(RESOLVE, 1)]),
        ("1r", [Wish(RESOLVE, 1)]),
        ("7e", [Wish(ESCALATE, 7)]),
        ("ack 12", [Wish(ACK, 12)]),
        ("ack #12 13", [Wish(ACK, 12), Wish(ACK, 13)]),
        ("12 ack", [Wish(ACK, 12)]),
        ("12a, 13r; 14e", [Wish(ACK, 12), Wish(RESOLVE, 13), Wish(ESCALATE, 14)]),
        ("12a and 13a", [Wish(ACK, 12), Wish(ACK, 13)]),
        ("12a\n12a", [Wish(ACK, 12)]),
        ("resolve", [Wish(RESOLVE)]),
        ("close 12", [Wish(RESOLVE, 12)]),
        ("escalate 12", [Wish(ESCALATE, 12)]),
        ("１２ａ", [Wish(ACK, 12)]),
    ],
)
def test_orders_are_read_in_any_case_spacing_and_quotes(text: str, wishes: list[Wish]) -> None:
    assert read(text) == tuple(wishes)


@pytest.mark.parametrize(
    "text",
    [
        "back", "I am back", "acknowledged by?", "acknowledged by Ada", "do not ack", "ack?", "please ack it", "a", "c",
        "12", "all", "12b", "a12", "12aa", "12a13a", "resolve all", "escalate all", "hijack", "ok", "", "   ", "🙂",
        "-12a", "1.2a later", "12a thanks", "no 12a", "9999999999a", "x" * 1000, "12a " * 300, "stop ack", "stop it",
    ],
)  # fmt: skip
def test_what_only_contains_an_order_does_nothing(text: str) -> None:
    assert read(text) is None


@pytest.mark.parametrize("text", ["STOP", "stop.", "Unsubscribe", "END", " quit "])
def test_stop_is_heeded(text: str) -> None:
    assert read(text) is Consent.STOP


@pytest.mark.parametrize("text", ["START", "unstop"])
def test_start_is_heeded(text: str) -> None:
    assert read(text) is Consent.START


def test_yes_may_be_a_start_or_an_answer() -> None:
    assert read("Yes!") is Consent.YES


@given(st.text(max_size=500))
def test_whatever_comes_is_read_without_an_error(text: str) -> None:
    read(text)


@given(
    st.lists(st.sampled_from(["ack", "12a", "all", "12", "not", "a", "by", "back", "resolve", "#3", "?"]), max_size=8)
)
def test_words_that_are_no_part_of_an_order_undo_the_whole(words: list[str]) -> None:
    if {"not", "by", "back", "?"} & set(words):
        assert read(" ".join(words)) is None


@given(st.integers(min_value=0, max_value=10**9 - 1), st.sampled_from("acre"))
def test_a_number_with_a_letter_is_about_that_incident_alone(number: int, letter: str) -> None:
    found = read(f"{number}{letter}")

    assert isinstance(found, tuple)
    assert [wish.number for wish in found] == [number]
