"""Whose turn a phone number is."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from opsknight.crypto import new_id
from opsknight.domain.model.notification import PageKind
from opsknight.domain.model.phone_turn import APART, Turn, held_until, waits
from tests.clock import NOON

SPANS = st.timedeltas(min_value=-timedelta(days=400), max_value=timedelta(days=400))


def test_the_first_message_goes_and_another_page_of_the_service_waits_for_its_minute():
    last = Turn(new_id(), NOON)

    assert held_until(None, page_id=new_id(), at=NOON) is None
    assert held_until(last, page_id=new_id(), at=NOON + timedelta(seconds=10)) == NOON + APART
    assert held_until(last, page_id=new_id(), at=NOON + APART) is None


def test_a_call_of_the_same_page_does_not_wait_for_its_text():
    page = new_id()

    assert held_until(Turn(page, NOON), page_id=page, at=NOON) is None


@given(SPANS)
def test_nothing_waits_longer_than_a_minute_whatever_became_of_the_clock(since: timedelta):
    until = held_until(Turn(new_id(), NOON - since), page_id=new_id(), at=NOON)

    assert until is None or NOON < until <= NOON + APART


def test_what_somebody_asked_for_and_answers_to_them_do_not_wait():
    assert not any(waits(kind) for kind in (PageKind.TEST, PageKind.CONFIRM, PageKind.REPLY))
    assert all(waits(kind) for kind in (PageKind.PAGE, PageKind.STILL_ON_IT, PageKind.SHIFT))
