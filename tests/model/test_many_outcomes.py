"""What is said of many acknowledges at once: it fits into one text, and counts all of them."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from opsknight.domain.model import sms
from opsknight.domain.model.many_outcomes import Came, Outcome, acknowledged

LONG = "Cannot acknowledge “" + "Disk full on db-1 " * 12 + "”: it is already resolved."


def outcomes(*, done: int = 0, in_part: int = 0, left: int = 0, why: str = LONG) -> list[Outcome]:
    came = [Came.DONE] * done + [Came.IN_PART] * in_part + [Came.LEFT] * left
    return [Outcome(number, each, why if each is Came.LEFT else "x" * 60) for number, each in enumerate(came, 1)]


def test_a_few_are_told_one_by_one():
    assert acknowledged(outcomes(done=2)) == [f"#1: {'x' * 60}", f"#2: {'x' * 60}"]


def test_many_are_counted_by_what_came_of_them():
    assert acknowledged(outcomes(done=211, in_part=3, left=1)) == [
        "Acknowledged 211 incidents; nobody is paged for them any more.",
        "Your acknowledge of 3 is recorded; they are open until others acknowledge too.",
        "1 is as it was: #215. Open OpsKnight to see why.",
    ]


def test_the_reason_of_the_first_that_was_refused_is_told_where_it_fits():
    said = acknowledged(outcomes(left=9, why="An observer cannot acknowledge incidents; ask a responder."))

    first = "The first is #1: An observer cannot acknowledge incidents; ask a responder."
    assert said == [f"9 are as they were: #1, #2, #3, #4 and 5 more. {first}"]


@given(st.integers(0, 400), st.integers(0, 400), st.integers(0, 400))
def test_however_many_there_are_they_fit_into_one_text_and_all_are_counted(done: int, in_part: int, left: int):
    said = "\n".join(acknowledged(outcomes(done=done, in_part=in_part, left=left)))

    assert sms.segments(sms.plain(said)) <= sms.SEGMENTS_AT_MOST
    if done + in_part + left > 10:
        counts = re.findall(r"(?:Acknowledged |acknowledge of |^)(\d+)(?= inc| is | are )", said, re.MULTILINE)
        assert sum(map(int, counts)) == done + in_part + left
