"""Whose the events of an imported calendar are."""

from __future__ import annotations

from datetime import timedelta

import pytest

from opsknight.domain.model.imported_shift import (
    WARNINGS_KEPT,
    Attendee,
    ImportedShift,
    Known,
    Occurrence,
    Reading,
    as_layer,
    matched,
)
from tests.clock import NOON

ADA = Known(1, "Ada Lovelace", "ada@example.org")
BO = Known(2, "Bo", "bo@example.org")
CY = Known(3, "Cy, the third", "cy@other.example")
GONE = Known(4, "Dee", "dee@example.org", active=False)
EVERYBODY = (ADA, BO, CY, GONE)


def an_event(summary: str = "", *attendees: Attendee, people: tuple[str, ...] = (), day: int = 0) -> Occurrence:
    start = NOON + timedelta(days=day)
    return Occurrence(start, start + timedelta(days=1), f"event-{day}", summary, attendees, people)


def users(*events: Occurrence) -> list[int]:
    return [one.user_id for one in matched(Reading(occurrences=events), EVERYBODY).shifts]


@pytest.mark.parametrize(
    ("summary", "found"),
    [
        ("Ada Lovelace", [1]),
        ("  ada   LOVELACE ", [1]),
        ("ADA@example.org", [1]),
        ("ada", [1]),
        ("[L1] bo", [2]),
        ("bo, Ada Lovelace", [1, 2]),
        ("Cy, the third", [3]),
        ("bo, Mallory", [2]),
        ("Bo's birthday", []),
        ("Adam", []),
        ("", []),
        ("dee", []),
    ],
)
def test_a_summary_names_people_by_address_name_or_login_and_nobody_is_guessed(summary: str, found: list[int]):
    assert users(an_event(summary)) == found


def test_who_is_invited_counts_before_what_the_title_says():
    event = an_event("Ada Lovelace", Attendee("bo@example.org", "Somebody else"))

    assert users(event) == [2]


def test_a_title_counts_where_nobody_who_is_invited_is_known():
    event = an_event("Ada Lovelace", Attendee("team@example.org", "The team"))

    assert users(event) == [1]


def test_our_own_feeds_name_the_person_before_all_else():
    assert users(an_event("Ada Lovelace on call: Primary", people=("bo@example.org",))) == [2]


def test_who_is_unknown_becomes_a_warning_with_the_event_once_for_all_of_them():
    events = [an_event("Mallory, Bo", day=day) for day in range(3)]

    found = matched(Reading(occurrences=tuple(events)), EVERYBODY)

    assert len(found.shifts) == 3
    assert found.warnings == (
        (
            "“Mallory, Bo” on 2026-11-24 12:00 UTC (3 times) names “Mallory”, whom nobody here is called;"
            " nobody is on call by it."
        ),
    )


def test_two_people_of_one_name_and_one_who_has_left_are_told_apart():
    twins = (Known(8, "Sam", "sam@one.example"), Known(9, "Sam", "sam@two.example"), GONE)
    events = an_event("Sam"), an_event("Dee", day=1), an_event(day=2), an_event("sam@two.example", day=3)

    found = matched(Reading(occurrences=events), twins)

    assert [one.user_id for one in found.shifts] == [9]
    assert found.warnings == (
        (
            "“Sam” on 2026-11-24 12:00 UTC names “Sam”, and 2 people are called so; write the e-mail address;"
            " nobody is on call by it."
        ),
        "“Dee” on 2026-11-25 12:00 UTC names Dee, whose account is deactivated; nobody is on call by it.",
        "An event without a title on 2026-11-26 12:00 UTC names nobody; nobody is on call by it.",
    )


def test_a_calendar_of_strangers_warns_so_often_and_counts_the_rest():
    events = tuple(an_event(f"Stranger {day}", day=day) for day in range(WARNINGS_KEPT + 7))

    warnings = matched(Reading(occurrences=events), EVERYBODY).warnings

    assert (len(warnings), warnings[-1]) == (WARNINGS_KEPT + 1, "7 more are like these.")


def test_two_events_of_one_person_that_overlap_are_one_shift_and_what_touches_stays_apart():
    times = [(0, 8, 1), (4, 12, 1), (5, 6, 1), (12, 20, 1), (4, 12, 2)]

    found = as_layer(
        ImportedShift(NOON + timedelta(hours=start), NOON + timedelta(hours=end), user, f"event-{start}")
        for start, end, user in times
    )

    noon = NOON.timestamp()
    assert [((start - noon) / 3600, (end - noon) / 3600, users) for start, end, users in found] == [
        (0, 12, [1]),
        (4, 12, [2]),
        (12, 20, [1]),
    ]
