"""Cron expressions in words: right ones or none, and never the same for two that differ."""

from __future__ import annotations

from itertools import product

import pytest

from opsknight.domain.model.cron import Cron, parse
from opsknight.domain.model.cron_words import words
from opsknight.domain.model.heartbeat import Rhythm
from tests.model.test_heartbeat import MINUTE


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("* * * * *", "every minute"),
        ("*/5 * * * *", "every 5 minutes"),
        ("2-59/5 * * * *", "every 5 minutes from minute 2 on"),
        ("0,30 8-17 * * mon-fri", "every 30 minutes from 08:00 to 17:59 on weekdays"),
        ("@hourly", "every hour"),
        ("15 * * * *", "every hour at minute 15"),
        ("0 */6 * * *", "every 6 hours"),
        ("0 8-17 * * 1-5", "every hour from 08:00 to 17:00 on weekdays"),
        ("0 3 * * *", "every day at 03:00"),
        ("0 2 * * 1-5", "at 02:00 on weekdays"),
        ("30 6,18 * * *", "every day at 06:30 and 18:30"),
        ("0 0 * * 0", "at 00:00 on Sundays"),
        ("0 9 * * sat,sun", "at 09:00 at weekends"),
        ("0 9 * * 5,1,0", "at 09:00 on Mondays, Fridays and Sundays"),
        ("0 0 1 * *", "at 00:00 on the 1st of each month"),
        ("0 0 1-7 * *", "at 00:00 from the 1st to the 7th of each month"),
        ("0 0 1,15,22,23 * *", "at 00:00 on the 1st, 15th, 22nd and 23rd of each month"),
        ("@yearly", "at 00:00 on the 1st of January"),
        ("0 4 1 3-10 *", "at 04:00 on the 1st of each month from March to October"),
        ("0 4 * 3,6 1", "at 04:00 on Mondays in March and June"),
        ("0 4 1 * 1", "at 04:00 on Mondays and on the 1st of each month"),
        ("0 4 1 3 1", "at 04:00 on Mondays in March, and on the 1st of March"),
        ("0 0 */2 * 1", ""),
        ("*/7 * * * *", ""),
        ("0,7 1,5,9 * * *", ""),
    ],
)
def test_an_expression_is_said_as_people_say_it(expression: str, said: str):
    assert words(parse(expression)) == said


FIELDS = (
    ("*", "*/5", "*/7", "0", "0,30", "15", "3-58/5", "0-10", "59"),
    ("*", "0", "*/6", "*/5", "8-17", "2,14", "23", "0-11"),
    ("*", "1", "1,15", "1-7", "*/2", "31", "1-30"),
    ("*", "1", "3-10", "3,6", "1-11"),
    ("*", "1", "1-5", "0,6", "*/2", "0-5", "7"),
)


def meaning(cron: Cron) -> object:
    """Return when it runs, told by the days of a leap year and the minutes of a day."""
    days = {
        (month, day, weekday)
        for month, day, weekday in product(range(1, 13), range(1, 32), range(7))
        if month in cron.months
        and (
            day in cron.days or weekday in cron.weekdays
            if cron.either
            else day in cron.days and weekday in cron.weekdays
        )
    }
    return cron.minutes, cron.hours, frozenset(days)


def test_two_expressions_that_are_said_alike_run_at_the_same_times():
    said: dict[str, Cron] = {}
    for expression in map(" ".join, product(*FIELDS)):
        cron = parse(expression)
        if told := words(cron):
            known = said.setdefault(told, cron)
            assert known == cron or meaning(known) == meaning(cron), (told, expression)


@pytest.mark.parametrize(
    ("cron", "said"),
    [
        ("0 2 * * 1-5", "at 02:00 on weekdays, Europe/Berlin"),
        ("*/5 * * * *", "every 5 minutes"),
        ("*/7 * * * *", "at */7 * * * * in Europe/Berlin"),
    ],
)
def test_a_zone_is_said_where_it_makes_a_difference(cron: str, said: str):
    assert Rhythm(grace=MINUTE, cron=cron, zone="Europe/Berlin").words() == said
