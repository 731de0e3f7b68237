"""When a message that waits is still wanted: read again just before it is sent."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsknight.domain.model.incident import Status
from opsknight.domain.model.notification import PAGING, PageKind, Situation, unwanted
from tests.clock import NOON


def a_situation(kind: PageKind, **changes: Any) -> Situation:
    said: dict[str, Any] = {
        "generation": 1,
        "user_id": 7,
        "status": Status.OPEN,
        "incident_generation": 1,
        "assignee_id": None,
        "paged_at": NOON,
    }
    return Situation(kind=kind, **{**said, **changes})


def test_who_has_acknowledged_where_everyone_must_is_sent_nothing_more():
    assert unwanted(a_situation(PageKind.PAGE)) is None
    assert unwanted(a_situation(PageKind.PAGE, answered=True)) == "this person has acknowledged"


@pytest.mark.parametrize("kind", [PageKind.STILL_ON_IT, PageKind.HAND_OVER, PageKind.JOINED])
def test_what_is_for_the_owner_is_wanted_while_they_own_it(kind: PageKind):
    owned = a_situation(kind, status=Status.ACKNOWLEDGED, assignee_id=7)

    assert unwanted(owned) is None
    assert unwanted(a_situation(kind, status=Status.ACKNOWLEDGED, assignee_id=8)) == (
        "somebody else owns the incident now"
    )
    assert unwanted(a_situation(kind, assignee_id=7)) == "the incident is open"


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({}, None),
        ({"incident_generation": 4}, None),
        ({"status": Status.SNOOZED}, None),
        ({"status": Status.ACKNOWLEDGED, "acknowledged_at": NOON - timedelta(minutes=1)}, None),
        (
            {"status": Status.ACKNOWLEDGED, "acknowledged_at": NOON + timedelta(minutes=1)},
            "the incident was acknowledged",
        ),
        ({"status": Status.RESOLVED}, "the incident is resolved"),
        ({"status": None}, "the incident is gone"),
        ({"answered": True}, "this person has answered"),
    ],
)
def test_a_call_for_help_is_wanted_until_it_is_answered_or_not_needed(changes: dict[str, Any], why: str | None):
    assert unwanted(a_situation(PageKind.HELP, **changes)) == why


@given(
    st.sampled_from(sorted(PAGING)),
    st.none() | st.sampled_from(Status),
    st.integers(1, 3),
    st.sampled_from([None, 7, 8]),
    st.integers(0, 1),
)
def test_a_page_is_wanted_exactly_while_its_incident_is_open_in_its_generation_and_waits_for_this_person(
    kind: PageKind, status: Status | None, generation: int, assignee_id: int | None, answered: int
):
    why = unwanted(
        a_situation(
            kind, status=status, incident_generation=generation, assignee_id=assignee_id, answered=bool(answered)
        )
    )

    theirs = kind is not PageKind.ASSIGNED or assignee_id == 7
    assert (why is None) is (status is Status.OPEN and generation == 1 and theirs and not answered)
