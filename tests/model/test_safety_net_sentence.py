"""The red banner while the safety net pages: what happened comes first, in one sentence that fits a phone."""

from __future__ import annotations

import pytest

from opsknight.domain.model.readiness import Caught, Observed, findings

ADVICE = " Acknowledge on the board what you can take, and look who is on call."


@pytest.mark.parametrize(
    ("caught", "said"),
    [
        (Caught(1, 1), "Nobody was reached for 1 open incident: the safety net pages managers and admins."),
        (Caught(3, 3), "Nobody was reached for 3 open incidents: the safety net pages managers and admins."),
        (Caught(2, 0), "Nobody answers for 2 open incidents: the safety net pages managers and admins."),
    ],
)
def test_the_banner_says_first_what_happened(caught: Caught, said: str):
    seen = Observed(database=True, late_s=0, feed_s=0, months_ahead=3, mail=True, caught=caught)

    sentence = next(one.sentence for one in findings(seen) if one.name == "safety_net")

    assert sentence == said + ADVICE
