"""When the clocks of a zone are changed next."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from opsknight.domain.model.wall_clock import clock_changes

NOVEMBER = datetime(2026, 11, 29, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "changes"),
    [
        ("Europe/Berlin", ["2027-03-28T01:00", "2027-10-31T01:00"]),
        ("Europe/Dublin", ["2027-03-28T01:00", "2027-10-31T01:00"]),
        ("Australia/Lord_Howe", ["2027-04-03T15:00", "2027-10-02T15:30"]),
        ("America/Santiago", ["2027-04-04T03:00", "2027-09-05T04:00"]),
        ("Asia/Kathmandu", []),
        ("UTC", []),
    ],
)
def test_the_changes_of_the_next_year_are_found_to_the_minute(zone: str, changes: list[str]):
    found = clock_changes(ZoneInfo(zone), after=NOVEMBER)

    assert [f"{at:%Y-%m-%dT%H:%M}" for at in found] == changes


def test_a_skipped_day_is_a_change():
    found = clock_changes(ZoneInfo("Pacific/Apia"), after=datetime(2011, 12, 20, tzinfo=UTC), within=timedelta(days=20))

    assert found == [datetime(2011, 12, 30, 10, tzinfo=UTC)]
