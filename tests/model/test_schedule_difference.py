"""What an edit of a schedule changes in the weeks to come."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given

from opsknight.domain.model.schedule import Schedule
from opsknight.domain.model.schedule_difference import AHEAD, changes_of, difference, weeks
from tests.model.layers import ADA, BO, a_layer, a_schedule, always, berlin, schedules, wall

BERLIN = ZoneInfo("Europe/Berlin")
NOW = berlin(2026, 1, 6, 12)


def test_nothing_changes_where_nothing_was_edited():
    schedule = a_schedule(a_layer())

    found = difference(schedule, schedule, BERLIN, now=NOW)

    assert found.before == found.after
    assert (found.opened, found.closed) == ((), ())


def test_a_layer_that_ends_opens_a_gap_from_there_on():
    endless, ended = a_schedule(a_layer()), a_schedule(a_layer(ends_at=wall(2026, 1, 20, 9)))

    found = difference(endless, ended, BERLIN, now=NOW)

    assert found.opened == ((berlin(2026, 1, 20, 9), NOW + AHEAD),)
    assert found.before is not None
    assert found.before.covered == AHEAD
    assert found.after.covered == berlin(2026, 1, 20, 9) - NOW
    assert difference(ended, endless, BERLIN, now=NOW).closed == found.opened


def test_a_new_schedule_has_nothing_before_it():
    found = difference(None, a_schedule(always(ADA)), BERLIN, now=NOW)

    assert found.before is None
    assert found.after.load == {ADA: AHEAD}
    assert found.after.handoffs == 0


def test_a_group_has_its_turn_together_and_each_counts():
    found = difference(a_schedule(always(ADA)), a_schedule(always(ADA, BO)), BERLIN, now=NOW)

    assert found.after.load == {ADA: AHEAD, BO: AHEAD}
    assert found.after.covered == AHEAD


def test_the_next_two_clock_changes_are_named_with_the_shifts_that_they_stretch():
    found = difference(None, a_schedule(a_layer()), BERLIN, now=NOW)

    assert [(one.at, one.by) for one in found.clock_changes] == [
        (datetime(2026, 3, 29, 1, tzinfo=UTC), timedelta(hours=1)),
        (datetime(2026, 10, 25, 1, tzinfo=UTC), timedelta(hours=-1)),
    ]
    assert [one.end_at - one.start_at for change in found.clock_changes for one in change.shifts] == [
        timedelta(hours=23),
        timedelta(hours=25),
    ]


def test_a_zone_without_clock_changes_has_none():
    assert list(changes_of(ZoneInfo("Asia/Kathmandu"), after=NOW)) == []


@given(schedules(NOW))
def test_what_is_covered_and_the_gaps_are_the_whole_of_the_weeks(schedule: Schedule):
    found = weeks(schedule, NOW, NOW + AHEAD)

    assert found.covered + sum((end - start for start, end in found.gaps), timedelta()) == AHEAD
    assert all(timedelta() < load <= AHEAD for load in found.load.values())
    assert sum(found.load.values(), timedelta()) >= found.covered
