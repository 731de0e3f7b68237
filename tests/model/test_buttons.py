"""Buttons of messages in chats."""

from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsknight.domain.model.button import Press, buttons, data, pressed
from opsknight.domain.model.channel import shortened
from opsknight.domain.model.incident import Status
from opsknight.domain.model.notification import PageKind


@given(st.sampled_from(Press), st.uuids())
def test_what_a_button_carries_is_read_again(press: Press, notification_id: UUID):
    carried = data(press, notification_id)

    assert pressed(carried) == (press, notification_id)
    assert len(carried.encode()) <= 64


@given(st.text())
def test_what_strangers_send_is_read_without_an_error(carried: str):
    pressed(carried)


@pytest.mark.parametrize("carried", ["", "a", "a:", "x:018f0000-0000-7000-8000-000000000012", "a:12", "acknowledge:12"])
def test_what_is_none_of_our_buttons_is_none(carried: str):
    assert pressed(carried) is None


def labels(kind: PageKind, *, about_one: bool = True, became: Status | None = None) -> list[str]:
    return [button.label for button in buttons(kind, about_one=about_one, became=became)]


def test_a_page_can_be_acknowledged_resolved_and_escalated():
    assert labels(PageKind.PAGE) == ["Acknowledge", "Resolve", "Escalate"]


def test_a_question_to_the_owner_is_answered_by_its_first_button():
    assert labels(PageKind.STILL_ON_IT)[0] == "I am on it"


def test_what_is_done_is_not_offered_any_more():
    assert labels(PageKind.PAGE, became=Status.ACKNOWLEDGED) == ["Resolve", "Escalate"]
    assert labels(PageKind.PAGE, became=Status.RESOLVED) == []
    assert labels(PageKind.PAGE, became=Status.OPEN) == ["Acknowledge", "Resolve", "Escalate"]


def test_a_summary_of_several_acknowledges_nothing_by_one_press():
    assert labels(PageKind.PAGE, about_one=False) == []


def test_a_test_message_can_be_confirmed():
    assert labels(PageKind.TEST, about_one=False) == ["It arrived"]


@given(st.text(), st.integers(1, 60))
def test_a_shortened_text_keeps_to_its_length_and_cuts_no_character(text: str, most: int):
    short = shortened(text, most)

    assert len(short.encode("utf-16-le")) <= 2 * most
    assert short == text or (short.endswith("…") and text.startswith(short[:-1]))
