"""When room on a disk counts as little: by both bounds, and without going back and forth."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsknight.domain.model.disk import CLEARS_AT, GB, Disk, Least, is_low, room

LEAST = Least(percent=10, gigabytes=2)
totals = st.integers(min_value=1, max_value=10**15)
shares = st.floats(min_value=0, max_value=1)
leasts = st.builds(Least, st.floats(min_value=0, max_value=100), st.floats(min_value=0, max_value=1000))


def a_disk(free: float, total: float = 40 * GB) -> Disk:
    return Disk("db:/data", int(free), int(total))


@pytest.mark.parametrize(
    ("free", "total", "low"),
    [(4.1 * GB, 40 * GB, False), (3.9 * GB, 40 * GB, True), (2.1 * GB, 10 * GB, False), (1.9 * GB, 10 * GB, True)],
    ids=["above 10 %", "below 10 %", "above 2 GB", "below 2 GB"],
)
def test_room_is_little_below_either_bound(free: float, total: float, *, low: bool):
    assert is_low(a_disk(free, total), LEAST, was_low=False) is low


def test_what_was_low_stays_so_until_a_tenth_more_is_free():
    found = [is_low(a_disk(free * GB), LEAST, was_low=True) for free in (4.1, 4.39, 4.41)]

    assert found == [True, True, False]


@given(totals, shares, leasts)
def test_what_has_just_become_low_is_low_at_the_next_look_and_what_has_cleared_stays_clear(
    total: int, share: float, least: Least
):
    disk = a_disk(share * total, total)

    if is_low(disk, least, was_low=False):
        assert is_low(disk, least, was_low=True)
    if not is_low(disk, least, was_low=True):
        assert not is_low(disk, least, was_low=False)


@given(total=totals, one=shares, other=shares, least=leasts, was_low=st.booleans())
def test_more_room_is_never_worse(*, total: int, one: float, other: float, least: Least, was_low: bool):
    less, more = sorted((int(one * total), int(other * total)))

    if not is_low(a_disk(less, total), least, was_low=was_low):
        assert not is_low(a_disk(more, total), least, was_low=was_low)


@given(total=totals, share=shares, was_low=st.booleans())
def test_who_asks_for_nothing_is_never_told(*, total: int, share: float, was_low: bool):
    assert not is_low(a_disk(share * total, total), Least(0, 0), was_low=was_low)


@given(totals, st.floats(min_value=0, max_value=100))
def test_an_empty_disk_clears_whatever_share_is_asked_for(total: int, percent: float):
    assert not is_low(a_disk(total, total), Least(percent, 0), was_low=True)
    assert CLEARS_AT > 1


def test_room_is_told_as_people_read_it():
    assert room(a_disk(1.23 * GB)) == "1.2 GB of 40 GB (3 %)"
