"""What came of one wish about many incidents: a line for each while a text holds them, else how many."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from opsknight.domain.model import sms
from opsknight.domain.model.speech import say, say_many

NAMED_AT_MOST: Final = 4


class Came(IntEnum):
    """How one of them came out. It is kept as a status of HTTP."""

    DONE = 200
    IN_PART = 202
    """The acknowledge of one of several people is recorded; the incident is open until the others have."""
    LEFT = 409
    """It is as it was: it was refused, or somebody else has it."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a wish about the incident of this number, and the sentence that says so."""

    number: int
    came: Came
    sentence: str

    def __str__(self) -> str:
        return f"#{self.number}: {self.sentence}"


def acknowledged(outcomes: Sequence[Outcome]) -> Sequence[str]:
    """Return what is said of several acknowledges at once, in lines that fit together into one text."""
    lines = [str(one) for one in outcomes]
    if _fits(lines):
        return lines
    kinds = {came: [one for one in outcomes if one.came is came] for came in Came}
    counted: list[str] = []
    if done := len(kinds[Came.DONE]):
        counted.append(
            say_many(
                "Acknowledged {count} incident; nobody is paged for it any more.",
                "Acknowledged {count} incidents; nobody is paged for them any more.",
                count=done,
            )
        )
    if in_part := len(kinds[Came.IN_PART]):
        counted.append(
            say_many(
                "Your acknowledge of {count} is recorded; it is open until others acknowledge too.",
                "Your acknowledge of {count} is recorded; they are open until others acknowledge too.",
                count=in_part,
            )
        )
    left = kinds[Came.LEFT]
    if not left:
        return counted
    why = _left(left, say("The first is {first}", first=left[0]))
    return [*counted, why] if _fits([*counted, why]) else [*counted, _left(left, say("Open OpsKnight to see why."))]


def _left(left: Sequence[Outcome], why: str) -> str:
    named = ", ".join(f"#{one.number}" for one in left[:NAMED_AT_MOST])
    if (more := len(left) - NAMED_AT_MOST) > 0:
        named = say("{named} and {count} more", named=named, count=more)
    count = len(left)
    what = say_many("{count} is as it was: {named}.", "{count} are as they were: {named}.", count=count, named=named)
    return f"{what} {why}"


def _fits(lines: Sequence[str]) -> bool:
    return sms.segments(sms.plain("\n".join(lines))) <= sms.SEGMENTS_AT_MOST
