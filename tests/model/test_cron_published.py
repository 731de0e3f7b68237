"""Runs around changes of the clocks as the tests of cronsim publish them, by which Healthchecks expects its pings.

They are those of Debian's cron: a run at a set time is neither left out nor doubled, and one that is written with a
star in its minute or hour goes by what the clock shows. The clocks of Riga went from 03:00 to 04:00 on 28 March 2021
and from 04:00 to 03:00 on 31 October. Source: https://github.com/cuu508/cronsim, tests/test_cronsim.py.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from opsknight.domain.model.cron import next_after, parse
from opsknight.domain.model.heartbeat import Heartbeat, Rhythm, Signal, State, heard, standing

RIGA = ZoneInfo("Europe/Riga")
MINUTE = timedelta(minutes=1)
EVERY_HOUR = ",".join(str(hour) for hour in range(24))
ODD_HOURS = ",".join(str(hour) for hour in range(1, 24, 2))


@pytest.mark.parametrize(
    ("expression", "at", "runs"),
    [
        ("0 * * * *", "03-28T01:30", "02:00+02 04:00+03 05:00+03"),
        ("0 * * * *", "10-31T01:30", "02:00+03 03:00+03 03:00+02 04:00+02"),
        ("*/30 * * * *", "03-28T02:10", "02:30+02 04:00+03 04:30+03"),
        ("*/30 * * * *", "10-31T02:10", "02:30+03 03:00+03 03:30+03 03:00+02 03:30+02 04:00+02"),
        ("*/15 * * * *", "03-28T02:40", "02:45+02 04:00+03"),
        ("*/15 * * * *", "10-31T03:20", "03:30+03 03:45+03 03:00+02 03:15+02 03:30+02 03:45+02 04:00+02"),
        ("0 */2 * * *", "03-28T01:30", "02:00+02 04:00+03 06:00+03"),
        ("0 */2 * * *", "10-31T01:30", "02:00+03 04:00+02 06:00+02"),
        ("30 */2 * * *", "03-28T01:30", "02:30+02 04:30+03"),
        ("30 */2 * * *", "10-31T01:30", "02:30+03 04:30+02"),
        ("0 */3 * * *", "10-31T01:30", "03:00+03 03:00+02 06:00+02"),
        ("0 1,2,3,4,5 * * *", "03-28T01:30", "02:00+02 04:00+03 05:00+03"),
        ("0 1,2,3,4,5 * * *", "10-31T01:30", "02:00+03 03:00+03 04:00+02"),
        ("30 1,2,3,4,5 * * *", "03-28T01:30", "02:30+02 04:00+03 04:30+03"),
        ("30 1,2,3,4,5 * * *", "10-31T01:30", "02:30+03 03:30+03 04:30+02"),
        ("0 2 * * *", "03-28T01:30", "02:00+02 02:00+03"),
        ("0 2 * * *", "10-31T01:30", "02:00+03 02:00+02"),
        ("0 3 * * *", "03-27T01:30", "03:00+02 04:00+03 03:00+03"),
        ("0 3 * * *", "10-31T01:30", "03:00+03 03:00+02"),
        ("0 4 * * *", "03-27T01:30", "04:00+02 04:00+03 04:00+03"),
        ("0 4 * * *", "10-30T01:30", "04:00+03 04:00+02 04:00+02"),
        (f"0 {EVERY_HOUR} * * *", "03-28T01:30", "02:00+02 04:00+03 05:00+03"),
        (f"0 {EVERY_HOUR} * * *", "10-31T01:30", "02:00+03 03:00+03 04:00+02"),
        (f"0 {ODD_HOURS} * * *", "03-28T00:30", "01:00+02 04:00+03 05:00+03"),
        (f"0 {ODD_HOURS} * * *", "10-31T00:30", "01:00+03 03:00+03 05:00+02"),
        ("0 1-5 * * *", "03-28T01:30", "02:00+02 04:00+03 05:00+03"),
        ("0 1-5 * * *", "10-31T01:30", "02:00+03 03:00+03 04:00+02"),
        ("15 3 * * *", "03-27T00:00", "03:15+02 04:00+03 03:15+03"),
        ("15 3 * * *", "10-30T00:00", "03:15+03 03:15+03 03:15+02"),
        ("* * * * *", "03-28T02:58", "02:59+02 04:00+03"),
        ("* * * * *", "10-31T03:58", "03:59+03 03:00+02 03:01+02"),
        ("* 1-6 * * *", "03-28T02:58", "02:59+02 04:00+03"),
        ("* 1-6 * * *", "10-31T03:58", "03:59+03 03:00+02 03:01+02"),
    ],
)
def test_the_runs_around_a_change_of_the_clocks_are_those_of_cronsim(expression: str, at: str, runs: str):
    cron, now, found = parse(expression), datetime.fromisoformat(f"2021-{at}").replace(tzinfo=RIGA), list[str]()

    for _ in runs.split():
        now = cron.next_after(now, RIGA)
        found.append(f"{now.astimezone(RIGA):%H:%M%z}"[:8])

    assert " ".join(found) == runs


@pytest.mark.parametrize("expression", ["1 1 1-7 * */7", "1 1 */100,1-7 * SUN"])
def test_a_star_with_a_step_makes_both_kinds_of_day_count_together_as_in_cronsim(expression: str):
    now, found = datetime(2020, 1, 1, tzinfo=UTC), list[str]()

    for _ in range(4):
        now = next_after(expression, "UTC", now)
        found.append(f"{now:%m-%d}")

    assert found == ["01-05", "02-02", "03-01", "04-05"]


def test_a_job_at_a_quarter_past_each_hour_is_not_missed_at_the_end_of_the_hour_that_is_left_out():
    heartbeat = Heartbeat(Rhythm(cron="15 * * * *", zone="Europe/Riga", grace=5 * MINUTE))
    last = datetime(2021, 3, 28, 2, 15, tzinfo=RIGA)

    up = heard(heartbeat, Signal.SUCCESS, at=last)

    assert standing(up, at=last + 59 * MINUTE) is State.UP
    assert up.deadline == datetime(2021, 3, 28, 4, 20, tzinfo=RIGA)


def test_a_job_that_stops_in_the_hour_that_comes_twice_is_missed_within_its_grace():
    heartbeat = Heartbeat(Rhythm(cron="*/10 * * * *", zone="Europe/Riga", grace=5 * MINUTE))
    last = datetime(2021, 10, 31, 3, 50, tzinfo=RIGA)

    up = heard(heartbeat, Signal.SUCCESS, at=last)

    assert up.deadline == last.astimezone(UTC) + 15 * MINUTE
