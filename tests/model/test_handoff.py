"""Who leaves and who comes: turns without a break, and where one hands over to another."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from opsknight.domain.model.handoff import AFTER_END, Left, Turn, coming, leaving, left_before, told, turns
from opsknight.domain.model.schedule import OnCall
from tests.clock import NOON

ADA, BO, CY = 1, 2, 3
HOUR = timedelta(hours=1)


def a_shift(user: int, start_h: float, end_h: float, layer: str = "Primary") -> OnCall:
    return OnCall(NOON + start_h * HOUR, NOON + end_h * HOUR, user, layer)


def a_turn(user: int, start_h: float, end_h: float) -> Turn:
    return Turn(NOON + start_h * HOUR, NOON + end_h * HOUR, user)


ADA_THEN_BO = [a_turn(ADA, 0, 24), a_turn(BO, 24, 48)]


def test_shifts_that_touch_are_one_turn():
    assert turns([a_shift(ADA, 0, 8), a_shift(BO, 8, 12), a_shift(ADA, 8, 16, "Override")]) == [
        a_turn(ADA, 0, 16),
        a_turn(BO, 8, 12),
    ]


def test_who_is_on_call_leaves_a_note_and_still_can_for_half_a_day():
    end = NOON + 24 * HOUR

    assert leaving(ADA_THEN_BO, ADA, at=NOON) == ADA_THEN_BO[0]
    assert leaving(ADA_THEN_BO, ADA, at=end + AFTER_END - HOUR) == ADA_THEN_BO[0]
    assert leaving(ADA_THEN_BO, ADA, at=end + AFTER_END) is None
    assert leaving(ADA_THEN_BO, BO, at=NOON) is None


def test_a_turn_that_runs_comes_before_one_that_is_over():
    every = [a_turn(ADA, 0, 4), a_turn(BO, 4, 5), a_turn(ADA, 5, 9), a_turn(BO, 9, 20)]

    assert leaving(every, ADA, at=NOON + 6 * HOUR) == every[2]


def test_who_comes_back_after_a_break_has_nobody_to_tell_and_nobody_to_ask():
    office_hours = [a_turn(ADA, 0, 8), a_turn(ADA, 24, 32)]

    assert leaving(office_hours, ADA, at=NOON) is None
    assert left_before(office_hours, office_hours[1]) == []


def test_what_is_left_is_seen_from_a_day_before_until_a_day_after():
    bo = ADA_THEN_BO[1]

    assert coming(ADA_THEN_BO, BO, at=NOON - HOUR) is None
    assert coming(ADA_THEN_BO, BO, at=NOON) == bo
    assert coming(ADA_THEN_BO, BO, at=NOON + 47 * HOUR) == bo
    assert coming([a_turn(BO, 0, 100)], BO, at=NOON + 25 * HOUR) is None


def test_of_several_who_leave_together_each_is_heard_and_nobody_from_before():
    every = [a_turn(CY, -24, 0), a_turn(ADA, 0, 24), a_turn(BO, 1, 24), a_turn(CY, 24, 48)]

    assert left_before(every, every[3]) == every[1:3]


def test_after_a_gap_it_is_who_was_last():
    every = [a_turn(CY, -24, 0), a_turn(ADA, 0, 8), a_turn(BO, 30, 48)]

    assert left_before(every, every[2]) == [every[1]]


def test_a_reminder_tells_the_beginning_of_a_note_and_what_is_known_without_one():
    left = [Left("Ada", "Watch the\n\nreplica " + "x" * 50, owned=("#1 Disk",), paged=("#1 Disk", "#2 Queue"))]

    assert told(left, at_most=20) == [
        "Ada notes: Watch the replica xx…",
        "Ada still owns #1 Disk.",
        "Ada was paged for #1 Disk and #2 Queue.",
    ]
    assert told([Left("Ada")], at_most=20) == []


SHIFTS = st.builds(
    lambda user, start, length: a_shift(user, start, start + length),
    st.sampled_from([ADA, BO, CY]),
    st.integers(-200, 200),
    st.integers(1, 60),
)


@given(st.lists(SHIFTS, max_size=12))
def test_turns_of_one_person_never_touch_and_cover_what_their_shifts_cover(found: list[OnCall]):
    every = turns(found)

    for user in (ADA, BO, CY):
        mine = [one for one in every if one.user_id == user]
        assert all(before.end_at < after.start_at for before, after in pairwise(mine))
        for hour in range(-200, 261):
            at = NOON + hour * HOUR
            of_shifts = any(one.user_id == user and one.start_at <= at < one.end_at for one in found)
            assert any(one.start_at <= at < one.end_at for one in mine) == of_shifts


@given(st.lists(SHIFTS, max_size=12))
def test_nobody_leaves_a_note_to_themselves(found: list[OnCall]):
    every = turns(found)

    for turn in every:
        assert all(one.user_id != turn.user_id and one.start_at < turn.start_at for one in left_before(every, turn))
