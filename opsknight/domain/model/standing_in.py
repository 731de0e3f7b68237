"""Do not disturb: while it lasts, a person's pages go to whom they have named instead."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from opsknight.domain.model.notification import PAGING, PageKind
from opsknight.domain.model.speech import Part, Sentence, to_say

LONGEST: Final = timedelta(days=60)
"""For longer than that somebody takes leave, or is taken out of the schedule."""
GOES_ELSEWHERE: Final = PAGING
"""What somebody else can take. A question to an owner, or a call for one's own help, stays with who is asked."""


@dataclass(frozen=True, slots=True)
class Undisturbed:
    """That somebody is not to be disturbed before `until`; `substitute_id` is paged instead."""

    until: datetime
    substitute_id: int | None = None

    def holds(self, at: datetime) -> bool:
        """Say whether it is so at `at`; it ends by itself."""
        return at < self.until


def stand_in(kind: PageKind, absence: Undisturbed | None, *, at: datetime) -> int | None:
    """Return who shall get a page instead of whom it is for, None where it stays theirs.

    Whether that person can be reached, and is to be disturbed themselves, the caller sees to: else it stays, too.
    """
    if kind not in GOES_ELSEWHERE or absence is None or not absence.holds(at):
        return None
    return absence.substitute_id


def of_whom(why: Sentence | str) -> Sentence | str:
    """Return the reason of which `instead_of` made `why`, whatever is none of its own as it is."""
    its = why.parts.get("why", why) if isinstance(why, Sentence) else why
    return its if isinstance(its, Sentence | str) else why


def instead_of(why: Part, name: str) -> Sentence:
    """Return why somebody gets a page of `name`, who would have had it for the reason `why`."""
    return to_say("{why}, instead of {name}, who is not to be disturbed", why=why, name=name)
